//! Rooms as the HTTP interface sees them.

use quorate_primitives::{Millis, Timestamp};
use quorate_transport::signaling::{ClosedReason, RoomToken};

use super::Relay;
use super::quota::Source;
use super::refusal::Refusal;

/// What the HTTP interface says about a room; no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The most members.
    pub capacity: u8,
    /// Members that have entered.
    pub members: usize,
    /// Members that are connected.
    pub online: usize,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub deadline: Timestamp,
}

impl Relay {
    /// Charges one HTTP request.
    ///
    /// # Errors
    /// [`RefusalCode::RateLimited`](quorate_transport::RefusalCode::RateLimited) with the time to wait.
    pub fn handle_call(&mut self, source: Source, now: Timestamp) -> Result<(), Refusal> {
        let outcome = self.usage_of(source, now).calls.take(1, now);
        if let Err(refusal) = &outcome {
            self.stats.count_refusal(refusal.code);
        }
        outcome
    }

    /// Makes a room for a token that the shell drew.
    ///
    /// # Errors
    /// Refuses impossible capacities, exceeded quotas, and everything while draining.
    pub fn handle_create(
        &mut self,
        source: Source,
        token: &RoomToken,
        capacity: u8,
        ttl: Millis,
        now: Timestamp,
    ) -> Result<SessionInfo, Refusal> {
        let outcome = self.open_room(token.room(), source, capacity, ttl, now);
        if let Err(refusal) = &outcome {
            self.stats.count_refusal(refusal.code);
        }
        outcome?;
        self.session(token).ok_or(Refusal::new(quorate_transport::RefusalCode::NotAMember))
    }

    /// Ends the room of a token. Returns whether there was one.
    pub fn handle_delete(&mut self, token: &RoomToken) -> bool {
        let existed = self.rooms.contains_key(&token.room());
        self.close_room(&token.room(), ClosedReason::Deleted);
        existed
    }

    /// Returns what may be said about the room of a token.
    pub fn session(&self, token: &RoomToken) -> Option<SessionInfo> {
        let room = self.rooms.get(&token.room())?;
        Some(SessionInfo {
            capacity: room.capacity,
            members: room.members.len(),
            online: room.members.iter().filter(|member| member.online.is_some()).count(),
            created: room.created,
            deadline: room.deadline,
        })
    }
}
