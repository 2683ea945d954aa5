//! One batch of presignatures of a fixed signer set, made by its members while they are online.
//!
//! ```text
//! owner ─ Proposal ─▶ signers      each ─ Commitment ─▶ all, Extension ─▶ each
//! each ─ Opening ─▶ all, Multiplication ─▶ each        each ─ Confirmation ─▶ all
//! ```
//! Nothing of it is persisted, nothing resumes: a crash drops the session. The large messages leave only when every
//! signer has answered. A failed extension check comes out as [`Event::Banned`] before anything else is said; the
//! caller hands it to the pair, whose tombstone is durable first. Others hear which pair failed, never whose fault
//! it was.

mod lives;
mod messages;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_dkls::presign::{
    self, AwaitingConfirmations, AwaitingExtensions, AwaitingMultiplications, Pairs, Presignature,
    PresignatureId, SigningGroup, Terms,
};
use quorate_dkls::sign::MessageHash;
use quorate_dkls::{Disclosure, Fault, Misuse, Offence, Pair, Tombstone};
use quorate_primitives::{HedgedRng, KeyPurpose, Millis, ParticipantId, Timestamp, Transcript};
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;
use rand_core::RngCore;
use thiserror::Error;

use crate::envelope::{Envelope, Protocol};
use crate::output::{Outbox, Output, Resend};
use crate::seat::Seat;

pub use lives::{Life, Lives, Word, is_reset, reset};
pub use messages::{Committed, Ended, Proposal};
use messages::{Round, decode, max_body_len};

/// How long a session may take, in milliseconds: everybody is online, or it ends.
pub const PATIENCE: Millis = 30_000;

/// Nothing is persisted here.
pub type Mutation = core::convert::Infallible;

/// What the caller is told.
#[derive(Debug)]
pub enum Event {
    /// All signers confirmed: these may be used, once each.
    Ready(Vec<Presignature>),
    /// A signer does not have these, whatever it confirmed: they are of no use.
    Revoked(Vec<PresignatureId>),
    /// Extension checks failed: ban these generations, durably, before anything else.
    Banned(Vec<Tombstone>),
    /// There are no presignatures.
    Failed(Failure),
}

/// Why a session ended without presignatures.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// Somebody did not answer in time.
    #[error("no answer in time from {}", crate::keygen::list_names(.missing))]
    TimedOut {
        /// Who.
        missing: Vec<ParticipantId>,
    },
    /// A run failed here.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A message of this peer does not fit, which a restart of either is enough for, or which only the two can judge.
    #[error("the run with participant {peer} failed")]
    Unproven {
        /// With whom.
        peer: ParticipantId,
        /// What did not fit.
        offence: Offence,
    },
    /// Another signer ended the session.
    #[error("participant {by} ended it")]
    Ended {
        /// Who.
        by: ParticipantId,
        /// The pair that failed, if one did.
        pair: Option<Pair>,
    },
}

/// What a session is to make.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Who signs, in order.
    pub signers: &'a [ParticipantId],
    /// How many presignatures: one, if it is for one message.
    pub batch: u16,
    /// The life of this device that it belongs to.
    pub life: Life,
    /// The message that it signs and nothing else (plain mode); `None` for any to come.
    pub message: Option<MessageHash>,
}

/// One session.
pub struct Presigning {
    seat: Arc<Seat>,
    session: [u8; 32],
    owner: ParticipantId,
    /// The owner's life that it belongs to.
    life: Life,
    proposal: Envelope,
    signers: Vec<ParticipantId>,
    batch: u16,
    rng: HedgedRng,
    phase: Phase,
    /// The first message of every sender in every round.
    inbox: BTreeMap<(Round, ParticipantId), Envelope>,
    sent: Vec<Envelope>,
    /// What it made.
    made: Vec<PresignatureId>,
    resend: Resend,
    deadline: Timestamp,
    out: Outbox<Mutation, Event>,
}

enum Phase {
    Extensions(Box<AwaitingExtensions>),
    Multiplications(Box<AwaitingMultiplications>),
    Confirmations(Box<AwaitingConfirmations>),
    Over,
}

