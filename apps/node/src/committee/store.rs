//! What a node keeps: the vault's encrypted log, as a wallet's device has it.

use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Secret};
use quorate_session::certificate::Certificate;
use quorate_session::roster::Roster;
use quorate_session::{keygen, pairing, signing};
use quorate_threshold::KeyShare;
use quorate_vault::{DeviceVault, KdfParams, Password, PasswordError, VaultError};
use rand_core::OsRng;
use thiserror::Error;

use crate::events::KeyEventId;

/// The folder of the log, inside the node's home.
const FOLDER: &str = "shares";

/// After so many records the log is written anew without what is over.
const RECORDS: usize = 20_000;

/// One record. Keys are named by the hash of their roster.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// A key is to be made, or is held.
    Key {
        /// Epoch, domain and attempt.
        event: (u64, u64, u64),
        /// Who makes it.
        roster: Roster,
    },
    /// A step of the key ceremony.
    Keygen([u8; 32], keygen::Mutation),
    /// The ceremony is over.
    Made {
        /// The key.
        tag: [u8; 32],
        /// This node's share.
        share: KeyShare,
        /// Proof that every participant has its own.
        certificate: Certificate,
    },
    /// A step of a signature.
    Signing([u8; 32], [u8; 32], signing::Mutation),
    /// A step of the pair with a participant.
    Pair([u8; 32], ParticipantId, pairing::Mutation),
}

/// Why the log cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("cannot make {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The store key is no password.
    #[error("the store key cannot be used")]
    Key(#[from] PasswordError),
    /// The vault refuses.
    #[error("the node's log cannot be used")]
    Vault(#[from] VaultError),
    /// A record is of another version of this program.
    #[error("record {0} of the node's log is not one of this version")]
    Record(usize),
}

/// The open log.
pub struct Store {
    vault: DeviceVault,
    appended: usize,
}

impl Store {
    /// Opens the log of this home, or begins one. Returns all records.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(home: &Path, key: &Secret<Vec<u8>>) -> Result<(Self, Vec<Record>), StoreError> {
        let path = home.join(FOLDER);
        std::fs::create_dir_all(&path).map_err(|source| StoreError::Folder { path: path.clone(), source })?;
        let password = zeroize::Zeroizing::new(hex::encode(key.expose()));
        let password = Password::new(&password)?;
        // The key is random, so that the weakest derivation is strong enough.
        let opened = match DeviceVault::open(&path, &password) {
            Err(VaultError::NotFound { .. }) => {
                (DeviceVault::create(&path, &password, KdfParams::FLOOR, OsRng)?, Vec::new())
            }
            opened => opened.map(|(vault, records, _)| (vault, records))?,
        };
        let (vault, records) = opened;
        let appended = records.len();
        let read = |(at, record): (usize, &quorate_vault::Record)| {
            borsh::from_slice(record.expose()).map_err(|_| StoreError::Record(at))
        };
        let records = records.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok((Self { vault, appended }, records))
    }

    /// Adds a record, durable after the next [`Store::commit`].
    ///
    /// # Errors
    /// [`StoreError::Vault`]
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let bytes = encode(record);
        self.appended += 1;
        match self.vault.append(bytes.expose()) {
            Err(VaultError::BatchFull) => {
                self.vault.commit()?;
                Ok(self.vault.append(bytes.expose())?)
            }
            other => Ok(other?),
        }
    }

    /// Makes all that was appended durable.
    ///
    /// # Errors
    /// [`StoreError::Vault`]
    pub fn commit(&mut self) -> Result<(), StoreError> {
        Ok(self.vault.commit()?)
    }

    /// Returns whether so much was appended that the log should be written anew.
    pub const fn is_long(&self) -> bool {
        self.appended >= RECORDS
    }

    /// Replaces the whole log.
    ///
    /// # Errors
    /// [`StoreError::Vault`]
    pub fn rewrite(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.vault.commit()?;
        let bytes: Vec<Secret<Vec<u8>>> = records.iter().map(encode).collect();
        self.vault.rewrite(bytes.iter().map(|bytes| bytes.expose().as_slice()))?;
        self.appended = records.len();
        Ok(())
    }
}

impl Record {
    /// Begins the records of a key.
    pub const fn of(event: KeyEventId, roster: Roster) -> Self {
        Self::Key { event: (event.epoch, event.domain, event.attempt), roster }
    }
}

fn encode(record: &Record) -> Secret<Vec<u8>> {
    Secret::new(quorate_primitives::encoding::body_bytes(record))
}
