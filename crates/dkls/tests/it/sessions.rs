//! What fixes a session, messages of other sessions, and randomness that stands still.

use std::collections::BTreeSet;

use quorate_dkls::presign::{self, SigningGroup, Terms};
use quorate_dkls::{Fault, Misuse, Offence};
use quorate_primitives::KeyPurpose;
use rand_chacha::rand_core::{CryptoRng, Error, RngCore};

use crate::support::{Group, deal, inboxes, multiply, p, rng};

/// A source that always says the same.
struct Stuck;

impl RngCore for Stuck {
    fn next_u32(&mut self) -> u32 {
        0
    }

    fn next_u64(&mut self) -> u64 {
        0
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.fill(0);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        dest.fill(0);
        Ok(())
    }
}

impl CryptoRng for Stuck {}

#[test]
fn k31_c5_a_stuck_source_repeats_nothing() {
    let group = Group::of(2, 3, &[1, 2], 31);
    let mut seen = BTreeSet::new();
    for counter in 0..3 {
        for me in [1, 2] {
            let terms = group.terms(&[1, 2], counter, 1);
            let signers = group.signing_group(me, &[1, 2]);
            let (_, commitment, extensions) =
                presign::begin(&signers, terms, &group.pairs_of(me, &[1, 2]), &mut Stuck).unwrap();
            seen.insert(commitment.to_bytes()[32..].to_vec());
            // Bob's nonce.
            seen.extend(extensions.values().map(|one| one.to_bytes()[32..64].to_vec()));
        }
    }
    assert_eq!(seen.len(), 3 * 2 * 2);
}

/// A process that is copied together with its random source, and hears other words than its copy.
#[test]
fn k31_c5_a_stuck_source_answers_other_messages_with_other_inputs() {
    let group = Group::of(2, 2, &[1, 2], 38);
    let (terms, pairs) = (group.terms(&[1, 2], 1, 1), group.pairs_of(1, &[1, 2]));
    let answers = [1, 2].map(|seed| {
        let own = group.signing_group(1, &[1, 2]);
        let (round, _, _) = presign::begin(&own, terms.clone(), &pairs, &mut Stuck).unwrap();
        let (_, commitment, extensions) = &group.begin(&terms, &[1, 2], seed)[&2];
        let inbox = [(p(2), (commitment.clone(), extensions[&p(1)].clone()))].into();
        round.finish(&inbox, &pairs, &mut Stuck).unwrap().2[&p(2)].to_bytes()
    });
    // n_A, and ã behind it.
    assert_ne!(answers[0][32..64], answers[1][32..64]);
}

#[test]
fn k13_the_same_session_twice_gives_independent_presignatures() {
    let group = Group::of(2, 2, &[1, 2], 32);
    let terms = group.terms(&[1, 2], 1, 1);
    let runs = [1, 2].map(|seed| {
        let round2 = group.extend(group.begin(&terms, &[1, 2], seed), &[1, 2], seed);
        round2[&1].2[&p(2)].to_bytes()
    });
    let scalars = |bytes: &Vec<u8>| bytes[64..].chunks_exact(32).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
    assert!(scalars(&runs[0]).is_disjoint(&scalars(&runs[1])), "no pad is used twice");
}

/// Every term, changed, gives another session: its messages are refused as ours to sort out, and nobody is blamed.
#[test]
fn k26_k27_messages_of_other_terms_blame_nobody() {
    let mut group = Group::of(2, 3, &[1, 2], 33);
    let signers = [1, 2];
    let base = group.terms(&signers, 1, 1);
    let mut variants = vec![
        Terms { wallet: [2; 32], ..base.clone() },
        Terms { epoch: 4, ..base.clone() },
        Terms { owner: p(2), ..base.clone() },
        Terms { counter: 2, ..base.clone() },
    ];
    let mut ids = BTreeSet::new();
    let mut others = Vec::new();
    for terms in variants.drain(..) {
        others.push(group.begin(&terms, &signers, 1));
    }
    group.set_up(1, 2, 2, 33);
    others.push(group.begin(&group.terms(&signers, 1, 1), &signers, 1));
    let other_key = Group::of(2, 3, &signers, 34);
    others.push(other_key.begin(&other_key.terms(&signers, 1, 1), &signers, 1));
    let group = Group::of(2, 3, &signers, 33);
    for other in &others {
        let mut mine = group.begin(&base, &signers, 1);
        let (round, _, _) = mine.remove(&2).unwrap();
        assert!(ids.insert(*other[&1].0.session()) && other[&1].0.session() != round.session());
        let inbox = inboxes(&other.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect()).remove(1);
        let fault = round.finish(&inbox, &group.pairs_of(2, &signers), &mut rng(1)).map(|_| ()).unwrap_err();
        assert_eq!(fault, Fault::Local(Misuse::OtherSession { participant: p(1) }));
    }
}

