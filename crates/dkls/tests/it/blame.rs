//! Wrong signature shares, and who is named for them.

use std::collections::BTreeMap;

use k256::elliptic_curve::PrimeField;
use quorate_dkls::presign::Multiplication;
use quorate_dkls::sign::{CombineError, OnlineShare};
use quorate_dkls::{AttributionOpening, ShareOffence, Verdict};
use quorate_primitives::ParticipantId;

use crate::support::{Group, Round2, confirm, multiply, p};

type Openings = BTreeMap<ParticipantId, AttributionOpening>;
type Shares = BTreeMap<ParticipantId, OnlineShare>;

fn change_share(shares: &mut Shares, who: u16, at: usize) {
    let mut bytes = shares[&p(who)].to_bytes();
    bytes[at] ^= 1;
    shares.insert(p(who), OnlineShare::from_bytes(&bytes).unwrap());
}

/// Every subset of three signers, each with a wrong w, a wrong u, or both: exactly the liars are named.
#[test]
fn b12_wrong_shares_are_attributed_without_exception() {
    let signers = [1, 2, 4];
    let group = Group::of(3, 4, &signers, 21);
    let mut ready = group.presign(&signers, 1, 21, 21);
    for subset in 1..8_u32 {
        for at in [&[31][..], &[63], &[5, 40]] {
            let (mut shares, signings) = group.shares(&mut ready, &group.root());
            let liars: Vec<u16> = signers
                .iter()
                .enumerate()
                .filter(|(bit, _)| subset >> bit & 1 == 1)
                .map(|(_, id)| *id)
                .collect();
            // Each at a byte of its own: equal changes could cancel, and a valid signature names nobody.
            for (liar, shift) in liars.iter().zip(0..) {
                for at in at {
                    change_share(&mut shares, *liar, at - shift);
                }
            }
            let mut plans = Vec::new();
            let mut openings = Openings::new();
            for (id, signing) in signings {
                assert_eq!(signing.plan().combine(&shares), Err(CombineError::Invalid));
                let (plan, opening) = signing.open();
                plans.push(plan);
                openings.insert(id, AttributionOpening::from_bytes(&opening.to_bytes()).unwrap());
            }
            let culprits = Verdict::Culprits(liars.iter().map(|id| (p(*id), ShareOffence::Share)).collect());
            for plan in &plans {
                assert_eq!(plan.attribute(&shares, &openings).unwrap(), culprits);
            }
        }
    }
}

#[test]
fn k5_b12_an_opening_that_was_not_committed_to_names_its_sender() {
    let signers = [1, 2];
    let group = Group::of(2, 2, &signers, 22);
    let mut ready = group.presign(&signers, 1, 1, 22);
    let (mut shares, signings) = group.shares(&mut ready, &group.root());
    change_share(&mut shares, 1, 30);
    let mut openings = Openings::new();
    let mut plan = None;
    for (id, signing) in signings {
        let (one, opening) = signing.open();
        plan = Some(one);
        openings.insert(id, opening);
    }
    let plan = plan.unwrap();
    for at in [0, 1, 40, 98, 99, 130] {
        let mut bytes = openings[&p(1)].to_bytes();
        bytes[at] ^= 1;
        let mut changed = openings.clone();
        changed.insert(p(1), AttributionOpening::from_bytes(&bytes).unwrap());
        let culprits = [(p(1), ShareOffence::Opening)].into();
        assert_eq!(plan.attribute(&shares, &changed).unwrap(), Verdict::Culprits(culprits));
    }
    openings.insert(p(3), openings[&p(2)].clone());
    assert!(plan.attribute(&shares, &openings).is_err(), "an opening of somebody who does not sign");
}

