//! Why a ceremony ended without keys, and what can be blamed on whom.

use quorate_primitives::ParticipantId;
use quorate_threshold::dkg::{Broadcast, Offence, Term};
use thiserror::Error;

use crate::envelope::Envelope;

/// The end of a ceremony without keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// A participant works with other terms: nobody's fault.
    #[error("participant {participant} has another {term}")]
    TermsDiffer {
        /// Who.
        participant: ParticipantId,
        /// Which term.
        term: Term,
    },
    /// A participant broke the protocol, as its own signed messages prove.
    #[error("participant {culprit} {blame}")]
    Misbehaved {
        /// Who.
        culprit: ParticipantId,
        /// What it did.
        blame: Blame,
        /// The signed messages that prove it.
        evidence: Vec<Envelope>,
    },
    /// Members saw different broadcasts, and nobody showed in time who said two things.
    #[error("members saw different {0}, and it could not be settled who said two things")]
    SplitView(Broadcast),
    /// Members stayed silent. Named, not blamed: the network may be at fault.
    #[error("no answer in time from {}", list(.missing))]
    TimedOut {
        /// Who was awaited.
        missing: Vec<ParticipantId>,
    },
    /// A person ended it.
    #[error("participant {by} cancelled")]
    Cancelled {
        /// Whose person.
        by: ParticipantId,
    },
    /// A member's person saw other safety words.
    #[error("participant {by} says the safety words differ")]
    Objected {
        /// Whose person.
        by: ParticipantId,
    },
    /// It ended before this device restarted.
    #[error("{0}")]
    Earlier(String),
    /// A bug or misuse on our side.
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// What a participant is blamed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Blame {
    /// A message breaks the key generation protocol.
    #[error("{0}")]
    Protocol(Offence),
    /// A signed message is not the encoding of what its round asks for.
    #[error("sent a malformed message in flight {0}")]
    Malformed(u8),
    /// It signed two different messages for one step.
    #[error("said two different things in flight {0}")]
    Equivocated(u8),
    /// It echoed something else than what it received.
    #[error("echoed other broadcasts than it received")]
    FalseEcho,
    /// It certified another transcript than the one it echoed.
    #[error("certified another transcript")]
    OtherStatement,
}

impl Failure {
    /// Returns who is to blame, if anybody.
    pub const fn culprit(&self) -> Option<ParticipantId> {
        match self {
            Self::Misbehaved { culprit, .. } => Some(*culprit),
            _ => None,
        }
    }
}

pub(crate) fn list(participants: &[ParticipantId]) -> String {
    let names: Vec<String> = participants.iter().map(|id| format!("participant {id}")).collect();
    names.join(", ")
}
