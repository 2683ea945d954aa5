//! The grammar of every machine: what comes out, and in which order.

use std::collections::{BTreeMap, VecDeque};

use quorate_primitives::{Millis, ParticipantId, Timestamp};
use quorate_threshold::engine::Recipient;

use crate::envelope::Envelope;

/// One effect that the shell carries out, in the order given.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<M, E> {
    /// Make this durable before carrying out any later `Send` or `Event`.
    Persist(M),
    /// Append this to the log; it may become durable later.
    Append(M),
    /// Seal this envelope to these mailboxes and send it.
    Send(Recipient, Envelope),
    /// Something that the layer above wants to know.
    Event(E),
    /// Call `handle_wake` at this time, if nothing earlier asks again.
    WakeAt(Timestamp),
}

/// The queue behind `poll_output`.
#[derive(Debug)]
pub struct Outbox<M, E>(VecDeque<Output<M, E>>);

impl<M, E> Default for Outbox<M, E> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<M, E> Outbox<M, E> {
    /// Adds an effect.
    pub fn push(&mut self, output: Output<M, E>) {
        self.0.push_back(output);
    }

    /// Takes the next effect.
    pub fn poll(&mut self) -> Option<Output<M, E>> {
        self.0.pop_front()
    }

    /// Forgets everything: what a replay produced was carried out before.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// When to say again what was said: after 1 s, 2 s, 4 s … at most every 30 s, and to one peer at most twice a second.
#[derive(Debug)]
pub struct Resend {
    next: Timestamp,
    interval: Millis,
    answered: BTreeMap<ParticipantId, Timestamp>,
}

const FIRST_INTERVAL: Millis = 1_000;
const LONGEST_INTERVAL: Millis = 30_000;
const ANSWER_INTERVAL: Millis = 500;

impl Resend {
    /// Starts counting now.
    pub const fn new(now: Timestamp) -> Self {
        Self { next: now.after(FIRST_INTERVAL), interval: FIRST_INTERVAL, answered: BTreeMap::new() }
    }

    /// Starts over: something new was said.
    pub const fn restart(&mut self, now: Timestamp) {
        self.interval = FIRST_INTERVAL;
        self.next = now.after(FIRST_INTERVAL);
    }

    /// Returns whether it is time, and if so sets the next time.
    pub fn is_due(&mut self, now: Timestamp) -> bool {
        if now < self.next {
            return false;
        }
        self.interval = (self.interval * 2).min(LONGEST_INTERVAL);
        self.next = now.after(self.interval);
        true
    }

    /// Returns the next time.
    pub const fn next(&self) -> Timestamp {
        self.next
    }

    /// Returns whether `peer`, who repeated itself, may be answered now.
    pub fn may_answer(&mut self, peer: ParticipantId, now: Timestamp) -> bool {
        let due = self.answered.get(&peer).is_none_or(|last| now.since(*last) >= ANSWER_INTERVAL);
        if due {
            self.answered.insert(peer, now);
        }
        due
    }
}
