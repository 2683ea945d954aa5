//! The loop: one input at a time, then everything that follows from it, log first.

mod chain;
mod restore;
mod sign;
mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quorate_primitives::{Millis, Timestamp, encoding};
use quorate_session::envelope::Envelope;
use quorate_threshold::engine::Recipient;
use quorate_transport::DeviceIdentity;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{debug, info};

use super::group::{Effects, Group, Told};
use super::keys::Asked;
use super::mesh::{Incoming, Mesh, PeerKey, TAG_LEN};
use super::requests::Requests;
use super::store::Store;
use super::{CommitteeError, Settings};
use crate::events::{ChainEvent, CommitteeSide, ContractView, KeyEventId};
use status::Journal;

/// Inputs that are taken before their effects are carried out: one commit serves them all.
const MAX_INPUTS: usize = 64;

/// So many pending requests are more than the chain and its blocks explain.
const BUSY: usize = 128;

/// How often the loop looks around when nothing comes.
const IDLE: Duration = Duration::from_secs(1);

/// How often time is looked at while inputs keep coming.
const TICK: Millis = 250;

/// Frames of keys that are not known yet, of one peer: it was told by the chain a little earlier.
const MAX_EARLY: usize = 128;

/// The longest of those that is kept.
const MAX_EARLY_LEN: usize = 64 * 1024;

/// Proposals of one peer whose request is not known yet.
const MAX_HELD: usize = 256;

/// How long either is kept.
const KEPT: u64 = 30_000;

/// The committee's whole state.
pub struct Engine {
    settings: Settings,
    identity: Arc<DeviceIdentity>,
    side: CommitteeSide,
    mesh: Mesh,
    incoming: mpsc::Receiver<Incoming>,
    store: Store,
    clock: Clock,
    online: BTreeSet<PeerKey>,
    contract: Option<Arc<ContractView>>,
    announced: bool,
    groups: BTreeMap<KeyEventId, Group>,
    tags: BTreeMap<[u8; 32], KeyEventId>,
    /// Attempts that came to nothing.
    failed: BTreeSet<KeyEventId>,
    asked: Asked,
    requests: Requests,
    early: VecDeque<(Timestamp, PeerKey, Vec<u8>)>,
    held: VecDeque<(Timestamp, KeyEventId, Envelope)>,
    journal: Journal,
    wake: Option<Timestamp>,
    ticked: Timestamp,
}

/// Time that never goes back while the process runs, whatever happens to the system's.
struct Clock {
    start: Instant,
    at_start: u64,
}

enum Input {
    Chain(ChainEvent),
    Mesh(Incoming),
    Time,
    Stop,
}

impl Engine {
    /// Opens the log and listens.
    ///
    /// # Errors
    /// [`CommitteeError`]
    pub fn new(
        settings: Settings,
        side: CommitteeSide,
        listener: TcpListener,
    ) -> Result<Self, CommitteeError> {
        let identity = Arc::new(DeviceIdentity::from_ed25519(&settings.secret));
        let (mesh, incoming) = Mesh::new(listener, &settings.secret, &identity.public().signing)?;
        let (store, records) = Store::open(&settings.home, &settings.store_key)?;
        let mut engine = Self {
            settings,
            identity,
            side,
            mesh,
            incoming,
            store,
            clock: Clock::new(),
            online: BTreeSet::new(),
            contract: None,
            announced: false,
            groups: BTreeMap::new(),
            tags: BTreeMap::new(),
            failed: BTreeSet::new(),
            asked: Asked::default(),
            requests: Requests::default(),
            early: VecDeque::new(),
            held: VecDeque::new(),
            journal: Journal::default(),
            wake: None,
            ticked: Timestamp(0),
        };
        engine.restore(records)?;
        Ok(engine)
    }

