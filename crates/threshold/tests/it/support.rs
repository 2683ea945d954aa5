//! What several tests need: a dealer (which the product does not have) and short names.

use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::derive::Derivation;
use quorate_threshold::frost::{
    AggregateError, KeyPackage, PublicKeyPackage, SignatureShare, SigningNonces, SigningPackage, aggregate,
};
use quorate_threshold::suite::{Curve, CurveKind, Ed25519, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub const SCHNORR: [KeyPurpose; 2] = [KeyPurpose::Ed25519, KeyPurpose::Bip340Secp256k1];

pub fn p(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).unwrap()
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Deals a key with chosen numbers: the secret and the other coefficients of the polynomial.
pub fn deal(purpose: KeyPurpose, t: u16, n: u16, seed: u64) -> Vec<KeyShare> {
    match CurveKind::of(purpose) {
        CurveKind::Ed25519 => deal_on::<Ed25519>(purpose, t, n, seed),
        CurveKind::Secp256k1 => deal_on::<Secp256k1>(purpose, t, n, seed),
    }
}

fn deal_on<C: Curve>(purpose: KeyPurpose, t: u16, n: u16, seed: u64) -> Vec<KeyShare> {
    let mut rng = rng(seed);
    let coefficients: Vec<_> = (0..t).map(|_| C::random_scalar(&mut rng)).collect();
    let share = |id: ParticipantId| {
        let x = C::scalar_from_u16(id.get());
        coefficients.iter().rev().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap()
    };
    let bytes = |scalar| C::point_to_bytes(&C::mul_base(&scalar)).unwrap();
    let threshold = Threshold::new(t, n).unwrap();
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: bytes(coefficients[0]),
        verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
        chain_code: [seed as u8; 32],
    };
    threshold
        .participants()
        .map(|participant| KeyShare {
            public: public.clone(),
            participant,
            signing_share: Secret::new(C::scalar_to_bytes(&share(participant))),
        })
        .collect()
}

/// A group whose members are all in this process.
pub struct Group {
    pub keys: PublicKeyPackage,
    pub members: BTreeMap<ParticipantId, KeyPackage>,
}

impl Group {
    pub fn deal(purpose: KeyPurpose, t: u16, n: u16, seed: u64) -> Self {
        let shares = deal(purpose, t, n, seed);
        Self {
            keys: PublicKeyPackage::new(&shares[0].public).unwrap(),
            members: shares
                .iter()
                .map(|share| (share.participant, KeyPackage::new(share).unwrap()))
                .collect(),
        }
    }

    pub fn derive(&self, derivation: &Derivation) -> Self {
        Self {
            keys: self.keys.derive(derivation).unwrap(),
            members: self.members.iter().map(|(id, key)| (*id, key.derive(derivation).unwrap())).collect(),
        }
    }

    pub fn commit(&self, signers: &[u16], seed: u64) -> BTreeMap<ParticipantId, SigningNonces> {
        let mut rng = rng(seed);
        signers.iter().map(|id| (p(*id), self.members[&p(*id)].commit(b"test", &mut rng))).collect()
    }

    pub fn package(&self, message: &[u8], nonces: &BTreeMap<ParticipantId, SigningNonces>) -> SigningPackage {
        let commitments = nonces.iter().map(|(id, nonces)| (*id, nonces.commitments()));
        SigningPackage::new(&self.keys, message, commitments).unwrap()
    }

    pub fn shares(
        &self,
        package: &SigningPackage,
        nonces: BTreeMap<ParticipantId, SigningNonces>,
    ) -> BTreeMap<ParticipantId, SignatureShare> {
        nonces
            .into_iter()
            .map(|(id, nonces)| (id, nonces.sign(package, &self.members[&id]).unwrap()))
            .collect()
    }

    pub fn sign(&self, message: &[u8], signers: &[u16], seed: u64) -> Result<[u8; 64], AggregateError> {
        let nonces = self.commit(signers, seed);
        let package = self.package(message, &nonces);
        let shares = self.shares(&package, nonces);
        aggregate(&package, &shares, &self.keys)
    }
}

/// Returns every subset of `items` with at least `min` of them.
pub fn subsets(items: &[u16], min: usize) -> Vec<Vec<u16>> {
    (0..1_u32 << items.len())
        .map(|mask| {
            items.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, id)| *id).collect()
        })
        .filter(|subset: &Vec<u16>| subset.len() >= min)
        .collect()
}
