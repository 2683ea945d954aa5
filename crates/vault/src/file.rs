//! The thin shell over real files: `vault`, its successor `vault.next`, and `vault.lock`, which only carries a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rand_core::{CryptoRng, OsRng, RngCore};

use crate::error::VaultError;
use crate::format::Record;
use crate::kdf::{KdfParams, UnlockKey};
use crate::password::Password;
use crate::storage::{Operation, Storage, StorageError};
use crate::vault::{OpenReport, Vault};

/// The name of the vault inside its directory.
pub const FILE_NAME: &str = "vault";
const NEXT_NAME: &str = "vault.next";
const LOCK_NAME: &str = "vault.lock";

/// The vault of a device: a real file, and the randomness of the operating system.
pub type DeviceVault = Vault<FileStorage, OsRng>;

impl<R: RngCore + CryptoRng> Vault<FileStorage, R> {
    /// Creates the file [`FILE_NAME`] in the existing directory `dir`, readable by its owner only.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] (and nothing was touched), and whatever [`Vault::create_on`] reports.
    pub fn create(
        dir: &Path,
        password: &Password,
        params: KdfParams,
        mut rng: R,
    ) -> Result<Self, VaultError> {
        crate::check_randomness(&mut rng)?;
        let key = UnlockKey::derive(password, params, &mut rng)?;
        Self::create_on(FileStorage::new(dir), key, rng)
    }
}

impl Vault<FileStorage, OsRng> {
    /// Opens the file [`FILE_NAME`] in `dir` and returns the vault with all its records, in order.
    ///
    /// # Errors
    /// Whatever [`Vault::open_on`] reports.
    pub fn open(dir: &Path, password: &Password) -> Result<(Self, Vec<Record>, OpenReport), VaultError> {
        Self::open_on(FileStorage::new(dir), password, OsRng)
    }
}

/// A vault's files in one directory.
#[derive(Debug)]
pub struct FileStorage {
    dir: PathBuf,
    lock: Option<File>,
    current: Option<File>,
    next: Option<File>,
}

impl FileStorage {
    /// Names the directory; nothing is opened yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), lock: None, current: None, next: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn check<T>(&self, operation: Operation, name: &str, result: io::Result<T>) -> Result<T, StorageError> {
        result.map_err(|error| StorageError::Io { operation, kind: error.kind(), path: self.path(name) })
    }

    /// Runs `action` on the open current file.
    fn on_current(
        &mut self,
        operation: Operation,
        action: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), StorageError> {
        let result = self.current.as_mut().map_or_else(|| Err(ErrorKind::NotFound.into()), action);
        self.check(operation, FILE_NAME, result)
    }

    fn open_current(&self) -> io::Result<Option<File>> {
        let path = self.path(FILE_NAME);
        // Asked before opening: opening a pipe would wait for its other end.
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => OpenOptions::new().read(true).write(true).open(&path).map(Some),
            Ok(_) => Err(ErrorKind::InvalidInput.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Storage for FileStorage {
    fn lock(&mut self) -> Result<(), StorageError> {
        // A file of its own, never removed or replaced: a lock on the vault itself would stay with the old file
        // when a rewrite puts a new one in its place.
        let opened = private(&mut OpenOptions::new())
            .create(true)
            .write(true)
            .truncate(false)
            .open(self.path(LOCK_NAME));
        let file = self.check(Operation::Lock, LOCK_NAME, opened)?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                return Err(StorageError::Locked { path: self.location() });
            }
            Err(TryLockError::Error(error)) => return self.check(Operation::Lock, LOCK_NAME, Err(error)),
        }
        Ok(())
    }

    fn read(&mut self, limit: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let opened = self.open_current();
        let Some(mut file) = self.check(Operation::Read, FILE_NAME, opened)? else { return Ok(None) };
        let len = self.check(Operation::Read, FILE_NAME, file.metadata())?.len();
        if len > limit {
            return Err(StorageError::TooLarge { len, max: limit });
        }
        let mut bytes = Vec::new();
        let read = bytes
            .try_reserve_exact(usize::try_from(len).unwrap_or(usize::MAX))
            .map_err(|_| ErrorKind::OutOfMemory.into())
            .and_then(|()| Read::by_ref(&mut file).take(len).read_to_end(&mut bytes));
        self.check(Operation::Read, FILE_NAME, read)?;
        self.current = Some(file);
        Ok(Some(bytes))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.on_current(Operation::Write, |file| {
            file.seek(SeekFrom::End(0))?;
            file.write_all(bytes)
        })
    }

    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.on_current(Operation::Write, |file| {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)
        })
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.on_current(Operation::Truncate, |file| file.set_len(len))
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.on_current(Operation::Sync, |file| file.sync_data())
    }

    fn write_next(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.remove_next()?;
        let written = private(OpenOptions::new().read(true).write(true).create_new(true))
            .open(self.path(NEXT_NAME))
            .and_then(|mut file| file.write_all(bytes).map(|()| file));
        if written.is_err() {
            // Half a file is worth nothing and may hold the last free bytes; if this fails too, the next open does it.
            let _ = fs::remove_file(self.path(NEXT_NAME));
        }
        self.next = Some(self.check(Operation::Write, NEXT_NAME, written)?);
        Ok(())
    }

    fn sync_next(&mut self) -> Result<(), StorageError> {
        let synced = self.next.as_ref().map_or_else(|| Err(ErrorKind::NotFound.into()), File::sync_all);
        self.check(Operation::Sync, NEXT_NAME, synced)
    }

    fn promote_next(&mut self) -> Result<(), StorageError> {
        let renamed = fs::rename(self.path(NEXT_NAME), self.path(FILE_NAME));
        self.check(Operation::Replace, FILE_NAME, renamed)?;
        self.current = self.next.take();
        Ok(())
    }

    fn remove_next(&mut self) -> Result<(), StorageError> {
        self.next = None;
        match fs::remove_file(self.path(NEXT_NAME)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.check(Operation::Remove, NEXT_NAME, Err(error))
            }
            _ => Ok(()),
        }
    }

    fn sync_names(&mut self) -> Result<(), StorageError> {
        // Only Unix can sync a directory; elsewhere the rename itself is as durable as it gets.
        let synced = if cfg!(unix) { File::open(&self.dir).and_then(|dir| dir.sync_all()) } else { Ok(()) };
        self.check(Operation::Sync, "", synced)
    }

    fn location(&self) -> PathBuf {
        self.path(FILE_NAME)
    }
}

/// Lets only the owner read and write a file that is created.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
const fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
