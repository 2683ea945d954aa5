//! Members that do not follow the protocol of the key ceremony.

use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_session::keygen::{Blame, Event, Failure};
use quorate_testkit::byzantine::{Audience, flight};
use quorate_testkit::device::Told;
use quorate_testkit::group::p;
use quorate_testkit::{Behaviour, KeygenEnd, Plan, Report, Simulation};
use quorate_threshold::dkg::{Broadcast, Offence};

const EVERYBODY: [Audience; 3] = [Audience::One, Audience::AllButOne, Audience::All];

/// Runs a ceremony in which one device misbehaves. It did, and the rules held.
fn with_liar(n: u16, liar: usize, behaviour: Behaviour, purposes: &[KeyPurpose]) -> Report {
    let mut plan = Plan::calm(11, 2, n, purposes);
    plan.liars = vec![(liar, behaviour)];
    let report = Simulation::check(&plan);
    assert!(report.devices[liar].lies > 0, "{behaviour:?} never happened");
    report
}

fn honest(n: u16, liar: usize) -> impl Iterator<Item = usize> {
    (0..usize::from(n)).filter(move |device| *device != liar)
}

fn participant(device: usize) -> ParticipantId {
    p(u16::try_from(device).unwrap() + 1)
}

/// Every honest device names the liar and nobody else, and none has keys.
fn assert_everybody_blames(report: &Report, n: u16, liar: usize, what: &str) {
    for device in honest(n, liar) {
        assert_eq!(report.blamed_by(device), [participant(liar)], "device {device}: {what}");
        assert_ne!(report.devices[device].keygen, KeygenEnd::Finished, "{what}");
    }
}

/// No device blames anybody.
fn assert_nobody_blames(report: &Report, n: u16, liar: usize) {
    for device in honest(n, liar) {
        assert!(report.blamed_by(device).is_empty(), "device {device}");
    }
}

/// Returns the last reason that a device was given.
fn reason(report: &Report, device: usize) -> Failure {
    let failure = |told: &Told| match told {
        Told::Keygen(Event::Failed(failure) | Event::Pending { failure: Some(failure), .. }) => {
            Some(failure.clone())
        }
        _ => None,
    };
    report.devices[device].told.iter().rev().find_map(|(_, told)| failure(told)).unwrap()
}

fn blames_for(report: &Report, device: usize, expected: Blame) -> bool {
    matches!(reason(report, device), Failure::Misbehaved { blame, .. } if blame == expected)
}

#[test]
fn a3_whoever_says_two_things_before_shares_leave_is_named_by_everybody() {
    for n in [3, 4] {
        for round in flight::ANNOUNCEMENT..=flight::ECHO {
            for members in 1..(1_u64 << n) - 1 {
                for liar in [0, usize::from(n) - 1] {
                    let victims = (members << 1) & !(1 << (liar + 1));
                    let others = ((1_u64 << n) - 1) << 1 & !(1 << (liar + 1));
                    if victims == 0 || victims == others {
                        continue;
                    }
                    let behaviour = Behaviour::Equivocate(round, Audience::Only(victims));
                    let report = with_liar(n, liar, behaviour, &[KeyPurpose::Ed25519]);
                    assert_everybody_blames(&report, n, liar, &format!("{behaviour:?}"));
                }
            }
        }
    }
}

/// The evidence convinces anybody: two messages with one header, both signed.
#[test]
fn a3_equivocation_leaves_evidence() {
    let behaviour = Behaviour::Equivocate(flight::COMMITMENT, Audience::One);
    let report = with_liar(3, 0, behaviour, &[KeyPurpose::Ed25519]);
    let Failure::Misbehaved { blame, evidence, .. } = reason(&report, 1) else { panic!("nobody is blamed") };
    assert_eq!(blame, Blame::Equivocated(flight::COMMITMENT));
    assert_eq!(evidence.len(), 2);
    assert_eq!(evidence[0].header, evidence[1].header);
    assert_ne!(evidence[0].body, evidence[1].body);
}

