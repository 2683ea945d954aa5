//! The ECDSA key: pairs, presignatures and signatures, and members that do not follow their protocols.

use quorate_dkls::{Fault, Offence};
use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_session::presigning;
use quorate_session::signing::{Blame, Failure};
use quorate_testkit::byzantine::Audience;
use quorate_testkit::device::Told;
use quorate_testkit::group::{p, subsets};
use quorate_testkit::plan::RECOVERY;
use quorate_testkit::{Answer, Behaviour, PairEnd, Plan, Report, Request, SessionEnd, Simulation, Start};

fn everybody_approves(seed: u64, t: u16, n: usize) -> Plan {
    let mut plan = Plan::signature(seed, t, KeyPurpose::EcdsaSecp256k1, &vec![Answer::Approve; n]);
    plan.start = Start::Pairs;
    plan
}

/// The same request again, later, by somebody.
fn and_again(plan: &mut Plan, at: u64, proposer: usize) {
    let again = Request { at, proposer, ..plan.requests[0].clone() };
    plan.requests.push(again);
}

fn run(plan: &Plan, liar: usize) -> Report {
    let report = Simulation::check(plan);
    assert!(report.devices[liar].lies > 0, "{:?} never happened", plan.liars);
    report
}

fn is_signed(end: &SessionEnd) -> bool {
    matches!(end, SessionEnd::Signed(_))
}

fn participants(devices: &[usize]) -> Vec<ParticipantId> {
    devices.iter().map(|device| p(u16::try_from(*device).unwrap() + 1)).collect()
}

/// Why batches of presignatures came to nothing at a device.
fn presigning_failures(report: &Report, device: usize) -> Vec<presigning::Failure> {
    let told = report.devices[device].told.iter();
    told.filter_map(
        |(_, told)| if let Told::Presigning(failure) = told { Some(failure.clone()) } else { None },
    )
    .collect()
}

fn signed_of(report: &Report, device: usize) -> usize {
    report.devices[device].sessions.values().filter(|end| is_signed(end)).count()
}

#[test]
fn any_enough_members_sign_with_presignatures_made_on_demand_or_ahead() {
    for (t, n) in [(2, 2), (2, 3), (3, 3), (3, 4)] {
        for ahead in [0, 2] {
            let mut plan = everybody_approves(60, t, n);
            plan.ahead = ahead;
            plan.requests[0].messages = 2;
            plan.requests[0].at = 2_000;
            and_again(&mut plan, 5_000, n - 1);
            let report = Simulation::check(&plan);
            for device in 0..n {
                assert_eq!(signed_of(&report, device), 2, "{t}-of-{n}, {ahead} ahead");
                assert_eq!(report.devices[device].presignatures > 0, ahead > 0);
            }
        }
    }
}

#[test]
fn pairs_are_set_up_after_the_ceremony_and_then_sign() {
    let mut plan = everybody_approves(61, 2, 3);
    plan.start = Start::Roster;
    let report = Simulation::check(&plan);
    for device in &report.devices {
        assert!(device.pairs.values().all(|end| matches!(end, PairEnd::Ready(_))) && device.pairs.len() == 2);
        assert!(device.sessions.values().all(is_signed) && device.sessions.len() == 1);
    }
}

/// Every set of signers that sends wrong shares is named exactly, by every honest signer, and by nobody else.
#[test]
fn b12_every_subset_of_wrong_ecdsa_shares_is_attributed_exactly() {
    for n in 2..=4_usize {
        let all: Vec<usize> = (0..n).collect();
        for wrong in (1..n).flat_map(|count| subsets(&all, count)) {
            let mut plan = everybody_approves(62, u16::try_from(n).unwrap(), n);
            plan.liars = wrong.iter().map(|device| (*device, Behaviour::SignWrongly)).collect();
            let report = run(&plan, wrong[0]);
            for device in all.iter().filter(|device| !wrong.contains(device)) {
                assert_eq!(report.blamed_by(*device), participants(&wrong), "{wrong:?} of {n}");
                let SessionEnd::Failed(Failure::Misbehaved { blame, .. }) = report.only_session(*device)
                else {
                    panic!("nobody is blamed: {:?}", report.only_session(*device));
                };
                assert_eq!(*blame, Blame::WrongShare);
            }
        }
    }
}

#[test]
fn b12_whoever_does_not_sign_blames_nobody_for_shares_it_can_not_judge() {
    for liar in 0..3 {
        let mut plan = everybody_approves(63, 2, 3);
        plan.requests[0].answers = vec![Answer::Approve, Answer::Approve, Answer::Ignore];
        plan.liars = vec![(liar, Behaviour::SignWrongly)];
        let report = Simulation::check(&plan);
        assert!(report.blamed_by(2).is_empty());
        for signer in [0, 1].into_iter().filter(|signer| *signer != liar && liar < 2) {
            assert_eq!(report.blamed_by(signer), participants(&[liar]));
        }
    }
}

