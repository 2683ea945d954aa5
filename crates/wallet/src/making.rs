//! A wallet in the making, and how logs become wallets again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{ParticipantId, Timestamp};
use quorate_session::keygen::{self, Event, FLIGHTS, Failure, Keygen};
use quorate_session::lobby::{Event as LobbyEvent, Output as LobbyOutput, SignedRoster};
use quorate_session::output::Output;
use quorate_session::{pairing, signing};
use quorate_threshold::KeyShare;
use quorate_transport::{Invite, RoomId};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::device::{Context, Device, Effect};
use crate::error::CommandError;
use crate::lobbies::{Beginning, OpenLobby};
use crate::records::{self, LobbyRecord, Record, ReplayError, WalletRecord};
use crate::requests::Session;
use crate::view::View;
use crate::wallet::{Keys, Stage, Wallet};

impl Wallet {
    /// While keys are made, the creator's lobby goes on repeating the roster, and everybody's hears who saw other words.
    pub(crate) fn settle_lobby<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let room = self.room_id();
        while let Some(output) = self.lobby.as_mut().and_then(|lobby| lobby.poll_output()) {
            match output {
                LobbyOutput::Send(frame) => {
                    context.push(Effect::Send { room, to: frame.to, bytes: frame.bytes });
                }
                LobbyOutput::WakeAt(at) => context.push(Effect::WakeAt(at)),
                LobbyOutput::Event(LobbyEvent::Objected { name }) => {
                    let by = self.seat.roster().participants().find(|(_, member)| member.name == name);
                    if let (Stage::Making(keygen), Some((by, _))) = (&mut self.stage, by) {
                        keygen.handle_objection(by, context.now);
                    }
                }
                LobbyOutput::Event(
                    LobbyEvent::Arrived { .. } | LobbyEvent::Complete(_) | LobbyEvent::Refused { .. },
                ) => {}
            }
        }
    }

    /// Carries out what the ceremony puts out.
    pub(crate) fn settle_keygen<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        while let Stage::Making(keygen) = &mut self.stage {
            let Some(output) = keygen.poll_output() else { return };
            let wallet = self.id();
            match output {
                Output::Persist(mutation) | Output::Append(mutation) => {
                    let record = records::write(&Record::Keygen { wallet, mutation });
                    self.ceremony.push(record.clone());
                    context.push(Effect::Persist(record));
                }
                Output::Send(to, envelope) => self.send(to, &envelope, context),
                Output::WakeAt(at) => context.push(Effect::WakeAt(at)),
                Output::Event(event) => self.handle_keygen_event(event, context),
            }
        }
    }

    fn handle_keygen_event<R: RngCore + CryptoRng>(&mut self, event: Event, context: &mut Context<R>) {
        let wallet = self.name().to_owned();
        match event {
            Event::Progress { done } => {
                let awaiting = self.awaited();
                let phase = phase_name(done).to_owned();
                context.view(View::Progress { wallet, done, of: FLIGHTS, phase, awaiting });
            }
            Event::Pending { missing, failure } => {
                let awaiting = self.member_names(&missing);
                let reason = failure.map(|failure| self.named(&failure.to_string()));
                context.view(View::Pending { wallet, awaiting, reason });
            }
            Event::Failed(failure) => {
                context.view(self.failed_view(&failure));
                self.stage = Stage::Failed(failure.to_string());
                self.lobby = None;
            }
            Event::Finished => self.become_ready(context),
        }
    }

    fn become_ready<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let Stage::Making(keygen) = &self.stage else { return };
        let Some((outcome, certificate)) = keygen.finished() else { return };
        let shares = outcome.shares.iter().map(KeyShare::duplicate).collect();
        self.stage = Stage::Ready(Keys { shares, certificate: certificate.clone() });
        self.lobby = None;
        self.ceremony.clear();
        context.view(View::Ready { wallet: self.view() });
        self.start_reserve(BTreeMap::new(), context);
        context.compact = true;
    }

    fn failed_view(&self, failure: &Failure) -> View {
        View::CeremonyFailed {
            wallet: self.name().to_owned(),
            reason: self.named(&failure.to_string()),
            culprit: failure.culprit().map(|id| self.member_name(id)),
        }
    }

    fn awaited(&self) -> Vec<String> {
        let missing: Vec<ParticipantId> = match &self.stage {
            Stage::Making(keygen) => keygen.missing(),
            Stage::Ready(_) | Stage::Failed(_) => Vec::new(),
        };
        self.member_names(&missing)
    }
}

