//! Collecting decisions, fixing the signers.

use quorate_primitives::{HedgedRng, ParticipantId, Timestamp, Transcript};
use quorate_threshold::engine::Recipient;

use super::messages::{Approval, Decision, Mutation, Package, Round, decode};
use super::scheme::{Key, Nonce, Signable};
use super::{Blame, Decided, Event, Failure, Fixed, Message, Phase, SHARE_PATIENCE, Signing};
use crate::envelope::{Envelope, Protocol};
use crate::output::Output;

impl Signing {
    /// Approves: draws nonces, which stay in memory, and sends their commitments.
    ///
    /// `entropy` is 32 fresh random bytes. Does nothing if this device has decided, or the session is over.
    pub fn approve(&mut self, entropy: &[u8; 32], now: Timestamp) {
        if !self.is_undecided() || now >= self.deadline {
            return;
        }
        let nonces = self.draw_nonces(entropy);
        let fresh =
            Transcript::new("signing/entropy").field("entropy", entropy).field("session", &self.session);
        let approval = Approval {
            statement: self.statement,
            policy_version: self.task.policy_version,
            entropy: fresh.finish(),
            commitments: nonces.iter().map(Nonce::commitment).collect(),
        };
        self.nonces = Some(nonces);
        self.out.push(Output::Append(Mutation::Approved));
        self.decide(&Decision::Approve(approval), now);
    }

    /// Refuses, with a reason for people.
    pub fn refuse(&mut self, reason: &str, now: Timestamp) {
        if self.is_undecided() {
            let reason: String = reason.chars().take(200).collect();
            self.decide(&Decision::Refuse { statement: self.statement, reason }, now);
        }
    }

    fn draw_nonces(&self, entropy: &[u8; 32]) -> Vec<Nonce> {
        let mut rng = HedgedRng::new(entropy, &self.session, b"signing nonces");
        (0_u64..)
            .zip(&self.task.messages)
            .filter_map(|(index, message)| {
                let context =
                    Transcript::new("signing/nonce").field("session", &self.session).number("index", index);
                Some(self.key_of(message)?.commit(&context.finish(), &mut rng))
            })
            .collect()
    }

    fn decide(&mut self, decision: &Decision, now: Timestamp) {
        let envelope = self.say(Round::Decision, None, decision);
        self.sent.push(envelope.clone());
        if matches!(decision, Decision::Refuse { .. }) {
            self.out.push(Output::Persist(Mutation::Refused { decision: envelope.clone() }));
        }
        self.out.push(Output::Send(Recipient::All, envelope.clone()));
        self.take_decision(envelope, Some(decision), now);
    }

    /// Takes a decision. A later one replaces an earlier one until the signers are fixed: a member that lost its
    /// nonces in a crash may approve again, with others. A refusal is final. What is not about this session approves
    /// nothing.
    pub(super) fn handle_decision(&mut self, envelope: Envelope, now: Timestamp) {
        let known = self.decisions.get(&envelope.header.sender);
        let takes = match &self.phase {
            Phase::Deciding => {
                known.is_none_or(|first| first.approves && first.envelope.body != envelope.body)
            }
            // Who is late may still be needed instead of another.
            Phase::Choosing(_) => known.is_none(),
            Phase::Signing(_) | Phase::Attributing(_) | Phase::Finished(_) | Phase::Failed(_) => false,
        };
        if !takes {
            return;
        }
        let decision = decode::<Decision>(&envelope, Round::Decision);
        self.take_decision(envelope, decision.as_ref(), now);
    }

    fn take_decision(&mut self, envelope: Envelope, decision: Option<&Decision>, now: Timestamp) {
        let by = envelope.header.sender;
        let (approves, reason) = match decision {
            Some(Decision::Approve(approval)) if self.is_about_this(approval) => (true, String::new()),
            Some(Decision::Refuse { reason, .. }) => (false, reason.clone()),
            Some(Decision::Approve(_)) | None => (false, "approved something else".to_owned()),
        };
        self.decisions.insert(by, Decided { envelope, approves });
        self.out.push(Output::Event(Event::Decided { by, approved: approves, reason }));
        if self.proposer == self.seat.me() {
            self.fix_signers(now);
        }
        self.fail_if_hopeless();
    }