#[test]
fn b12_ecdsa_shares_that_are_none_name_their_signer() {
    for behaviour in [Behaviour::SignOutOfRange, Behaviour::SignAnotherPackage, Behaviour::InventPackage] {
        let mut plan = everybody_approves(64, 3, 3);
        plan.liars = vec![(1, behaviour)];
        let report = run(&plan, 1);
        for device in [0, 2] {
            assert_eq!(report.blamed_by(device), [p(2)], "{behaviour:?}");
        }
    }
}

/// Two commitments, each opened as it was made: the transcripts differ, the batch is dropped everywhere, nobody is
/// named by what can not be proven, and nobody signs with it.
#[test]
fn b6_two_commitments_of_one_member_leave_no_presignature() {
    for liar in 0..3 {
        let mut plan = everybody_approves(65, 3, 3);
        plan.liars = vec![(liar, Behaviour::CommitTwice)];
        let report = run(&plan, liar);
        for device in (0..3).filter(|device| *device != liar) {
            assert!(!is_signed(report.only_session(device)));
            assert!(report.blamed_by(device).is_empty());
            assert!(!presigning_failures(&report, device).is_empty());
            assert_eq!(report.devices[device].presignatures, 0);
        }
        let split = |device: usize| presigning_failures(&report, device).iter().any(is_split);
        assert!((0..3).any(split), "somebody saw that the views differ");
    }
}

fn is_split(failure: &presigning::Failure) -> bool {
    matches!(failure, presigning::Failure::Fault(Fault::Retry(_)))
}

/// Two packages of one request: the watch sees to it that no presignature makes two shares, and whoever is named is
/// the proposer.
#[test]
fn k14_b6_two_packages_of_one_request_use_each_presignature_once() {
    for (t, n) in [(2, 3), (2, 4), (3, 4)] {
        let mut plan = everybody_approves(75, t, n);
        plan.liars = vec![(0, Behaviour::FixTwoPackages)];
        and_again(&mut plan, 20_000, 1);
        let report = run(&plan, 0);
        for device in 1..n {
            let blamed = report.blamed_by(device);
            assert!(blamed.is_empty() || blamed == [p(1)], "{t}-of-{n}: {blamed:?}");
        }
    }
}

/// Nobody is needed to publish the result: whoever has the shares adds them up, garbage convinces nobody.
#[test]
fn b13_published_garbage_and_withheld_shares_do_not_keep_an_ecdsa_signature() {
    for behaviour in [
        Behaviour::PublishGarbage,
        Behaviour::WithholdShare(Audience::One),
        Behaviour::WithholdPackage(Audience::One),
    ] {
        for liar in 0..3 {
            let mut plan = everybody_approves(76, 3, 3);
            plan.liars = vec![(liar, behaviour)];
            let report = Simulation::check(&plan);
            assert!((0..3).all(|device| report.blamed_by(device).is_empty()), "{behaviour:?} of {liar}");
            let never = matches!(behaviour, Behaviour::WithholdPackage(_)) && liar == 0;
            if !never {
                assert!(
                    (0..3).all(|device| is_signed(report.only_session(device))),
                    "{behaviour:?} of {liar}"
                );
            }
        }
    }
}

/// A request that timed out is asked anew with other presignatures: the watch sees every burn.
#[test]
fn k14_c4_asking_again_after_a_timeout_takes_other_presignatures() {
    for ahead in [0, 2] {
        let mut plan = everybody_approves(77, 3, 3);
        plan.ahead = ahead;
        plan.requests[0].answers[2] = Answer::Ignore;
        plan.requests[0].patience = 3_000;
        let again = Request { at: 10_000, answers: vec![Answer::Approve; 3], ..plan.requests[0].clone() };
        plan.requests.push(again);
        let report = Simulation::check(&plan);
        for device in 0..3 {
            assert_eq!((report.devices[device].sessions.len(), signed_of(&report, device)), (2, 1));
        }
    }
}

/// An honest member that restarts in the middle does the same, so it is no proof.
#[test]
fn k18_points_that_were_not_committed_to_are_refused_and_nobody_is_named() {
    for (t, n) in [(2, 3), (3, 3)] {
        let mut plan = everybody_approves(66, t, n);
        plan.liars = vec![(1, Behaviour::OpenWrongly(Audience::All))];
        let report = run(&plan, 1);
        assert!(report.blamed_by(0).is_empty());
        let failure = presigning::Failure::Unproven { peer: p(2), offence: Offence::Opening };
        assert!(presigning_failures(&report, 0).contains(&failure));
        assert_eq!(
            is_signed(report.only_session(0)),
            usize::from(t) < n,
            "others sign it, if there are enough"
        );
    }
}

