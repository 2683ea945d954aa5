//! Why a command was not carried out.

use quorate_chains::{Chain, ChainError};
use quorate_primitives::InvalidThreshold;
use quorate_session::lobby::LobbyError;
use quorate_session::signing::OpenError;
use quorate_threshold::derive::DeriveError;
use quorate_transport::{InviteError, UrlError};
use thiserror::Error;

/// A refused command: nothing changed.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The two numbers are no threshold.
    #[error("impossible threshold")]
    Threshold(#[from] InvalidThreshold),
    /// The relay's address can not be read.
    #[error("relay address can not be read")]
    Relay(#[from] UrlError),
    /// The invite can not be read.
    #[error("invite can not be read")]
    Invite(#[from] InviteError),
    /// The lobby can not be opened.
    #[error("group can not be joined")]
    Lobby(#[from] LobbyError),
    /// No wallet has this name or id.
    #[error("no wallet is called {0:?}")]
    NoSuchWallet(String),
    /// Several wallets have this name.
    #[error("several wallets match {0:?}: use the id")]
    Ambiguous(String),
    /// Another wallet has this name.
    #[error("a wallet is called {0:?}: that name is taken")]
    Taken(String),
    /// The wallet has no keys yet.
    #[error("wallet {0:?} has no keys yet")]
    NotReady(String),
    /// There is no wallet at all, or more than one and none was named.
    #[error("this device has {0} wallets: name one")]
    NameOne(usize),
    /// No request has this id.
    #[error("no open request {0:?}")]
    NoSuchRequest(String),
    /// The request was decided already.
    #[error("request {0:?} was decided already")]
    Decided(String),
    /// The wallet has no key for this chain.
    #[error("wallet has no key for {0}")]
    NoKey(Chain),
    /// No other member of the wallet has this name.
    #[error("wallet has no other member called {0:?}")]
    NoSuchMember(String),
    /// The chain's rules forbid it.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// The bytes of a transaction are not written in hexadecimal.
    #[error("transaction is not hexadecimal")]
    NotHexadecimal,
    /// There is no such account.
    #[error("account can not be derived")]
    Derive(#[from] DeriveError),
    /// The session can not be opened.
    #[error("request can not be opened")]
    Open(#[from] OpenError),
    /// Plain mode is about presignatures, which the chain's signatures do without.
    #[error("plain mode is for ECDSA, which {0} does not use")]
    NothingToBind(Chain),
    /// Too many requests are open.
    #[error("{0} requests are open: decide some first")]
    TooManyOpen(usize),
    /// A name can not be shown.
    #[error("name {0:?} is empty, too long, or not printable")]
    Name(String),
    /// Nothing is waiting for this answer.
    #[error("no group is waiting for its words to be confirmed")]
    NothingToConfirm,
}
