//! One device: identity, lobbies, wallets, and the loop that everything goes through.
//!
//! ```text
//! let mut device = Device::replay(records, rng, now)?;
//! device.start(now);
//! // then, for every input:
//! device.handle_command(command, now)?;  device.handle_room(room, event, now);  device.handle_wake(now);
//! while let Some(effect) = device.poll_effect() { /* carry out, in order */ }
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use quorate_primitives::Timestamp;
use quorate_transport::{DeviceIdentity, MemberKey, RoomId};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::accounts;
use crate::command::Command;
use crate::error::CommandError;
use crate::lobbies::OpenLobby;
use crate::records::{self, Record, ReplayError};
use crate::rooms::Room;
use crate::view::View;
use crate::wallet::Wallet;

/// One effect that the shell carries out, in the order given.
#[derive(Debug)]
pub enum Effect {
    /// Append this record and make everything appended so far durable, before any later `Send` or `View`.
    Persist(Zeroizing<Vec<u8>>),
    /// Append this record; it may become durable later.
    Append(Zeroizing<Vec<u8>>),
    /// Rewrite the log as these records, which stand for everything before: secrets that are no longer needed are in
    /// the old one.
    Compact(Vec<Zeroizing<Vec<u8>>>),
    /// Be in this room until told to leave; report with [`Device::handle_room`].
    Enter(Room),
    /// Leave this room.
    Leave(RoomId),
    /// Put a frame into a member's mailbox.
    Send {
        /// The room.
        room: RoomId,
        /// Whose mailbox.
        to: MemberKey,
        /// Ciphertext.
        bytes: Vec<u8>,
    },
    /// Show this.
    View(View),
    /// Call [`Device::handle_wake`] at this time, if not before.
    WakeAt(Timestamp),
}

/// What happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// This device is in the room with these members. `restarted`: the relay forgot what it held before.
    Entered {
        /// The members, this device included or not.
        members: Vec<MemberKey>,
        /// Those of them who are connected.
        online: Vec<MemberKey>,
        /// Whether what was sent before may be lost.
        restarted: bool,
    },
    /// Somebody came.
    Joined(MemberKey),
    /// Somebody is not connected any more.
    Left(MemberKey),
    /// A frame arrived.
    Frame {
        /// Whose it is said to be.
        from: MemberKey,
        /// Ciphertext.
        bytes: Vec<u8>,
    },
}

/// A device and everything it takes part in.
pub struct Device<R> {
    pub(crate) identity: Arc<DeviceIdentity>,
    pub(crate) name: String,
    pub(crate) lobbies: BTreeMap<RoomId, OpenLobby>,
    pub(crate) wallets: BTreeMap<RoomId, Wallet>,
    /// Rosters whose one ceremony began here.
    pub(crate) used: BTreeSet<[u8; 32]>,
    pub(crate) context: Context<R>,
}

/// What every step needs: randomness, the time, and where effects go.
pub(crate) struct Context<R> {
    pub(crate) rng: R,
    pub(crate) now: Timestamp,
    /// Secrets became superfluous in this step.
    pub(crate) compact: bool,
    /// How many presignatures of every signer set this device keeps ahead.
    pub(crate) presignatures_ahead: usize,
    out: VecDeque<Effect>,
}

impl<R: RngCore + CryptoRng> Context<R> {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.out.push_back(effect);
    }

    pub(crate) fn view(&mut self, view: View) {
        self.push(Effect::View(view));
    }

    pub(crate) fn persist(&mut self, record: &Record) {
        self.push(Effect::Persist(records::write(record)));
    }

    pub(crate) fn append(&mut self, record: &Record) {
        self.push(Effect::Append(records::write(record)));
    }

    pub(crate) fn entropy(&mut self) -> [u8; 32] {
        let mut entropy = [0; 32];
        self.rng.fill_bytes(&mut entropy);
        entropy
    }
}

impl<R: RngCore + CryptoRng> Device<R> {
    /// Rebuilds a device from its vault records, in order. It says nothing before [`Device::start`].
    ///
    /// # Errors
    /// [`ReplayError`] names the record that does not fit.
    pub fn replay(
        records: impl IntoIterator<Item = impl AsRef<[u8]>>,
        rng: R,
        now: Timestamp,
    ) -> Result<Self, ReplayError> {
        let mut records = records.into_iter().enumerate();
        let (_, first) = records.next().ok_or(ReplayError::NoDevice)?;
        let Record::Device { name, seed } = records::read(0, first.as_ref())? else {
            return Err(ReplayError::NoDevice);
        };
        let mut device = Self {
            identity: Arc::new(DeviceIdentity::from_seed(&seed)),
            name,
            lobbies: BTreeMap::new(),
            wallets: BTreeMap::new(),
            used: BTreeSet::new(),
            context: Context { rng, now, compact: false, presignatures_ahead: 0, out: VecDeque::new() },
        };
        device.fold(records)?;
        Ok(device)
    }

