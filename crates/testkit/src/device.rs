//! One device: the product's machines, and a shell that carries out what they ask for, in order.

mod boot;
mod reserve;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_dkls::Fault;
use quorate_primitives::{Millis, ParticipantId, Secret, Timestamp};
use quorate_session::certificate::Certificate;
use quorate_session::courier::Courier;
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::keygen::{self, Keygen};
use quorate_session::lobby::{self, Lobby};
use quorate_session::output::Output;
use quorate_session::reserve::Reserve;
use quorate_session::roster::Roster;
use quorate_session::seat::Seat;
use quorate_session::signing::{self, Signing, Task};
use quorate_session::{pairing, presigning};
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;
use quorate_transport::{DeviceIdentity, Invite, MemberKey};

use crate::byzantine::Liar;
use crate::dice::Dice;
use crate::disk::{Record, VirtualDisk};
use crate::entropy::Entropy;
use crate::fuse::{Crashed, Points};
use crate::pairs;
use crate::plan::Answer;
use crate::watch::Watch;

pub use reserve::pair_ends;

/// What a device asks of the world around it.
#[derive(Debug)]
pub enum Effect {
    /// Put this into a mailbox.
    Send {
        /// Whose.
        to: MemberKey,
        /// What.
        bytes: Vec<u8>,
    },
    /// Wake the device at this time of its clock.
    Wake(Timestamp),
    /// The person in front of the device is told something.
    Told(Told),
}

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The group is complete.
    Joined(Roster),
    /// The creator does not take this device.
    TurnedAway(String),
    /// Something about the key ceremony.
    Keygen(keygen::Event),
    /// Somebody asks for a signature.
    Asked([u8; 32]),
    /// Something about a signature.
    Signing([u8; 32], signing::Event),
    /// Something about the pair with a member.
    Pair(ParticipantId, pairing::Event),
    /// A batch of presignatures came to nothing.
    Presigning(presigning::Failure),
}

impl Told {
    /// Returns who is blamed by it.
    pub fn blamed(&self) -> Vec<ParticipantId> {
        match self {
            Self::Keygen(
                keygen::Event::Failed(failure) | keygen::Event::Pending { failure: Some(failure), .. },
            ) => failure.culprit().into_iter().collect(),
            Self::Signing(_, signing::Event::Failed(failure)) => failure.culprits().to_vec(),
            Self::Presigning(presigning::Failure::Fault(Fault::Blame { culprit, .. })) => vec![*culprit],
            Self::Joined(_)
            | Self::TurnedAway(_)
            | Self::Keygen(_)
            | Self::Asked(_)
            | Self::Signing(..)
            | Self::Pair(..)
            | Self::Presigning(_) => Vec::new(),
        }
    }
}

/// How a device comes to its group.
pub enum Origin {
    /// Through a lobby; the creator has a plan.
    Invited(Box<Invite>, Option<lobby::Plan>),
    /// It knows the roster.
    Member(Roster),
}

/// What surrounds a device while it works.
pub struct Hands<'a> {
    /// Choices.
    pub dice: &'a mut Dice,
    /// The checker.
    pub watch: &'a mut Watch,
    /// What is asked of the world.
    pub effects: &'a mut Vec<Effect>,
}

/// A device with its disk; the process on it may be down.
pub struct Device {
    index: usize,
    identity: Arc<DeviceIdentity>,
    origin: Origin,
    patience: Millis,
    entropy: Entropy,
    disk: VirtualDisk,
    points: Points,
    liar: Option<Liar>,
    needs_pairs: bool,
    ahead: usize,
    process: Option<Process>,
}

#[derive(Default)]
struct Process {
    lobby: Option<Lobby>,
    membership: Option<Membership>,
}

/// Keys with what proves that everybody has theirs.
pub struct Keys {
    /// This device's shares.
    pub shares: Vec<KeyShare>,
    /// What is certified.
    pub statement: [u8; 32],
    /// The certificate; dealt keys have none.
    pub certificate: Option<Certificate>,
}

