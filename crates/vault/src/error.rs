//! What can go wrong with a vault, each with one sentence for the person in front of it.

use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

use crate::storage::{Operation, StorageError};

/// Why a vault could not be created, opened or changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaultError {
    /// There is a vault already; it was not touched.
    #[error("a vault exists already at {}", path.display())]
    AlreadyExists {
        /// Where it is.
        path: PathBuf,
    },
    /// There is no vault.
    #[error("no vault at {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another process has the vault open.
    #[error("the vault at {} is in use by another process", path.display())]
    Locked {
        /// Where it is.
        path: PathBuf,
    },
    /// The password is wrong or the header was changed: which of the two is not said, and not known.
    #[error("wrong password or altered vault header")]
    WrongPassword,
    /// The file does not begin like a vault.
    #[error("the file is not a vault")]
    NotAVault,
    /// The vault was written by a build this one does not know.
    #[error("vault format version {version} is not supported by this build")]
    UnsupportedVersion {
        /// The version the file names.
        version: u16,
    },
    /// The header names a way of deriving keys that this build does not have.
    #[error("vault key derivation {id} is not supported by this build")]
    UnsupportedKdf {
        /// The identifier in the header.
        id: u8,
    },
    /// The key derivation would be too weak to protect, or too heavy to run; it was not run.
    #[error(
        "key derivation of {memory_kib} KiB, {iterations} passes and {lanes} lanes is outside the allowed range"
    )]
    KdfOutOfRange {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        iterations: u32,
        /// Lanes.
        lanes: u32,
    },
    /// The memory for the key derivation could not be had.
    #[error("not enough memory for a key derivation of {memory_kib} KiB")]
    OutOfMemory {
        /// Memory asked for, in KiB.
        memory_kib: u32,
    },
    /// A record that was once durable can not be read; nothing was changed on disk.
    #[error("the vault is damaged from record {record} on")]
    Damaged {
        /// The number of the first record that can not be read, from 0.
        record: u64,
    },
    /// A record is longer than any record may be.
    #[error("a record of {len} bytes exceeds the limit of {max}")]
    RecordTooLarge {
        /// Its length.
        len: usize,
        /// The longest allowed.
        max: usize,
    },
    /// More was appended than one commit can hold; what was appended before still stands.
    #[error("too much was appended for one commit")]
    BatchFull,
    /// The file would exceed its largest size, or the data key its uses; a rewrite makes room.
    #[error("the vault is full and must be rewritten")]
    Full,
    /// The file is larger than any vault.
    #[error("the vault file of {len} bytes exceeds the limit of {max}")]
    FileTooLarge {
        /// Its length.
        len: u64,
        /// The longest allowed.
        max: u64,
    },
    /// There are appended records that were not committed, so the vault can not be replaced.
    #[error("appended records are not committed yet")]
    Uncommitted,
    /// The device is full.
    #[error("no space left to {operation} {}", path.display())]
    NoSpace {
        /// What was being done.
        operation: Operation,
        /// To which file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}: {kind}", path.display())]
    Io {
        /// What was being done.
        operation: Operation,
        /// What the operating system said.
        kind: ErrorKind,
        /// To which file.
        path: PathBuf,
    },
    /// An earlier write failed, so what is on disk is unknown until the vault is opened again.
    #[error("an earlier write to the vault failed; it must be opened again")]
    Poisoned,
    /// The source of randomness failed or repeats itself.
    #[error("the source of randomness is broken")]
    Randomness,
}

impl From<StorageError> for VaultError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Locked { path } => Self::Locked { path },
            StorageError::TooLarge { len, max } => Self::FileTooLarge { len, max },
            StorageError::Io { operation, kind: ErrorKind::StorageFull | ErrorKind::QuotaExceeded, path } => {
                Self::NoSpace { operation, path }
            }
            StorageError::Io { operation, kind, path } => Self::Io { operation, kind, path },
        }
    }
}