/// The watch sees to it that the ban is durable before the device says anything; here, that it happens and stays.
#[test]
fn k10_a_bad_extension_bans_the_pair_at_the_honest_side_and_nowhere_else() {
    for (t, n) in [(2, 2), (2, 3), (3, 4)] {
        let mut plan = everybody_approves(67, t, n);
        plan.liars = vec![(1, Behaviour::ExtendBadly)];
        and_again(&mut plan, 20_000, 0);
        let report = run(&plan, 1);
        assert_eq!(report.devices[0].pairs[&p(2)], PairEnd::Banned);
        assert!(report.blamed_by(0).is_empty());
        assert_eq!(
            signed_of(&report, 0),
            if usize::from(t) < n { 2 } else { 0 },
            "others sign it, if there are enough"
        );
        for device in 2..n {
            let honest = (0..n).filter(|other| *other != device && *other != 1);
            for peer in participants(&honest.collect::<Vec<_>>()) {
                assert!(matches!(report.devices[device].pairs[&peer], PairEnd::Ready(_)));
            }
        }
    }
}

#[test]
fn b9_others_hear_of_a_ban_which_pair_it_was_and_never_whose_fault() {
    let mut plan = everybody_approves(68, 3, 3);
    plan.liars = vec![(1, Behaviour::ExtendBadly)];
    let report = run(&plan, 1);
    // Both honest signers check the liar's extensions themselves, so each may have ended it first.
    for device in [0, 2] {
        let failures = presigning_failures(&report, device);
        let fits = |failure: &presigning::Failure| match failure {
            presigning::Failure::Fault(Fault::Ban(tombstones)) => {
                tombstones.iter().all(|one| one.pair().peer_of(p(2)).is_some())
            }
            presigning::Failure::Ended { by, pair: Some(pair) } => pair.peer_of(*by) == Some(p(2)),
            _ => false,
        };
        assert!(!failures.is_empty() && failures.iter().all(fits), "{failures:?}");
    }
}

/// A crash at every effect of the honest side: once the second request has ended, the pair is banned, whatever the
/// first life got done, and the watch has seen nothing leave before the ban.
#[test]
fn k10_a_ban_survives_a_crash_at_every_effect() {
    let mut plan = everybody_approves(69, 2, 2);
    plan.liars = vec![(1, Behaviour::ExtendBadly)];
    plan.heal_at = 10_000;
    let later = plan.heal_at + RECOVERY;
    and_again(&mut plan, later, 0);
    plan.end_at = plan.heal_at + 4 * RECOVERY;
    let points = run(&plan, 1).devices[0].points;
    let mut crashes = 0;
    for point in 0..points {
        plan.crash_at = vec![(0, point)];
        plan.faults.lose_unsynced = point % 2 == 0;
        let report = Simulation::check(&plan);
        crashes += report.devices[0].crashes;
        assert_eq!(report.devices[0].pairs[&p(2)], PairEnd::Banned, "crash at {point}");
        assert_eq!(signed_of(&report, 0), 0);
    }
    assert!(crashes > 10, "{crashes}");
}

/// The session is dead, the pair is not: the next request signs, if the liar lets it.
#[test]
fn b9_a_garbage_multiplication_ends_the_session_and_keeps_the_pair() {
    let mut plan = everybody_approves(70, 3, 3);
    plan.liars = vec![(1, Behaviour::MultiplyGarbage)];
    let report = run(&plan, 1);
    for device in [0, 2] {
        assert!(matches!(report.devices[device].pairs[&p(2)], PairEnd::Ready(_)));
        assert!(report.blamed_by(device).is_empty());
        assert!(!is_signed(report.only_session(device)));
        let tells_a_pair = |failure: &presigning::Failure| match failure {
            presigning::Failure::Unproven { peer, .. } => *peer == p(2),
            presigning::Failure::Ended { by, pair: Some(pair) } => pair.peer_of(*by) == Some(p(2)),
            _ => false,
        };
        let failures = presigning_failures(&report, device);
        assert!(!failures.is_empty() && failures.iter().all(tells_a_pair), "{failures:?}");
    }
}

