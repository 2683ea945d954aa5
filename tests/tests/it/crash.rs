//! kill -9 at every persist and every send of key generation and signing, on real processes.
//!
//! strace delivers signal 9 at the entry of the n-th system call of a kind, before it happens; the n+1-th is "after"
//! the n-th. The enumeration ends when the victim survives: then every point has been hit.

use std::time::{Duration, Instant};

use quorate_tests::{Device, Kill, Relay, binary, scratch};
use serde_json::Value;

use crate::group::{NAMES, PATIENCE, propose, remove};
use crate::signings::Signings;

/// What makes a commit durable, and what makes a frame leave.
pub const PERSIST: &str = "fdatasync,fsync";
pub const SEND: &str = "sendto,sendmsg,writev";

/// More points than there can be: an enumeration that gets here has gone wrong.
pub const MOST_POINTS: u32 = 120;

/// Says whether processes can be killed here.
pub fn can_trace() -> bool {
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
    for device in &mut devices {
        assert!(device.is_paired(PATIENCE), "{kill:?} of {victim}: {} has no pairs", device.name);
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

fn kill_signers(what: &str, victim: usize, calls: &'static str) {
    if !can_trace() {
        return;
    }
    let Some(mut signings) = Signings::start(victim, propose, false) else { return };
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
