//! What honest members get.

use std::collections::BTreeSet;

use quorate_primitives::encoding::body_bytes;
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::KeyShare;
use quorate_threshold::dkg::{Fault, Messages, Outcome, Participant, Terms, VERSION};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1, lagrange_at_zero};

use super::harness::{Ceremony, Run, only, p, subsets, terms};
use super::puppet::{Puppet, on_curve, open};

/// Returns all signer sets of this size.
fn signer_sets(n: u16, size: u16) -> Vec<Vec<ParticipantId>> {
    let sets = subsets(n, &[]).into_iter().filter(|set| set.len() == usize::from(size));
    sets.map(|set| set.into_iter().map(p).collect()).collect()
}

/// Returns the point that a set of shares interpolates to at zero.
fn interpolate(shares: &[&KeyShare], signers: &[ParticipantId]) -> Vec<u8> {
    on_curve!(shares[0].public.purpose, C => {
        let term = |id: &ParticipantId| {
            let share = C::scalar_from_bytes(shares[id.position()].signing_share.expose()).unwrap();
            share * lagrange_at_zero::<C>(signers.iter().copied(), *id).unwrap()
        };
        let secret = signers.iter().map(term).reduce(|sum, term| sum + term).unwrap();
        C::point_to_bytes(&C::mul_base(&secret)).unwrap()
    })
}

fn mul_base(purpose: KeyPurpose, scalar: &[u8; 32]) -> Vec<u8> {
    on_curve!(purpose, C => C::point_to_bytes(&C::mul_base(&C::scalar_from_bytes(scalar).unwrap())).unwrap())
}

/// Checks what every honest ceremony must give; `sets` are the signer sets to interpolate.
fn check(run: &Run, terms: &Terms, sets: &[Vec<ParticipantId>]) {
    let outcomes = run.outcomes();
    assert_eq!(outcomes.len(), usize::from(terms.threshold.max_signers()));
    assert!(
        outcomes.iter().all(|o| o.statement == outcomes[0].statement && o.session == outcomes[0].session)
    );
    for (index, purpose) in terms.purposes.iter().enumerate() {
        let shares: Vec<&KeyShare> = outcomes.iter().map(|outcome| &outcome.shares[index]).collect();
        let public = &shares[0].public;
        assert_eq!((public.purpose, public.threshold), (*purpose, terms.threshold));
        for (id, share) in terms.threshold.participants().zip(&shares) {
            assert_eq!((&share.public, share.participant), (public, id));
            let verifying_share = mul_base(*purpose, share.signing_share.expose());
            assert_eq!(public.verifying_share(id), Some(verifying_share.as_slice()), "X_j = x_j·G");
        }
        for signers in sets {
            assert_eq!(interpolate(&shares, signers), public.group_key, "X = x·G from {signers:?}");
        }
    }
}

#[test]
fn every_signer_set_of_a_small_group_holds_the_same_key() {
    for (seed, (t, n)) in [(2, 2), (2, 3), (3, 3), (2, 4), (3, 5), (5, 5)].into_iter().enumerate() {
        let terms = terms(t, n);
        let run = Ceremony::new(t, n, seed as u64).run();
        check(&run, &terms, &signer_sets(n, t));
        let shares: Vec<_> = run.outcomes().iter().map(|outcome| &outcome.shares[0]).collect();
        for signers in signer_sets(n, t - 1) {
            assert_ne!(interpolate(&shares, &signers), shares[0].public.group_key, "t − 1 are too few");
        }
    }
}

#[test]
fn thirty_three_of_sixty_four_make_keys() {
    let terms = terms(33, 64);
    let run = Ceremony::new(33, 64, 64).run();
    let all: Vec<_> = terms.threshold.participants().collect();
    check(&run, &terms, &[all[..33].to_vec(), all[31..].to_vec()]);
}

/// The puppet is a second implementation, written from the document: the two understand each other.
#[test]
fn an_independent_implementation_of_the_document_takes_part() {
    for puppet in 1..=3 {
        let run = Ceremony::new(2, 3, 7).puppet(puppet, |_| {}).run();
        let outcomes = run.outcomes();
        assert_eq!(outcomes.len(), 2);
        assert_eq!(outcomes[0].statement, outcomes[1].statement);
        assert_eq!(outcomes[0].shares[2].public, outcomes[1].shares[2].public);
    }
}

#[test]
fn messages_are_as_long_as_the_document_says() {
    for (t, n) in [(2, 3), (3, 5), (33, 34)] {
        let world = Ceremony::new(t, n, 14).run().world;
        // Without the tag of the test's own enum.
        let len = |flight| body_bytes(world.get(flight, 1, 2)).len() - 1;
        let expected = [85 + 32 * (usize::from(n) - 1), 32, 321 + 110 * usize::from(t), 32, 180];
        assert_eq!([0, 1, 2, 3, 4].map(len), expected, "{t}-of-{n}");
    }
}

#[test]
fn keys_of_one_ceremony_have_nothing_in_common() {
    let run = Ceremony::new(2, 3, 8).run();
    let outcomes = run.outcomes();
    let mut seen = BTreeSet::new();
    for share in &outcomes[0].shares {
        assert!(seen.insert(share.public.chain_code.to_vec()));
        assert!(seen.insert(share.signing_share.expose().to_vec()));
        assert!(seen.insert(share.public.group_key.clone()));
        // Equal on both curves, secp256k1 keys would differ in one byte at most.
        assert!(seen.insert(share.public.group_key.iter().rev().take(31).copied().collect()));
    }
    for dealing in (2..=3).map(|dealer| run.world.dealing(dealer, 1)) {
        for key in &dealing.keys {
            assert!(seen.insert(key.proof.commitment.clone()), "a nonce of its own");
            assert!(key.coefficients.iter().all(|c| seen.insert(c.clone())), "a polynomial of its own");
        }
    }
}

