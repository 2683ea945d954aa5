//! Listening, accepting, reloading the certificate and stopping.

use core::convert::Infallible;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use quorate_transport::signaling::BootId;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::api::{self, Peer};
use crate::config::Config;
use crate::hub::Hub;
use crate::relay::Source;
use crate::tls::{Certificate, TlsError};

/// Connections that are only told why they are not taken, at a time; more are dropped without a word.
const REFUSING: usize = 256;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(100);

/// How long closing handshakes may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// What hyper may buffer of a request's head.
const HEAD_BUFFER: usize = 16 * 1024;

/// Why the relay did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// It listens where others can reach it and does not know under which name they will.
    #[error("listening on {address} needs the name by which clients reach this relay")]
    NoName {
        /// The address.
        address: SocketAddr,
    },
    /// The certificate cannot be used.
    #[error("TLS cannot be set up")]
    Tls(#[from] TlsError),
    /// The operating system gives no randomness.
    #[error("no randomness from the operating system")]
    Entropy(#[from] getrandom::Error),
}

impl StartError {
    /// Returns what to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "choose another address or port with --listen (or QUORATE_SIGNAL_LISTEN)",
            Self::NoName { .. } => "name it with --name relay.example.org (or QUORATE_SIGNAL_NAMES)",
            Self::Tls(_) => "check the PEM files given with --tls-cert and --tls-key",
            Self::Entropy(_) => "check that /dev/urandom is readable",
        }
    }
}

/// A relay that is serving.
pub struct Running {
    address: SocketAddr,
    hub: Arc<Hub>,
    certificate: Option<Arc<Certificate>>,
    drain: Duration,
    tasks: Vec<JoinHandle<()>>,
    ended: mpsc::Receiver<()>,
}

/// Binds, and serves in the background from then on.
///
/// # Errors
/// [`StartError`], each with a hint.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let certificate = match (&config.tls_cert, &config.tls_key) {
        (Some(cert), Some(key)) => Some(Arc::new(Certificate::load(cert, key)?)),
        (Some(_) | None, None) | (None, Some(_)) => None,
    };
    let refused = |source| StartError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let origins = config.origins(address);
    if origins.is_empty() {
        return Err(StartError::NoName { address });
    }
    let mut boot = [0; 16];
    getrandom::getrandom(&mut boot)?;
    let hub = Arc::new(Hub::new(config, origins, BootId(boot)));
    let (alive, ended) = mpsc::channel(1);
    let acceptor = Acceptor {
        hub: hub.clone(),
        router: api::router(hub.clone()),
        certificate: certificate.clone(),
        refusing: Arc::new(Semaphore::new(REFUSING)),
        alive,
    };
    let mut tasks = vec![tokio::spawn(acceptor.run(listener)), tokio::spawn(tick(hub.clone()))];
    if let Some(certificate) = certificate.clone() {
        tasks.push(tokio::spawn(watch_certificate(certificate, config.times.certificate_check)));
    }
    let drain = Duration::from_secs(u64::from(config.drain));
    Ok(Running { address, hub, certificate, drain, tasks, ended })
}

impl Running {
    /// Returns the address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns whether it serves TLS.
    pub const fn is_tls(&self) -> bool {
        self.certificate.is_some()
    }

    /// Returns the address for clients on this machine.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns counters and gauges.
    pub fn stats(&self) -> crate::relay::Stats {
        self.hub.with(|relay, _| relay.stats())
    }

    /// Reads the certificate again if its files changed.
    pub fn reload_certificate(&self) {
        if let Some(certificate) = &self.certificate {
            reload(certificate);
        }
    }

    /// Stops gracefully: tells clients, gives them time to finish, then closes.
    pub async fn drain(mut self) {
        info!("draining");
        self.hub.with(|relay, _| relay.handle_drain());
        let all_gone = async {
            while self.stats().connections > 0 {
                sleep(TICK).await;
            }
        };
        // Those who have not finished by then are cut off: that is what the limit is for.
        let _ = timeout(self.drain, all_gone).await;
        self.abort_tasks();
        self.hub.stop();
        let _ = timeout(FAREWELL, self.ended.recv()).await;
        info!("stopped");
    }

    /// Stops at once, as a crash would: connections end without a goodbye.
    pub async fn kill(mut self) {
        self.abort_tasks();
        self.hub.kill();
        let _ = timeout(FAREWELL, self.ended.recv()).await;
    }

    fn abort_tasks(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abort_tasks();
        self.hub.kill();
    }
}

/// What accepting needs; cloned for every connection.
#[derive(Clone)]
struct Acceptor {
    hub: Arc<Hub>,
    router: Router,
    certificate: Option<Arc<Certificate>>,
    refusing: Arc<Semaphore>,
    alive: mpsc::Sender<()>,
}

impl Acceptor {
    async fn run(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => self.take(stream, address),
                Err(error) => {
                    // Out of descriptors, mostly: waiting lets some connections end.
                    warn!(%error, "cannot accept");
                    sleep(TICK).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, address: SocketAddr) {
        let source = Source::of(address.ip());
        let registration = self.hub.register(source);
        let permit = match &registration {
            Ok(_) => None,
            Err(_) => match self.refusing.clone().try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(_) => return,
            },
        };
        let peer = Peer::new(source, registration, self.alive.clone());
        let acceptor = self.clone();
        tokio::spawn(async move {
            let handshake = acceptor.hub.times().handshake;
            let mut killed = acceptor.hub.killed();
            // An upgraded connection leaves this future at once and goes on in its own task.
            tokio::select! {
                _ = timeout(handshake, acceptor.serve(stream, peer)) => {}
                _ = killed.wait_for(|killed| *killed) => {}
            }
            drop(permit);
        });
    }

    async fn serve(&self, stream: TcpStream, peer: Peer) {
        // Frames are small and answers are waited for: Nagle's algorithm would cost 40 ms each.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match &self.certificate {
            None => self.serve_http(stream, peer).await,
            Some(certificate) => {
                let acceptor = TlsAcceptor::from(certificate.config());
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.serve_http(stream, peer).await;
                }
            }
        }
    }

    async fn serve_http<S>(&self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let response = router.call(request);
            async move { Ok::<_, Infallible>(response.await.unwrap_or_else(|never| match never {})) }
        });
        // What goes wrong here is the client's: a half request, a timeout, a reset.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.hub.times().handshake)
            .max_buf_size(HEAD_BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }
}

async fn tick(hub: Arc<Hub>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        hub.with(|relay, now| relay.handle_tick(now));
    }
}

async fn watch_certificate(certificate: Arc<Certificate>, every: Duration) {
    let mut checks = interval(every.max(Duration::from_millis(10)));
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        checks.tick().await;
        reload(&certificate);
    }
}

fn reload(certificate: &Certificate) {
    match certificate.reload_if_changed() {
        Ok(true) => info!("new certificate in use"),
        Ok(false) => {}
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            warn!(%error, cause, "the previous certificate stays in use");
        }
    }
}
