//! The connections that this node listens on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use super::frame::read;
use super::tls::key_of;
use super::{Incoming, PeerKey};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections at a time at most: several of each participant, and strangers who have not proven anything yet.
const MAX_CONNECTIONS: usize = 256;

/// Accepts connections of known participants until the task ends.
pub(super) async fn listen(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    known: watch::Receiver<BTreeSet<PeerKey>>,
    incoming: mpsc::Sender<Incoming>,
) {
    let acceptor = TlsAcceptor::from(config);
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Ends its connections when it is dropped.
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection { known: known.clone(), incoming: incoming.clone(), _slot: slot };
                    connections.spawn(connection.run(acceptor.clone(), stream));
                }
                // Too many open files, for example: others may close.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

struct Connection {
    known: watch::Receiver<BTreeSet<PeerKey>>,
    incoming: mpsc::Sender<Incoming>,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(mut self, acceptor: TlsAcceptor, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await else { return };
        let Some(peer) = peer_of(&stream) else { return };
        if !self.known.borrow().contains(&peer) {
            debug!(key = %bs58::encode(peer).into_string(), "a stranger connected");
            return;
        }
        tokio::select! {
            () = take(stream, peer, &self.incoming) => {}
            // A participant that is none any more is cut off.
            _ = self.known.wait_for(|known| !known.contains(&peer)) => {}
        }
    }
}

async fn take(mut stream: TlsStream<TcpStream>, peer: PeerKey, incoming: &mpsc::Sender<Incoming>) {
    loop {
        match read(&mut stream).await {
            Ok(frame) => {
                if incoming.send(Incoming::Frame(peer, frame)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                debug!(key = %bs58::encode(peer).into_string(), %error, "a connection ended");
                return;
            }
        }
    }
}

fn peer_of(stream: &TlsStream<TcpStream>) -> Option<PeerKey> {
    let (_, session) = stream.get_ref();
    key_of(session.peer_certificates()?.first()?)
}
