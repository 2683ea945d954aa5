//! Lobbies of this device: from an invite to a roster that people confirmed.

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Millis, Secret, Threshold, Timestamp};
use quorate_session::lobby::{Event, Lobby, Output, Plan, SignedRoster};
use quorate_transport::{DeviceIdentity, Invite, MemberKey, RoomId};
use rand_core::{CryptoRng, RngCore};

use crate::device::{Device, Effect, RoomEvent};
use crate::error::CommandError;
use crate::records::{LobbyRecord, PlanRecord, Record};
use crate::rooms::Room;
use crate::view::{InviteView, View};
use crate::wallet::Wallet;

/// Frames that arrive before the roster is confirmed, kept for the ceremony.
const MAX_EARLY_FRAMES: usize = 512;
const MAX_EARLY_BYTES: usize = 4 * 1024 * 1024;

/// What a wallet begins with.
pub(crate) struct Beginning {
    pub(crate) invite: Invite,
    /// It hears who saw other words; the creator's goes on telling the roster to members that missed it.
    pub(crate) lobby: Lobby,
    pub(crate) roster: Option<SignedRoster>,
    pub(crate) early: Vec<(MemberKey, Vec<u8>)>,
    pub(crate) online: Vec<MemberKey>,
}

/// A lobby that is open on this device.
pub(crate) struct OpenLobby {
    pub(crate) lobby: Lobby,
    record: LobbyRecord,
    complete: Option<SignedRoster>,
    early: Vec<(MemberKey, Vec<u8>)>,
    online: BTreeSet<MemberKey>,
    /// How many devices were last said to be here.
    told: usize,
}

impl OpenLobby {
    /// Opens a lobby again from its record, and from the roster if that was complete.
    pub(crate) fn open(
        identity: &Arc<DeviceIdentity>,
        name: &str,
        record: LobbyRecord,
        complete: Option<SignedRoster>,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, CommandError> {
        let invite = Invite::parse(record.invite.expose())?;
        let identity = Arc::clone(identity);
        let lobby = match (&record.plan, &complete) {
            (None, None) => Lobby::join(identity, invite, name, entropy, now)?,
            // The group is complete: that the invite has expired meanwhile changes nothing.
            (None, Some(roster)) => Lobby::rejoin(identity, invite, name, roster.clone(), entropy, now)?,
            (Some(_), Some(roster)) => Lobby::restore(identity, invite, name, roster.clone(), entropy, now)?,
            (Some(plan), None) => {
                let plan = Plan {
                    wallet_name: plan.wallet_name.clone(),
                    purposes: plan.purposes.clone(),
                    group: plan.group,
                };
                Lobby::create(identity, invite, name, plan, entropy, now)?
            }
        };
        Ok(Self { lobby, record, complete, early: Vec::new(), online: BTreeSet::new(), told: 0 })
    }

    pub(crate) fn room(&self, identity: &DeviceIdentity) -> Room {
        Room::of(identity, self.lobby.invite())
    }

    pub(crate) fn room_id(&self) -> RoomId {
        self.lobby.invite().room_token().room()
    }

    pub(crate) fn handle_room(&mut self, event: RoomEvent, now: Timestamp) {
        match event {
            RoomEvent::Entered { members, online, restarted } => {
                self.online = online.into_iter().collect();
                if restarted {
                    self.lobby.handle_reconnected(now);
                }
                self.lobby.handle_members(&members);
            }
            RoomEvent::Joined(member) => {
                self.online.insert(member);
                self.lobby.handle_members(&[member]);
            }
            RoomEvent::Left(member) => {
                self.online.remove(&member);
            }
            RoomEvent::Frame { from, bytes } => {
                if !self.lobby.handle_frame(from, &bytes) {
                    self.keep_early(from, bytes);
                }
            }
        }
    }

    /// Returns how many devices are here, to those who joined: when it has changed, and while some are awaited. The relay
    /// counts them; who they are is in the list of members.
    pub(crate) fn news(&mut self) -> Option<View> {
        let total = self.lobby.invite().threshold.max_signers();
        let present = self.lobby.present().min(total.into());
        if self.record.plan.is_some() || self.complete.is_some() || present == self.told {
            return None;
        }
        self.told = present;
        Some(View::Present { present, total })
    }

    /// Others may begin before this device's person has compared the words.
    fn keep_early(&mut self, from: MemberKey, bytes: Vec<u8>) {
        let held: usize = self.early.iter().map(|(_, frame)| frame.len()).sum();
        if self.early.len() < MAX_EARLY_FRAMES && held + bytes.len() <= MAX_EARLY_BYTES {
            self.early.push((from, bytes));
        }
    }

    /// Returns what a person sees of it.
    pub(crate) fn view(&self) -> InviteView {
        let invite = self.lobby.invite();
        InviteView {
            id: hex::encode(self.room_id().0),
            wallet: self.name().map(str::to_owned),
            threshold: invite.threshold,
            created_here: self.record.plan.is_some(),
            present: self.lobby.present(),
            complete: self.complete.is_some(),
            expires: invite.expires,
        }
    }

    fn name(&self) -> Option<&str> {
        let complete = self.complete.as_ref().map(|signed| signed.roster.wallet_name.as_str());
        complete.or(self.record.plan.as_ref().map(|plan| plan.wallet_name.as_str()))
    }

    pub(crate) fn snapshot(&self) -> Vec<Record> {
        let record = LobbyRecord {
            invite: self.record.invite.duplicate(),
            plan: self.record.plan.clone(),
            accept_words: self.record.accept_words,
        };
        let roster = self.complete.as_ref().map(|roster| Record::Roster {
            invite: self.record.invite.duplicate(),
            roster: roster.clone(),
            by_me: self.record.plan.is_some(),
        });
        [Record::Lobby(record)].into_iter().chain(roster).collect()
    }

    /// Takes apart what a wallet begins with.
    pub(crate) fn into_beginning(self) -> Beginning {
        let invite = Invite {
            relay: self.lobby.invite().relay.clone(),
            secret: self.lobby.invite().secret.duplicate(),
            creator: self.lobby.invite().creator,
            threshold: self.lobby.invite().threshold,
            expires: self.lobby.invite().expires,
        };
        let online = self.online.into_iter().collect();
        Beginning { invite, lobby: self.lobby, roster: self.complete, early: self.early, online }
    }
}

impl<R: RngCore + CryptoRng> Device<R> {
    pub(crate) fn create(
        &mut self,
        name: String,
        (min_signers, max_signers): (u16, u16),
        relay: &str,
        ttl: Millis,
        accept_words: bool,
    ) -> Result<(), CommandError> {
        if self.wallets.values().any(|wallet| wallet.name() == name) {
            return Err(CommandError::Taken(name));
        }
        let threshold = Threshold::new(min_signers, max_signers)?;
        let expires = self.context.now.after(ttl);
        let creator = self.identity.public().fingerprint();
        let invite = Invite::generate(&mut self.context.rng, relay.parse()?, creator, threshold, expires);
        let group = self.context.entropy();
        let plan = PlanRecord { wallet_name: name, purposes: KeyPurpose::ALL.to_vec(), group };
        let text = invite.to_text().to_string();
        self.open_lobby(LobbyRecord { invite: Secret::new(text.clone()), plan: Some(plan), accept_words })?;
        self.context.view(View::Invite { invite: text, expires });
        Ok(())
    }

