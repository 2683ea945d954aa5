//! What the Chain Signatures contract says and is told, in JSON: requests, answers, keys, domains, participants, key
//! events and the protocol's state; and how a child key follows from an account and a path.
//!
//! The contract, the nodes, the localnet and clients share these types, so that they cannot disagree. Values are
//! checked where they are decoded: a decoded [`PublicKey`] is a point, a decoded [`Payload`] has a legal length. Both
//! JSON generations in use are read without being told which one it is; [`Generation`] says which one to write.
//!
//! Nothing here holds a secret. [`read`] bounds what it is given before it parses.

mod account;
mod args;
mod child;
mod decode;
mod domain;
mod error;
mod generation;
mod hexadecimal;
mod key;
mod key_event;
mod parameters;
mod payload;
mod request;
mod signature;
mod state;
mod tweak;

pub use account::Account;
pub use args::{
    init, key_event as key_event_args, respond, sign, vote_add_domains, vote_cancel_keygen,
    vote_new_parameters, vote_pk,
};
pub use decode::{MAX_JSON_BYTES, read};
pub use domain::{Curve, Domain, Domains, Protocol, Purpose};
pub use error::{DecodeError, ValueError};
pub use generation::Generation;
pub use key::PublicKey;
pub use key_event::{Instance, KeyEvent, KeyEventId};
pub use parameters::{MAX_PARTICIPANTS, Parameters, Participant, Participants};
pub use payload::Payload;
pub use request::{PendingRequest, SignRequest};
pub use signature::Signature;
pub use state::{DomainKey, Initializing, Keyset, Resharing, Running, State};
pub use tweak::Tweak;
