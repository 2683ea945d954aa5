use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_primitives::{KeyPurpose, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::presign::{About, PresignatureId};
use crate::wire::point_bytes;

const ID: [u8; 32] = [8; 32];

fn p(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).unwrap()
}

/// A key of two, and both presignatures of one nonce, made by somebody who knows everything.
struct Dealt {
    keys: PublicKeys,
    presignatures: [Presignature; 2],
    /// R_x.
    nonce_x: Scalar,
}

fn deal(seed: u64) -> Dealt {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut draw = || Secp256k1::random_scalar(&mut rng);
    let (x, r, phi) = (draw(), draw(), draw());
    let halves = [phi, r * phi, x * phi].map(|whole| {
        let half = draw();
        [half, whole - half]
    });
    let point = |scalar: &Scalar| point_bytes(&Secp256k1::mul_base(scalar));
    let keys = PublicKeys {
        purpose: KeyPurpose::EcdsaSecp256k1,
        threshold: Threshold::new(2, 2).unwrap(),
        group_key: point(&x).to_vec(),
        verifying_shares: vec![point(&x).to_vec(); 2],
        chain_code: [0; 32],
    };
    let openings = [0, 1].map(|at| {
        AttributionOpening::new(halves.map(|half| point(&half[at])), [u8::try_from(at).unwrap(); 32])
    });
    let commitments: BTreeMap<_, _> = [1, 2]
        .map(|id| (p(id), openings[usize::from(id) - 1].commitment(PresignatureId::from(ID), p(id))))
        .into();
    let nonce_point = Secp256k1::mul_base(&r);
    let presignatures = [1, 2].map(|id| {
        let about = About {
            id: PresignatureId::from(ID),
            me: p(id),
            key: point(&x),
            epoch: 1,
            nonce_point,
            commitments: commitments.clone(),
            message: None,
        };
        let at = usize::from(id) - 1;
        Presignature::new(about, Secret::new(halves.map(|half| half[at])), openings[at].clone())
    });
    let [_, x @ ..] = point_bytes(&nonce_point);
    Dealt { keys, presignatures, nonce_x: crate::hash::narrow_scalar(x) }
}

fn statement(key: &TweakedKey, digest: Scalar) -> Statement {
    Statement {
        key: key.clone(),
        digest: scalar_bytes(&digest),
        presignature: PresignatureId::from(ID),
        signers: vec![p(1), p(2)],
        epoch: 1,
        entropy: [7; 32],
    }
}

fn combine(made: &[(OnlineShare, Signing); 2]) -> Result<Signature, CombineError> {
    let shares = made.iter().map(|(share, signing)| (signing.me(), share.clone())).collect();
    made[0].1.plan().combine(&shares)
}

/// Whether anybody accepts the signature for this digest under this key.
fn verifies(signature: &Signature, key: &TweakedKey, digest: Scalar) -> bool {
    use k256::ecdsa::signature::hazmat::PrehashVerifier;
    let theirs = k256::ecdsa::Signature::from_slice(&signature.to_bytes()).unwrap();
    let verifying = k256::ecdsa::VerifyingKey::from_sec1_bytes(key.public_key()).unwrap();
    verifying.verify_prehash(&scalar_bytes(&digest), &theirs).is_ok()
}

/// Groth and Shoup: with R known ahead, whoever may ask for one digest under one tweak of its choice gets the signature
/// of another digest under another tweak: h + r·τ is all that the tweak changes.
struct Forgery {
    target_key: TweakedKey,
    target: Scalar,
    asked_key: TweakedKey,
    asked: Scalar,
}

impl Forgery {
    fn plan(dealt: &Dealt) -> Self {
        let tweak = |number: u64| TweakedKey::new(&dealt.keys, &scalar_bytes(&Scalar::from(number))).unwrap();
        let (target_key, asked_key) = (tweak(1_000), tweak(2_000));
        let target = Scalar::from(0xdead_u64);
        let asked = target + dealt.nonce_x * (target_key.tweak() - asked_key.tweak());
        Self { target_key, target, asked_key, asked }
    }
}

