//! What a person sees at a real terminal: hidden passwords, questions, colours.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::stage::{KDF, Stage};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_person_types_the_password_unseen() {
    if Command::new("script").arg("--version").output().is_err() {
        assert!(std::env::var_os("QUORATE_CI").is_none(), "skipped in CI: there is no `script` command");
        eprintln!("SKIPPED: there is no `script` command");
        return;
    }
    let mut stage = Stage::new();
    let init = [&["init", "--name", "laptop"][..], &KDF].concat().join(" ");
    let (first, again, ask) = ("New password: ", "Once more: ", "Password: ");
    stage.note("the two passwords differ");
    assert_eq!(play(&mut stage, &init, &[(first, "one horse"), (again, "two horses")], true), 5);
    assert_eq!(play(&mut stage, &init, &[(first, "one horse"), (again, "one horse")], true), 0);
    stage.note("a wrong one, and without colours");
    assert_eq!(play(&mut stage, "wallet list", &[(ask, "two horses")], true), 5);
    assert_eq!(play(&mut stage, "wallet list", &[(ask, "two horses")], false), 5);
    assert_eq!(play(&mut stage, "wallet list", &[(ask, "one horse")], true), 0);
    stage.compare("terminal");
}

/// Runs a command at a terminal, answers its prompts when they stand there, and writes everything down.
fn play(stage: &mut Stage, command: &str, answers: &[(&str, &str)], colours: bool) -> i32 {
    let binary = env!("CARGO_BIN_EXE_quorate");
    let mut script = Command::new("script");
    script.args([
        "--quiet",
        "--return",
        "--echo",
        "never",
        "--command",
        &format!("{binary} {command}"),
        "/dev/null",
    ]);
    script.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("SHELL", "/bin/sh");
    script.env("TERM", "xterm").env("QUORATE_HOME", stage.path("laptop"));
    if !colours {
        script.env("NO_COLOR", "1");
    }
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let output = read_all(&mut child);
    let mut seen = String::new();
    let mut from = 0;
    for (prompt, answer) in answers {
        while !seen[from..].contains(prompt) {
            seen.push_str(
                &output.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {prompt:?} in {seen:?}")),
            );
        }
        from = seen.len();
        writeln!(child.stdin.as_mut().unwrap(), "{answer}").unwrap();
    }
    while let Ok(text) = output.recv_timeout(PATIENCE) {
        seen.push_str(&text);
    }
    let code = child.wait().unwrap().code().unwrap();
    for (_, answer) in answers {
        assert!(!seen.contains(answer), "a password is shown: {seen:?}");
    }
    let shown = seen.replace('\r', "").replace('\u{1b}', "\\e");
    let lines = shown.lines().map(str::to_owned);
    let title = format!("{}$ quorate {command}", if colours { "" } else { "NO_COLOR=1 " });
    let lines: Vec<String> = [title].into_iter().chain(lines).chain([format!("exit {code}")]).collect();
    stage.record(&lines);
    code
}

fn read_all(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let mut stdout = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stdout.read(&mut buffer) {
            if sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
