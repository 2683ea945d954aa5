//! How many requests are open, remembered and forgotten, member by member: nobody uses up another's room.
//!
//! A request of another member that ended here without a share is forgotten after a while, but for its name: until it
//! expires, the same proposal opens nothing again, so that a refusal stays one.

use std::collections::BTreeMap;

use quorate_primitives::{ParticipantId, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::signing::Mutation;

use super::Session;
use crate::error::CommandError;
use crate::wallet::Wallet;

/// How many requests of one wallet may be open at once: each holds nonces, and concurrency is what ROS attacks need.
const MAX_OPEN: usize = 64;

/// How many of them another member may have opened.
const MAX_OPEN_OF_ANOTHER: usize = 16;

/// How many ended requests of another member are remembered whole.
const MAX_ENDED_OF_ANOTHER: usize = 32;

/// How many of another member are remembered by name.
const MAX_FORGOTTEN_OF_ANOTHER: usize = 4096;

/// How many requests are remembered.
const MAX_REMEMBERED: usize = 1000;

/// Requests that ended here without a share and are known by name only: who proposed them, and when they expire.
pub(crate) type Forgotten = BTreeMap<[u8; 32], (ParticipantId, Timestamp)>;

impl Session {
    /// Returns whether a compacted log holds this session: open, refused, burned or signed.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        let kept = |mutation: &Mutation| matches!(mutation, Mutation::Refused { .. });
        self.signing.is_open() || self.has_share() || self.log.iter().any(kept)
    }

    /// Returns whether a share of this device left, or a signature came.
    fn has_share(&self) -> bool {
        let share =
            |mutation: &Mutation| matches!(mutation, Mutation::Burned { .. } | Mutation::Finished { .. });
        self.log.iter().any(share)
    }

    /// Returns whether it counts against its proposer's quota: open, and not refused here.
    fn counts(&self, me: ParticipantId) -> bool {
        self.signing.is_open() && !self.signing.decisions().contains(&(me, false))
    }
}

impl Wallet {
    pub(super) fn check_room_for_one_more(&self, proposer: ParticipantId) -> Result<(), CommandError> {
        let me = self.seat.me();
        let of_proposer = self.sessions.values().filter(|session| session.signing.proposer() == proposer);
        let open = of_proposer.filter(|session| session.counts(me)).count();
        let most = if proposer == me { MAX_OPEN } else { MAX_OPEN_OF_ANOTHER };
        if open >= most { Err(CommandError::TooManyOpen(open)) } else { Ok(()) }
    }

    /// Makes room for another member's proposal; returns whether there is any and the proposal is new.
    pub(super) fn makes_room_for(&mut self, proposal: &Envelope, now: Timestamp) -> bool {
        let proposer = proposal.header.sender;
        self.forgotten.retain(|_, (_, expires)| *expires > now);
        while let Some(oldest) = self.superfluous(proposer) {
            self.forget(&oldest);
        }
        self.forget_oldest(now);
        let by_name = self.forgotten.values().filter(|(by, _)| *by == proposer).count();
        !self.forgotten.contains_key(&proposal.header.session)
            && by_name < MAX_FORGOTTEN_OF_ANOTHER
            && self.check_room_for_one_more(proposer).is_ok()
    }

    /// Returns the oldest ended request of a member that has too many.
    fn superfluous(&self, proposer: ParticipantId) -> Option<[u8; 32]> {
        let ended = self.sessions.iter().filter(|(_, session)| {
            session.signing.proposer() == proposer && !session.signing.is_open() && !session.has_share()
        });
        if ended.clone().count() <= MAX_ENDED_OF_ANOTHER {
            return None;
        }
        ended.min_by_key(|(_, session)| session.opened).map(|(id, _)| *id)
    }

    fn forget(&mut self, id: &[u8; 32]) {
        if let Some(session) = self.sessions.remove(id) {
            self.forgotten.insert(*id, (session.signing.proposer(), session.signing.task().expires));
        }
    }

    /// Keeps the number of remembered sessions bounded.
    pub(super) fn forget_oldest(&mut self, now: Timestamp) {
        while self.sessions.len() >= MAX_REMEMBERED {
            let over = self.sessions.iter().filter(|(_, session)| !session.signing.is_open());
            let Some(oldest) = over.min_by_key(|(_, session)| session.opened).map(|(id, _)| *id) else {
                return;
            };
            self.forget(&oldest);
        }
        self.forgotten.retain(|_, (_, expires)| *expires > now);
    }
}