/// The id is read before the length: messages of a session with another batch are no offence in any round. With the
/// right id in front they are.
#[test]
fn k26_messages_of_a_session_with_another_batch_blame_nobody() {
    let (group, signers) = (Group::of(2, 2, &[1, 2], 39), [1, 2]);
    let [mine, other] = [1, 2].map(|batch| group.begin(&group.terms(&signers, 1, batch), &signers, 1));
    let id = *mine[&2].0.session();
    let foreign = Fault::Local(Misuse::OtherSession { participant: p(1) });
    let ours = |bytes: Vec<u8>| [&id[..], &bytes[32..]].concat();
    let blamed = |fault| matches!(fault, Fault::Blame { offence: Offence::Length { .. }, .. });

    let (_, commitment, extensions) = &other[&1];
    let [commitment, extension] = [commitment.to_bytes(), extensions[&p(2)].to_bytes()];
    let round = &mine[&2].0;
    assert_eq!(round.read(p(1), &commitment, &extension).unwrap_err(), foreign);
    assert_eq!(round.read(p(1), &ours(commitment.clone()), &extension).unwrap_err(), foreign);
    assert!(blamed(round.read(p(1), &ours(commitment), &ours(extension)).unwrap_err()));

    let [mine, other] = [mine, other].map(|round| group.extend(round, &signers, 1));
    let (_, opening, multiplications) = &other[&1];
    let [opening, multiplication] = [opening.to_bytes(), multiplications[&p(2)].to_bytes()];
    let round = &mine[&2].0;
    assert_eq!(round.read(p(1), &opening, &multiplication).unwrap_err(), foreign);
    assert_eq!(round.read(p(1), &ours(opening.clone()), &multiplication).unwrap_err(), foreign);
    assert!(blamed(round.read(p(1), &ours(opening), &ours(multiplication)).unwrap_err()));

    let [mine, other] = [mine, other].map(|round| multiply(round, 1));
    let confirmation = other[&1].as_ref().unwrap().1.to_bytes();
    let round = &mine[&2].as_ref().unwrap().0;
    assert_eq!(round.read(p(1), &confirmation).unwrap_err(), foreign);
    assert!(blamed(round.read(p(1), &ours(confirmation.clone())).unwrap_err()));
    assert!(blamed(round.read(p(1), &confirmation[..31]).unwrap_err()));
}

/// A whole signer set's messages in another set's session.
#[test]
fn k26_messages_of_another_signer_set_are_refused() {
    let mut group = Group::of(2, 3, &[1, 2], 35);
    group.set_up(2, 3, 1, 35);
    let other = group.begin(&group.terms(&[2, 3], 1, 1), &[2, 3], 1);
    let mut mine = group.begin(&group.terms(&[1, 2], 1, 1), &[1, 2], 1);
    let (round, _, _) = mine.remove(&2).unwrap();
    let inbox = inboxes(&other.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect()).remove(0);
    let fault = round.finish(&inbox, &group.pairs_of(2, &[1, 2]), &mut rng(1)).map(|_| ()).unwrap_err();
    assert_eq!(fault, Fault::Local(Misuse::Messages));
}

#[test]
fn k30_keys_of_other_purposes_and_wrong_signer_sets_are_refused() {
    let purpose = KeyPurpose::Bip340Secp256k1;
    let refused = SigningGroup::new(&deal(purpose, 2, 3, 1)[0], &[p(1), p(2)]).unwrap_err();
    assert_eq!(refused, Misuse::OtherPurpose { purpose });
    let keys = deal(KeyPurpose::EcdsaSecp256k1, 2, 3, 1);
    for signers in [&[1][..], &[1, 2, 3], &[2, 1], &[1, 1], &[2, 3], &[1, 4]] {
        let signers: Vec<_> = signers.iter().copied().map(p).collect();
        assert_eq!(SigningGroup::new(&keys[0], &signers).unwrap_err(), Misuse::Signers, "{signers:?}");
    }
    let mut wrong = keys[0].duplicate();
    wrong.signing_share = keys[1].signing_share.duplicate();
    assert!(matches!(SigningGroup::new(&wrong, &[p(1), p(2)]), Err(Misuse::Key(_))));
    let mut wrong = keys[0].duplicate();
    wrong.public.verifying_shares[1] = wrong.public.verifying_shares[2].clone();
    assert!(matches!(SigningGroup::new(&wrong, &[p(1), p(2)]), Err(Misuse::Key(_))));
}

#[test]
fn terms_that_do_not_fit_are_refused() {
    let group = Group::of(2, 3, &[1, 2], 36);
    let base = group.terms(&[1, 2], 1, 1);
    let mut other_generation = base.generations.clone();
    other_generation.values_mut().for_each(|generation| *generation += 1);
    let cases = [
        (Terms { batch: 0, ..base.clone() }, Misuse::Batch(0)),
        (Terms { batch: 65, ..base.clone() }, Misuse::Batch(65)),
        (Terms { owner: p(3), ..base.clone() }, Misuse::Owner),
        (Terms { generations: other_generation, ..base.clone() }, Misuse::Generations),
        (Terms { generations: [].into(), ..base }, Misuse::Generations),
    ];
    for (terms, misuse) in cases {
        let refused =
            presign::begin(&group.signing_group(1, &[1, 2]), terms, &group.pairs_of(1, &[1, 2]), &mut rng(1))
                .map(|_| ())
                .unwrap_err();
        assert_eq!(refused, Fault::Local(misuse));
    }
}

/// Ids hold their owner: two owners with the same counter never name the same presignature.
#[test]
fn b17_ids_of_different_owners_differ() {
    let group = Group::of(2, 2, &[1, 2], 37);
    let mut ids = BTreeSet::new();
    for owner in [1, 2] {
        let terms = Terms { owner: p(owner), ..group.terms(&[1, 2], 1, 2) };
        let round2 = group.extend(group.begin(&terms, &[1, 2], 1), &[1, 2], 1);
        let round3 = multiply(round2, 1).into_iter().map(|(me, r)| (me, r.unwrap()));
        let ready = crate::support::confirm(round3.collect());
        ids.extend(ready[&1].as_ref().unwrap().iter().map(|one| *one.id().as_bytes()));
    }
    assert_eq!(ids.len(), 4);
}
