//! The relay behind a lock, and the way from its outputs to the connections.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use quorate_primitives::Timestamp;
use quorate_transport::RelayOrigin;
use quorate_transport::signaling::BootId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::config::{Config, Times, millis};
use crate::relay::{Challenge, CloseReason, ConnectionId, Output, Refusal, Relay, Source};

/// What a connection's task has to do.
#[derive(Debug)]
pub enum Outgoing {
    /// Write a frame.
    Frame(Bytes),
    /// Say why, and close.
    Close(CloseReason),
}

/// Everything that connections share.
pub struct Hub {
    inner: Mutex<Inner>,
    origins: Vec<RelayOrigin>,
    times: Times,
    started: Instant,
    started_at: u64,
    next_connection: AtomicU64,
    stop: watch::Sender<bool>,
    kill: watch::Sender<bool>,
}

struct Inner {
    relay: Relay,
    outboxes: BTreeMap<ConnectionId, UnboundedSender<Outgoing>>,
}

/// A connection that the relay has taken; dropping it tells the relay that it ended.
pub struct Registration {
    hub: Arc<Hub>,
    id: ConnectionId,
    /// What the relay wants written.
    ///
    /// It needs no bound of its own: the relay never has more than a window and some slack outstanding.
    pub outbox: UnboundedReceiver<Outgoing>,
}

impl Hub {
    /// Starts an empty relay that answers to `origins`.
    pub fn new(config: &Config, origins: Vec<RelayOrigin>, boot: BootId) -> Self {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        Self {
            inner: Mutex::new(Inner { relay: Relay::new(config.limits(), boot), outboxes: BTreeMap::new() }),
            origins,
            times: config.times,
            started: Instant::now(),
            started_at,
            next_connection: AtomicU64::new(0),
            stop: watch::Sender::new(false),
            kill: watch::Sender::new(false),
        }
    }

    /// Returns the time: the wall clock at the start, and from there a clock that never goes back.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.started_at).after(millis(self.started.elapsed()))
    }

    /// Returns how long the shell waits for what.
    pub const fn times(&self) -> &Times {
        &self.times
    }

    /// Registers a new connection.
    ///
    /// # Errors
    /// As [`Relay::handle_connect`].
    pub fn register(self: &Arc<Self>, source: Source) -> Result<Registration, Refusal> {
        let id = ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed));
        let (sender, outbox) = unbounded_channel();
        let mut inner = self.lock();
        inner.relay.handle_connect(id, source, self.now())?;
        inner.outboxes.insert(id, sender);
        drop(inner);
        Ok(Registration { hub: self.clone(), id, outbox })
    }

    /// Gives the relay an input and passes on what it wants written.
    pub fn with<T>(&self, input: impl FnOnce(&mut Relay, Timestamp) -> T) -> T {
        let mut inner = self.lock();
        let outcome = input(&mut inner.relay, self.now());
        inner.deliver();
        outcome
    }

    /// Checks the answer to a challenge; done without the lock, because it costs more than everything else.
    pub fn verify(&self, challenge: Challenge, bytes: &[u8]) -> crate::relay::Answer {
        challenge.verify(&quorate_transport::ClientFrame::decode(bytes), &self.origins)
    }

    /// Tells every connection to end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns a receiver that changes when every connection has to end.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Ends every connection without a goodbye.
    pub fn kill(&self) {
        self.kill.send_replace(true);
    }

    /// Returns a receiver that changes when every connection ends without a goodbye.
    pub fn killed(&self) -> watch::Receiver<bool> {
        self.kill.subscribe()
    }

    /// Returns how long it has been running.
    pub fn uptime(&self) -> core::time::Duration {
        self.started.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The relay does not panic; should it, its maps are still whole and other rooms go on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn deliver(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            let (connection, outgoing) = match output {
                Output::Write { connection, frame } => (connection, Outgoing::Frame(frame)),
                Output::Close { connection, reason } => (connection, Outgoing::Close(reason)),
            };
            // A connection that just ended has dropped its receiver; its mail stays in the mailbox.
            if let Some(outbox) = self.outboxes.get(&connection) {
                let _ = outbox.send(outgoing);
            }
        }
    }
}

impl Registration {
    /// Returns the connection's number.
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Returns what it is registered with.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut inner = self.hub.lock();
        inner.outboxes.remove(&self.id);
        inner.relay.handle_disconnect(self.id);
        inner.deliver();
    }
}
