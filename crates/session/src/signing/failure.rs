//! Why a session can not be opened, or ended without signatures.

use quorate_dkls::Misuse;
use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_threshold::derive::DeriveError;
use quorate_threshold::frost::KeyError;
use thiserror::Error;

use crate::envelope::Envelope;

/// Why a task is not taken up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The proposal is not the encoding of a task, or not of this session.
    #[error("proposal is malformed")]
    Malformed,
    /// Its deadline is over.
    #[error("proposal has expired")]
    Expired,
    /// Its deadline is further away than any may be.
    #[error("proposal would stay open for more than a week")]
    TooLong,
    /// Too many or too long fields.
    #[error("proposal is larger than a session may be")]
    TooLarge,
    /// The wallet has no such key.
    #[error("wallet has no key for {purpose}")]
    NoKey {
        /// The purpose asked for.
        purpose: KeyPurpose,
    },
    /// ECDSA signs digests of 32 bytes.
    #[error("what ECDSA signs is no digest of 32 bytes")]
    NoDigest,
    /// The key can not be used.
    #[error("key can not be used")]
    Key(#[from] KeyError),
    /// There is no such child key.
    #[error("child key can not be derived")]
    Derive(#[from] DeriveError),
    /// There is no such child of the ECDSA key.
    #[error("child key can not be derived: {0}")]
    Tweak(#[from] Misuse),
}

/// The end of a session without signatures.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// Too few members are left who could approve.
    #[error("refused by {}", names(.by))]
    Refused {
        /// Who refused.
        by: Vec<ParticipantId>,
    },
    /// The deadline for approvals passed.
    #[error("not approved in time; no answer from {}", names(.missing))]
    Expired {
        /// Who did not answer.
        missing: Vec<ParticipantId>,
    },
    /// Signers were fixed and stayed silent. Named, not blamed.
    #[error("no share in time from {}", names(.missing))]
    TimedOut {
        /// Who was awaited.
        missing: Vec<ParticipantId>,
    },
    /// A signer lost its nonces (it restarted): begin a new session.
    #[error("participant {by} restarted and withdrew; start the signature anew")]
    Withdrawn {
        /// Who.
        by: ParticipantId,
    },
    /// Signers broke the protocol, as their own signed messages prove.
    #[error("{} {blame}", names(.culprits))]
    Misbehaved {
        /// Who.
        culprits: Vec<ParticipantId>,
        /// What they did.
        blame: Blame,
        /// The signed messages that prove it.
        evidence: Vec<Envelope>,
    },
    /// ECDSA shares do not add up, and every one that was opened fits its commitments: nobody is to blame.
    #[error("the signature does not verify, and nobody can be blamed for it{}; start it anew", unopened(.missing))]
    Unattributed {
        /// Whose presignatures were used.
        signers: Vec<ParticipantId>,
        /// Who did not open its commitments in time. Named, not blamed.
        missing: Vec<ParticipantId>,
    },
    /// The presignatures that ECDSA needs could not be made.
    #[error("presignatures could not be made: {reason}")]
    NoPresignatures {
        /// Why.
        reason: String,
    },
    /// It ended before this device restarted.
    #[error("{0}")]
    Earlier(String),
    /// A bug or misuse on our side.
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// What signers are blamed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Blame {
    /// A share that does not fit the package.
    #[error("sent a wrong signature share")]
    WrongShare,
    /// A share for another package than the one it was sent for.
    #[error("sent a share for another package")]
    OtherPackage,
    /// Two different messages in one step.
    #[error("said two different things")]
    Equivocated,
    /// A message that is not what its round asks for.
    #[error("sent a malformed message")]
    Malformed,
    /// A package without t valid approvals of the statement.
    #[error("sent a package without the approvals it needs")]
    BadPackage,
}

impl Failure {
    /// Returns who is to blame, if anybody.
    pub fn culprits(&self) -> &[ParticipantId] {
        match self {
            Self::Misbehaved { culprits, .. } => culprits,
            _ => &[],
        }
    }
}

fn unopened(missing: &[ParticipantId]) -> String {
    if missing.is_empty() { String::new() } else { format!(" (no opening from {})", names(missing)) }
}

fn names(participants: &[ParticipantId]) -> String {
    crate::keygen::list_names(participants)
}