    /// Keeps so many presignatures of every signer set whose members are online. A device that stays does; one that
    /// answers a single command makes them when a request needs them.
    pub const fn keep_presignatures(&mut self, count: usize) {
        self.context.presignatures_ahead = count;
    }

    /// Returns this device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Enters the rooms of everything unfinished and of every wallet.
    pub fn start(&mut self, now: Timestamp) {
        self.context.now = now;
        let lobbies = self.lobbies.values().map(|lobby| lobby.room(&self.identity));
        let wallets = self.wallets.values().map(|wallet| wallet.room(&self.identity));
        let rooms: Vec<Room> = lobbies.chain(wallets).collect();
        rooms.into_iter().for_each(|room| self.context.push(Effect::Enter(room)));
        self.show_unconfirmed();
        self.resume_confirmed();
        self.settle();
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// [`CommandError`]: nothing changed.
    pub fn handle_command(&mut self, command: Command, now: Timestamp) -> Result<(), CommandError> {
        self.context.now = now;
        let outcome = self.dispatch(command);
        self.settle();
        outcome
    }

    fn dispatch(&mut self, command: Command) -> Result<(), CommandError> {
        match command {
            Command::Create { name, threshold, members, relay, invite_ttl, accept_words } => {
                self.create(name, (threshold, members), &relay, invite_ttl, accept_words)
            }
            Command::Join { invite, accept_words } => self.join(&invite, accept_words),
            Command::ConfirmWords { wallet, same } => self.confirm_words(wallet.as_deref(), same),
            Command::Abandon { wallet } => self.abandon(&wallet),
            Command::Pair { wallet, member } => self.renew_pair(wallet.as_deref(), &member),
            Command::List => {
                let wallets = self.wallets.values().map(Wallet::view).collect();
                let mut invites: Vec<_> = self.lobbies.values().map(OpenLobby::view).collect();
                invites.sort_by(|one, other| (&one.wallet, one.expires).cmp(&(&other.wallet, other.expires)));
                self.context.view(View::Wallets { wallets, invites });
                Ok(())
            }
            Command::Show { wallet } => {
                let room = self.find_wallet(wallet.as_deref())?;
                let wallet = self.wallets.get(&room).map(Wallet::view);
                wallet.into_iter().for_each(|wallet| self.context.view(View::Wallet { wallet }));
                Ok(())
            }
            Command::Addresses { wallet, account } => {
                let room = self.find_wallet(wallet.as_deref())?;
                self.with_wallet(room, |wallet, context| {
                    let addresses = accounts::addresses(&wallet.keys()?.shares, account);
                    context.view(View::Addresses { addresses });
                    Ok(())
                })
            }
            Command::Resume { request, ttl } => {
                let room = self.find_request(&request)?;
                self.with_wallet(room, |wallet, context| wallet.propose_again(&request, ttl, context))
            }
            Command::Propose { wallet, request, note, ttl } => {
                let room = self.find_wallet(wallet.as_deref())?;
                self.with_wallet(room, |wallet, context| wallet.propose(&request, note, ttl, context))
            }
            Command::Preview { wallet, request } => {
                let room = self.find_wallet(wallet.as_deref())?;
                self.with_wallet(room, |wallet, context| wallet.preview(&request, context))
            }
            Command::Requests => {
                let requests = self.wallets.values().flat_map(Wallet::requests).collect();
                self.context.view(View::Requests { requests });
                Ok(())
            }
            Command::Approve { request } => {
                let room = self.find_request(&request)?;
                self.with_wallet(room, |wallet, context| wallet.approve(&request, context))
            }
            Command::Refuse { request, reason } => {
                let room = self.find_request(&request)?;
                self.with_wallet(room, |wallet, context| wallet.refuse(&request, &reason, context))
            }
        }
    }

    /// Takes what a relay reports of a room.
    pub fn handle_room(&mut self, room: RoomId, event: RoomEvent, now: Timestamp) {
        self.context.now = now;
        if let Some(wallet) = self.wallets.get_mut(&room) {
            wallet.handle_room(event, &mut self.context);
        } else if let Some(lobby) = self.lobbies.get_mut(&room) {
            lobby.handle_room(event, now);
            lobby.news().into_iter().for_each(|view| self.context.view(view));
        }
        self.settle();
    }

    /// Does what time asks for.
    pub fn handle_wake(&mut self, now: Timestamp) {
        self.context.now = now;
        self.lobbies.values_mut().for_each(|lobby| lobby.lobby.handle_wake(now));
        self.wallets.values_mut().for_each(|wallet| wallet.handle_wake(&mut self.context));
        self.settle();
    }

    /// Returns the next effect. Drain until `None` before the next input.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.context.out.pop_front()
    }

