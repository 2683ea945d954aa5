//! The key ceremony of one roster: F0 to F5 of `docs/protocols/dkg.md`, kept alive through crashes and bad networks.
//!
//! ```text
//! keygen.handle_envelope(envelope, now);      // authentic, from the courier
//! keygen.handle_wake(now);                    // when a WakeAt is reached, or the relay came back
//! while let Some(output) = keygen.poll_output() { /* carry out, in order */ }
//! ```
//! A finished round is made durable, with all that was received and all that will be said, before the next word
//! leaves. After its certificate signature a member never gives up by itself: only a certificate ends the wait.
//! Blame needs a signed message that proves it; silence is named, never blamed.

mod dispute;
mod failure;
mod messages;
mod replay;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{HedgedRng, Millis, ParticipantId, Secret, Timestamp, Transcript};
use quorate_threshold::dkg::{self, Dealings, Outcome, Participant, Terms};
use quorate_threshold::engine::{Inbox, Recipient};
use rand_core::RngCore;

use crate::certificate::Certificate;
use crate::envelope::{Envelope, Protocol};
use crate::output::{Outbox, Output, Resend};
use crate::seat::Seat;

pub use dispute::answer_with_certificate;
pub(crate) use failure::list as list_names;
pub use failure::{Blame, Failure};
pub use messages::{Certification, Evidence, Mutation, SignedComplaint};
pub use replay::ReplayError;

use messages::{Round, max_body_len};

/// How long a round may take unless the caller says otherwise.
pub const DEFAULT_PATIENCE: Millis = 600_000;

/// How many flights a ceremony has.
pub const FLIGHTS: u8 = 6;

/// What a ceremony tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A flight is complete; `done` of [`FLIGHTS`].
    Progress {
        /// Flights complete.
        done: u8,
    },
    /// The certificate is held and durable: the keys may be used.
    Finished,
    /// The ceremony ended without keys.
    Failed(Failure),
    /// Keys are pending and somebody misbehaved, or is late; the state stays until a certificate or a human ends it.
    Pending {
        /// Who has not certified.
        missing: Vec<ParticipantId>,
        /// What is known to be wrong.
        failure: Option<Failure>,
    },
}

/// One member's side of a ceremony.
pub struct Keygen {
    seat: Arc<Seat>,
    ceremony: [u8; 32],
    phase: Phase,
    inboxes: [Inbox<Envelope>; FLIGHTS as usize],
    extras: BTreeMap<(u8, ParticipantId), Envelope>,
    sent: Vec<Envelope>,
    dealings: Option<Arc<Dealings>>,
    resend: Resend,
    patience: Millis,
    deadline: Timestamp,
    out: Outbox<Mutation, Event>,
}

/// Returns the id of the one ceremony of a roster.
fn ceremony_id(seat: &Seat) -> [u8; 32] {
    Transcript::new("keygen").field("roster", seat.roster_hash()).finish()
}

enum Phase {
    Announcements(dkg::AwaitingAnnouncements),
    Commitments(dkg::AwaitingCommitments),
    Dealings(dkg::AwaitingDealings),
    Echoes(dkg::AwaitingEchoes),
    Shares(dkg::AwaitingShares),
    /// Shares are durable as pending, our signature is out.
    Certificates(Outcome),
    Certified(Outcome, Certificate),
    /// Echoes differ: waiting for the others' evidence, until the deadline.
    Disputed(dkg::Broadcast),
    Failed(Failure),
    /// Only while a round is being finished.
    Moving,
}

impl Keygen {
    /// Begins the one ceremony of the seat's roster with a fresh 32-byte `seed`. The device's identity and the roster
    /// are mixed in: where the source of randomness stands still, two ceremonies still have different secrets.
    ///
    /// # Errors
    /// [`dkg::Fault::Misuse`] if the roster asks for no key.
    #[expect(clippy::needless_pass_by_value, reason = "a ceremony takes its seed over")]
    pub fn start(
        seat: Arc<Seat>,
        seed: Secret<[u8; 32]>,
        patience: Millis,
        now: Timestamp,
    ) -> Result<Self, dkg::Fault> {
        let mut hedged = HedgedRng::new(seed.expose(), seat.identity().seed().expose(), seat.roster_hash());
        let mut seed = Secret::new([0; 32]);
        hedged.fill_bytes(seed.expose_mut());
        let mut keygen = Self::with_announcement(seat, seed.duplicate(), patience, now)?;
        let announcement = keygen.sent.clone();
        keygen.out.push(Output::Persist(Mutation::Started { seed, sent: announcement.clone() }));
        keygen.send_all(&announcement);
        keygen.schedule(now);
        Ok(keygen)
    }

    fn with_announcement(
        seat: Arc<Seat>,
        seed: Secret<[u8; 32]>,
        patience: Millis,
        now: Timestamp,
    ) -> Result<Self, dkg::Fault> {
        let roster = seat.roster();
        let terms = Terms::new(*seat.roster_hash(), roster.threshold, &roster.purposes, roster.epoch);
        let (phase, announcement) = Participant::new(terms, seat.me(), seed)?.announce();
        let others: Vec<_> = seat.others().map(|(id, _)| id).collect();
        let ceremony = ceremony_id(&seat);
        let mut keygen = Self {
            ceremony,
            phase: Phase::Announcements(phase),
            inboxes: core::array::from_fn(|_| Inbox::new(others.iter().copied())),
            extras: BTreeMap::new(),
            sent: Vec::new(),
            dealings: None,
            resend: Resend::new(now),
            patience,
            deadline: now.after(patience),
            out: Outbox::default(),
            seat,
        };
        let envelope = keygen.say(Round::Announcement, None, &announcement);
        keygen.sent.push(envelope);
        Ok(keygen)
    }

