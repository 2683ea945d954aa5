//! One key of the network: the machines that make it, set up its pairs, and sign with it. No network and no disk here:
//! what they ask for is gathered in [`Effects`], which the engine carries out, log first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Millis, ParticipantId, Secret, Timestamp};
use quorate_session::certificate::Certificate;
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::keygen::{self, Keygen};
use quorate_session::output::Output;
use quorate_session::pairing;
use quorate_session::pool::MAX_OF_OWNER;
use quorate_session::reserve::{Ahead, Event as ReserveEvent, MAX_SETS_AHEAD, Mutation, Reserve};
use quorate_session::roster::Roster;
use quorate_session::seat::{Seat, SeatError};
use quorate_session::signing::{self, OpenError, Signing, Task};
use quorate_threshold::engine::Recipient;
use quorate_threshold::{KeyShare, PublicKeys};
use quorate_transport::DeviceIdentity;
use rand_core::{OsRng, RngCore};

use super::mesh::PeerKey;
use super::roster::peers;
use super::store::Record;
use crate::events::KeyEventId;

/// Signing sessions of one key that are open at most.
const MAX_SESSIONS: usize = 4096;

/// What the machines ask for.
#[derive(Debug, Default)]
pub struct Effects {
    /// To be appended to the log, in order.
    pub records: Vec<Record>,
    /// Whether the log must be durable before anything below is done.
    pub durable: bool,
    /// To be sent: in which group, to whom, what.
    pub sends: Vec<([u8; 32], Recipient, Envelope)>,
    /// What the engine is told.
    pub told: Vec<(KeyEventId, Told)>,
    /// When to be woken at the latest.
    pub wake: Option<Timestamp>,
}

/// What the engine is told.
#[derive(Debug)]
pub enum Told {
    /// The key is made, and the share durable.
    Made,
    /// The ceremony ended without a key.
    NotMade(String),
    /// A session ended with signatures.
    Signed([u8; 32], Vec<[u8; 64]>),
    /// A session ended without.
    NotSigned([u8; 32], String),
    /// Something that operators may want to know.
    Noted(String),
}

/// The machines of one key.
pub struct Group {
    event: KeyEventId,
    seat: Arc<Seat>,
    peers: BTreeMap<PeerKey, ParticipantId>,
    keygen: Option<Keygen>,
    held: Option<Held>,
    signings: BTreeMap<[u8; 32], Signing>,
    reserve: Option<Reserve>,
}

struct Held {
    share: KeyShare,
    certificate: Certificate,
}

/// What the log says of one key.
#[derive(Default)]
pub struct Log {
    /// The ceremony.
    pub keygen: Vec<keygen::Mutation>,
    /// What it ended with.
    pub made: Option<(KeyShare, Certificate)>,
    /// The pairs.
    pub pairs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
}

impl Group {
    /// Takes this node's place in a roster.
    ///
    /// # Errors
    /// When this node is not in it.
    pub fn new(event: KeyEventId, roster: Roster, identity: Arc<DeviceIdentity>) -> Result<Self, SeatError> {
        let peers = peers(&roster);
        let seat = Arc::new(Seat::new(identity, roster)?);
        Ok(Self { event, seat, peers, keygen: None, held: None, signings: BTreeMap::new(), reserve: None })
    }

    /// Begins the ceremony.
    ///
    /// # Errors
    /// When the roster asks for no key.
    pub fn begin(&mut self, patience: Millis, now: Timestamp) -> Result<(), quorate_threshold::dkg::Fault> {
        let seed = Secret::new(fresh());
        self.keygen = Some(Keygen::start(Arc::clone(&self.seat), seed, patience, now)?);
        Ok(())
    }

    /// Takes up what the log says. Signing sessions of an earlier process are over: their nonces and presignatures were in
    /// memory, and the request is proposed again.
    ///
    /// # Errors
    /// When the log is not that of a ceremony.
    pub fn restore(&mut self, log: Log, patience: Millis, now: Timestamp) -> Result<(), keygen::ReplayError> {
        match log.made {
            Some((share, certificate)) => self.hold(Held { share, certificate }, log.pairs, now),
            None if log.keygen.is_empty() => {}
            None => {
                self.keygen = Some(Keygen::replay(Arc::clone(&self.seat), log.keygen, patience, now)?);
            }
        }
        Ok(())
    }

