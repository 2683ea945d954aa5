//! Time as an argument: whoever calls says what time it is.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A span of time in milliseconds.
pub type Millis = u64;

/// A moment: milliseconds since an epoch that the caller chooses (shells use the Unix epoch).
///
/// Deadlines are compared with it; no safety property depends on it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the moment `span` later, at most the last one there is.
    #[must_use]
    pub const fn after(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// Returns the time from `earlier` to here, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