/// No share leaves for presignatures that the proposer may not name: the watch looks at every burn.
#[test]
fn k14_b6_b17_presignatures_that_are_unknown_foreign_or_used_release_no_share() {
    for behaviour in [
        Behaviour::NameUnknownPresignatures,
        Behaviour::NameForeignPresignatures,
        Behaviour::NameUsedPresignatures,
    ] {
        for (t, n) in [(2, 2), (3, 3)] {
            let mut plan = everybody_approves(71, t, n);
            plan.ahead = 2;
            plan.requests[0].at = 6_000;
            plan.liars = vec![(0, behaviour)];
            and_again(&mut plan, 10_000, 0);
            let report = run(&plan, 0);
            let is_used = behaviour == Behaviour::NameUsedPresignatures;
            for device in 1..n {
                assert_eq!(signed_of(&report, device), usize::from(is_used), "{behaviour:?}");
                let ends: Vec<_> = report.devices[device].sessions.values().collect();
                let is_withdrawn =
                    |end: &&&SessionEnd| matches!(end, SessionEnd::Failed(Failure::Withdrawn { .. }));
                assert!(ends.iter().any(|end| is_withdrawn(&end)), "{ends:?}");
            }
        }
    }
}

#[test]
fn k26_b7_words_of_earlier_sessions_are_ignored_and_nobody_is_named() {
    for liar in 0..3 {
        let mut plan = everybody_approves(72, 3, 3);
        plan.liars = vec![(liar, Behaviour::RepeatEarlierSessions)];
        and_again(&mut plan, 5_000, 0);
        and_again(&mut plan, 10_000, 1);
        let report = run(&plan, liar);
        for device in 0..3 {
            assert_eq!(signed_of(&report, device), 3);
            assert!(report.blamed_by(device).is_empty() && presigning_failures(&report, device).is_empty());
        }
    }
}

/// The same words under the header of this session end it without any result, and without a ban: they may be ours.
#[test]
fn k26_words_of_an_earlier_session_in_this_one_end_it_and_ban_nobody() {
    for liar in 0..3 {
        let mut plan = everybody_approves(73, 3, 3);
        plan.liars = vec![(liar, Behaviour::ReuseEarlierMessages)];
        and_again(&mut plan, 5_000, 0);
        let report = run(&plan, liar);
        for device in (0..3).filter(|device| *device != liar) {
            assert_eq!(signed_of(&report, device), 1);
            assert!(report.blamed_by(device).is_empty());
            assert!(report.devices[device].pairs.values().all(|end| matches!(end, PairEnd::Ready(_))));
            assert!(!presigning_failures(&report, device).is_empty());
        }
    }
}

/// Every crash of one device around an ECDSA signature: no presignature is used twice, and the late signature succeeds.
#[test]
fn k14_c1_a_crash_at_every_effect_of_an_ecdsa_signature() {
    let mut plan = everybody_approves(74, 2, 3);
    plan.heal_at = 20_000;
    plan.end_at = plan.heal_at + 4 * RECOVERY;
    let later = plan.heal_at + RECOVERY;
    and_again(&mut plan, later, 0);
    let calm = Simulation::check(&plan);
    let mut crashes = 0;
    for device in 0..3 {
        for point in 0..calm.devices[device].points {
            let mut plan = plan.clone();
            plan.crash_at = vec![(device, point)];
            plan.faults.lose_unsynced = point % 2 == 0;
            crashes += Simulation::check(&plan).devices[device].crashes;
        }
    }
    println!("crash points of an ECDSA signature: {crashes} runs");
    assert!(crashes >= 60, "{crashes}");
}

/// Each message gets a presignature of its own, made for it; nothing of the request is left.
#[test]
fn a_plain_request_is_signed_and_leaves_nothing() {
    for (t, n) in [(2, 2), (2, 3), (3, 3)] {
        let mut plan = everybody_approves(80, t, n);
        plan.requests[0].plain = true;
        plan.requests[0].messages = 3;
        let report = Simulation::check(&plan);
        for device in 0..n {
            assert!(is_signed(report.only_session(device)));
            assert_eq!(report.devices[device].presignatures, 0);
        }
    }
}

/// What was approved in plain mode is not signed with presignatures from the pool, whatever the proposer names.
#[test]
fn k16_a_plain_request_takes_no_presignature_from_the_pool() {
    for behaviour in [Behaviour::NameUnknownPresignatures, Behaviour::NameForeignPresignatures] {
        let mut plan = everybody_approves(81, 2, 2);
        plan.ahead = 2;
        plan.requests[0].at = 6_000;
        plan.requests[0].plain = true;
        plan.liars = vec![(0, behaviour)];
        let report = run(&plan, 0);
        assert!(!is_signed(report.only_session(1)), "{behaviour:?}");
    }
}
