//! What processes spend, from `/proc` and from the relay's counters.

use std::io::{Read, Write};
use std::net::TcpStream;

use quorate_tests::Relay;

/// What one signature cost.
pub struct Cost {
    /// CPU of all devices, milliseconds.
    pub devices_ms: f64,
    /// CPU of the relay, milliseconds.
    pub relay_ms: f64,
    /// Bytes that the relay read in frames.
    pub bytes: f64,
}

/// Counters at a moment.
pub struct Meter {
    devices: Vec<u32>,
    devices_ms: f64,
    relay_ms: f64,
    bytes: f64,
}

impl Meter {
    pub fn start(devices: &[u32], relay: &Relay) -> Self {
        Self {
            devices: devices.to_vec(),
            devices_ms: devices.iter().copied().map(cpu_millis).sum(),
            relay_ms: cpu_millis(relay.pid()),
            bytes: bytes_in(relay.port),
        }
    }

    /// Returns what was spent since, for each of `count`.
    pub fn stop(self, relay: &Relay, count: usize) -> Cost {
        let now = Self::start(&self.devices, relay);
        let each = |now: f64, then: f64| (now - then) / count as f64;
        Cost {
            devices_ms: each(now.devices_ms, self.devices_ms),
            relay_ms: each(now.relay_ms, self.relay_ms),
            bytes: each(now.bytes, self.bytes),
        }
    }
}

/// User and system time of a process, in steps of the kernel's clock.
fn cpu_millis(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    // The name, in parentheses, may hold spaces.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields[11..=12].iter().map(|field| field.parse::<f64>().expect("a number")).sum();
    ticks * 1_000.0 / rustix::param::clock_ticks_per_second() as f64
}

fn bytes_in(port: u16) -> f64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the relay");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let value = text.lines().find_map(|line| line.strip_prefix("quorate_signal_bytes_in_total "));
    value.and_then(|value| value.parse().ok()).expect("a counter")
}
