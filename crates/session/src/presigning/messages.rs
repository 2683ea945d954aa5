//! What signers say while they make presignatures. Nothing of it is ever persisted.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_dkls::Pair;
use quorate_dkls::presign::{
    Commitment, Confirmation, Extension, Generations, MAX_BATCH, Multiplication, Opening,
};
use quorate_dkls::sign::MessageHash;
use quorate_primitives::{MAX_PARTICIPANTS, ParticipantId, encoding};

use super::lives::Life;
use crate::envelope::Envelope;

/// The numbers of rounds in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Round {
    Proposal = 0,
    Commitment = 1,
    Extension = 2,
    Opening = 3,
    Multiplication = 4,
    Confirmation = 5,
    Failure = 6,
    Nudge = 7,
    /// For all, outside any session.
    Reset = 8,
}

impl Round {
    pub(super) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Proposal,
            1 => Self::Commitment,
            2 => Self::Extension,
            3 => Self::Opening,
            4 => Self::Multiplication,
            5 => Self::Confirmation,
            6 => Self::Failure,
            7 => Self::Nudge,
            8 => Self::Reset,
            _ => return None,
        })
    }

    /// Returns whether it goes to one peer.
    pub(super) const fn is_for_one(self) -> bool {
        match self {
            Self::Extension | Self::Multiplication | Self::Nudge => true,
            Self::Proposal
            | Self::Commitment
            | Self::Opening
            | Self::Confirmation
            | Self::Failure
            | Self::Reset => false,
        }
    }
}

/// The owner's wish: it becomes the session's terms.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// Who signs, in order.
    pub signers: Vec<ParticipantId>,
    /// How many presignatures.
    pub batch: u16,
    /// Never used twice by its owner.
    pub counter: u64,
    /// The owner's life: whatever it made in an earlier one is gone.
    pub life: Life,
    /// The generation of every pair of the signers, in order.
    pub generations: Vec<(Pair, u64)>,
    /// The one message that it is for (plain mode); `None` for any to come.
    pub message: Option<MessageHash>,
}

impl Proposal {
    pub(super) fn generations(&self) -> Generations {
        self.generations.iter().copied().collect()
    }
}

/// Round 1 for all. It carries the proposal, so that whoever hears it first knows the session.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Committed {
    /// The owner's proposal, signed.
    pub proposal: Envelope,
    /// The life of the sender.
    pub life: Life,
    /// The commitment, as the engine encodes it.
    pub commitment: Vec<u8>,
}

/// The end of a session without presignatures, for the others.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Ended {
    /// The pair that failed, if one did. Never whose fault it was: that can not be proven.
    pub pair: Option<Pair>,
}

const LIFE_LEN: usize = 8;

const MAX_PROPOSAL_LEN: usize = {
    let members = MAX_PARTICIPANTS as usize;
    4 + 2 * members + 2 + 8 + LIFE_LEN + 4 + 12 * members * members + 1 + 32
};

/// Returns the longest body of a round that is read.
pub(super) const fn max_body_len(round: Round) -> usize {
    match round {
        Round::Proposal => MAX_PROPOSAL_LEN,
        Round::Commitment => MAX_PROPOSAL_LEN + 256 + LIFE_LEN + Commitment::LEN,
        Round::Extension => Extension::len(MAX_BATCH),
        Round::Opening => Opening::len(MAX_BATCH),
        Round::Multiplication => Multiplication::len(MAX_BATCH),
        Round::Confirmation => Confirmation::len(MAX_BATCH),
        Round::Failure => 8,
        Round::Nudge => 0,
        Round::Reset => LIFE_LEN,
    }
}

/// Reads the body of an envelope of a round; `None` if it is not one.
pub(super) fn decode<M: BorshDeserialize>(envelope: &Envelope, round: Round) -> Option<M> {
    encoding::body_from_bytes(&envelope.body, max_body_len(round), "message").ok()
}
