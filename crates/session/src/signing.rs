//! One signature request: a proposal, t approvals, one share of every signer, signatures.
//!
//! ```text
//! proposer ─ Proposal, Approval ─▶ all         approvers ─ Approval (with nonce commitments) ─▶ all
//! proposer ─ Package (t signed approvals) ─▶ all      each signer: burn durably, then ─ Share ─▶ all
//! everybody adds up the shares and verifies
//! ```
//! Driven like every machine: `handle_*(input, now)`, then `poll_output()` until empty. Nonces live in memory only
//! and are consumed when the share is made; the burn record holds the finished share, so that after a crash it is
//! sent again and never computed again. A session whose nonces died with the process is withdrawn, not resumed.
//! S1: no share without t signed approvals of the same statement. S2: one package per session, whatever happens.

mod attribute;
mod collect;
mod failure;
mod messages;
mod presignatures;
mod release;
mod replay;
mod scheme;
mod task;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_dkls::sign::Signing as Signed;
use quorate_primitives::{Millis, ParticipantId, Timestamp};
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;

use crate::envelope::{Envelope, Protocol};
use crate::output::{Outbox, Output, Resend};
use crate::seat::Seat;

pub use failure::{Blame, Failure, OpenError};
pub use messages::{Approval, Decision, Mutation, Openings, Package, Shares};
pub use presignatures::Wants;
pub use task::{MAX_KEYS, MAX_MESSAGES, MAX_PAYLOAD_LEN, Message, Task, TaskKey};

use messages::{Round, decode, max_body_len};
use scheme::{Key, Nonce, Signable};

/// How long signers may take from the package to their shares.
pub const SHARE_PATIENCE: Millis = 60_000;

/// The longest that a proposal may wait for approvals: a week, and a day for clocks that differ.
pub const MAX_TTL: Millis = 8 * 24 * 3_600_000;

/// What a session tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody decided.
    Decided {
        /// Who.
        by: ParticipantId,
        /// Whether it approved.
        approved: bool,
        /// Why not, in the words of the one who refused.
        reason: String,
    },
    /// The signer set is fixed; shares are awaited.
    Signing {
        /// Who signs.
        signers: Vec<ParticipantId>,
    },
    /// The signatures verify, one per message.
    Signed {
        /// 64 bytes each.
        signatures: Vec<[u8; 64]>,
    },
    /// There will be no signature from this session.
    Failed(Failure),
}

/// One member's side of a signing session.
pub struct Signing {
    seat: Arc<Seat>,
    session: [u8; 32],
    proposer: ParticipantId,
    task: Task,
    statement: [u8; 32],
    keys: Vec<Key>,
    decisions: BTreeMap<ParticipantId, Decided>,
    /// One per message, from the approval to the share.
    nonces: Option<Vec<Nonce>>,
    /// Members with whom no presignatures could be made for this request: others sign it.
    passed_over: BTreeSet<ParticipantId>,
    shares: BTreeMap<ParticipantId, Envelope>,
    /// What an ECDSA signer keeps of its share, one per message that ECDSA signs.
    signed: Vec<Signed>,
    openings: BTreeMap<ParticipantId, Envelope>,
    sent: Vec<Envelope>,
    phase: Phase,
    resend: Resend,
    deadline: Timestamp,
    out: Outbox<Mutation, Event>,
}

enum Phase {
    /// Approvals are awaited.
    Deciding,
    /// The proposer has t approvals, and waits for presignatures of their signers.
    Choosing(Vec<Envelope>),
    /// The signers are fixed; their shares are awaited.
    Signing(Fixed),
    /// The shares do not add up; the signers' openings are awaited.
    Attributing(Fixed),
    Finished(Vec<[u8; 64]>),
    Failed(Failure),
}

/// What a member said: an approval of exactly this, or anything else, which is none.
struct Decided {
    envelope: Envelope,
    approves: bool,
}

/// A checked package: who signs what with which commitments.
struct Fixed {
    envelope: Envelope,
    signers: Vec<ParticipantId>,
    packages: Vec<Signable>,
    /// The presignatures that the package names.
    presignatures: Vec<[u8; 32]>,
    hash: [u8; 32],
}