impl Presigning {
    /// Begins a session as its owner, in a life of this device.
    ///
    /// # Errors
    /// [`Fault::Local`]: the signers, the batch or the pairs do not fit.
    pub fn propose(
        seat: Arc<Seat>,
        share: &KeyShare,
        wanted: Wanted<'_>,
        pairs: &Pairs<'_>,
        generations: Vec<(Pair, u64)>,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, Fault> {
        // With randomness that stands still, two sessions of one owner still differ by their time.
        let context = Transcript::new("presigning/counter").number("now", now.0).finish();
        let counter = HedgedRng::new(entropy, seat.identity().seed().expose(), &context).next_u64();
        let Wanted { signers, batch, life, message } = wanted;
        let proposal = Proposal { signers: signers.to_vec(), batch, counter, life, generations, message };
        let body = quorate_primitives::encoding::body_bytes(&proposal);
        let session = session_id(&seat, seat.me(), &body);
        let envelope = seat.say(Protocol::Presigning, session, (Round::Proposal as u8, 0), None, body);
        let mut presigning = Self::build(seat, share, envelope.clone(), pairs, life, entropy, now)?;
        presigning.sent.insert(0, envelope.clone());
        for peer in presigning.peers() {
            presigning.out.push(Output::Send(Recipient::One(peer), envelope.clone()));
        }
        presigning.speak(1);
        Ok(presigning)
    }

    /// Takes part in another member's session, from its proposal or from whatever carries it. `life` is this device's.
    ///
    /// # Errors
    /// [`Fault::Local`]: this device is not among the signers, or knows other pairs. Nobody is to blame.
    pub fn open(
        seat: Arc<Seat>,
        share: &KeyShare,
        proposal: Envelope,
        pairs: &Pairs<'_>,
        life: Life,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let mut presigning = Self::build(seat, share, proposal, pairs, life, entropy, now)?;
        presigning.speak(0);
        Ok(presigning)
    }

    /// Reads a proposal, whoever carries it. `None` if the envelope carries none, or one that its owner did not sign.
    pub fn proposal_in(seat: &Seat, envelope: &Envelope) -> Option<(Envelope, Proposal)> {
        let carried = match Round::from_number(envelope.header.round)? {
            Round::Proposal => envelope.clone(),
            Round::Commitment => {
                let carried = decode::<Committed>(envelope, Round::Commitment)?.proposal;
                seat.verify(&carried).ok()?;
                carried
            }
            _ => return None,
        };
        let header = &carried.header;
        let proposal = decode::<Proposal>(&carried, Round::Proposal)?;
        let generations = proposal.generations.iter().map(|(pair, _)| pair);
        let fits = header.protocol == Protocol::Presigning
            && proposal.signers.contains(&envelope.header.sender)
            && generations.is_sorted_by(|one, next| one < next)
            && header.round == Round::Proposal as u8
            && header.recipient.is_none()
            && header.session == session_id(seat, header.sender, &carried.body)
            && header.session == envelope.header.session;
        fits.then_some((carried, proposal))
    }

    fn build(
        seat: Arc<Seat>,
        share: &KeyShare,
        proposal: Envelope,
        pairs: &Pairs<'_>,
        life: Life,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let said = decode::<Proposal>(&proposal, Round::Proposal).ok_or(Fault::Local(Misuse::Signers))?;
        let (session, owner) = (proposal.header.session, proposal.header.sender);
        let group = Arc::new(SigningGroup::new(share, &said.signers).map_err(Fault::Local)?);
        let terms = Terms {
            wallet: *seat.roster_hash(),
            epoch: seat.roster().epoch.into(),
            owner,
            counter: said.counter,
            generations: said.generations(),
            batch: said.batch,
        };
        let mut rng = HedgedRng::new(entropy, seat.identity().seed().expose(), &session);
        let (round, commitment, extensions) = match said.message {
            None => presign::begin(&group, terms, pairs, &mut rng)?,
            Some(message) => presign::begin_for(message, &group, terms, pairs, &mut rng)?,
        };
        let mut presigning = Self {
            session,
            owner,
            life: said.life,
            proposal: proposal.clone(),
            signers: said.signers,
            batch: said.batch,
            rng,
            phase: Phase::Extensions(Box::new(round)),
            inbox: BTreeMap::new(),
            sent: Vec::new(),
            made: Vec::new(),
            resend: Resend::new(now),
            deadline: now.after(PATIENCE),
            out: Outbox::default(),
            seat,
        };
        let committed = Committed { proposal, life, commitment: commitment.to_bytes() };
        let body = quorate_primitives::encoding::body_bytes(&committed);
        presigning.keep(Round::Commitment, None, body);
        for (peer, extension) in &extensions {
            presigning.keep(Round::Extension, Some(*peer), extension.to_bytes());
        }
        presigning.out.push(Output::WakeAt(presigning.resend.next().min(presigning.deadline)));
        Ok(presigning)
    }

    /// Returns the session's id in envelopes.
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }

