//! The pair set-up of this device and one other member, for the wallet's ECDSA key (`docs/protocols/dkls.md`).
//!
//! ```text
//! low ─ Transfers ─▶ high     high ─ Transfers, Trees ─▶ low     low: durable, then ─ Trees, Confirmation ─▶ high
//! high: durable, then ─ Confirmation ─▶ low
//! ```
//! The member with the lower index begins. A try that is interrupted leaves nothing and another one begins; secrets
//! that are made are durable before their confirmation leaves, and used only when the peer's is here. A generation
//! that failed, or was banned, is over for ever: the next one needs an explicit act. A peer can cost us time with this
//! machine, bounded by its pace, and nothing else.

mod group;
mod messages;

use std::sync::Arc;

use quorate_dkls::pair::{AwaitingTransfers, AwaitingTrees, PairContext, PairKeys, Transfers, Trees};
use quorate_dkls::{Fault, Misuse, Tombstone};
use quorate_primitives::{HedgedRng, Millis, ParticipantId, Timestamp, Transcript, encoding};
use quorate_threshold::engine::Recipient;
use rand_core::RngCore;
use thiserror::Error;

use crate::envelope::{Envelope, Protocol};
use crate::output::{Outbox, Output, Resend};
use crate::seat::Seat;

pub use group::{Announcement, Pairings};
pub use messages::{Attempt, Confirmation, Flight, Mutation, Nudged, Planted, Renewal};
use messages::{Round, decode};

/// How far ahead of ours a peer's generation may be.
const MAX_GENERATION_STEP: u64 = 1 << 16;

/// How often a peer can make us begin a try, in milliseconds: each costs a few milliseconds of work.
const TRY_INTERVAL: Millis = 500;

/// How long after a confirmation its peer's trees may still arrive, in milliseconds.
const TREES_PATIENCE: Millis = 2_000;

/// Why a log of a pair can not be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// It confirms what was not made.
    #[error("log of a pair is out of order")]
    OutOfOrder,
    /// Its secrets do not decode, or are of another pair.
    #[error("log of a pair holds no secrets of it")]
    Keys(#[from] Misuse),
}

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Both have confirmed: ECDSA signatures with this peer are possible.
    Ready,
    /// The keys of the earlier generation are gone, and whatever was made with them must go too.
    Ended,
    /// It failed; a new generation needs an explicit act.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One pair.
pub struct Pairing {
    seat: Arc<Seat>,
    peer: ParticipantId,
    session: [u8; 32],
    rng: HedgedRng,
    /// The last generation that is over.
    over: Option<u64>,
    phase: Phase,
    sent: Vec<Envelope>,
    resend: Resend,
    /// When the peer last made us begin a try.
    tried: Option<Timestamp>,
    /// The try that the peer confirmed before its trees were here, and when it first did.
    early: Option<(Attempt, Timestamp)>,
    out: Outbox<Mutation, Event>,
}

enum Phase {
    /// The peer begins.
    Waiting,
    AwaitingTransfers(Attempt, AwaitingTransfers),
    AwaitingTrees {
        attempt: Attempt,
        round: AwaitingTrees,
        heard: [u8; 32],
    },
    AwaitingConfirmation {
        attempt: Attempt,
        keys: PairKeys,
        /// The hash of the peer's transfers; unknown after a restart.
        heard: Option<[u8; 32]>,
    },
    Ready(Attempt, PairKeys),
    Failed,
    Banned(Tombstone),
    Moving,
}

