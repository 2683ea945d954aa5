//! One wallet on this device: its roster, its mail, and what it is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{ParticipantId, Secret};
use quorate_session::certificate::Certificate;
use quorate_session::courier::Courier;
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::keygen::{self, Keygen};
use quorate_session::lobby::Lobby;
use quorate_session::reserve::Reserve;
use quorate_session::roster::{Member, Roster};
use quorate_session::seat::Seat;
use quorate_session::signing;
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;
use quorate_transport::{DeviceIdentity, Invite, MemberKey, RoomId};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::accounts;
use crate::device::{Context, Effect, RoomEvent};
use crate::error::CommandError;
use crate::lobbies::{Beginning, OpenLobby};
use crate::records::{self, Record, WalletRecord};
use crate::requests::{Forgotten, Session};
use crate::rooms::Room;
use crate::view::{KeyView, MemberView, WalletView};

/// A wallet, from its first ceremony on.
pub(crate) struct Wallet {
    pub(crate) seat: Arc<Seat>,
    pub(crate) courier: Courier,
    pub(crate) invite: Invite,
    /// Until there are keys.
    pub(crate) lobby: Option<Lobby>,
    pub(crate) stage: Stage,
    /// The records of an unfinished or failed ceremony, as they are in the log.
    pub(crate) ceremony: Vec<Zeroizing<Vec<u8>>>,
    pub(crate) sessions: BTreeMap<[u8; 32], Session>,
    pub(crate) forgotten: Forgotten,
    /// Who is connected.
    pub(crate) online: BTreeSet<ParticipantId>,
    /// What the ECDSA key needs, once there is one.
    pub(crate) reserve: Option<Reserve>,
}

pub(crate) enum Stage {
    Making(Box<Keygen>),
    Ready(Keys),
    Failed(String),
}

/// Certified keys.
pub(crate) struct Keys {
    pub(crate) shares: Vec<KeyShare>,
    pub(crate) certificate: Certificate,
}

impl Wallet {
    /// Takes a seat in a roster.
    pub(crate) fn seated(
        identity: &Arc<DeviceIdentity>,
        invite: Invite,
        roster: Roster,
        lobby: Option<Lobby>,
        stage: impl FnOnce(Arc<Seat>) -> Result<Stage, String>,
    ) -> Result<Self, String> {
        let seat = Seat::new(Arc::clone(identity), roster).map_err(|error| error.to_string())?;
        let seat = Arc::new(seat);
        let courier = Courier::new(Arc::clone(&seat)).map_err(|error| error.to_string())?;
        let stage = stage(Arc::clone(&seat))?;
        let (ceremony, sessions, forgotten) = (Vec::new(), BTreeMap::new(), Forgotten::new());
        let (online, reserve) = (BTreeSet::new(), None);
        Ok(Self { seat, courier, invite, lobby, stage, ceremony, sessions, forgotten, online, reserve })
    }

    /// Begins the key ceremony of a lobby whose words were confirmed.
    pub(crate) fn begin<R: RngCore + CryptoRng>(
        identity: &Arc<DeviceIdentity>,
        open: OpenLobby,
        context: &mut Context<R>,
    ) -> Result<Self, String> {
        let ceremony = open.snapshot().iter().map(records::write).collect();
        let Beginning { invite, lobby, roster, early, online } = open.into_beginning();
        let roster = roster.ok_or("the roster is not complete")?.roster;
        let seed = Secret::new(context.entropy());
        let now = context.now;
        let mut wallet = Self::seated(identity, invite, roster, Some(lobby), |seat| {
            let keygen = Keygen::start(seat, seed, keygen::DEFAULT_PATIENCE, now);
            keygen.map(|keygen| Stage::Making(Box::new(keygen))).map_err(|fault| fault.to_string())
        })?;
        wallet.ceremony = ceremony;
        wallet.hear_who_is_online(&online, true);
        wallet.settle(context);
        for (from, bytes) in early {
            wallet.handle_room(RoomEvent::Frame { from, bytes }, context);
        }
        Ok(wallet)
    }

    pub(crate) fn name(&self) -> &str {
        &self.seat.roster().wallet_name
    }

    /// Returns the wallet's id: its roster's hash.
    pub(crate) fn id(&self) -> [u8; 32] {
        *self.seat.roster_hash()
    }

