//! Counters and gauges, labelled by kind and outcome only.

use std::collections::BTreeMap;

use quorate_transport::RefusalCode;

/// What the relay has done since it started, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections now.
    pub connections: u64,
    /// Rooms now.
    pub rooms: u64,
    /// Bytes in mailboxes now.
    pub stored_bytes: u64,
    /// Connections taken.
    pub accepted_connections: u64,
    /// Rooms made.
    pub created_rooms: u64,
    /// Frames read.
    pub frames_in: u64,
    /// Bytes read in frames.
    pub bytes_in: u64,
    /// Frames written.
    pub frames_out: u64,
    /// Bytes written in frames.
    pub bytes_out: u64,
    /// Frames put into mailboxes.
    pub stored_frames: u64,
    /// Frames forgotten because their time was over.
    pub expired_frames: u64,
    /// Connections closed because they did not read.
    pub slow_consumers: u64,
    /// Refusals by kind.
    pub refusals: BTreeMap<RefusalCode, u64>,
}

impl Stats {
    /// Counts a refusal.
    pub fn count_refusal(&mut self, code: RefusalCode) {
        *self.refusals.entry(code).or_default() += 1;
    }
}