const fn phase_name(done: u8) -> &'static str {
    match done {
        0 => "announcing",
        1 => "committing",
        2 => "dealing",
        3 => "comparing what everybody saw",
        4 => "exchanging shares",
        5 => "certifying",
        _ => "done",
    }
}

impl<R: RngCore + CryptoRng> Device<R> {
    /// Ends an unfinished ceremony, or a lobby, by a person's decision.
    pub(crate) fn abandon(&mut self, wallet: &str) -> Result<(), CommandError> {
        if self.abandon_lobby(wallet)? {
            return Ok(());
        }
        let room = self.find_wallet(Some(wallet))?;
        let now = self.context.now;
        match self.wallets.get_mut(&room).map(|wallet| &mut wallet.stage) {
            Some(Stage::Making(keygen)) => keygen.cancel(now),
            Some(Stage::Failed(_)) => {
                self.wallets.remove(&room);
                self.context.push(Effect::Leave(room));
                self.context.compact = true;
            }
            Some(Stage::Ready(_)) | None => return Err(CommandError::NoSuchWallet(wallet.to_owned())),
        }
        Ok(())
    }

    /// Folds the records after the first.
    pub(crate) fn fold(
        &mut self,
        records: impl Iterator<Item = (usize, impl AsRef<[u8]>)>,
    ) -> Result<(), ReplayError> {
        let mut logs = Logs::default();
        for (index, bytes) in records {
            let record = records::read(index, bytes.as_ref())?;
            logs.add(record).map_err(|what| ReplayError::OutOfOrder { index, what })?;
        }
        logs.finish(self).map_err(|what| ReplayError::OutOfOrder { index: usize::MAX, what })
    }
}

/// Logs of machines, collected before they are replayed.
#[derive(Default)]
struct Logs {
    lobbies: BTreeMap<RoomId, LobbyRecord>,
    rosters: BTreeMap<RoomId, SignedRoster>,
    wallets: Vec<WalletRecord>,
    keygens: BTreeMap<[u8; 32], Vec<keygen::Mutation>>,
    signings: BTreeMap<[u8; 32], BTreeMap<[u8; 32], Vec<signing::Mutation>>>,
    used: BTreeSet<[u8; 32]>,
    pairs: BTreeMap<[u8; 32], BTreeMap<ParticipantId, Vec<pairing::Mutation>>>,
}

impl Logs {
    fn add(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Device { .. } => return Err("a second device".to_owned()),
            Record::Lobby(lobby) => {
                let room = parse(lobby.invite.expose())?.room_token().room();
                self.lobbies.insert(room, lobby);
            }
            Record::LobbyClosed { room } => {
                self.lobbies.remove(&RoomId(room));
                self.rosters.remove(&RoomId(room));
            }
            Record::Roster { invite, roster, .. } => {
                self.rosters.insert(parse(invite.expose())?.room_token().room(), roster);
            }
            Record::Keygen { wallet, mutation } => self.keygens.entry(wallet).or_default().push(mutation),
            Record::Signing { wallet, session, mutation } => {
                self.signings.entry(wallet).or_default().entry(session).or_default().push(mutation);
            }
            Record::Used { roster } => {
                self.used.insert(roster);
            }
            Record::Wallet(wallet) => self.wallets.push(wallet),
            Record::Pair { wallet, peer, mutation } => {
                self.pairs.entry(wallet).or_default().entry(peer).or_default().push(mutation);
            }
        }
        Ok(())
    }

    fn finish<R: RngCore + CryptoRng>(mut self, device: &mut Device<R>) -> Result<(), String> {
        device.used.append(&mut self.used);
        device.used.extend(self.keygens.keys());
        for record in core::mem::take(&mut self.wallets) {
            let wallet = restore(device, record)?;
            device.used.insert(wallet.id());
            device.wallets.insert(wallet.room_id(), wallet);
        }
        for (room, record) in core::mem::take(&mut self.lobbies) {
            let roster = self.rosters.remove(&room);
            let entropy = device.context.entropy();
            let now = device.context.now;
            let opened =
                OpenLobby::open(&device.identity, &device.name, record, roster.clone(), &entropy, now);
            let open = match opened {
                Ok(open) => open,
                // An invite that expired meanwhile leads nowhere, unless its group is complete.
                Err(_) if roster.is_none() => continue,
                Err(error) => return Err(error.to_string()),
            };
            let begun = roster.and_then(|roster| self.keygens.remove(&roster.roster.hash()));
            match begun {
                None => {
                    device.lobbies.insert(room, open);
                }
                Some(log) => {
                    let wallet = replay_ceremony(device, open, log)?;
                    device.wallets.insert(room, wallet);
                }
            }
        }
        for wallet in device.wallets.values_mut() {
            wallet.start_reserve(self.pairs.remove(&wallet.id()).unwrap_or_default(), &mut device.context);
            if let Some(sessions) = self.signings.remove(&wallet.id()) {
                replay_sessions(wallet, sessions, &mut device.context);
            }
        }
        Ok(())
    }
}

