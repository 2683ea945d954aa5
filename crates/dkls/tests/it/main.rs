//! The crate from outside.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed, and its numbers are small"
)]

mod blame;
mod decoders;
mod honest;
mod plain;
mod replay;
mod sessions;
mod support;
mod tamper;
