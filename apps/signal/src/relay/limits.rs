//! How much of everything the relay allows.

use quorate_primitives::Millis;

use super::quota::Rates;

/// The relay's limits. [`Limits::default`] suits one public server with a few thousand devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one source.
    pub connections_per_source: usize,
    /// Connections at a time with one key.
    pub connections_per_key: usize,
    /// What one source may do per second.
    pub per_source: Rates,
    /// What one key may do per second.
    pub per_key: Rates,
    /// Rate-limited frames in a row before the connection is closed.
    pub violations: u32,
    /// How long a client may take to answer its challenge.
    pub answer_within: Millis,
    /// After how much silence the shell hangs up.
    pub idle: Millis,
    /// Rooms at a time.
    pub rooms: usize,
    /// Rooms at a time that one source made.
    pub rooms_per_source: usize,
    /// Rooms that one connection is in.
    pub rooms_per_connection: usize,
    /// The longest a room lives without being entered again.
    pub max_ttl: Millis,
    /// Bytes that wait for one recipient in one room.
    pub mailbox: usize,
    /// Bytes in all mailboxes.
    pub stored: usize,
    /// Bytes in all mailboxes that came from one source.
    pub stored_per_source: usize,
    /// Bytes of mail handed to the shell for one connection and not yet written.
    pub window: usize,
    /// Bytes of other frames that may be unwritten on top of the window.
    pub control_slack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_000,
            connections_per_source: 1024,
            connections_per_key: 4,
            per_source: Rates { connects: 200, frames: 20_000, bytes: 64 << 20, calls: 50 },
            per_key: Rates { connects: 20, frames: 4000, bytes: 16 << 20, calls: 50 },
            violations: 256,
            answer_within: 5000,
            idle: 90_000,
            rooms: 65_536,
            rooms_per_source: 2048,
            rooms_per_connection: 64,
            max_ttl: 7 * 24 * 3_600_000,
            mailbox: quorate_transport::signaling::MAX_MAILBOX,
            stored: 512 << 20,
            stored_per_source: 128 << 20,
            window: 128 << 10,
            control_slack: 64 << 10,
        }
    }
}
