//! The crate from outside: keys that one machine holds stand in for the group's.

mod bitcoin;
mod json;
mod mutations;
mod near;
mod solana;
mod support;
