//! The loop: outputs of the client to the socket and the owner, and what comes back to the client.

use core::future::{Future, pending, poll_fn};
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use quorate_transport::client::{Disconnection, Event, Output};
use rand_core::OsRng;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tracing::debug;

use super::{GOODBYE, Shared};
use crate::dial::{Dialer, Socket};

/// Events that may wait for an owner who does not take them; an honest relay cannot cause so many.
const MAX_EVENTS: usize = 131_072;

/// How far away "no deadline" is.
const FAR: Duration = Duration::from_secs(3600);

/// The task of one membership.
pub struct Task {
    shared: Arc<Shared>,
    dialer: Dialer,
    events: UnboundedSender<Event>,
    link: Link,
    writes: VecDeque<Message>,
    /// Whether something was handed to the socket that may not have left yet.
    unflushed: bool,
}

enum Link {
    Down,
    Dialing(Pin<Box<dyn Future<Output = Result<Socket, Disconnection>> + Send>>),
    Up(SplitSink<Socket, Message>, SplitStream<Socket>),
}

/// What woke the task.
enum Woken {
    Owner,
    Dialed(Box<Result<Socket, Disconnection>>),
    Message(Option<Result<Message, tungstenite::Error>>),
    Written(Result<(), tungstenite::Error>),
    Deadline,
}

impl Task {
    /// Starts unconnected.
    pub const fn new(shared: Arc<Shared>, dialer: Dialer, events: UnboundedSender<Event>) -> Self {
        Self { shared, dialer, events, link: Link::Down, writes: VecDeque::new(), unflushed: false }
    }

    /// Runs until the membership ends.
    pub async fn run(mut self) {
        while self.settle() {
            self.shared.progress.notify_waiters();
            let woken = self.wait().await;
            self.take(woken);
        }
        self.shared.progress.notify_waiters();
        self.say_goodbye().await;
    }

    /// Does what the client wants done. Returns whether it goes on.
    fn settle(&mut self) -> bool {
        let shared = self.shared.clone();
        let mut client = shared.lock();
        while let Some(output) = client.poll_output() {
            match output {
                Output::Write(bytes) => self.writes.push_back(Message::Binary(bytes.into())),
                Output::Ping => self.writes.push_back(Message::Ping(tungstenite::Bytes::new())),
                Output::Event(event) => {
                    if self.shared.waiting_events.fetch_add(1, Ordering::Relaxed) >= MAX_EVENTS {
                        client.stop();
                        return false;
                    }
                    // An owner that no longer listens may still send.
                    let _ = self.events.send(event);
                }
                Output::Disconnect(why) => {
                    self.hang_up();
                    client.handle_disconnected(why, &mut OsRng, shared.clock.now());
                }
            }
        }
        let is_due = client.reconnect_at().is_some_and(|at| at <= shared.clock.now());
        if is_due && matches!(self.link, Link::Down) {
            let dialer = self.dialer.clone();
            self.link = Link::Dialing(Box::pin(async move { dialer.dial().await }));
        }
        !client.is_closed()
    }

    async fn wait(&mut self) -> Woken {
        let deadline = self.deadline();
        tokio::select! {
            woken = progress(&mut self.link, &mut self.writes, &mut self.unflushed) => woken,
            () = self.shared.wake.notified() => Woken::Owner,
            () = sleep_until(deadline) => Woken::Deadline,
        }
    }

    fn take(&mut self, woken: Woken) {
        let now = self.shared.clock.now();
        match woken {
            Woken::Owner | Woken::Written(Ok(())) => {}
            Woken::Deadline => self.shared.lock().handle_tick(now),
            Woken::Dialed(dialed) => match *dialed {
                Ok(socket) => {
                    let (sink, stream) = socket.split();
                    self.link = Link::Up(sink, stream);
                    self.shared.lock().handle_connected(now);
                }
                Err(why) => self.disconnected(why),
            },
            Woken::Message(Some(Ok(Message::Binary(bytes)))) => self.shared.lock().handle_bytes(&bytes, now),
            Woken::Message(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {
                self.shared.lock().handle_alive(now);
            }
            Woken::Message(Some(Ok(Message::Text(_) | Message::Frame(_)))) => {
                self.disconnected(Disconnection::Protocol);
            }
            Woken::Message(Some(Ok(Message::Close(_))) | None) => self.disconnected(Disconnection::Closed),
            Woken::Message(Some(Err(error))) | Woken::Written(Err(error)) => {
                self.disconnected(of_socket(&error))
            }
        }
    }

    fn disconnected(&mut self, why: Disconnection) {
        debug!(%why, "relay connection ended");
        self.hang_up();
        let now = self.shared.clock.now();
        self.shared.lock().handle_disconnected(why, &mut OsRng, now);
    }

    fn hang_up(&mut self) {
        self.link = Link::Down;
        self.writes.clear();
        self.unflushed = false;
    }

    fn deadline(&self) -> Instant {
        let client = self.shared.lock();
        let reconnect = client.reconnect_at().filter(|_| matches!(self.link, Link::Down));
        let next = client.next_deadline().into_iter().chain(reconnect).min();
        next.map_or_else(|| Instant::now() + FAR, |at| self.shared.clock.instant(at))
    }

    async fn say_goodbye(mut self) {
        let Link::Up(sink, _) = &mut self.link else { return };
        let goodbye = async {
            push(sink, &mut self.writes, &mut self.unflushed).await?;
            sink.close().await
        };
        // A relay that does not take it notices the closed connection.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

/// Waits for whatever the link does next.
async fn progress(link: &mut Link, writes: &mut VecDeque<Message>, unflushed: &mut bool) -> Woken {
    match link {
        Link::Down => pending().await,
        Link::Dialing(dialing) => Woken::Dialed(Box::new(dialing.await)),
        Link::Up(sink, stream) => {
            let has_writes = !writes.is_empty() || *unflushed;
            tokio::select! {
                message = stream.next() => Woken::Message(message),
                written = push(sink, writes, unflushed), if has_writes => Woken::Written(written),
            }
        }
    }
}

/// Writes and flushes. May be dropped at any point and called again: nothing is lost or written twice.
async fn push(
    sink: &mut SplitSink<Socket, Message>,
    writes: &mut VecDeque<Message>,
    unflushed: &mut bool,
) -> Result<(), tungstenite::Error> {
    while !writes.is_empty() {
        poll_fn(|context| sink.poll_ready_unpin(context)).await?;
        if let Some(message) = writes.pop_front() {
            *unflushed = true;
            sink.start_send_unpin(message)?;
        }
    }
    sink.flush().await?;
    *unflushed = false;
    Ok(())
}

fn of_socket(error: &tungstenite::Error) -> Disconnection {
    match error {
        tungstenite::Error::Capacity(_) | tungstenite::Error::Utf8(_) => Disconnection::Protocol,
        _ => Disconnection::Closed,
    }
}
