//! Threshold keys without a dealer, and FROST signatures with them.
//!
//! [`dkg`] makes independent keys for several purposes in one ceremony (`docs/protocols/dkg.md`); [`frost`] signs
//! with the Schnorr ones (RFC 9591, BIP-340); [`derive`] finds child keys. Everything is sans-IO: messages in,
//! messages out, randomness as an argument. Senders are who the caller says they are: authentication, broadcast
//! evidence and durable state belong to the session layer. A key signs for its own purpose only.

pub mod derive;
pub mod dkg;
pub mod engine;
pub mod frost;
mod key;
pub mod suite;

pub use key::{KeyShare, PublicKeys};
