//! Every field of every message of presigning changed in every way: what it is called, and whom it names.

use quorate_dkls::presign::{Commitment, Confirmation, Extension, Multiplication, Opening};
use quorate_dkls::{Fault, Misuse, Obstacle, Offence, Part};

use crate::support::{Group, Round1, Round2, confirm, inboxes, multiply, p};

const SIGNERS: [u16; 2] = [1, 2];

/// A change to a message's bytes at a field.
#[derive(Clone, Copy, Debug)]
enum Change {
    Flip,
    Zero,
    Ones,
}

const CHANGES: [Change; 3] = [Change::Flip, Change::Zero, Change::Ones];

fn change(bytes: &mut [u8], (start, len): (usize, usize), change: Change) {
    let field = &mut bytes[start..start + len];
    match change {
        // The last byte: it keeps a point's tag and a scalar's range.
        Change::Flip => field[len - 1] ^= 1,
        Change::Zero => field.fill(0),
        Change::Ones => field.fill(0xff),
    }
}

fn group() -> Group {
    Group::of(2, 2, &SIGNERS, 11)
}

/// Runs the first round, with the messages that participant 1 sends to 2 edited.
fn extend(
    group: &Group,
    commitment: &dyn Fn(&mut [u8]),
    extension: &dyn Fn(&mut [u8]),
) -> Result<Round2, Fault> {
    let round1 = group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1);
    let inbox = inboxes(&round1.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect()).remove(1);
    let mut inbox = inbox;
    let (all, one) = inbox.remove(&p(1)).unwrap();
    let (mut all, mut one) = (all.to_bytes(), one.to_bytes());
    commitment(&mut all);
    extension(&mut one);
    let blame = |offence: Offence| offence.of(p(1));
    let edited =
        (Commitment::from_bytes(&all).map_err(blame)?, Extension::from_bytes(&one, 1).map_err(blame)?);
    inbox.insert(p(1), edited);
    let (_, (round, _, _)): (u16, Round1) = round1.into_iter().nth(1).unwrap();
    round.finish(&inbox, &group.pairs_of(2, &SIGNERS), &mut crate::support::rng(2))
}

#[test]
fn k5_k9_b4_every_field_of_an_extension_is_checked_before_anything_leaves() {
    let group = group();
    let last = Extension::len(1);
    let fields = [(32, 32), (64, 80), (64 + 31 * 80, 80), (last - 48, 16), (last - 32, 32)];
    for field in fields {
        for how in CHANGES {
            let fault = extend(&group, &|_| (), &|bytes| change(bytes, field, how)).unwrap_err();
            let Fault::Ban(tombstones) = fault else { panic!("{field:?} {how:?}: {fault:?}") };
            assert_eq!(tombstones.len(), 1);
            assert_eq!((tombstones[0].generation(), tombstones[0].pair().low()), (1, p(1)));
        }
    }
    let local = Fault::Local(Misuse::OtherSession { participant: p(1) });
    assert_eq!(extend(&group, &|_| (), &|bytes| bytes[0] ^= 1).unwrap_err(), local);
    assert_eq!(extend(&group, &|bytes| bytes[0] ^= 1, &|_| ()).unwrap_err(), local);
    assert!(extend(&group, &|_| (), &|_| ()).is_ok());
}

/// Runs the second round, with what participant 1 sends to 2 edited.
fn finish(group: &Group, opening: &dyn Fn(&mut [u8]), product: &dyn Fn(&mut [u8])) -> Result<(), Fault> {
    let round1 = group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1);
    let round2 = group.extend(round1, &SIGNERS, 1);
    let mut inbox = inboxes(&round2.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect()).remove(1);
    let (all, one) = inbox.remove(&p(1)).unwrap();
    let (mut all, mut one) = (all.to_bytes(), one.to_bytes());
    opening(&mut all);
    product(&mut one);
    let blame = |offence: Offence| offence.of(p(1));
    let edited =
        (Opening::from_bytes(&all, 1).map_err(blame)?, Multiplication::from_bytes(&one, 1).map_err(blame)?);
    inbox.insert(p(1), edited);
    let (_, (round, _, _)): (u16, Round2) = round2.into_iter().nth(1).unwrap();
    round.finish(&inbox, &mut crate::support::rng(3)).map(|_| ())
}

