//! Who made a signature invalid (§7 of `docs/protocols/dkls.md`).
//!
//! Every signer has committed to φ_i·G, u_i·G and v_i·G when it confirmed. When a signature does not verify, all open
//! them: a share that does not fit its own points is its signer's, provable from two signed messages. If all fit, the
//! presignature was malformed by somebody in a way that leaves no trace, and nobody is named. What is opened are
//! points: φ_i, u_i, v_i themselves never leave, they would give the key away.

use core::fmt;
use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Transcript};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use thiserror::Error;

use crate::presign::PresignatureId;
use crate::sign::{OnlineShare, SigningPlan};
use crate::wire::{POINT_LEN, Reader};
use crate::{Misuse, Offence, Part};

/// What opens K_i: Φ = φ_i·G, U = u_i·G, V = v_i·G and the blind. Sent after a failed signature only.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AttributionOpening {
    points: [[u8; POINT_LEN]; 3],
    blind: [u8; 32],
}

/// How a signature share is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum ShareOffence {
    /// The opening is not the one committed to, or holds something that is no point.
    #[error("opened a commitment to something else")]
    Opening,
    /// The share is not the one of the committed points.
    #[error("sent a share that is not of its presignature")]
    Share,
}

/// Who made a signature invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These signers, and only these; each is provable from signed messages.
    Culprits(BTreeMap<ParticipantId, ShareOffence>),
    /// Every share fits: the presignature was malformed, and its whole batch is discarded. Nobody can be named.
    NoCulprit,
}

impl AttributionOpening {
    /// The length of the encoding.
    pub const LEN: usize = 3 * POINT_LEN + 32;

    pub(crate) const fn new(points: [[u8; POINT_LEN]; 3], blind: [u8; 32]) -> Self {
        Self { points, blind }
    }

    /// K_i.
    pub(crate) fn commitment(&self, id: PresignatureId, participant: ParticipantId) -> [u8; 32] {
        Transcript::new("dkls/attribution")
            .field("presignature", id.as_bytes())
            .number("participant", participant.get().into())
            .list("points", self.points.iter())
            .field("blind", &self.blind)
            .finish()
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.points.iter().flatten().chain(&self.blind).copied().collect()
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// [`Offence::Length`]. What is no point is judged by [`SigningPlan::attribute`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Attribution, Self::LEN)?;
        let points = [reader.array()?, reader.array()?, reader.array()?];
        Ok(Self { points, blind: reader.array()? })
    }

    fn decode(&self) -> Option<[Secp256k1Point; 3]> {
        let [phi, u, v] = self.points.each_ref().map(|bytes| Secp256k1::point_from_bytes(bytes).ok());
        Some([phi?, u?, v?])
    }
}

impl SigningPlan {
    /// Judges all signers' shares by their openings, after [`SigningPlan::combine`] found the signature invalid.
    ///
    /// # Errors
    /// [`Misuse::Messages`] unless there is one share and one opening of every signer.
    pub fn attribute(
        &self,
        shares: &BTreeMap<ParticipantId, OnlineShare>,
        openings: &BTreeMap<ParticipantId, AttributionOpening>,
    ) -> Result<Verdict, Misuse> {
        self.expect_signers(shares.keys())?;
        self.expect_signers(openings.keys())?;
        let judged = shares.iter().zip(openings.values()).filter_map(|((signer, share), opening)| {
            self.judge(*signer, share, opening).err().map(|offence| (*signer, offence))
        });
        let culprits: BTreeMap<_, _> = judged.collect();
        Ok(if culprits.is_empty() { Verdict::NoCulprit } else { Verdict::Culprits(culprits) })
    }

    /// Judges one signer's share by its opening.
    ///
    /// # Errors
    /// [`ShareOffence`] says what is wrong.
    pub fn judge(
        &self,
        signer: ParticipantId,
        share: &OnlineShare,
        opening: &AttributionOpening,
    ) -> Result<(), ShareOffence> {
        if self.commitment(signer) != Some(&opening.commitment(self.id(), signer)) {
            return Err(ShareOffence::Opening);
        }
        let [phi, u, v] = opening.decode().ok_or(ShareOffence::Opening)?;
        let [delta, of_phi, nonce_x] = self.share_factors();
        // u'·G = U + δ·Φ and w·G = (h + r'·τ)·Φ + r'·V.
        let right_u = Secp256k1::mul_base(&share.u) == u + Secp256k1::multiscalar_vartime(&[(delta, phi)]);
        let right_w =
            Secp256k1::mul_base(&share.w) == Secp256k1::multiscalar_vartime(&[(of_phi, phi), (nonce_x, v)]);
        if right_u && right_w { Ok(()) } else { Err(ShareOffence::Share) }
    }
}

impl fmt::Debug for AttributionOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttributionOpening(<redacted>)")
    }
}
