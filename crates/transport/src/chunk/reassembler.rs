//! Puts chunks together again, within bounds.

use std::collections::BTreeMap;

use quorate_primitives::{Millis, Timestamp};

use super::{Chunk, ChunkError, MAX_MESSAGE, MessageId};

/// How much unfinished work is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Peers with unfinished messages.
    pub peers: usize,
    /// Unfinished messages of one peer.
    pub messages_per_peer: usize,
    /// Bytes in unfinished messages of one peer.
    pub bytes_per_peer: usize,
    /// How long a message may take from its first chunk.
    pub timeout: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self { peers: 64, messages_per_peer: 8, bytes_per_peer: 2 * MAX_MESSAGE, timeout: 120_000 }
    }
}

/// Unfinished messages, by peer.
///
/// A peer that exceeds its limits loses its own oldest unfinished message, never another peer's. Finished
/// messages are not remembered: whoever authenticates them also recognises repetitions.
#[derive(Debug)]
pub struct Reassembler<P> {
    limits: Limits,
    peers: BTreeMap<P, Peer>,
}

type Peer = BTreeMap<MessageId, Partial>;

#[derive(Debug)]
struct Partial {
    count: u16,
    started: Timestamp,
    parts: BTreeMap<u16, Vec<u8>>,
}

impl<P: Ord + Clone> Reassembler<P> {
    /// Starts with nothing unfinished.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, peers: BTreeMap::new() }
    }

    /// Takes a chunk that `peer` sent and returns the message it completes.
    ///
    /// # Errors
    /// [`ChunkError::Conflict`] and [`ChunkError::TooManyPeers`]; later chunks are taken all the same.
    pub fn accept(&mut self, peer: &P, chunk: Chunk, now: Timestamp) -> Result<Option<Vec<u8>>, ChunkError> {
        self.expire(now);
        if chunk.count == 1 {
            return Ok(Some(chunk.bytes));
        }
        if !self.peers.contains_key(peer) && self.peers.len() >= self.limits.peers {
            return Err(ChunkError::TooManyPeers);
        }
        let messages = self.peers.entry(peer.clone()).or_default();
        let outcome = accept_part(messages, chunk, now);
        make_room(messages, &self.limits);
        if messages.is_empty() {
            self.peers.remove(peer);
        }
        outcome
    }

    /// Forgets messages that take too long, and returns how many.
    pub fn expire(&mut self, now: Timestamp) -> usize {
        let timeout = self.limits.timeout;
        let mut expired = 0;
        self.peers.retain(|_, messages| {
            let before = messages.len();
            messages.retain(|_, partial| now.since(partial.started) < timeout);
            expired += before - messages.len();
            !messages.is_empty()
        });
        expired
    }

    /// Returns when [`Reassembler::expire`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let started = self.peers.values().flat_map(BTreeMap::values).map(|partial| partial.started);
        started.min().map(|started| started.after(self.limits.timeout))
    }

    /// Returns how many bytes are kept for all peers together.
    pub fn bytes(&self) -> usize {
        self.peers.values().map(bytes_of).sum()
    }
}

fn accept_part(messages: &mut Peer, chunk: Chunk, now: Timestamp) -> Result<Option<Vec<u8>>, ChunkError> {
    let Chunk { message_id, index, count, bytes } = chunk;
    let partial = messages.entry(message_id).or_insert_with(|| Partial::new(count, now));
    let repeated = partial.parts.get(&index).is_some_and(|known| *known == bytes);
    if repeated && partial.count == count {
        return Ok(None);
    }
    let conflict = partial.count != count || partial.parts.contains_key(&index);
    if conflict {
        *partial = Partial::new(count, now);
    }
    partial.parts.insert(index, bytes);
    if conflict {
        return Err(ChunkError::Conflict);
    }
    if partial.parts.len() < usize::from(count) {
        return Ok(None);
    }
    let whole = messages.remove(&message_id).map(|partial| partial.parts.into_values().flatten().collect());
    Ok(whole)
}

/// Drops the peer's oldest messages until it is within its limits.
fn make_room(messages: &mut Peer, limits: &Limits) {
    while messages.len() > limits.messages_per_peer || bytes_of(messages) > limits.bytes_per_peer {
        let oldest = messages.iter().min_by_key(|(_, partial)| partial.started).map(|(id, _)| *id);
        let Some(oldest) = oldest else { return };
        messages.remove(&oldest);
    }
}

fn bytes_of(messages: &Peer) -> usize {
    messages.values().flat_map(|partial| partial.parts.values()).map(Vec::len).sum()
}

impl Partial {
    const fn new(count: u16, started: Timestamp) -> Self {
        Self { count, started, parts: BTreeMap::new() }
    }
}
