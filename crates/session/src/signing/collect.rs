//! Collecting decisions, fixing the signers.

use quorate_primitives::{HedgedRng, ParticipantId, Timestamp, Transcript};
use quorate_threshold::engine::Recipient;
use quorate_threshold::frost::{SigningCommitments, SigningNonces, SigningPackage};

use super::messages::{Approval, Decision, Mutation, Package, Round, decode};
use super::{Blame, Decided, Event, Failure, Fixed, Phase, SHARE_PATIENCE, Signing};
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
            commitments: nonces.iter().map(|nonce| nonce.commitments().to_bytes()).collect(),
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

    fn draw_nonces(&self, entropy: &[u8; 32]) -> Vec<SigningNonces> {
        let mut rng = HedgedRng::new(entropy, &self.session, b"signing nonces");
        (0..self.task.messages.len() as u64)
            .map(|index| {
                let context =
                    Transcript::new("signing/nonce").field("session", &self.session).number("index", index);
                self.key.commit(&context.finish(), &mut rng)
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
        if known.is_some_and(|first| !first.approves || first.envelope.body == envelope.body)
            || !matches!(self.phase, Phase::Deciding)
        {
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
            && self.commitments(approval).is_some()
    }

    fn commitments(&self, approval: &Approval) -> Option<Vec<SigningCommitments>> {
        let read = |bytes: &Vec<u8>| SigningCommitments::from_bytes(self.task.purpose, bytes).ok();
        approval.commitments.iter().map(read).collect()
    }

    /// The proposer fixes the signers when t approvals are there, its own first.
    fn fix_signers(&mut self, now: Timestamp) {
        let Phase::Deciding = self.phase else { return };
        let needed = usize::from(self.seat.roster().threshold.min_signers());
        let me = self.seat.me();
        let approvals = self.decisions.values().filter(|decided| decided.approves);
        let mut approvals: Vec<Envelope> = approvals.map(|decided| decided.envelope.clone()).collect();
        approvals.sort_by_key(|envelope| envelope.header.sender != me);
        if approvals.len() < needed {
            return;
        }
        approvals.truncate(needed);
        approvals.sort_by_key(|envelope| envelope.header.sender);
        let package = self.say(Round::Package, None, &Package { approvals });
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
            Phase::Signing(_) | Phase::Finished(_) | Phase::Failed(_) => return,
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
        let commitments: Vec<Vec<SigningCommitments>> =
            approvals.iter().map(|approval| self.commitments(approval)).collect::<Option<_>>()?;
        let packages: Vec<SigningPackage> = self
            .task
            .messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                let of_message = signers.iter().zip(&commitments);
                let of_message = of_message.map(|(id, all)| all.get(index).map(|c| (*id, *c)));
                let of_message: Vec<_> = of_message.collect::<Option<_>>()?;
                SigningPackage::new(&self.public, message, of_message).ok()
            })
            .collect::<Option<_>>()?;
        let hashes = packages.iter().map(SigningPackage::hash);
        let hash = Transcript::new("signing/package")
            .field("statement", &self.statement)
            .list("hashes", hashes)
            .finish();
        Some(Fixed { envelope: envelope.clone(), signers, packages, hash })
    }

    fn check_approval(&self, envelope: &Envelope) -> Option<Approval> {
        let header = &envelope.header;
        let ours = header.protocol == Protocol::Signing
            && header.session == self.session
            && header.round == Round::Decision as u8
            && header.recipient.is_none();
        let Some(Decision::Approve(approval)) = decode::<Decision>(envelope, Round::Decision) else {
            return None;
        };
        (ours && self.is_about_this(&approval) && self.seat.verify(envelope).is_ok()).then_some(approval)
    }

    /// A member lost its nonces: its approval is void.
    pub(super) fn handle_withdrawal(&mut self, by: ParticipantId) {
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
            Phase::Signing(_) | Phase::Finished(_) | Phase::Failed(_) => {}
        }
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
