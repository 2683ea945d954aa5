//! The configuration: a TOML file, or environment variables alone.
//!
//! Names that operators of Chain Signatures nodes know are kept. An unknown field is an error; so is a value that an example
//! left to be replaced.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::near::client::{InvalidUrl, RpcUrl};

/// The longest configuration file.
const MAX_FILE: u64 = 256 * 1024;

/// The longest account name.
const MAX_ACCOUNT: usize = 64;

/// Milliseconds between two looks at the head of a chain on this machine, and elsewhere.
const LOCAL_POLL: u64 = 20;
const REMOTE_POLL: u64 = 100;

/// Values that stand in examples.
const PLACEHOLDERS: [&str; 8] =
    ["placeholder", "changeme", "change_me", "change-me", "replace-", "replace_", "your-", "<"];

/// What a node is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything that the node keeps is.
    #[serde(rename = "home_dir")]
    pub home: PathBuf,
    /// The node's account, which also answers requests.
    #[serde(rename = "my_near_account_id")]
    pub account: String,
    /// Where the pages are served.
    #[serde(rename = "web_ui", default = "default_web")]
    pub web: SocketAddr,
    /// Where other nodes connect to.
    #[serde(rename = "p2p", default = "default_p2p")]
    pub p2p: SocketAddr,
    /// The chain.
    pub indexer: Indexer,
    /// The pools of presignatures.
    #[serde(default)]
    pub presignature: Presignature,
    /// Signing.
    #[serde(default)]
    pub signature: Patience,
    /// Key generation and resharing.
    #[serde(default)]
    pub keygen: Patience,
}

/// How the chain is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Indexer {
    /// The contract.
    #[serde(rename = "mpc_contract_id")]
    pub contract: String,
    /// RPC addresses, in order of preference. Not shown on pages: a path may hold a key.
    #[serde(skip_serializing)]
    pub rpc_urls: Vec<String>,
    /// The chain; any if absent.
    #[serde(default)]
    pub chain_id: Option<String>,
    /// How often the head is asked for; if absent every 20 ms on this machine, and every 100 ms elsewhere.
    #[serde(default)]
    pub poll_milliseconds: Option<u64>,
    /// Blocks before the first head that are looked at.
    #[serde(default = "default_lookback")]
    pub lookback_blocks: usize,
}

/// A pool of presignatures for each ECDSA key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Presignature {
    /// How many a node keeps.
    pub desired_presignatures_to_buffer: usize,
    /// How long making a batch may take.
    pub timeout_sec: u64,
}

/// How long something may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    /// Seconds.
    pub timeout_sec: u64,
}

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is longer than any configuration.
    #[error("{} is longer than a configuration", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is no TOML of this form.
    #[error("{} is no configuration: {problem}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// Something that has no default is missing.
    #[error("{name} is not set")]
    Missing {
        /// The option or variable.
        name: &'static str,
    },
    /// A value of an example was not replaced.
    #[error("{name} still has the placeholder {value:?}")]
    Placeholder {
        /// The field.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// A name that no account has.
    #[error("{name} is {value:?}, which is no account")]
    Account {
        /// The field.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// An RPC address is none.
    #[error("RPC address {number} cannot be used")]
    Url {
        /// Which, from 1: the address itself may hold a key.
        number: usize,
        /// The cause.
        source: InvalidUrl,
    },
    /// The chain of `MPC_ENV` is none.
    #[error("MPC_ENV is {value:?}; mainnet, testnet and mpc-localnet are known")]
    Environment {
        /// The value.
        value: String,
    },
    /// Answers are sent by the participant's own account, as the contract demands.
    #[error(
        "MPC_RESPONDER_ID is {responder}, which is not the node's account {account}: the contract takes answers from the participant only"
    )]
    Responder {
        /// The other account.
        responder: String,
        /// The node's account.
        account: String,
    },
    /// A number is outside of what works.
    #[error("{name} is {value}; {least} to {most} are possible")]
    Range {
        /// The field.
        name: &'static str,
        /// The value.
        value: u64,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unread = |source| ConfigError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unread)?.len() > MAX_FILE {
            return Err(ConfigError::TooLong { path: path.to_owned() });
        }
        let text = std::fs::read_to_string(path).map_err(unread)?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            problem: error.message().to_owned(),
        })?;
        config.checked()
    }

    /// Returns it if every value can be used.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn checked(self) -> Result<Self, ConfigError> {
        account("my_near_account_id", &self.account)?;
        account("mpc_contract_id", &self.indexer.contract)?;
        self.rpc()?;
        let lookback = u64::try_from(self.indexer.lookback_blocks).unwrap_or(u64::MAX);
        let buffer = u64::try_from(self.presignature.desired_presignatures_to_buffer).unwrap_or(u64::MAX);
        range("poll_milliseconds", self.indexer.poll_milliseconds.unwrap_or(REMOTE_POLL), 5, 60_000)?;
        range("lookback_blocks", lookback, 1, 2_000)?;
        range("desired_presignatures_to_buffer", buffer, 1, 65_536)?;
        range("presignature.timeout_sec", self.presignature.timeout_sec, 1, 3_600)?;
        range("signature.timeout_sec", self.signature.timeout_sec, 1, 3_600)?;
        range("keygen.timeout_sec", self.keygen.timeout_sec, 1, 3_600)?;
        Ok(self)
    }

    /// Returns the RPC addresses.
    ///
    /// # Errors
    /// [`ConfigError`]
    pub fn rpc(&self) -> Result<Vec<RpcUrl>, ConfigError> {
        if self.indexer.rpc_urls.is_empty() {
            return Err(ConfigError::Missing { name: "rpc_urls (NEAR_RPC_URL)" });
        }
        (1..)
            .zip(&self.indexer.rpc_urls)
            .map(|(number, text)| text.parse().map_err(|source| ConfigError::Url { number, source }))
            .collect()
    }

    /// Returns how often the head is asked for.
    ///
    /// # Errors
    /// [`ConfigError`] if an address cannot be used.
    pub fn poll(&self) -> Result<Duration, ConfigError> {
        let local = self.rpc()?.iter().all(RpcUrl::is_loopback);
        let usual = if local { LOCAL_POLL } else { REMOTE_POLL };
        Ok(Duration::from_millis(self.indexer.poll_milliseconds.unwrap_or(usual)))
    }
}

