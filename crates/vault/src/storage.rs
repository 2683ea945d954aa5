//! The few operations of a disk that a vault is made of, so that each of them can fail in a test.

use core::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

/// Where the bytes of one vault live: a *current* file, and a *next* one that can take its place.
///
/// [`Vault`](crate::Vault) decides the order of these steps; an implementation only performs them. What was written
/// may be lost, in any part, until the matching sync has returned.
pub trait Storage {
    /// Takes the exclusive right to this vault until the value is dropped or the process ends.
    ///
    /// # Errors
    /// [`StorageError::Locked`] at once if another has it.
    fn lock(&mut self) -> Result<(), StorageError>;

    /// Returns the whole current file, or nothing if there is none.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] beyond `limit` bytes, before any memory is taken.
    fn read(&mut self, limit: u64) -> Result<Option<Vec<u8>>, StorageError>;

    /// Writes at the end of the current file.
    ///
    /// # Errors
    /// Whatever the disk reports; part of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError>;

    /// Writes over bytes of the current file that are there already.
    ///
    /// # Errors
    /// Whatever the disk reports; part of the bytes may have been written.
    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError>;

    /// Cuts the current file to `len` bytes.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn truncate(&mut self, len: u64) -> Result<(), StorageError>;

    /// Makes the content of the current file durable.
    ///
    /// # Errors
    /// Whatever the disk reports; what is durable is then unknown.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Writes the next file, in place of an older one if there was any.
    ///
    /// # Errors
    /// Whatever the disk reports; the current file is untouched.
    fn write_next(&mut self, bytes: &[u8]) -> Result<(), StorageError>;

    /// Makes the content of the next file durable.
    ///
    /// # Errors
    /// Whatever the disk reports; the current file is untouched.
    fn sync_next(&mut self) -> Result<(), StorageError>;

    /// Puts the next file in the place of the current one, in one step.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn promote_next(&mut self) -> Result<(), StorageError>;

    /// Removes the next file, if there is one.
    ///
    /// # Errors
    /// Whatever the disk reports.
    fn remove_next(&mut self) -> Result<(), StorageError>;

    /// Makes the names durable: which file is current.
    ///
    /// # Errors
    /// Whatever the disk reports; which file is current after a crash is then unknown.
    fn sync_names(&mut self) -> Result<(), StorageError>;

    /// Returns the place of the current file, for error messages.
    fn location(&self) -> PathBuf;
}

/// What was being done when the disk refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Taking the lock.
    Lock,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Cutting off a torn end.
    Truncate,
    /// Making bytes durable.
    Sync,
    /// Putting a new file in the place of the old one.
    Replace,
    /// Removing a leftover file.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "lock",
            Self::Read => "read",
            Self::Write => "write",
            Self::Truncate => "truncate",
            Self::Sync => "sync",
            Self::Replace => "replace",
            Self::Remove => "remove",
        })
    }
}

/// Why a [`Storage`] did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StorageError {
    /// Another has the lock.
    #[error("{} is locked", path.display())]
    Locked {
        /// The vault's place.
        path: PathBuf,
    },
    /// The file is larger than the reader allows.
    #[error("{len} bytes where at most {max} are allowed")]
    TooLarge {
        /// Its length.
        len: u64,
        /// The longest allowed.
        max: u64,
    },
    /// The disk or the operating system refused.
    #[error("cannot {operation} {}: {kind}", path.display())]
    Io {
        /// What was being done.
        operation: Operation,
        /// What the operating system said.
        kind: ErrorKind,
        /// To which file.
        path: PathBuf,
    },
}
