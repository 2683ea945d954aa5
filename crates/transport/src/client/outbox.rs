//! What a client sent and the relay has not stored yet.

use std::collections::{BTreeMap, BTreeSet};

use quorate_primitives::Timestamp;
use thiserror::Error;

use super::event::SendId;
use crate::relay_key::MemberKey;
use crate::signaling::{ClientFrame, MAX_PAYLOAD, RoomId};

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Messages that are not stored yet.
    pub messages: usize,
    /// Bytes in them.
    pub bytes: usize,
    /// Messages on their way at a time.
    pub in_flight: usize,
    /// Bytes on their way at a time.
    pub in_flight_bytes: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { messages: 8192, bytes: 32 << 20, in_flight: 128, in_flight_bytes: 1 << 20 }
    }
}

/// Why something was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutboxFull {
    /// Too much waits for the relay already.
    #[error("{messages} messages with {bytes} bytes wait for the relay already")]
    TooMuch {
        /// Messages that wait.
        messages: usize,
        /// Bytes in them.
        bytes: usize,
    },
    /// No frame can carry it.
    #[error("{0} bytes where a frame carries 1 to {MAX_PAYLOAD}")]
    BadLength(usize),
}

#[derive(Debug)]
pub struct Outbox {
    room: RoomId,
    limits: OutboxLimits,
    pending: BTreeMap<SendId, Pending>,
    /// Those that wait to be written, in order.
    waiting: BTreeSet<SendId>,
    /// Those that were put off, by when they are tried again.
    retries: BTreeSet<(Timestamp, SendId)>,
    deadlines: BTreeSet<(Timestamp, SendId)>,
    bytes: usize,
    in_flight: usize,
    in_flight_bytes: usize,
}

#[derive(Debug)]
struct Pending {
    to: MemberKey,
    bytes: Vec<u8>,
    deadline: Timestamp,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Written,
    RetryAt(Timestamp),
    AwaitingMember,
}

impl Outbox {
    pub const fn new(room: RoomId, limits: OutboxLimits) -> Self {
        Self {
            room,
            limits,
            pending: BTreeMap::new(),
            waiting: BTreeSet::new(),
            retries: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            bytes: 0,
            in_flight: 0,
            in_flight_bytes: 0,
        }
    }

    pub fn push(
        &mut self,
        id: SendId,
        to: MemberKey,
        bytes: Vec<u8>,
        deadline: Timestamp,
    ) -> Result<(), OutboxFull> {
        if bytes.is_empty() || bytes.len() > MAX_PAYLOAD {
            return Err(OutboxFull::BadLength(bytes.len()));
        }
        if self.pending.len() >= self.limits.messages || self.bytes + bytes.len() > self.limits.bytes {
            return Err(OutboxFull::TooMuch { messages: self.pending.len(), bytes: self.bytes });
        }
        self.bytes += bytes.len();
        self.deadlines.insert((deadline, id));
        self.pending.insert(id, Pending { to, bytes, deadline, stage: Stage::Waiting });
        self.waiting.insert(id);
        Ok(())
    }

    /// Returns the frames that can be written now.
    pub fn poll_writable(&mut self, now: Timestamp) -> Vec<ClientFrame> {
        self.wake_retries(now);
        let mut frames = Vec::new();
        while let Some(id) = self.waiting.first().copied() {
            let Some(pending) = self.pending.get(&id) else { break };
            let bytes = self.in_flight_bytes + pending.bytes.len();
            let full = self.in_flight >= self.limits.in_flight || bytes > self.limits.in_flight_bytes;
            if full && self.in_flight > 0 {
                break;
            }
            frames.push(ClientFrame::Send {
                request: id.0,
                room: self.room,
                to: pending.to,
                ttl: pending.deadline.since(now),
                bytes: pending.bytes.clone(),
            });
            self.set_stage(id, Stage::Written);
        }
        frames
    }

    /// Forgets a message that is done with. Returns whether it was known.
    pub fn handle_stored(&mut self, id: SendId) -> bool {
        self.set_stage(id, Stage::Waiting);
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.waiting.remove(&id);
        self.deadlines.remove(&(pending.deadline, id));
        self.bytes = self.bytes.saturating_sub(pending.bytes.len());
        true
    }

    /// Puts a refused message off.
    pub fn retry_at(&mut self, id: SendId, at: Timestamp) {
        self.set_stage(id, Stage::RetryAt(at));
    }

    /// Puts a message off until its recipient is in the room.
    pub fn await_member(&mut self, id: SendId, members: &BTreeSet<MemberKey>) {
        let known = self.pending.get(&id).is_some_and(|pending| members.contains(&pending.to));
        self.set_stage(id, if known { Stage::Waiting } else { Stage::AwaitingMember });
    }

    /// Takes note that a member came.
    pub fn handle_joined(&mut self, key: &MemberKey) {
        let awaited = |pending: &Pending| pending.to == *key && pending.stage == Stage::AwaitingMember;
        let ids: Vec<SendId> =
            self.pending.iter().filter(|(_, pending)| awaited(pending)).map(|(id, _)| *id).collect();
        for id in ids {
            self.set_stage(id, Stage::Waiting);
        }
    }

    /// Takes note that what was written may be lost, or that the room is open again: everything is tried anew.
    pub fn start_over(&mut self) {
        self.in_flight = 0;
        self.in_flight_bytes = 0;
        self.retries.clear();
        for (id, pending) in &mut self.pending {
            pending.stage = Stage::Waiting;
            self.waiting.insert(*id);
        }
    }

    /// Forgets messages whose time is over, and returns them.
    pub fn expire(&mut self, now: Timestamp) -> Vec<SendId> {
        let mut expired = Vec::new();
        while let Some((_, id)) = self.deadlines.first().copied().filter(|(deadline, _)| now >= *deadline) {
            self.handle_stored(id);
            expired.push(id);
        }
        expired
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        let first = |set: &BTreeSet<(Timestamp, SendId)>| set.first().map(|(at, _)| *at);
        first(&self.deadlines).into_iter().chain(first(&self.retries)).min()
    }

    /// Returns whether nothing is left that the relay could store now.
    pub fn only_awaits_members(&self) -> bool {
        self.pending.values().all(|pending| pending.stage == Stage::AwaitingMember)
    }

    pub fn clear(&mut self) {
        *self = Self::new(self.room, self.limits);
    }

    fn wake_retries(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.retries.first().copied().filter(|(at, _)| now >= *at) {
            self.set_stage(id, Stage::Waiting);
        }
    }

    fn set_stage(&mut self, id: SendId, stage: Stage) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        match core::mem::replace(&mut pending.stage, stage) {
            Stage::Waiting => {
                self.waiting.remove(&id);
            }
            Stage::Written => {
                self.in_flight = self.in_flight.saturating_sub(1);
                self.in_flight_bytes = self.in_flight_bytes.saturating_sub(pending.bytes.len());
            }
            Stage::RetryAt(at) => {
                self.retries.remove(&(at, id));
            }
            Stage::AwaitingMember => {}
        }
        match stage {
            Stage::Waiting => {
                self.waiting.insert(id);
            }
            Stage::Written => {
                self.in_flight += 1;
                self.in_flight_bytes += pending.bytes.len();
            }
            Stage::RetryAt(at) => {
                self.retries.insert((at, id));
            }
            Stage::AwaitingMember => {}
        }
    }
}
