//! The vault: which step is durable before which.

use rand_core::{CryptoRng, RngCore};

use crate::error::VaultError;
use crate::format::{Chain, MIN_FRAME_LEN, PAYLOAD_CAPACITY, Record, record_cost};
use crate::kdf::{KdfParams, Unlock, UnlockKey};
use crate::log::{self, Contents, Identity, MAX_FILE_LEN};
use crate::password::Password;
use crate::randomness::check_randomness;
use crate::storage::Storage;

/// An open vault, which no other process can open.
///
/// [`append`](Self::append) only remembers; [`commit`](Self::commit) makes everything appended since durable with one
/// write and one sync, all of it or, after a crash, none. What was not committed when the vault is dropped is lost.
///
/// After any failed write or sync the vault answers [`VaultError::Poisoned`] to everything: what is on disk
/// is then unknown, and nothing that relies on it may be sent. Opening it again finds out.
pub struct Vault<S, R> {
    storage: S,
    rng: R,
    key: UnlockKey,
    chain: Chain,
    identity: Identity,
    pending: Vec<Record>,
    pending_cost: usize,
    len: u64,
    poisoned: bool,
}

/// What opening a vault found besides its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenReport {
    /// Which vault it is; never changes.
    pub vault_id: [u8; 16],
    /// Which rewriting of it: peers that remember a higher one have seen a newer state.
    pub generation: u64,
    /// Whether the end had to be cut off.
    pub recovery: Recovery,
}

/// The state of the end of the file when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The file ended with a whole commit.
    Clean,
    /// The file ended with a commit that never finished, now cut off.
    ///
    /// A last commit whose bytes rotted looks the same, so pools of single-use values are void after it.
    Recovered {
        /// How many bytes were cut off.
        bytes: u64,
    },
}

impl<S: Storage, R: RngCore + CryptoRng> Vault<S, R> {
    /// Creates an empty vault that `key` opens, durably; it appears whole or not at all.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`], [`VaultError::Locked`], [`VaultError::Randomness`], and what the disk reports.
    pub fn create_on(mut storage: S, key: UnlockKey, mut rng: R) -> Result<Self, VaultError> {
        check_randomness(&mut rng)?;
        storage.lock()?;
        if storage.read(MAX_FILE_LEN)?.is_some() {
            return Err(VaultError::AlreadyExists { path: storage.location() });
        }
        let vault_id = log::draw_vault_id(&key, &mut rng)?;
        let snapshot = log::write(&key, vault_id, 1, [], &mut rng)?;
        install(&mut storage, &snapshot.bytes)?;
        Ok(Self {
            storage,
            rng,
            key,
            chain: snapshot.chain,
            identity: snapshot.identity,
            pending: Vec::new(),
            pending_cost: 0,
            len: snapshot.bytes.len() as u64,
            poisoned: false,
        })
    }

