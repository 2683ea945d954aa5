//! kill -9 at every persist and every send of key generation and signing, on real processes.
//!
//! strace delivers signal 9 at the entry of the n-th system call of a kind, before it happens; the n+1-th is "after"
//! the n-th. The enumeration ends when the victim survives: then every point has been hit.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use quorate_tests::{Device, Kill, Relay, binary, scratch};
use serde_json::Value;

use crate::group::{Group, NAMES, PATIENCE, approve, failed, propose, proposed, remove, signed, undecided};

/// What makes a commit durable, and what makes a frame leave.
const PERSIST: &str = "fdatasync,fsync";
const SEND: &str = "sendto,sendmsg,writev";

/// More points than there can be: an enumeration that gets here has gone wrong.
const MOST_POINTS: u32 = 120;

fn can_trace() -> bool {
    let works = std::process::Command::new("strace").args(["-qqq", "-o", "/dev/null", "true"]).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        quorate_tests::skip("strace can not trace here");
    }
    works
}

/// Runs a ceremony in which one device dies at one point; returns whether it died.
fn ceremony(victim: usize, kill: Kill) -> Option<bool> {
    let binary = binary()?;
    let dir = scratch("ceremony");
    let relay = Relay::start(&binary, 0, None);
    let mut devices: Vec<Device> =
        NAMES.iter().map(|name| Device::start(&binary, &dir, name, None)).collect();
    devices[victim].restart(Some(kill));
    let Some(invite) = devices[0].create_wallet(&relay.url, 2, 3) else {
        assert!(devices[victim].dies(PATIENCE) && victim == 0, "no invite from a living device");
        remove(&dir);
        return Some(true);
    };
    for device in &mut devices[1..] {
        device.join(&invite);
    }
    let died = finish_ceremony(&mut devices, victim);
    if died {
        devices[victim].restart(None);
        // A joiner that died before its commit never joined: its person tries again.
        if victim != 0 {
            devices[victim].join(&invite);
        }
    }
    let first = devices[0].addresses(PATIENCE).unwrap_or_else(|| panic!("{kill:?} of {victim}: no wallet"));
    for device in &mut devices[1..] {
        assert_eq!(
            device.addresses(PATIENCE).as_ref(),
            Some(&first),
            "{kill:?} of {victim}: {}",
            device.name
        );
    }
    remove(&dir);
    Some(died)
}

/// Waits until the victim is dead or everybody is ready, pairs included.
fn finish_ceremony(devices: &mut [Device], victim: usize) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if devices[victim].is_dead() {
            return true;
        }
        let is_ready = |view: &Value| {
            view.get("view").and_then(Value::as_str) == Some("pairs") && view.get("ready") == view.get("of")
        };
        if devices.iter_mut().all(|device| device.look().iter().any(is_ready)) {
            // The victim's last commits, its compaction, may still come.
            std::thread::sleep(Duration::from_millis(800));
            return devices[victim].is_dead();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the ceremony neither finished nor lost its victim");
}

fn enumerate(what: &str, calls: &'static str, mut run: impl FnMut(Kill) -> Option<bool>) {
    if !can_trace() {
        return;
    }
    for nth in 1..MOST_POINTS {
        let Some(died) = run(Kill { calls, nth }) else { return };
        if !died {
            println!("{what}: {} crash points", nth - 1);
            assert!(nth > 3, "{what}: hardly anything was hit");
            return;
        }
    }
    panic!("{what}: the victim died at each of {MOST_POINTS} points");
}

#[test]
fn c1_creator_killed_at_every_persist_of_key_generation() {
    enumerate("creator, persists", PERSIST, |kill| ceremony(0, kill));
}

#[test]
fn c1_creator_killed_at_every_send_of_key_generation() {
    enumerate("creator, sends", SEND, |kill| ceremony(0, kill));
}

#[test]
fn c1_joiner_killed_at_every_persist_of_key_generation() {
    enumerate("joiner, persists", PERSIST, |kill| ceremony(1, kill));
}

#[test]
fn c1_joiner_killed_at_every_send_of_key_generation() {
    enumerate("joiner, sends", SEND, |kill| ceremony(2, kill));
}

/// Signs with one group again and again, a device dying at one point each time.
struct Signings {
    group: Group,
    victim: usize,
    /// The first halves of all signatures: nonces seen.
    nonces: BTreeSet<String>,
    amount: u32,
    known: Vec<String>,
}

impl Signings {
    fn start(victim: usize) -> Option<Self> {
        let group = Group::with_wallet("signing")?;
        Some(Self { group, victim, nonces: BTreeSet::new(), amount: 0, known: Vec::new() })
    }

