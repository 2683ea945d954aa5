//! The command line.

use core::error::Error;
use core::net::SocketAddr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use thiserror::Error;
use tokio::sync::watch;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, ConfigError, Indexer, Patience, Presignature, chain_of};
use crate::node::{CommitteeSeat, NodeError, run_node};
use crate::secrets::{Secrets, SecretsError, move_out_of_environment};

/// The exit code for what only a human can mend: service managers are told not to start again after it.
pub const EXIT_CONFIG: u8 = 78;

/// One member of a Chain Signatures network
#[derive(Debug, Parser)]
#[command(name = "quorate-node", version)]
pub struct Command {
    #[command(subcommand)]
    action: Action,

    /// How logs look: plain or json
    #[arg(long, env = "MPC_LOG_FORMAT", default_value = "plain", value_name = "FORMAT", global = true)]
    log_format: String,

    /// How much to log: error, warn, info, debug or trace
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "LEVEL", global = true)]
    log: String,

    /// Read secrets from standard input, as a first start hands them over
    #[arg(long, hide = true, global = true)]
    secrets_from_stdin: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a node that is configured by options and environment variables
    Start(Box<Start>),
    /// Run a node that is configured by a file
    StartWithConfigFile {
        /// The TOML file
        path: PathBuf,
    },
    /// Make the secrets of a new node, or write down those of the environment, and print the public keys
    Init {
        /// Where everything that the node keeps is
        #[arg(long, env = "MPC_HOME_DIR", value_name = "FOLDER")]
        home: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Start {
    /// Where everything that the node keeps is
    #[arg(long, env = "MPC_HOME_DIR", value_name = "FOLDER")]
    home: PathBuf,

    /// The node's account
    #[arg(long, env = "MPC_ACCOUNT_ID", value_name = "ACCOUNT")]
    account: String,

    /// The account that answers requests; the contract wants the node's own
    #[arg(long, env = "MPC_RESPONDER_ID", value_name = "ACCOUNT")]
    responder: Option<String>,

    /// The contract
    #[arg(long, env = "MPC_CONTRACT_ID", value_name = "ACCOUNT")]
    contract: String,

    /// RPC addresses, in order of preference
    #[arg(
        long,
        env = "NEAR_RPC_URL",
        value_name = "URL",
        value_delimiter = ',',
        required = true,
        hide_env_values = true
    )]
    rpc: Vec<String>,

    /// The network: mainnet, testnet or mpc-localnet
    #[arg(long, env = "MPC_ENV", value_name = "NAME")]
    network: String,

    /// The chain id, where the network does not say it
    #[arg(long, env = "MPC_CHAIN_ID", value_name = "ID")]
    chain_id: Option<String>,

    /// Where the pages are served
    #[arg(long, env = "MPC_WEB_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    web: SocketAddr,

    /// Where other nodes connect to
    #[arg(long, env = "MPC_P2P_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    p2p: SocketAddr,

    /// How often the head of the chain is asked for, in milliseconds
    #[arg(long, env = "MPC_POLL_MILLISECONDS", value_name = "N")]
    poll_milliseconds: Option<u64>,

    /// Presignatures to keep for each ECDSA key
    #[arg(long, env = "MPC_PRESIGNATURES", value_name = "N", default_value_t = 1024)]
    presignatures: usize,
}

