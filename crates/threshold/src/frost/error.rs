//! What can go wrong, and whose fault it is.

use quorate_primitives::{KeyPurpose, ParticipantId};
use thiserror::Error;

use crate::derive::DeriveError;
use crate::suite::CurveError;

/// Why stored or received bytes are no key, commitment, nonce or share of a FROST suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The key is for ECDSA, whose signatures FROST does not make.
    #[error("a key for {purpose} does not sign with FROST")]
    NotSchnorr {
        /// The purpose of the key.
        purpose: KeyPurpose,
    },
    /// The key has another number of verifying shares than participants.
    #[error("{found} verifying shares of {expected} participants")]
    ShareCount {
        /// The verifying shares there are.
        found: usize,
        /// The size of the group.
        expected: usize,
    },
    /// The verifying shares are not shares of the group key at this threshold.
    #[error("the verifying shares are not shares of the group key")]
    Inconsistent,
    /// The share is not the one that the group certified: share·G ≠ X_j.
    #[error("the share of participant {participant} is not the one that the group certified")]
    ShareMismatch {
        /// Whose share it is.
        participant: ParticipantId,
    },
    /// Nobody of that index is in the group.
    #[error("participant {participant} is not in the group")]
    UnknownParticipant {
        /// The index.
        participant: ParticipantId,
    },
    /// Bytes of a wrong length, or of another version or suite.
    #[error("malformed {what}")]
    Malformed {
        /// What was expected.
        what: &'static str,
    },
    /// A point or scalar in `what` is refused.
    #[error("bad {what}")]
    Curve {
        /// Where it was.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: CurveError,
    },
    /// There is no such derived key.
    #[error("no such derived key")]
    Derive(#[from] DeriveError),
}

/// Why no signature share was made. The nonces are gone nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// Fewer signers than the threshold asks for.
    #[error("{found} signers where {needed} must sign")]
    TooFewSigners {
        /// Signers in the package.
        found: usize,
        /// The threshold.
        needed: u16,
    },
    /// A signer is in the package twice.
    #[error("participant {participant} is among the signers twice")]
    DuplicateSigner {
        /// Who.
        participant: ParticipantId,
    },
    /// A signer is not in the group.
    #[error("participant {participant} is not in the group")]
    UnknownSigner {
        /// Who.
        participant: ParticipantId,
    },
    /// Commitments, nonces, package and key are not all for the same purpose.
    #[error("something for {found} where {expected} was expected")]
    OtherPurpose {
        /// The purpose of what was given.
        found: KeyPurpose,
        /// The purpose that was needed.
        expected: KeyPurpose,
    },
    /// The package is for another key, or for another child of the key.
    #[error("the signing package is for another key")]
    OtherKey,
    /// The holder of the key is not among the signers.
    #[error("participant {participant} is not among the signers")]
    NotASigner {
        /// The holder of the key.
        participant: ParticipantId,
    },
    /// The package holds other commitments than those of the given nonces.
    #[error("the signing package does not hold the commitments of these nonces")]
    OtherNonces,
    /// The commitments cancel each other out. Only signers who know each other's nonces can arrange that.
    #[error("the commitments of the signers cancel each other out")]
    IdentityCommitment,
}

/// Why shares do not make a signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AggregateError {
    /// These signers, and only these, sent a share that does not fit the package.
    #[error("wrong signature shares from participants {culprits:?}")]
    InvalidShares {
        /// Who sent them.
        culprits: Vec<ParticipantId>,
    },
    /// A signer's share is not there.
    #[error("no signature share from participant {participant}")]
    MissingShare {
        /// Whose.
        participant: ParticipantId,
    },
    /// There is a share of somebody who is not among the signers.
    #[error("a signature share from participant {participant}, who is not among the signers")]
    UnexpectedShare {
        /// Whose.
        participant: ParticipantId,
    },
    /// Shares, package and key are not all for the same purpose.
    #[error("something for {found} where {expected} was expected")]
    OtherPurpose {
        /// The purpose of what was given.
        found: KeyPurpose,
        /// The purpose that was needed.
        expected: KeyPurpose,
    },
    /// The package is for another key, or for another child of the key.
    #[error("the signing package is for another key")]
    OtherKey,
    /// Every share fits and the signature does not verify: a fault of ours, nobody is to blame.
    #[error("the signature does not verify although every share does")]
    Unverifiable,
}
