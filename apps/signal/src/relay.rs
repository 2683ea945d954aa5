//! What the relay knows and decides, without sockets or clocks.
//!
//! Rooms, members, mailboxes, quotas and deadlines. Inputs are `handle_*(…, now)`; after each one, outputs come
//! from [`Relay::poll_output`] until it is empty:
//!
//! ```text
//! relay.handle_frame(connection, frame, wire_len, now);
//! while let Some(output) = relay.poll_output() { … write or close … }
//! ```
//!
//! A connection that does not read is never given more than a window of bytes: the rest waits in its mailbox,
//! which is bounded, and the sender is told when it is full. The relay trusts nobody: whoever has a room's token
//! may enter, whoever answered a challenge owns its key, and what is relayed is never looked at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use quorate_primitives::{DecodeError, Millis, Timestamp};
use quorate_transport::MemberKey;
use quorate_transport::signaling::{
    BootId, ClientFrame, ClosedReason, Cursor, RefusalCode, RoomId, ServerFrame,
};

mod challenge;
mod connection;
mod enter;
mod limits;
mod mail;
mod quota;
mod refusal;
mod room;
mod sessions;
mod stats;
#[cfg(test)]
mod tests;

pub use challenge::{Answer, Answered, Challenge};
pub use connection::{CloseReason, ConnectionId};
pub use limits::Limits;
pub use quota::{Rates, Source};
pub use refusal::{Refusal, explanation};
pub use sessions::SessionInfo;
pub use stats::Stats;

use connection::Connection;
use quota::Usage;
use room::Room;

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Write a frame, then report its length to [`Relay::handle_written`].
    Write {
        /// Where to.
        connection: ConnectionId,
        /// The encoded frame.
        frame: Bytes,
    },
    /// Close a connection after what was written to it; [`Relay::handle_disconnect`] is not needed for it.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
}

/// The relay.
#[derive(Debug)]
pub struct Relay {
    limits: Limits,
    boot: BootId,
    draining: bool,
    connections: BTreeMap<ConnectionId, Connection>,
    rooms: BTreeMap<RoomId, Room>,
    sources: BTreeMap<Source, Usage>,
    keys: BTreeMap<MemberKey, Usage>,
    due: BTreeSet<(Timestamp, Due)>,
    next_sweep: Timestamp,
    stored: usize,
    outputs: VecDeque<Output>,
    /// Connections that do not read, to be closed at the end of the present input.
    overrun: Vec<ConnectionId>,
    stats: Stats,
}

/// What happens at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Answer(ConnectionId),
    Room(RoomId),
    Mail(RoomId, MemberKey, Cursor),
}

/// How often usage counters that nobody needs any more are forgotten.
const SWEEP_INTERVAL: Millis = 10_000;

