//! `quorate-signal`: the rendezvous and blind relay.
pub mod core;
