//! The program itself.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use quorate_node::command::EXIT_CONFIG;
use quorate_node::near::key::NearKey;
use quorate_primitives::Secret;
use serde_json::Value;

use crate::double::{CONTRACT, Double};
use crate::support::until;

const STORE_KEY: &str = "00112233445566778899aabbccddeeff";

/// A node's home, gone with the test.
struct Home(PathBuf);

impl Deref for Home {
    type Target = PathBuf;

    fn deref(&self) -> &PathBuf {
        &self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn home(name: &str) -> Home {
    let path = std::env::temp_dir().join(format!("quorate-node-it-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    Home(path)
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-node"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(home: &PathBuf, rpc: &str) -> Command {
    let mut command = program();
    command
        .arg("start")
        .arg("--home")
        .arg(home)
        .args(["--account", "mpc-node-0.localnet", "--contract", CONTRACT, "--rpc", rpc])
        .args(["--network", "mpc-localnet"])
        .env("MPC_P2P_LISTEN", "127.0.0.1:0")
        .env("MPC_WEB_LISTEN", "127.0.0.1:0");
    command
}

fn init(home: &PathBuf) -> Output {
    program().arg("init").arg("--home").arg(home).output().unwrap()
}

struct Process(Child);

impl Process {
    fn address(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line.trim().rsplit('/').next().unwrap().to_owned()
    }

    /// Asks it to stop, and checks that it does so without a fault.
    fn terminate(mut self) {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
        let mut errors = String::new();
        self.0.stderr.as_mut().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0), "{errors}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// What a refused start prints, and how it exits.
fn refusal(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_shows_itself_and_stops_cleanly() {
    let double = Double::start().await;
    let home = home("life");
    let printed = String::from_utf8(init(&home).stdout).unwrap();
    let mut process = Process(start(&home, &double.url()).spawn().unwrap());
    let address = process.address();
    assert_eq!(get(&address, "/health"), (200, "OK".into()));
    let (_, public) = get(&address, "/public_data");
    let public: Value = serde_json::from_str(&public).unwrap();
    assert!(printed.contains(public["near_signer_public_key"].as_str().unwrap()));
    assert!(printed.contains(public["near_p2p_public_key"].as_str().unwrap()));
    until("blocks", || get(&address, "/debug/blocks").1.contains("receipts")).await;
    until("the contract", || get(&address, "/debug/contract").1.contains("version 3.14.1")).await;
    let (status, reasons) = get(&address, "/ready");
    assert_eq!(status, 503);
    assert!(reasons.contains("no key share is held"), "{reasons}");
    assert!(get(&address, "/metrics").1.contains("mpc_indexer_latest_block_height"));
    let secrets = fs::read_to_string(home.join("secrets.json")).unwrap();
    let secrets: Value = serde_json::from_str(&secrets).unwrap();
    for path in ["tasks", "blocks", "signatures", "contract", "recent_transactions", "node_config"] {
        let (status, text) = get(&address, &format!("/debug/{path}"));
        assert_eq!(status, 200, "{path}");
        for (name, secret) in secrets.as_object().unwrap() {
            let secret = secret.as_str().unwrap().trim_start_matches("ed25519:");
            assert!(!text.contains(secret), "{name} on {path}");
        }
    }
    assert_eq!(get(&address, "/nothing").0, 404);
    process.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_in_the_same_home_is_refused() {
    let double = Double::start().await;
    let home = home("second");
    init(&home);
    let mut first = Process(start(&home, &double.url()).spawn().unwrap());
    first.address();
    let (code, text) = refusal(&start(&home, &double.url()).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(text.contains("another node runs in"), "{text}");
    first.terminate();
    let mut again = Process(start(&home, &double.url()).spawn().unwrap());
    again.address();
}

#[tokio::test(flavor = "multi_thread")]
async fn h9_a_port_that_is_taken_is_named_with_its_option() {
    let double = Double::start().await;
    let home = home("port");
    init(&home);
    let mut command = start(&home, &double.url());
    let (code, text) = refusal(&command.args(["--web", &double.address.to_string()]).output().unwrap());
    assert_ne!(code, Some(0));
    assert!(text.contains("--web"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h9_an_rpc_of_another_network_is_named_and_not_tried_again() {
    let double = Double::start().await;
    let home = home("network");
    init(&home);
    let mut command = start(&home, &double.url());
    let (code, text) = refusal(&command.args(["--chain-id", "mainnet"]).output().unwrap());
    assert_eq!(code, Some(i32::from(EXIT_CONFIG)));
    assert!(text.contains("serves the chain localnet, not mainnet"), "{text}");
}

#[test]
fn h9_what_only_a_human_can_mend_is_named_and_has_its_own_exit_code() {
    let home = home("human");
    let (code, text) = refusal(&start(&home, "http://127.0.0.1:1").output().unwrap());
    assert_eq!(code, Some(i32::from(EXIT_CONFIG)));
    assert!(text.contains("secrets.json") && text.contains("quorate-node init"), "{text}");
    let (code, text) = refusal(
        &start(&home, "http://127.0.0.1:1").env("MPC_P2P_PRIVATE_KEY", "PLACEHOLDER").output().unwrap(),
    );
    assert_eq!(code, Some(i32::from(EXIT_CONFIG)));
    assert!(text.contains("MPC_P2P_PRIVATE_KEY is a placeholder"), "{text}");
    let mut unknown = start(&home, "http://127.0.0.1:1");
    unknown.args(["--responder", "other.localnet"]);
    let (code, text) = refusal(&unknown.output().unwrap());
    assert_eq!(code, Some(i32::from(EXIT_CONFIG)));
    assert!(text.contains("other.localnet"), "{text}");
}

/// A process's environment and arguments, as others of the same user can read them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn h10_secrets_leave_the_environment_of_the_process() {
    let double = Double::start().await;
    let home = home("environment");
    let key = |first: u8| {
        NearKey::from_seed(Secret::new(core::array::from_fn(|at| first ^ u8::try_from(at).unwrap())))
    };
    let (p2p, account) = (key(1), key(77));
    let mut command = start(&home, &double.url());
    command
        .env("MPC_P2P_PRIVATE_KEY", p2p.secret_text().as_str())
        .env("MPC_ACCOUNT_SK", account.secret_text().as_str())
        .env("MPC_SECRET_STORE_KEY", STORE_KEY);
    let mut process = Process(command.spawn().unwrap());
    let address = process.address();
    let (_, public) = get(&address, "/public_data");
    assert!(public.contains(&account.public_text()) && public.contains(&p2p.public_text()));
    for file in ["environ", "cmdline"] {
        let shown = fs::read(format!("/proc/{}/{file}", process.0.id())).unwrap();
        let shown = String::from_utf8_lossy(&shown);
        for secret in [&p2p.secret_text()[8..], &account.secret_text()[8..], STORE_KEY, "MPC_ACCOUNT_SK"] {
            assert!(!shown.contains(secret), "{file}");
        }
    }
    assert!(!home.join("secrets.json").exists(), "nothing is written down");
    process.terminate();
}

#[test]
fn init_keeps_the_secrets_of_the_environment() {
    let home = home("kept");
    let key = |first: u8| {
        NearKey::from_seed(Secret::new(core::array::from_fn(|at| first ^ u8::try_from(at).unwrap())))
    };
    let mut command = program();
    command
        .arg("init")
        .arg("--home")
        .arg(&*home)
        .env("MPC_P2P_PRIVATE_KEY", key(1).secret_text().as_str())
        .env("MPC_ACCOUNT_SK", key(77).secret_text().as_str())
        .env("MPC_SECRET_STORE_KEY", STORE_KEY);
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(printed.contains(&key(1).public_text()) && printed.contains(&key(77).public_text()));
    let again = String::from_utf8(init(&home).stdout).unwrap();
    assert_eq!(again, printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_key_in_the_environment_is_taken_out_and_the_file_is_used() {
    let double = Double::start().await;
    let home = home("backup");
    let printed = String::from_utf8(init(&home).stdout).unwrap();
    let mut command = start(&home, &double.url());
    let mut process = Process(command.env("MPC_BACKUP_ENCRYPTION_KEY_HEX", STORE_KEY).spawn().unwrap());
    let (_, public) = get(&process.address(), "/public_data");
    let public: Value = serde_json::from_str(&public).unwrap();
    assert!(printed.contains(public["near_signer_public_key"].as_str().unwrap()));
    process.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_file_is_enough() {
    let double = Double::start().await;
    let home = home("file");
    init(&home);
    let file = home.join("node.toml");
    let text = format!(
        "home_dir = {:?}\nmy_near_account_id = \"mpc-node-0.localnet\"\nweb_ui = \"127.0.0.1:0\"\n\
         [indexer]\nmpc_contract_id = \"{CONTRACT}\"\nrpc_urls = [\"{}\"]\n",
        *home,
        double.url()
    );
    fs::write(&file, &text).unwrap();
    let mut process = Process(program().arg("start-with-config-file").arg(&file).spawn().unwrap());
    assert_eq!(get(&process.address(), "/health").0, 200);
    process.terminate();
    fs::write(&file, text + "colour = 1\n").unwrap();
    let (code, text) = refusal(&program().arg("start-with-config-file").arg(&file).output().unwrap());
    assert_eq!(code, Some(i32::from(EXIT_CONFIG)));
    assert!(text.contains("colour"), "{text}");
}