/// In the last flight it is too late to do harm: who certifies two things is named, and the certificate is handed over.
#[test]
fn a3_two_certifications_are_named_and_harm_nobody() {
    for audience in [Audience::One, Audience::AllButOne] {
        let report =
            with_liar(3, 1, Behaviour::Equivocate(flight::CERTIFICATION, audience), &KeyPurpose::ALL);
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
        assert!(honest(3, 1).any(|device| report.blamed_by(device) == [p(2)]));
    }
}

#[test]
fn a3_false_echoes_are_named() {
    for (behaviour, broadcast) in [
        (Behaviour::EchoOtherCommitments, Broadcast::Commitments),
        (Behaviour::EchoOtherDealings, Broadcast::Dealings),
    ] {
        let report = with_liar(3, 2, behaviour, &[KeyPurpose::Ed25519]);
        assert_everybody_blames(&report, 3, 2, &format!("{broadcast}"));
        assert!(blames_for(&report, 0, Blame::FalseEcho));
    }
}

/// A liar that lets its false echo stand without showing anything is not provably at fault: nobody is blamed.
#[test]
fn a3_an_unexplained_echo_ends_without_blame_and_before_any_share() {
    let mut plan = Plan::calm(11, 2, 3, &[KeyPurpose::Ed25519]);
    plan.liars = vec![(0, Behaviour::Equivocate(flight::ECHO, Audience::All))];
    let report = Simulation::check(&plan);
    for device in [1, 2] {
        assert_eq!(report.devices[device].keygen, KeygenEnd::Failed(Failure::SplitView(Broadcast::Dealings)));
    }
    assert_nobody_blames(&report, 3, 0);
}

#[test]
fn k27_a8_other_terms_are_refused_without_blame() {
    for audience in EVERYBODY {
        for behaviour in [
            Behaviour::AnnounceOtherThreshold(audience),
            Behaviour::AnnounceOtherEpoch(audience),
            Behaviour::AnnounceOtherPurposes(audience),
            Behaviour::AnnounceOtherRoster(audience),
            Behaviour::AnnounceOtherVersion(audience),
        ] {
            let report = with_liar(3, 0, behaviour, &[KeyPurpose::Bip340Secp256k1]);
            let differs = |device| matches!(reason(&report, device), Failure::TermsDiffer { participant, .. } if participant == p(1));
            assert!(honest(3, 0).any(differs), "{behaviour:?}");
            assert!(report.ceremonies().iter().all(|end| **end != KeygenEnd::Finished));
        }
    }
}

#[test]
fn k19_b1_polynomials_of_another_degree_are_refused_and_blamed() {
    for behaviour in [Behaviour::DealLongPolynomial, Behaviour::DealShortPolynomial] {
        for liar in 0..3 {
            let report = with_liar(3, liar, behaviour, &KeyPurpose::ALL);
            assert_everybody_blames(&report, 3, liar, &format!("{behaviour:?}"));
            assert!(honest(3, liar).any(|device| blames_for(
                &report,
                device,
                Blame::Protocol(Offence::Degree)
            )));
        }
    }
}

#[test]
fn b10_dealings_without_possession_or_against_their_commitment_are_blamed() {
    for (behaviour, offence) in
        [(Behaviour::DealWithoutPossession, Offence::Proof), (Behaviour::OpenSomethingElse, Offence::Opening)]
    {
        let report = with_liar(3, 1, behaviour, &KeyPurpose::ALL);
        assert_everybody_blames(&report, 3, 1, &format!("{behaviour:?}"));
        assert!(honest(3, 1).any(|device| blames_for(&report, device, Blame::Protocol(offence))));
    }
}

/// Who names another sender is not heard, and who was named is not blamed.
#[test]
fn k28_b2_a_sender_that_is_not_the_channels_is_dropped_without_blame() {
    for liar in 0..3 {
        let report = with_liar(3, liar, Behaviour::NameAnotherSender, &[KeyPurpose::Ed25519]);
        assert_nobody_blames(&report, 3, liar);
        for device in honest(3, liar) {
            let KeygenEnd::Failed(Failure::TimedOut { missing }) = &report.devices[device].keygen else {
                panic!("{:?}", report.devices[device].keygen)
            };
            assert_eq!(*missing, [participant(liar)]);
            assert!(report.devices[device].dropped > 0);
        }
    }
}