    /// Says that this process is here, once there is somebody to say it to.
    pub fn announce(&mut self, now: Timestamp) {
        if let Some(keygen) = &mut self.keygen {
            keygen.handle_reconnected(now);
        }
        if let Some(reserve) = &mut self.reserve {
            reserve.handle_reconnected(now);
        }
    }

    /// A peer can be spoken to again: what it may have missed is repeated.
    pub fn handle_up(&mut self, now: Timestamp) {
        if let Some(keygen) = &mut self.keygen {
            keygen.handle_reconnected(now);
        }
        self.signings.values_mut().for_each(|signing| signing.handle_reconnected(now));
    }

    /// Does what time asks for.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if let Some(keygen) = &mut self.keygen {
            keygen.handle_wake(now);
        }
        self.signings.values_mut().for_each(|signing| signing.handle_wake(now));
        if let Some(reserve) = &mut self.reserve {
            reserve.handle_wake(now);
        }
    }

    /// Takes a message of the peer with this key. A proposal that opens a session is returned: whoever knows the requests
    /// decides about it.
    pub fn handle(
        &mut self,
        from: &PeerKey,
        envelope: Envelope,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Option<Envelope> {
        let header = &envelope.header;
        let is_theirs = self.peers.get(from) == Some(&header.sender) && header.sender != self.seat.me();
        let is_ours = header.recipient.is_none_or(|recipient| recipient == self.seat.me());
        if !is_theirs || !is_ours || self.seat.verify(&envelope).is_err() {
            return None;
        }
        match header.protocol {
            Protocol::Keygen => self.handle_keygen(envelope, now, effects),
            Protocol::Signing => return self.handle_signing(envelope, now),
            Protocol::Pairing | Protocol::Presigning => {
                if let Some(reserve) = &mut self.reserve {
                    reserve.handle_envelope(envelope, &mut OsRng, now);
                }
            }
        }
        None
    }

    fn handle_keygen(&mut self, envelope: Envelope, now: Timestamp, effects: &mut Effects) {
        if let Some(keygen) = &mut self.keygen {
            keygen.handle_envelope(envelope, now);
        } else if let Some(Held { certificate, .. }) = &self.held {
            let asker = Recipient::One(envelope.header.sender);
            if let Some(answer) = keygen::answer_with_certificate(&self.seat, certificate, &envelope) {
                effects.sends.push((*self.tag(), asker, answer));
            }
        }
    }

    fn handle_signing(&mut self, envelope: Envelope, now: Timestamp) -> Option<Envelope> {
        match self.signings.get_mut(&envelope.header.session) {
            Some(signing) => signing.handle_envelope(envelope, now),
            // The first round is the proposal; nothing else opens a session.
            None if envelope.header.round == 0 => return Some(envelope),
            None => {}
        }
        None
    }

    /// Proposes a task of this node's own. Returns the session.
    ///
    /// # Errors
    /// [`OpenError`], also where the key is not held.
    pub fn propose(&mut self, task: Task, now: Timestamp) -> Result<[u8; 32], OpenError> {
        let shares = self.shares(&task)?;
        let signing = Signing::propose(Arc::clone(&self.seat), &shares, task, now)?;
        Ok(self.approve(signing, now))
    }

    /// Opens a session that a peer proposed and approves it: its task was checked.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn join(&mut self, proposal: Envelope, task: &Task, now: Timestamp) -> Result<[u8; 32], OpenError> {
        let shares = self.shares(task)?;
        let signing = Signing::open(Arc::clone(&self.seat), &shares, proposal, now)?;
        Ok(self.approve(signing, now))
    }

    fn shares(&self, task: &Task) -> Result<Vec<KeyShare>, OpenError> {
        let purpose = task.keys.first().map(|key| key.purpose).ok_or(OpenError::Malformed)?;
        let held = self.held.as_ref().ok_or(OpenError::NoKey { purpose })?;
        if self.signings.len() >= MAX_SESSIONS {
            return Err(OpenError::TooLarge);
        }
        Ok(vec![held.share.duplicate()])
    }

    fn approve(&mut self, mut signing: Signing, now: Timestamp) -> [u8; 32] {
        signing.approve(&fresh(), now);
        let session = *signing.session();
        self.signings.insert(session, signing);
        session
    }

    /// Forgets a session: its request is over.
    pub fn forget(&mut self, session: &[u8; 32]) {
        self.signings.remove(session);
    }

    /// Gathers everything that the machines ask for. `online` can be spoken to; `ahead` presignatures are kept, all signer
    /// sets together.
    pub fn drain(&mut self, online: &BTreeSet<PeerKey>, ahead: usize, now: Timestamp, effects: &mut Effects) {
        self.drain_keygen(now, effects);
        self.drain_signings(now, effects);
        let online: BTreeSet<ParticipantId> =
            self.peers.iter().filter(|(key, _)| online.contains(*key)).map(|(_, id)| *id).collect();
        let helpers = usize::from(self.seat.roster().threshold.min_signers()).saturating_sub(1);
        let target = of_each_set(ahead, online.len(), helpers);
        if let Some(reserve) = &mut self.reserve {
            let mut requests: Vec<&mut Signing> = self.signings.values_mut().collect();
            reserve.serve(&mut requests, Ahead { target, online: &online }, &mut OsRng, now);
        }
        self.drain_reserve(effects);
        self.drain_signings(now, effects);
    }

    fn drain_keygen(&mut self, now: Timestamp, effects: &mut Effects) {
        let tag = *self.tag();
        while let Some(output) = self.keygen.as_mut().and_then(Keygen::poll_output) {
            match output {
                Output::Persist(step) => effects.persist(Record::Keygen(tag, step)),
                Output::Append(step) => effects.records.push(Record::Keygen(tag, step)),
                Output::Send(to, envelope) => effects.sends.push((tag, to, envelope)),
                Output::WakeAt(at) => effects.wake_at(at),
                Output::Event(keygen::Event::Failed(failure)) => {
                    effects.told.push((self.event, Told::NotMade(failure.to_string())));
                }
                Output::Event(event) => effects.told.push((self.event, Told::Noted(format!("{event:?}")))),
            }
        }
        let Some((outcome, certificate)) = self.keygen.as_ref().and_then(Keygen::finished) else { return };
        let Some(share) = outcome.shares.first() else { return };
        let (share, certificate) = (share.duplicate(), certificate.clone());
        self.keygen = None;
        effects.persist(Record::Made { tag, share: share.duplicate(), certificate: certificate.clone() });
        effects.told.push((self.event, Told::Made));
        self.hold(Held { share, certificate }, BTreeMap::new(), now);
        if let Some(reserve) = &mut self.reserve {
            reserve.handle_reconnected(now);
        }
    }

    fn hold(&mut self, held: Held, pairs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>, now: Timestamp) {
        if held.share.public.purpose == KeyPurpose::EcdsaSecp256k1 {
            let (seat, share) = (Arc::clone(&self.seat), held.share.duplicate());
            self.reserve = Some(Reserve::start(seat, share, pairs, &mut OsRng, now));
        }
        self.held = Some(held);
    }

    fn drain_signings(&mut self, now: Timestamp, effects: &mut Effects) {
        let tag = *self.tag();
        let mut malformed = Vec::new();
        for (session, signing) in &mut self.signings {
            while let Some(output) = signing.poll_output() {
                match output {
                    Output::Persist(step) => effects.persist(Record::Signing(tag, *session, step)),
                    Output::Append(step) => effects.records.push(Record::Signing(tag, *session, step)),
                    Output::Send(to, envelope) => effects.sends.push((tag, to, envelope)),
                    Output::WakeAt(at) => effects.wake_at(at),
                    Output::Event(signing::Event::Signed { signatures }) => {
                        effects.told.push((self.event, Told::Signed(*session, signatures)));
                    }
                    Output::Event(signing::Event::Failed(failure)) => {
                        if let signing::Failure::Unattributed { signers, .. } = &failure {
                            malformed.push((signing.proposer(), signers.clone()));
                        }
                        effects.told.push((self.event, Told::NotSigned(*session, failure.to_string())));
                    }
                    Output::Event(signing::Event::Decided { .. } | signing::Event::Signing { .. }) => {}
                }
            }
        }
        if let Some(reserve) = &mut self.reserve {
            malformed.into_iter().for_each(|(owner, set)| reserve.handle_malformed(owner, &set, now));
        }
    }

    fn drain_reserve(&mut self, effects: &mut Effects) {
        let tag = *self.tag();
        while let Some(output) = self.reserve.as_mut().and_then(Reserve::poll_output) {
            match output {
                Output::Persist(Mutation { peer, step }) => effects.persist(Record::Pair(tag, peer, step)),
                Output::Append(Mutation { peer, step }) => {
                    effects.records.push(Record::Pair(tag, peer, step))
                }
                Output::Send(to, envelope) => effects.sends.push((tag, to, envelope)),
                Output::WakeAt(at) => effects.wake_at(at),
                Output::Event(ReserveEvent::Made { .. }) => {}
                Output::Event(event) => effects.told.push((self.event, Told::Noted(note(&event)))),
            }
        }
    }

    /// Returns the records that stand for this key's whole log; `None` while it is being made.
    pub fn snapshot(&self) -> Option<Vec<Record>> {
        let Held { share, certificate } = self.held.as_ref()?;
        let tag = *self.tag();
        let pairs = self.reserve.iter().flat_map(Reserve::snapshot);
        let pairs = pairs.map(|Mutation { peer, step }| Record::Pair(tag, peer, step));
        let made = Record::Made { tag, share: share.duplicate(), certificate: certificate.clone() };
        let key = Record::of(self.event, self.seat.roster().clone());
        Some([key, made].into_iter().chain(pairs).collect())
    }

    /// Returns the attempt that this is.
    pub const fn event(&self) -> KeyEventId {
        self.event
    }

    /// Returns the name that frames carry.
    pub fn tag(&self) -> &[u8; 32] {
        self.seat.roster_hash()
    }

    /// Returns this node's place.
    pub fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Returns who is behind which key.
    pub const fn peers(&self) -> &BTreeMap<PeerKey, ParticipantId> {
        &self.peers
    }

    /// Returns the key, once it is made.
    pub fn key(&self) -> Option<&PublicKeys> {
        self.held.as_ref().map(|held| &held.share.public)
    }

    /// Returns whether the ceremony runs.
    pub const fn is_being_made(&self) -> bool {
        self.keygen.is_some()
    }

    /// Returns whether signing needs presignatures.
    pub const fn needs_presignatures(&self) -> bool {
        self.reserve.is_some()
    }

    /// Returns how many presignatures are held, this node's own and those that it shares in.
    pub fn presignatures(&self) -> usize {
        self.reserve.as_ref().map_or(0, Reserve::held)
    }
}

