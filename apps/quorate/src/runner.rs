//! The shell around a device: vault, relay and clock, carried out in the order that the device asks for.
//!
//! No decision is made here. Everything that was appended is committed before anything that relies on it is sent or
//! shown; a vault that fails once sends nothing more. Deliveries are acknowledged after their effects are durable.

mod reasons;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_net::{DeliveryId, NetEvent, OutboxLimits, RelayClient, RelayEvents, RelayOptions, RoomOptions};
use quorate_vault::{DeviceVault, Password, Record, Recovery, VaultError};
use quorate_wallet::{Command, Device, Effect, Room, RoomEvent, RoomId, Timestamp, View};
use rand_core::OsRng;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::home::Home;

/// How long a room and what is stored in it outlive the last visit.
const ROOM_TTL: u64 = 24 * 3_600_000;

/// How long appended records may wait for the next commit.
const LAZY_COMMIT: Duration = Duration::from_millis(200);

/// A vault that is longer than this is rewritten without what is over.
const COMPACT_ABOVE: u64 = 64 * 1024 * 1024;

/// How long goodbyes may take when a command ends.
const FLUSH: Duration = Duration::from_secs(3);

/// A device with its vault and its relays.
pub struct Runner {
    device: Device<OsRng>,
    vault: DeviceVault,
    rooms: BTreeMap<RoomId, Connection>,
    /// Goodbyes to rooms that were left.
    leaving: JoinSet<()>,
    online: bool,
    entering: Vec<Room>,
    events: UnboundedReceiver<(RoomId, NetEvent)>,
    sender: UnboundedSender<(RoomId, NetEvent)>,
    views: VecDeque<View>,
    acks: Vec<(RoomId, DeliveryId)>,
    uncommitted: Option<Instant>,
    wake: Option<Timestamp>,
    recovered: Option<u64>,
    /// The vault failed.
    stopped: bool,
}

struct Connection {
    client: RelayClient,
    /// The relay's address, for people.
    relay: String,
    /// Whether the room was entered since this process began.
    entered: bool,
    /// Whether the relay lost what it had stored.
    restarted: bool,
}

enum Input {
    Net(RoomId, NetEvent),
    Wake,
    Commit,
    Deadline,
}

impl Runner {
    /// Opens the vault of a home and rebuilds its device. No network yet.
    ///
    /// # Errors
    /// Whatever is wrong with the home, the password or the vault.
    pub fn open(home: &Home, password: &Password) -> Result<Self, CliError> {
        let (vault, records, report) = DeviceVault::open(home.path(), password)?;
        let device = Device::replay(records.iter().map(Record::expose), OsRng, now())?;
        let mut runner = Self::new(device, vault);
        if let Recovery::Recovered { bytes } = report.recovery {
            runner.recovered = Some(bytes);
        }
        Ok(runner)
    }

    /// Takes a device and the vault that holds it.
    pub fn new(device: Device<OsRng>, vault: DeviceVault) -> Self {
        let (sender, events) = unbounded_channel();
        Self {
            device,
            vault,
            rooms: BTreeMap::new(),
            leaving: JoinSet::new(),
            online: false,
            entering: Vec::new(),
            events,
            sender,
            views: VecDeque::new(),
            acks: Vec::new(),
            uncommitted: None,
            wake: None,
            recovered: None,
            stopped: false,
        }
    }

    /// Returns how many bytes of an unfinished commit were cut off when the vault was opened.
    pub const fn recovered(&self) -> Option<u64> {
        self.recovered
    }

    /// Returns the device's name.
    pub fn device_name(&self) -> &str {
        self.device.name()
    }

    /// Enters the rooms of everything unfinished and of every wallet. Must be called within a runtime.
    pub fn go_online(&mut self) {
        self.online = true;
        self.device.start(now());
    }

    /// Makes presignatures ahead, as a device does that stays.
    pub const fn keep_presignatures(&mut self, count: usize) {
        self.device.keep_presignatures(count);
    }

    /// Gives the device a command. Its effects are carried out by the next call that returns views.
    ///
    /// # Errors
    /// The command's own error: nothing changed.
    pub fn command(&mut self, command: Command) -> Result<(), CliError> {
        Ok(self.device.handle_command(command, now())?)
    }

