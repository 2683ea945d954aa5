//! One record, as a vault gives it back.

use quorate_primitives::Secret;

/// The bytes of one record: wiped when dropped, never printed.
#[derive(Debug, PartialEq, Eq)]
pub struct Record(Secret<Vec<u8>>);

impl Record {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Secret::new(bytes.to_vec()))
    }

    /// Lends the bytes.
    pub const fn expose(&self) -> &[u8] {
        self.0.expose().as_slice()
    }
}
