//! The committee: makes keys and signatures together with the other participants.
//!
//! One task owns all state and takes one input at a time: what the chain did, a frame of a peer, the time. Then it gathers
//! what the machines ask for and carries it out, log first. [`mesh`] has the connections, [`group`] the machines of one key,
//! [`requests`] who acts when, [`store`] the log.
//!
//! A peer's proposal is joined only if the chain shows the same request: whatever a leader says, nothing else is signed.

mod engine;
mod group;
mod keys;
mod mesh;
mod requests;
mod roster;
mod store;
mod task;

use core::net::SocketAddr;
use std::path::PathBuf;

use quorate_primitives::{Millis, Secret};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::events::CommitteeSide;
use crate::node::CommitteeSeat;
use engine::Engine;

/// What a committee needs to know.
#[derive(Debug)]
pub struct Settings {
    /// The node's account.
    pub account: String,
    /// The contract.
    pub contract: String,
    /// Where the log is.
    pub home: PathBuf,
    /// Where other nodes connect to.
    pub listen: SocketAddr,
    /// The Ed25519 secret that the contract knows the node by.
    pub secret: Secret<[u8; 32]>,
    /// Encrypts the log.
    pub store_key: Secret<Vec<u8>>,
    /// Presignatures to keep for each ECDSA key, as far as the other participants hold so many of one node.
    pub ahead: usize,
    /// How long a key ceremony waits for its participants.
    pub keygen_patience: Millis,
}

/// Why the committee ended.
#[derive(Debug, Error)]
pub enum CommitteeError {
    /// Other nodes cannot connect.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// There is no mesh.
    #[error("connections to other nodes cannot be made")]
    Mesh(#[from] mesh::MeshError),
    /// The log fails: nothing may be said that is not in it.
    #[error("the node's log fails")]
    Store(#[from] store::StoreError),
    /// A bug.
    #[error("the committee's task broke off")]
    Broken(#[from] tokio::task::JoinError),
    /// What the log says cannot be taken up.
    #[error("the log of the key of epoch {epoch}, domain {domain} cannot be taken up: {reason}")]
    Log {
        /// The epoch.
        epoch: u64,
        /// The domain.
        domain: u64,
        /// Why.
        reason: String,
    },
}

/// Takes part as a whole node does: in a task of its own, since its steps take processor time.
///
/// # Errors
/// [`CommitteeError`]
pub async fn sit(seat: CommitteeSeat) -> Result<(), CommitteeError> {
    let settings = Settings {
        account: seat.config.account.clone(),
        contract: seat.config.indexer.contract.clone(),
        home: seat.config.home.clone(),
        listen: seat.config.p2p,
        secret: seat.p2p.seed().duplicate(),
        store_key: seat.store,
        ahead: seat.config.presignature.desired_presignatures_to_buffer,
        keygen_patience: seat.config.keygen.timeout_sec.saturating_mul(1000),
    };
    tokio::spawn(run(settings, seat.side, seat.stop)).await?
}

/// Takes part until the node stops, or its log fails.
///
/// # Errors
/// [`CommitteeError`]
pub async fn run(
    settings: Settings,
    side: CommitteeSide,
    stop: watch::Receiver<bool>,
) -> Result<(), CommitteeError> {
    let address = settings.listen;
    let listener =
        TcpListener::bind(address).await.map_err(|source| CommitteeError::Listen { address, source })?;
    Engine::new(settings, side, listener)?.run(stop).await
}