    /// Returns whose presignatures these will be.
    pub const fn owner(&self) -> ParticipantId {
        self.owner
    }

    /// Returns the signers, in order.
    pub fn signers(&self) -> &[ParticipantId] {
        &self.signers
    }

    /// Returns how many presignatures it makes.
    pub const fn batch(&self) -> u16 {
        self.batch
    }

    /// Returns whether it goes on.
    pub const fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Over)
    }

    /// Returns whether it is at work, or ended without presignatures: an owner has few of these at a time.
    pub const fn is_burden(&self) -> bool {
        self.is_open() || self.made.is_empty()
    }

    /// Returns whether others may still ask what was said last.
    pub fn is_worth_keeping(&self, now: Timestamp) -> bool {
        self.is_open() || now < self.deadline
    }

    /// Takes an authentic envelope of another signer.
    pub fn handle_envelope(&mut self, envelope: Envelope, pairs: &Pairs<'_>, now: Timestamp) {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Presigning
            && header.session == self.session
            && self.signers.contains(&header.sender);
        let Some(round) = Round::from_number(header.round).filter(|_| ours) else { return };
        let addressed = if round.is_for_one() {
            header.recipient == Some(self.seat.me())
        } else {
            header.recipient.is_none()
        };
        if !addressed || envelope.body.len() > max_body_len(round) {
            return;
        }
        match round {
            Round::Proposal | Round::Reset => {}
            Round::Nudge => self.answer(header.sender, now),
            Round::Failure => self.hear_of_the_end(&envelope),
            Round::Commitment
            | Round::Extension
            | Round::Opening
            | Round::Multiplication
            | Round::Confirmation => {
                if self.is_open() {
                    self.inbox.entry((round, header.sender)).or_insert(envelope);
                    self.advance(pairs, now);
                }
            }
        }
    }

    /// A signer has begun another life. Returns whether the session goes on: what the signer said in it before is gone.
    #[must_use]
    pub fn hear_of_life(&mut self, signer: ParticipantId, life: Life) -> bool {
        if !self.is_open() || !self.signers.contains(&signer) {
            return true;
        }
        if self.owner == signer {
            return self.life == life;
        }
        let is_untouched = matches!(self.phase, Phase::Extensions(_))
            && !self.inbox.contains_key(&(Round::Commitment, signer));
        self.inbox.retain(|(_, sender), _| *sender != signer);
        is_untouched
    }

    /// Asks again, or gives up.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if !self.is_open() {
            return;
        }
        if now >= self.deadline {
            let missing = self.missing();
            self.tell_the_end(None);
            return self.end(Failure::TimedOut { missing });
        }
        if self.resend.is_due(now) {
            self.nudge();
        }
        self.out.push(Output::WakeAt(self.resend.next().min(self.deadline)));
    }

    /// Says again what may have been missed.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.resend.restart(now);
        if self.is_open() {
            self.nudge();
        }
    }

    /// Returns the next output. Drain until `None` before the next input.
    pub fn poll_output(&mut self) -> Option<Output<Mutation, Event>> {
        self.out.poll()
    }

    fn peers(&self) -> Vec<ParticipantId> {
        self.signers.iter().copied().filter(|id| *id != self.seat.me()).collect()
    }

    /// Puts a message among what was said.
    fn keep(&mut self, round: Round, to: Option<ParticipantId>, body: Vec<u8>) {
        let number = round as u8;
        let envelope =
            self.seat.say(Protocol::Presigning, self.session, (number, u32::from(number)), to, body);
        self.sent.push(envelope);
    }

    /// Sends what was said from a position on.
    fn speak(&mut self, from: usize) {
        let peers = self.peers();
        for envelope in self.sent.iter().skip(from) {
            let to: &[ParticipantId] = envelope.header.recipient.as_slice();
            for peer in if to.is_empty() { &peers } else { to } {
                self.out.push(Output::Send(Recipient::One(*peer), envelope.clone()));
            }
        }
    }

    fn missing(&self) -> Vec<ParticipantId> {
        let awaited: &[Round] = match &self.phase {
            Phase::Extensions(_) => &[Round::Commitment, Round::Extension],
            Phase::Multiplications(_) => &[Round::Opening, Round::Multiplication],
            Phase::Confirmations(_) => &[Round::Confirmation],
            Phase::Over => &[],
        };
        let is_missing =
            |id: &ParticipantId| awaited.iter().any(|round| !self.inbox.contains_key(&(*round, *id)));
        self.peers().into_iter().filter(is_missing).collect()
    }

    fn nudge(&mut self) {
        for peer in self.missing() {
            let number = Round::Nudge as u8;
            let at = (number, u32::from(number));
            let nudge = self.seat.say(Protocol::Presigning, self.session, at, Some(peer), Vec::new());
            let proposal = self.proposal.clone();
            for envelope in [proposal, nudge].into_iter().skip(usize::from(self.owner != self.seat.me())) {
                self.out.push(Output::Send(Recipient::One(peer), envelope));
            }
        }
    }

    fn answer(&mut self, peer: ParticipantId, now: Timestamp) {
        if !self.resend.may_answer(peer, now) {
            return;
        }
        let for_peer = self.sent.iter().filter(|e| e.header.recipient.is_none_or(|to| to == peer));
        for envelope in for_peer {
            self.out.push(Output::Send(Recipient::One(peer), envelope.clone()));
        }
    }

    fn hear_of_the_end(&mut self, envelope: &Envelope) {
        let Some(Ended { pair }) = decode::<Ended>(envelope, Round::Failure) else { return };
        let by = envelope.header.sender;
        let pair = pair.filter(|pair| pair.peer_of(by).is_some());
        if self.is_open() {
            self.end(Failure::Ended { by, pair });
        } else if !self.made.is_empty() {
            self.out.push(Output::Event(Event::Revoked(core::mem::take(&mut self.made))));
        }
    }

    fn tell_the_end(&mut self, pair: Option<Pair>) {
        let body = quorate_primitives::encoding::body_bytes(&Ended { pair });
        self.sent.clear();
        self.keep(Round::Failure, None, body);
        self.speak(0);
    }

    /// Ends because a step failed here. A ban is told to the caller before anything is said to others.
    fn stop(&mut self, fault: Fault) {
        if let Fault::Ban(tombstones) = &fault {
            self.out.push(Output::Event(Event::Banned(tombstones.clone())));
        }
        let pair = fault.disclosures(self.seat.me()).into_iter().find_map(|disclosure| match disclosure {
            Disclosure::Pair(pair) => Some(pair),
            Disclosure::Culprit(_) | Disclosure::Nothing => None,
        });
        self.tell_the_end(pair);
        self.end(failure(fault));
    }

    fn end(&mut self, failure: Failure) {
        self.phase = Phase::Over;
        self.inbox.clear();
        // Only that it ended is still told: what was said before is large.
        self.sent.retain(|envelope| envelope.header.round == Round::Failure as u8);
        self.out.push(Output::Event(Event::Failed(failure)));
    }
}