#[test]
fn k16_b19_without_rerandomisation_a_signature_is_forged() {
    let dealt = deal(1);
    let forgery = Forgery::plan(&dealt);
    let made = dealt
        .presignatures
        .map(|presignature| presignature.sign_with(&forgery.asked_key, forgery.asked, Scalar::ZERO).unwrap());
    let signature = combine(&made).unwrap();
    assert!(verifies(&signature, &forgery.asked_key, forgery.asked));
    assert!(verifies(&signature, &forgery.target_key, forgery.target), "the attack works");
}

#[test]
fn k16_b19_with_rerandomisation_the_forgery_fails() {
    let dealt = deal(1);
    let forgery = Forgery::plan(&dealt);
    let statement = statement(&forgery.asked_key, forgery.asked);
    let made = dealt.presignatures.map(|presignature| presignature.sign(&statement).unwrap());
    let signature = combine(&made).unwrap();
    assert!(verifies(&signature, &forgery.asked_key, forgery.asked));
    assert!(!verifies(&signature, &forgery.target_key, forgery.target));
}

#[test]
fn k16_b19_delta_differs_for_any_change_of_the_statement() {
    let dealt = deal(2);
    let key = |number: u64| TweakedKey::new(&dealt.keys, &scalar_bytes(&Scalar::from(number))).unwrap();
    let base = statement(&key(0), Scalar::ONE);
    let other_key = TweakedKey::new(&deal(3).keys, &[0; 32]).unwrap();
    let variants = [
        base.clone(),
        Statement { key: key(1), ..base.clone() },
        Statement { key: other_key, ..base.clone() },
        Statement { digest: scalar_bytes(&Scalar::from(2_u64)), ..base.clone() },
        Statement { presignature: PresignatureId::from([9; 32]), ..base.clone() },
        Statement { signers: vec![p(1), p(3)], ..base.clone() },
        Statement { signers: vec![p(1), p(2), p(3)], ..base.clone() },
        Statement { epoch: 2, ..base.clone() },
        Statement { entropy: [6; 32], ..base.clone() },
    ];
    let nonce_point = dealt.presignatures[0].about.nonce_point;
    let mut deltas: Vec<_> = variants.iter().map(|one| scalar_bytes(&one.delta(&nonce_point))).collect();
    deltas.push(scalar_bytes(&base.delta(&deal(3).presignatures[0].about.nonce_point)));
    let mut hashes: Vec<_> = variants.iter().map(Statement::hash).collect();
    for list in [&mut deltas, &mut hashes] {
        let len = list.len();
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), len);
    }
}

#[test]
fn k15_k17_b6_b19_a_statement_about_something_else_is_refused() {
    let dealt = deal(4);
    let root = TweakedKey::new(&dealt.keys, &[0; 32]).unwrap();
    let base = statement(&root, Scalar::ONE);
    let other_key = TweakedKey::new(&deal(5).keys, &[0; 32]).unwrap();
    let cases = [
        (Statement { signers: vec![p(1), p(3)], ..base.clone() }, Misuse::OtherStatement("signer set")),
        (Statement { signers: vec![p(1)], ..base.clone() }, Misuse::OtherStatement("signer set")),
        (Statement { epoch: 2, ..base.clone() }, Misuse::OtherStatement("epoch")),
        (Statement { key: other_key, ..base.clone() }, Misuse::OtherStatement("key")),
        (
            Statement { presignature: PresignatureId::from([0; 32]), ..base.clone() },
            Misuse::OtherStatement("presignature"),
        ),
        (Statement { digest: [0; 32], ..base.clone() }, Misuse::ZeroDigest),
        // The group order itself is zero too.
        (Statement { digest: order(), ..base.clone() }, Misuse::ZeroDigest),
    ];
    let [presignature, _] = dealt.presignatures;
    for (statement, misuse) in cases {
        assert_eq!(presignature.accepts(&statement), Err(misuse));
    }
    let wrong = Statement { epoch: 2, ..base };
    assert_eq!(presignature.sign(&wrong).unwrap_err(), Misuse::OtherStatement("epoch").into());
}

