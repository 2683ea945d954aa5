//! Where a device lives: one home, one device. `--home`, `QUORATE_HOME`, or the user's data folder.

use std::env;
use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};

use crate::error::{CliError, Kind};

/// The folder that holds a device's vault and nothing that anybody else needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// Takes the folder that was named, or finds the user's own.
    ///
    /// # Errors
    /// If none was named and the system does not say where the user's data is.
    pub fn find(named: Option<&Path>) -> Result<Self, CliError> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => data_folder(|name| env::var_os(name).map(PathBuf::from)).ok_or_else(|| {
                CliError::new(Kind::File, "the system does not say where the user's data is")
                    .hint("name a folder with --home or QUORATE_HOME")
            })?,
        };
        Ok(Self { path })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the vault file.
    pub fn vault_file(&self) -> PathBuf {
        self.path.join(quorate_vault::FILE_NAME)
    }

    /// Says whether there is a vault, without opening it.
    pub fn has_vault(&self) -> bool {
        fs::symlink_metadata(self.vault_file()).is_ok()
    }

    /// Refuses a home without a vault, before anybody is asked for a password.
    ///
    /// # Errors
    /// The same as opening the vault would give.
    pub fn check_vault(&self) -> Result<(), CliError> {
        if self.has_vault() {
            return Ok(());
        }
        Err(quorate_vault::VaultError::NotFound { path: self.vault_file() }.into())
    }

    /// Makes the folder, for its owner only. One that exists already is left as it is.
    ///
    /// # Errors
    /// What the system reports.
    pub fn create(&self) -> Result<(), CliError> {
        let mut builder = DirBuilder::new();
        private(builder.recursive(true))
            .create(&self.path)
            .map_err(|error| CliError::file(&self.path, &error))
    }
}

/// The XDG rule everywhere but on Windows: an absolute `XDG_DATA_HOME`, or `~/.local/share`.
fn data_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let folder = absolute("XDG_DATA_HOME")
        .or_else(|| if cfg!(windows) { absolute("LOCALAPPDATA") } else { None })
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")));
    folder.map(|folder| folder.join("quorate"))
}

/// Lets only the owner look into folders that are made.
#[cfg(unix)]
fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    builder.mode(0o700)
}

#[cfg(not(unix))]
const fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    builder
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<PathBuf> {
        data_folder(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_data_folder_follows_xdg() {
        let expected = |path: &str| Some(PathBuf::from(path));
        assert_eq!(found(&[("XDG_DATA_HOME", "/data"), ("HOME", "/home/a")]), expected("/data/quorate"));
        assert_eq!(found(&[("HOME", "/home/a")]), expected("/home/a/.local/share/quorate"));
        assert_eq!(
            found(&[("XDG_DATA_HOME", "relative"), ("HOME", "/home/a")]),
            expected("/home/a/.local/share/quorate")
        );
        assert_eq!(found(&[]), None);
    }
}
