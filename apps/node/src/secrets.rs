//! The node's three secrets: the key of connections, the key of the account, the key of the store.
//!
//! They come from `secrets.json` in the home, which only its owner may read, or from the environment. A process cannot take its own
//! environment back without `unsafe` code, and others of the same user can read it: so [`move_out_of_environment`] starts
//! the same program again in the same process, without these variables, and hands them over through a pipe.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use quorate_primitives::Secret;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::config::is_placeholder;
use crate::near::key::{InvalidKey, NearKey};

/// Its name in the home.
pub const FILE: &str = "secrets.json";

/// The option by which the second start knows where its secrets are.
pub const FROM_STDIN: &str = "--secrets-from-stdin";

/// The longest file.
const MAX_FILE: u64 = 16 * 1024;

/// The environment variables that hold secrets.
const P2P: &str = "MPC_P2P_PRIVATE_KEY";
const ACCOUNT: &str = "MPC_ACCOUNT_SK";
const STORE: &str = "MPC_SECRET_STORE_KEY";

/// Those that the node needs.
#[cfg(unix)]
const OWN: [&str; 3] = [P2P, ACCOUNT, STORE];

/// All secret variables that operators set, used here or not: none is passed on.
const ALL: [&str; 4] = [P2P, ACCOUNT, STORE, "MPC_BACKUP_ENCRYPTION_KEY_HEX"];

/// The secrets.
#[derive(Debug)]
pub struct Secrets {
    /// Proves the node on connections to others.
    pub p2p: NearKey,
    /// Signs transactions.
    pub account: NearKey,
    /// Encrypts what is on disk: 16 or 32 bytes.
    pub store: Secret<Vec<u8>>,
}

