//! Threshold ECDSA on secp256k1: pair set-up, presignatures, one 64-byte message per signature.
//!
//! DKLs23 (eprint 2023/765) with SoftSpokenOT (2022/192), endemic base transfers (2019/706) and re-randomised
//! presignatures (2021/1330); `docs/protocols/dkls.md` has notation, messages, sizes and every deviation.
//!
//! Everything is sans-IO: messages in, messages out, randomness as an argument. Senders are who the caller says they
//! are; authentication, broadcast evidence and durable state belong to the session layer, which makes a [`Tombstone`]
//! durable before any other reaction, and a presignature's burn before its share leaves. It refuses keys of other
//! purposes, and to blame what it can not prove: a failed check between two is told to others as the pair's.

mod attribution;
mod error;
mod extension;
mod hash;
pub mod pair;
pub mod presign;
pub mod sign;
#[cfg(quorate_timing)]
pub mod timing;
mod vole;
mod wire;

pub use attribution::{AttributionOpening, ShareOffence, Verdict};
pub use error::{Disclosure, Fault, Misuse, Obstacle, Offence, Pair, Part};
pub use pair::Tombstone;

/// The protocol's version: part of every session id and of every pair's context.
pub const VERSION: u16 = 1;
