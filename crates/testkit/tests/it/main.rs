//! Ceremonies in the simulator.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics has failed")]

mod ceremony;
mod exhaustive;
mod relay;
mod signatures;
mod swarm;
