//! What the tests share: seeded randomness, a key that was derived once, and directories that go away.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use quorate_vault::{KdfParams, Password, Record, SimulatedDisk, SimulatedStorage, UnlockKey, Vault};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub type SimulatedVault = Vault<SimulatedStorage, ChaCha20Rng>;

pub const PASSWORD: &str = "correct horse battery staple";

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// The key of [`PASSWORD`] under one fixed salt, so that most tests pay for one derivation only.
pub fn key() -> UnlockKey {
    static KEY: OnceLock<UnlockKey> = OnceLock::new();
    KEY.get_or_init(|| UnlockKey::derive(&password(PASSWORD), KdfParams::FLOOR, &mut rng(0)).unwrap())
        .duplicate()
}

pub fn plain(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(|record| record.expose().to_vec()).collect()
}

/// A disk with a vault of these commits.
pub fn disk_with(commits: &[&[&[u8]]]) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let mut vault = Vault::create_on(disk.storage(), key(), rng(7)).unwrap();
    for commit in commits {
        commit.iter().for_each(|record| vault.append(record).unwrap());
        vault.commit().unwrap();
    }
    disk
}

/// A directory that is removed when dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("quorate-vault-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn vault(&self) -> PathBuf {
        self.0.join(quorate_vault::FILE_NAME)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
