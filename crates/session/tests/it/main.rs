//! The crate from outside: what a hostile relay or member can hand to each part.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics has failed")]

mod courier;
mod keygen;
mod lobby;
mod roster;
mod signing;
mod support;
