//! Key generation and signatures among three device processes through a relay process, vaults on this disk.
//!
//! `cargo run --release -p bench-processes [ceremonies] [signatures]`, with `QUORATE_BIN` naming a release build.
//! Beside each figure stands the time of one `fdatasync` of a 256-byte append on the same disk in the same run:
//! a signature has one on its path. Clocks: a ceremony from the last join to the last device's `ready` (certificate
//! durable); a signature from the approval to the signature on both devices, as lines on their standard output.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use quorate_tests::{Device, Relay, binary, scratch};
use serde_json::{Value, json};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let mut counts = std::env::args().skip(1).filter_map(|count| count.parse::<usize>().ok());
    let (ceremonies, signatures) = (counts.next().unwrap_or(21), counts.next().unwrap_or(201));
    let binary = binary().expect("a quorate binary: set QUORATE_BIN");
    let dir = scratch("bench");
    let sync = syncs(&dir, 200);
    let ceremony: Vec<f64> = (0..ceremonies).map(|_| ceremony(&binary)).collect();
    let (mut devices, _relay) = group(&binary, &dir);
    make_wallet(&mut devices, &_relay.url);
    let signature: Vec<f64> = (0..signatures).map(|index| signature(&mut devices, index)).collect();
    let rows = [
        ("fdatasync of 256 bytes", sync),
        ("DKG of three keys, 2-of-3", ceremony),
        ("FROST Ed25519 signature, 2-of-3", signature),
    ];
    println!("{:34} {:>6} {:>9} {:>9} {:>9}", "milliseconds", "runs", "p50", "p99", "max");
    for (name, mut times) in rows {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        println!("{name:34} {:>6} {:>9.2} {:>9.2} {:>9.2}", times.len(), at(0.5), at(0.99), at(1.0));
    }
    let _ = std::fs::remove_dir_all(dir);
}

fn syncs(dir: &Path, count: usize) -> Vec<f64> {
    let path = dir.join("sync");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    (0..count)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&[7; 256]).and_then(|()| file.sync_data()).expect("a sync");
            millis(started)
        })
        .collect()
}

fn group(binary: &Path, dir: &Path) -> (Vec<Device>, Relay) {
    let relay = Relay::start(binary, 0, None);
    let devices = NAMES.iter().map(|name| Device::start(binary, dir, name, None)).collect();
    (devices, relay)
}

fn make_wallet(devices: &mut [Device], url: &str) -> f64 {
    let invite = devices[0].create_wallet(url, 2, 3).expect("an invite");
    devices[1].join(&invite);
    devices[0].wait_for("arrived", PATIENCE);
    let started = Instant::now();
    devices[2].join(&invite);
    for device in devices {
        device.wait_for("ready", PATIENCE);
    }
    millis(started)
}

fn ceremony(binary: &Path) -> f64 {
    let dir = scratch("ceremony");
    let (mut devices, relay) = group(binary, &dir);
    let time = make_wallet(&mut devices, &relay.url);
    drop(devices);
    let _ = std::fs::remove_dir_all(dir);
    time
}

fn signature(devices: &mut [Device], index: usize) -> f64 {
    for device in devices.iter_mut() {
        device.look();
        device.seen.clear();
    }
    devices[0].command(&json!({
        "command": "propose", "note": "", "ttl": 60_000,
        "request": { "chain": "solana", "network": "testnet", "account": 0, "content": { "build": {
            "intent": { "transfer": {
                "to": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG", "amount": format!("0.{:09}", index + 1),
            } },
            "context": { "solana": { "recent_blockhash": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" } },
        } } },
    }));
    let undecided = |view: &Value| view["request"]["undecided"] == true;
    let request = devices[1].try_wait("request", PATIENCE, undecided).expect("a request");
    let started = Instant::now();
    devices[1].command(&json!({ "command": "approve", "request": request["request"]["id"] }));
    for device in &mut devices[..2] {
        device.wait_for("signed", PATIENCE);
    }
    millis(started)
}

fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}
