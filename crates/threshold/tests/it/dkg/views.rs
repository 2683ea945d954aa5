//! Members who are told different things.

use quorate_primitives::{KeyPurpose, Threshold};
use quorate_threshold::dkg::{Broadcast, Fault, Offence, Term, Terms};

use super::harness::{Ceremony, End, Message, Run, only, p, subsets, terms};
use super::puppet::{Puppet, scalars};

/// Runs `n` members of whom the last is a puppet, which treats `victims` differently.
fn equivocate(n: u16, victims: &[u16], lie: impl Fn(u8, &mut Message, &dyn Fn(u8) -> Message)) -> Run {
    let seed = u64::from(n);
    let mut twin = Puppet::new(p(n), terms(2, n), seed);
    for (purpose, polynomial) in &mut twin.polynomials {
        *polynomial = scalars(*purpose, 2, seed + 77);
    }
    Ceremony::new(2, n, seed)
        .puppet(n, |_| {})
        .tamper(|flight, from, to, world, message| {
            if from == p(n) && victims.contains(&to.get()) {
                lie(flight, message, &|flight| twin.say(flight, to, world).unwrap());
            }
            true
        })
        .run()
}

/// Checks that everybody saw a split view of `broadcast`.
fn assert_split(run: &Run, broadcast: Broadcast) {
    for fault in run.faults() {
        assert!(matches!(fault, Fault::SplitView { broadcast: b, .. } if *b == broadcast), "{fault:?}");
    }
}

/// Returns all ways to treat some of the honest members differently from the others.
fn splits(n: u16) -> Vec<Vec<u16>> {
    subsets(n, &[n]).into_iter().filter(|victims| victims.len() < usize::from(n) - 1).collect()
}

/// Members with different announcements have different sessions, which the echo of F1 binds.
#[test]
fn k18_a3_equivocated_announcements_split_the_view_of_all_honest_members() {
    for n in 3..=5 {
        for victims in splits(n) {
            let run = equivocate(n, &victims, |flight, message, _| {
                if flight == 0 {
                    only!(message, Announcement).nonce[0] ^= 1;
                }
            });
            assert_split(&run, Broadcast::Commitments);
        }
    }
}

/// The puppet has two dealings, each with its commitment, and echoes to everybody what they want to hear.
#[test]
fn k18_a3_equivocated_commitments_split_the_view_of_all_honest_members() {
    for n in 3..=5 {
        for victims in splits(n) {
            let run = equivocate(n, &victims, |flight, message, twin| {
                if flight == 1 || flight == 2 {
                    *message = twin(flight);
                }
            });
            assert_split(&run, Broadcast::Commitments);
        }
    }
}