/// Why the command failed.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The secrets cannot be used.
    #[error("the secrets cannot be used")]
    Secrets(#[from] SecretsError),
    /// The logs cannot look like this.
    #[error("{value:?} is no {what}")]
    Log {
        /// The option.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The node did not start, or ended.
    #[error("the node does not run")]
    Node(#[from] NodeError),
    /// The terminal or the runtime fails.
    #[error("the operating system refuses")]
    System(#[from] io::Error),
}

impl CommandError {
    /// Returns the exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Secrets(_) | Self::Log { .. } => EXIT_CONFIG,
            Self::Node(error) if error.needs_a_human() => EXIT_CONFIG,
            Self::Node(_) | Self::System(_) => 1,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Secrets(SecretsError::Exposed { .. }) => {
                Some("chmod 600 the file, and replace the keys if others had access")
            }
            Self::Secrets(SecretsError::Placeholder { .. } | SecretsError::Missing { .. }) => Some(
                "set MPC_P2P_PRIVATE_KEY, MPC_ACCOUNT_SK and MPC_SECRET_STORE_KEY to real values, or run `quorate-node init`",
            ),
            Self::Secrets(SecretsError::File { .. }) => {
                Some("run `quorate-node init` with the same home first")
            }
            Self::Secrets(_) => None,
            Self::Config(_) => Some("correct it and start again; the node does not retry by itself"),
            Self::Log { .. } => Some("see --help"),
            Self::Node(error) => error.hint(),
            Self::System(_) => None,
        }
    }
}

impl Command {
    /// Carries the command out; `committee` makes keys and signatures.
    ///
    /// # Errors
    /// [`CommandError`]
    pub fn run<C, F, E>(self, committee: C) -> Result<(), CommandError>
    where
        C: FnOnce(CommitteeSeat) -> F,
        F: Future<Output = Result<(), E>>,
        E: Error + Send + Sync + 'static,
    {
        if !self.secrets_from_stdin {
            move_out_of_environment()?;
        }
        init_logging(&self.log, &self.log_format)?;
        let config = match self.action {
            Action::Init { home } => return init(&home, self.secrets_from_stdin),
            Action::Start(start) => start.config()?,
            Action::StartWithConfigFile { path } => Config::read(&path)?,
        };
        let secrets =
            if self.secrets_from_stdin { Secrets::read_stdin()? } else { Secrets::read(&config.home)? };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let stop = stop_signal()?;
            run_node(config, secrets, committee, stop).await?;
            Ok(())
        })
    }
}

impl Start {
    fn config(self) -> Result<Config, ConfigError> {
        if let Some(responder) = self.responder.filter(|responder| *responder != self.account) {
            return Err(ConfigError::Responder { responder, account: self.account });
        }
        let chain_id = self.chain_id.map_or_else(|| chain_of(&self.network), |id| Ok(Some(id)))?;
        let indexer = Indexer {
            contract: self.contract,
            rpc_urls: self.rpc,
            chain_id,
            poll_milliseconds: self.poll_milliseconds,
            lookback_blocks: 200,
        };
        let presignature =
            Presignature { desired_presignatures_to_buffer: self.presignatures, ..Presignature::default() };
        let config = Config {
            home: self.home,
            account: self.account,
            web: self.web,
            p2p: self.p2p,
            indexer,
            presignature,
            signature: Patience::default(),
            keygen: Patience::default(),
        };
        config.checked()
    }
}

/// Keeps the secrets of the environment, or makes new ones.
fn init(home: &Path, given: bool) -> Result<(), CommandError> {
    std::fs::create_dir_all(home)?;
    let secrets = if given { Secrets::read_stdin()?.keep(home)? } else { Secrets::create(home)? };
    let mut out = io::stdout().lock();
    writeln!(out, "near_signer_public_key {}", secrets.account.public_text())?;
    writeln!(out, "near_p2p_public_key {}", secrets.p2p.public_text())?;
    Ok(())
}

/// Becomes true on SIGTERM or SIGINT.
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            sender.send_replace(true);
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        drop(tokio::signal::ctrl_c().await);
        sender.send_replace(true);
    });
    Ok(receiver)
}

/// Reads a level, or the default level of a list such as `info,hyper=warn`.
fn level_of(text: &str) -> Result<LevelFilter, CommandError> {
    let refused = || CommandError::Log { what: "level of logs", value: text.to_owned() };
    if let Ok(level) = text.parse() {
        return Ok(level);
    }
    let targets: Targets = text.parse().map_err(|_| refused())?;
    targets.default_level().ok_or_else(refused)
}

/// Sends the node's own events to standard error, and nobody else's: libraries log what they carry.
fn init_logging(level: &str, format: &str) -> Result<(), CommandError> {
    let level = level_of(level)?;
    let targets = Targets::new().with_target("quorate_node", level).with_default(LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(targets);
    // Whoever called has set up logging already, then that is what is wanted.
    let _ = match format {
        "json" => registry.with(layer.json()).try_init(),
        "plain" => registry.with(layer).try_init(),
        other => return Err(CommandError::Log { what: "format of logs", value: other.to_owned() }),
    };
    Ok(())
}