    /// Carries out what is pending and returns the views it gave, without waiting for anything.
    ///
    /// # Errors
    /// A failing vault, or a relay that can not be used at all.
    pub fn pending_views(&mut self) -> Result<Vec<View>, CliError> {
        self.carry_out()?;
        self.commit()?;
        Ok(self.views.drain(..).collect())
    }

    /// Waits for the next view, driving relays and timers. `None` at the deadline.
    ///
    /// # Errors
    /// A failing vault, or a relay that can not be used at all.
    pub async fn next_view(&mut self, deadline: Option<Instant>) -> Result<Option<View>, CliError> {
        loop {
            self.carry_out()?;
            if let Some(view) = self.views.pop_front() {
                return Ok(Some(view));
            }
            match self.next_input(deadline).await {
                Input::Deadline => return Ok(None),
                Input::Commit => self.commit()?,
                Input::Wake => {
                    self.wake = None;
                    self.device.handle_wake(now());
                }
                Input::Net(room, event) => {
                    self.handle_net(room, event);
                    while let Ok((room, event)) = self.events.try_recv() {
                        self.handle_net(room, event);
                    }
                }
            }
        }
    }

    /// Ends: everything appended becomes durable, everything sent is stored by the relay or given up after a moment.
    ///
    /// # Errors
    /// A failing vault.
    pub async fn close(mut self) -> Result<(), CliError> {
        self.carry_out()?;
        self.commit()?;
        for (_, connection) in core::mem::take(&mut self.rooms) {
            connection.client.flush(FLUSH).await;
            connection.client.close().await;
        }
        while self.leaving.join_next().await.is_some() {}
        Ok(())
    }

    async fn next_input(&mut self, deadline: Option<Instant>) -> Input {
        let wake = self.wake.map(instant_of);
        let commit = self.uncommitted.map(|since| since + LAZY_COMMIT);
        tokio::select! {
            biased;
            Some((room, event)) = self.events.recv() => Input::Net(room, event),
            () = until(wake) => Input::Wake,
            () = until(commit) => Input::Commit,
            () = until(deadline) => Input::Deadline,
        }
    }

    fn handle_net(&mut self, room: RoomId, event: NetEvent) {
        let Some(connection) = self.rooms.get_mut(&room) else { return };
        match event {
            NetEvent::Connected { restarted } => {
                connection.restarted |= restarted;
                let relay = connection.relay.clone();
                self.views.push_back(View::Relay { relay, connected: true, reason: None });
            }
            NetEvent::Disconnected { why, .. } => {
                let (relay, reason) = (connection.relay.clone(), Some(why.to_string()));
                self.views.push_back(View::Relay { relay, connected: false, reason });
            }
            NetEvent::Entered { members, .. } => {
                let restarted = connection.restarted || !connection.entered;
                (connection.entered, connection.restarted) = (true, false);
                let online = members.iter().filter(|member| member.online).map(|member| member.key).collect();
                let members = members.into_iter().map(|member| member.key).collect();
                self.device.handle_room(room, RoomEvent::Entered { members, online, restarted }, now());
            }
            NetEvent::MemberJoined { key } => self.device.handle_room(room, RoomEvent::Joined(key), now()),
            NetEvent::MemberLeft { key, .. } => {
                self.device.handle_room(room, RoomEvent::Left(key), now());
            }
            NetEvent::Frame { from, delivery, bytes, .. } => {
                self.device.handle_room(room, RoomEvent::Frame { from, bytes }, now());
                self.acks.push((room, delivery));
            }
            NetEvent::Refused { id: None, code } => {
                let (relay, reason) = (connection.relay.clone(), Some(reasons::refusal(code).to_owned()));
                self.views.push_back(View::Relay { relay, connected: false, reason });
            }
            NetEvent::Closed { reason } => {
                let (relay, reason) = (connection.relay.clone(), Some(reasons::closing(reason).to_owned()));
                self.views.push_back(View::Relay { relay, connected: false, reason });
            }
            // A single frame that is refused or expires is repeated by the session that sent it.
            NetEvent::Stored { .. } | NetEvent::Expired { .. } | NetEvent::Refused { id: Some(_), .. } => {}
        }
    }

