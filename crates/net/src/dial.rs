//! Making one connection.

use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use quorate_transport::RelayUrl;
use quorate_transport::client::Disconnection;
use quorate_transport::signaling::MAX_FRAME;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{self, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::tls::{NetError, client_config};

/// From the name lookup to the open WebSocket.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Frames are small; a device has few connections.
const READ_BUFFER: usize = 16 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;
const MAX_WRITE_BUFFER: usize = 4 * MAX_FRAME;

/// The relay, and how to reach it.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// The address.
    pub url: RelayUrl,
    /// A PEM file with certificate authorities to accept beside the public ones.
    pub authorities: Option<PathBuf>,
    /// Whether `ws://` is allowed to other machines than this one.
    pub allow_plain: bool,
}

impl RelayOptions {
    /// Returns the options for a relay with a public certificate, or on this machine.
    pub const fn new(url: RelayUrl) -> Self {
        Self { url, authorities: None, allow_plain: false }
    }
}

/// Makes connections to one relay.
#[derive(Clone)]
pub struct Dialer {
    url: RelayUrl,
    tls: Option<Arc<ClientConfig>>,
}

/// Either kind of connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open WebSocket to a relay.
pub type Socket = WebSocketStream<Box<dyn Stream>>;

impl Dialer {
    /// Prepares TLS, if the address asks for it.
    pub fn new(options: &RelayOptions) -> Result<Self, NetError> {
        let url = options.url.clone();
        if url.is_secure() {
            let tls = Some(client_config(options.authorities.as_deref())?);
            return Ok(Self { url, tls });
        }
        if url.is_loopback() || options.allow_plain {
            return Ok(Self { url, tls: None });
        }
        Err(NetError::Plaintext { host: url.host().to_owned() })
    }

    /// Makes one connection.
    pub async fn dial(&self) -> Result<Socket, Disconnection> {
        timeout(DIAL_TIMEOUT, self.connect()).await.unwrap_or(Err(Disconnection::Unreachable))
    }

    async fn connect(&self) -> Result<Socket, Disconnection> {
        let addresses: Vec<_> = lookup_host((self.url.host(), self.url.port()))
            .await
            .map_err(|_| Disconnection::UnknownHost)?
            .collect();
        let stream = TcpStream::connect(&*addresses).await.map_err(|_| Disconnection::Unreachable)?;
        // Answers are waited for: Nagle's algorithm would cost 40 ms each.
        stream.set_nodelay(true).map_err(|_| Disconnection::Unreachable)?;
        let Some(tls) = &self.tls else { return self.upgrade(Box::new(stream)).await };
        let name =
            ServerName::try_from(self.url.host().to_owned()).map_err(|_| Disconnection::UnknownHost)?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await.map_err(|e| of_tls(&e))?;
        self.upgrade(Box::new(stream)).await
    }

    async fn upgrade(&self, stream: Box<dyn Stream>) -> Result<Socket, Disconnection> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(MAX_WRITE_BUFFER)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        client_async_with_config(self.url.to_string(), stream, Some(config))
            .await
            .map(|(socket, _)| socket)
            .map_err(|error| of_handshake(&error))
    }
}

/// A TLS alert is the certificate's or the version's fault; anything else is the network's.
fn of_tls(error: &io::Error) -> Disconnection {
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        Disconnection::Tls
    } else {
        Disconnection::Unreachable
    }
}

fn of_handshake(error: &tungstenite::Error) -> Disconnection {
    match error {
        tungstenite::Error::Http(response) => Disconnection::Http(response.status().as_u16()),
        tungstenite::Error::Io(_) => Disconnection::Closed,
        _ => Disconnection::Protocol,
    }
}
