//! A whole node: lock, pages, NEAR side and committee, until it is told to stop.

use core::error::Error;
use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quorate_primitives::Secret;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::{Config, ConfigError};
use crate::events::{CommitteeSide, channels};
use crate::figures::Figures;
use crate::near::client::{Client, TransportFault};
use crate::near::key::NearKey;
use crate::near::run::{NearError, Settings, run};
use crate::observe::Observed;
use crate::secrets::Secrets;
use crate::web::{Pages, serve};

/// The file whose lock says that a node runs in this home.
const LOCK: &str = "node.lock";

/// How long the chain's head may stand still before another RPC is asked.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a node did not start, or ended.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The home cannot be used.
    #[error("cannot use the home {}", path.display())]
    Home {
        /// The home.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process has this home.
    #[error("another node runs in {}", path.display())]
    AlreadyRunning {
        /// The home.
        path: PathBuf,
    },
    /// The pages cannot be served.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The RPC client cannot be made.
    #[error("the RPC client cannot be set up")]
    Client(#[from] TransportFault),
    /// The NEAR side ended.
    #[error("the node cannot follow its chain")]
    Near(#[from] NearError),
    /// The committee ended.
    #[error("the committee ended")]
    Committee(#[source] Box<dyn Error + Send + Sync>),
}

impl NodeError {
    /// Whether starting again without a change would end the same way.
    #[must_use]
    pub const fn needs_a_human(&self) -> bool {
        match self {
            Self::Config(_) | Self::Home { .. } | Self::Near(NearError::Chain { .. }) => true,
            Self::AlreadyRunning { .. }
            | Self::Listen { .. }
            | Self::Client(_)
            | Self::Near(NearError::NoCommittee | NearError::Broken(_))
            | Self::Committee(_) => false,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Config(_) => Some("correct the configuration and start again"),
            Self::Home { .. } => Some("check that the folder exists and belongs to the node's user"),
            Self::AlreadyRunning { .. } => Some("stop the other node, or give this one a home of its own"),
            Self::Listen { .. } => {
                Some("choose another address: web_ui in the file, MPC_WEB_LISTEN, or --web")
            }
            Self::Near(NearError::Chain { .. }) => Some("correct rpc_urls or chain_id (MPC_ENV)"),
            Self::Client(_) | Self::Near(_) | Self::Committee(_) => None,
        }
    }
}

/// What the committee is given.
#[derive(Debug)]
pub struct CommitteeSeat {
    /// Its ends of the channels.
    pub side: CommitteeSide,
    /// The configuration.
    pub config: Arc<Config>,
    /// Proves the node on connections to others.
    pub p2p: NearKey,
    /// Encrypts what is on disk: 16 or 32 bytes.
    pub store: Secret<Vec<u8>>,
    /// True once the node is to stop.
    pub stop: watch::Receiver<bool>,
}

/// Runs a node until `stop` is true.
///
/// `committee` ends when its seat's `stop` is true, or with what went wrong.
///
/// # Errors
/// [`NodeError`]
pub async fn run_node<C, F, E>(
    config: Config,
    secrets: Secrets,
    committee: C,
    stop: watch::Receiver<bool>,
) -> Result<(), NodeError>
where
    C: FnOnce(CommitteeSeat) -> F,
    F: Future<Output = Result<(), E>>,
    E: Error + Send + Sync + 'static,
{
    let config = Arc::new(config);
    let _lock = lock(&config.home)?;
    let urls = config.rpc()?;
    for url in urls.iter().filter(|url| !url.is_secure() && !url.is_loopback()) {
        warn!(
            "{} is on another machine and not encrypted: whoever is on the way can lie to this node",
            url.name()
        );
    }
    let client = Arc::new(Client::new(&urls)?);
    let refused = |source| NodeError::Listen { address: config.web, source };
    let listener = TcpListener::bind(config.web).await.map_err(refused)?;
    announce(listener.local_addr().map_err(refused)?);
    let observed = Arc::new(Observed::default());
    let (near, side) = channels();
    let pages = Pages {
        observed: observed.clone(),
        status: near.status.clone(),
        config: config.clone(),
        account_key: secrets.account.public(),
        tls_key: secrets.p2p.public(),
        figures: Figures::of_this_process(),
    };
    let settings = Settings {
        account: config.account.clone(),
        contract: config.indexer.contract.clone(),
        chain_id: config.indexer.chain_id.clone(),
        poll: config.poll()?,
        patience: PATIENCE,
        lookback: config.indexer.lookback_blocks,
        tls_key: secrets.p2p.public(),
    };
    info!(account = %config.account, web = %config.web, "the node starts");
    let seat = CommitteeSeat {
        side,
        config: config.clone(),
        p2p: secrets.p2p,
        store: secrets.store,
        stop: stop.clone(),
    };
    let chain = async { run(client, settings, secrets.account, near, observed, stop.clone()).await };
    let result = tokio::try_join!(
        async {
            serve(listener, pages, stop.clone()).await;
            Ok(())
        },
        async { chain.await.map_err(NodeError::Near) },
        async { committee(seat).await.map_err(|error| NodeError::Committee(Box::new(error))) },
    );
    info!("the node has stopped");
    result.map(drop)
}

/// Says where the pages are, for whoever started the node with a port of the system's choice.
fn announce(address: SocketAddr) {
    let mut out = io::stdout().lock();
    // A node whose starter does not listen runs all the same.
    let _ = writeln!(out, "quorate-node serves its pages on http://{address}").and_then(|()| out.flush());
}

/// Takes the home for this process alone.
fn lock(home: &Path) -> Result<File, NodeError> {
    let refused = |source| NodeError::Home { path: home.to_owned(), source };
    fs::create_dir_all(home).map_err(refused)?;
    let file =
        File::options().create(true).truncate(false).write(true).open(home.join(LOCK)).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::AlreadyRunning { path: home.to_owned() }),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}
