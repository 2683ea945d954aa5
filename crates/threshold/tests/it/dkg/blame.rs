//! Wrong shares, false complaints, and silence.

use std::rc::Rc;

use quorate_primitives::Secret;
use quorate_threshold::dkg::{Complaint, Offence, SealedShares, Verdict};
use x25519_dalek::StaticSecret;

use super::harness::{Ceremony, End, Run, bytes, only, p, subsets, terms};
use super::puppet::{Puppet, open};

/// Ways in which a dealer's F4 can be wrong.
const WRONGS: [(&str, Offence); 5] = [
    ("share", Offence::Share),
    ("share of one key", Offence::Share),
    ("chain code", Offence::ChainCode),
    ("ciphertext", Offence::Ciphertext),
    ("length", Offence::Ciphertext),
];

fn spoil(puppet: &mut Puppet, victims: &[u16], wrong: &'static str) {
    let victims = victims.to_vec();
    puppet.amend_shares = Rc::new(move |to, fields| {
        if !victims.contains(&to.get()) {
            return;
        }
        // The lowest byte, of whichever end: still a scalar.
        match wrong {
            "share" => fields[..3].iter_mut().for_each(|share| share[15] ^= 1),
            "share of one key" => fields[1][15] ^= 1,
            "chain code" => fields[3][0] ^= 1,
            "length" => drop(fields.remove(0)),
            _ => {}
        }
    });
}

/// Runs `n` members with the puppet `dealer`, which wrongs `victims`.
fn wrong_to(n: u16, dealer: u16, victims: &[u16], wrong: &'static str) -> Run {
    Ceremony::new(2, n, 50)
        .puppet(dealer, |puppet| spoil(puppet, victims, wrong))
        .tamper(|flight, from, to, _, message| {
            if flight == 4 && from == p(dealer) && victims.contains(&to.get()) && wrong == "ciphertext" {
                let sealed = only!(message, Shares);
                *sealed.ciphertext.last_mut().unwrap() ^= 1;
            }
            true
        })
        .run()
}

