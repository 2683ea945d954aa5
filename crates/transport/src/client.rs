//! A member of one room, seen from its own side: what to tell the relay and when.
//!
//! It answers the challenge, enters the room, keeps what it sent until the relay says it is stored, asks again
//! what was refused for a while, recognises repeated deliveries, and decides when to connect again. The shell
//! owns the socket:
//!
//! ```text
//! client.handle_connected(now); client.handle_bytes(&message, now); client.handle_disconnected(why, rng, now);
//! while let Some(output) = client.poll_output() { … write, tell the owner, hang up … }
//! ```
//!
//! Deliveries are at least once, and in order but for messages that were put off; after a relay lost its memory
//! they may have gaps, of which the owner is told.

use std::collections::{BTreeSet, VecDeque};

use quorate_primitives::{Millis, Timestamp};
use rand_core::{CryptoRng, RngCore};

use crate::relay_key::{MemberKey, RelayKey};
use crate::signaling::{
    BootId, ClientFrame, Cursor, MAX_MAILBOX, Member, RefusalCode, Resume, RoomId, RoomToken, ServerFrame,
};
use crate::url::RelayOrigin;

mod event;
mod outbox;
#[cfg(test)]
mod tests;

pub use event::{DeliveryId, Disconnection, Event, SendId};
pub use outbox::{OutboxFull, OutboxLimits};

use outbox::Outbox;

/// The room a client enters, and how.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The relay that was dialled.
    pub origin: RelayOrigin,
    /// What opens the room.
    pub token: RoomToken,
    /// The most members; all must name the same number.
    pub capacity: u8,
    /// How long the room shall exist from each time it is entered.
    pub ttl: Millis,
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Write one binary message.
    Write(Vec<u8>),
    /// Write a ping.
    Ping,
    /// Close the connection, then call [`RoomClient::handle_disconnected`] with this reason.
    Disconnect(Disconnection),
    /// Tell the owner.
    Event(Event),
}

/// The client's state for one room.
#[derive(Debug)]
pub struct RoomClient {
    key: RelayKey,
    membership: Membership,
    room: RoomId,
    state: State,
    /// The run of the relay in which `seen` and `acked` mean something.
    boot: Option<BootId>,
    /// The boot id that the present connection's welcome named.
    welcomed: Option<BootId>,
    seen: Cursor,
    acked: Cursor,
    /// What the owner was given and has not acknowledged.
    deliveries: VecDeque<Delivery>,
    delivered: u64,
    delivered_cost: usize,
    members: BTreeSet<MemberKey>,
    outbox: Outbox,
    outputs: VecDeque<Output>,
    heard: Timestamp,
    pinged: Timestamp,
    attempts: u32,
    reconnect_at: Option<Timestamp>,
    next_request: u64,
}

/// A frame that the owner was given.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    id: DeliveryId,
    cursor: Cursor,
    cost: usize,
}

/// What the client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitingConnection,
    AwaitingChallenge { since: Timestamp },
    AwaitingWelcome { since: Timestamp },
    AwaitingEntry { request: u64, since: Timestamp, retry_at: Option<Timestamp> },
    Open,
    Closed,
}

/// How long each step until the room is open may take.
const STEP_TIMEOUT: Millis = 10_000;

/// Silence after which a ping is sent, and after which the connection is given up.
const PING_AFTER: Millis = 15_000;
const GIVE_UP_AFTER: Millis = 40_000;

/// First and longest wait before connecting again.
const BACKOFF_FIRST: Millis = 100;
const BACKOFF_LONGEST: Millis = 10_000;

/// The most that is delivered and not acknowledged: somewhat more than any honest mailbox holds.
const MAX_DELIVERED: usize = 2 * MAX_MAILBOX;

/// What remembering one delivery costs beside its bytes.
const DELIVERY_OVERHEAD: usize = 128;

/// Bounds on what a relay may ask a client to wait before it repeats something.
const RETRY_FLOOR: Millis = 20;
const RETRY_CEILING: Millis = 5000;

