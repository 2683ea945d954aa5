//! Notation (§2): a key as one signer set uses it.
//!
//! It trusts that the key ceremony certified the verifying shares, and checks that they are shares of the key and that
//! the secret is the one of its own.

use std::collections::BTreeMap;

use k256::Scalar;
use quorate_primitives::{KeyPurpose, ParticipantId, Secret};
use quorate_threshold::KeyShare;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point, lagrange_at_zero};
use zeroize::Zeroizing;

use crate::Misuse;
use crate::wire::{POINT_LEN, scalar_bytes};

/// One member's ECDSA key within a fixed set of exactly t signers: sk_i = λ_i·x_i and pk_j = λ_j·X_j for all j.
#[derive(Debug)]
pub struct SigningGroup {
    me: ParticipantId,
    /// X.
    key: [u8; POINT_LEN],
    /// sk_i.
    secret: Secret<Scalar>,
    /// pk_j.
    points: BTreeMap<ParticipantId, Secp256k1Point>,
}

impl SigningGroup {
    /// Weighs a key's shares for `signers`, which must be exactly t members in order, the share's holder among them.
    ///
    /// # Errors
    /// [`Misuse`] for a key of another purpose, another set, or a key whose shares are not those of its points.
    pub fn new(key: &KeyShare, signers: &[ParticipantId]) -> Result<Self, Misuse> {
        let public = &key.public;
        if public.purpose != KeyPurpose::EcdsaSecp256k1 {
            return Err(Misuse::OtherPurpose { purpose: public.purpose });
        }
        let in_order = signers.iter().zip(signers.iter().skip(1)).all(|(one, next)| one < next);
        let members = signers.iter().all(|id| public.threshold.contains(*id));
        let complete = signers.len() == usize::from(public.threshold.min_signers());
        if !(in_order && members && complete && signers.contains(&key.participant)) {
            return Err(Misuse::Signers);
        }
        let malformed = Misuse::Key("a point or share is missing or invalid");
        let point = |bytes| Secp256k1::point_from_bytes(bytes).map_err(|_| malformed);
        let weight = |id| lagrange_at_zero::<Secp256k1>(signers.iter().copied(), id).ok_or(Misuse::Signers);
        let mut points = BTreeMap::new();
        for id in signers {
            let share = point(public.verifying_share(*id).ok_or(malformed)?)?;
            points.insert(*id, Secp256k1::multiscalar_vartime(&[(weight(*id)?, share)]));
        }
        let share = Secp256k1::scalar_from_bytes(key.signing_share.expose()).map_err(|_| malformed)?;
        let share = Zeroizing::new(share);
        let secret = Secret::new(weight(key.participant)? * *share);
        if points.get(&key.participant) != Some(&Secp256k1::mul_base(secret.expose())) {
            return Err(Misuse::Key("the share is not the one that the group certified"));
        }
        let sum = points.values().copied().reduce(|sum, point| sum + point);
        if sum != Some(point(&public.group_key)?) {
            return Err(Misuse::Key("the verifying shares are not shares of the group key"));
        }
        let key_bytes = public.group_key.as_slice().try_into().map_err(|_| malformed)?;
        Ok(Self { me: key.participant, key: key_bytes, secret, points })
    }

    /// Returns whose share this is.
    pub const fn me(&self) -> ParticipantId {
        self.me
    }

    /// Returns the signers, in order.
    pub fn signers(&self) -> impl Iterator<Item = ParticipantId> + Clone + '_ {
        self.points.keys().copied()
    }

    /// Returns the stored public key X, compressed.
    pub const fn key(&self) -> &[u8; POINT_LEN] {
        &self.key
    }

    pub(crate) fn counterparties(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.signers().filter(|id| *id != self.me)
    }

    /// sk_i.
    pub(crate) const fn secret(&self) -> &Scalar {
        self.secret.expose()
    }

    /// sk_i as bytes, to be mixed with randomness.
    pub(crate) fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(scalar_bytes(self.secret.expose()))
    }

    /// pk_j.
    pub(crate) fn point(&self, id: ParticipantId) -> Option<&Secp256k1Point> {
        self.points.get(&id)
    }
}