#[test]
fn b5_wrong_shares_name_their_dealer_whoever_the_victims_are() {
    for n in 2..=5 {
        for dealer in 1..=n {
            for (index, victims) in subsets(n, &[dealer]).into_iter().enumerate() {
                // All kinds in small groups; in turn in larger ones.
                let wrongs = WRONGS.iter().enumerate().filter(|(kind, _)| n < 4 || kind % 5 == index % 5);
                for (_, (wrong, offence)) in wrongs {
                    let run = wrong_to(n, dealer, &victims, wrong);
                    let complaints = run.complaints();
                    assert!(complaints.keys().map(|id| id.get()).eq(victims.iter().copied()), "{victims:?}");
                    for (accuser, complaint) in complaints {
                        let expected = Verdict { culprit: p(dealer), offence: *offence };
                        assert_eq!(run.verdict(accuser, complaint), expected, "{wrong} to {victims:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn b5_false_complaints_name_their_accuser_whoever_it_is() {
    for n in 2..=5 {
        for accusers in subsets(n, &[]).into_iter().filter(|accusers| accusers.len() < usize::from(n)) {
            let run =
                accusers.iter().fold(Ceremony::new(2, n, 51), |c, accuser| c.puppet(*accuser, |_| {})).run();
            assert_eq!(run.outcomes().len(), usize::from(n) - accusers.len());
            for accuser in &accusers {
                let puppet = Puppet::new(p(*accuser), terms(2, n), 51);
                // About honest dealers, about itself, and about nobody.
                for dealer in (1..=64).filter(|dealer| dealer == accuser || !accusers.contains(dealer)) {
                    let others_secret = puppet.ephemeral_secret(p(dealer % n + 1)).to_bytes();
                    let complaints = [
                        puppet.complain(p(dealer)),
                        Complaint { dealer: p(dealer), opened_secret: Secret::new([0; 32]) },
                        Complaint { dealer: p(dealer), opened_secret: Secret::new([0xff; 32]) },
                        Complaint { dealer: p(dealer), opened_secret: Secret::new(others_secret) },
                    ];
                    for complaint in complaints {
                        let expected = Verdict { culprit: p(*accuser), offence: Offence::FalseComplaint };
                        assert_eq!(run.verdict(p(*accuser), &complaint), expected, "about {dealer}");
                    }
                }
            }
        }
    }
}

/// A wrong dealer and a false accuser in one ceremony: each is named for what it did.
#[test]
fn b5_a_wrong_dealer_does_not_excuse_a_false_accuser() {
    for (dealer, accuser) in [(1, 2), (2, 1), (4, 3), (5, 1)] {
        for victims in subsets(5, &[dealer, accuser]) {
            let run = Ceremony::new(3, 5, 52)
                .puppet(dealer, |puppet| spoil(puppet, &victims, "share"))
                .puppet(accuser, |_| {})
                .run();
            for (victim, complaint) in run.complaints() {
                assert_eq!(run.verdict(victim, complaint).culprit, p(dealer));
            }
            let puppet = Puppet::new(p(accuser), terms(3, 5), 52);
            for honest in (1..=5).filter(|id| *id != dealer && *id != accuser) {
                let verdict = run.verdict(p(accuser), &puppet.complain(p(honest)));
                assert_eq!(verdict, Verdict { culprit: p(accuser), offence: Offence::FalseComplaint });
            }
        }
    }
}

/// X25519 ignores five bits of a secret; other spellings of the true one give the same verdict.
#[test]
fn b5_the_spelling_of_an_opened_secret_changes_no_verdict() {
    let run = wrong_to(3, 3, &[1], "share");
    let complaints = run.complaints();
    let secret = *complaints[&p(1)].opened_secret.expose();
    for (byte, mask) in [(0, 1), (0, 2), (0, 4), (31, 0x80), (31, 0x40)] {
        let mut spelled = secret;
        spelled[byte] ^= mask;
        let complaint = Complaint { dealer: p(3), opened_secret: Secret::new(spelled) };
        assert_eq!(run.verdict(p(1), &complaint), Verdict { culprit: p(3), offence: Offence::Share });
        let complaint = Complaint { dealer: p(2), opened_secret: Secret::new(spelled) };
        assert_eq!(run.verdict(p(1), &complaint).culprit, p(1));
    }
}

/// What a complaint opens is the disputed message, not even what the accuser dealt to the accused.
#[test]
fn b5_a_complaint_opens_one_message_only() {
    let run = wrong_to(4, 2, &[3], "share");
    let complaints = run.complaints();
    let secret = complaints[&p(3)].opened_secret.expose();
    let mut opened = Vec::new();
    for (flight, dealer, to) in run.world.0.keys().copied().filter(|(flight, _, _)| *flight == 4) {
        if open(&run.world, dealer, to, secret).is_some() {
            opened.push((flight, dealer.get(), to.get()));
        }
    }
    assert_eq!(opened, [(4, 2, 3)]);
}

#[test]
fn b16_who_is_not_told_everything_has_no_keys() {
    for flight in 0..=4 {
        for victims in subsets(4, &[4]) {
            let run = Ceremony::new(2, 4, 53)
                .puppet(4, |_| {})
                .tamper(|f, from, to, _, _| (f, from) != (flight, p(4)) || !victims.contains(&to.get()))
                .run();
            for victim in &victims {
                assert!(matches!(run.ends[&p(*victim)], End::Waiting), "flight {flight}: {:?}", run.ends);
            }
            if flight < 4 {
                run.assert_no_keys();
            }
        }
    }
}

/// Before its own F4 is out, a puppet has seen no share of anybody: nothing was sealed to it.
#[test]
fn b16_nothing_is_sealed_to_a_member_that_did_not_echo() {
    let run =
        Ceremony::new(2, 3, 54).puppet(3, |_| {}).tamper(|f, from, _, _, _| (f, from) != (3, p(3))).run();
    run.assert_no_keys();
    assert!(run.world.0.keys().all(|(flight, _, _)| *flight < 4));
}

#[test]
fn b18_different_chain_code_parts_name_their_dealer() {
    for n in 2..=4 {
        for victims in subsets(n, &[n]) {
            let run = wrong_to(n, n, &victims, "chain code");
            for (accuser, complaint) in run.complaints() {
                let expected = Verdict { culprit: p(n), offence: Offence::ChainCode };
                assert_eq!(run.verdict(accuser, complaint), expected);
            }
            for victim in &victims {
                assert!(matches!(run.ends[&p(*victim)], End::Complaint(_)));
            }
        }
    }
}

/// Members with one transcript have one chain code per key, and no two keys share it.
#[test]
fn b18_the_statement_covers_the_chain_codes() {
    let run = Ceremony::new(2, 3, 55).puppet(3, |_| {}).run();
    let other = Ceremony::new(2, 3, 55).puppet(3, |puppet| puppet.chain_code_part = bytes(1, "x")).run();
    let (ours, theirs) = (run.outcomes(), other.outcomes());
    for index in 0..3 {
        assert_eq!(ours[0].shares[index].public, ours[1].shares[index].public);
        assert_ne!(ours[0].shares[index].public.chain_code, theirs[0].shares[index].public.chain_code);
    }
    assert_eq!(ours[0].statement, ours[1].statement);
    assert_ne!(ours[0].statement, theirs[0].statement);
}

#[test]
fn b5_an_opened_secret_of_nobody_is_a_false_complaint() {
    let run = Ceremony::new(2, 3, 56).run();
    let sealed = SealedShares { dealer_key: [9; 32], ciphertext: vec![0; 144] };
    let stranger =
        Complaint { dealer: p(2), opened_secret: Secret::new(StaticSecret::from([7; 32]).to_bytes()) };
    for judge in run.dealings.values() {
        assert_eq!(judge.judge(p(1), &stranger, &sealed).culprit, p(1));
        assert_eq!(judge.judge(p(9), &stranger, &sealed).culprit, p(9));
    }
}