/// Wrong shares to any subset of the others: one verdict everywhere.
#[test]
fn b5_wrong_shares_to_any_victims_name_the_dealer_everywhere() {
    for n in 3..=5 {
        for victims in 1..1_u64 << (n - 1) {
            for (behaviour, offence) in [
                (Behaviour::SealWrongShares(Audience::Only(victims << 2)), Offence::Share),
                (Behaviour::SealNothing(Audience::Only(victims << 2)), Offence::Ciphertext),
            ] {
                let report = with_liar(n, 0, behaviour, &[KeyPurpose::Ed25519]);
                assert_everybody_blames(&report, n, 0, &format!("{behaviour:?}"));
                assert!(honest(n, 0).all(|device| blames_for(&report, device, Blame::Protocol(offence))));
            }
        }
    }
}

#[test]
fn b5_wrong_shares_of_each_key_are_noticed() {
    for purpose in KeyPurpose::ALL {
        let report = with_liar(3, 2, Behaviour::SealWrongShares(Audience::One), &[purpose]);
        assert_everybody_blames(&report, 3, 2, purpose.label());
    }
}

#[test]
fn b5_unreadable_shares_name_the_dealer_everywhere() {
    let report = with_liar(3, 1, Behaviour::Garble(flight::SHARES, Audience::One), &KeyPurpose::ALL);
    assert_everybody_blames(&report, 3, 1, "garbled shares");
}

#[test]
fn b5_false_complaints_name_the_accuser_everywhere() {
    for behaviour in [
        Behaviour::ComplainFalsely(Audience::All),
        Behaviour::ComplainAboutForgery(Audience::All),
        Behaviour::ComplainWithOtherSecret(Audience::All),
    ] {
        for (n, liar) in [(3, 0), (3, 1), (3, 2), (4, 3)] {
            let report = with_liar(n, liar, behaviour, &[KeyPurpose::Ed25519]);
            assert!(
                honest(n, liar).all(|device| report.blamed_by(device) == [participant(liar)]),
                "{behaviour:?}"
            );
            assert!(honest(n, liar).all(|device| blames_for(
                &report,
                device,
                Blame::Protocol(Offence::FalseComplaint)
            )));
        }
    }
}

/// A dealer that tells the recipients different parts of the chain code is named before the keys are pending.
#[test]
fn b18_another_chain_code_part_is_blamed_and_never_certified() {
    for audience in EVERYBODY {
        let report = with_liar(3, 0, Behaviour::SealOtherChainCode(audience), &KeyPurpose::ALL);
        assert_everybody_blames(&report, 3, 0, &format!("{audience:?}"));
        let device = if audience == Audience::AllButOne { 2 } else { 1 };
        assert!(blames_for(&report, device, Blame::Protocol(Offence::ChainCode)));
    }
}

/// The chain code is in the certified statement: all who finish have the same.
#[test]
fn b18_everybody_certifies_one_chain_code_per_key() {
    let report = Simulation::check(&Plan::calm(3, 2, 3, &KeyPurpose::ALL));
    for key in 0..KeyPurpose::ALL.len() {
        let code = |device: usize| report.devices[device].shares[key].public.chain_code;
        assert!(code(0) == code(1) && code(1) == code(2));
        assert!((0..key).all(|other| report.devices[0].shares[other].public.chain_code != code(0)));
    }
}

/// Whoever holds back its certificate signature has no more than the others: they are pending, and say so.
#[test]
fn b16_without_the_last_signature_nobody_uses_keys() {
    let report = with_liar(3, 1, Behaviour::Withhold(flight::CERTIFICATION, Audience::All), &KeyPurpose::ALL);
    for device in [0, 2] {
        assert_eq!(report.devices[device].keygen, KeygenEnd::Pending(true));
        assert!(report.devices[device].shares.is_empty());
        let names =
            |told: &Told| matches!(told, Told::Keygen(Event::Pending { missing, .. }) if *missing == [p(2)]);
        assert!(report.devices[device].told.iter().any(|(_, told)| names(told)));
    }
    assert_nobody_blames(&report, 3, 1);
}

/// Held back from one member only, the certificate reaches it from another.
#[test]
fn b16_a_member_that_was_left_out_gets_the_certificate_from_another() {
    for behaviour in [
        Behaviour::Withhold(flight::CERTIFICATION, Audience::One),
        Behaviour::Withhold(flight::CERTIFICATION, Audience::AllButOne),
    ] {
        let report = with_liar(4, 2, behaviour, &[KeyPurpose::Ed25519]);
        assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished), "{behaviour:?}");
    }
}

