//! A relay process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// `quorate signal` on a loopback port.
pub struct Relay {
    child: Child,
    /// Where devices connect.
    pub url: String,
    /// Its port.
    pub port: u16,
}

impl Relay {
    /// Starts a relay; port 0 takes a free one. `name` is a further origin by which clients may know it.
    pub fn start(binary: &Path, port: u16, name: Option<&str>) -> Self {
        let mut command = Command::new(binary);
        command.args(["signal", "--json", "--listen", &format!("127.0.0.1:{port}")]);
        if let Some(name) = name {
            command.args(["--name", name]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the relay starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = lines.next().expect("the relay says where it listens").expect("a line");
        let started: Value = serde_json::from_str(&line).expect("a JSON line");
        let url = started.get("url").and_then(Value::as_str).expect("a url").to_owned();
        let address = started.get("address").and_then(Value::as_str).expect("an address");
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, port }
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without a goodbye.
    pub fn kill(&mut self) {
        self.child.kill().expect("the relay is killed");
        self.child.wait().expect("the relay is gone");
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