    /// One signature with a death, then one without: it finished, or failed cleanly and the next one works.
    fn run(&mut self, kill: Kill) -> bool {
        self.group.devices[self.victim].restart(Some(kill));
        std::thread::sleep(Duration::from_millis(150));
        let id = self.attempt();
        let died = self.group.devices[self.victim].is_dead();
        if died {
            self.group.devices[self.victim].restart(None);
        }
        if let Some(id) = id {
            self.settle(&id, kill);
        }
        if died {
            let id = self.attempt().unwrap_or_else(|| panic!("{kill:?}: no request after the restart"));
            let both = [0, 1].map(|index| signed(&mut self.group.devices[index], &id, PATIENCE));
            assert!(both.iter().all(Option::is_some), "{kill:?}: not signed after the restart");
            self.remember(&both[0].clone().unwrap_or_default(), &id);
        }
        died
    }

    /// The first device proposes, the second approves; `None` if a death came before the request.
    fn attempt(&mut self) -> Option<String> {
        self.amount += 1;
        let amount = self.amount;
        self.group.devices[0].command(&propose(amount));
        let id = proposed(&mut self.group.devices[0], &self.known, Duration::from_secs(3))?;
        self.known.push(id.clone());
        let others: Vec<String> = self.known.iter().filter(|known| **known != id).cloned().collect();
        undecided(&mut self.group.devices[1], &others, Duration::from_secs(3))
            .filter(|shown| *shown == id)?;
        self.group.devices[1].command(&approve(&id));
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && !self.group.devices[self.victim].is_dead() {
            if signed(&mut self.group.devices[0], &id, Duration::from_millis(5)).is_some()
                && signed(&mut self.group.devices[1], &id, Duration::from_millis(5)).is_some()
            {
                // Lazy commits and answers of the victim may still come.
                std::thread::sleep(Duration::from_millis(300));
                break;
            }
        }
        Some(id)
    }

    /// After a death a request is signed or has failed on the device that lived, or it is undecided again on an
    /// approver whose approval never left: then its person approves once more.
    fn settle(&mut self, id: &str, kill: Kill) {
        let survivor = 1 - self.victim;
        let deadline = Instant::now() + PATIENCE;
        let decided: Vec<String> = self.known.iter().filter(|known| *known != id).cloned().collect();
        let mut approved_again = false;
        loop {
            if self.victim == 1 && !approved_again {
                let again = undecided(&mut self.group.devices[1], &decided, Duration::from_millis(1));
                approved_again = again.is_some();
                again.iter().for_each(|id| self.group.devices[1].command(&approve(id)));
            }
            let device = &mut self.group.devices[survivor];
            if let Some(signatures) = signed(device, id, Duration::from_millis(10)) {
                return self.remember(&signatures, id);
            }
            if failed(device, id) {
                return;
            }
            let seen = Instant::now() < deadline || {
                println!("{kill:?}: request {id} hangs");
                self.group.devices.iter_mut().for_each(|device| println!("{}", summary(device)));
                false
            };
            assert!(seen, "a request hangs");
        }
    }

    /// S2: a nonce commitment R appears with one request only.
    fn remember(&mut self, signatures: &[String], id: &str) {
        for signature in signatures {
            let nonce = signature[..64].to_owned();
            assert!(self.nonces.insert(nonce), "request {id} was signed with a nonce used before");
        }
    }
}

/// Returns what a device has shown, a line each.
fn summary(device: &mut Device) -> String {
    let line = |view: &Value| {
        let request = view.get("request").unwrap_or(&Value::Null);
        let fields = [
            &view["view"],
            &view["connected"],
            &view["reason"],
            &request["id"],
            &request["approved"],
            &request["undecided"],
        ];
        fields.map(ToString::to_string).join(" ")
    };
    let lines: Vec<String> = device.look().iter().map(line).collect();
    format!("{}:\n  {}", device.name, lines.join("\n  "))
}

fn kill_signers(what: &str, victim: usize, calls: &'static str) {
    if !can_trace() {
        return;
    }
    let Some(mut signings) = Signings::start(victim) else { return };
    enumerate(what, calls, |kill| Some(signings.run(kill)));
}

#[test]
fn c1_proposer_killed_at_every_persist_of_signing() {
    kill_signers("proposer, persists", 0, PERSIST);
}

#[test]
fn c1_proposer_killed_at_every_send_of_signing() {
    kill_signers("proposer, sends", 0, SEND);
}

#[test]
fn c1_approver_killed_at_every_persist_of_signing() {
    kill_signers("approver, persists", 1, PERSIST);
}

#[test]
fn c1_approver_killed_at_every_send_of_signing() {
    kill_signers("approver, sends", 1, SEND);
}