    /// Opens a vault and returns it with all its records, in order.
    ///
    /// What it returns is durable, also where the process that wrote it died before its sync.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Locked`], [`VaultError::WrongPassword`], [`VaultError::Damaged`] (and then
    /// nothing was changed), the refusals of headers, and what the disk reports.
    pub fn open_on<'u>(
        mut storage: S,
        unlock: impl Into<Unlock<'u>>,
        mut rng: R,
    ) -> Result<(Self, Vec<Record>, OpenReport), VaultError> {
        check_randomness(&mut rng)?;
        storage.lock()?;
        let bytes =
            storage.read(MAX_FILE_LEN)?.ok_or_else(|| VaultError::NotFound { path: storage.location() })?;
        let contents = log::read(&bytes, unlock.into())?;
        storage.remove_next()?;
        let recovery = if contents.torn_len == 0 {
            Recovery::Clean
        } else {
            storage.truncate(contents.intact_len)?;
            Recovery::Recovered { bytes: contents.torn_len }
        };
        // The process before may have died between its write and its sync, or its sync may have failed: what is
        // acted on from here must not vanish in a power cut. After a failed sync the system takes the lost
        // bytes for written, so a second sync alone would do nothing; they are written again first.
        storage.overwrite(contents.last_frame_at, last_frame(&bytes, &contents))?;
        storage.sync()?;
        storage.sync_names()?;
        drop(bytes);
        let identity = contents.identity;
        let report = OpenReport { vault_id: identity.vault_id, generation: identity.generation, recovery };
        let vault = Self {
            storage,
            rng,
            key: contents.key,
            chain: contents.chain,
            identity,
            pending: Vec::new(),
            pending_cost: 0,
            len: contents.intact_len,
            poisoned: false,
        };
        Ok((vault, contents.records, report))
    }

    /// Remembers a record for the next commit.
    ///
    /// # Errors
    /// [`VaultError::RecordTooLarge`]; [`VaultError::BatchFull`] if a commit is due first; [`VaultError::Poisoned`].
    pub fn append(&mut self, record: &[u8]) -> Result<(), VaultError> {
        self.check_healthy()?;
        log::check_record(record)?;
        let cost = self.pending_cost.saturating_add(record_cost(record));
        if cost > PAYLOAD_CAPACITY {
            return Err(VaultError::BatchFull);
        }
        self.pending.push(Record::new(record));
        self.pending_cost = cost;
        Ok(())
    }

    /// Makes every record appended since the last commit durable: one write, one sync. Does nothing if there are none.
    ///
    /// # Errors
    /// [`VaultError::Full`] before anything is written, the records still waiting; any error of the disk poisons the vault.
    pub fn commit(&mut self) -> Result<(), VaultError> {
        self.check_healthy()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let frame_len = self.pending_cost.saturating_add(MIN_FRAME_LEN) as u64;
        let len = self.len.saturating_add(frame_len);
        if len > MAX_FILE_LEN {
            return Err(VaultError::Full);
        }
        let records = self.pending.iter().map(Record::expose);
        let frame = log::seal(&mut self.chain, records, &mut self.rng)?;
        let written = self.storage.append(&frame).and_then(|()| self.storage.sync());
        self.poison_on_error(written)?;
        self.discard_uncommitted();
        self.len = len;
        Ok(())
    }

    /// Forgets the records appended since the last commit, so that a full vault can be rewritten.
    pub fn discard_uncommitted(&mut self) {
        self.pending.clear();
        self.pending_cost = 0;
    }

    /// Replaces all records by `records`, in one step and under a new data key.
    ///
    /// # Errors
    /// [`VaultError::Uncommitted`] if appended records wait; [`VaultError::RecordTooLarge`], [`VaultError::Full`]; any error
    /// of the disk poisons the vault, and the file then holds the old content or the new one, whole.
    ///
    /// # Security
    /// The old data key is forgotten, so what the new content leaves out can not be read with anything this vault
    /// still holds. Old blocks that a medium keeps can be read by who also learns the password.
    pub fn rewrite<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) -> Result<(), VaultError> {
        let key = self.key.duplicate();
        self.replace(key, records)
    }

    /// Seals the vault under a new password, a new salt and a new data key, in one step.
    ///
    /// # Errors
    /// [`VaultError::WrongPassword`] if `current` is not the password; the same as [`Self::rewrite`] otherwise.
    ///
    /// # Security
    /// Every record is sealed anew: an old copy of the header and the old password open nothing written from now on.
    pub fn change_password(
        &mut self,
        current: &Password,
        new: &Password,
        params: KdfParams,
    ) -> Result<(), VaultError> {
        self.check_settled()?;
        if !self.key.is_of(current)? {
            return Err(VaultError::WrongPassword);
        }
        let bytes = self
            .storage
            .read(MAX_FILE_LEN)?
            .ok_or_else(|| VaultError::NotFound { path: self.storage.location() })?;
        let contents = log::read(&bytes, Unlock::Key(&self.key))?;
        if contents.chain.index() != self.chain.index() {
            return Err(VaultError::Damaged { record: contents.records.len() as u64 });
        }
        let key = UnlockKey::derive(new, params, &mut self.rng)?;
        self.replace(key, contents.records.iter().map(Record::expose))
    }

    /// Returns the id of the vault, which never changes.
    pub const fn vault_id(&self) -> [u8; 16] {
        self.identity.vault_id
    }

    /// Returns which rewriting of the vault this is, from 1.
    pub const fn generation(&self) -> u64 {
        self.identity.generation
    }

    /// Returns the length of the file in bytes, by which a caller decides when to rewrite.
    pub const fn file_len(&self) -> u64 {
        self.len
    }

    /// Returns whether an earlier failure made the vault useless until it is opened again.
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    fn replace<'a>(
        &mut self,
        key: UnlockKey,
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), VaultError> {
        self.check_settled()?;
        let generation = self.identity.generation.checked_add(1).ok_or(VaultError::Full)?;
        let snapshot = log::write(&key, self.identity.vault_id, generation, records, &mut self.rng)?;
        let installed = install(&mut self.storage, &snapshot.bytes);
        self.poison_on_error(installed)?;
        self.key = key;
        self.chain = snapshot.chain;
        self.identity = snapshot.identity;
        self.len = snapshot.bytes.len() as u64;
        Ok(())
    }

    const fn check_healthy(&self) -> Result<(), VaultError> {
        if self.poisoned { Err(VaultError::Poisoned) } else { Ok(()) }
    }

    fn check_settled(&self) -> Result<(), VaultError> {
        self.check_healthy()?;
        if self.pending.is_empty() { Ok(()) } else { Err(VaultError::Uncommitted) }
    }

    fn poison_on_error<E: Into<VaultError>>(&mut self, result: Result<(), E>) -> Result<(), VaultError> {
        result.map_err(|error| {
            self.poisoned = true;
            error.into()
        })
    }
}