    pub(crate) fn id_hex(&self) -> String {
        hex::encode(self.id())
    }

    pub(crate) fn room_id(&self) -> RoomId {
        self.invite.room_token().room()
    }

    pub(crate) fn room(&self, identity: &DeviceIdentity) -> Room {
        Room::of(identity, &self.invite)
    }

    pub(crate) fn keys(&self) -> Result<&Keys, CommandError> {
        match &self.stage {
            Stage::Ready(keys) => Ok(keys),
            Stage::Making(_) | Stage::Failed(_) => Err(CommandError::NotReady(self.name().to_owned())),
        }
    }

    pub(crate) fn member_name(&self, id: ParticipantId) -> String {
        self.seat
            .roster()
            .member(id)
            .map_or_else(|| format!("participant {id}"), |member| member.name.clone())
    }

    pub(crate) fn member_names(&self, ids: &[ParticipantId]) -> Vec<String> {
        ids.iter().map(|id| self.member_name(*id)).collect()
    }

    /// Puts members' names in place of their numbers, in the words of a machine that knows numbers only.
    pub(crate) fn named(&self, text: &str) -> String {
        let mut parts = text.split("participant ");
        let mut named = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at_checked(digits).unwrap_or(("", part));
            let number: Option<u16> = number.parse().ok();
            match self.seat.roster().participants().find(|(id, _)| Some(id.get()) == number) {
                Some((_, member)) => named.extend([member.name.as_str(), rest]),
                None => named.extend(["participant ", part]),
            }
        }
        named
    }

    pub(crate) fn is_idle(&self) -> bool {
        !matches!(self.stage, Stage::Making(_))
            && self.sessions.values().all(|session| !session.signing.is_open())
    }

    pub(crate) fn handle_room<R: RngCore + CryptoRng>(&mut self, event: RoomEvent, context: &mut Context<R>) {
        match event {
            RoomEvent::Entered { members, online, restarted } => {
                self.hear_who_is_online(&online, true);
                self.handle_entered(&members, restarted, context);
            }
            RoomEvent::Left(member) => self.hear_who_left(member),
            RoomEvent::Joined(member) => {
                self.hear_who_is_online(&[member], false);
                if let Some(lobby) = &mut self.lobby {
                    lobby.handle_members(&[member]);
                }
            }
            RoomEvent::Frame { from, bytes } => self.handle_frame(from, &bytes, context),
        }
        self.settle(context);
    }

    fn handle_entered<R: RngCore + CryptoRng>(
        &mut self,
        members: &[MemberKey],
        restarted: bool,
        context: &mut Context<R>,
    ) {
        if let Some(lobby) = &mut self.lobby {
            lobby.handle_members(members);
        }
        if !restarted {
            return;
        }
        if let Stage::Making(keygen) = &mut self.stage {
            keygen.handle_reconnected(context.now);
        }
        self.sessions.values_mut().for_each(|session| session.signing.handle_reconnected(context.now));
        if let Some(reserve) = &mut self.reserve {
            reserve.handle_reconnected(context.now);
        }
    }

    fn handle_frame<R: RngCore + CryptoRng>(
        &mut self,
        from: MemberKey,
        bytes: &[u8],
        context: &mut Context<R>,
    ) {
        match self.courier.open(&from, bytes, context.now) {
            Ok(Some(envelope)) => self.handle_envelope(envelope, context),
            Ok(None) => {}
            Err(_dropped) => {
                if let Some(lobby) = &mut self.lobby {
                    lobby.handle_frame(from, bytes);
                }
            }
        }
    }

    fn handle_envelope<R: RngCore + CryptoRng>(&mut self, envelope: Envelope, context: &mut Context<R>) {
        match (envelope.header.protocol, &mut self.stage) {
            (Protocol::Keygen, Stage::Making(keygen)) => keygen.handle_envelope(envelope, context.now),
            (Protocol::Keygen, Stage::Ready(keys)) => {
                let answer = keygen::answer_with_certificate(&self.seat, &keys.certificate, &envelope);
                if let Some(answer) = answer {
                    self.send(Recipient::One(envelope.header.sender), &answer, context);
                }
            }
            (Protocol::Signing, Stage::Ready(_)) => self.handle_signing(envelope, context),
            (Protocol::Pairing | Protocol::Presigning, Stage::Ready(_)) => {
                if let Some(reserve) = &mut self.reserve {
                    reserve.handle_envelope(envelope, &mut context.rng, context.now);
                }
            }
            (Protocol::Keygen, Stage::Failed(_))
            | (
                Protocol::Signing | Protocol::Pairing | Protocol::Presigning,
                Stage::Making(_) | Stage::Failed(_),
            ) => {}
        }
    }

    pub(crate) fn handle_wake<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let now = context.now;
        if let Some(lobby) = &mut self.lobby {
            lobby.handle_wake(now);
        }
        if let Stage::Making(keygen) = &mut self.stage {
            keygen.handle_wake(now);
        }
        self.sessions.values_mut().for_each(|session| session.signing.handle_wake(now));
        if let Some(reserve) = &mut self.reserve {
            reserve.handle_wake(now);
        }
    }

    /// Moves what the machines put out into effects.
    pub(crate) fn settle<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        self.settle_lobby(context);
        self.settle_keygen(context);
        self.settle_sessions(context);
        self.settle_reserve(context);
        self.settle_sessions(context);
    }

    pub(crate) fn send<R: RngCore + CryptoRng>(
        &self,
        to: Recipient,
        envelope: &Envelope,
        context: &mut Context<R>,
    ) {
        let room = self.room_id();
        for frame in self.courier.seal(&mut context.rng, to, envelope) {
            context.push(Effect::Send { room, to: frame.to, bytes: frame.bytes });
        }
    }

    /// Returns the records that hold this wallet in a compacted log.
    pub(crate) fn snapshot(&self) -> Vec<Zeroizing<Vec<u8>>> {
        match &self.stage {
            // What failed stays in the list until a person gives it up.
            Stage::Making(_) | Stage::Failed(_) => self.ceremony.clone(),
            Stage::Ready(keys) => self.ready_snapshot(keys).iter().map(records::write).collect(),
        }
    }

    /// Sessions without a burn or a signature are left out once they are over: their nonces are gone.
    fn ready_snapshot(&self, keys: &Keys) -> Vec<Record> {
        let wallet = WalletRecord {
            invite: Secret::new(self.invite.to_text().to_string()),
            roster: self.seat.roster().clone(),
            shares: keys.shares.iter().map(KeyShare::duplicate).collect(),
            certificate: keys.certificate.clone(),
        };
        let kept = self.sessions.iter().filter(|(_, session)| session.is_worth_keeping());
        let sessions = kept.flat_map(|(id, session)| {
            let record = |mutation: &signing::Mutation| Record::Signing {
                wallet: self.id(),
                session: *id,
                mutation: mutation.clone(),
            };
            session.log.iter().map(record).collect::<Vec<_>>()
        });
        [Record::Wallet(wallet)].into_iter().chain(self.pair_records()).chain(sessions).collect()
    }

    /// Returns what a person sees of it.
    pub(crate) fn view(&self) -> WalletView {
        let roster = self.seat.roster();
        let (state, shares, reason): (&str, &[KeyShare], _) = match &self.stage {
            Stage::Making(_) => ("making", &[], None),
            Stage::Ready(keys) => ("ready", &keys.shares, None),
            Stage::Failed(reason) => ("failed", &[], Some(self.named(reason))),
        };
        let member = |(id, member): (ParticipantId, &Member)| MemberView {
            participant: id.get(),
            name: member.name.clone(),
            this_device: id == self.seat.me(),
            fingerprint: hex::encode(member.identity.fingerprint().0),
        };
        let key = |share: &KeyShare| KeyView {
            purpose: share.public.purpose,
            public_key: hex::encode(&share.public.group_key),
        };
        WalletView {
            id: self.id_hex(),
            name: roster.wallet_name.clone(),
            threshold: roster.threshold,
            participant: self.seat.me().get(),
            state: state.to_owned(),
            reason,
            members: roster.participants().map(member).collect(),
            keys: shares.iter().map(key).collect(),
            pairs: self.reserve.as_ref().map_or((0, 0), |reserve| reserve.pairs().ready()),
            presignatures: self.reserve.as_ref().map_or(0, Reserve::held),
            addresses: accounts::addresses(shares, 0),
        }
    }
}