/// Withholding anything else ends the ceremony for all, without blame.
#[test]
fn b16_withheld_flights_end_without_keys_and_without_blame() {
    for round in flight::ANNOUNCEMENT..=flight::SHARES {
        let report = with_liar(3, 0, Behaviour::Withhold(round, Audience::One), &[KeyPurpose::Ed25519]);
        assert_nobody_blames(&report, 3, 0);
        assert!(honest(3, 0).all(|device| report.devices[device].keygen != KeygenEnd::Finished));
    }
}

/// Each round has its deadline, and whoever is slow is named there, not blamed.
#[test]
fn b20_a_silent_member_is_named_at_the_deadline_of_each_round() {
    for round in flight::ANNOUNCEMENT..flight::SHARES {
        let report = with_liar(3, 1, Behaviour::FallSilentAfter(round), &[KeyPurpose::Ed25519]);
        for device in [0, 2] {
            let expected = Failure::TimedOut { missing: vec![p(2)] };
            assert_eq!(report.devices[device].keygen, KeygenEnd::Failed(expected), "after flight {round}");
            let ended = |told: &Told| matches!(told, Told::Keygen(Event::Failed(_)));
            let (at, _) = report.devices[device].told.iter().find(|(_, told)| ended(told)).unwrap();
            assert!((60_000..75_000).contains(at), "{at} ms");
        }
        assert_nobody_blames(&report, 3, 1);
    }
}

#[test]
fn b20_a_member_that_never_comes_is_named() {
    let mut plan = Plan::calm(4, 2, 3, &[KeyPurpose::Ed25519]);
    plan.absent = vec![2];
    let report = Simulation::check(&plan);
    for device in [0, 1] {
        let expected = Failure::TimedOut { missing: vec![p(3)] };
        assert_eq!(report.devices[device].keygen, KeygenEnd::Failed(expected));
    }
}

#[test]
fn malformed_messages_name_their_sender_everywhere() {
    for round in flight::ANNOUNCEMENT..=flight::ECHO {
        for audience in EVERYBODY {
            let report = with_liar(3, 0, Behaviour::Garble(round, audience), &[KeyPurpose::Ed25519]);
            assert_everybody_blames(&report, 3, 0, &format!("{round} {audience:?}"));
        }
    }
}

#[test]
fn a_late_cancellation_does_not_take_pending_keys() {
    let report = with_liar(3, 1, Behaviour::CancelLate, &[KeyPurpose::Ed25519]);
    assert_nobody_blames(&report, 3, 1);
    assert_eq!(report.devices[0].keygen, KeygenEnd::Pending(true));
}

#[test]
fn groups_of_every_small_size_make_keys() {
    for n in 2..=6 {
        for t in 2..=n {
            let report = Simulation::check(&Plan::calm(u64::from(n * 10 + t), t, n, &[KeyPurpose::Ed25519]));
            assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished), "{t} of {n}");
        }
    }
}

/// A person can end a ceremony for all, until shares are out; the others hear of it at once.
#[test]
fn a_person_ends_the_ceremony_for_everybody() {
    let mut plan = Plan::calm(90, 2, 3, &[KeyPurpose::Ed25519]);
    plan.absent = vec![2];
    plan.cancel_at = Some((0, 5_000));
    let report = Simulation::check(&plan);
    let expected = KeygenEnd::Failed(Failure::Cancelled { by: p(1) });
    assert_eq!((&report.devices[0].keygen, &report.devices[1].keygen), (&expected, &expected));
    let (at, _) = report.devices[1].told.last().unwrap();
    assert!((5_000..5_100).contains(at), "{at} ms");
}

#[test]
fn cancelling_finished_keys_changes_nothing() {
    let mut plan = Plan::calm(91, 2, 3, &[KeyPurpose::Ed25519]);
    plan.cancel_at = Some((0, 20_000));
    let report = Simulation::check(&plan);
    assert!(report.ceremonies().iter().all(|end| **end == KeygenEnd::Finished));
}