/// A device's part in its group.
pub struct Membership {
    /// Its place.
    pub seat: Arc<Seat>,
    courier: Courier,
    /// The ceremony, until it is over.
    pub keygen: Option<Keygen>,
    /// The keys, once they may be used.
    pub keys: Option<Keys>,
    /// Every signing session it knows.
    pub signings: BTreeMap<[u8; 32], Signing>,
    /// What the ECDSA key needs beside its share, if this run needs it.
    pub reserve: Option<Reserve>,
}

type Step = Result<(), Crashed>;

impl Device {
    /// Sets a device up; it is switched on with [`Device::boot`].
    pub fn new(
        index: usize,
        identity: Arc<DeviceIdentity>,
        origin: Origin,
        patience: Millis,
        entropy: Entropy,
        points: Points,
        liar: Option<Liar>,
    ) -> Self {
        let disk = VirtualDisk::default();
        let (needs_pairs, ahead) = (false, 0);
        Self {
            index,
            identity,
            origin,
            patience,
            entropy,
            disk,
            points,
            liar,
            needs_pairs,
            ahead,
            process: None,
        }
    }

    /// Lets it set up pairs once it has keys, and make this many presignatures ahead for every signer set.
    pub const fn use_ecdsa(&mut self, ahead: usize) {
        (self.needs_pairs, self.ahead) = (true, ahead);
    }

    /// Puts keys on the disk, as if a ceremony had been.
    pub fn install(&mut self, shares: Vec<KeyShare>) {
        let Origin::Member(roster) = &self.origin else { return };
        self.disk.append(&Record::Joined { roster: roster.clone(), signed: None });
        self.disk.append(&Record::Keys { shares, certificate: None, statement: [0; 32] });
        self.disk.sync();
    }

    /// Puts pairs with all other members on the disk, as if they had been set up.
    pub fn install_pairs(&mut self) {
        let Origin::Member(roster) = &self.origin else { return };
        let me = roster.by_identity(&self.identity.public()).expect("a roster that holds this device");
        for peer in roster.threshold.participants().filter(|peer| *peer != me) {
            for mutation in pairs::log(me, peer) {
                self.disk.append(&Record::Pair { peer, mutation });
            }
        }
        self.disk.sync();
    }

    /// Returns whether the process runs.
    pub const fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Returns the device's part in its group, if it runs and has one.
    pub fn membership(&self) -> Option<&Membership> {
        self.process.as_ref()?.membership.as_ref()
    }

    /// Returns under which key the relay knows the device.
    pub fn mailbox(&self) -> MemberKey {
        match &self.origin {
            Origin::Invited(invite, _) => self.identity.relay_key(&invite.room_token().room()).member(),
            Origin::Member(_) => MemberKey(self.identity.public().signing),
        }
    }

    /// Returns how many points between effects it passed.
    pub const fn points(&self) -> u64 {
        self.points.passed()
    }

    /// Returns how many frames were dropped since it was switched on.
    pub fn dropped(&self) -> u64 {
        self.membership().map_or(0, |membership| membership.courier.dropped())
    }

    /// Returns how many lies it told.
    pub fn lies(&self) -> u64 {
        self.liar.as_ref().map_or(0, Liar::lies)
    }

    /// Ends its crashes.
    pub fn make_safe(&mut self) {
        self.points.make_safe();
    }

    /// Ends the process. The disk keeps what was synced, and by chance some of the rest.
    pub fn crash(&mut self, dice: &mut Dice, lose_unsynced: bool) {
        let unsynced = self.disk.unsynced();
        let kept = if lose_unsynced { dice.index(unsynced + 1) } else { unsynced };
        self.disk.crash(kept);
        self.process = None;
    }