impl Signing {
    /// Proposes a task to the group.
    ///
    /// # Errors
    /// [`OpenError`] if the task does not fit the key or its bounds.
    #[expect(clippy::needless_pass_by_value, reason = "a session takes its task over")]
    pub fn propose(
        seat: Arc<Seat>,
        shares: &[KeyShare],
        task: Task,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let session = task.session(seat.roster_hash(), seat.me());
        let body = quorate_primitives::encoding::body_bytes(&task);
        let proposal = seat.say(Protocol::Signing, session, (Round::Proposal as u8, 0), None, body);
        let mut signing = Self::build(seat, shares, &proposal, now)?;
        signing.sent.push(proposal.clone());
        signing.out.push(Output::Persist(Mutation::Opened { proposal: proposal.clone() }));
        signing.out.push(Output::Send(Recipient::All, proposal));
        signing.schedule();
        Ok(signing)
    }

    /// Opens a session that another member proposed. The caller decodes [`Signing::task`] and decides.
    ///
    /// # Errors
    /// [`OpenError`] if the proposal is malformed, expired, or does not fit the key.
    pub fn open(
        seat: Arc<Seat>,
        shares: &[KeyShare],
        proposal: Envelope,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let mut signing = Self::build(seat, shares, &proposal, now)?;
        if now >= signing.task.expires {
            return Err(OpenError::Expired);
        }
        if signing.task.expires > now.after(MAX_TTL) {
            return Err(OpenError::TooLong);
        }
        signing.out.push(Output::Append(Mutation::Opened { proposal }));
        signing.schedule();
        Ok(signing)
    }

    fn build(
        seat: Arc<Seat>,
        shares: &[KeyShare],
        proposal: &Envelope,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let task: Task = decode(proposal, Round::Proposal).ok_or(OpenError::Malformed)?;
        task.check()?;
        let of_task = task.shares(shares)?;
        let keys = task.keys.iter().zip(of_task).map(|(key, share)| Key::new(share, key));
        let keys = keys.collect::<Result<_, _>>()?;
        let proposer = proposal.header.sender;
        let session = task.session(seat.roster_hash(), proposer);
        let header = &proposal.header;
        if header.session != session
            || header.protocol != Protocol::Signing
            || header.recipient.is_some()
            || header.sequence != 0
        {
            return Err(OpenError::Malformed);
        }
        Ok(Self {
            session,
            proposer,
            statement: task.statement(&session),
            keys,
            decisions: BTreeMap::new(),
            nonces: None,
            passed_over: BTreeSet::new(),
            shares: BTreeMap::new(),
            signed: Vec::new(),
            openings: BTreeMap::new(),
            sent: Vec::new(),
            phase: Phase::Deciding,
            resend: Resend::new(now),
            deadline: task.expires,
            out: Outbox::default(),
            task,
            seat,
        })
    }

