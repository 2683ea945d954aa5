//! What a ceremony persists, and what it says beside the flights.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::Secret;
use quorate_threshold::dkg::{Complaint, MAX_DEALING_LEN};
use quorate_transport::Signature;

use crate::certificate::Certificate;
use crate::envelope::Envelope;

/// What is in the log of a ceremony. Replaying it gives the live state.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Mutation {
    /// The ceremony began: the seed of all secrets, and F0.
    Started {
        /// Source of every secret of this ceremony; erased when it ends.
        seed: Secret<[u8; 32]>,
        /// The bytes that leave.
        sent: Vec<Envelope>,
    },
    /// A flight is complete.
    Advanced {
        /// One message of every other member.
        received: Vec<Envelope>,
        /// The bytes that leave next.
        sent: Vec<Envelope>,
    },
    /// Everybody certified.
    Certified(Certificate),
    /// It ended without keys; what is left to say to the others.
    Ended {
        /// Why.
        reason: String,
        /// Complaint, evidence or cancellation.
        last_words: Vec<Envelope>,
    },
}

/// The numbers of rounds in headers: the flights, then what is said out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Round {
    Announcement = 0,
    Commitment = 1,
    Dealing = 2,
    Echo = 3,
    Shares = 4,
    Certification = 5,
    Complaint = 6,
    Evidence = 7,
    Certificate = 8,
    Cancel = 9,
    Nudge = 10,
}

impl Round {
    pub(super) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Announcement,
            1 => Self::Commitment,
            2 => Self::Dealing,
            3 => Self::Echo,
            4 => Self::Shares,
            5 => Self::Certification,
            6 => Self::Complaint,
            7 => Self::Evidence,
            8 => Self::Certificate,
            9 => Self::Cancel,
            10 => Self::Nudge,
            _ => return None,
        })
    }

    /// Returns whether a message of this round is signed for all and proves something, whoever shows it.
    pub(super) const fn is_evidence(self) -> bool {
        match self {
            Self::Announcement | Self::Commitment | Self::Dealing | Self::Echo | Self::Certification => true,
            Self::Complaint => true,
            Self::Shares | Self::Evidence | Self::Certificate | Self::Cancel | Self::Nudge => false,
        }
    }
}

/// Returns the longest body of a round that is read.
pub(super) const fn max_body_len(round: Round) -> usize {
    match round {
        Round::Announcement => 4 * 1024,
        Round::Commitment | Round::Echo | Round::Cancel | Round::Nudge => 64,
        Round::Dealing => MAX_DEALING_LEN,
        Round::Shares | Round::Certification => 256,
        Round::Complaint => 1024,
        Round::Evidence => 64 * (MAX_DEALING_LEN + 6 * 1024),
        Round::Certificate => 8 * 1024,
    }
}

/// F5: a member's shares are durable, and this is its signature of the transcript.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certification {
    /// What is certified.
    pub statement: [u8; 32],
    /// One signature of the certificate.
    pub signature: Signature,
}

/// A complaint with the message it is about, as its dealer signed it.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedComplaint {
    /// The opened secret.
    pub complaint: Complaint,
    /// F4 of the dealer for the accuser.
    pub sealed: Envelope,
}

/// Signed broadcasts that a member shows to the others: all it has when echoes differ, or what proves a blame.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// As their senders signed them.
    pub envelopes: Vec<Envelope>,
}
