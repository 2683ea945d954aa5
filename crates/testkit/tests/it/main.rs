//! Ceremonies in the simulator.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and what it counted is to be seen"
)]

mod ceremony;
mod ecdsa;
mod ecdsa_swarm;
mod exhaustive;
mod pairs;
mod relay;
mod signatures;
mod swarm;