    /// Takes a frame from the relay.
    pub fn handle_frame(
        &mut self,
        from: MemberKey,
        bytes: &[u8],
        now: Timestamp,
        hands: &mut Hands<'_>,
    ) -> Step {
        let Some(process) = &mut self.process else { return Ok(()) };
        if process.lobby.as_mut().is_some_and(|lobby| lobby.handle_frame(from, bytes)) {
            return self.drain(now, hands);
        }
        let Some(membership) = &mut process.membership else { return Ok(()) };
        match membership.courier.open(&from, bytes, now) {
            Ok(Some(envelope)) => self.handle_envelope(envelope, now, hands),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Takes the relay's list of who is here.
    pub fn handle_members(&mut self, members: &[MemberKey], now: Timestamp, hands: &mut Hands<'_>) -> Step {
        if let Some(lobby) = self.process.as_mut().and_then(|process| process.lobby.as_mut()) {
            lobby.handle_members(members);
        }
        self.drain(now, hands)
    }

    /// Does what time asks for.
    pub fn wake(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        if let Some(lobby) = self.process.as_mut().and_then(|process| process.lobby.as_mut()) {
            lobby.handle_wake(now);
        }
        if let Some(membership) = self.membership_mut() {
            if let Some(keygen) = &mut membership.keygen {
                keygen.handle_wake(now);
            }
            membership.signings.values_mut().for_each(|signing| signing.handle_wake(now));
            if let Some(reserve) = &mut membership.reserve {
                reserve.handle_wake(now);
            }
        }
        self.drain(now, hands)
    }

    /// Notices that the relay is back.
    pub fn reconnect(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        if let Some(lobby) = self.process.as_mut().and_then(|process| process.lobby.as_mut()) {
            lobby.handle_reconnected(now);
        }
        if let Some(membership) = self.membership_mut() {
            if let Some(keygen) = &mut membership.keygen {
                keygen.handle_reconnected(now);
            }
            membership.signings.values_mut().for_each(|signing| signing.handle_reconnected(now));
            if let Some(reserve) = &mut membership.reserve {
                reserve.handle_reconnected(now);
            }
        }
        self.drain(now, hands)
    }

    /// Asks the group for a signature. Returns whether this device could.
    pub fn propose(&mut self, task: Task, now: Timestamp, hands: &mut Hands<'_>) -> (bool, Step) {
        let Some(membership) = self.membership_mut() else { return (false, Ok(())) };
        let Some(keys) = &membership.keys else {
            return (false, Ok(()));
        };
        let signing = Signing::propose(Arc::clone(&membership.seat), &keys.shares, task, now);
        let signing = signing.expect("a possible task");
        let session = *signing.session();
        membership.signings.insert(session, signing);
        hands.effects.push(Effect::Told(Told::Asked(session)));
        (true, self.drain(now, hands))
    }

    /// Lets the person answer.
    pub fn decide(
        &mut self,
        session: &[u8; 32],
        answer: Answer,
        now: Timestamp,
        hands: &mut Hands<'_>,
    ) -> Step {
        let entropy = self.entropy.fresh();
        let index = self.index;
        let Some(signing) = self.membership_mut().and_then(|m| m.signings.get_mut(session)) else {
            return Ok(());
        };
        match answer {
            Answer::Approve => {
                hands.watch.approves(index, session);
                signing.approve(&entropy, now);
            }
            Answer::Refuse => signing.refuse("no", now),
            Answer::Ignore => {}
        }
        self.drain(now, hands)
    }

    /// Cancels the ceremony, as its person decides.
    pub fn cancel(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        if let Some(keygen) = self.membership_mut().and_then(|m| m.keygen.as_mut()) {
            keygen.cancel(now);
        }
        self.drain(now, hands)
    }

    /// Takes an authentic message.
    pub fn handle_envelope(&mut self, envelope: Envelope, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let envelope = match &mut self.liar {
            Some(liar) => liar.listen(envelope),
            None => envelope,
        };
        let Self { process, entropy, .. } = self;
        let Some(membership) = process.as_mut().and_then(|process| process.membership.as_mut()) else {
            return Ok(());
        };
        match envelope.header.protocol {
            Protocol::Keygen => match (&mut membership.keygen, &membership.keys) {
                (Some(keygen), _) => keygen.handle_envelope(envelope, now),
                (None, Some(Keys { certificate: Some(certificate), .. })) => {
                    let asker = Recipient::One(envelope.header.sender);
                    let answer = keygen::answer_with_certificate(&membership.seat, certificate, &envelope);
                    return answer.map_or(Ok(()), |answer| self.send(asker, answer, hands));
                }
                (None, _) => {}
            },
            Protocol::Signing => membership.handle_signing(envelope, now, hands),
            Protocol::Pairing | Protocol::Presigning => {
                if let Some(reserve) = &mut membership.reserve {
                    reserve.handle_envelope(envelope, entropy, now);
                }
            }
        }
        self.drain(now, hands)
    }

    /// Carries out everything that the machines ask for.
    fn drain(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        self.drain_lobby(now, hands)?;
        while let Some(output) =
            self.membership_mut().and_then(|m| m.keygen.as_mut()).and_then(Keygen::poll_output)
        {
            hands.watch.shows(self.index, &output);
            match output {
                Output::Persist(mutation) => self.persist(Record::Keygen(mutation), hands)?,
                Output::Append(mutation) => self.append(&Record::Keygen(mutation), hands)?,
                Output::Send(to, envelope) => self.send(to, envelope, hands)?,
                Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                Output::Event(event) => hands.effects.push(Effect::Told(Told::Keygen(event))),
            }
        }
        self.keep_keys(now, hands)?;
        self.drain_signings(now, hands)?;
        self.drain_reserve(now, hands)?;
        self.drain_signings(now, hands)
    }

    fn drain_signings(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let sessions: Vec<[u8; 32]> =
            self.membership().map_or_else(Vec::new, |m| m.signings.keys().copied().collect());
        for session in sessions {
            let next = |device: &mut Self| device.membership_mut()?.signings.get_mut(&session)?.poll_output();
            while let Some(output) = next(self) {
                hands.watch.shows(self.index, &output);
                match output {
                    Output::Persist(mutation) => {
                        self.persist(Record::Signing { session, mutation }, hands)?
                    }
                    Output::Append(mutation) => self.append(&Record::Signing { session, mutation }, hands)?,
                    Output::Send(to, envelope) => self.send(to, envelope, hands)?,
                    Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                    Output::Event(event) => {
                        self.hear_of_malformed(&session, &event, now);
                        hands.effects.push(Effect::Told(Told::Signing(session, event)));
                    }
                }
            }
        }
        Ok(())
    }

    fn drain_lobby(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let next = |device: &mut Self| device.process.as_mut()?.lobby.as_mut()?.poll_output();
        while let Some(output) = next(self) {
            match output {
                lobby::Output::Send(frame) => {
                    hands.effects.push(Effect::Send { to: frame.to, bytes: frame.bytes })
                }
                lobby::Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                lobby::Output::Event(lobby::Event::Complete(signed)) => {
                    let roster = signed.roster.clone();
                    self.persist(Record::Joined { roster: roster.clone(), signed: Some(signed) }, hands)?;
                    self.join(roster.clone(), now);
                    hands.effects.push(Effect::Told(Told::Joined(roster)));
                }
                lobby::Output::Event(lobby::Event::Refused { reason }) => {
                    hands.effects.push(Effect::Told(Told::TurnedAway(reason)));
                }
                lobby::Output::Event(lobby::Event::Arrived { .. } | lobby::Event::Objected { .. }) => {}
            }
        }
        Ok(())
    }

    /// Once certified, the keys are kept and the ceremony is over.
    fn keep_keys(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let Some(membership) = self.membership_mut() else { return Ok(()) };
        let Some((outcome, certificate)) = membership.keygen.as_ref().and_then(Keygen::finished) else {
            return Ok(());
        };
        let copy = || outcome.shares.iter().map(KeyShare::duplicate).collect();
        let (statement, certificate) = (outcome.statement, Some(certificate.clone()));
        let record = Record::Keys { shares: copy(), certificate: certificate.clone(), statement };
        membership.keys = Some(Keys { shares: copy(), statement, certificate });
        membership.keygen = None;
        self.start_reserve(BTreeMap::new(), now);
        self.append(&record, hands)
    }

    fn persist(&mut self, record: Record, hands: &mut Hands<'_>) -> Step {
        if let (Some(liar), Record::Keygen(keygen::Mutation::Started { seed, .. })) =
            (&mut self.liar, &record)
        {
            liar.remember_seed(seed);
        }
        self.points.pass(hands.dice)?;
        self.disk.append(&record);
        self.disk.sync();
        if let Some(membership) = self.process.as_ref().and_then(|process| process.membership.as_ref()) {
            hands.watch.keeps(self.index, &membership.seat, &record);
        }
        self.points.pass(hands.dice)
    }

    fn append(&mut self, record: &Record, hands: &mut Hands<'_>) -> Step {
        self.points.pass(hands.dice)?;
        self.disk.append(record);
        self.points.pass(hands.dice)
    }

    fn send(&mut self, to: Recipient, envelope: Envelope, hands: &mut Hands<'_>) -> Step {
        self.points.pass(hands.dice)?;
        let said = match &mut self.liar {
            None => {
                hands.watch.says(self.index, &envelope);
                vec![(to, envelope)]
            }
            Some(liar) => liar.speak(to, envelope),
        };
        let process = self.process.as_ref().expect("a process that speaks");
        let courier = &process.membership.as_ref().expect("a member that speaks").courier;
        for (to, envelope) in said {
            let frames = courier.seal(&mut self.entropy, to, &envelope);
            hands
                .effects
                .extend(frames.into_iter().map(|frame| Effect::Send { to: frame.to, bytes: frame.bytes }));
        }
        self.points.pass(hands.dice)
    }

    fn membership_mut(&mut self) -> Option<&mut Membership> {
        self.process.as_mut()?.membership.as_mut()
    }

    /// Takes the place that a roster gives, and begins the ceremony.
    fn join(&mut self, roster: Roster, now: Timestamp) {
        let seat =
            Arc::new(Seat::new(Arc::clone(&self.identity), roster).expect("a roster that holds this device"));
        if let Some(liar) = &mut self.liar {
            liar.sit_down(&seat);
        }
        let courier = Courier::new(Arc::clone(&seat)).expect("identities that were checked");
        let seed = Secret::new(self.entropy.fresh());
        let keygen =
            Keygen::start(Arc::clone(&seat), seed, self.patience, now).expect("a roster with purposes");
        let membership = Membership::new(seat, courier, Some(keygen), None, BTreeMap::new());
        if let Some(process) = &mut self.process {
            process.membership = Some(membership);
        }
    }
}

impl Membership {
    fn new(
        seat: Arc<Seat>,
        courier: Courier,
        keygen: Option<Keygen>,
        keys: Option<Keys>,
        signings: BTreeMap<[u8; 32], Signing>,
    ) -> Self {
        Self { seat, courier, keygen, keys, signings, reserve: None }
    }

    fn handle_signing(&mut self, envelope: Envelope, now: Timestamp, hands: &mut Hands<'_>) {
        let session = envelope.header.session;
        if let Some(signing) = self.signings.get_mut(&session) {
            return signing.handle_envelope(envelope, now);
        }
        // The first round is the proposal; nothing else opens a session.
        if envelope.header.round != 0 {
            return;
        }
        let Some(keys) = &self.keys else { return };
        if let Ok(signing) = Signing::open(Arc::clone(&self.seat), &keys.shares, envelope, now) {
            self.signings.insert(session, signing);
            hands.effects.push(Effect::Told(Told::Asked(session)));
        }
    }
}
