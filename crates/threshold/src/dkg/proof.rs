//! Proof of possession: the dealer knows its constant term a_0 (Schnorr, made non-interactive).
//!
//! z·G = R + c·C_0 with c = H(session, purpose, dealer, C_0, R). Without it, the last to speak could choose its
//! constant term so that it cancels all others (rogue key). Session, purpose and dealer are in the challenge, so
//! a proof is worth nothing anywhere else.

use frost_core::{Element, Scalar};
use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Transcript};
use zeroize::Zeroizing;

use super::{Offence, PossessionProof};
use crate::suite::Curve;

/// What a proof is about.
pub(super) struct Statement<'a> {
    pub(super) session: &'a [u8; 32],
    pub(super) purpose: KeyPurpose,
    pub(super) dealer: ParticipantId,
}

impl Statement<'_> {
    /// Proves knowledge of the `secret` behind C_0. `None` if the nonce was zero, which has negligible probability.
    pub(super) fn prove<C: Curve>(
        &self,
        constant_term: &[u8],
        secret: &Scalar<C>,
        rng: &mut HedgedRng,
    ) -> Option<PossessionProof> {
        let nonce = Zeroizing::new(C::random_scalar(rng));
        let commitment = C::point_to_bytes(&C::mul_base(&nonce)).ok()?;
        let challenge = self.challenge::<C>(constant_term, &commitment);
        Some(PossessionProof { commitment, response: C::scalar_to_bytes(&(*nonce + challenge * *secret)) })
    }

    /// Checks a proof about C_0.
    pub(super) fn verify<C: Curve>(
        &self,
        constant_term: &Element<C>,
        proof: &PossessionProof,
    ) -> Result<(), Offence> {
        let commitment = C::point_from_bytes(&proof.commitment).map_err(|_| Offence::Point)?;
        let response = C::scalar_from_bytes(&proof.response).map_err(|_| Offence::Proof)?;
        let bytes = C::point_to_bytes(constant_term).map_err(|_| Offence::Point)?;
        let challenge = self.challenge::<C>(&bytes, &proof.commitment);
        if C::mul_base(&response) == commitment + *constant_term * challenge {
            Ok(())
        } else {
            Err(Offence::Proof)
        }
    }

    fn challenge<C: Curve>(&self, constant_term: &[u8], commitment: &[u8]) -> Scalar<C> {
        let wide = Transcript::new("dkg/possession")
            .field("session", self.session)
            .field("purpose", self.purpose.label().as_bytes())
            .number("dealer", u64::from(self.dealer.get()))
            .field("C_0", constant_term)
            .field("R", commitment)
            .finish_wide();
        C::hash_to_scalar(&wide)
    }
}
