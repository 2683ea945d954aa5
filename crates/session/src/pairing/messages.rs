//! What two members say to each other while they set up their pair, and what each persists.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_dkls::Tombstone;
use quorate_dkls::pair::{Transfers, Trees};
use quorate_primitives::{Secret, encoding};

use crate::envelope::Envelope;

/// What is in the log of a pair.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Mutation {
    /// The secrets of a generation exist, not yet confirmed by the peer.
    Made {
        /// Which try it was.
        attempt: Attempt,
        /// The secrets, as `PairKeys` encodes them.
        keys: Secret<Vec<u8>>,
    },
    /// The peer confirmed the generation that was made last.
    Confirmed,
    /// A generation is over without a ban: it failed.
    Over {
        /// Its number: the next one is higher.
        generation: u64,
    },
    /// An extension check failed: nothing goes on with this peer but by an explicit act.
    Banned(Tombstone),
    /// That act.
    Renewed,
    /// A generation is over, and another one is made without any act: one record, since a crash between two would
    /// leave a pair that waits for a person.
    Replaced {
        /// Its number: the next one is higher.
        generation: u64,
    },
}

/// One try to make a generation, named by the member with the lower index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attempt {
    /// The generation.
    pub generation: u64,
    /// Fresh for every try.
    pub nonce: [u8; 32],
}

/// The numbers of rounds in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Round {
    Transfers = 0,
    Trees = 1,
    Confirmation = 2,
    Renewal = 3,
    Nudge = 4,
    /// For all, outside any pair's session.
    Announcement = 5,
}

impl Round {
    pub(super) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Transfers,
            1 => Self::Trees,
            2 => Self::Confirmation,
            3 => Self::Renewal,
            4 => Self::Nudge,
            5 => Self::Announcement,
            _ => return None,
        })
    }
}

/// The first flight.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Flight {
    /// Which try it belongs to.
    pub attempt: Attempt,
    /// The message, as the engine encodes it.
    pub message: Vec<u8>,
}

/// The second flight. It answers one first flight of the peer, and is none of our business if that is not ours.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Planted {
    /// Which try it belongs to.
    pub attempt: Attempt,
    /// The hash of the peer's transfers.
    pub answers: [u8; 32],
    /// The hash of the sender's own: after a restart it has others.
    pub own: [u8; 32],
    /// The message, as the engine encodes it.
    pub message: Vec<u8>,
}

/// The end of the set-up: the hash of both flights of both.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Confirmation {
    /// Which try it belongs to.
    pub attempt: Attempt,
    /// The hash of all flights.
    pub statement: [u8; 32],
}

/// A wish for a new generation, by the member that does not begin one.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Renewal {
    /// The last generation that is over for its sender.
    pub over: u64,
}

/// A question for what the peer has said.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Nudged {
    /// The try that its sender is in.
    pub attempt: Option<Attempt>,
}

/// Returns the longest body of a round that is read.
const fn max_body_len(round: Round) -> usize {
    const FLIGHT: usize = 8 + 32 + 4;
    match round {
        Round::Transfers => FLIGHT + Transfers::LEN,
        Round::Trees => FLIGHT + 32 + 32 + Trees::LEN,
        Round::Confirmation => 8 + 32 + 32,
        Round::Renewal => 8,
        Round::Nudge => 1 + 8 + 32,
        Round::Announcement => 0,
    }
}

/// Reads the body of an envelope of a round; `None` if it is not one.
pub(super) fn decode<M: BorshDeserialize>(envelope: &Envelope, round: Round) -> Option<M> {
    encoding::body_from_bytes(&envelope.body, max_body_len(round), "message").ok()
}