#[test]
fn one_purpose_alone_makes_one_key() {
    for purpose in KeyPurpose::ALL {
        let terms = Terms::new([1; 32], Threshold::new(2, 3).unwrap(), &[purpose], 4);
        let ceremony = (1..=3).fold(Ceremony::new(2, 3, 9), |c, member| c.terms(member, terms.clone()));
        check(&ceremony.run(), &terms, &signer_sets(3, 2));
    }
}

fn outcome_bytes(outcome: &Outcome) -> Vec<u8> {
    [body_bytes(&outcome.shares), outcome.session.to_vec(), outcome.statement.to_vec()].concat()
}

#[test]
fn replay_from_the_seeds_gives_the_same_bytes() {
    let (one, two) = (Ceremony::new(3, 5, 10).run(), Ceremony::new(3, 5, 10).run());
    assert_eq!(one.world, two.world);
    for (one, two) in one.outcomes().into_iter().zip(two.outcomes()) {
        assert_eq!(outcome_bytes(one), outcome_bytes(two));
    }
    let other = Ceremony::new(3, 5, 11).run();
    assert_ne!(other.outcomes()[0].statement, one.outcomes()[0].statement);
}

/// A member that starts again with the same seed among others, or for other terms, must not prove two
/// statements with one nonce: that would give its secret away.
#[test]
fn c5_a_replayed_seed_never_meets_two_challenges_with_one_nonce() {
    let other_terms = Terms { epoch: 1, ..terms(2, 3) };
    let ceremonies = [
        Ceremony::new(2, 3, 12),
        Ceremony::new(2, 3, 12).reseed(2, 99),
        Ceremony::new(2, 3, 12).reseed(3, 98),
        (1..=3).fold(Ceremony::new(2, 3, 12), |c, member| c.terms(member, other_terms.clone())),
    ];
    let mut seen = BTreeSet::new();
    for run in ceremonies.map(Ceremony::run) {
        let dealing = run.world.dealing(1, 2);
        assert!(seen.insert(dealing.blind.to_vec()));
        assert!(seen.insert(dealing.chain_code_hash.to_vec()));
        for key in &dealing.keys {
            assert!(seen.insert(key.proof.commitment.clone()), "one nonce twice");
            assert!(seen.insert(key.coefficients[0].clone()), "one secret twice");
        }
        for to in 2..=3 {
            let sealed = only!(run.world.get(4, 1, to), Shares);
            assert!(seen.insert(sealed.dealer_key.to_vec()), "one sealing key twice");
        }
    }
}

#[test]
fn terms_without_sense_are_refused_before_the_first_word() {
    let seed = || Secret::new([1; 32]);
    let good = terms(2, 3);
    let refused = |terms: Terms, me: u16| {
        let refused = Participant::new(terms, p(me), seed()).map(drop);
        assert!(matches!(refused, Err(Fault::Misuse(_))), "{refused:?}");
    };
    refused(good.clone(), 4);
    refused(Terms { purposes: Vec::new(), ..good }, 1);
    refused(Terms { purposes: vec![KeyPurpose::Ed25519, KeyPurpose::EcdsaSecp256k1], ..good }, 1);
    refused(Terms { purposes: vec![KeyPurpose::Ed25519; 2], ..good }, 1);
    refused(Terms { version: VERSION + 1, ..good.clone() }, 1);
    assert!(Participant::new(good, p(1), seed()).is_ok());
}

#[test]
fn secrets_are_not_printed() {
    let run = Ceremony::new(2, 2, 13).run();
    let outcome = run.outcomes()[0];
    let printed = format!("{outcome:?}");
    assert!(printed.contains("signing_share: <redacted>"), "{printed}");
    for share in &outcome.shares {
        assert!(!printed.contains(&format!("{:?}", share.signing_share.expose())));
    }
    let participant = Participant::new(terms(2, 2), p(1), Secret::new([0x5a; 32])).unwrap();
    assert!(format!("{participant:?}").contains("seed: <redacted>"));
    let (round, _) = participant.announce();
    assert!(format!("{round:?}").contains("seed: <redacted>"));
    let none = Messages::new();
    assert!(matches!(round.finish(none), Err(Fault::Misuse(_))));
}

/// What a dealer tells one member stands in no message in clear, in whichever flight and to whomever; the search finds
/// what is public.
#[test]
fn k29_no_message_of_a_ceremony_holds_a_share_in_clear() {
    let seed = 90;
    let run = Ceremony::new(2, 3, seed).puppet(3, |_| {}).run();
    let puppet = Puppet::new(p(3), terms(2, 3), seed);
    let wire: Vec<Vec<u8>> = run.world.0.values().map(|message| borsh::to_vec(message).unwrap()).collect();
    let holds =
        |wanted: &[u8]| wire.iter().any(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted));
    let mut secrets = 0;
    for dealer in [1, 2] {
        let secret = puppet.ephemeral_secret(p(dealer)).to_bytes();
        let opened = open(&run.world, p(dealer), p(3), &secret).unwrap();
        for share in opened.chunks_exact(32) {
            assert!(!holds(share) && !holds(hex::encode(share).as_bytes()), "of dealer {dealer}");
            let backwards: Vec<u8> = share.iter().rev().copied().collect();
            assert!(!holds(&backwards), "of dealer {dealer}");
            secrets += 1;
        }
        let sealed = only!(run.world.get(4, dealer, 3), Shares);
        assert!(holds(&sealed.ciphertext) && holds(&run.world.dealing(dealer, 3).keys[0].coefficients[0]));
    }
    assert_eq!(secrets, 2 * (3 + 1));
}