impl<S: Storage, R> core::fmt::Debug for Vault<S, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Vault")
            .field("location", &self.storage.location())
            .field("generation", &self.identity.generation)
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

/// Returns the bytes of the only frame that may not be durable yet; none if there is nothing behind frame 0.
fn last_frame<'b>(bytes: &'b [u8], contents: &Contents) -> &'b [u8] {
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    bytes.get(at(contents.last_frame_at)..at(contents.intact_len)).unwrap_or_default()
}

/// Makes `bytes` the current file: content durable first, then the name, then the name durable.
fn install(storage: &mut impl Storage, bytes: &[u8]) -> Result<(), VaultError> {
    storage.write_next(bytes)?;
    storage.sync_next()?;
    storage.promote_next()?;
    storage.sync_names()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::SimulatedDisk;

    #[test]
    fn a_full_vault_says_so_and_a_rewrite_makes_room() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = UnlockKey::derive(&Password::new("p").unwrap(), KdfParams::FLOOR, &mut rng).unwrap();
        let disk = SimulatedDisk::new();
        let mut vault = Vault::create_on(disk.storage(), key, rng).unwrap();
        let frame_len = (MIN_FRAME_LEN + record_cost(b"x")) as u64;
        vault.len = MAX_FILE_LEN - 2 * frame_len + 1;
        vault.append(b"x").unwrap();
        vault.commit().unwrap();
        let before = disk.bytes();
        vault.append(b"y").unwrap();
        assert_eq!(vault.commit(), Err(VaultError::Full));
        assert_eq!(disk.bytes(), before);
        assert!(!vault.is_poisoned());

        assert_eq!(vault.rewrite([]), Err(VaultError::Uncommitted));
        vault.discard_uncommitted();
        let record = vec![0; 8 << 20];
        let too_many = core::iter::repeat_n(record.as_slice(), 32);
        assert_eq!(vault.rewrite(too_many), Err(VaultError::Full));
        assert_eq!(disk.bytes(), before);
        vault.rewrite([b"z".as_slice()]).unwrap();
        vault.append(b"x").unwrap();
        vault.commit().unwrap();
        assert_eq!(vault.file_len(), disk.bytes().unwrap().len() as u64);
    }
}