/// R' with x ≥ q: r' is x − q, and the recovery id says so. No honest run meets one, so key and digest are made to fit:
/// X' = (s·R' − h·G)/r' has the signature (r', s) for any s.
#[test]
fn k34_g11_a_nonce_point_beyond_the_order_has_recovery_id_two_or_three() {
    let mut seen = std::collections::BTreeSet::new();
    for tag in [2, 3] {
        let nonce_point = at_the_order(tag).nth(1).unwrap();
        for s in [Scalar::from(3_u64), -Scalar::from(3_u64)] {
            let [_, x @ ..] = point_bytes(&nonce_point);
            let nonce_x = crate::hash::narrow_scalar(x);
            assert!(scalar_bytes(&nonce_x) < x, "reduced");
            let digest = Scalar::from(0xd1_9e57_u64);
            let inverse: Scalar = Option::from(nonce_x.invert()).unwrap();
            let point = nonce_point * (s * inverse) - Secp256k1::mul_base(&(digest * inverse));
            let mut dealt = deal(11);
            dealt.keys.group_key = point_bytes(&point).to_vec();
            let key = TweakedKey::new(&dealt.keys, &[0; 32]).unwrap();
            let [first, _] = dealt.presignatures;
            let about = About { key: point_bytes(&point), nonce_point, ..first.about };
            let plan = SigningPlan::new(about, &key, digest, Scalar::ZERO).unwrap();
            // w/u = s.
            let (w, u) = (Scalar::from(5_u64), Scalar::from(9_u64));
            let shares = [
                (p(1), OnlineShare { w, u }),
                (p(2), OnlineShare { w: s * Scalar::from(10_u64) - w, u: Scalar::ONE }),
            ];
            let signature = plan.combine(&shares.into()).unwrap();
            assert!(verifies(&signature, &key, digest));
            assert_eq!(recovered(&signature, digest).as_deref(), Some(key.public_key().as_slice()));
            // Without the 2 another key is recovered, or none.
            let reduced = Signature { recovery_id: signature.recovery_id & 1, ..signature };
            assert_ne!(recovered(&reduced, digest).as_deref(), Some(key.public_key().as_slice()));
            seen.insert((signature.recovery_id, tag));
        }
    }
    // Low s keeps the parity of R'_y, high s flips it.
    assert_eq!(seen, [(2, 2), (3, 2), (2, 3), (3, 3)].into());
}

/// The first points of the curve with x in [q, p); that of q itself is the first of all.
fn at_the_order(tag: u8) -> impl Iterator<Item = Secp256k1Point> {
    (0..16).filter_map(move |above| {
        let mut bytes = [[tag].as_slice(), &order()].concat();
        *bytes.last_mut().unwrap() += above;
        Secp256k1::point_from_bytes(&bytes).ok()
    })
}

/// q is the x of a point, whose r' would be zero.
#[test]
fn k34_g11_a_nonce_point_at_the_order_signs_nothing() {
    for tag in [2, 3] {
        let nonce_point = at_the_order(tag).next().unwrap();
        assert_eq!(point_bytes(&nonce_point)[1..], order());
        let dealt = deal(13);
        let key = TweakedKey::new(&dealt.keys, &[0; 32]).unwrap();
        let [first, _] = dealt.presignatures;
        let about = About { nonce_point, ..first.about };
        let refused = SigningPlan::new(about, &key, Scalar::ONE, Scalar::ZERO).map(|_| ());
        assert_eq!(refused, Err(crate::Obstacle::Degenerate.into()));
    }
}

