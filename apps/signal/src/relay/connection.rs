//! One connection.

use std::collections::BTreeSet;

use quorate_primitives::Timestamp;
use quorate_transport::MemberKey;
use quorate_transport::signaling::{RefusalCode, RoomId};

use super::quota::Source;

/// The shell's number for a connection; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client did what is not allowed; it was told.
    Refused(RefusalCode),
}

/// What the relay knows about a connection.
#[derive(Debug)]
pub struct Connection {
    /// Where it comes from.
    pub source: Source,
    /// When the challenge must be answered.
    pub deadline: Timestamp,
    /// Its key, once the challenge is answered.
    pub key: Option<MemberKey>,
    /// The rooms it is in.
    pub rooms: BTreeSet<RoomId>,
    /// Bytes handed to the shell and not yet written.
    pub queued: usize,
    /// Whether mail waits for room in the window.
    pub is_behind: bool,
    /// Whether more is unwritten than any client that reads would leave.
    pub is_overrun: bool,
    /// Rate-limited frames since the last accepted one.
    pub violations: u32,
}

impl Connection {
    /// Starts without a key.
    pub const fn new(source: Source, deadline: Timestamp) -> Self {
        Self {
            source,
            deadline,
            key: None,
            rooms: BTreeSet::new(),
            queued: 0,
            is_behind: false,
            is_overrun: false,
            violations: 0,
        }
    }
}
