//! The online step: one message of 64 bytes from every signer (§5 of `docs/protocols/dkls.md`).
//!
//! The nonce point is re-randomised additively, R' = R + δ·G, with δ from everything that is signed and fresh entropy
//! (Groth–Shoup, 2021/1330); the key's tweak is added here. It trusts that the statement was approved by t members and
//! the entropy was not known when digest and tweak were fixed; it accepts δ, R' or the digest's scalar from nobody. It
//! refuses the digest zero, another signer set, key or epoch, and returns a signature only if the full point R' fits.

mod plan;
mod statement;
#[cfg(test)]
mod tests;
#[cfg(quorate_timing)]
pub(crate) mod timing;

use core::fmt;

use k256::Scalar;
use quorate_primitives::{ParticipantId, Secret};

pub use plan::{CombineError, Signature, SigningPlan};
pub use statement::{MessageHash, Statement, TweakedKey};

use crate::attribution::AttributionOpening;
use crate::presign::Presignature;
use crate::wire::{Reader, SCALAR_LEN, scalar_bytes};
use crate::{Fault, Misuse, Offence, Part};

/// A signer's share of one signature, w_i and u_i': what leaves, after it is durable.
#[derive(Clone, PartialEq, Eq)]
pub struct OnlineShare {
    /// w_i.
    pub(crate) w: Scalar,
    /// u_i'.
    pub(crate) u: Scalar,
}

/// What a signer keeps after its share is made.
#[derive(Debug)]
pub struct Signing {
    plan: SigningPlan,
    opening: AttributionOpening,
}

impl Presignature {
    /// Makes this signer's share of the statement's signature. The presignature is gone, whatever the result.
    ///
    /// # Errors
    /// [`Fault::Local`] for a statement about something else (ask [`Presignature::accepts`] first).
    ///
    /// # Security
    /// The caller makes durable, in one commit, that the id is burned, the statement's hash and the share, before the
    /// share leaves. After a crash the stored bytes are sent again, never computed again.
    pub fn sign(self, statement: &Statement) -> Result<(OnlineShare, Signing), Fault> {
        self.accepts(statement)?;
        // Plain mode knew the message before R: the paper's order needs no re-randomisation.
        let delta = match self.about.message {
            Some(_) => Scalar::ZERO,
            None => statement.delta(&self.about.nonce_point),
        };
        self.sign_with(&statement.key, statement.digest_scalar()?, delta)
    }

    /// Checks that a statement is for this presignature, without using it.
    ///
    /// # Errors
    /// [`Misuse::OtherStatement`] names what differs; [`Misuse::ZeroDigest`].
    pub fn accepts(&self, statement: &Statement) -> Result<(), Misuse> {
        let about = &self.about;
        let differs = [
            ("presignature", statement.presignature != about.id),
            ("key", *statement.key.stored_key() != about.key),
            ("signer set", !statement.signers.iter().eq(about.commitments.keys())),
            ("epoch", statement.epoch != about.epoch),
            ("message", about.message.is_some_and(|message| message != statement.message())),
        ];
        if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(Misuse::OtherStatement(what));
        }
        statement.digest_scalar().map(|_| ())
    }

    /// w_i = h·φ_i + r'·(v_i + τ·φ_i) and u_i' = u_i + δ·φ_i.
    pub(crate) fn sign_with(
        self,
        key: &TweakedKey,
        digest: Scalar,
        delta: Scalar,
    ) -> Result<(OnlineShare, Signing), Fault> {
        let Self { about, shares, opening } = self;
        let plan = SigningPlan::new(about, key, digest, delta)?;
        let share = plan.share(&shares);
        Ok((share, Signing { plan, opening }))
    }
}

impl SigningPlan {
    fn share(&self, shares: &Secret<[Scalar; 3]>) -> OnlineShare {
        let [phi, u, v] = shares.expose();
        let [delta, of_phi, nonce_x] = self.share_factors();
        OnlineShare { w: of_phi * phi + nonce_x * v, u: u + delta * phi }
    }
}

impl Signing {
    /// Returns what is public about the signature to come.
    pub const fn plan(&self) -> &SigningPlan {
        &self.plan
    }

    /// Returns what opens K_i, to be sent after the signature was found invalid and for no other reason.
    pub const fn opening(&self) -> &AttributionOpening {
        &self.opening
    }

    /// Opens K_i, after the signature was found invalid and for no other reason.
    pub fn open(self) -> (SigningPlan, AttributionOpening) {
        (self.plan, self.opening)
    }

    /// Returns whose share it was.
    pub const fn me(&self) -> ParticipantId {
        self.plan.me()
    }
}

impl OnlineShare {
    /// The length of the encoding.
    pub const LEN: usize = 2 * SCALAR_LEN;

    /// Encodes the share.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        for (half, scalar) in bytes.chunks_exact_mut(SCALAR_LEN).zip([&self.w, &self.u]) {
            half.copy_from_slice(&scalar_bytes(scalar));
        }
        bytes
    }

    /// Decodes a share.
    ///
    /// # Errors
    /// [`Offence::Length`], [`Offence::Scalar`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Share, Self::LEN)?;
        Ok(Self { w: reader.scalar()?, u: reader.scalar()? })
    }
}

impl fmt::Debug for OnlineShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnlineShare(<redacted>)")
    }
}
