//! Confirmation (§4), what it gives: a presignature is everything of a signature but the message, usable once.

use core::fmt;
use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use k256::Scalar;
use quorate_primitives::{MAX_PARTICIPANTS, ParticipantId, Secret, Transcript, encoding};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};

use crate::Misuse;
use crate::attribution::AttributionOpening;
use crate::sign::MessageHash;
use crate::wire::{POINT_LEN, point_bytes, scalar_bytes};

/// The name of a presignature: a hash of its session, hence of the owner, and its index in the batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct PresignatureId([u8; 32]);

/// One signer's share of a presignature: R for all; u_i, v_i, φ_i with Σu = r·φ, Σv = x·φ, Σφ = φ.
///
/// # Security
/// Neither copied nor cloned, erased on drop, consumed by `sign`. Two shares of one presignature give the key away. It
/// lives in memory only; [`Presignature::into_sealed_bytes`] is for pools of a signer who is offline.
///
/// It knows its id, signers, key and epoch, and neither its batch nor the generations of its pairs. Whoever keeps
/// presignatures keeps beside them what erases them: after a ban those with both of the pair among the signers, after
/// [`Verdict::NoCulprit`](crate::Verdict::NoCulprit) those of the same batch, or more.
///
/// # Examples
/// A presignature signs once, which the compiler holds:
/// ```compile_fail,E0382
/// # use quorate_dkls::{presign::Presignature, sign::Statement};
/// fn twice(presignature: Presignature, one: &Statement, other: &Statement) {
///     let _ = presignature.sign(one);
///     let _ = presignature.sign(other);
/// }
/// ```
pub struct Presignature {
    pub(crate) about: About,
    /// φ_i, u_i, v_i.
    pub(crate) shares: Secret<[Scalar; 3]>,
    pub(crate) opening: AttributionOpening,
}

/// The public side of a presignature, the same for all signers but `me`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub id: PresignatureId,
    pub me: ParticipantId,
    /// X.
    pub key: [u8; POINT_LEN],
    pub epoch: u64,
    /// R.
    pub nonce_point: Secp256k1Point,
    /// K_j of every signer.
    pub commitments: BTreeMap<ParticipantId, [u8; 32]>,
    /// The one message that it may sign; `None` for any.
    pub message: Option<MessageHash>,
}

impl PresignatureId {
    pub(crate) fn new(session: &[u8; 32], index: u16) -> Self {
        let hash = Transcript::new("dkls/presignature")
            .field("session", session)
            .number("index", index.into())
            .finish();
        Self(hash)
    }

    /// Returns the id as bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for PresignatureId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Presignature {
    pub(crate) const fn new(about: About, shares: Secret<[Scalar; 3]>, opening: AttributionOpening) -> Self {
        Self { about, shares, opening }
    }

    /// Returns the presignature's name, the same for all signers.
    pub const fn id(&self) -> PresignatureId {
        self.about.id
    }

    /// Returns the signers, in order.
    pub fn signers(&self) -> impl Iterator<Item = ParticipantId> + Clone + '_ {
        self.about.commitments.keys().copied()
    }

    /// Returns the one message that it may sign; `None` if it is for any.
    pub const fn message(&self) -> Option<MessageHash> {
        self.about.message
    }

    /// Returns the epoch of the key; another epoch makes the presignature worthless.
    pub const fn epoch(&self) -> u64 {
        self.about.epoch
    }

    /// Turns the presignature into the one form in which it may be stored: sealed in a vault, for an air-gap pool.
    ///
    /// # Security
    /// The vault deletes the entry durably before it hands the presignature out again. A backup never holds it.
    pub fn into_sealed_bytes(self) -> Secret<Vec<u8>> {
        let About { id, me, key, epoch, nonce_point, commitments, message } = self.about;
        let stored = Stored {
            id,
            me,
            key,
            epoch,
            nonce_point: point_bytes(&nonce_point),
            commitments,
            shares: Secret::new(self.shares.expose().each_ref().map(scalar_bytes)),
            opening: self.opening,
            message,
        };
        Secret::new(encoding::to_bytes(&stored))
    }

    /// Takes a presignature out of a vault's entry, which is gone by then.
    ///
    /// # Errors
    /// [`Misuse::Stored`] for anything but what [`Presignature::into_sealed_bytes`] returned.
    #[expect(clippy::needless_pass_by_value, reason = "the stored form is consumed and wiped")]
    pub fn from_sealed_bytes(bytes: Secret<Vec<u8>>) -> Result<Self, Misuse> {
        let malformed = Misuse::Stored("presignature");
        let stored: Stored = encoding::from_bytes(bytes.expose()).map_err(|_| malformed)?;
        let Stored { id, me, key, epoch, nonce_point, commitments, shares, opening, message } = stored;
        if !commitments.contains_key(&me) || commitments.len() > usize::from(MAX_PARTICIPANTS) {
            return Err(malformed);
        }
        Secp256k1::point_from_bytes(&key).map_err(|_| malformed)?;
        let nonce_point = Secp256k1::point_from_bytes(&nonce_point).map_err(|_| malformed)?;
        let mut scalars = Secret::new([Scalar::ZERO; 3]);
        for (scalar, bytes) in scalars.expose_mut().iter_mut().zip(shares.expose()) {
            *scalar = Secp256k1::scalar_from_bytes(bytes).map_err(|_| malformed)?;
        }
        let about = About { id, me, key, epoch, nonce_point, commitments, message };
        Ok(Self { about, shares: scalars, opening })
    }
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Stored {
    id: PresignatureId,
    me: ParticipantId,
    key: [u8; POINT_LEN],
    epoch: u64,
    nonce_point: [u8; POINT_LEN],
    commitments: BTreeMap<ParticipantId, [u8; 32]>,
    shares: Secret<[[u8; 32]; 3]>,
    opening: AttributionOpening,
    message: Option<MessageHash>,
}

impl encoding::Versioned for Stored {
    const VERSION: u8 = 1;
    const MAX_LEN: usize =
        1 + 32 + 2 + 8 + 2 * POINT_LEN + 4 + MAX_PARTICIPANTS as usize * 34 + 96 + AttributionOpening::LEN;
    const NAME: &'static str = "presignature";
}

impl fmt::Debug for Presignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presignature({:?}, <redacted>)", self.about.id)
    }
}

impl fmt::Debug for PresignatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
