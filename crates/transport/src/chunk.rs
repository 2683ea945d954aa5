//! Messages of up to 4 MiB in relay frames of up to 64 KiB.
//!
//! A message is cut into chunks of one fixed size, the last one shorter; each chunk names the message and its
//! place. Chunks are not authenticated: what they make up is sealed, and a wrong chunk makes it fail to open. So
//! the [`Reassembler`] only guarantees bounds, and that one peer's garbage costs no other peer anything.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::DecodeError;
use quorate_primitives::encoding::{self, Versioned};
use thiserror::Error;

use crate::padding::MAX_PADDED;
use crate::signaling::MAX_PAYLOAD;

mod reassembler;
#[cfg(test)]
mod tests;

pub use reassembler::{Limits, Reassembler};

/// The longest message: the largest size class and room for an envelope around it.
pub const MAX_MESSAGE: usize = MAX_PADDED + 4096;

/// The bytes of a message in every chunk but the last.
pub const CHUNK_BYTES: usize = MAX_PAYLOAD - HEADER_LEN;

/// The most chunks of one message.
pub const MAX_CHUNKS: usize = MAX_MESSAGE.div_ceil(CHUNK_BYTES);

/// Version, message id, index, count, length.
const HEADER_LEN: usize = 1 + 16 + 2 + 2 + 4;

/// Names one message among those of its sender. A repeated message repeats its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct MessageId(pub [u8; 16]);

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Chunk {
    message_id: MessageId,
    index: u16,
    count: u16,
    bytes: Vec<u8>,
}

/// Why a message was not cut, or a chunk not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChunkError {
    /// There is nothing to cut.
    #[error("a message has at least one byte")]
    Empty,
    /// More than [`MAX_MESSAGE`] bytes.
    #[error("message of {0} bytes where at most {MAX_MESSAGE} are possible")]
    TooLong(usize),
    /// The bytes are no chunk.
    #[error("chunk cannot be read")]
    Decode(#[source] DecodeError),
    /// Index, count and length do not fit together.
    #[error("chunk {index} of {count} with {len} bytes is not possible")]
    Shape {
        /// The place.
        index: u16,
        /// The number of chunks.
        count: u16,
        /// The bytes in it.
        len: usize,
    },
    /// It contradicts an earlier chunk of the same message, which is now given up in favour of this one.
    #[error("chunk contradicts an earlier one of its message")]
    Conflict,
    /// More peers than the limit have unfinished messages.
    #[error("too many peers with unfinished messages")]
    TooManyPeers,
}

/// Cuts `message` into chunks.
///
/// # Errors
/// [`ChunkError::Empty`] and [`ChunkError::TooLong`].
#[expect(clippy::cast_possible_truncation, reason = "there are at most MAX_CHUNKS = 65 of them")]
pub fn split(message_id: MessageId, message: &[u8]) -> Result<Vec<Chunk>, ChunkError> {
    if message.is_empty() {
        return Err(ChunkError::Empty);
    }
    if message.len() > MAX_MESSAGE {
        return Err(ChunkError::TooLong(message.len()));
    }
    let parts = message.chunks(CHUNK_BYTES);
    let count = parts.len() as u16;
    let chunk = |(index, bytes): (usize, &[u8])| Chunk {
        message_id,
        index: index as u16,
        count,
        bytes: bytes.to_vec(),
    };
    Ok(parts.enumerate().map(chunk).collect())
}

impl Chunk {
    /// Returns the bytes for one relay frame, at most [`MAX_PAYLOAD`].
    pub fn encode(&self) -> Vec<u8> {
        encoding::to_bytes(self)
    }

    /// Reads a chunk and checks that it can be part of a message.
    ///
    /// # Errors
    /// [`ChunkError::Decode`] and [`ChunkError::Shape`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ChunkError> {
        let chunk: Self = encoding::from_bytes(bytes).map_err(ChunkError::Decode)?;
        if chunk.has_possible_shape() {
            return Ok(chunk);
        }
        Err(ChunkError::Shape { index: chunk.index, count: chunk.count, len: chunk.bytes.len() })
    }

    /// Returns the message it belongs to.
    pub const fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Returns its place, from zero.
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Returns how many chunks the message has.
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// Returns its part of the message.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn has_possible_shape(&self) -> bool {
        let (index, count, len) = (usize::from(self.index), usize::from(self.count), self.bytes.len());
        if index >= count || count > MAX_CHUNKS {
            return false;
        }
        if index + 1 < count {
            return len == CHUNK_BYTES;
        }
        (1..=CHUNK_BYTES).contains(&len) && index * CHUNK_BYTES + len <= MAX_MESSAGE
    }
}

impl Versioned for Chunk {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = MAX_PAYLOAD;
    const NAME: &'static str = "chunk";
}
