//! Small worlds, all of them: every crash point, and every way to treat the first frames of a signature.

use quorate_primitives::KeyPurpose;
use quorate_testkit::network::Fate;
use quorate_testkit::plan::RECOVERY;
use quorate_testkit::{Answer, Plan, Request, SessionEnd, Simulation};

const FATES: [Fate; 4] = [Fate::Arrive, Fate::Lose, Fate::Double, Fate::Overtake];

/// A ceremony, a signature as soon as there are keys, and another one after everything is well again.
fn ceremony() -> Plan {
    let mut plan = Plan::calm(40, 2, 3, &[KeyPurpose::Ed25519]);
    plan.heal_at = 20_000;
    plan.end_at = plan.heal_at + 4 * RECOVERY;
    let request = Request {
        at: 1_000,
        proposer: 0,
        purpose: KeyPurpose::Ed25519,
        messages: 1,
        plain: false,
        answers: vec![Answer::Approve; 3],
        patience: 15_000,
    };
    plan.requests =
        vec![request.clone(), Request { at: plan.heal_at + RECOVERY, patience: RECOVERY, ..request }];
    plan
}

/// The same with dealt keys, and two messages in one session.
fn signature() -> Plan {
    let mut plan = ceremony();
    plan.start = quorate_testkit::Start::Keys;
    plan.requests[0].messages = 2;
    plan
}

/// Crashes each device at each of its points, and checks that the run ends well: keys for all, the late signature for
/// all, and never a nonce used twice. Returns how many runs there were.
fn crash_everywhere(plan: &Plan) -> u64 {
    let calm = Simulation::check(plan);
    let mut runs = 0;
    for (device, report) in calm.devices.iter().enumerate() {
        for point in 0..report.points {
            for lose_unsynced in [false, true] {
                let mut plan = plan.clone();
                plan.crash_at = vec![(device, point)];
                plan.faults.lose_unsynced = lose_unsynced;
                // Points that come after everything is well again do not crash.
                runs += Simulation::check(&plan).devices[device].crashes;
            }
        }
    }
    runs
}

#[test]
fn c1_a_crash_at_every_effect_of_a_ceremony_and_a_signature() {
    let runs = crash_everywhere(&ceremony());
    println!("crash points of a ceremony: {runs} runs");
    assert!(runs >= 200, "{runs}");
}

#[test]
fn c1_a_crash_at_every_effect_of_a_signature() {
    let runs = crash_everywhere(&signature());
    println!("crash points of a signature: {runs} runs");
    assert!(runs >= 60, "{runs}");
}

/// Two crashes of one device, at every pair of points around a signature.
#[test]
fn c1_a_crash_at_every_pair_of_effects_of_a_signature() {
    let calm = Simulation::check(&signature());
    let mut runs = 0;
    for device in [0, 1] {
        let points = calm.devices[device].points / 2 + 6;
        for first in 0..points {
            for second in first + 1..points {
                let mut plan = signature();
                plan.crash_at = vec![(device, first), (device, second)];
                plan.faults.lose_unsynced = (first + second) % 2 == 0;
                Simulation::check(&plan);
                runs += 1;
            }
        }
    }
    println!("pairs of crash points of a signature: {runs} runs");
}

/// Every combination of arriving, lost, doubled and overtaken for six frames in a row of a 2-of-3 signature (one half of
/// them): who asked gets it, and so does everybody who heard of it.
fn every_fate(first: u64, half: usize) {
    for choice in (0..4_usize.pow(6)).filter(|choice| choice % 2 == half) {
        let fates = (0..6).map(|frame| FATES[choice >> (2 * frame) & 3]).collect();
        let mut plan = Plan::signature(50, 2, KeyPurpose::Ed25519, &[Answer::Approve; 3]);
        plan.script = Some((first, fates));
        let report = Simulation::check(&plan);
        assert!(!report.devices[0].sessions.is_empty());
        for end in report.devices.iter().flat_map(|device| device.sessions.values()) {
            assert!(matches!(end, SessionEnd::Signed(_)), "{end:?} after {:?}", plan.script);
        }
    }
}

#[test]
fn a1_every_fate_of_the_first_six_frames_of_a_signature() {
    every_fate(0, 0);
}

#[test]
fn a1_every_other_fate_of_the_first_six_frames_of_a_signature() {
    every_fate(0, 1);
}

#[test]
fn a1_every_fate_of_the_next_six_frames_of_a_signature() {
    every_fate(6, 0);
}

#[test]
fn a1_every_other_fate_of_the_next_six_frames_of_a_signature() {
    every_fate(6, 1);
}