    /// Carries out the device's effects, in order.
    fn carry_out(&mut self) -> Result<(), CliError> {
        if self.stopped {
            return Err(VaultError::Poisoned.into());
        }
        let mut must_commit = false;
        while let Some(effect) = self.device.poll_effect() {
            let relies_on_log = matches!(effect, Effect::Send { .. } | Effect::View(_) | Effect::Compact(_));
            if must_commit && relies_on_log {
                self.commit()?;
                must_commit = false;
            }
            match effect {
                Effect::Persist(record) => {
                    self.append(&record)?;
                    must_commit = true;
                }
                Effect::Append(record) => {
                    self.append(&record)?;
                    self.uncommitted.get_or_insert_with(Instant::now);
                }
                Effect::Compact(records) => self.compact(&records)?,
                Effect::Enter(room) => self.entering.push(room),
                Effect::Leave(room) => self.leave(room),
                Effect::Send { room, to, bytes } => self.send(room, to, bytes),
                Effect::View(view) => self.views.push_back(view),
                Effect::WakeAt(at) => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            }
        }
        if must_commit {
            self.commit()?;
        }
        if self.vault.file_len() > COMPACT_ABOVE {
            self.compact(&self.device.snapshot())?;
        }
        self.acknowledge();
        self.enter_rooms();
        Ok(())
    }

    /// Leaves a room, once what was said there is with the relay.
    fn leave(&mut self, room: RoomId) {
        if let Some(connection) = self.rooms.remove(&room) {
            self.leaving.spawn(async move {
                connection.client.flush(FLUSH).await;
                connection.client.close().await;
            });
        }
    }

    fn send(&self, room: RoomId, to: quorate_wallet::MemberKey, bytes: Vec<u8>) {
        if let Some(connection) = self.rooms.get(&room) {
            // A full outbox drops the frame; the session says it again later.
            let _ = connection.client.send(to, bytes, ROOM_TTL);
        }
    }

    fn append(&mut self, record: &[u8]) -> Result<(), CliError> {
        let appended = match self.vault.append(record) {
            Err(VaultError::BatchFull) => self.vault.commit().and_then(|()| self.vault.append(record)),
            other => other,
        };
        self.or_stop(appended)
    }

    fn commit(&mut self) -> Result<(), CliError> {
        self.uncommitted = None;
        let committed = self.vault.commit();
        self.or_stop(committed)
    }

    fn compact(&mut self, records: &[Zeroizing<Vec<u8>>]) -> Result<(), CliError> {
        self.commit()?;
        let rewritten = self.vault.rewrite(records.iter().map(|record| record.as_slice()));
        self.or_stop(rewritten)
    }

    /// After one failure of the vault nothing is sent, acknowledged or shown any more.
    fn or_stop(&mut self, outcome: Result<(), VaultError>) -> Result<(), CliError> {
        self.stopped |= outcome.is_err();
        Ok(outcome?)
    }

    fn acknowledge(&mut self) {
        for (room, delivery) in self.acks.drain(..) {
            if let Some(connection) = self.rooms.get(&room) {
                connection.client.ack(delivery);
            }
        }
    }

    /// Enters rooms. A relay that can not be used is shown, not an end: the device's other wallets go on.
    fn enter_rooms(&mut self) {
        if !self.online {
            return;
        }
        for room in core::mem::take(&mut self.entering) {
            let (id, relay) = (room.id(), room.relay.to_string());
            let options = RoomOptions {
                token: room.token,
                capacity: room.capacity,
                ttl: ROOM_TTL,
                limits: OutboxLimits::default(),
            };
            match RelayClient::start(&RelayOptions::new(room.relay), room.key, options) {
                Ok((client, events)) => {
                    tokio::spawn(forward(id, events, self.sender.clone()));
                    self.rooms.insert(id, Connection { client, relay, entered: false, restarted: false });
                }
                Err(error) => {
                    let reason = Some(error.to_string());
                    self.views.push_back(View::Relay { relay, connected: false, reason });
                }
            }
        }
    }
}

async fn forward(room: RoomId, mut events: RelayEvents, sender: UnboundedSender<(RoomId, NetEvent)>) {
    while let Some(event) = events.next().await {
        if sender.send((room, event)).is_err() {
            return;
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

/// Returns the wall clock, in milliseconds since the Unix epoch.
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

fn instant_of(at: Timestamp) -> Instant {
    Instant::now() + Duration::from_millis(at.since(now()))
}
