//! The C library and the portable code give the same answer.

use std::collections::BTreeMap;

use k256::elliptic_curve::Field;
use k256::elliptic_curve::point::DecompressPoint;
use k256::elliptic_curve::subtle::Choice;
use k256::{AffinePoint, ProjectivePoint};
use quorate_primitives::{KeyPurpose, ParticipantId, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::presign::{About, PresignatureId};
use crate::sign::TweakedKey;
use crate::wire::{point_bytes, scalar_bytes};

/// The signature to be of `digest` by a key with a nonce point.
fn plan(key: Secp256k1Point, nonce_point: Secp256k1Point, digest: Scalar, delta: Scalar) -> SigningPlan {
    let key = point_bytes(&key);
    let keys = PublicKeys {
        purpose: KeyPurpose::EcdsaSecp256k1,
        threshold: Threshold::new(2, 2).unwrap(),
        group_key: key.to_vec(),
        verifying_shares: vec![key.to_vec(); 2],
        chain_code: [0; 32],
    };
    let tweaked = TweakedKey::new(&keys, &[0; 32]).unwrap();
    let id = PresignatureId::from([1; 32]);
    let me = ParticipantId::try_from(1).unwrap();
    let about = About { id, me, key, epoch: 1, nonce_point, commitments: BTreeMap::new() };
    SigningPlan::new(about, &tweaked, digest, delta).unwrap()
}

/// Asserts that both say the same, and returns it.
fn both(plan: &SigningPlan, s: &Scalar) -> bool {
    let inverse = s.invert().unwrap();
    let portable = plan.has_nonce_point(&inverse);
    assert_eq!(plan.recovers_key(s), Some(portable), "s = {:x?} of {plan:?}", scalar_bytes(s));
    assert_eq!(plan.accepts(s, &inverse), portable);
    portable
}

/// Whether s is accepted, after asserting that its neighbours are refused.
fn accepts_only(plan: &SigningPlan, s: &Scalar) -> bool {
    for wrong in [-s, s + Scalar::ONE, s.double(), s.invert().unwrap(), Scalar::ONE, -Scalar::ONE] {
        assert_eq!(both(plan, &wrong), wrong == *s);
    }
    both(plan, s)
}

#[test]
fn libsecp256k1_accepts_what_portable_code_accepts_for_random_signatures() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..200 {
        let [x, nonce, digest, delta] = [(); 4].map(|()| Secp256k1::random_scalar(&mut rng));
        let plan = plan(Secp256k1::mul_base(&x), Secp256k1::mul_base(&nonce), digest, delta);
        let s = (digest + plan.nonce_x * x) * (nonce + delta).invert().unwrap();
        assert!(accepts_only(&plan, &s));
    }
}

#[test]
fn libsecp256k1_accepts_what_portable_code_accepts_at_the_edges() {
    let small = [Scalar::ONE, -Scalar::ONE, Scalar::from(2_u64), -Scalar::from(2_u64)];
    for x in small {
        for nonce in small {
            for digest in small {
                let plan = plan(Secp256k1::mul_base(&x), Secp256k1::mul_base(&nonce), digest, Scalar::ZERO);
                let s = (digest + plan.nonce_x * x) * nonce.invert().unwrap();
                assert!(accepts_only(&plan, &s));
                // s·R' = h·G: what is recovered would be the identity.
                assert!(!both(&plan, &(digest * nonce.invert().unwrap())));
            }
        }
    }
}

#[test]
fn libsecp256k1_accepts_what_portable_code_accepts_for_nonce_points_beyond_the_order() {
    // q = p − 2¹²⁸·…: few x are at least q and below p, and the first that are on the curve lie near q.
    let mut order = scalar_bytes(&-Scalar::ONE);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut found = 0;
    for _ in 0..100 {
        order[31] += 1;
        for odd in [0, 1] {
            let point: Option<AffinePoint> = AffinePoint::decompress(&order.into(), Choice::from(odd)).into();
            let Some(point) = point else { continue };
            let nonce_point = Secp256k1Point::from(ProjectivePoint::from(point));
            let [digest, s] = [(); 2].map(|()| Secp256k1::random_scalar(&mut rng));
            // The key for which s is right: X' = r'⁻¹·(s·R' − h·G).
            let nonce_x = crate::hash::narrow_scalar(order);
            let Some(inverse) = Option::<Scalar>::from(nonce_x.invert()) else { continue };
            let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * digest) * inverse;
            let plan = plan(Secp256k1Point::from(key), nonce_point, digest, Scalar::ZERO);
            assert_eq!(plan.nonce_id, 2 + odd);
            assert!(accepts_only(&plan, &s));
            found += 1;
        }
    }
    assert!(found > 20, "{found} points");
}