fn parse(invite: &str) -> Result<Invite, String> {
    Invite::parse(invite).map_err(|error| error.to_string())
}

fn restore<R: RngCore + CryptoRng>(device: &Device<R>, record: WalletRecord) -> Result<Wallet, String> {
    let WalletRecord { invite, roster, shares, certificate } = record;
    let keys = Keys { shares, certificate };
    Wallet::seated(&device.identity, parse(invite.expose())?, roster, None, |_| Ok(Stage::Ready(keys)))
}

fn replay_ceremony<R: RngCore + CryptoRng>(
    device: &Device<R>,
    open: OpenLobby,
    log: Vec<keygen::Mutation>,
) -> Result<Wallet, String> {
    let mut ceremony: Vec<Zeroizing<Vec<u8>>> = open.snapshot().iter().map(records::write).collect();
    let Beginning { invite, lobby, roster, .. } = open.into_beginning();
    let roster = roster.ok_or("a ceremony without a roster")?.roster;
    let wallet = roster.hash();
    let now: Timestamp = device.context.now;
    let log = log.into_iter().filter_map(|mutation| {
        let record = Record::Keygen { wallet, mutation };
        ceremony.push(records::write(&record));
        match record {
            Record::Keygen { mutation, .. } => Some(mutation),
            _ => None,
        }
    });
    let log: Vec<keygen::Mutation> = log.collect();
    let mut wallet = Wallet::seated(&device.identity, invite, roster, Some(lobby), |seat| {
        // A log that can not be replayed costs this ceremony, not the device.
        let keygen = Keygen::replay(Arc::clone(&seat), log, keygen::DEFAULT_PATIENCE, now);
        Ok(keygen.map_or_else(|error| Stage::Failed(error.to_string()), stage_of))
    })?;
    wallet.ceremony = ceremony;
    Ok(wallet)
}

/// Returns the stage that a replayed ceremony has reached.
fn stage_of(keygen: Keygen) -> Stage {
    if let Some((outcome, certificate)) = keygen.finished() {
        let shares = outcome.shares.iter().map(KeyShare::duplicate).collect();
        return Stage::Ready(Keys { shares, certificate: certificate.clone() });
    }
    match keygen.failure() {
        Some(failure) => Stage::Failed(failure.to_string()),
        None => Stage::Making(Box::new(keygen)),
    }
}

fn replay_sessions<R: RngCore + CryptoRng>(
    wallet: &mut Wallet,
    sessions: BTreeMap<[u8; 32], Vec<signing::Mutation>>,
    context: &mut Context<R>,
) {
    let Stage::Ready(keys) = &wallet.stage else { return };
    for (id, log) in sessions {
        // A session that can not be replayed is dead, which is always safe: its nonces are gone.
        if let Some(session) = Session::replay(&wallet.seat, keys, log, context.now) {
            wallet.sessions.insert(id, session);
        }
    }
}