    /// Returns the session's id.
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }

    /// Returns who proposed.
    pub const fn proposer(&self) -> ParticipantId {
        self.proposer
    }

    /// Returns what is to be signed. Unverified: the caller recomputes the messages from the payload.
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Returns who approved and who refused, so far.
    pub fn decisions(&self) -> Vec<(ParticipantId, bool)> {
        self.decisions.iter().map(|(id, decided)| (*id, decided.approves)).collect()
    }

    /// Returns the signatures, once they are there.
    pub fn signatures(&self) -> Option<&[[u8; 64]]> {
        match &self.phase {
            Phase::Finished(signatures) => Some(signatures),
            _ => None,
        }
    }

    /// Returns why there will be no signature.
    pub const fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Returns whether this session still waits for something.
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Deciding | Phase::Choosing(_) | Phase::Signing(_) | Phase::Attributing(_))
    }

    /// Returns whether this device has neither approved nor refused.
    pub fn is_undecided(&self) -> bool {
        matches!(self.phase, Phase::Deciding) && !self.decisions.contains_key(&self.seat.me())
    }

    /// Returns who is awaited: the undecided; when all have decided, the proposer, who fixes the signers.
    pub fn missing(&self) -> Vec<ParticipantId> {
        let others = self.seat.others().map(|(id, _)| id);
        match &self.phase {
            Phase::Deciding => {
                let undecided: Vec<_> = others.filter(|id| !self.decisions.contains_key(id)).collect();
                let proposer = Some(self.proposer).filter(|id| *id != self.seat.me());
                if undecided.is_empty() { proposer.into_iter().collect() } else { undecided }
            }
            Phase::Signing(fixed) => {
                others.filter(|id| fixed.signers.contains(id) && !self.shares.contains_key(id)).collect()
            }
            Phase::Attributing(fixed) => {
                others.filter(|id| fixed.signers.contains(id) && !self.openings.contains_key(id)).collect()
            }
            Phase::Choosing(_) | Phase::Finished(_) | Phase::Failed(_) => Vec::new(),
        }
    }

    /// Takes an authentic envelope. Whatever does not belong to this session changes nothing.
    pub fn handle_envelope(&mut self, envelope: Envelope, now: Timestamp) {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Signing && header.session == self.session;
        let Some(round) = Round::from_number(header.round).filter(|_| ours) else { return };
        let addressed = match round {
            Round::Nudge => header.recipient == Some(self.seat.me()),
            _ => header.recipient.is_none(),
        };
        if !addressed
            || header.sequence != u32::from(header.round)
            || envelope.body.len() > max_body_len(round)
        {
            return;
        }
        match round {
            Round::Proposal => {}
            Round::Decision => self.handle_decision(envelope, now),
            Round::Package => self.handle_package(envelope, now),
            Round::Share => self.handle_share(envelope, now),
            Round::Result => self.handle_result(&envelope),
            Round::Withdrawal => self.handle_withdrawal(header.sender, now),
            Round::Opening => self.handle_opening(envelope),
            Round::Nudge => self.handle_nudge(header.sender, now),
        }
    }

    /// Does what time asks for.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Attributing(_)) && now >= self.deadline {
            self.conclude_attribution();
        } else if self.is_open() && now >= self.deadline {
            let missing = self.missing();
            let failure = match &self.phase {
                Phase::Signing(_) => Failure::TimedOut { missing },
                Phase::Choosing(_) => Failure::NoPresignatures { reason: "not in time".to_owned() },
                _ => Failure::Expired { missing },
            };
            self.fail(failure);
        }
        if self.resend.is_due(now) {
            self.nudge();
        }
        self.schedule();
    }

    /// Says again what may have been missed: the relay restarted, or this device did.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.resend.restart(now);
        self.repeat_withdrawal();
        self.nudge();
        self.schedule();
    }

    /// Returns the next effect. Drain until `None` before the next input.
    pub fn poll_output(&mut self) -> Option<Output<Mutation, Event>> {
        self.out.poll()
    }

    fn say(&self, round: Round, to: Option<ParticipantId>, body: &impl borsh::BorshSerialize) -> Envelope {
        let body = quorate_primitives::encoding::body_bytes(body);
        let number = round as u8;
        self.seat.say(Protocol::Signing, self.session, (number, u32::from(number)), to, body)
    }

    /// A withdrawal of this process may have been said before there was a room to say it in.
    fn repeat_withdrawal(&mut self) {
        let own = Failure::Withdrawn { by: self.seat.me() };
        if self.failure() == Some(&own)
            && let Some(withdrawal) = self.sent.last()
        {
            self.out.push(Output::Send(Recipient::All, withdrawal.clone()));
        }
    }

    /// Asks everybody, because anybody may have the result, and repeats what we said to those who are awaited.
    fn nudge(&mut self) {
        if !self.is_open() {
            return;
        }
        let missing = self.missing();
        for (peer, _) in self.seat.others() {
            let said = if missing.contains(&peer) { self.sent.as_slice() } else { &[] };
            let nudge = self.say(Round::Nudge, Some(peer), &());
            for envelope in said.iter().cloned().chain([nudge]) {
                self.out.push(Output::Send(Recipient::One(peer), envelope));
            }
        }
    }

    fn handle_nudge(&mut self, peer: ParticipantId, now: Timestamp) {
        if !self.resend.may_answer(peer, now) {
            return;
        }
        let result = self.signatures().map(|signatures| self.say(Round::Result, None, &signatures.to_vec()));
        for envelope in self.sent.iter().cloned().chain(result) {
            self.out.push(Output::Send(Recipient::One(peer), envelope));
        }
    }

    fn schedule(&mut self) {
        if self.is_open() {
            self.out.push(Output::WakeAt(self.resend.next().min(self.deadline)));
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.nonces = None;
        self.signed.clear();
        self.out.push(Output::Append(Mutation::Ended { reason: failure.to_string() }));
        self.out.push(Output::Event(Event::Failed(failure.clone())));
        self.phase = Phase::Failed(failure);
    }
}

impl core::fmt::Debug for Signing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Signing").field("proposer", &self.proposer).finish_non_exhaustive()
    }
}