    /// Checks statement, policy version and the number and form of the commitments.
    fn is_about_this(&self, approval: &Approval) -> bool {
        approval.statement == self.statement
            && approval.policy_version == self.task.policy_version
            && approval.commitments.len() == self.task.messages.len()
            && self
                .task
                .messages
                .iter()
                .zip(&approval.commitments)
                .all(|(message, commitment)| self.key_of(message).is_some_and(|key| key.accepts(commitment)))
    }

    /// The proposer fixes the signers when t approvals are there, its own first.
    fn fix_signers(&mut self, now: Timestamp) {
        let Phase::Deciding = self.phase else { return };
        let needed = usize::from(self.seat.roster().threshold.min_signers());
        let me = self.seat.me();
        let approvals = self.decisions.values().filter(|decided| {
            decided.approves && !self.passed_over.contains(&decided.envelope.header.sender)
        });
        let mut approvals: Vec<Envelope> = approvals.map(|decided| decided.envelope.clone()).collect();
        approvals.sort_by_key(|envelope| envelope.header.sender != me);
        if approvals.len() < needed {
            return;
        }
        let needs_own = self.ecdsa_messages().next().is_some();
        if needs_own && approvals.first().is_none_or(|first| first.header.sender != me) {
            // Presignatures are the proposer's own, so it is one of their signers.
            return;
        }
        approvals.truncate(needed);
        approvals.sort_by_key(|envelope| envelope.header.sender);
        if needs_own {
            self.phase = Phase::Choosing(approvals);
            self.deadline = self.deadline.max(now.after(SHARE_PATIENCE));
            return self.schedule();
        }
        self.fix(&Package { approvals, presignatures: Vec::new() }, now);
    }

    /// The signers are known, and what they sign with.
    pub(super) fn fix(&mut self, package: &Package, now: Timestamp) {
        self.phase = Phase::Deciding;
        let package = self.say(Round::Package, None, package);
        self.sent.push(package.clone());
        self.out.push(Output::Send(Recipient::All, package.clone()));
        self.handle_package(package, now);
    }

    /// Takes the proposer's package: the only one, if it is right.
    pub(super) fn handle_package(&mut self, envelope: Envelope, now: Timestamp) {
        let sender = envelope.header.sender;
        if sender != self.proposer {
            return;
        }
        match &self.phase {
            Phase::Deciding => {}
            Phase::Signing(fixed) if fixed.envelope.body != envelope.body => {
                let evidence = vec![fixed.envelope.clone(), envelope];
                return self.blame(vec![sender], Blame::Equivocated, evidence);
            }
            Phase::Choosing(_)
            | Phase::Signing(_)
            | Phase::Attributing(_)
            | Phase::Finished(_)
            | Phase::Failed(_) => return,
        }
        let Some(fixed) = self.check_package(&envelope) else {
            return self.blame(vec![sender], Blame::BadPackage, vec![envelope]);
        };
        self.out.push(Output::Event(Event::Signing { signers: fixed.signers.clone() }));
        self.deadline = now.after(SHARE_PATIENCE);
        self.resend.restart(now);
        self.phase = Phase::Signing(fixed);
        self.release();
        self.schedule();
        self.aggregate();
    }

    /// S1: exactly t different members' signed approvals of this statement, nothing else.
    pub(super) fn check_package(&self, envelope: &Envelope) -> Option<Fixed> {
        let package: Package = decode(envelope, Round::Package)?;
        let needed = usize::from(self.seat.roster().threshold.min_signers());
        let signers: Vec<ParticipantId> = package.approvals.iter().map(|e| e.header.sender).collect();
        if signers.len() != needed || !signers.is_sorted_by(|a, b| a < b) {
            return None;
        }
        let approvals: Vec<Approval> =
            package.approvals.iter().map(|approval| self.check_approval(approval)).collect::<Option<_>>()?;
        let packages = self.signables(&signers, &approvals, &package.presignatures)?;
        let hashes: Vec<[u8; 32]> = packages.iter().map(Signable::hash).collect();
        let hash = Transcript::new("signing/package")
            .field("statement", &self.statement)
            .list("hashes", hashes)
            .finish();
        let presignatures = package.presignatures;
        Some(Fixed { envelope: envelope.clone(), signers, packages, presignatures, hash })
    }

