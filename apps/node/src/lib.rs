//! `quorate-node`: one member of a Chain Signatures network.
//!
//! Two sides that share nothing but [`events`]. The NEAR side ([`near`]) follows the chain, keeps the pending requests and
//! submits transactions; the committee makes keys and signatures with the other nodes. Neither trusts what it reads: the
//! NEAR side checks what an RPC answers, the committee what its peers send.

pub mod command;
pub mod committee;
pub mod config;
pub mod events;
pub mod figures;
pub mod near;
pub mod node;
pub mod observe;
pub mod secrets;
pub mod web;