/// Secrets that cannot be used. No variant holds any.
#[derive(Debug, Error)]
pub enum SecretsError {
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{} may be read by others (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The home has other secrets than those given.
    #[error("{} holds other secrets than the environment", path.display())]
    Others {
        /// The file.
        path: PathBuf,
    },
    /// It is no JSON with these three secrets.
    #[error("{origin} does not hold p2p_private_key, near_signer_key and secret_store_key_hex")]
    Form {
        /// Where it came from.
        origin: String,
    },
    /// Some are set and others are not.
    #[error("{name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A value of an example was not replaced.
    #[error("{name} is a placeholder")]
    Placeholder {
        /// The field or variable.
        name: &'static str,
    },
    /// A key is none.
    #[error("{name} is no key")]
    Key {
        /// The field or variable.
        name: &'static str,
        /// The cause.
        source: InvalidKey,
    },
    /// The store key is none.
    #[error("{name} is not 32 or 64 digits in hexadecimal")]
    StoreKey {
        /// The field or variable.
        name: &'static str,
    },
    /// One key for two purposes.
    #[error("the key of connections is also the key of the account")]
    SameKey,
    /// The program cannot be started again.
    #[error("the program cannot be started again without secrets in its environment")]
    Restart(#[source] io::Error),
    /// Secrets in the environment cannot be taken out of it on this system.
    #[cfg(not(unix))]
    #[error("{name} is set, which this system cannot hide from others: use the file")]
    NotHere {
        /// The variable.
        name: &'static str,
    },
    /// The operating system gives no randomness.
    #[error("no randomness from the operating system")]
    Entropy(#[source] getrandom::Error),
}

/// The file's form.
#[derive(Deserialize, Serialize)]
struct Stored {
    p2p_private_key: String,
    near_signer_key: String,
    secret_store_key_hex: String,
    /// Known to other software; the contract takes answers from the signer key only.
    #[serde(default, skip_serializing)]
    near_responder_keys: Vec<String>,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.p2p_private_key.zeroize();
        self.near_signer_key.zeroize();
        self.secret_store_key_hex.zeroize();
        self.near_responder_keys.zeroize();
    }
}

impl Secrets {
    /// Reads the file in a home.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub fn read(home: &Path) -> Result<Self, SecretsError> {
        let path = home.join(FILE);
        private(&path)?;
        let unread = |source| SecretsError::File { path: path.clone(), source };
        let mut text = Zeroizing::new(String::new());
        fs::File::open(&path).map_err(unread)?.take(MAX_FILE).read_to_string(&mut text).map_err(unread)?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads what a first start handed over.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub fn read_stdin() -> Result<Self, SecretsError> {
        let origin = "standard input";
        let mut text = Zeroizing::new(String::new());
        io::stdin()
            .take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(|source| SecretsError::File { path: origin.into(), source })?;
        Self::parse(&text, origin)
    }

    /// Makes new ones and writes them to a home, unless there are some.
    ///
    /// # Errors
    /// [`SecretsError`]
    pub fn create(home: &Path) -> Result<Self, SecretsError> {
        let path = home.join(FILE);
        if path.exists() {
            return Self::read(home);
        }
        let draw = || -> Result<Secret<[u8; 32]>, SecretsError> {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::getrandom(&mut *bytes).map_err(SecretsError::Entropy)?;
            Ok(Secret::new(*bytes))
        };
        let secrets = Self {
            p2p: NearKey::from_seed(draw()?),
            account: NearKey::from_seed(draw()?),
            store: Secret::new(draw()?.expose().to_vec()),
        };
        secrets.write(&path).map_err(|source| SecretsError::File { path, source })?;
        Ok(secrets)
    }

    /// Writes these to a home, unless they are there.
    ///
    /// # Errors
    /// [`SecretsError::Others`] if others are.
    pub fn keep(self, home: &Path) -> Result<Self, SecretsError> {
        let path = home.join(FILE);
        if path.exists() {
            let kept = Self::read(home)?;
            let same = kept.p2p.public() == self.p2p.public()
                && kept.account.public() == self.account.public()
                && kept.store == self.store;
            return if same { Ok(kept) } else { Err(SecretsError::Others { path }) };
        }
        self.write(&path).map_err(|source| SecretsError::File { path, source })?;
        Ok(self)
    }

    fn parse(text: &str, origin: &str) -> Result<Self, SecretsError> {
        let stored: Stored =
            serde_json::from_str(text).map_err(|_| SecretsError::Form { origin: origin.to_owned() })?;
        let secrets = Self {
            p2p: key("p2p_private_key", &stored.p2p_private_key)?,
            account: key("near_signer_key", &stored.near_signer_key)?,
            store: store_key("secret_store_key_hex", &stored.secret_store_key_hex)?,
        };
        secrets.checked()
    }

    fn checked(self) -> Result<Self, SecretsError> {
        if self.p2p.public() == self.account.public() {
            return Err(SecretsError::SameKey);
        }
        Ok(self)
    }

    fn stored(&self) -> Stored {
        Stored {
            p2p_private_key: self.p2p.secret_text().to_string(),
            near_signer_key: self.account.secret_text().to_string(),
            secret_store_key_hex: hex::encode(self.store.expose()),
            near_responder_keys: Vec::new(),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec(&self.stored())?);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(&text)?;
        file.sync_all()
    }
}

/// Starts this program again without secrets in its environment, if there are any; then it does not return.
///
/// # Errors
/// [`SecretsError`] if some are missing or wrong, or the program cannot be started.
#[cfg(unix)]
pub fn move_out_of_environment() -> Result<(), SecretsError> {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    if ALL.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe().map_err(SecretsError::Restart)?);
    command.args(std::env::args_os().skip(1));
    if OWN.iter().any(|name| std::env::var_os(name).is_some()) {
        command.arg(FROM_STDIN).stdin(handed_over(&from_environment()?).map_err(SecretsError::Restart)?);
    }
    for name in ALL {
        command.env_remove(name);
    }
    Err(SecretsError::Restart(command.exec()))
}

/// Returns the reading end of a pipe with these secrets in it.
#[cfg(unix)]
fn handed_over(secrets: &Secrets) -> io::Result<io::PipeReader> {
    let text = Zeroizing::new(serde_json::to_vec(&secrets.stored())?);
    let (reader, mut writer) = io::pipe()?;
    // A pipe takes more than this at once, so nobody has to read yet.
    writer.write_all(&text)?;
    Ok(reader)
}

/// Other systems have no way to replace a running program: secrets come from the file there.
///
/// # Errors
/// [`SecretsError::NotHere`] if there are any in the environment.
#[cfg(not(unix))]
pub fn move_out_of_environment() -> Result<(), SecretsError> {
    match ALL.iter().find(|name| std::env::var_os(name).is_some()) {
        Some(name) => Err(SecretsError::NotHere { name }),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn from_environment() -> Result<Secrets, SecretsError> {
    let value = |name| match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(Zeroizing::new(value)),
        Ok(_) | Err(_) => Err(SecretsError::Missing { name }),
    };
    let secrets = Secrets {
        p2p: key(P2P, &value(P2P)?)?,
        account: key(ACCOUNT, &value(ACCOUNT)?)?,
        store: store_key(STORE, &value(STORE)?)?,
    };
    secrets.checked()
}

fn key(name: &'static str, text: &str) -> Result<NearKey, SecretsError> {
    if is_placeholder(text) {
        return Err(SecretsError::Placeholder { name });
    }
    match text.trim().parse() {
        Ok(key) => Ok(key),
        Err(InvalidKey::Placeholder) => Err(SecretsError::Placeholder { name }),
        Err(source) => Err(SecretsError::Key { name, source }),
    }
}

fn store_key(name: &'static str, text: &str) -> Result<Secret<Vec<u8>>, SecretsError> {
    if is_placeholder(text) {
        return Err(SecretsError::Placeholder { name });
    }
    match hex::decode(text.trim()) {
        Ok(bytes) if matches!(bytes.len(), 16 | 32) => Ok(Secret::new(bytes)),
        Ok(_) | Err(_) => Err(SecretsError::StoreKey { name }),
    }
}

/// Refuses a file that others may read.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), SecretsError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata =
        fs::metadata(path).map_err(|source| SecretsError::File { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretsError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Other systems have no such modes.
#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), SecretsError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home, gone with the test.
    struct Folder(PathBuf);

    impl core::ops::Deref for Folder {
        type Target = PathBuf;

        fn deref(&self) -> &PathBuf {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("quorate-node-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    #[test]
    fn what_is_created_is_read_again_and_never_printed() {
        let home = folder("secrets");
        let made = Secrets::create(&home).unwrap();
        let read = Secrets::create(&home).unwrap();
        assert_eq!(made.p2p.public(), read.p2p.public());
        assert_eq!(made.store, read.store);
        let printed = format!("{made:?}");
        let text = fs::read_to_string(home.join(FILE)).unwrap();
        let stored: Stored = serde_json::from_str(&text).unwrap();
        for secret in
            [&stored.p2p_private_key[8..], &stored.near_signer_key[8..], &stored.secret_store_key_hex]
        {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn secrets_are_kept_once_and_never_replaced() {
        let home = folder("kept");
        let made = Secrets::create(&home).unwrap();
        assert!(Secrets::read(&home).unwrap().keep(&home).is_ok());
        let other = Secrets { p2p: NearKey::from_seed(Secret::new([9; 32])), ..made };
        assert!(matches!(other.keep(&home), Err(SecretsError::Others { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let home = folder("exposed");
        Secrets::create(&home).unwrap();
        fs::set_permissions(home.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secrets::read(&home), Err(SecretsError::Exposed { mode: 0o644, .. })));
    }

    #[test]
    fn h9_placeholders_are_named_without_their_value() {
        let made = NearKey::from_seed(Secret::new(core::array::from_fn(|at| u8::try_from(at).unwrap())))
            .secret_text();
        let real = made.as_str();
        for (p2p, account, store, expected) in [
            ("PLACEHOLDER_KEY", real, "00112233445566778899aabbccddeeff", "p2p_private_key is a placeholder"),
            (
                real,
                "ed25519:your-key-here",
                "00112233445566778899aabbccddeeff",
                "near_signer_key is a placeholder",
            ),
            (real, "ed25519:abc", "00112233445566778899aabbccddeeff", "near_signer_key is no key"),
        ] {
            let text = format!(
                r#"{{"p2p_private_key":"{p2p}","near_signer_key":"{account}","secret_store_key_hex":"{store}"}}"#
            );
            let error = Secrets::parse(&text, "test").unwrap_err().to_string();
            assert_eq!(error, expected);
        }
        assert!(matches!(store_key("x", &"0".repeat(32)), Err(SecretsError::Placeholder { .. })));
        assert!(matches!(store_key("x", "0123"), Err(SecretsError::StoreKey { .. })));
    }
}
