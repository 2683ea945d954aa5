//! `quorate init`: an identity in a new vault.

use std::fs;
use std::path::Path;

use quorate_vault::{DeviceVault, KdfParams, VaultError};
use quorate_wallet::{Secret, new_device};
use rand_core::{OsRng, RngCore};
use serde::Serialize;

use crate::cli::KdfArgs;
use crate::error::CliError;
use crate::home::Home;
use crate::session::Shell;
use crate::show;

#[derive(Serialize)]
struct Made<'a> {
    view: &'static str,
    name: &'a str,
    home: &'a Path,
}

/// Makes the device and says so.
///
/// # Errors
/// As [`make`].
pub fn run(shell: &Shell, name: &str, kdf: KdfArgs) -> Result<(), CliError> {
    make(shell, name, kdf)?;
    let home = shell.home.path().display();
    shell.screen.value(&Made { view: "device", name, home: shell.home.path() })?;
    shell.screen.result(&format!("The device {} is ready in {home}.", show::plain(name)))?;
    shell
        .screen
        .note("Next: `quorate wallet create` to invite others, or `quorate wallet join` to join them.");
    shell.screen.note("Nobody can reset the password: without it, this device's shares are gone.");
    Ok(())
}

/// Makes the device: its home, its vault, its identity.
///
/// # Errors
/// A home that has a device, no password, or whatever the disk reports.
pub fn make(shell: &Shell, name: &str, kdf: KdfArgs) -> Result<(), CliError> {
    let Shell { home, password, screen } = shell;
    if home.has_vault() {
        return Err(VaultError::AlreadyExists { path: home.vault_file() }.into());
    }
    let params = KdfParams::new(kdf.kdf_memory << 10, kdf.kdf_passes, 1)?;
    let mut seed = Secret::new([0; 32]);
    OsRng.try_fill_bytes(seed.expose_mut()).map_err(|_| VaultError::Randomness)?;
    let record = new_device(name, seed);
    let password = password.new_one(screen)?;
    home.create()?;
    let mut vault = DeviceVault::create(home.path(), &password, params, OsRng)?;
    let written = vault.append(&record).and_then(|()| vault.commit());
    written.map_err(|error| undo(home, error))
}

/// Takes back a vault without an identity, which would be in the way of the next attempt.
fn undo(home: &Home, error: VaultError) -> CliError {
    // If this fails as well, opening the vault says what to do.
    let _ = fs::remove_file(home.vault_file());
    error.into()
}