impl Default for Presignature {
    fn default() -> Self {
        Self { desired_presignatures_to_buffer: 1024, timeout_sec: 60 }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self { timeout_sec: 60 }
    }
}

/// Returns the chain that `MPC_ENV` names; a localnet's may have any name.
///
/// # Errors
/// [`ConfigError::Environment`]
pub fn chain_of(environment: &str) -> Result<Option<String>, ConfigError> {
    match environment {
        "mainnet" | "testnet" => Ok(Some(environment.to_owned())),
        "mpc-localnet" => Ok(None),
        other => Err(ConfigError::Environment { value: other.chars().take(64).collect() }),
    }
}

/// Whether a value was left as an example gives it.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let one_letter = value.len() > 1 && value.bytes().zip(value.bytes().skip(1)).all(|(a, b)| a == b);
    one_letter || PLACEHOLDERS.iter().any(|word| value.contains(word))
}

fn account(name: &'static str, value: &str) -> Result<(), ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::Missing { name });
    }
    if is_placeholder(value) {
        return Err(ConfigError::Placeholder { name, value: value.chars().take(MAX_ACCOUNT).collect() });
    }
    let part = |part: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends(part.chars().next())
            && ends(part.chars().next_back())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
            && !["--", "__", "-_", "_-"].iter().any(|pair| part.contains(pair))
    };
    if (2..=MAX_ACCOUNT).contains(&value.len()) && value.split('.').all(part) {
        return Ok(());
    }
    Err(ConfigError::Account { name, value: value.chars().take(MAX_ACCOUNT).collect() })
}

const fn range(name: &'static str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if value < least || value > most {
        return Err(ConfigError::Range { name, value, least, most });
    }
    Ok(())
}

const fn default_web() -> SocketAddr {
    SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 18_080)
}

const fn default_p2p() -> SocketAddr {
    SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 13_000)
}

const fn default_lookback() -> usize {
    200
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
        home_dir = "data"
        my_near_account_id = "mpc-node-0.localnet"
        [indexer]
        mpc_contract_id = "v1.signer.localnet"
        rpc_urls = ["http://127.0.0.1:3030/secret-path"]
    "#;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        config.checked().map_err(|error| error.to_string())
    }

    #[test]
    fn a_short_file_is_enough_and_is_shown_without_addresses() {
        let config = parse(EXAMPLE).unwrap();
        assert_eq!((config.web.port(), config.p2p.port()), (18_080, 13_000));
        let shown = serde_json::to_string(&config).unwrap();
        assert!(shown.contains("v1.signer.localnet") && !shown.contains("secret-path"), "{shown}");
    }

    #[test]
    fn unknown_fields_are_refused() {
        let problem = parse(&format!("{EXAMPLE}\nrpc_url = \"http://x\"")).unwrap_err();
        assert!(problem.contains("rpc_url"), "{problem}");
    }

    #[test]
    fn h9_placeholders_and_wrong_values_are_named() {
        for (from, to, expected) in [
            ("mpc-node-0.localnet", "your-account.near", "my_near_account_id still has the placeholder"),
            ("mpc-node-0.localnet", "Node 0", "my_near_account_id is \"Node 0\", which is no account"),
            ("mpc-node-0.localnet", "", "my_near_account_id is not set"),
            ("v1.signer.localnet", "<contract>", "mpc_contract_id still has the placeholder"),
            ("http://", "ws://", "RPC address 1 cannot be used"),
            ("[indexer]", "[indexer]\npoll_milliseconds = 1", "poll_milliseconds is 1; 5 to 60000"),
            ("[\"http://127.0.0.1:3030/secret-path\"]", "[]", "rpc_urls (NEAR_RPC_URL) is not set"),
        ] {
            let problem = parse(&EXAMPLE.replace(from, to)).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn only_known_environments_are_chains() {
        assert_eq!(chain_of("mainnet").unwrap().as_deref(), Some("mainnet"));
        assert_eq!(chain_of("mpc-localnet").unwrap(), None);
        assert!(chain_of("localnet").is_err());
    }
}
