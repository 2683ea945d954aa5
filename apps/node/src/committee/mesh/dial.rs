//! The connection that this node speaks on: made again whenever it ends.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use thiserror::Error;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::debug;

use super::frame::{ALIVE_EVERY, FrameError, write};
use super::{Incoming, PeerKey, Queued};

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first wait after a failure; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Why a connection was not made, or ended.
#[derive(Debug, Error)]
enum Ended {
    #[error("{0:?} is no address of a node")]
    Address(String),
    #[error("no connection within {} s", PATIENCE.as_secs())]
    TimedOut,
    #[error("the connection failed")]
    Io(#[from] io::Error),
    #[error("the connection failed")]
    Frame(#[from] FrameError),
    #[error("the peer closed the connection")]
    Closed,
}

/// Keeps one connection.
pub(super) struct Dialler {
    pub peer: PeerKey,
    pub url: String,
    pub config: Arc<ClientConfig>,
    pub incoming: mpsc::Sender<Incoming>,
}

impl Dialler {
    /// Connects, writes what is queued, and connects again, until nobody queues any more.
    pub(super) async fn run(self, mut frames: mpsc::Receiver<Queued>) {
        let mut wait = FIRST_WAIT;
        // What was taken from the queue and may not have arrived.
        let mut unsent = None;
        while !frames.is_closed() {
            let ended = match self.connect().await {
                Ok(mut stream) => {
                    let since = Instant::now();
                    if self.incoming.send(Incoming::Up(self.peer)).await.is_err() {
                        return;
                    }
                    let ended = speak(&mut stream, &mut frames, &mut unsent).await;
                    if self.incoming.send(Incoming::Down(self.peer)).await.is_err() {
                        return;
                    }
                    // A peer that knows this node no more ends every connection at once.
                    if since.elapsed() > LONGEST_WAIT {
                        wait = FIRST_WAIT;
                    }
                    ended
                }
                Err(error) => error,
            };
            debug!(peer = %self.url, %ended, "not connected");
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, Ended> {
        let address = address(&self.url).ok_or_else(|| Ended::Address(self.url.clone()))?;
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            // The key is what is checked; a name is asked for by the library alone.
            let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([127, 0, 0, 1])));
            TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await
        };
        Ok(timeout(PATIENCE, connect).await.map_err(|_| Ended::TimedOut)??)
    }
}

async fn speak(
    stream: &mut TlsStream<TcpStream>,
    frames: &mut mpsc::Receiver<Queued>,
    unsent: &mut Option<Queued>,
) -> Ended {
    let mut alive = interval(ALIVE_EVERY);
    let mut byte = [0];
    loop {
        if let Some(queued) = unsent {
            match write(stream, &queued.frame).await {
                Ok(()) => *unsent = None,
                Err(error) => return error.into(),
            }
        }
        tokio::select! {
            queued = frames.recv() => match queued {
                Some(queued) => *unsent = Some(queued),
                None => return Ended::Closed,
            },
            _ = alive.tick() => if let Err(error) = write(stream, &[]).await {
                return error.into();
            },
            // Nobody speaks on this side: whatever comes is the end.
            _ = stream.read(&mut byte) => return Ended::Closed,
        }
    }
}

/// Returns host and port of a URL, whose scheme and path do not matter.
fn address(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    (!host.is_empty() && !host.contains('@')).then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port() {
        assert_eq!(address("https://node.example:3000").as_deref(), Some("node.example:3000"));
        assert_eq!(address("http://127.0.0.1:80/path?x").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(address("[::1]:3000").as_deref(), Some("[::1]:3000"));
        for wrong in ["", "https://node", "https://:3000", "https://node:99999", "https://a@b:1"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