#[test]
fn k18_a3_equivocated_dealings_leave_nobody_with_keys() {
    for n in 3..=5 {
        for victims in splits(n) {
            let other_body = equivocate(n, &victims, |flight, message, twin| {
                if flight == 2 {
                    *message = twin(flight);
                }
            });
            let other_echo = equivocate(n, &victims, |_, message, _| {
                if let Message::Dealing(dealing) = message {
                    dealing.commitments_seen[31] ^= 1;
                }
            });
            let opening = Fault::Misbehaved { culprit: p(n), offence: Offence::Opening };
            let split = Fault::SplitView { witness: p(n), broadcast: Broadcast::Commitments };
            for (run, expected) in [(other_body, opening), (other_echo, split)] {
                run.assert_no_keys();
                for (id, end) in &run.ends {
                    match end {
                        End::Fault(fault) if victims.contains(&id.get()) => assert_eq!(*fault, expected),
                        End::Waiting if !victims.contains(&id.get()) => {}
                        other => panic!("{id}: {other:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a3_a_false_echo_of_dealings_keeps_every_secret_at_home() {
    for n in 3..=5 {
        for victims in subsets(n, &[n]) {
            let run = equivocate(n, &victims, |_, message, _| {
                if let Message::Echo(echo) = message {
                    echo.dealings_seen[0] ^= 1;
                }
            });
            run.assert_no_keys();
            for victim in &victims {
                let End::Fault(fault) = &run.ends[&p(*victim)] else { panic!("{:?}", run.ends) };
                assert_eq!(*fault, Fault::SplitView { witness: p(n), broadcast: Broadcast::Dealings });
                let sealed = run.world.0.keys().any(|(flight, from, _)| *flight == 4 && *from == p(*victim));
                assert!(!sealed, "{victim} sent shares");
            }
        }
    }
}

/// A corrupt member's echo says nothing about an honest one: two honest members with the same view agree.
#[test]
fn a3_two_of_two_with_a_lying_partner_end_without_blame_of_the_honest_one() {
    for (flight, broadcast) in [(2, Broadcast::Commitments), (3, Broadcast::Dealings)] {
        let run = equivocate(2, &[1], |at, message, _| match message {
            Message::Dealing(dealing) if at == flight => dealing.commitments_seen[0] ^= 1,
            Message::Echo(echo) if at == flight => echo.dealings_seen[0] ^= 1,
            _ => {}
        });
        assert_eq!(run.faults(), [&Fault::SplitView { witness: p(2), broadcast }]);
    }
}

#[test]
fn a8_other_terms_are_nobodys_fault_and_make_no_keys() {
    let ours = terms(2, 3);
    let threshold = |t, n| Threshold::new(t, n).unwrap();
    let others = [
        (Term::Version, Terms { version: 0, ..ours.clone() }),
        (Term::Version, Terms { version: ours.version + 1, ..ours.clone() }),
        (Term::Roster, Terms { roster: [0x53; 32], ..ours.clone() }),
        (Term::Threshold, Terms { threshold: threshold(3, 3), ..ours.clone() }),
        (Term::Threshold, Terms { threshold: threshold(2, 4), ..ours.clone() }),
        (Term::Threshold, Terms { threshold: threshold(2, 2), ..ours.clone() }),
        (Term::Purposes, Terms { purposes: vec![KeyPurpose::Ed25519], ..ours.clone() }),
        (Term::Purposes, Terms { purposes: Vec::new(), ..ours.clone() }),
        (Term::Purposes, Terms { purposes: KeyPurpose::ALL.into_iter().rev().collect(), ..ours.clone() }),
        (Term::Purposes, Terms { purposes: [KeyPurpose::ALL, KeyPurpose::ALL].concat(), ..ours.clone() }),
        (Term::Epoch, Terms { epoch: 1, ..ours }),
    ];
    for (what, other) in others {
        for member in 1..=3 {
            let run = Ceremony::new(2, 3, 30)
                .puppet(member, |puppet| puppet.announcement.terms = other.clone())
                .run();
            for fault in run.faults() {
                assert_eq!(*fault, Fault::TermsDiffer { participant: p(member), what }, "{other:?}");
            }
        }
    }
}

/// Two honest members with different settings each see that the other differs, and blame nobody.
#[test]
fn a8_honest_members_with_different_settings_do_not_blame_each_other() {
    let epoch = Terms { epoch: 9, ..terms(2, 3) };
    let run = Ceremony::new(2, 3, 31).terms(2, epoch).run();
    let differs = |participant| Fault::TermsDiffer { participant: p(participant), what: Term::Epoch };
    assert_eq!(run.faults(), [&differs(2), &differs(1), &differs(2)]);
    assert!(run.world.0.keys().all(|(flight, _, _)| *flight == 0));
}

/// A copied announcement makes another session, and gives the copier nothing to open shares with.
#[test]
fn k25_b11_a_copied_announcement_gains_nothing() {
    let run = Ceremony::new(2, 3, 32)
        .puppet(3, |_| {})
        .tamper(|flight, from, to, world, message| {
            if flight == 0 && from == p(3) {
                // P3 is last among the counterparties of both: what P1 announced, for P1 and P2 alike.
                *message = world.0.get(&(0, p(1), p(2))).unwrap_or(message).clone();
                assert_ne!(from, to);
            }
            true
        })
        .run();
    run.assert_blames_only(&[3]);
    let announced = only!(run.world.get(0, 3, 1), Announcement);
    assert_eq!(announced, only!(run.world.get(0, 1, 3), Announcement));
    let puppet = Puppet::new(p(3), terms(2, 3), 32);
    for dealer in [1, 2] {
        let secret = puppet.ephemeral_secret(p(dealer)).to_bytes();
        assert_eq!(super::puppet::open(&run.world, p(dealer), p(3), &secret), None);
    }
}
