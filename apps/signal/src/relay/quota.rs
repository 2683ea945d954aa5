//! Who used how much: token buckets and counters by source and by key.

use core::net::{IpAddr, Ipv6Addr};

use quorate_primitives::{Millis, Timestamp};
use quorate_transport::signaling::RefusalCode;

use super::refusal::Refusal;

/// Where a connection comes from: an IPv4 address or an IPv6 /64 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(IpAddr);

/// What may be done per second; twice as much in a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// New connections.
    pub connects: u32,
    /// Frames.
    pub frames: u32,
    /// Bytes in frames.
    pub bytes: u32,
    /// HTTP requests.
    pub calls: u32,
}

/// A bucket that fills at a constant rate and holds two seconds' worth.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_second: u64,
    /// What is left, in thousandths, so that a millisecond's share of any rate is a whole number.
    left: u64,
    updated: Timestamp,
}

/// What one source or key uses.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Connections now.
    pub connections: usize,
    /// Rooms it made that still exist.
    pub rooms: usize,
    /// Bytes it sent that are still stored.
    pub stored: usize,
    /// New connections.
    pub connects: Bucket,
    /// HTTP requests.
    pub calls: Bucket,
    frames: Bucket,
    bytes: Bucket,
}

impl Source {
    /// Returns the source of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

impl Bucket {
    /// Starts full.
    pub fn new(per_second: u32, now: Timestamp) -> Self {
        let per_second = u64::from(per_second);
        Self { per_second, left: per_second * BURST, updated: now }
    }

    /// Takes `amount`, or says when so much will be there.
    ///
    /// # Errors
    /// [`RefusalCode::RateLimited`] with the time to wait.
    pub fn take(&mut self, amount: usize, now: Timestamp) -> Result<(), Refusal> {
        self.refill(now);
        let needed = (amount as u64).saturating_mul(1000);
        if needed <= self.left {
            self.left -= needed;
            return Ok(());
        }
        let missing = needed - self.left;
        let retry: Millis = missing.div_ceil(self.per_second.max(1));
        Err(Refusal { code: RefusalCode::RateLimited, retry })
    }

    fn refill(&mut self, now: Timestamp) {
        let gained = now.since(self.updated).saturating_mul(self.per_second);
        self.left = self.left.saturating_add(gained).min(self.per_second * BURST);
        self.updated = self.updated.max(now);
    }

    fn is_full(mut self, now: Timestamp) -> bool {
        self.refill(now);
        self.left == self.per_second * BURST
    }
}

/// Two seconds, in thousandths.
const BURST: u64 = 2000;

impl Usage {
    /// Starts with nothing used.
    pub fn new(rates: &Rates, now: Timestamp) -> Self {
        Self {
            connections: 0,
            rooms: 0,
            stored: 0,
            connects: Bucket::new(rates.connects, now),
            calls: Bucket::new(rates.calls, now),
            frames: Bucket::new(rates.frames, now),
            bytes: Bucket::new(rates.bytes, now),
        }
    }

    /// Takes one frame of `len` bytes.
    ///
    /// # Errors
    /// [`RefusalCode::RateLimited`] with the time to wait.
    pub fn take_frame(&mut self, len: usize, now: Timestamp) -> Result<(), Refusal> {
        self.frames.take(1, now)?;
        self.bytes.take(len, now)
    }

    /// Returns whether forgetting it changes nothing.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.connections == 0
            && self.rooms == 0
            && self.stored == 0
            && [self.connects, self.calls, self.frames, self.bytes]
                .into_iter()
                .all(|bucket| bucket.is_full(now))
    }
}
