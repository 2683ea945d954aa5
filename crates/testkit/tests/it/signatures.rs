//! Members that do not follow the protocol of a signature.

use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_session::signing::Failure;
use quorate_testkit::byzantine::Audience;
use quorate_testkit::group::{p, subsets};
use quorate_testkit::plan::SCHNORR;
use quorate_testkit::{Answer, Behaviour, Plan, Report, Request, SessionEnd, Simulation};

fn everybody_approves(seed: u64, t: u16, n: usize, purpose: KeyPurpose) -> Plan {
    Plan::signature(seed, t, purpose, &vec![Answer::Approve; n])
}

fn with_liar(t: u16, n: usize, liar: usize, behaviour: Behaviour) -> Report {
    let mut plan = everybody_approves(21, t, n, KeyPurpose::Ed25519);
    plan.liars = vec![(liar, behaviour)];
    let report = Simulation::check(&plan);
    assert!(report.devices[liar].lies > 0, "{behaviour:?} never happened");
    report
}

fn is_signed(end: &SessionEnd) -> bool {
    matches!(end, SessionEnd::Signed(_))
}

fn participants(devices: &[usize]) -> Vec<ParticipantId> {
    devices.iter().map(|device| p(u16::try_from(*device).unwrap() + 1)).collect()
}

#[test]
fn any_enough_members_sign_with_either_key() {
    for purpose in SCHNORR {
        for (t, n) in [(2, 2), (2, 3), (3, 3), (3, 5)] {
            for approving in
                (usize::from(t)..=n).flat_map(|count| subsets(&(0..n).collect::<Vec<_>>(), count))
            {
                let answers: Vec<_> = (0..n)
                    .map(|device| if approving.contains(&device) { Answer::Approve } else { Answer::Ignore })
                    .collect();
                let report = Simulation::check(&Plan::signature(5, t, purpose, &answers));
                assert!(
                    (0..n).all(|device| is_signed(report.only_session(device))),
                    "{approving:?} of {t}-of-{n}"
                );
            }
        }
    }
}

#[test]
fn s1_fewer_than_t_approvals_sign_nothing() {
    for approving in 0..3_usize {
        let answers: Vec<_> =
            (0..4).map(|device| if device < approving { Answer::Approve } else { Answer::Ignore }).collect();
        let report = Simulation::check(&Plan::signature(6, 3, KeyPurpose::Ed25519, &answers));
        for device in 0..4 {
            let expired = matches!(report.only_session(device), SessionEnd::Failed(Failure::Expired { .. }));
            assert!(expired, "{:?}", report.only_session(device));
        }
    }
}

#[test]
fn refusals_end_a_request_as_soon_as_too_few_are_left() {
    let answers = [Answer::Approve, Answer::Refuse, Answer::Refuse];
    let report = Simulation::check(&Plan::signature(7, 2, KeyPurpose::Ed25519, &answers));
    for device in 0..3 {
        let expected = Failure::Refused { by: vec![p(2), p(3)] };
        assert_eq!(*report.only_session(device), SessionEnd::Failed(expected));
    }
    let answers = [Answer::Approve, Answer::Refuse, Answer::Approve];
    let report = Simulation::check(&Plan::signature(7, 2, KeyPurpose::Ed25519, &answers));
    assert!((0..3).all(|device| is_signed(report.only_session(device))));
}

/// Every set of signers that sends wrong shares is named exactly, by every honest member.
#[test]
fn b12_every_subset_of_wrong_shares_is_attributed_exactly() {
    for purpose in SCHNORR {
        for n in 2..=4_usize {
            let all: Vec<usize> = (0..n).collect();
            for wrong in (1..n).flat_map(|count| subsets(&all, count)) {
                let mut plan = everybody_approves(22, u16::try_from(n).unwrap(), n, purpose);
                plan.liars = wrong.iter().map(|device| (*device, Behaviour::SignWrongly)).collect();
                let report = Simulation::check(&plan);
                for device in all.iter().filter(|device| !wrong.contains(device)) {
                    assert_eq!(report.blamed_by(*device), participants(&wrong), "{wrong:?} of {n}");
                    assert!(!is_signed(report.only_session(*device)));
                }
            }
        }
    }
}