fn recovered(signature: &Signature, digest: Scalar) -> Option<Vec<u8>> {
    use k256::ecdsa::{RecoveryId, VerifyingKey};
    let theirs = k256::ecdsa::Signature::from_slice(&signature.to_bytes()).unwrap();
    let id = RecoveryId::from_byte(signature.recovery_id).unwrap();
    let key = VerifyingKey::recover_from_prehash(&scalar_bytes(&digest), &theirs, id).ok()?;
    Some(key.to_encoded_point(true).as_bytes().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nobody who chooses digest, tweak or entropy finds two statements with one δ, or one with δ = 0.
    #[test]
    fn k16_b19_random_statements_have_different_deltas(
        tweaks: (u64, u64),
        digests: ([u8; 32], [u8; 32]),
        entropies: ([u8; 32], [u8; 32]),
    ) {
        let dealt = deal(12);
        let nonce_point = dealt.presignatures[0].about.nonce_point;
        let make = |tweak: u64, digest, entropy| {
            let key = TweakedKey::new(&dealt.keys, &scalar_bytes(&Scalar::from(tweak))).unwrap();
            Statement { digest, entropy, ..statement(&key, Scalar::ONE) }
        };
        let one = make(tweaks.0, digests.0, entropies.0);
        let others = [
            make(tweaks.1, digests.0, entropies.0),
            make(tweaks.0, digests.1, entropies.0),
            make(tweaks.0, digests.0, entropies.1),
            make(tweaks.1, digests.1, entropies.1),
        ];
        prop_assert_ne!(one.delta(&nonce_point), Scalar::ZERO);
        for other in others {
            prop_assert_eq!(one.delta(&nonce_point) == other.delta(&nonce_point), one == other);
        }
    }
}

fn order() -> [u8; 32] {
    let mut bytes = scalar_bytes(&-Scalar::ONE);
    bytes[31] += 1;
    bytes
}

#[test]
fn k9_b19_tweaks_out_of_range_and_to_the_identity_are_refused() {
    let keys = deal(6).keys;
    assert_eq!(TweakedKey::new(&keys, &order()), Err(Misuse::TweakRange));
    let schnorr = PublicKeys { purpose: KeyPurpose::Bip340Secp256k1, ..keys };
    let purpose = KeyPurpose::Bip340Secp256k1;
    assert_eq!(TweakedKey::new(&schnorr, &[0; 32]), Err(Misuse::OtherPurpose { purpose }));
    let generator =
        PublicKeys { group_key: point_bytes(&Secp256k1::mul_base(&Scalar::ONE)).to_vec(), ..deal(6).keys };
    assert!(matches!(TweakedKey::new(&generator, &scalar_bytes(&-Scalar::ONE)), Err(Misuse::Key(_))));
}

#[test]
fn presignatures_are_sealed_and_opened_again_and_print_nothing() {
    let dealt = deal(7);
    let root = TweakedKey::new(&dealt.keys, &[0; 32]).unwrap();
    let made = dealt.presignatures.map(|presignature| {
        let printed = format!("{presignature:?}");
        assert!(printed.contains("<redacted>"), "{printed}");
        let bytes = presignature.into_sealed_bytes();
        let mut longer = bytes.expose().clone();
        longer.push(0);
        assert!(Presignature::from_sealed_bytes(Secret::new(longer)).is_err());
        let shorter = bytes.expose()[..40].to_vec();
        assert!(Presignature::from_sealed_bytes(Secret::new(shorter)).is_err());
        Presignature::from_sealed_bytes(bytes).unwrap().sign(&statement(&root, Scalar::ONE)).unwrap()
    });
    assert_eq!(format!("{:?}", made[0].0), "OnlineShare(<redacted>)");
    assert!(format!("{:?}", made[0].1).contains("<redacted>"));
    combine(&made).unwrap();
}
