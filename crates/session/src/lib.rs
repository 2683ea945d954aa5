//! Ceremonies among devices that trust neither each other nor the relay between them.
//!
//! A [`roster::Roster`] pins who takes part; an [`envelope::Envelope`] is what one member says, signed and bound to
//! protocol, session, epoch, round, sender, recipient and sequence; a [`courier::Courier`] seals envelopes to
//! their recipients and opens only what is authentic. On them run the machines: [`lobby`] (strangers with an invite
//! become a roster), [`keygen`] (a roster gets keys and a certificate), [`signing`] (t approvals become a signature),
//! and [`reserve`], which holds what ECDSA needs ahead: a [`pairing`] with every member, [`presigning`] sessions, and
//! the [`pool`] that they fill. Each is driven by `handle_*(input, now)` and drained with `poll_output()` until it is
//! empty; state is the fold of persisted mutations. Inauthentic input changes nothing.

pub mod certificate;
pub mod courier;
pub mod envelope;
pub mod keygen;
pub mod lobby;
pub mod output;
pub mod pairing;
pub mod pool;
pub mod presigning;
pub mod reserve;
pub mod roster;
pub mod seat;
pub mod signing;
pub mod words;