    /// Returns the id of this ceremony: every message names it.
    pub const fn ceremony(&self) -> &[u8; 32] {
        &self.ceremony
    }

    /// Returns this device's place in the roster.
    pub const fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// Returns the keys and their certificate, once there is one.
    pub const fn finished(&self) -> Option<(&Outcome, &Certificate)> {
        match &self.phase {
            Phase::Certified(outcome, certificate) => Some((outcome, certificate)),
            _ => None,
        }
    }

    /// Returns why there will be no keys.
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Returns whether shares are durable and our signature is out: only a certificate or a human ends this.
    pub const fn is_pending(&self) -> bool {
        matches!(self.phase, Phase::Certificates(_))
    }

    /// Returns who is awaited.
    pub fn missing(&self) -> Vec<ParticipantId> {
        let awaited = self.current().and_then(|round| self.inboxes.get(round));
        awaited.map_or_else(Vec::new, Inbox::missing)
    }

    /// Takes an authentic envelope. Whatever does not belong to this ceremony changes nothing.
    pub fn handle_envelope(&mut self, envelope: Envelope, now: Timestamp) {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Keygen && header.session == self.ceremony;
        let Some(round) = Round::from_number(header.round).filter(|_| ours) else { return };
        let addressed = match round {
            Round::Shares | Round::Nudge => header.recipient == Some(self.seat.me()),
            _ => header.recipient.is_none(),
        };
        if !addressed
            || header.sequence != u32::from(header.round)
            || envelope.body.len() > max_body_len(round)
        {
            return;
        }
        match round {
            Round::Complaint | Round::Evidence | Round::Certificate | Round::Cancel | Round::Nudge => {
                self.handle_extra(round, envelope, now);
            }
            _ => self.handle_flight(round, envelope, now),
        }
    }

    /// Does what time asks for: repeats what others may have missed, and ends what took too long.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if now >= self.deadline {
            self.give_up_waiting(now);
        }
        if self.resend.is_due(now) {
            self.nudge();
        }
        self.schedule(now);
    }

    /// Asks again for what is missing, and says again what may be missed: the relay restarted, or this device did.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.resend.restart(now);
        self.nudge();
        self.schedule(now);
    }

    /// Ends the ceremony by a human's decision, and tells the others. A certified one stays.
    pub fn cancel(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Certified(..) | Phase::Failed(_)) {
            return;
        }
        let by = self.seat.me();
        let envelope = self.say(Round::Cancel, None, &());
        self.end(Failure::Cancelled { by }, vec![envelope], now);
    }

    /// Ends the ceremony because a member saw other safety words, which its lobby has made sure of.
    pub fn handle_objection(&mut self, by: ParticipantId, now: Timestamp) {
        self.fail(Failure::Objected { by }, now);
    }

    /// Returns the next effect. Drain until `None` before the next input.
    pub fn poll_output(&mut self) -> Option<Output<Mutation, Event>> {
        self.out.poll()
    }

    /// Returns the flight that is awaited.
    const fn current(&self) -> Option<usize> {
        match &self.phase {
            Phase::Announcements(_) => Some(0),
            Phase::Commitments(_) => Some(1),
            Phase::Dealings(_) => Some(2),
            Phase::Echoes(_) => Some(3),
            Phase::Shares(_) => Some(4),
            Phase::Certificates(_) => Some(5),
            Phase::Certified(..) | Phase::Disputed(_) | Phase::Failed(_) | Phase::Moving => None,
        }
    }

    fn say(&self, round: Round, to: Option<ParticipantId>, body: &impl borsh::BorshSerialize) -> Envelope {
        let body = quorate_primitives::encoding::body_bytes(body);
        let number = round as u8;
        self.seat.say(Protocol::Keygen, self.ceremony, (number, u32::from(number)), to, body)
    }

    fn send_all(&mut self, envelopes: &[Envelope]) {
        for envelope in envelopes {
            self.out.push(Output::Send(envelope.recipient(), envelope.clone()));
        }
    }

    fn schedule(&mut self, now: Timestamp) {
        let wake = match &self.phase {
            Phase::Certified(..) | Phase::Failed(_) => return,
            _ if now >= self.deadline => self.resend.next(),
            _ => self.resend.next().min(self.deadline),
        };
        self.out.push(Output::WakeAt(wake));
    }

    /// Asks those who are awaited, and repeats to them our own message of the same flight. The certificate and the
    /// evidence of a split view may come from anybody.
    fn nudge(&mut self) {
        let everybody = || self.seat.others().map(|(id, _)| id).collect();
        let (awaited, peers) = match (&self.phase, self.current()) {
            (Phase::Disputed(_), _) => (Round::Evidence as usize, everybody()),
            (Phase::Certificates(_), Some(round)) => (round, everybody()),
            (_, Some(round)) => (round, self.missing()),
            (_, None) => return,
        };
        let Ok(awaited) = u8::try_from(awaited) else { return };
        for peer in peers {
            let said = self.sent.iter().filter(|e| e.header.round == awaited);
            let for_peer = said.filter(|e| e.header.recipient.is_none_or(|to| to == peer)).cloned();
            let nudge = self.say(Round::Nudge, Some(peer), &awaited);
            for envelope in for_peer.chain([nudge]) {
                self.out.push(Output::Send(Recipient::One(peer), envelope));
            }
        }
    }
}

impl core::fmt::Debug for Keygen {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Keygen").field("awaited flight", &self.current()).finish_non_exhaustive()
    }
}
