//! The crate from outside: what a hostile relay or member can hand to each part.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stdout,
    clippy::redundant_clone,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod courier;
mod ecdsa;
mod ecdsa_input;
mod ecdsa_pairs;
mod ecdsa_world;
mod keygen;
mod lives;
mod lobby;
mod pair_logs;
mod request;
mod roster;
mod signing;
mod support;
