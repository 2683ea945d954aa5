//! The few types that every other crate speaks: participants, thresholds, secrets, transcripts, time and
//! the one binary encoding.
//!
//! This crate is pure: it knows no clock, no disk, no socket and no global randomness. It trusts nothing it
//! decodes: ids are in range, thresholds are possible, and lengths are checked before memory is taken.

pub mod encoding;
mod participant;
mod purpose;
mod rng;
mod secret;
mod threshold;
mod time;
mod transcript;

pub use encoding::DecodeError;
pub use participant::{InvalidParticipant, MAX_PARTICIPANTS, ParticipantId};
pub use purpose::KeyPurpose;
pub use rng::HedgedRng;
pub use secret::Secret;
pub use threshold::{InvalidThreshold, Threshold};
pub use time::{Millis, Timestamp};
pub use transcript::Transcript;
