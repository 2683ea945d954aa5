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
mod group;
mod memory;
mod relay;
mod wire;
