//! What is in the vault: the records whose fold is a device.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{DecodeError, KeyPurpose, ParticipantId, Secret};
use quorate_session::certificate::Certificate;
use quorate_session::lobby::SignedRoster;
use quorate_session::roster::Roster;
use quorate_session::{keygen, pairing, signing};
use quorate_threshold::KeyShare;
use thiserror::Error;
use zeroize::Zeroizing;

/// One vault record.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Record {
    /// The first record: who this device is.
    Device { name: String, seed: Secret<[u8; 32]> },
    /// A lobby was opened.
    Lobby(LobbyRecord),
    /// The lobby led nowhere.
    LobbyClosed { room: [u8; 32] },
    /// A roster is complete, its ceremony may begin. The creator keeps its signature, to repeat the list.
    Roster { invite: Secret<String>, roster: SignedRoster, by_me: bool },
    /// A step of a wallet's key ceremony.
    Keygen { wallet: [u8; 32], mutation: keygen::Mutation },
    /// A step of a signing session.
    Signing { wallet: [u8; 32], session: [u8; 32], mutation: signing::Mutation },
    /// This roster had its one ceremony here: never again, whatever a creator or relay repeats.
    Used { roster: [u8; 32] },
    /// A whole wallet, as compaction writes it: the ceremony's secrets are gone.
    Wallet(WalletRecord),
    /// A step of the set-up of a pair.
    Pair { wallet: [u8; 32], peer: ParticipantId, mutation: pairing::Mutation },
}

/// An open lobby.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct LobbyRecord {
    pub(crate) invite: Secret<String>,
    /// Set on the creator's device.
    pub(crate) plan: Option<PlanRecord>,
    pub(crate) accept_words: bool,
}

/// What the creator wants to make.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct PlanRecord {
    pub(crate) wallet_name: String,
    pub(crate) purposes: Vec<KeyPurpose>,
    pub(crate) group: [u8; 32],
}

/// A certified wallet.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct WalletRecord {
    pub(crate) invite: Secret<String>,
    pub(crate) roster: Roster,
    pub(crate) shares: Vec<KeyShare>,
    pub(crate) certificate: Certificate,
}

impl Versioned for Record {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 8 * 1024 * 1024;
    const NAME: &'static str = "vault record";
}

/// Why records are not those of a device.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// A record can not be read.
    #[error("vault record {index} can not be read")]
    Record {
        /// Counted from 0.
        index: usize,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The first record is not a device's.
    #[error("vault does not hold a device")]
    NoDevice,
    /// A record does not follow from those before it.
    #[error("vault record {index} does not fit: {what}")]
    OutOfOrder {
        /// Counted from 0.
        index: usize,
        /// What is wrong.
        what: String,
    },
}

/// Returns the first record of a new device.
pub fn new_device(name: &str, seed: Secret<[u8; 32]>) -> Zeroizing<Vec<u8>> {
    write(&Record::Device { name: name.to_owned(), seed })
}

pub(crate) fn write(record: &Record) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(encoding::to_bytes(record))
}

pub(crate) fn read(index: usize, bytes: &[u8]) -> Result<Record, ReplayError> {
    encoding::from_bytes(bytes).map_err(|source| ReplayError::Record { index, source })
}
