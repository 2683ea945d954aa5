//! The step of signing that works on secrets.

#![expect(clippy::unreachable, reason = "what is measured is built of constants")]

use std::collections::BTreeMap;
use std::hint::black_box;

use k256::Scalar;
use quorate_primitives::{HedgedRng, KeyPurpose, Secret, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::suite::{Curve, Secp256k1};

use super::{SigningPlan, TweakedKey};
use crate::pair::timing::{pair, public};
use crate::presign::{About, PresignatureId};
use crate::timing::Step;
use crate::wire::point_bytes;

/// A signer's share, re-randomised and tweaked. Secret: φ_i, u_i and v_i.
pub struct Sharing {
    plan: SigningPlan,
    shares: Secret<[Scalar; 3]>,
}

impl Default for Sharing {
    fn default() -> Self {
        let (pair, _) = pair();
        let mut rng = public();
        let [key, nonce_point] = [(); 2].map(|()| Secp256k1::mul_base(&Secp256k1::random_scalar(&mut rng)));
        let about = About {
            id: PresignatureId::from([1; 32]),
            me: pair.low(),
            key: point_bytes(&key),
            epoch: 1,
            nonce_point,
            commitments: BTreeMap::from([(pair.low(), [0; 32]), (pair.high(), [0; 32])]),
            message: None,
        };
        let plan = Threshold::new(2, 2).ok().and_then(|threshold| {
            let keys = PublicKeys {
                purpose: KeyPurpose::EcdsaSecp256k1,
                threshold,
                group_key: about.key.to_vec(),
                verifying_shares: vec![about.key.to_vec(); 2],
                chain_code: [0; 32],
            };
            let key = TweakedKey::new(&keys, &[2; 32]).ok()?;
            let [digest, delta] = [(); 2].map(|()| Secp256k1::random_scalar(&mut rng));
            SigningPlan::new(about, &key, digest, delta).ok()
        });
        let Some(plan) = plan else { unreachable!("the key is one of two members") };
        Self { plan, shares: Secret::new([Scalar::ZERO; 3]) }
    }
}

impl Step for Sharing {
    fn load(&mut self, secrets: &mut HedgedRng) {
        for share in self.shares.expose_mut() {
            *share = Secp256k1::random_scalar(secrets);
        }
    }

    fn take(&self) {
        black_box(self.plan.share(&self.shares).to_bytes());
    }
}
