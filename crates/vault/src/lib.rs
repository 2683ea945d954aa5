//! The encrypted file of one device: a header that only the password opens, then an append-only log of records.
//!
//! The log is the only truth of a device; what its records mean is for others to say. [`mod@format`] and [`log`]
//! map bytes to records and back and are pure; [`Vault`] orders the durable steps over any [`Storage`];
//! [`FileStorage`] is the thin shell over real files, [`SimulatedDisk`] a disk in memory that loses what was not
//! synced. The byte layout and what is *not* detected are in `docs/formats/vault.md`.
//!
//! It trusts the operating system's randomness at start (and checks that it is not stuck), and a disk that keeps
//! what it reported as synced. It refuses to guess: damage is a typed error that changes nothing, and after one
//! failed write nothing more is written.

mod error;
#[cfg(not(target_arch = "wasm32"))]
mod file;
pub mod format;
mod kdf;
pub mod log;
mod password;
mod randomness;
mod simulated;
mod storage;
mod vault;

pub use error::VaultError;
#[cfg(not(target_arch = "wasm32"))]
pub use file::{DeviceVault, FILE_NAME, FileStorage};
pub use format::Record;
pub use kdf::{KdfParams, Unlock, UnlockKey};
pub use password::{Password, PasswordError};
pub use randomness::check_randomness;
pub use simulated::{Fault, SimulatedDisk, SimulatedStorage};
pub use storage::{Operation, Storage, StorageError};
pub use vault::{OpenReport, Recovery, Vault};