#[test]
fn b12_shares_that_are_no_numbers_or_for_another_package_name_their_signer() {
    for behaviour in [Behaviour::SignOutOfRange, Behaviour::SignAnotherPackage, Behaviour::InventPackage] {
        for liar in 0..3 {
            let report = with_liar(3, 3, liar, behaviour);
            for device in (0..3).filter(|device| *device != liar) {
                assert_eq!(report.blamed_by(device), participants(&[liar]), "{behaviour:?}");
            }
        }
    }
}

/// A proposer that gives two packages out is blamed, not the signers who followed it.
#[test]
fn b12_whoever_fixes_two_packages_is_blamed_and_no_signer() {
    for (t, n) in [(3, 4), (3, 5), (4, 5)] {
        let report = with_liar(t, n, 0, Behaviour::FixTwoPackages);
        let blamed: Vec<_> = (1..n).map(|device| report.blamed_by(device)).collect();
        assert!(blamed.iter().all(|named| named.is_empty() || *named == [p(1)]), "{blamed:?}");
        // With enough members, one of the packages may hold honest signers only: then it is a signature like any other.
        let signed = (1..n).any(|device| is_signed(report.only_session(device)));
        assert!(signed || blamed.contains(&vec![p(1)]), "{t}-of-{n}");
        assert!(!signed || n > 4);
    }
}

#[test]
fn a3_equivocation_in_a_signature_releases_at_most_one_share_of_a_nonce() {
    // The watch checks S2 at every share; what is left to show is that the split view led nowhere.
    let report = with_liar(3, 4, 0, Behaviour::FixTwoPackages);
    assert!((1..4).all(|device| !is_signed(report.only_session(device))));
    for liar in 0..3 {
        let report = with_liar(3, 3, liar, Behaviour::ApproveDifferently);
        let honest = (0..3).filter(|device| *device != liar);
        assert!(honest.clone().all(|device| report.blamed_by(device).is_empty()));
        assert!(honest.clone().all(|device| is_signed(report.only_session(device))));
    }
}

#[test]
fn packages_without_enough_approvals_release_no_share_and_name_the_proposer() {
    for behaviour in [Behaviour::FixTooFew, Behaviour::FixForgedApproval] {
        for (t, n) in [(2, 3), (3, 4)] {
            let report = with_liar(t, n, 0, behaviour);
            for device in 1..n {
                assert_eq!(report.blamed_by(device), [p(1)], "{behaviour:?}");
                assert!(!is_signed(report.only_session(device)));
            }
        }
    }
}

/// Approvals of something else approve nothing, and stop nobody who agrees.
#[test]
fn approvals_of_something_else_do_not_count_and_do_not_veto() {
    for behaviour in [
        Behaviour::ApproveSomethingElse,
        Behaviour::ApproveUnderOtherPolicy,
        Behaviour::ApproveWithoutCommitments,
    ] {
        let report = with_liar(2, 3, 2, behaviour);
        assert!((0..2).all(|device| is_signed(report.only_session(device))), "{behaviour:?}");
        let report = with_liar(3, 3, 2, behaviour);
        assert!((0..2).all(|device| !is_signed(report.only_session(device))), "{behaviour:?}");
    }
}

/// Nobody is needed to publish the result: whoever has the shares adds them up, garbage convinces nobody.
#[test]
fn b13_published_garbage_is_ignored_and_everybody_aggregates() {
    for liar in 0..3 {
        let report = with_liar(3, 3, liar, Behaviour::PublishGarbage);
        assert!((0..3).all(|device| is_signed(report.only_session(device))));
        assert!((0..3).all(|device| report.blamed_by(device).is_empty()));
    }
}

#[test]
fn b13_a_share_kept_from_one_member_does_not_keep_the_signature_from_it() {
    for liar in 0..3 {
        let report = with_liar(3, 3, liar, Behaviour::WithholdShare(Audience::One));
        assert!((0..3).all(|device| is_signed(report.only_session(device))), "liar {liar}");
    }
}

#[test]
fn b13_a_package_kept_from_one_member_does_not_keep_the_signature_from_it() {
    // Three of four sign without the victim, who gets the result from them.
    let mut plan =
        Plan::signature(9, 2, KeyPurpose::Ed25519, &[Answer::Approve, Answer::Ignore, Answer::Approve]);
    plan.liars = vec![(0, Behaviour::WithholdPackage(Audience::One))];
    let report = Simulation::check(&plan);
    assert!((0..3).all(|device| is_signed(report.only_session(device))));
}