impl Relay {
    /// Starts an empty relay.
    pub fn new(limits: Limits, boot: BootId) -> Self {
        Self {
            limits,
            boot,
            draining: false,
            connections: BTreeMap::new(),
            rooms: BTreeMap::new(),
            sources: BTreeMap::new(),
            keys: BTreeMap::new(),
            due: BTreeSet::new(),
            next_sweep: Timestamp(0),
            stored: 0,
            outputs: VecDeque::new(),
            overrun: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Takes a new connection, which has to answer its challenge within [`Limits::answer_within`].
    ///
    /// # Errors
    /// Refuses when the relay or the source has too many, when they come too fast, and while draining.
    pub fn handle_connect(
        &mut self,
        connection: ConnectionId,
        source: Source,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let outcome = self.admit(source, now);
        if let Err(refusal) = &outcome {
            self.stats.count_refusal(refusal.code);
            return outcome;
        }
        let deadline = now.after(self.limits.answer_within);
        self.due.insert((deadline, Due::Answer(connection)));
        self.connections.insert(connection, Connection::new(source, deadline));
        self.stats.accepted_connections += 1;
        Ok(())
    }

    /// Takes the outcome of [`Challenge::verify`]: the first thing that must come from a connection.
    pub fn handle_answer(&mut self, connection: ConnectionId, answer: Answer, now: Timestamp) {
        let key = match answer {
            Ok(answered) => answered.key(),
            Err(code) => return self.refuse_and_close(connection, None, Refusal::new(code)),
        };
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        if entry.key.is_some() {
            let refusal = Refusal::new(RefusalCode::AlreadyAuthenticated);
            return self.refuse_and_close(connection, None, refusal);
        }
        self.due.remove(&(entry.deadline, Due::Answer(connection)));
        entry.key = Some(key);
        let usage = self.keys.entry(key).or_insert_with(|| Usage::new(&self.limits.per_key, now));
        usage.connections += 1;
        if usage.connections > self.limits.connections_per_key {
            self.close_oldest_of(key);
        }
        let welcome =
            ServerFrame::Welcome { boot: self.boot, idle: self.limits.idle, max_ttl: self.limits.max_ttl };
        self.write(connection, &welcome);
    }

    /// Takes a frame that came as `wire_len` bytes.
    pub fn handle_frame(
        &mut self,
        connection: ConnectionId,
        frame: Result<ClientFrame, DecodeError>,
        wire_len: usize,
        now: Timestamp,
    ) {
        let Some(key) = self.connections.get(&connection).map(|entry| entry.key) else { return };
        let frame = match frame {
            Ok(frame) => frame,
            Err(DecodeError::UnknownVersion { .. }) => {
                return self.refuse_and_close(connection, None, Refusal::new(RefusalCode::UnknownVersion));
            }
            Err(DecodeError::TooLong { .. } | DecodeError::Empty | DecodeError::Malformed { .. }) => {
                return self.refuse_and_close(connection, None, Refusal::new(RefusalCode::Malformed));
            }
        };
        let Some(key) = key else {
            return self.refuse_and_close(connection, None, Refusal::new(RefusalCode::NotAuthenticated));
        };
        self.stats.frames_in += 1;
        self.stats.bytes_in += wire_len as u64;
        let request = request_of(&frame);
        if let Err(refusal) = self.charge(connection, key, &frame, wire_len, now) {
            return self.refuse_for_rate(connection, request, refusal);
        }
        let outcome = match frame {
            ClientFrame::Authenticate { .. } => Err(Refusal::new(RefusalCode::AlreadyAuthenticated)),
            ClientFrame::Enter { request, token, capacity, ttl, resume } => {
                let wish = enter::Wish { request, room: token.room(), capacity, ttl, resume };
                self.enter(connection, key, &wish, now)
            }
            ClientFrame::Leave { room } => self.leave(connection, key, &room),
            ClientFrame::Send { request, room, to, ttl, bytes } => {
                let letter = mail::Letter { request, room, from: key, to, ttl, bytes };
                self.send(connection, letter, now)
            }
            ClientFrame::Ack { room, cursor } => self.ack(connection, key, &room, cursor),
        };
        if let Err(refusal) = outcome {
            self.refuse(connection, request, refusal);
        }
    }

    /// Takes note that `len` bytes of outputs have left for the connection.
    pub fn handle_written(&mut self, connection: ConnectionId, len: usize) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        entry.queued = entry.queued.saturating_sub(len);
        if entry.is_behind {
            self.pump_all(connection);
        }
    }

    /// Takes note that a connection has ended; its memberships and mailboxes stay.
    pub fn handle_disconnect(&mut self, connection: ConnectionId) {
        let Some(entry) = self.connections.remove(&connection) else { return };
        self.due.remove(&(entry.deadline, Due::Answer(connection)));
        if let Some(usage) = self.sources.get_mut(&entry.source) {
            usage.connections = usage.connections.saturating_sub(1);
        }
        let Some(key) = entry.key else { return };
        if let Some(usage) = self.keys.get_mut(&key) {
            usage.connections = usage.connections.saturating_sub(1);
        }
        for room in entry.rooms {
            self.go_offline(&room, &key, connection);
        }
    }

    /// Does what is due: unanswered challenges, rooms and mail whose time is over.
    pub fn handle_tick(&mut self, now: Timestamp) {
        while let Some((at, due)) = self.due.first().copied() {
            if at > now {
                break;
            }
            self.due.pop_first();
            match due {
                Due::Answer(connection) => {
                    let refusal = Refusal::new(RefusalCode::NotAuthenticated);
                    self.refuse_and_close(connection, None, refusal);
                }
                Due::Room(room) => self.close_room(&room, ClosedReason::Expired),
                Due::Mail(room, member, cursor) => self.expire_mail(&room, &member, cursor),
            }
        }
        if now >= self.next_sweep {
            self.next_sweep = now.after(SWEEP_INTERVAL);
            self.sources.retain(|_, usage| !usage.is_idle(now));
            self.keys.retain(|_, usage| !usage.is_idle(now));
        }
    }

    /// Tells every client that the relay is about to stop; from now on nobody connects and no room is made.
    pub fn handle_drain(&mut self) {
        if self.draining {
            return;
        }
        self.draining = true;
        let open: Vec<ConnectionId> =
            self.connections.iter().filter(|(_, entry)| entry.key.is_some()).map(|(id, _)| *id).collect();
        for connection in open {
            self.write(connection, &ServerFrame::Draining);
        }
    }

    /// Returns the next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        while let Some(connection) = self.overrun.pop() {
            self.stats.slow_consumers += 1;
            self.close(connection, CloseReason::Refused(RefusalCode::TooSlow));
        }
        self.outputs.pop_front()
    }

    /// Returns when [`Relay::handle_tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Returns whether the relay takes new clients.
    pub const fn is_ready(&self) -> bool {
        !self.draining
    }

    /// Returns this run's id.
    pub const fn boot(&self) -> BootId {
        self.boot
    }

    /// Returns counters and gauges for monitoring.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.connections = self.connections.len() as u64;
        stats.rooms = self.rooms.len() as u64;
        stats.stored_bytes = self.stored as u64;
        stats
    }

    fn admit(&mut self, source: Source, now: Timestamp) -> Result<(), Refusal> {
        if self.draining {
            return Err(Refusal::new(RefusalCode::Draining));
        }
        if self.connections.len() >= self.limits.connections {
            return Err(Refusal::new(RefusalCode::QuotaExceeded));
        }
        let usage = self.usage_of(source, now);
        usage.connects.take(1, now)?;
        if usage.connections >= self.limits.connections_per_source {
            return Err(Refusal::new(RefusalCode::QuotaExceeded));
        }
        self.usage_of(source, now).connections += 1;
        Ok(())
    }

    fn usage_of(&mut self, source: Source, now: Timestamp) -> &mut Usage {
        let rates = &self.limits.per_source;
        self.sources.entry(source).or_insert_with(|| Usage::new(rates, now))
    }

    /// Charges a frame to its key and its source. Acknowledgements and leaving free memory, so they always pass.
    fn charge(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        frame: &ClientFrame,
        wire_len: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let source = self.connections.get(&connection).map(|entry| entry.source);
        let mut outcome = Ok(());
        if let Some(usage) = self.keys.get_mut(&key) {
            outcome = outcome.and(usage.take_frame(wire_len, now));
        }
        if let Some(usage) = source.and_then(|source| self.sources.get_mut(&source)) {
            outcome = outcome.and(usage.take_frame(wire_len, now));
        }
        let is_free = match frame {
            ClientFrame::Ack { .. } | ClientFrame::Leave { .. } => true,
            ClientFrame::Authenticate { .. } | ClientFrame::Enter { .. } | ClientFrame::Send { .. } => false,
        };
        if let Some(entry) = self.connections.get_mut(&connection).filter(|_| outcome.is_ok()) {
            entry.violations = 0;
        }
        if is_free { Ok(()) } else { outcome }
    }

    /// Ends the oldest connection of a key: its owner has proven the key again elsewhere, so that one is stale.
    fn close_oldest_of(&mut self, key: MemberKey) {
        let oldest = self.connections.iter().find(|(_, entry)| entry.key == Some(key)).map(|(id, _)| *id);
        if let Some(oldest) = oldest {
            self.refuse_and_close(oldest, None, Refusal::new(RefusalCode::QuotaExceeded));
        }
    }

    fn refuse_for_rate(&mut self, connection: ConnectionId, request: Option<u64>, refusal: Refusal) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        entry.violations += 1;
        if entry.violations > self.limits.violations {
            return self.refuse_and_close(connection, request, refusal);
        }
        self.stats.count_refusal(refusal.code);
        self.write(connection, &refusal.frame(request));
    }

    fn refuse(&mut self, connection: ConnectionId, request: Option<u64>, refusal: Refusal) {
        self.stats.count_refusal(refusal.code);
        self.write(connection, &refusal.frame(request));
    }

    fn refuse_and_close(&mut self, connection: ConnectionId, request: Option<u64>, refusal: Refusal) {
        self.refuse(connection, request, refusal);
        self.close(connection, CloseReason::Refused(refusal.code));
    }

    fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        if self.connections.contains_key(&connection) {
            self.handle_disconnect(connection);
            self.outputs.push_back(Output::Close { connection, reason });
        }
    }

    /// Writes a frame that cannot wait in a mailbox; too many of them unread end the connection.
    fn write(&mut self, connection: ConnectionId, frame: &ServerFrame) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        let frame = Bytes::from(frame.encode());
        if entry.is_overrun {
            return;
        }
        entry.queued += frame.len();
        if entry.queued > self.limits.window + self.limits.control_slack {
            entry.is_overrun = true;
            self.overrun.push(connection);
            return;
        }
        self.stats.frames_out += 1;
        self.stats.bytes_out += frame.len() as u64;
        self.outputs.push_back(Output::Write { connection, frame });
    }
}

/// Returns the request number of frames that have one.
const fn request_of(frame: &ClientFrame) -> Option<u64> {
    match frame {
        ClientFrame::Enter { request, .. } | ClientFrame::Send { request, .. } => Some(*request),
        ClientFrame::Authenticate { .. } | ClientFrame::Leave { .. } | ClientFrame::Ack { .. } => None,
    }
}