impl Pairing {
    /// Takes up a pair from its log, which may be empty. `key` is the public key that the pair will sign with.
    ///
    /// # Errors
    /// [`ReplayError`] for a log that no device wrote.
    pub fn start(
        seat: Arc<Seat>,
        peer: ParticipantId,
        key: &[u8],
        log: impl IntoIterator<Item = Mutation>,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, ReplayError> {
        let (low, high) = (seat.me().min(peer), seat.me().max(peer));
        let session = Transcript::new("pairing")
            .field("roster", seat.roster_hash())
            .number("epoch", seat.roster().epoch.into())
            .field("key", key)
            .number("low", low.get().into())
            .number("high", high.get().into())
            .finish();
        let mut pairing = Self {
            rng: HedgedRng::new(entropy, seat.identity().seed().expose(), &session),
            seat,
            peer,
            session,
            over: None,
            phase: Phase::Waiting,
            sent: Vec::new(),
            resend: Resend::new(now),
            tried: None,
            early: None,
            out: Outbox::default(),
        };
        for mutation in log {
            pairing.apply(mutation)?;
        }
        pairing.resume();
        pairing.schedule();
        Ok(pairing)
    }

    fn apply(&mut self, mutation: Mutation) -> Result<(), ReplayError> {
        match mutation {
            Mutation::Made { attempt, keys } => {
                let keys = PairKeys::from_secret_bytes(&keys)?;
                if keys.peer() != self.peer || keys.generation() != attempt.generation {
                    return Err(ReplayError::OutOfOrder);
                }
                self.phase = Phase::AwaitingConfirmation { attempt, keys, heard: None };
            }
            Mutation::Confirmed => match core::mem::replace(&mut self.phase, Phase::Moving) {
                Phase::AwaitingConfirmation { attempt, keys, .. } => {
                    let statement = *keys.statement();
                    let keys = keys.confirm(&statement).map_err(|_| ReplayError::OutOfOrder)?;
                    self.phase = Phase::Ready(attempt, keys);
                }
                _ => return Err(ReplayError::OutOfOrder),
            },
            Mutation::Over { generation } => {
                self.over = self.over.max(Some(generation));
                self.phase = Phase::Failed;
            }
            Mutation::Banned(tombstone) => {
                self.over = self.over.max(Some(tombstone.generation()));
                self.phase = Phase::Banned(tombstone);
            }
            Mutation::Renewed { over } => {
                self.over = self.over.max(over);
                self.phase = Phase::Waiting;
            }
        }
        Ok(())
    }

    /// Says again what the log implies, or begins.
    fn resume(&mut self) {
        match &self.phase {
            Phase::AwaitingConfirmation { attempt, keys, .. } | Phase::Ready(attempt, keys) => {
                let confirmation = Confirmation { attempt: *attempt, statement: *keys.statement() };
                self.sent = vec![self.say(Round::Confirmation, &confirmation)];
                if !keys.is_usable() {
                    self.nudge();
                }
            }
            Phase::Waiting => self.begin(),
            Phase::AwaitingTransfers(..)
            | Phase::AwaitingTrees { .. }
            | Phase::Failed
            | Phase::Banned(_)
            | Phase::Moving => {}
        }
    }

    /// Returns the other member.
    pub const fn peer(&self) -> ParticipantId {
        self.peer
    }

    /// Returns the secrets, once both have confirmed them.
    pub const fn keys(&self) -> Option<&PairKeys> {
        match &self.phase {
            Phase::Ready(_, keys) => Some(keys),
            _ => None,
        }
    }

    /// Returns whether it goes on by itself.
    pub const fn is_under_way(&self) -> bool {
        !matches!(self.phase, Phase::Ready(..) | Phase::Failed | Phase::Banned(_))
    }

    /// Returns whether this device banned the last generation.
    pub const fn is_banned(&self) -> bool {
        matches!(self.phase, Phase::Banned(_))
    }

    /// Returns mutations that stand for all that were persisted.
    pub fn snapshot(&self) -> Vec<Mutation> {
        let over = self.over.map(|generation| Mutation::Over { generation });
        let mut log: Vec<Mutation> = over.into_iter().collect();
        match &self.phase {
            Phase::AwaitingConfirmation { attempt, keys, .. } => {
                log.push(Mutation::Made { attempt: *attempt, keys: keys.to_secret_bytes() });
            }
            Phase::Ready(attempt, keys) => {
                log.push(Mutation::Made { attempt: *attempt, keys: keys.to_secret_bytes() });
                log.push(Mutation::Confirmed);
            }
            Phase::Banned(tombstone) => log.push(Mutation::Banned(*tombstone)),
            Phase::Failed => {}
            Phase::Waiting | Phase::AwaitingTransfers(..) | Phase::AwaitingTrees { .. } | Phase::Moving => {
                log = self.over.iter().map(|over| Mutation::Renewed { over: Some(*over) }).collect();
            }
        }
        log
    }

    /// Ends the generation because an extension check failed. The tombstone is durable before anything else is said.
    pub fn ban(&mut self, tombstone: Tombstone) {
        self.over = self.over.max(Some(tombstone.generation()));
        self.sent.clear();
        self.out.push(Output::Persist(Mutation::Banned(tombstone)));
        self.phase = Phase::Banned(tombstone);
        self.out.push(Output::Event(Event::Ended));
        let reason = "the check of an extension failed: the peer may have tried to learn a secret".to_owned();
        self.out.push(Output::Event(Event::Failed { reason }));
    }

    /// Makes a new generation: the explicit act of a person.
    pub fn renew(&mut self, now: Timestamp) {
        self.start_over(None);
        self.resend.restart(now);
        if self.begins() {
            self.begin();
        } else {
            self.wish(self.over);
        }
        self.schedule();
    }

    /// Takes an authentic envelope of the peer.
    pub fn handle_envelope(&mut self, envelope: &Envelope, now: Timestamp) {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Pairing
            && header.session == self.session
            && header.sender == self.peer
            && header.recipient == Some(self.seat.me());
        let Some(round) = Round::from_number(header.round).filter(|_| ours) else { return };
        match round {
            Round::Transfers => self.handle_transfers(envelope, now),
            Round::Trees => self.handle_trees(envelope),
            Round::Confirmation => self.handle_confirmation(envelope, now),
            Round::Renewal => self.handle_renewal(envelope, now),
            Round::Nudge => self.handle_nudge(envelope, now),
            Round::Announcement => {}
        }
        self.schedule();
    }

    /// Asks again.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if self.is_under_way() && self.resend.is_due(now) {
            self.nudge();
        }
        self.schedule();
    }

    /// Says again what may have been missed.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.resend.restart(now);
        if self.is_under_way() {
            self.nudge();
        }
        self.schedule();
    }

    /// Returns the next output. Drain until `None` before the next input.
    pub fn poll_output(&mut self) -> Option<Output<Mutation, Event>> {
        self.out.poll()
    }

    fn begins(&self) -> bool {
        self.seat.me() < self.peer
    }

    /// The member with the lower index begins a try.
    fn begin(&mut self) {
        if !self.begins() {
            return;
        }
        let generation = self.over.map_or(0, |over| over.saturating_add(1));
        let mut nonce = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        let attempt = Attempt { generation, nonce };
        self.sent.clear();
        match self.open(attempt) {
            Ok((round, transfers)) => {
                self.phase = Phase::AwaitingTransfers(attempt, round);
                self.send(Round::Transfers, &Flight { attempt, message: transfers.to_bytes() });
            }
            Err(misuse) => self.fail(generation, misuse.to_string()),
        }
    }

    fn open(&mut self, attempt: Attempt) -> Result<(AwaitingTransfers, Transfers), Misuse> {
        let session = Transcript::new("pairing/attempt")
            .field("session", &self.session)
            .field("nonce", &attempt.nonce)
            .finish();
        let (me, peer, generation) = (self.seat.me(), self.peer, attempt.generation);
        let context = PairContext { session, me, peer, generation };
        context.begin(self.over, self.seat.identity().seed().expose(), &mut self.rng)
    }

    fn handle_transfers(&mut self, envelope: &Envelope, now: Timestamp) {
        let Some(flight) = decode::<Flight>(envelope, Round::Transfers) else { return };
        let Ok(transfers) = Transfers::from_bytes(&flight.message) else { return };
        let heard = envelope.digest().body_hash;
        if self.begins() {
            self.take_answer(flight.attempt, &transfers, heard, now);
        } else {
            self.answer(flight.attempt, &transfers, heard, now);
        }
    }

    /// The peer answers our try; another answer to the same try means that it restarted meanwhile.
    fn take_answer(&mut self, attempt: Attempt, transfers: &Transfers, heard: [u8; 32], now: Timestamp) {
        let (current, known) = match &self.phase {
            Phase::AwaitingTransfers(current, _) => (*current, None),
            Phase::AwaitingTrees { attempt, heard, .. } => (*attempt, Some(*heard)),
            Phase::AwaitingConfirmation { attempt, heard: Some(heard), .. } => (*attempt, Some(*heard)),
            _ => return,
        };
        if current != attempt || known == Some(heard) {
            return;
        }
        if known.is_some() {
            if self.may_try(now) {
                self.end_generation();
                self.begin();
            }
            return;
        }
        if let Phase::AwaitingTransfers(_, round) = core::mem::replace(&mut self.phase, Phase::Moving) {
            self.plant(attempt, round, transfers, heard);
        }
    }

    /// We answer the peer's try, and any newer one of a generation that may still be made.
    fn answer(&mut self, attempt: Attempt, transfers: &Transfers, heard: [u8; 32], now: Timestamp) {
        let known = match &self.phase {
            Phase::AwaitingTrees { attempt, heard, .. } => Some((*attempt, Some(*heard))),
            Phase::AwaitingConfirmation { attempt: known, heard: None, .. } if *known == attempt => {
                // What was said to these transfers died with a process and can not be said again.
                if self.may_try(now) {
                    self.wish(self.over.max(Some(attempt.generation)));
                }
                return;
            }
            Phase::AwaitingConfirmation { attempt, heard, .. } => Some((*attempt, *heard)),
            Phase::Ready(attempt, _) => Some((*attempt, Some(heard))),
            Phase::Banned(_) => return,
            _ => None,
        };
        let is_known = known == Some((attempt, Some(heard)));
        if is_known || !self.may_be_made(attempt.generation) || !self.may_try(now) {
            return;
        }
        if matches!(self.phase, Phase::Ready(..)) {
            self.end_generation();
        }
        self.sent.clear();
        match self.open(attempt) {
            Ok((round, own)) => {
                self.send(Round::Transfers, &Flight { attempt, message: own.to_bytes() });
                self.plant(attempt, round, transfers, heard);
            }
            Err(misuse) => self.fail(attempt.generation, misuse.to_string()),
        }
    }

    fn may_be_made(&self, generation: u64) -> bool {
        let made = self.keys().map(PairKeys::generation);
        let least = self.over.max(made).map_or(0, |over| over.saturating_add(1));
        (least..least.saturating_add(MAX_GENERATION_STEP)).contains(&generation)
    }

    /// Both flights of transfers are known: sends the trees.
    fn plant(&mut self, attempt: Attempt, round: AwaitingTransfers, peer: &Transfers, heard: [u8; 32]) {
        match round.finish(peer, self.seat.identity().seed().expose(), &mut self.rng) {
            Ok((round, trees)) => {
                let own = self.own_transfers().unwrap_or_default();
                self.phase = Phase::AwaitingTrees { attempt, round, heard };
                self.send(Round::Trees, &Planted { attempt, answers: heard, own, message: trees.to_bytes() });
            }
            Err(fault) => self.fail_with(attempt, &fault),
        }
    }

    /// Returns the hash of the transfers that this device sent in this try.
    fn own_transfers(&self) -> Option<[u8; 32]> {
        let own = self.sent.iter().find(|sent| sent.header.round == Round::Transfers as u8);
        own.map(|own| own.digest().body_hash)
    }

    fn handle_trees(&mut self, envelope: &Envelope) {
        let Some(planted) = decode::<Planted>(envelope, Round::Trees) else { return };
        let Ok(trees) = Trees::from_bytes(&planted.message) else { return };
        let is_answer = self.own_transfers() == Some(planted.answers);
        let is_of_these = matches!(&self.phase, Phase::AwaitingTrees { attempt, heard, .. }
            if *attempt == planted.attempt && *heard == planted.own);
        if !is_answer || !is_of_these {
            return;
        }
        let Phase::AwaitingTrees { attempt, round, heard } =
            core::mem::replace(&mut self.phase, Phase::Moving)
        else {
            return;
        };
        match round.finish(&trees) {
            Ok(keys) => {
                self.out.push(Output::Persist(Mutation::Made { attempt, keys: keys.to_secret_bytes() }));
                self.send(Round::Confirmation, &Confirmation { attempt, statement: *keys.statement() });
                self.phase = Phase::AwaitingConfirmation { attempt, keys, heard: Some(heard) };
            }
            Err(fault) => self.fail_with(attempt, &fault),
        }
    }

    fn handle_confirmation(&mut self, envelope: &Envelope, now: Timestamp) {
        let Some(said) = decode::<Confirmation>(envelope, Round::Confirmation) else { return };
        if self.can_not_confirm(&said.attempt) {
            return self.wish(self.over.max(Some(said.attempt.generation)));
        }
        if matches!(&self.phase, Phase::AwaitingTrees { attempt, .. } if *attempt == said.attempt) {
            return self.hear_early(said.attempt, now);
        }
        let Phase::AwaitingConfirmation { attempt, keys, .. } = &self.phase else { return };
        if *attempt != said.attempt {
            return;
        }
        if *keys.statement() != said.statement {
            // The peer restarted in the middle and made other secrets: whoever begins does so again. The other waits
            // for that with keys that are not confirmed, hence of no use.
            if self.begins() && self.may_try(now) {
                self.end_generation();
                self.begin();
            }
            return;
        }
        if let Phase::AwaitingConfirmation { attempt, keys, .. } =
            core::mem::replace(&mut self.phase, Phase::Moving)
        {
            match keys.confirm(&said.statement) {
                Ok(keys) => self.phase = Phase::Ready(attempt, keys),
                Err(fault) => return self.fail_with(attempt, &fault),
            }
            self.sent.retain(|envelope| envelope.header.round == Round::Confirmation as u8);
            self.out.push(Output::Append(Mutation::Confirmed));
            self.out.push(Output::Event(Event::Ready));
        }
    }

    /// The peer confirms a try whose trees are not here: they are late, or it restarted and can not say them again.
    /// Who begins says its transfers again, which such a peer answers with a wish.
    fn hear_early(&mut self, attempt: Attempt, now: Timestamp) {
        match self.early {
            Some((known, first)) if known == attempt => {
                if !self.begins() && now.since(first) >= TREES_PATIENCE {
                    self.wish(self.over.max(Some(attempt.generation)));
                }
            }
            Some(_) | None => self.early = Some((attempt, now)),
        }
    }

    /// The peer holds a generation that this device, which does not begin, lost in a crash before it was durable.
    fn can_not_confirm(&self, said: &Attempt) -> bool {
        let lost = match &self.phase {
            Phase::Waiting => true,
            // A late message of an earlier try, or another life, took this device away from what the peer confirms. What
            // it confirmed of an earlier generation is late itself.
            Phase::AwaitingTrees { attempt, .. }
            | Phase::AwaitingConfirmation { attempt, heard: None, .. } => {
                attempt != said && attempt.generation <= said.generation
            }
            Phase::AwaitingTransfers(..)
            | Phase::AwaitingConfirmation { heard: Some(_), .. }
            | Phase::Ready(..)
            | Phase::Failed
            | Phase::Banned(_)
            | Phase::Moving => false,
        };
        lost && !self.begins()
    }

    /// Asks the peer, which begins, for a generation after this one.
    fn wish(&mut self, over: Option<u64>) {
        let wish = self.say(Round::Renewal, &Renewal { over: over.unwrap_or_default() });
        self.sent = vec![wish.clone()];
        self.out.push(Output::Send(Recipient::One(self.peer), wish));
    }

    /// The peer, which never begins, wants a new generation: ours is of no use any more.
    fn handle_renewal(&mut self, envelope: &Envelope, now: Timestamp) {
        let Some(Renewal { over }) = decode::<Renewal>(envelope, Round::Renewal) else { return };
        let least = self.over.map_or(0, |over| over.saturating_add(1));
        let plausible = (least..least.saturating_add(MAX_GENERATION_STEP)).contains(&over);
        let refused = matches!(self.phase, Phase::Banned(_)) || !self.begins() || !plausible;
        if refused || !self.may_try(now) {
            return;
        }
        self.start_over(Some(over));
        self.resend.restart(now);
        self.begin();
    }

    fn may_try(&mut self, now: Timestamp) -> bool {
        let due = self.tried.is_none_or(|last| now.since(last) >= TRY_INTERVAL);
        if due {
            self.tried = Some(now);
        }
        due
    }

    /// Says again what was said. Who does not begin asks back for a try that it has not heard of.
    fn handle_nudge(&mut self, envelope: &Envelope, now: Timestamp) {
        let Some(Nudged { attempt }) = decode::<Nudged>(envelope, Round::Nudge) else { return };
        if !self.resend.may_answer(self.peer, now) {
            return;
        }
        let is_news =
            |attempt: Attempt| self.attempt() != Some(attempt) && self.may_be_made(attempt.generation);
        if !self.begins() && attempt.is_some_and(is_news) {
            self.nudge();
        }
        let said = self.sent.clone();
        for envelope in said {
            self.out.push(Output::Send(Recipient::One(self.peer), envelope));
        }
    }

    /// Asks the peer to say again what it has said: a few bytes, whatever was said before.
    fn nudge(&mut self) {
        let nudge = self.say(Round::Nudge, &Nudged { attempt: self.attempt() });
        self.out.push(Output::Send(Recipient::One(self.peer), nudge));
    }

    /// Returns the try that this device is in.
    const fn attempt(&self) -> Option<Attempt> {
        match &self.phase {
            Phase::AwaitingTransfers(attempt, _)
            | Phase::AwaitingTrees { attempt, .. }
            | Phase::AwaitingConfirmation { attempt, .. }
            | Phase::Ready(attempt, _) => Some(*attempt),
            Phase::Waiting | Phase::Failed | Phase::Banned(_) | Phase::Moving => None,
        }
    }

    /// What was made is over, if anything was.
    fn end_generation(&mut self) {
        if matches!(self.phase, Phase::AwaitingConfirmation { .. } | Phase::Ready(..)) {
            self.start_over(None);
        }
    }

    /// Whatever was made or begun is over, with all generations up to this one. One record, so that no crash leaves a
    /// pair that has ended and does not begin anew.
    fn start_over(&mut self, over: Option<u64>) {
        let (made, was_ready) = match &self.phase {
            Phase::AwaitingConfirmation { attempt, .. } => (Some(attempt.generation), false),
            Phase::Ready(attempt, _) => (Some(attempt.generation), true),
            _ => (None, false),
        };
        self.over = self.over.max(made).max(over);
        self.sent.clear();
        self.phase = Phase::Waiting;
        self.out.push(Output::Persist(Mutation::Renewed { over: self.over }));
        if was_ready {
            self.out.push(Output::Event(Event::Ended));
        }
    }

    fn fail_with(&mut self, attempt: Attempt, fault: &Fault) {
        self.fail(attempt.generation, fault.to_string());
    }

    fn fail(&mut self, generation: u64, reason: String) {
        self.over = self.over.max(Some(generation));
        self.sent.clear();
        self.phase = Phase::Failed;
        self.out.push(Output::Persist(Mutation::Over { generation }));
        self.out.push(Output::Event(Event::Failed { reason }));
    }

    fn send(&mut self, round: Round, body: &impl borsh::BorshSerialize) {
        let envelope = self.say(round, body);
        self.sent.push(envelope.clone());
        self.out.push(Output::Send(Recipient::One(self.peer), envelope));
    }

    fn say(&self, round: Round, body: &impl borsh::BorshSerialize) -> Envelope {
        let body = encoding::body_bytes(body);
        let number = round as u8;
        let (peer, sequence) = (Some(self.peer), u32::from(number));
        self.seat.say(Protocol::Pairing, self.session, (number, sequence), peer, body)
    }

    fn schedule(&mut self) {
        if self.is_under_way() {
            self.out.push(Output::WakeAt(self.resend.next()));
        }
    }
}

impl core::fmt::Debug for Pairing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pairing").field("peer", &self.peer).finish_non_exhaustive()
    }
}
