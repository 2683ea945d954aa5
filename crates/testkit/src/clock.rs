//! Time that passes when the simulation says so.

use quorate_primitives::{Millis, Timestamp};

/// When every simulation begins.
pub const START: Timestamp = Timestamp(1_000_000_000);

/// The simulation's clock, and how far each device's clock is off.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    now: Timestamp,
    skews: Vec<i64>,
}

impl VirtualClock {
    /// Starts with the given error of each device's clock, in milliseconds.
    pub const fn new(skews: Vec<i64>) -> Self {
        Self { now: START, skews }
    }

    /// Returns the true time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the time since the start.
    pub const fn elapsed(&self) -> Millis {
        self.now.since(START)
    }

    /// Goes on to a later time; never back.
    pub fn advance(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
    }

    /// Returns what a device believes.
    pub fn now_at(&self, device: usize) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.skews[device]))
    }

    /// Returns when a device's clock will show `local`.
    pub fn when(&self, device: usize, local: Timestamp) -> Timestamp {
        Timestamp(local.0.saturating_add_signed(-self.skews[device]))
    }
}