/// Whoever keeps its share to itself is named when time is up, not blamed.
#[test]
fn b20_missing_shares_and_packages_end_at_their_deadlines() {
    let report = with_liar(3, 3, 1, Behaviour::WithholdShare(Audience::All));
    for device in [0, 2] {
        let expected = Failure::TimedOut { missing: vec![p(2)] };
        assert_eq!(*report.only_session(device), SessionEnd::Failed(expected));
    }
    let report = with_liar(2, 3, 0, Behaviour::WithholdPackage(Audience::All));
    for device in [1, 2] {
        let expected = Failure::Expired { missing: vec![p(1)] };
        assert_eq!(*report.only_session(device), SessionEnd::Failed(expected));
        assert!(report.blamed_by(device).is_empty());
    }
}

#[test]
fn b16_taking_an_approval_back_after_the_share_is_out_changes_nothing_for_who_has_it() {
    let report = with_liar(2, 3, 1, Behaviour::WithdrawLate);
    assert!(is_signed(report.only_session(0)));
    assert!((0..3).all(|device| report.blamed_by(device).is_empty()));
}

/// Many sessions of one key at once: each ends by itself, each nonce is used once (the watch sees to it).
#[test]
fn b14_sessions_at_the_same_time_do_not_touch_each_other() {
    let mut plan = everybody_approves(30, 2, 3, KeyPurpose::Ed25519);
    let first = plan.requests[0].clone();
    plan.requests = (0..256_usize)
        .map(|number| {
            let mut request = first.clone();
            request.at = 100 + (number as u64 % 7);
            request.proposer = number % 3;
            if number % 5 == 4 {
                request.answers[(number + 1) % 3] = Answer::Refuse;
                request.answers[(number + 2) % 3] = Answer::Refuse;
            }
            request
        })
        .collect();
    let report = Simulation::check(&plan);
    for device in &report.devices {
        assert_eq!(device.sessions.len(), 256);
        let signed = device.sessions.values().filter(|end| is_signed(end)).count();
        let refused = |end: &&SessionEnd| matches!(end, SessionEnd::Failed(Failure::Refused { .. }));
        assert_eq!(signed, 256 - 51);
        assert_eq!(device.sessions.values().filter(refused).count(), 51);
    }
}

/// Where randomness stands still, two sessions still have different nonces: no commitment appears twice.
#[test]
fn c5_stuck_randomness_repeats_no_nonce() {
    let mut plan = everybody_approves(31, 2, 3, KeyPurpose::Bip340Secp256k1);
    plan.faults.stuck_entropy = 3;
    let first = plan.requests[0].clone();
    plan.requests =
        (0..12).map(|number| Request { messages: 2, proposer: number % 3, ..first.clone() }).collect();
    let report = Simulation::check(&plan);
    for device in 0..3 {
        assert!(report.devices[device].sessions.values().all(is_signed));
    }
    let mut frames: Vec<&[u8]> = report.sent.iter().map(|packet| packet.bytes.as_slice()).collect();
    frames.sort_unstable();
    let sent = frames.len();
    frames.dedup();
    // The same words to the same member give the same frame; other words never share its nonce.
    let nonce = |frame: &&[u8]| frame[25..49].to_vec();
    let nonces: std::collections::BTreeSet<_> = frames.iter().map(nonce).collect();
    assert_eq!(nonces.len(), frames.len(), "of {sent} frames");
}

/// A request that timed out is asked anew with new nonces, never with the old ones: the type has no second use, and the
/// watch sees every commitment.
#[test]
fn c4_asking_again_after_a_timeout_takes_new_nonces() {
    let mut plan = everybody_approves(32, 3, 3, KeyPurpose::Ed25519);
    plan.requests[0].answers[2] = Answer::Ignore;
    plan.requests[0].patience = 3_000;
    let again =
        Request { at: 10_000, messages: 2, answers: vec![Answer::Approve; 3], ..plan.requests[0].clone() };
    plan.requests.push(again);
    let report = Simulation::check(&plan);
    for device in &report.devices {
        let signed = device.sessions.values().filter(|end| is_signed(end)).count();
        assert_eq!((device.sessions.len(), signed), (2, 1));
    }
}