impl RoomClient {
    /// Starts unconnected; the shell connects at once.
    pub fn new(key: RelayKey, membership: Membership, limits: OutboxLimits) -> Self {
        let room = membership.token.room();
        Self {
            key,
            membership,
            room,
            state: State::AwaitingConnection,
            boot: None,
            welcomed: None,
            seen: Cursor(0),
            acked: Cursor(0),
            deliveries: VecDeque::new(),
            delivered: 0,
            delivered_cost: 0,
            members: BTreeSet::new(),
            outbox: Outbox::new(room, limits),
            outputs: VecDeque::new(),
            heard: Timestamp(0),
            pinged: Timestamp(0),
            attempts: 0,
            reconnect_at: Some(Timestamp(0)),
            next_request: 0,
        }
    }

    /// Takes note that a connection is open.
    pub fn handle_connected(&mut self, now: Timestamp) {
        if self.state == State::Closed {
            return;
        }
        self.reconnect_at = None;
        self.heard = now;
        self.state = State::AwaitingChallenge { since: now };
    }

    /// Takes one binary message from the relay.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Timestamp) {
        self.heard = now;
        match ServerFrame::decode(bytes) {
            Ok(frame) => self.handle_frame(frame, now),
            Err(_) => self.disconnect(Disconnection::Protocol),
        }
    }

    /// Takes note that something other than a message came: a ping or a pong.
    pub const fn handle_alive(&mut self, now: Timestamp) {
        self.heard = now;
    }

    /// Takes note that the connection ended, or could not be made, and decides when to try again.
    pub fn handle_disconnected(
        &mut self,
        why: Disconnection,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::AwaitingConnection;
        self.outbox.start_over();
        let longest = (BACKOFF_FIRST << self.attempts.min(10)).min(BACKOFF_LONGEST);
        let wait = longest / 2 + rng.next_u64() % (longest / 2 + 1);
        self.attempts = self.attempts.saturating_add(1);
        self.reconnect_at = Some(now.after(wait));
        self.outputs.push_back(Output::Event(Event::Disconnected { why, retry_in: wait }));
    }

    /// Queues bytes for a member; they are repeated until the relay has stored them or `ttl` is over.
    ///
    /// # Errors
    /// [`OutboxFull`] if too much waits already, and for bytes that no frame can carry.
    pub fn send(
        &mut self,
        to: MemberKey,
        bytes: Vec<u8>,
        ttl: Millis,
        now: Timestamp,
    ) -> Result<SendId, OutboxFull> {
        let id = SendId(self.request());
        self.outbox.push(id, to, bytes, now.after(ttl))?;
        self.write_sends(now);
        Ok(id)
    }

    /// Says that this delivery and all before it are safe here: the relay may forget them.
    pub fn ack(&mut self, upto: DeliveryId) {
        let before = self.acked;
        while let Some(delivery) = self.deliveries.front().copied().filter(|delivery| delivery.id <= upto) {
            self.deliveries.pop_front();
            self.delivered_cost = self.delivered_cost.saturating_sub(delivery.cost);
            self.acked = delivery.cursor;
        }
        if self.state == State::Open && self.acked != before {
            self.write(&ClientFrame::Ack { room: self.room, cursor: self.acked });
        }
    }

    /// Gives up the membership for good, and with it what is still unsent.
    pub fn leave(&mut self) {
        if self.state == State::Open {
            self.write(&ClientFrame::Leave { room: self.room });
        }
        self.close();
    }

    /// Stops without giving up the membership: mail goes on being stored. What is still unsent is lost.
    pub fn stop(&mut self) {
        self.close();
    }

    /// Does what is due.
    pub fn handle_tick(&mut self, now: Timestamp) {
        for id in self.outbox.expire(now) {
            self.event(Event::Expired { id });
        }
        match self.state {
            State::AwaitingConnection | State::Closed => return,
            State::AwaitingChallenge { since } | State::AwaitingWelcome { since } => {
                if now.since(since) >= STEP_TIMEOUT {
                    return self.disconnect(Disconnection::Silent);
                }
            }
            State::AwaitingEntry { since, retry_at, .. } => {
                if retry_at.is_some_and(|at| now >= at) {
                    self.enter(now);
                } else if retry_at.is_none() && now.since(since) >= STEP_TIMEOUT {
                    return self.disconnect(Disconnection::Silent);
                }
            }
            State::Open => self.write_sends(now),
        }
        if now.since(self.heard) >= GIVE_UP_AFTER {
            self.disconnect(Disconnection::Silent);
        } else if now.since(self.heard.max(self.pinged)) >= PING_AFTER {
            self.pinged = now;
            self.outputs.push_back(Output::Ping);
        }
    }

    /// Returns the next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns when [`RoomClient::handle_tick`] has something to do next, unless something happens before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let connected = match self.state {
            State::AwaitingConnection | State::Closed => None,
            State::AwaitingChallenge { since } | State::AwaitingWelcome { since } => {
                Some(since.after(STEP_TIMEOUT))
            }
            State::AwaitingEntry { since, retry_at, .. } => {
                Some(retry_at.unwrap_or(since.after(STEP_TIMEOUT)))
            }
            State::Open => {
                Some(self.heard.max(self.pinged).after(PING_AFTER).min(self.heard.after(GIVE_UP_AFTER)))
            }
        };
        connected.into_iter().chain(self.outbox.next_deadline()).min()
    }

    /// Returns when the shell shall connect; nothing while connected and after the end.
    pub const fn reconnect_at(&self) -> Option<Timestamp> {
        self.reconnect_at
    }

    /// Returns whether the membership has ended: nothing will be sent or delivered any more.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Returns whether everything sent so far is stored at the relay, but for what is for members that it does not know:
    /// that can not be stored before they come.
    pub fn is_flushed(&self) -> bool {
        self.outbox.only_awaits_members()
    }

    fn handle_frame(&mut self, frame: ServerFrame, now: Timestamp) {
        match (self.state, frame) {
            (State::AwaitingChallenge { .. }, ServerFrame::Challenge { nonce }) => {
                let answer = self.key.answer(&nonce, &self.membership.origin);
                self.write(&ClientFrame::Authenticate { key: self.key.member(), answer });
                self.state = State::AwaitingWelcome { since: now };
            }
            (State::AwaitingWelcome { .. }, ServerFrame::Welcome { boot, .. }) => {
                self.welcomed = Some(boot);
                self.enter(now);
            }
            (
                State::AwaitingEntry { request, .. },
                ServerFrame::Entered { request: of, room, created, members, .. },
            ) if of == request && room == self.room => {
                self.handle_entered(created, members, now);
            }
            (_, ServerFrame::Refused { request, code, retry, explanation: _ }) => {
                self.handle_refused(request, code, retry, now);
            }
            (State::Open, ServerFrame::MemberJoined { room, key }) if room == self.room => {
                self.members.insert(key);
                self.event(Event::MemberJoined { key });
                self.outbox.handle_joined(&key);
                self.write_sends(now);
            }
            (State::Open, ServerFrame::MemberLeft { room, key, forgotten }) if room == self.room => {
                if forgotten {
                    self.members.remove(&key);
                }
                self.event(Event::MemberLeft { key, forgotten });
            }
            (State::Open, ServerFrame::Stored { request }) => {
                if self.outbox.handle_stored(SendId(request)) {
                    self.event(Event::Stored { id: SendId(request) });
                }
                self.write_sends(now);
            }
            (State::Open, ServerFrame::Deliver { room, from, cursor, bytes }) if room == self.room => {
                self.handle_delivery(from, cursor, bytes);
            }
            (_, ServerFrame::RoomClosed { room, reason }) if room == self.room => {
                self.close();
                self.event(Event::Closed { reason });
                self.outputs.push_back(Output::Disconnect(Disconnection::Finished));
            }
            (_, ServerFrame::Draining) => self.disconnect(Disconnection::Draining),
            // A frame about what this connection gave up since, or one that does not belong here: the relay has
            // nothing to gain by it, and ignoring it costs nothing.
            (
                _,
                ServerFrame::Challenge { .. }
                | ServerFrame::Welcome { .. }
                | ServerFrame::Entered { .. }
                | ServerFrame::MemberJoined { .. }
                | ServerFrame::MemberLeft { .. }
                | ServerFrame::Stored { .. }
                | ServerFrame::Deliver { .. }
                | ServerFrame::RoomClosed { .. },
            ) => {}
        }
    }

    fn enter(&mut self, now: Timestamp) {
        let request = self.request();
        let resume = self.boot.map(|boot| Resume { boot, cursor: self.acked });
        let Membership { token, capacity, ttl, .. } = &self.membership;
        let frame =
            ClientFrame::Enter { request, token: token.clone(), capacity: *capacity, ttl: *ttl, resume };
        self.write(&frame);
        self.state = State::AwaitingEntry { request, since: now, retry_at: None };
    }

    fn handle_entered(&mut self, created: bool, members: Vec<Member>, now: Timestamp) {
        let is_first = self.boot.is_none();
        let forgotten = created || self.boot != self.welcomed;
        if forgotten {
            // Cursors of a mailbox that is gone mean nothing in the new one.
            (self.seen, self.acked) = (Cursor(0), Cursor(0));
            self.deliveries.clear();
            self.delivered_cost = 0;
        }
        self.boot = self.welcomed;
        self.members = members.iter().map(|member| member.key).collect();
        self.state = State::Open;
        self.attempts = 0;
        self.event(Event::Connected { restarted: forgotten && !is_first });
        self.event(Event::Entered { room: self.room, members });
        self.outbox.start_over();
        self.write_sends(now);
    }

    fn handle_delivery(&mut self, from: MemberKey, cursor: Cursor, bytes: Vec<u8>) {
        if cursor <= self.seen {
            return;
        }
        let cost = bytes.len() + DELIVERY_OVERHEAD;
        if self.delivered_cost + cost > MAX_DELIVERED {
            return self.disconnect(Disconnection::Flooded);
        }
        self.seen = cursor;
        self.delivered += 1;
        self.delivered_cost += cost;
        let id = DeliveryId(self.delivered);
        self.deliveries.push_back(Delivery { id, cursor, cost });
        self.event(Event::Frame { room: self.room, from, delivery: id, bytes });
    }

    fn handle_refused(&mut self, request: Option<u64>, code: RefusalCode, retry: Millis, now: Timestamp) {
        let retry_at = now.after(retry.clamp(RETRY_FLOOR, RETRY_CEILING));
        match (self.state, request) {
            (State::AwaitingEntry { request, since, .. }, Some(of)) if of == request => match code {
                RefusalCode::RateLimited => {
                    self.state = State::AwaitingEntry { request, since, retry_at: Some(retry_at) };
                }
                RefusalCode::Draining | RefusalCode::QuotaExceeded => {
                    self.disconnect(Disconnection::Refused(code));
                }
                code => self.fail(code),
            },
            (State::Open, Some(request)) => self.handle_send_refused(SendId(request), code, retry_at, now),
            (_, None) if code == RefusalCode::BadAnswer || code == RefusalCode::UnknownVersion => {
                self.fail(code)
            }
            (_, None) => self.disconnect(Disconnection::Refused(code)),
            (_, Some(_)) => {}
        }
    }

    fn handle_send_refused(&mut self, id: SendId, code: RefusalCode, retry_at: Timestamp, now: Timestamp) {
        match code {
            RefusalCode::RateLimited | RefusalCode::MailboxFull | RefusalCode::RelayFull => {
                self.outbox.retry_at(id, retry_at);
            }
            RefusalCode::UnknownRecipient => self.outbox.await_member(id, &self.members),
            RefusalCode::NotAMember => {
                // The room ended between two frames; entering makes it again.
                self.outbox.start_over();
                self.enter(now);
            }
            code => {
                if self.outbox.handle_stored(id) {
                    self.event(Event::Refused { id: Some(id), code });
                }
            }
        }
        self.write_sends(now);
    }

    fn write_sends(&mut self, now: Timestamp) {
        if self.state == State::Open {
            for frame in self.outbox.poll_writable(now) {
                self.write(&frame);
            }
        }
    }

    /// Ends the membership because the relay will never grant it.
    fn fail(&mut self, code: RefusalCode) {
        self.close();
        self.event(Event::Refused { id: None, code });
        self.outputs.push_back(Output::Disconnect(Disconnection::Refused(code)));
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.reconnect_at = None;
        self.outbox.clear();
    }

    fn disconnect(&mut self, why: Disconnection) {
        if self.state != State::Closed {
            self.state = State::AwaitingConnection;
            self.outputs.push_back(Output::Disconnect(why));
        }
    }

    const fn request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    fn write(&mut self, frame: &ClientFrame) {
        self.outputs.push_back(Output::Write(frame.encode()));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
