//! The command: start, say where, serve until told to stop.

use std::io::{self, Write};

use serde::Serialize;
use thiserror::Error;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;
use crate::server::{Running, StartError, start};

/// Why the command failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// The relay did not start.
    #[error("the relay did not start")]
    Start(#[from] StartError),
    /// The start line could not be printed, or signals not be listened for.
    #[error("the relay cannot talk to its terminal")]
    Terminal(#[from] io::Error),
}

impl RunError {
    /// Returns what to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Start(error) => Some(error.hint()),
            Self::Terminal(_) => None,
        }
    }
}

#[derive(Serialize)]
struct Started<'a> {
    event: &'static str,
    address: String,
    url: &'a str,
    tls: bool,
    version: &'static str,
}

/// Runs the relay until SIGTERM or SIGINT, then drains it. With TLS, SIGHUP reads the certificate again; without, it ends
/// the relay, as the end of a terminal does with every program.
///
/// Prints one line with the address once clients can connect.
///
/// # Errors
/// [`RunError`] if it does not get that far.
pub async fn run(config: Config) -> Result<(), RunError> {
    let running = start(&config).await?;
    // Before the line is out: whoever reads it may signal at once.
    let signals = Signals::listen(running.is_tls())?;
    announce(&running, config.json)?;
    signals.wait_for_stop(&running).await;
    running.drain().await;
    Ok(())
}

/// Sends the relay's own events at or above `level` to standard error, and nobody else's.
///
/// # Security
/// Libraries below log frames at their lowest levels; the filter lets none of them through, whatever the level.
pub fn init_logging(level: Level, json: bool) {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry().with(log_filter(level));
    // Whoever called has set up logging already, then that is what is wanted.
    let _ = if json { registry.with(layer.json()).try_init() } else { registry.with(layer).try_init() };
}

/// Returns the filter of [`init_logging`].
pub fn log_filter(level: Level) -> Targets {
    Targets::new()
        .with_target("quorate_signal", LevelFilter::from_level(level))
        .with_default(LevelFilter::OFF)
}

fn announce(running: &Running, json: bool) -> io::Result<()> {
    let url = running.url();
    let mut out = io::stdout().lock();
    if json {
        let started = Started {
            event: "listening",
            address: running.address().to_string(),
            url: &url,
            tls: running.is_tls(),
            version: env!("CARGO_PKG_VERSION"),
        };
        serde_json::to_writer(&mut out, &started)?;
        writeln!(out)?;
    } else {
        writeln!(out, "quorate-signal listens on {url}")?;
    }
    out.flush()
}

#[cfg(unix)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Not listened for without a certificate: what the system does then is right, also under `nohup`.
    hangup: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen(tls: bool) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: if tls { Some(signal(SignalKind::hangup())?) } else { None },
        })
    }

    async fn wait_for_stop(mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                () = received(&mut self.hangup) => running.reload_certificate(),
            }
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => core::future::pending().await,
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen(_: bool) -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait_for_stop(self, _: &Running) {
        // If even that cannot be listened for, the process is stopped by whoever ends it.
        let _ = tokio::signal::ctrl_c().await;
    }
}
