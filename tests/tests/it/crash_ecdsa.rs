//! kill -9 at every persist and every send around an ECDSA signature, on real processes.
//!
//! The victim is killed at the n-th call since its start, so that the points of its return, of the presignatures that
//! it makes and of the signature itself are all hit. Several groups share the points of one enumeration: most of the
//! time they wait.

use quorate_tests::Kill;

use crate::crash::{MOST_POINTS, PERSIST, SEND, can_trace};
use crate::group::propose_ethereum;
use crate::signings::Signings;

/// How many groups share an enumeration.
const LANES: u32 = 4;

/// Goes through the points of one lane; returns how many there were, and how many presignatures were burned.
fn lane(first: u32, victim: usize, calls: &'static str, pool: bool) -> (u32, usize) {
    let Some(mut signings) = Signings::start(victim, propose_ethereum, pool) else { return (0, 0) };
    for (died, nth) in (0..).zip((first..MOST_POINTS).step_by(LANES as usize)) {
        if !signings.run(Kill { calls, nth }) {
            return (died, signings.burned());
        }
    }
    panic!("the victim died at each of {MOST_POINTS} points");
}

fn kill_signers(what: &str, victim: usize, calls: &'static str, pool: bool) {
    if !can_trace() || quorate_tests::binary().is_none() {
        return;
    }
    let lanes: Vec<(u32, usize)> = std::thread::scope(|scope| {
        let run = |first| scope.spawn(move || lane(first, victim, calls, pool));
        let running: Vec<_> = (1..=LANES).map(run).collect();
        running.into_iter().map(|lane| lane.join().expect("a lane that ends")).collect()
    });
    let points: u32 = lanes.iter().map(|(points, _)| points).sum();
    let burned: usize = lanes.iter().map(|(_, burned)| burned).sum();
    println!("ECDSA, {what}: {points} crash points, {burned} presignatures burned, each once");
    // Every death is followed by a signature, for which both signers burn one.
    assert!(points >= 3 && burned >= 2 * points as usize, "{what}: hardly anything was hit");
}

#[test]
fn c1_proposer_killed_at_every_persist_of_an_ecdsa_signature_from_the_pool() {
    kill_signers("proposer, persists, pool", 0, PERSIST, true);
}

#[test]
fn c1_proposer_killed_at_every_send_of_an_ecdsa_signature_from_the_pool() {
    kill_signers("proposer, sends, pool", 0, SEND, true);
}

#[test]
fn c1_approver_killed_at_every_persist_of_an_ecdsa_signature_from_the_pool() {
    kill_signers("approver, persists, pool", 1, PERSIST, true);
}

#[test]
fn c1_approver_killed_at_every_send_of_an_ecdsa_signature_from_the_pool() {
    kill_signers("approver, sends, pool", 1, SEND, true);
}

#[test]
fn c1_proposer_killed_at_every_persist_of_an_ecdsa_signature_without_a_pool() {
    kill_signers("proposer, persists, no pool", 0, PERSIST, false);
}

#[test]
fn c1_proposer_killed_at_every_send_of_an_ecdsa_signature_without_a_pool() {
    kill_signers("proposer, sends, no pool", 0, SEND, false);
}

#[test]
fn c1_approver_killed_at_every_persist_of_an_ecdsa_signature_without_a_pool() {
    kill_signers("approver, persists, no pool", 1, PERSIST, false);
}

#[test]
fn c1_approver_killed_at_every_send_of_an_ecdsa_signature_without_a_pool() {
    kill_signers("approver, sends, no pool", 1, SEND, false);
}