    /// Takes inputs until the node stops.
    ///
    /// # Errors
    /// When the log fails: nothing is said that is not durable.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), CommitteeError> {
        loop {
            let first = self.next(&mut stop).await;
            if self.take(first)? {
                return Ok(());
            }
            for _ in 1..MAX_INPUTS {
                match self.waiting() {
                    Some(input) => {
                        if self.take(input)? {
                            return Ok(());
                        }
                    }
                    None => break,
                }
            }
            self.settle().await?;
        }
    }

    async fn next(&mut self, stop: &mut watch::Receiver<bool>) -> Input {
        let now = self.clock.now();
        let wait = self.wake.map_or(IDLE, |at| Duration::from_millis(at.since(now)).min(IDLE));
        tokio::select! {
            biased;
            stopped = stop.wait_for(|stop| *stop) => {
                drop(stopped);
                Input::Stop
            }
            event = self.side.events.recv() => event.map_or(Input::Stop, Input::Chain),
            incoming = self.incoming.recv() => incoming.map_or(Input::Stop, Input::Mesh),
            () = sleep(wait) => Input::Time,
        }
    }

    fn waiting(&mut self) -> Option<Input> {
        match self.side.events.try_recv() {
            Ok(event) => Some(Input::Chain(event)),
            Err(_) => self.incoming.try_recv().ok().map(Input::Mesh),
        }
    }

    /// Returns whether that was the last.
    fn take(&mut self, input: Input) -> Result<bool, CommitteeError> {
        let now = self.clock.now();
        match input {
            Input::Stop => return Ok(true),
            Input::Time => self.handle_time(now),
            Input::Chain(event) => self.handle_chain(event, now)?,
            Input::Mesh(Incoming::Up(key)) => {
                self.online.insert(key);
                let known = self.groups.values_mut().filter(|group| group.peers().contains_key(&key));
                known.for_each(|group| group.handle_up(now));
            }
            Input::Mesh(Incoming::Down(key)) => {
                self.online.remove(&key);
            }
            Input::Mesh(Incoming::Frame(from, frame)) => self.handle_frame(from, frame, now),
        }
        Ok(false)
    }

    fn handle_time(&mut self, now: Timestamp) {
        (self.wake, self.ticked) = (None, now);
        self.groups.values_mut().for_each(|group| group.handle_wake(now));
        self.early.retain(|(since, _, _)| now.since(*since) < KEPT);
        self.held.retain(|(since, _, _)| now.since(*since) < KEPT);
    }

    fn handle_frame(&mut self, from: PeerKey, frame: Vec<u8>, now: Timestamp) {
        let Some((tag, bytes)) = frame.split_first_chunk::<TAG_LEN>() else { return };
        let Some(event) = self.tags.get(tag).copied() else {
            let of_peer = self.early.iter().filter(|(_, peer, _)| *peer == from).count();
            if frame.len() <= MAX_EARLY_LEN && of_peer < MAX_EARLY {
                self.early.push_back((now, from, frame));
            }
            return;
        };
        let Ok(envelope) = encoding::from_bytes::<Envelope>(bytes) else {
            debug!(peer = %bs58::encode(from).into_string(), "a frame that is no envelope");
            return;
        };
        let Some(group) = self.groups.get_mut(&event) else { return };
        let mut effects = Effects::default();
        let proposal = group.handle(&from, envelope, now, &mut effects);
        self.send_all(&effects);
        if let Some(proposal) = proposal {
            self.judge(event, proposal, now);
        }
    }

    /// Takes what came for a key before the key was known.
    fn take_early(&mut self, now: Timestamp) {
        for (since, from, frame) in core::mem::take(&mut self.early) {
            let known = frame.first_chunk::<TAG_LEN>().is_some_and(|tag| self.tags.contains_key(tag));
            if known {
                self.handle_frame(from, frame, now);
            } else {
                self.early.push_back((since, from, frame));
            }
        }
    }

    /// Carries out everything that the machines ask for, until they ask for nothing more.
    async fn settle(&mut self) -> Result<(), CommitteeError> {
        let now = self.clock.now();
        // Where inputs keep coming, nothing else looks at the time.
        let wait = if self.wake.is_some_and(|at| at <= now) { TICK } else { 4 * TICK };
        if now.since(self.ticked) >= wait {
            self.handle_time(now);
        }
        self.follow_keys(now).await?;
        self.act_on_requests(now).await;
        // What is told may make machines ask for more.
        for _ in 0..4 {
            let effects = self.drain(now);
            let told = self.carry_out(effects, now)?;
            if !told {
                break;
            }
            self.follow_keys(now).await?;
            self.act_on_requests(now).await;
        }
        if self.store.is_long() {
            self.rewrite()?;
        }
        self.publish();
        Ok(())
    }

    fn drain(&mut self, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        // Signing goes first: nothing is made ahead while many requests wait.
        let ahead = if self.announced && self.requests.len() < BUSY { self.settings.ahead } else { 0 };
        for group in self.groups.values_mut() {
            group.drain(&self.online, ahead, now, &mut effects);
        }
        effects
    }

    /// Returns whether anything was told.
    fn carry_out(&mut self, effects: Effects, now: Timestamp) -> Result<bool, CommitteeError> {
        for record in &effects.records {
            self.store.append(record)?;
        }
        if effects.durable {
            self.store.commit()?;
        }
        self.send_all(&effects);
        self.wake = [self.wake, effects.wake].into_iter().flatten().min();
        let told = !effects.told.is_empty();
        for (event, told) in effects.told {
            self.hear(event, told, now);
        }
        Ok(told)
    }

    fn send_all(&self, effects: &Effects) {
        for (tag, to, envelope) in &effects.sends {
            let Some(group) = self.tags.get(tag).and_then(|event| self.groups.get(event)) else { continue };
            let frame: Arc<[u8]> = [tag.as_slice(), &encoding::to_bytes(envelope)].concat().into();
            let me = group.seat().me();
            for (key, id) in group.peers().iter().filter(|(_, id)| **id != me) {
                if matches!(to, Recipient::One(one) if one != id) {
                    continue;
                }
                self.mesh.send(key, Arc::clone(&frame));
            }
        }
    }

    fn hear(&mut self, event: KeyEventId, told: Told, now: Timestamp) {
        match told {
            Told::Made => info!(epoch = event.epoch, domain = event.domain, "a key is made"),
            Told::NotMade(reason) => {
                info!(epoch = event.epoch, domain = event.domain, attempt = event.attempt, %reason, "no key");
                self.groups.remove(&event);
                self.tags.retain(|_, of| *of != event);
                self.failed.insert(event);
            }
            Told::Signed(session, signatures) => self.hear_signed(event, &session, &signatures),
            Told::NotSigned(session, reason) => self.hear_not_signed(event, &session, &reason, now),
            Told::Noted(note) => debug!(epoch = event.epoch, domain = event.domain, %note),
        }
    }
}

impl Clock {
    fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), at_start: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX) }
    }

    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.at_start.saturating_add(passed))
    }
}
