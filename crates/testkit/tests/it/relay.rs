//! What the relay and the lines to it can do.

use std::collections::BTreeSet;

use quorate_primitives::KeyPurpose;
use quorate_testkit::faults::Faults;
use quorate_testkit::network::Packet;
use quorate_testkit::{Answer, KeygenEnd, Plan, Report, SessionEnd, Simulation, Start};
use quorate_transport::padding;

/// A ceremony and two signatures, with these faults for half a minute; afterwards everything has ended well.
fn survives(faults: &Faults) -> Vec<Report> {
    let run = |seed| {
        let mut plan = Plan::swarm(seed, Start::Roster);
        plan.liars = Vec::new();
        plan.faults = faults.clone();
        plan.heal_at = 30_000;
        plan.patience = 90_000;
        plan.end_at = 400_000;
        for request in &mut plan.requests {
            request.at =
                if request.at < 30_000 { request.at } else { 30_000 + quorate_testkit::plan::RECOVERY };
            request.answers.fill(Answer::Approve);
            request.proposer = 0;
        }
        Simulation::check(&plan)
    };
    (600..606).map(run).collect()
}

#[test]
fn a1_lost_doubled_delayed_and_reordered_frames_only_delay() {
    let faults = Faults { lose: 300, duplicate: 300, delay: 500, longest_delay: 3_000, ..Faults::default() };
    for report in survives(&faults) {
        assert!(report.mischief.lost > 0 && report.mischief.duplicated > 0 && report.mischief.delayed > 0);
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    }
}

#[test]
fn a2_flipped_cut_and_spliced_frames_are_dropped_and_abort_nothing() {
    let faults = Faults { flip: 150, truncate: 100, splice: 100, ..Faults::default() };
    for report in survives(&faults) {
        assert!(report.mischief.changed > 0);
        assert!(report.devices.iter().map(|device| device.dropped).sum::<u64>() > 0);
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    }
}

#[test]
fn a5_rewritten_senders_and_recipients_are_dropped_without_blame() {
    let faults = Faults { misdeliver: 200, rewrite_sender: 200, ..Faults::default() };
    for report in survives(&faults) {
        assert!(report.mischief.misaddressed > 0);
        assert!((0..report.devices.len()).all(|device| report.blamed_by(device).is_empty()));
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    }
}

#[test]
fn a11_a_relay_that_restarts_again_and_again_loses_nothing_for_good() {
    let faults = Faults { relay_restarts: 12, lose: 50, ..Faults::default() };
    for report in survives(&faults) {
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    }
}

/// Returns every frame that a run sent.
fn recorded(plan: &Plan) -> Vec<Packet> {
    Simulation::check(plan).sent
}

/// Everything that was ever recorded of the same devices is played into a later session.
fn replay_into(plan: &Plan, earlier: Vec<Packet>) -> Report {
    assert!(!earlier.is_empty());
    let mut plan = plan.clone();
    plan.earlier = earlier;
    plan.faults.replay = 900;
    plan.heal_at = 15_000;
    Simulation::check(&plan)
}

/// A plan of the same devices in another group: identities come from the seed, the group's name from its secret half.
fn other_session_of_the_same_devices(seed: u64) -> (Plan, Plan) {
    let yesterday = Plan { earlier_group: true, ..Plan::calm(seed, 2, 3, &[KeyPurpose::Ed25519]) };
    let today = Plan::calm(seed, 2, 3, &[KeyPurpose::Ed25519]);
    (yesterday, today)
}

#[test]
fn a7_frames_of_yesterdays_ceremony_of_the_same_devices_change_nothing() {
    let (yesterday, today) = other_session_of_the_same_devices(70);
    let report = replay_into(&today, recorded(&yesterday));
    assert!(report.mischief.replayed > 20);
    assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    assert!(report.devices.iter().all(|device| device.dropped > 0));
}

#[test]
fn a7_frames_of_the_same_session_change_nothing_when_they_come_again() {
    let mut plan = Plan::signature(71, 2, KeyPurpose::Ed25519, &[Answer::Approve; 3]);
    plan.faults.replay = 900;
    plan.heal_at = 10_000;
    let report = Simulation::check(&plan);
    assert!(report.mischief.replayed > 5);
    assert!((0..3).all(|device| matches!(report.only_session(device), SessionEnd::Signed(_))));
}

#[test]
fn a7_a_hello_of_yesterdays_lobby_opens_nothing_today() {
    let (mut yesterday, mut today) = other_session_of_the_same_devices(72);
    (yesterday.start, today.start) = (Start::Lobby, Start::Lobby);
    let report = replay_into(&today, recorded(&yesterday));
    assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
}

/// The group of the last epoch had the same devices under the same relay; its frames are foreign now.
#[test]
fn a12_frames_of_an_older_epoch_are_refused() {
    let (mut old, today) = other_session_of_the_same_devices(73);
    old.epoch = 1;
    old.earlier_group = false;
    let mut plan = today;
    plan.epoch = 2;
    let report = replay_into(&plan, recorded(&old));
    assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    assert!(report.devices.iter().all(|device| device.dropped > 0));
}

/// Whoever watches the relay sees few lengths, and nothing in clear.
#[test]
fn a10_frames_have_few_sizes_and_no_plaintext() {
    let mut plan = Plan::signature(74, 2, KeyPurpose::Ed25519, &[Answer::Approve; 3]);
    let mut sent = recorded(&plan);
    plan = Plan::calm(74, 2, 3, &KeyPurpose::ALL);
    let report = Simulation::check(&plan);
    sent.extend(report.sent.iter().cloned());
    let sizes: BTreeSet<usize> = sent.iter().map(|packet| packet.bytes.len()).collect();
    let classes: BTreeSet<usize> = [0, 256, 1024, 4096]
        .map(|content| padding::class(content).unwrap() + 25 + quorate_transport::channel::SEAL_OVERHEAD)
        .into();
    assert!(sizes.is_subset(&classes), "{sizes:?} beside {classes:?}");
    let keys = &report.devices[0].shares[2].public;
    let secrets = [keys.group_key.as_slice(), &keys.chain_code, &report.devices[0].statement.unwrap()];
    for packet in &sent {
        for secret in secrets {
            assert!(!packet.bytes.windows(12).any(|window| window == &secret[..12]));
        }
    }
}

#[test]
fn partitions_of_every_link_heal() {
    let faults = Faults { partitions: 12, ..Faults::default() };
    for report in survives(&faults) {
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
    }
}

#[test]
fn strangers_with_an_invite_become_a_group_that_signs() {
    for n in 2..=5 {
        let mut plan = Plan::calm(80, 2, n, &KeyPurpose::ALL);
        plan.start = Start::Lobby;
        let report = Simulation::check(&plan);
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished), "{n} devices");
    }
}