impl Failure {
    /// Returns with whom another try should not be made at once.
    pub fn with(&self, me: ParticipantId) -> Vec<ParticipantId> {
        match self {
            Self::TimedOut { missing } => missing.clone(),
            Self::Unproven { peer, .. } => vec![*peer],
            Self::Ended { by, .. } => vec![*by],
            Self::Fault(Fault::Blame { culprit, .. }) => vec![*culprit],
            Self::Fault(Fault::Ban(tombstones)) => {
                tombstones.iter().filter_map(|tombstone| tombstone.pair().peer_of(me)).collect()
            }
            Self::Fault(Fault::Local(Misuse::OtherSession { participant })) => vec![*participant],
            Self::Fault(Fault::Local(_) | Fault::Retry(_)) => Vec::new(),
        }
    }
}

/// Nothing of a session is durable: a member that restarted opens something else than it committed to, and is honest.
fn failure(fault: Fault) -> Failure {
    match fault {
        Fault::Blame { culprit: peer, offence }
            if !offence.is_evident() || matches!(offence, Offence::Opening) =>
        {
            Failure::Unproven { peer, offence }
        }
        fault => Failure::Fault(fault),
    }
}

/// The purpose of the keys that need presignatures.
pub const PURPOSE: KeyPurpose = KeyPurpose::EcdsaSecp256k1;

fn session_id(seat: &Seat, owner: ParticipantId, proposal: &[u8]) -> [u8; 32] {
    Transcript::new("presigning")
        .field("roster", seat.roster_hash())
        .number("epoch", seat.roster().epoch.into())
        .number("owner", owner.get().into())
        .field("proposal", proposal)
        .finish()
}

impl core::fmt::Debug for Presigning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Presigning").field("owner", &self.owner).finish_non_exhaustive()
    }
}
