//! The program itself.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

struct Process(Child);

impl Process {
    fn start(args: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_quorate-signal"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.0.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn says_where_it_listens_and_stops_cleanly_when_told() {
    let mut process = Process::start(&["--listen", "127.0.0.1:0", "--json", "--drain", "0"]);
    let started: Value = serde_json::from_str(&process.first_line()).unwrap();
    assert_eq!((&started["event"], &started["tls"]), (&"listening".into(), &false.into()));
    let address = started["address"].as_str().unwrap().to_owned();
    assert_eq!(started["url"], format!("ws://{address}"));
    assert!(std::net::TcpStream::connect(&address).is_ok());
    process.signal("-TERM");
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn ends_with_its_terminal_when_there_is_no_certificate_to_read_again() {
    let mut process = Process::start(&["--listen", "127.0.0.1:0", "--json"]);
    process.first_line();
    process.signal("-HUP");
    assert!(!process.0.wait().unwrap().success());
}

#[test]
fn a_busy_port_is_one_clear_sentence_and_a_hint() {
    let mut first = Process::start(&["--listen", "127.0.0.1:0"]);
    let line = first.first_line();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();
    let mut second = Process::start(&["--listen", &address]);
    assert_eq!(second.0.wait().unwrap().code(), Some(1));
    let errors = second.errors();
    assert!(errors.contains(&format!("cannot listen on {address}")), "{errors}");
    assert!(errors.contains("hint: choose another address or port with --listen"), "{errors}");
    first.signal("-INT");
    assert!(first.0.wait().unwrap().success());
}
