//! What a signing session says and what it persists.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_dkls::AttributionOpening;
use quorate_dkls::sign::OnlineShare;
use quorate_primitives::encoding;

use super::MAX_MESSAGES;
use super::task::MAX_TASK_LEN;
use crate::envelope::{Digest, Envelope};

/// What is in the log of a session. Secrets of a round never are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Mutation {
    /// A proposal was made or arrived.
    Opened {
        /// The signed proposal.
        proposal: Envelope,
    },
    /// This device approved: nonces exist, in memory.
    Approved,
    /// This device refused: a later process must not approve.
    Refused {
        /// The signed refusal.
        decision: Envelope,
    },
    /// The nonces are burned. From here on, these bytes are the only share there will ever be.
    Burned {
        /// The package that was signed, with its approvals.
        package: Envelope,
        /// The finished share.
        share: Envelope,
    },
    /// The signatures verify.
    Finished {
        /// One per message.
        signatures: Vec<[u8; 64]>,
    },
    /// It ended without signatures.
    Ended {
        /// Why.
        reason: String,
    },
}

/// The numbers of rounds in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Round {
    Proposal = 0,
    Decision = 1,
    Package = 2,
    Share = 3,
    Result = 4,
    Withdrawal = 5,
    Nudge = 6,
    Opening = 7,
}

impl Round {
    pub(super) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Proposal,
            1 => Self::Decision,
            2 => Self::Package,
            3 => Self::Share,
            4 => Self::Result,
            5 => Self::Withdrawal,
            6 => Self::Nudge,
            7 => Self::Opening,
            _ => return None,
        })
    }
}

/// A member's answer to a proposal.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Decision {
    /// It may be signed, with these commitments.
    Approve(Approval),
    /// It may not.
    Refuse {
        /// The hash of session and messages.
        statement: [u8; 32],
        /// Why, for people.
        reason: String,
    },
}

/// An approval: t of them over the same statement, and nothing less, release a share.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Approval {
    /// The hash of session and messages.
    pub statement: [u8; 32],
    /// The policy version under which this member approved.
    pub policy_version: u32,
    /// 32 fresh bytes.
    pub entropy: [u8; 32],
    /// One pair of nonce commitments per message; nothing for a message that ECDSA signs.
    pub commitments: Vec<Vec<u8>>,
}

/// The proposer's choice of signers: their approvals, as they signed them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Package {
    /// Exactly t, in the order of the signers.
    pub approvals: Vec<Envelope>,
    /// One presignature of the proposer's own for every message that ECDSA signs, in order.
    pub presignatures: Vec<[u8; 32]>,
}

/// A signer's shares, signed together with the hash of what they are for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Shares {
    /// The package that was signed, as the proposer signed it: if two signers name two, the proposer made both.
    pub named: Digest,
    /// Hash over the signing packages of all messages.
    pub package: [u8; 32],
    /// One share per message: 32 bytes for FROST, 64 for ECDSA.
    pub shares: Vec<Vec<u8>>,
}

/// What opens a signer's commitments, after ECDSA shares did not add up.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Openings {
    /// One per message that ECDSA signs, in order.
    pub openings: Vec<Vec<u8>>,
}

/// Returns the longest body of a round that is read.
pub(super) const fn max_body_len(round: Round) -> usize {
    const DECISION: usize = 1024 + MAX_MESSAGES * 80;
    match round {
        Round::Proposal => MAX_TASK_LEN,
        Round::Decision => DECISION,
        Round::Package => 64 * (DECISION + 256) + MAX_MESSAGES * 32,
        Round::Share => 512 + MAX_MESSAGES * (4 + OnlineShare::LEN),
        Round::Opening => 4 + MAX_MESSAGES * (4 + AttributionOpening::LEN),
        Round::Result => 64 + MAX_MESSAGES * 64,
        Round::Withdrawal | Round::Nudge => 64,
    }
}

/// Reads the body of an envelope of a round; `None` if it is not one.
pub(super) fn decode<M: BorshDeserialize>(envelope: &Envelope, round: Round) -> Option<M> {
    encoding::body_from_bytes(&envelope.body, max_body_len(round), "message").ok()
}
