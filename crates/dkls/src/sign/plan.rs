//! Signing, R' and *combine* (§5): the public side of one signature, by which shares are put together and judged.
//!
//! It accepts R', r' and h from nobody, and returns a signature only if the full point R' fits.

mod acceptance;

use std::collections::BTreeMap;

use k256::Scalar;
use k256::elliptic_curve::ops::Invert;
use k256::elliptic_curve::scalar::IsHigh;
use quorate_primitives::ParticipantId;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use thiserror::Error;

use super::{OnlineShare, TweakedKey};
use crate::hash::narrow_scalar;
use crate::presign::{About, PresignatureId};
use crate::wire::{point_bytes, scalar_bytes};
use crate::{Fault, Misuse, Obstacle};

/// A signature to be: R', r', h, τ, δ and X', the same for all signers.
#[derive(Clone, Debug)]
pub struct SigningPlan {
    about: About,
    /// h.
    digest: Scalar,
    /// δ.
    delta: Scalar,
    /// X' and τ.
    key: TweakedKey,
    /// R'.
    nonce_point: Secp256k1Point,
    /// r'.
    nonce_x: Scalar,
    /// The parity of R'_y, and whether R'_x ≥ q.
    nonce_id: u8,
}

/// An ECDSA signature with low s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// r, big-endian.
    pub r: [u8; 32],
    /// s, big-endian, at most half the group order.
    pub s: [u8; 32],
    /// Which of the points with this r was the nonce point: the parity of y, plus 2 if x ≥ q.
    pub recovery_id: u8,
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CombineError {
    /// There is not exactly one share of every signer.
    #[error("not exactly one share of every signer")]
    Shares,
    /// The signature does not verify. All signers open what they committed to: `SigningPlan::attribute`.
    #[error("the signature does not verify")]
    Invalid,
}

impl SigningPlan {
    pub(crate) fn new(about: About, key: &TweakedKey, digest: Scalar, delta: Scalar) -> Result<Self, Fault> {
        let mut points = [about.nonce_point + Secp256k1::mul_base(&delta)];
        Secp256k1::normalize(&mut points);
        let [nonce_point] = points;
        let [tag, x @ ..] = point_bytes(&nonce_point);
        let nonce_x = narrow_scalar(x);
        if nonce_x == Scalar::ZERO {
            return Err(Obstacle::Degenerate.into());
        }
        let above_order = u8::from(scalar_bytes(&nonce_x) != x);
        Ok(Self {
            about,
            digest,
            delta,
            key: key.clone(),
            nonce_point,
            nonce_x,
            nonce_id: tag & 1 | above_order << 1,
        })
    }

    /// Returns which presignature is used.
    pub const fn id(&self) -> PresignatureId {
        self.about.id
    }

    /// Returns the signers, in order.
    pub fn signers(&self) -> impl Iterator<Item = ParticipantId> + Clone + '_ {
        self.about.commitments.keys().copied()
    }

    /// Adds the shares of all signers. A signature is returned only if it is valid: s⁻¹·(h·G + r'·X') = R' as a full
    /// point, which fixes the recovery id too.
    ///
    /// # Errors
    /// [`CombineError`].
    pub fn combine(&self, shares: &BTreeMap<ParticipantId, OnlineShare>) -> Result<Signature, CombineError> {
        self.expect_signers(shares.keys()).map_err(|_| CombineError::Shares)?;
        let (w, u) =
            shares.values().fold((Scalar::ZERO, Scalar::ZERO), |(w, u), share| (w + share.w, u + share.u));
        // One inversion for s = w/u and s⁻¹ = u/w. All of it is public.
        let inverse: Option<Scalar> = (w * u).invert_vartime().into();
        let inverse = inverse.ok_or(CombineError::Invalid)?;
        let (s, s_inverse) = (w.square() * inverse, u.square() * inverse);
        if !self.accepts(&s, &s_inverse) {
            return Err(CombineError::Invalid);
        }
        let high: bool = s.is_high().into();
        let (s, flip) = if high { (-s, 1) } else { (s, 0) };
        let recovery_id = self.nonce_id ^ flip;
        Ok(Signature { r: scalar_bytes(&self.nonce_x), s: scalar_bytes(&s), recovery_id })
    }

    pub(crate) const fn me(&self) -> ParticipantId {
        self.about.me
    }

    /// K_j.
    pub(crate) fn commitment(&self, signer: ParticipantId) -> Option<&[u8; 32]> {
        self.about.commitments.get(&signer)
    }

    /// δ, h + r'·τ and r': what u_i' and w_i are made with.
    pub(crate) fn share_factors(&self) -> [Scalar; 3] {
        [self.delta, self.digest + self.nonce_x * self.key.tweak(), self.nonce_x]
    }

    pub(crate) fn expect_signers<'a>(
        &self,
        ids: impl Iterator<Item = &'a ParticipantId>,
    ) -> Result<(), Misuse> {
        if ids.eq(self.about.commitments.keys()) { Ok(()) } else { Err(Misuse::Messages) }
    }
}

impl Signature {
    /// Returns r and s, 64 bytes.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (r, s) = bytes.split_at_mut(32);
        r.copy_from_slice(&self.r);
        s.copy_from_slice(&self.s);
        bytes
    }
}