/// A withheld opening is no proof against its signer, and saves nobody else.
#[test]
fn b12_openings_that_are_here_are_judged_without_the_others() {
    let signers = [1, 2, 3];
    let group = Group::of(3, 3, &signers, 25);
    let mut ready = group.presign(&signers, 1, 1, 25);
    let (mut shares, signings) = group.shares(&mut ready, &group.root());
    change_share(&mut shares, 1, 30);
    let (mut plans, mut openings) = (Vec::new(), Openings::new());
    for (id, signing) in signings {
        let (plan, opening) = signing.open();
        plans.push(plan);
        openings.insert(id, opening);
    }
    let plan = plans.first().unwrap();
    let judged = |ids: &[u16]| {
        let mut opened = openings.clone();
        opened.retain(|id, _| ids.contains(&id.get()));
        plan.attribute(&shares, &opened).unwrap()
    };
    let culprit = Verdict::Culprits([(p(1), ShareOffence::Share)].into());
    for ids in [&[1][..], &[1, 2], &[1, 3], &[1, 2, 3]] {
        assert_eq!(judged(ids), culprit, "opened: {ids:?}");
    }
    assert_eq!(judged(&[2, 3]), Verdict::Withheld([p(1)].into()));
    assert_eq!(judged(&[3]), Verdict::Withheld([p(1), p(2)].into()));
    assert_eq!(judged(&[]), Verdict::Withheld([p(1), p(2), p(3)].into()));
}

/// A signer who sends one peer another ψ spoils the presignature in a way that leaves no trace.
#[test]
fn b12_a_malformed_presignature_has_no_culprit() {
    let signers = [1, 2, 3];
    let group = Group::of(3, 3, &signers, 23);
    let round1 = group.begin(&group.terms(&signers, 1, 1), &signers, 23);
    let mut round2 = group.extend(round1, &signers, 23);
    let (_, _, sent): &mut Round2 = round2.get_mut(&1).unwrap();
    let mut bytes = sent[&p(2)].to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    sent.insert(p(2), Multiplication::from_bytes(&bytes, 1).unwrap());
    let round3 = multiply(round2, 23).into_iter().map(|(me, round)| (me, round.unwrap())).collect();
    let mut ready = confirm(round3).into_iter().map(|(me, ready)| (me, ready.unwrap())).collect();
    let (shares, signings) = group.shares(&mut ready, &group.root());
    let mut openings = Openings::new();
    let mut plan = None;
    for (id, signing) in signings {
        assert_eq!(signing.plan().combine(&shares), Err(CombineError::Invalid));
        let (one, opening) = signing.open();
        plan = Some(one);
        openings.insert(id, opening);
    }
    assert_eq!(plan.unwrap().attribute(&shares, &openings).unwrap(), Verdict::NoCulprit);
}

#[test]
fn shares_of_another_statement_or_set_do_not_combine() {
    let signers = [1, 2];
    let group = Group::of(2, 3, &signers, 24);
    let mut ready = group.presign(&signers, 1, 2, 24);
    let (one, signings) = group.shares(&mut ready, &group.root());
    let (other, _) = group.shares(&mut ready, &group.root());
    let plan = signings[&p(1)].plan();
    let mixed: Shares = [(p(1), one[&p(1)].clone()), (p(2), other[&p(2)].clone())].into();
    assert_eq!(plan.combine(&mixed), Err(CombineError::Invalid));
    let missing: Shares = [(p(1), one[&p(1)].clone())].into();
    assert_eq!(plan.combine(&missing), Err(CombineError::Shares));
    let stranger: Shares = [(p(1), one[&p(1)].clone()), (p(3), one[&p(2)].clone())].into();
    assert_eq!(plan.combine(&stranger), Err(CombineError::Shares));
    let zero = OnlineShare::from_bytes(&[0; 64]).unwrap();
    let zeros: Shares = [(p(1), zero.clone()), (p(2), zero)].into();
    assert_eq!(plan.combine(&zeros), Err(CombineError::Invalid));
    assert!(plan.combine(&one).is_ok());
}

/// −s with the same r is a signature too, of the other point with this x: it is not the one that was made, and its
/// recovery id would be wrong.
#[test]
fn k34_g11_a_signature_of_the_opposite_nonce_point_is_refused() {
    let signers = [1, 2];
    let group = Group::of(2, 2, &signers, 25);
    let mut ready = group.presign(&signers, 1, 1, 25);
    let (shares, signings) = group.shares(&mut ready, &group.root());
    let negated = |share: &OnlineShare| {
        let mut bytes = share.to_bytes();
        let w = k256::Scalar::from_repr(k256::FieldBytes::clone_from_slice(&bytes[..32])).unwrap();
        bytes[..32].copy_from_slice(&(-w).to_repr());
        OnlineShare::from_bytes(&bytes).unwrap()
    };
    let opposite: Shares = shares.iter().map(|(id, share)| (*id, negated(share))).collect();
    let plan = signings[&p(1)].plan();
    assert_eq!(plan.combine(&opposite), Err(CombineError::Invalid));
    assert!(plan.combine(&shares).is_ok());
}