    /// Puts together what is signed for every message: there is one presignature for each that ECDSA signs.
    fn signables(
        &self,
        signers: &[ParticipantId],
        approvals: &[Approval],
        presignatures: &[[u8; 32]],
    ) -> Option<Vec<Signable>> {
        let mut presignatures = presignatures.iter();
        let put = |(index, message): (usize, &Message)| {
            let key = self.key_of(message)?;
            if key.is_ecdsa() {
                let presignature = *presignatures.next()?;
                let of = (signers, self.seat.roster().epoch);
                return key.ecdsa_statement(&message.bytes, presignature, of, self.entropy(index, approvals));
            }
            let commitment = |approval: &Approval| approval.commitments.get(index).cloned();
            let commitments: Vec<Vec<u8>> = approvals.iter().map(commitment).collect::<Option<_>>()?;
            key.frost_package(&message.bytes, signers.iter().copied().zip(commitments))
        };
        let packages: Vec<Signable> =
            self.task.messages.iter().enumerate().map(put).collect::<Option<_>>()?;
        presignatures.next().is_none().then_some(packages)
    }

    /// ρ of one message: fresh bytes of all t approvals, none of which was known when the message was fixed.
    fn entropy(&self, index: usize, approvals: &[Approval]) -> [u8; 32] {
        Transcript::new("signing/entropy-of-all")
            .field("session", &self.session)
            .number("index", index as u64)
            .list("entropy", approvals.iter().map(|approval| approval.entropy))
            .finish()
    }

    fn check_approval(&self, envelope: &Envelope) -> Option<Approval> {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Signing
            && header.session == self.session
            && header.round == Round::Decision as u8
            && header.sequence == u32::from(header.round)
            && header.recipient.is_none();
        let Some(Decision::Approve(approval)) = decode::<Decision>(envelope, Round::Decision) else {
            return None;
        };
        (ours && self.is_about_this(&approval) && self.seat.verify(envelope).is_ok()).then_some(approval)
    }

    /// Others sign instead of these members: nothing was released to anybody yet.
    pub fn pass_over(&mut self, members: &[ParticipantId], now: Timestamp) {
        if !matches!(self.phase, Phase::Choosing(_)) {
            return;
        }
        let me = self.seat.me();
        self.passed_over.extend(members.iter().filter(|id| **id != me));
        self.phase = Phase::Deciding;
        self.deadline = self.task.expires;
        let threshold = self.seat.roster().threshold;
        if self.passed_over.len() > usize::from(threshold.max_signers() - threshold.min_signers()) {
            self.say_withdrawal();
            let reason = "too few members are left with whom they can be made".to_owned();
            return self.fail(Failure::NoPresignatures { reason });
        }
        self.fix_signers(now);
        self.schedule();
    }

    /// A member lost its nonces: its approval is void.
    pub(super) fn handle_withdrawal(&mut self, by: ParticipantId, now: Timestamp) {
        match &self.phase {
            Phase::Signing(fixed) if fixed.signers.contains(&by) && !self.shares.contains_key(&by) => {
                self.fail(Failure::Withdrawn { by });
            }
            Phase::Deciding if by == self.proposer => self.fail(Failure::Withdrawn { by }),
            Phase::Deciding => {
                if self.decisions.remove(&by).is_some() {
                    let reason = "withdrew".to_owned();
                    self.out.push(Output::Event(Event::Decided { by, approved: false, reason }));
                }
            }
            Phase::Choosing(approvals) if approvals.iter().any(|e| e.header.sender == by) => {
                self.decisions.remove(&by);
                self.pass_over(&[by], now);
            }
            Phase::Choosing(_)
            | Phase::Signing(_)
            | Phase::Attributing(_)
            | Phase::Finished(_)
            | Phase::Failed(_) => {}
        }
    }

    pub(super) fn key_of(&self, message: &Message) -> Option<&Key> {
        self.keys.get(usize::from(message.key))
    }

    fn fail_if_hopeless(&mut self) {
        if !matches!(self.phase, Phase::Deciding) {
            return;
        }
        let refused: Vec<ParticipantId> =
            self.decisions().into_iter().filter(|(_, approved)| !approved).map(|(id, _)| id).collect();
        let threshold = self.seat.roster().threshold;
        if refused.len() > usize::from(threshold.max_signers() - threshold.min_signers()) {
            self.fail(Failure::Refused { by: refused });
        }
    }

    pub(super) fn blame(&mut self, culprits: Vec<ParticipantId>, blame: Blame, evidence: Vec<Envelope>) {
        if self.is_open() {
            self.fail(Failure::Misbehaved { culprits, blame, evidence });
        }
    }
}
