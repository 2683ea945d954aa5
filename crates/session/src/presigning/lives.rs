//! Lives of members: between two of them, everything that was made with a member is gone.
//!
//! A life begins when a device starts or finds the relay anew. A [`reset`] says so to all, but what a member says in
//! its new life may overtake it: so every proposal and every commitment names the life that it is said in, the first
//! word of a new one counts, and what was said in an earlier one is stale. A member can lie about its own lives, which
//! costs the presignatures made with it and nothing else.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{Millis, ParticipantId, Timestamp, Transcript, encoding};

use super::messages::{Committed, Proposal, Round, decode};
use crate::envelope::{Envelope, Protocol};
use crate::seat::Seat;

/// How long a word may be overtaken by later ones, in milliseconds. A life that is earlier by more is one that began
/// after its device's clock was set back.
const OVERTAKEN: Millis = 10_000;

/// One life, named by the time at which its device began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Life(pub Timestamp);

/// What an envelope says about its sender's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing new.
    Known,
    /// This life begins: what was made with the sender before is gone.
    Anew(Life),
    /// It was said in a life that is over.
    Stale,
}

/// The life of this device, and those of the others as far as it has heard.
#[derive(Clone, Debug)]
pub struct Lives {
    own: Life,
    heard: BTreeMap<ParticipantId, Life>,
}

impl Default for Lives {
    fn default() -> Self {
        Self { own: Life(Timestamp(0)), heard: BTreeMap::new() }
    }
}

impl Lives {
    /// Begins a life of this device: it holds nothing. Whoever says so with [`reset`] has erased it all.
    pub fn begin(&mut self, now: Timestamp) -> Life {
        self.own = Life(now.max(self.own.0.after(1)));
        self.own
    }

    /// Returns whether a member has begun a later life than this one.
    pub fn is_over(&self, member: ParticipantId, life: Life) -> bool {
        self.heard.get(&member).is_some_and(|known| life < *known)
    }

    /// Returns the life of this device.
    pub const fn own(&self) -> Life {
        self.own
    }

    /// Hears an authentic envelope of presigning: after [`Word::Anew`] the caller erases what it holds with the
    /// sender, then goes on with the envelope; one that is [`Word::Stale`] it drops.
    pub fn hear(&mut self, seat: &Seat, envelope: &Envelope) -> Word {
        let sender = envelope.header.sender;
        let Some(life) = life_in(seat, envelope) else { return Word::Known };
        let word = match self.heard.get(&sender) {
            Some(known) if life == *known => Word::Known,
            Some(known) if life < *known && known.0.since(life.0) < OVERTAKEN => Word::Stale,
            Some(_) | None => Word::Anew(life),
        };
        if matches!(word, Word::Anew(_)) {
            self.heard.insert(sender, life);
        }
        word
    }
}

/// Says to all that this device holds no presignatures from before this life: others need not name any.
pub fn reset(seat: &Seat, life: Life) -> Envelope {
    let number = Round::Reset as u8;
    let body = encoding::body_bytes(&life);
    seat.say(Protocol::Presigning, reset_id(seat), (number, u32::from(number)), None, body)
}

/// Returns whether an authentic envelope says so of its sender.
pub fn is_reset(seat: &Seat, envelope: &Envelope) -> bool {
    envelope.header.session == reset_id(seat) && envelope.header.round == Round::Reset as u8
}

fn reset_id(seat: &Seat) -> [u8; 32] {
    Transcript::new("presigning/reset")
        .field("roster", seat.roster_hash())
        .number("epoch", seat.roster().epoch.into())
        .finish()
}

/// Returns in which life of its sender an envelope was said, if it tells.
fn life_in(seat: &Seat, envelope: &Envelope) -> Option<Life> {
    match Round::from_number(envelope.header.round)? {
        Round::Proposal => decode::<Proposal>(envelope, Round::Proposal).map(|proposal| proposal.life),
        Round::Commitment => decode::<Committed>(envelope, Round::Commitment).map(|said| said.life),
        Round::Reset if is_reset(seat, envelope) => decode::<Life>(envelope, Round::Reset),
        Round::Reset
        | Round::Extension
        | Round::Opening
        | Round::Multiplication
        | Round::Confirmation
        | Round::Failure
        | Round::Nudge => None,
    }
}
