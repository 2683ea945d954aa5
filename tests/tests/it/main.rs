//! The product as a whole: processes that are killed, a relay that dies, a wire that is recorded.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod crash;
mod crash_ecdsa;
mod group;
mod journal;
mod memory;
mod relay;
mod signings;
mod wire;