    pub(crate) fn join(&mut self, invite: &str, accept_words: bool) -> Result<(), CommandError> {
        let invite = Invite::parse(invite)?;
        let room = invite.room_token().room();
        if self.lobbies.contains_key(&room) || self.wallets.contains_key(&room) {
            return Ok(());
        }
        let text = Secret::new(invite.to_text().to_string());
        self.open_lobby(LobbyRecord { invite: text, plan: None, accept_words })
    }

    fn open_lobby(&mut self, record: LobbyRecord) -> Result<(), CommandError> {
        let entropy = self.context.entropy();
        let copy = LobbyRecord {
            invite: record.invite.duplicate(),
            plan: record.plan.clone(),
            accept_words: record.accept_words,
        };
        let lobby = OpenLobby::open(&self.identity, &self.name, record, None, &entropy, self.context.now)?;
        self.context.persist(&Record::Lobby(copy));
        self.context.push(Effect::Enter(lobby.room(&self.identity)));
        self.lobbies.insert(lobby.room_id(), lobby);
        Ok(())
    }

    /// Closes the one lobby of that name, or whose id begins so; returns whether there was one.
    pub(crate) fn abandon_lobby(&mut self, name: &str) -> Result<bool, CommandError> {
        let named = |(room, lobby): &(&RoomId, &OpenLobby)| {
            lobby.name() == Some(name) || (name.len() >= 4 && hex::encode(room.0).starts_with(name))
        };
        let mut found = self.lobbies.iter().filter(named).map(|(room, _)| *room);
        match (found.next(), found.next()) {
            (None, _) => Ok(false),
            (Some(_), Some(_)) => Err(CommandError::Ambiguous(name.to_owned())),
            (Some(room), None) => {
                self.close_lobby(room, "given up on this device");
                Ok(true)
            }
        }
    }