#[test]
fn k5_k9_b4_every_field_of_a_multiplication_is_checked() {
    let group = group();
    let masked = 416 * 3 * 32;
    let (eta, mu, gamma_u, gamma_v) = (64 + masked, 96 + masked, 128 + masked, 161 + masked);
    let scalar = Offence::Scalar { part: Part::Multiplication };
    let point = Offence::Point { part: Part::Multiplication };
    let inner = Offence::Multiplication;
    let cases = [
        ((32, 32), [inner, inner, inner]),
        ((64, 32), [inner, inner, scalar]),
        ((64 + masked - 32, 32), [inner, inner, scalar]),
        ((64 + masked / 2, 32), [inner, inner, scalar]),
        ((eta, 32), [inner, inner, scalar]),
        ((mu, 32), [inner, inner, inner]),
    ];
    for (field, offences) in cases {
        for (how, offence) in CHANGES.into_iter().zip(offences) {
            let fault = finish(&group, &|_| (), &|bytes| change(bytes, field, how)).unwrap_err();
            assert_eq!(fault, offence.of(p(1)), "{field:?} {how:?}");
            assert!(!offence.is_evident(), "what a pair sees is the pair's");
        }
    }
    for gamma in [gamma_u, gamma_v] {
        // The other point with this x, then the identity's encoding, a bad tag, a coordinate that is too large.
        let fault = finish(&group, &|_| (), &|bytes| bytes[gamma] ^= 1).unwrap_err();
        assert_eq!(fault, Offence::Exponent.of(p(1)));
        for how in [Change::Zero, Change::Ones] {
            let fault = finish(&group, &|_| (), &|bytes| change(bytes, (gamma, 33), how)).unwrap_err();
            assert_eq!(fault, point.of(p(1)));
        }
        let fault = finish(&group, &|_| (), &|bytes| bytes[gamma + 1..gamma + 33].fill(0xff)).unwrap_err();
        assert_eq!(fault, point.of(p(1)));
    }
    let local = Fault::Local(Misuse::OtherSession { participant: p(1) });
    assert_eq!(finish(&group, &|_| (), &|bytes| bytes[31] ^= 1).unwrap_err(), local);
    let fault =
        finish(&group, &|_| (), &|bytes| change(bytes, (194 + masked, 32), Change::Ones)).unwrap_err();
    assert_eq!(fault, scalar.of(p(1)), "psi is not below the order");
    assert!(finish(&group, &|_| (), &|_| ()).is_ok());
}

#[test]
fn k5_k9_b4_every_field_of_an_opening_is_checked_and_names_its_sender() {
    let group = group();
    let point = Offence::Point { part: Part::Opening };
    let of = |edit: &dyn Fn(&mut [u8])| finish(&group, edit, &|_| ()).unwrap_err();
    assert_eq!(of(&|bytes| bytes[32] ^= 1), Offence::Opening.of(p(1)));
    assert_eq!(of(&|bytes| bytes[32..65].fill(0)), point.of(p(1)));
    assert_eq!(of(&|bytes| bytes[32] = 5), point.of(p(1)));
    assert_eq!(of(&|bytes| bytes[33..65].fill(0xff)), point.of(p(1)));
    for how in CHANGES {
        assert_eq!(of(&|bytes| change(bytes, (65, 32), how)), Offence::Opening.of(p(1)));
    }
    assert!(Offence::Opening.is_evident() && point.is_evident());
    assert_eq!(of(&|bytes| bytes[0] ^= 1), Fault::Local(Misuse::OtherSession { participant: p(1) }));
}

#[test]
fn k25_a_changed_or_copied_commitment_can_not_be_opened() {
    let group = group();
    let round1 = group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1);
    let mine = round1[&2].1.to_bytes();
    for edit in [&|bytes: &mut [u8]| bytes[40] ^= 1, &|bytes: &mut [u8]| bytes.copy_from_slice(&mine)]
        as [&dyn Fn(&mut [u8]); 2]
    {
        let (round, opening, products) = extend(&group, edit, &|_| ()).unwrap();
        let honest = group.extend(group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1), &SIGNERS, 1);
        let inbox = [(p(1), (honest[&1].1.clone(), honest[&1].2[&p(2)].clone()))].into();
        let fault = round.finish(&inbox, &mut crate::support::rng(3)).map(|_| ()).unwrap_err();
        assert_eq!(fault, Offence::Opening.of(p(1)));
        drop((opening, products));
    }
}

#[test]
fn different_transcripts_blame_nobody() {
    let group = group();
    let round2 = group.extend(group.begin(&group.terms(&SIGNERS, 1, 1), &SIGNERS, 1), &SIGNERS, 1);
    let mut round3: std::collections::BTreeMap<_, _> =
        multiply(round2, 1).into_iter().map(|(me, round)| (me, round.unwrap())).collect();
    let mut bytes = round3[&1].1.to_bytes();
    bytes[32] ^= 1;
    round3.get_mut(&1).unwrap().1 = Confirmation::from_bytes(&bytes, 1).unwrap();
    let faults = confirm(round3);
    let split = Obstacle::SplitView { witnesses: vec![p(1)] };
    assert_eq!(faults[&2].as_ref().map(|_| ()).unwrap_err(), &Fault::Retry(split));
    let fault = faults[&2].as_ref().map(|_| ()).unwrap_err();
    assert_eq!(fault.disclosures(p(2)), [quorate_dkls::Disclosure::Nothing]);
}
