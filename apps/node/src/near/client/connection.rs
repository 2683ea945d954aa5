//! Connections to one address, kept open between calls.

use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::TransportFault;
use super::url::RpcUrl;

/// Idle connections that are kept.
const MAX_IDLE: usize = 32;

type Sender = SendRequest<Full<Bytes>>;

/// One address and its connections.
pub struct Endpoint {
    url: RpcUrl,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Sender>>,
}

impl Endpoint {
    /// Prepares TLS, if the address asks for it.
    pub fn new(url: RpcUrl) -> Result<Self, TransportFault> {
        let tls = if url.is_secure() { Some(connector()?) } else { None };
        Ok(Self { url, tls, idle: Mutex::new(Vec::new()) })
    }

    /// Returns the address without its path.
    pub fn name(&self) -> &str {
        self.url.name()
    }

    /// Posts a body and returns status and body of the answer.
    ///
    /// A kept connection may have been closed by the other side since: then, and only if nothing was sent, a new one is made.
    pub async fn post(
        &self,
        body: Bytes,
        patience: Duration,
        max: usize,
    ) -> Result<(u16, Bytes), TransportFault> {
        timeout(patience, self.exchange(body, max))
            .await
            .unwrap_or(Err(TransportFault::Timeout(patience.as_secs())))
    }

    async fn exchange(&self, body: Bytes, max: usize) -> Result<(u16, Bytes), TransportFault> {
        let mut request = self.request(body)?;
        while let Some(mut sender) = self.take_idle() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(answer) => return self.read(sender, answer, max).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(TransportFault::Broken),
                },
            }
        }
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await.map_err(|_| TransportFault::Broken)?;
        self.read(sender, answer, max).await
    }

    async fn read(
        &self,
        sender: Sender,
        answer: hyper::Response<hyper::body::Incoming>,
        max: usize,
    ) -> Result<(u16, Bytes), TransportFault> {
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), max).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { TransportFault::TooLong(max) } else { TransportFault::Broken }
        })?;
        self.keep(sender);
        Ok((status, body.to_bytes()))
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, TransportFault> {
        let host = HeaderValue::try_from(self.url.authority()).map_err(|_| TransportFault::Unreachable)?;
        Request::builder()
            .method(Method::POST)
            .uri(self.url.target())
            .header(HOST, host)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(body))
            .map_err(|_| TransportFault::Unreachable)
    }

    async fn connect(&self) -> Result<Sender, TransportFault> {
        let stream = TcpStream::connect((self.url.host(), self.url.port()))
            .await
            .map_err(|_| TransportFault::Unreachable)?;
        // Calls are small and waited for: Nagle's algorithm would cost 40 ms each.
        stream.set_nodelay(true).map_err(|_| TransportFault::Unreachable)?;
        let Some(tls) = &self.tls else { return begin(stream).await };
        let name =
            ServerName::try_from(self.url.host().to_owned()).map_err(|_| TransportFault::Unreachable)?;
        let stream = tls.connect(name, stream).await.map_err(|error| of_tls(&error))?;
        begin(stream).await
    }

    fn take_idle(&self) -> Option<Sender> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE && !sender.is_closed() {
            idle.push(sender);
        }
    }
}

async fn begin<S>(stream: S) -> Result<Sender, TransportFault>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| TransportFault::Broken)?;
    // Ends with the sender, or with the other side; who waits for an answer is told by the sender.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn connector() -> Result<TlsConnector, TransportFault> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| TransportFault::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A TLS alert is the certificate's or the version's fault; anything else is the network's.
fn of_tls(error: &io::Error) -> TransportFault {
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        TransportFault::Tls
    } else {
        TransportFault::Broken
    }
}
