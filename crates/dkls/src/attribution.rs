//! Who made a signature invalid (§6 of `docs/protocols/dkls.md`).
//!
//! Every signer has committed to φ_i·G, u_i·G and v_i·G when it confirmed. When a signature does not verify, all open
//! them: a share that departs from its signer's own points is the signer's, which its signed messages prove. Who
//! withholds its opening is said to, which proves nothing, and saves nobody whose opening is here. If all fit, somebody
//! prepared the failure while presigning (other points committed to, another ψ), and nobody is named. What is opened are
//! points: φ_i, u_i, v_i themselves never leave, they would give the key away. Each failure costs a little of the key's
//! strength (D3 of the page): the session layer keeps them few.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Transcript};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use thiserror::Error;
use zeroize::ZeroizeOnDrop;

use crate::presign::PresignatureId;
use crate::sign::{OnlineShare, SigningPlan};
use crate::wire::{POINT_LEN, Reader};
use crate::{Misuse, Offence, Part};

/// What opens K_i: Φ = φ_i·G, U = u_i·G, V = v_i·G and the blind. Sent after a failed signature only, and else wiped.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, ZeroizeOnDrop)]
pub struct AttributionOpening {
    /// Φ, U, V.
    points: [[u8; POINT_LEN]; 3],
    /// blind'.
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
    /// These signers, whoever else has not opened; each is provable from signed messages.
    Culprits(BTreeMap<ParticipantId, ShareOffence>),
    /// These signers have not opened, and every share that can be judged fits. No proof against anybody: an opening may
    /// be lost on its way, or in a crash.
    Withheld(BTreeSet<ParticipantId>),
    /// Every share fits its signer's points: the failure was prepared while presigning, and nobody can be named. What
    /// else this batch made is discarded.
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
    /// Judges signers' shares by the openings that are here, after [`SigningPlan::combine`] found the signature invalid.
    ///
    /// # Errors
    /// [`Misuse::Messages`] unless there is one share of every signer, and no opening of anybody else.
    pub fn attribute(
        &self,
        shares: &BTreeMap<ParticipantId, OnlineShare>,
        openings: &BTreeMap<ParticipantId, AttributionOpening>,
    ) -> Result<Verdict, Misuse> {
        self.expect_signers(shares.keys())?;
        if !openings.keys().all(|id| shares.contains_key(id)) {
            return Err(Misuse::Messages);
        }
        let judged = shares.iter().filter_map(|(signer, share)| {
            let offence = self.judge(*signer, share, openings.get(signer)?).err()?;
            Some((*signer, offence))
        });
        let culprits: BTreeMap<_, _> = judged.collect();
        if !culprits.is_empty() {
            return Ok(Verdict::Culprits(culprits));
        }
        let withheld: BTreeSet<_> =
            shares.keys().filter(|signer| !openings.contains_key(signer)).copied().collect();
        Ok(if withheld.is_empty() { Verdict::NoCulprit } else { Verdict::Withheld(withheld) })
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
