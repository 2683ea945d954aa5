//! The NEAR side: everything that speaks to an RPC.
//!
//! Decisions are in pure machines (`follow`, `requests`, `submit`, `upkeep`), which take answers and times as arguments.
//! An RPC is not trusted to be reachable, honest about its height, or on the right chain; what it says of the contract can
//! be checked by nobody but the other nodes, each with an RPC of its own.

pub mod answers;
pub mod client;
pub mod contract;
pub mod follow;
pub mod hash;
pub mod key;
pub mod requests;
pub mod run;
pub mod sign_args;
pub mod submit;
pub mod transaction;
pub mod upkeep;