    /// Returns the records that a compacted log holds: this state, without what led to it. Take it only when all
    /// effects are carried out: it stands for their records too.
    pub fn snapshot(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let seed = self.identity.seed().duplicate();
        let mut snapshot = vec![records::write(&Record::Device { name: self.name.clone(), seed })];
        let alive: BTreeSet<[u8; 32]> = self.wallets.values().map(Wallet::id).collect();
        let ended = self.used.difference(&alive);
        snapshot.extend(ended.map(|roster| records::write(&Record::Used { roster: *roster })));
        snapshot.extend(self.wallets.values().flat_map(Wallet::snapshot));
        snapshot.extend(
            self.lobbies.values().flat_map(OpenLobby::snapshot).map(|record| records::write(&record)),
        );
        snapshot
    }

    /// Returns whether nothing is unfinished: no lobby, no ceremony, no open request.
    pub fn is_idle(&self) -> bool {
        self.lobbies.is_empty() && self.wallets.values().all(Wallet::is_idle)
    }

    fn with_wallet(
        &mut self,
        room: RoomId,
        act: impl FnOnce(&mut Wallet, &mut Context<R>) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let wallet = self.wallets.get_mut(&room).ok_or(CommandError::NameOne(0))?;
        act(wallet, &mut self.context)
    }

    /// Finds a wallet by name, or by the beginning of its id.
    pub(crate) fn find_wallet(&self, name: Option<&str>) -> Result<RoomId, CommandError> {
        let Some(name) = name else {
            let mut rooms = self.wallets.keys();
            return match (rooms.next(), rooms.next()) {
                (Some(room), None) => Ok(*room),
                _ => Err(CommandError::NameOne(self.wallets.len())),
            };
        };
        let matches = |wallet: &&Wallet| {
            wallet.name() == name || (name.len() >= 4 && wallet.id_hex().starts_with(name))
        };
        let mut found = self.wallets.values().filter(matches);
        match (found.next(), found.next()) {
            (Some(wallet), None) => Ok(wallet.room_id()),
            (None, _) => Err(CommandError::NoSuchWallet(name.to_owned())),
            (Some(_), Some(_)) => Err(CommandError::Ambiguous(name.to_owned())),
        }
    }

    fn find_request(&self, request: &str) -> Result<RoomId, CommandError> {
        let mut found = self.wallets.values().filter(|wallet| wallet.find_session(request).is_some());
        match (found.next(), found.next()) {
            (Some(wallet), None) => Ok(wallet.room_id()),
            (None, _) => Err(CommandError::NoSuchRequest(request.to_owned())),
            (Some(_), Some(_)) => Err(CommandError::Ambiguous(request.to_owned())),
        }
    }

    /// Makes the pair with one member anew.
    fn renew_pair(&mut self, wallet: Option<&str>, member: &str) -> Result<(), CommandError> {
        let room = self.find_wallet(wallet)?;
        self.with_wallet(room, |wallet, context| {
            wallet.keys()?;
            let peer = wallet.seat.others().find(|(_, other)| other.name == member).map(|(id, _)| id);
            let renewed = peer.zip(wallet.reserve.as_mut());
            if renewed.is_some_and(|(peer, reserve)| reserve.renew_pair(peer, context.now)) {
                Ok(())
            } else {
                Err(CommandError::NoSuchMember(member.to_owned()))
            }
        })
    }

    /// Moves what the machines put out into the effects.
    fn settle(&mut self) {
        self.settle_lobbies();
        self.wallets.values_mut().for_each(|wallet| wallet.settle(&mut self.context));
        if core::mem::take(&mut self.context.compact) {
            let snapshot = self.snapshot();
            self.context.push(Effect::Compact(snapshot));
        }
    }
}

impl<R> core::fmt::Debug for Device<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Device").field("wallets", &self.wallets.len()).finish_non_exhaustive()
    }
}