    /// A person has compared the words of one group.
    pub(crate) fn confirm_words(&mut self, wallet: Option<&str>, same: bool) -> Result<(), CommandError> {
        let named = |lobby: &OpenLobby| {
            let complete = lobby.complete.as_ref().map(|signed| signed.roster.wallet_name.as_str());
            complete.is_some_and(|name| wallet.is_none_or(|wallet| wallet == name))
        };
        let mut waiting = self.lobbies.iter().filter(|(_, lobby)| named(lobby)).map(|(room, _)| *room);
        let room = match (waiting.next(), waiting.next()) {
            (Some(room), None) => room,
            (None, _) => return Err(CommandError::NothingToConfirm),
            (Some(_), Some(_)) => return Err(CommandError::Ambiguous(wallet.unwrap_or_default().to_owned())),
        };
        if same {
            self.begin(room);
        } else {
            if let Some(open) = self.lobbies.get_mut(&room) {
                open.lobby.object();
            }
            self.settle_lobbies();
            self.close_lobby(room, "the safety words differ: somebody is between the devices");
        }
        Ok(())
    }

    /// After a restart: words that nobody confirmed are shown again.
    pub(crate) fn show_unconfirmed(&mut self) {
        let unconfirmed = self.lobbies.values().filter(|lobby| !lobby.record.accept_words);
        let views: Vec<View> = unconfirmed
            .filter_map(|l| l.complete.as_ref())
            .map(|roster| safety_words(roster, true))
            .collect();
        views.into_iter().for_each(|view| self.context.view(view));
    }

    /// After a restart: what was confirmed before goes on.
    pub(crate) fn resume_confirmed(&mut self) {
        let confirmed = self.lobbies.iter().filter(|(_, l)| l.complete.is_some() && l.record.accept_words);
        let rooms: Vec<RoomId> = confirmed.map(|(room, _)| *room).collect();
        rooms.into_iter().for_each(|room| self.begin(room));
    }

    fn close_lobby(&mut self, room: RoomId, reason: &str) {
        self.lobbies.remove(&room);
        self.context.persist(&Record::LobbyClosed { room: room.0 });
        self.context.push(Effect::Leave(room));
        self.context.view(View::NotAdmitted { reason: reason.to_owned() });
    }

    /// Carries out what lobbies put out.
    pub(crate) fn settle_lobbies(&mut self) {
        let rooms: Vec<RoomId> = self.lobbies.keys().copied().collect();
        for room in rooms {
            while let Some(output) = self.lobbies.get_mut(&room).and_then(|lobby| lobby.lobby.poll_output()) {
                match output {
                    Output::Send(frame) => {
                        self.context.push(Effect::Send { room, to: frame.to, bytes: frame.bytes });
                    }
                    Output::WakeAt(at) => self.context.push(Effect::WakeAt(at)),
                    Output::Event(event) => self.handle_lobby_event(room, event),
                }
            }
            self.begin_if_confirmed(room);
        }
    }

    fn handle_lobby_event(&mut self, room: RoomId, event: Event) {
        let Some(open) = self.lobbies.get_mut(&room) else { return };
        match event {
            Event::Arrived { name, present } => {
                let total = open.lobby.invite().threshold.max_signers();
                self.context.view(View::Arrived { name, present, total });
            }
            Event::Refused { reason } => self.close_lobby(room, &reason),
            Event::Objected { name } => {
                self.close_lobby(room, &format!("{name} says the safety words differ"));
            }
            Event::Complete(roster) if self.used.contains(&roster.roster.hash()) => {
                self.close_lobby(
                    room,
                    "this group had its ceremony on this device before: ask for a new invite",
                );
            }
            Event::Complete(roster) => {
                open.complete = Some(roster.clone());
                let by_me = open.record.plan.is_some();
                let invite = open.record.invite.duplicate();
                self.context.persist(&Record::Roster { invite, roster: roster.clone(), by_me });
                self.context.view(safety_words(&roster, !open.record.accept_words));
            }
        }
    }

    fn begin_if_confirmed(&mut self, room: RoomId) {
        let confirmed = |lobby: &OpenLobby| lobby.complete.is_some() && lobby.record.accept_words;
        if self.lobbies.get(&room).is_some_and(confirmed) {
            self.begin(room);
        }
    }

    /// The lobby becomes a wallet in the making.
    fn begin(&mut self, room: RoomId) {
        let Some(open) = self.lobbies.remove(&room) else { return };
        match Wallet::begin(&self.identity, open, &mut self.context) {
            Ok(wallet) => {
                self.used.insert(wallet.id());
                self.wallets.insert(room, wallet);
            }
            Err(reason) => self.close_lobby(room, &reason),
        }
    }
}

fn safety_words(roster: &SignedRoster, confirm: bool) -> View {
    View::SafetyWords {
        wallet: roster.roster.wallet_name.clone(),
        words: roster.roster.safety_words().into_iter().map(str::to_owned).collect(),
        members: roster.roster.members.iter().map(|member| member.name.clone()).collect(),
        confirm,
    }
}