impl Effects {
    fn persist(&mut self, record: Record) {
        self.records.push(record);
        self.durable = true;
    }

    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |other| other.min(at)));
    }
}

/// Returns how many presignatures each signer set gets of `ahead`, so that peers can hold them all: they keep
/// [`MAX_OF_OWNER`] of one owner, and drop what is more. `helpers` of those `online` sign with this node.
fn of_each_set(ahead: usize, online: usize, helpers: usize) -> usize {
    // A batch may be under way for every set beyond what is held.
    const MOST: usize = MAX_OF_OWNER * 3 / 4;
    // The binomial coefficient, as far as presignatures are made for so many sets.
    let sets = (0..helpers).try_fold(1_usize, |sets, at| Some(sets * online.checked_sub(at)? / (at + 1)));
    match sets.map(|sets| sets.min(MAX_SETS_AHEAD)) {
        None | Some(0) => 0,
        Some(sets) => (ahead.min(MOST) / sets).max(usize::from(ahead > 0)),
    }
}

fn note(event: &ReserveEvent) -> String {
    match event {
        ReserveEvent::Pair(peer, event) => format!("pair with participant {peer}: {event:?}"),
        ReserveEvent::NotMade(failure) => format!("presignatures were not made: {failure}"),
        ReserveEvent::Banned(tombstones) => format!("{} pairs are banned", tombstones.len()),
        ReserveEvent::Made { owner, ids } => format!("{} presignatures of participant {owner}", ids.len()),
    }
}

fn fresh() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signer_sets_share_what_peers_hold_of_one_owner() {
        assert_eq!(of_each_set(1024, 2, 1), 96);
        assert_eq!(of_each_set(20, 2, 1), 10);
        // Five of eight: 35 sets, of which 16 are served.
        assert_eq!(of_each_set(1024, 7, 4), 12);
        assert_eq!(of_each_set(1, 7, 4), 1);
        assert_eq!(of_each_set(1024, 3, 4), 0);
        assert_eq!(of_each_set(0, 2, 1), 0);
    }
}
