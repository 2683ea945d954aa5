//! `quorate init`, passwords, and what can be wrong with a vault.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::stage::{KDF, PASSWORD, Stage};

#[test]
fn init_makes_a_device_once() {
    let mut stage = Stage::new();
    let init = [&["init", "--name", "laptop"][..], &KDF].concat();
    assert_eq!(stage.run("laptop", &init).code, 0);
    assert_eq!(fs::metadata(stage.path("laptop")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(stage.path("laptop/vault")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(stage.run("laptop", &init).code, 5);
    assert_eq!(stage.run("phone", &[&["--json", "init", "--name", "phone"][..], &KDF].concat()).code, 0);
    assert_eq!(stage.run("phone", &[&["--json", "init", "--name", "phone"][..], &KDF].concat()).code, 5);
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 0);
    assert_eq!(stage.run("laptop", &["--json", "wallet", "list"]).code, 0);
    stage.compare("init");
}

#[test]
fn a_password_comes_from_a_file_or_a_descriptor_and_must_be_right() {
    let mut stage = Stage::new();
    stage.init("laptop");
    let files = [
        ("wrong", "incorrect horse"),
        ("empty", ""),
        ("lines", "one\ntwo\n"),
        ("crlf", &format!("{PASSWORD}\r\n")),
    ];
    for (name, content) in files {
        stage.write(name, content);
    }
    stage.write("binary", [0xff, 0xfe]);
    stage.write("long", "x".repeat(1025));
    let list = |stage: &Stage, options: &[&str]| {
        let mut command = stage.quorate();
        command.args(["--home", "laptop"]).args(options).args(["wallet", "list"]);
        (command, format!("$ quorate --home laptop {} wallet list", options.join(" ")).replace("  ", " "))
    };
    for (options, code) in [
        (&["--password-file", "wrong"][..], 5),
        (&["--json", "--password-file", "wrong"], 5),
        (&["--password-file", "empty"], 5),
        (&["--password-file", "lines"], 5),
        (&["--password-file", "binary"], 5),
        (&["--password-file", "long"], 5),
        (&["--password-file", "missing"], 5),
        (&["--password-fd", "9"], 5),
        (&[], 5),
        (&["--password-file", "crlf"], 0),
    ] {
        let (command, title) = list(&stage, options);
        assert_eq!(stage.run_command(command, &title).code, code, "{title}");
    }
    stage.note("a descriptor that the shell opened");
    let script = "exec \"$1\" --home laptop --password-fd 3 wallet list 3<password";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_quorate")]).current_dir(stage.path(""));
    assert_eq!(
        stage.run_command(command, "$ quorate --home laptop --password-fd 3 wallet list 3<password").code,
        0
    );

    stage.note("a file that others can read, in a folder that they can look into");
    fs::set_permissions(stage.path("password"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(stage.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let (command, title) = list(&stage, &["--password-file", "password"]);
    assert_eq!(stage.run_command(command, &title).code, 0);
    stage.compare("password");
}

#[test]
fn what_is_wrong_with_a_vault_is_one_sentence() {
    let mut stage = Stage::new();
    assert_eq!(stage.run("nowhere", &["wallet", "list"]).code, 5);
    assert!(!stage.path("nowhere").exists());
    stage.init("laptop");
    let file = stage.path("laptop/vault");
    let whole = fs::read(&file).unwrap();

    stage.note("a byte of a record that was durable is flipped");
    // Behind the last commit there must be another one: rot in the very last looks like a write that was cut short.
    let lobby =
        ["wallet", "create", "x", "--threshold", "2", "--members", "2", "--relay", "ws://127.0.0.1:9/ws"];
    assert_eq!(stage.start("laptop", &lobby).end().code, 6);
    let mut damaged = fs::read(&file).unwrap();
    damaged[whole.len() - 20] ^= 1;
    fs::write(&file, &damaged).unwrap();
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 5);
    assert_eq!(stage.run("laptop", &["--json", "wallet", "list"]).code, 5);
    assert_eq!(fs::read(&file).unwrap(), damaged, "a damaged vault is not touched");

    stage.note("a byte of the header is flipped");
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    fs::write(&file, &damaged).unwrap();
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 5);

    stage.note("the file is something else");
    fs::write(&file, "something else entirely, and long enough to hold a header of any vault").unwrap();
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 5);

    stage.note("the last write was cut short: what was durable before is there");
    fs::write(&file, [whole.as_slice(), &[7; 33]].concat()).unwrap();
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 0);
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 0);

    stage.note("an `init` that was cut short: a vault without a device");
    fs::write(&file, &whole[..empty_vault_len(&whole)]).unwrap();
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 5);
    fs::write(&file, &whole).unwrap();

    stage.note("another process has it open");
    let mut other = stage.start("laptop", &["device"]);
    other.wait_for("\"device\"");
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 5);
    assert_eq!(other.end().code, 0);
    assert_eq!(stage.run("laptop", &["wallet", "list"]).code, 0);
    stage.compare("vault");
}

#[test]
fn a_full_disk_is_one_sentence_and_loses_nothing() {
    let mut stage = Stage::new();
    fs::create_dir(stage.path("disk")).unwrap();
    let probe = with_shell(&stage, "mount -t tmpfs -o size=8k tmpfs disk").output().unwrap();
    if !probe.status.success() {
        assert!(std::env::var_os("QUORATE_CI").is_none(), "skipped in CI: no small disk can be mounted");
        eprintln!("SKIPPED: no small disk can be mounted");
        return;
    }
    let init = format!("\"$1\" --home disk/d --password-file password init --name laptop {}", KDF.join(" "));
    stage.note("init on a full disk, and again when there is room");
    let script = format!(
        "mount -t tmpfs -o size=8k tmpfs disk
        head -c 8192 /dev/zero > disk/rest
        {init}; echo exit $?
        rm disk/rest
        {init}; echo exit $?"
    );
    run_script(&mut stage, &script);
    stage.note("a device whose disk fills up while it works; afterwards what was confirmed is there");
    stage.write("commands", (0..40).map(create_command).collect::<String>());
    let script = format!(
        "mount -t tmpfs -o size=8k tmpfs disk
        {init} >/dev/null 2>&1
        head -c 4096 /dev/zero > disk/rest
        \"$1\" --home disk/d --password-file password device < commands >/dev/null; echo exit $?
        rm disk/rest
        \"$1\" --home disk/d --password-file password wallet list; echo exit $?"
    );
    run_script(&mut stage, &script);
    stage.compare("disk-full");
}

/// A lobby that is never joined: something to remember.
fn create_command(number: u32) -> String {
    let name = format!("w{number}");
    let relay = "ws://127.0.0.1:9/ws";
    let command = json!({ "command": "create", "name": name, "threshold": 2, "members": 2, "relay": relay });
    format!("{command}\n")
}

/// Runs a script in a mount namespace of its own.
fn run_script(stage: &mut Stage, script: &str) {
    let command = with_shell(stage, script);
    let title = script.replace("\"$1\"", "quorate").replace("        ", "$ ");
    assert_eq!(stage.run_command(command, &format!("$ {title}")).code, 0);
}

fn with_shell(stage: &Stage, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_quorate")]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir(stage.path(""));
    command
}

/// Returns where the empty vault ends and the device's record begins: after the header and frame 0
/// (`docs/formats/vault.md`).
fn empty_vault_len(vault: &[u8]) -> usize {
    let body = u32::from_le_bytes(vault[132..136].try_into().unwrap());
    132 + 28 + body as usize
}
