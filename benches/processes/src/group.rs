//! Three devices and a relay: they make a wallet and sign.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use quorate_tests::{Device, Relay, scratch};
use serde_json::{Value, json};

use crate::cost::{Cost, Meter};
use crate::millis;

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a pool that is refilled is left alone between signatures.
const PAUSE: Duration = Duration::from_millis(60);

/// What a device holds when all pools are full: four of each owner, in two signer sets.
const FULL: u64 = 16;

/// Whether presignatures are made ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    Full,
    None,
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Kind {
    Schnorr,
    Ecdsa,
}

pub struct Group {
    dir: PathBuf,
    devices: Vec<Device>,
    relay: Relay,
}

impl Group {
    pub fn start(binary: &Path, pool: Pool) -> Self {
        let dir = scratch("group");
        let relay = Relay::start(binary, 0, None);
        let options: &[&str] = if pool == Pool::None { &["--presignatures", "0"] } else { &[] };
        let start = |name: &&str| Device::start_with(options, binary, &dir, name, None);
        let devices = NAMES.iter().map(start).collect();
        Self { dir, devices, relay }
    }

    /// A group that can sign everything, its pools filled.
    pub fn with_wallet(binary: &Path, pool: Pool) -> Self {
        let mut group = Self::start(binary, pool);
        group.make_wallet();
        if pool == Pool::Full {
            let full = |view: &Value| view["view"] == "presignatures" && view["held"].as_u64() >= Some(FULL);
            for device in &mut group.devices {
                device.try_wait("presignatures", PATIENCE, full).expect("a full pool");
            }
        }
        group
    }

    /// Makes a wallet: the time of the key ceremony, and then of the pairs.
    pub fn make_wallet(&mut self) -> (f64, f64) {
        let invite = self.devices[0].create_wallet(&self.relay.url, 2, 3).expect("an invite");
        self.devices[1].join(&invite);
        self.devices[0].wait_for("arrived", PATIENCE);
        let started = Instant::now();
        self.devices[2].join(&invite);
        for device in &mut self.devices {
            device.wait_for("ready", PATIENCE);
        }
        let ceremony = millis(started);
        for device in &mut self.devices {
            let paired = |view: &Value| view["view"] == "pairs" && view["ready"] == view["of"];
            device.try_wait("pairs", PATIENCE, paired).expect("all pairs");
        }
        (ceremony, millis(started) - ceremony)
    }

    /// Signs so often: every time, and what each cost.
    pub fn sign(&mut self, kind: Kind, runs: usize) -> (Vec<f64>, Cost) {
        let pids: Vec<u32> = self.devices.iter().map(Device::pid).collect();
        self.signature(kind, 0);
        let meter = Meter::start(&pids, &self.relay);
        let times = (1..=runs).map(|index| self.signature(kind, index)).collect();
        (times, meter.stop(&self.relay, runs))
    }

    fn signature(&mut self, kind: Kind, index: usize) -> f64 {
        std::thread::sleep(PAUSE);
        for device in &mut self.devices {
            device.look();
            device.seen.clear();
        }
        let request = match kind {
            Kind::Schnorr => words("solana", "testnet", index),
            Kind::Ecdsa => words("ethereum", "mainnet", index),
        };
        self.devices[0].command(&request);
        let undecided = |view: &Value| view["request"]["undecided"] == true;
        let Some(request) = self.devices[1].try_wait("request", PATIENCE, undecided) else {
            panic!("no request; the proposer showed {:?}", self.devices[0].look());
        };
        let started = Instant::now();
        self.devices[1].command(&json!({ "command": "approve", "request": request["request"]["id"] }));
        for device in &mut self.devices[..2] {
            device.wait_for("signed", PATIENCE);
        }
        millis(started)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.devices.clear();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn words(chain: &str, network: &str, index: usize) -> Value {
    json!({
        "command": "propose", "note": "", "ttl": 60_000,
        "request": { "chain": chain, "network": network, "account": 0, "content": { "build": {
            "intent": { "message": { "text": format!("signature {index}") } },
            "context": "none",
        } } },
    })
}
