//! One room at one relay: the task between a socket and a [`RoomClient`].

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use quorate_primitives::{Millis, Timestamp};
use quorate_transport::client::{
    DeliveryId, Event, Membership, OutboxFull, OutboxLimits, RoomClient, SendId,
};
use quorate_transport::{MemberKey, RelayKey, RoomToken};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::dial::{Dialer, RelayOptions};
use crate::tls::NetError;

mod task;

use task::Task;

/// The room to enter.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    /// What opens it.
    pub token: RoomToken,
    /// The most members; all must name the same number.
    pub capacity: u8,
    /// How long it shall exist from each time it is entered.
    pub ttl: Millis,
    /// How much may wait for the relay.
    pub limits: OutboxLimits,
}

/// A membership in one room, kept up by a task of its own until it is dropped or closed.
///
/// Its methods never wait for the network; what they ask for is bounded by [`OutboxLimits`].
pub struct RelayClient {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What happens in the room, in order.
pub struct RelayEvents {
    receiver: UnboundedReceiver<Event>,
    shared: Arc<Shared>,
}

struct Shared {
    client: Mutex<RoomClient>,
    /// Wakes the task: there may be outputs.
    wake: Notify,
    /// Wakes those who wait for the outbox to be empty.
    progress: Notify,
    /// Events that the owner has not taken.
    waiting_events: AtomicUsize,
    clock: Clock,
}

/// The wall clock when it was made, and from there one that never goes back.
struct Clock {
    started: Instant,
    started_at: u64,
}

impl RelayClient {
    /// Starts the task, which connects at once and again whenever the connection ends.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`NetError`] for a plain address on another machine and for unusable certificate authorities. That the relay
    /// cannot be reached is not an error but [`Event::Disconnected`].
    pub fn start(
        relay: &RelayOptions,
        key: RelayKey,
        room: RoomOptions,
    ) -> Result<(Self, RelayEvents), NetError> {
        let dialer = Dialer::new(relay)?;
        let RoomOptions { token, capacity, ttl, limits } = room;
        let membership = Membership { origin: relay.url.origin(), token, capacity, ttl };
        let shared = Arc::new(Shared {
            client: Mutex::new(RoomClient::new(key, membership, limits)),
            wake: Notify::new(),
            progress: Notify::new(),
            waiting_events: AtomicUsize::new(0),
            clock: Clock::new(),
        });
        let (events, receiver) = unbounded_channel();
        let task = tokio::spawn(Task::new(shared.clone(), dialer, events).run());
        Ok((Self { shared: shared.clone(), task }, RelayEvents { receiver, shared }))
    }

    /// Queues bytes for a member; they are repeated until the relay has stored them or `ttl` is over.
    ///
    /// # Errors
    /// [`OutboxFull`]: too much waits already, or no frame can carry it.
    pub fn send(&self, to: MemberKey, bytes: Vec<u8>, ttl: Millis) -> Result<SendId, OutboxFull> {
        let now = self.shared.clock.now();
        let id = self.shared.lock().send(to, bytes, ttl, now);
        self.shared.wake.notify_one();
        id
    }

    /// Says that this delivery and all before it are safe here: the relay may forget them.
    pub fn ack(&self, upto: DeliveryId) {
        self.shared.lock().ack(upto);
        self.shared.wake.notify_one();
    }

    /// Waits until the relay has stored everything sent so far, at most `within`. Returns whether it has.
    pub async fn flush(&self, within: Duration) -> bool {
        let flushed = async {
            loop {
                let progress = self.shared.progress.notified();
                if self.shared.lock().is_flushed() {
                    return;
                }
                progress.await;
            }
        };
        timeout(within, flushed).await.is_ok()
    }

    /// Gives up the membership for good: its place in the room, its mailbox, and what is still unsent.
    pub async fn leave(self) {
        self.shared.lock().leave();
        self.finish().await;
    }

    /// Ends the connection and keeps the membership: mail goes on being stored. What is still unsent is lost.
    pub async fn close(self) {
        self.shared.lock().stop();
        self.finish().await;
    }

    async fn finish(mut self) {
        self.shared.wake.notify_one();
        // The task ends by itself; a relay that does not take the goodbye is not waited for.
        if timeout(GOODBYE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for RelayClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RelayEvents {
    /// Waits for the next event; `None` once the membership has ended. May be dropped and called again at any time.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.receiver.recv().await;
        self.count(event)
    }

    /// Returns the next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        let event = self.receiver.try_recv().ok();
        self.count(event)
    }

    fn count(&self, event: Option<Event>) -> Option<Event> {
        if event.is_some() {
            self.shared.waiting_events.fetch_sub(1, Ordering::Relaxed);
        }
        event
    }
}

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, RoomClient> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_at: millis(since_epoch) }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.started_at).after(millis(self.started.elapsed()))
    }

    /// Returns the first instant at which [`Clock::now`] is not before `at`.
    fn instant(&self, at: Timestamp) -> Instant {
        self.started + Duration::from_millis(at.since(Timestamp(self.started_at)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
