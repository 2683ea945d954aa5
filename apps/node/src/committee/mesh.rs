//! Connections to all other participants: each node dials every other, speaks on what it dialled and listens on what it
//! accepted. The key of a peer is the one that TLS proved.

mod dial;
mod frame;
mod listen;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use quorate_primitives::Secret;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

pub use frame::TAG_LEN;
use tls::TlsKey;

/// A participant's Ed25519 key, as the contract lists it.
pub type PeerKey = [u8; 32];

/// Frames that wait for one peer at most.
const QUEUE: usize = 4096;

/// Bytes that wait for one peer at most; beyond that, what is said is lost and said again later.
const QUEUE_BYTES: usize = 32 << 20;

/// Frames of all peers that wait for the committee at most; peers wait then.
const INBOUND: usize = 256;

/// What comes from the mesh.
#[derive(Debug)]
pub enum Incoming {
    /// A frame of a participant.
    Frame(PeerKey, Vec<u8>),
    /// This node can speak to a participant.
    Up(PeerKey),
    /// It no longer can.
    Down(PeerKey),
}

/// Why there is no mesh.
#[derive(Debug, Error)]
pub enum MeshError {
    /// The address cannot be listened on.
    #[error("cannot listen for other nodes")]
    Listen(#[from] io::Error),
    /// The key cannot be used.
    #[error("the key of this node cannot be used for TLS")]
    Key(#[from] rustls::Error),
}

/// The connections of one node.
#[derive(Debug)]
pub struct Mesh {
    key: Arc<TlsKey>,
    peers: BTreeMap<PeerKey, Peer>,
    known: watch::Sender<BTreeSet<PeerKey>>,
    incoming: mpsc::Sender<Incoming>,
    listener: JoinHandle<()>,
}

#[derive(Debug)]
struct Peer {
    url: String,
    queue: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
    dialler: JoinHandle<()>,
}

/// A frame, with the room that it takes in its queue.
#[derive(Debug)]
struct Queued {
    frame: Arc<[u8]>,
    _room: tokio::sync::OwnedSemaphorePermit,
}

impl Mesh {
    /// Listens, and knows nobody yet.
    ///
    /// # Errors
    /// [`MeshError::Key`]
    pub fn new(
        listener: TcpListener,
        secret: &Secret<[u8; 32]>,
        public: &PeerKey,
    ) -> Result<(Self, mpsc::Receiver<Incoming>), MeshError> {
        let key = Arc::new(TlsKey::new(secret, public)?);
        let (known, knows) = watch::channel(BTreeSet::new());
        let (sender, receiver) = mpsc::channel(INBOUND);
        let server = Arc::new(key.server()?);
        let listener = tokio::spawn(listen::listen(listener, server, knows, sender.clone()));
        let mesh = Self { key, peers: BTreeMap::new(), known, incoming: sender, listener };
        Ok((mesh, receiver))
    }

    /// Connects to these participants and no others.
    ///
    /// # Errors
    /// [`MeshError::Key`]
    pub fn set_peers(&mut self, peers: &BTreeMap<PeerKey, String>) -> Result<(), MeshError> {
        self.peers.retain(|key, peer| {
            let stays = peers.get(key) == Some(&peer.url);
            if !stays {
                peer.dialler.abort();
                // The dialler can no longer say so itself.
                let (incoming, key) = (self.incoming.clone(), *key);
                tokio::spawn(async move { incoming.send(Incoming::Down(key)).await });
            }
            stays
        });
        for (key, url) in peers {
            if !self.peers.contains_key(key) {
                let config = Arc::new(self.key.client(*key)?);
                let (queue, frames) = mpsc::channel(QUEUE);
                let dialler =
                    dial::Dialler { peer: *key, url: url.clone(), config, incoming: self.incoming.clone() };
                let dialler = tokio::spawn(dialler.run(frames));
                let room = Arc::new(Semaphore::new(QUEUE_BYTES));
                self.peers.insert(*key, Peer { url: url.clone(), queue, room, dialler });
            }
        }
        self.known.send_replace(peers.keys().copied().collect());
        Ok(())
    }

    /// Sends a frame, or drops it if too much waits for that peer already: whatever matters is said again.
    pub fn send(&self, to: &PeerKey, frame: Arc<[u8]>) -> bool {
        let Some(peer) = self.peers.get(to) else { return false };
        let Ok(length) = u32::try_from(frame.len()) else { return false };
        let Ok(room) = Arc::clone(&peer.room).try_acquire_many_owned(length) else { return false };
        peer.queue.try_send(Queued { frame, _room: room }).is_ok()
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.listener.abort();
        self.peers.values().for_each(|peer| peer.dialler.abort());
    }
}
