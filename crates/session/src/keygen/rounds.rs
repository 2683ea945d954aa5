//! The flights: collect, check, make durable, speak.

use borsh::BorshDeserialize;
use quorate_primitives::{ParticipantId, Timestamp, encoding};
use quorate_threshold::dkg::{
    Announcement, Commitment, Dealing, Echo, Fault, Messages, Outcome, SealedShares, ShareFault,
};
use quorate_threshold::engine::Recipient;

use super::messages::{Certification, Evidence, Mutation, Round, SignedComplaint, max_body_len};
use super::{Blame, Event, FLIGHTS, Failure, Keygen, Phase};
use crate::certificate::{self, Certificate};
use crate::envelope::Envelope;
use crate::output::Output;

/// A phase that can not be finished: why, and what the others must hear.
pub(super) struct Stop {
    pub(super) failure: Failure,
    pub(super) last_words: Vec<Envelope>,
    /// The members disagree on this broadcast: not over before the evidence is exchanged.
    pub(super) disputed: Option<quorate_threshold::dkg::Broadcast>,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self { failure, last_words: Vec::new(), disputed: None }
    }
}

impl Keygen {
    /// Takes a message of F0 to F5.
    pub(super) fn handle_flight(&mut self, round: Round, envelope: Envelope, now: Timestamp) {
        let sender = envelope.header.sender;
        let Some(inbox) = self.inboxes.get_mut(round as usize) else { return };
        match inbox.get(sender).cloned() {
            None => {
                inbox.deliver(sender, envelope);
                self.advance(now);
            }
            // Shares are not shown to others: the first message counts, and a complaint settles what it is worth.
            Some(first) if first.body == envelope.body || round == Round::Shares => {}
            Some(first) => self.fail(
                Failure::Misbehaved {
                    culprit: sender,
                    blame: Blame::Equivocated(round as u8),
                    evidence: vec![first, envelope],
                },
                now,
            ),
        }
    }

    /// Finishes every flight that is complete.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(round) = self.current() {
            let Some(inbox) = self.inboxes.get(round).filter(|inbox| inbox.is_full()) else { return };
            let received: Vec<Envelope> = inbox.received().map(|(_, envelope)| envelope.clone()).collect();
            let phase = core::mem::replace(&mut self.phase, Phase::Moving);
            match self.finish_flight(phase) {
                Ok((Phase::Certified(outcome, certificate), _)) => return self.certify(outcome, certificate),
                Ok((next, sent)) => self.enter(next, received, sent, now),
                Err(stop) => return self.stop(stop, now),
            }
        }
    }

    fn enter(&mut self, next: Phase, received: Vec<Envelope>, sent: Vec<Envelope>, now: Timestamp) {
        self.phase = next;
        self.out.push(Output::Persist(Mutation::Advanced { received, sent: sent.clone() }));
        self.send_all(&sent);
        self.sent.extend(sent);
        self.deadline = now.after(self.patience);
        self.resend.restart(now);
        let done = self.current().and_then(|round| u8::try_from(round).ok()).unwrap_or(FLIGHTS);
        self.out.push(Output::Event(Event::Progress { done }));
        self.schedule(now);
        self.judge_complaints(now);
    }

    /// Runs one round of the protocol on a full inbox.
    pub(super) fn finish_flight(&mut self, phase: Phase) -> Result<(Phase, Vec<Envelope>), Stop> {
        match phase {
            Phase::Announcements(round) => {
                let others: Messages<Announcement> = self.decode(Round::Announcement)?;
                let (next, commitment) =
                    round.finish(others).map_err(|fault| self.explain(&fault, Round::Announcement))?;
                Ok((Phase::Commitments(next), vec![self.say(Round::Commitment, None, &commitment)]))
            }
            Phase::Commitments(round) => {
                let others: Messages<Commitment> = self.decode(Round::Commitment)?;
                let (next, dealing) =
                    round.finish(others).map_err(|fault| self.explain(&fault, Round::Commitment))?;
                Ok((Phase::Dealings(next), vec![self.say(Round::Dealing, None, &dealing)]))
            }
            Phase::Dealings(round) => {
                let others: Messages<Dealing> = self.decode(Round::Dealing)?;
                let (next, echo) =
                    round.finish(others).map_err(|fault| self.explain(&fault, Round::Dealing))?;
                Ok((Phase::Echoes(next), vec![self.say(Round::Echo, None, &echo)]))
            }
            Phase::Echoes(round) => {
                let others: Messages<Echo> = self.decode(Round::Echo)?;
                let (next, sealed) =
                    round.finish(&others).map_err(|fault| self.explain(&fault, Round::Echo))?;
                self.dealings = Some(next.dealings());
                let said =
                    sealed.iter().map(|(to, shares)| self.say(Round::Shares, Some(*to), shares)).collect();
                Ok((Phase::Shares(next), said))
            }
            Phase::Shares(round) => {
                let others = self.sealed_shares();
                let outcome = round.finish(&others).map_err(|fault| self.explain_shares(fault))?;
                let statement = outcome.statement;
                let signature = certificate::certify(self.seat.identity(), &statement);
                let said = self.say(Round::Certification, None, &Certification { statement, signature });
                Ok((Phase::Certificates(outcome), vec![said]))
            }
            Phase::Certificates(outcome) => match self.collect_certificate(&outcome) {
                Ok(certificate) => Ok((Phase::Certified(outcome, certificate), Vec::new())),
                Err(failure) => {
                    self.phase = Phase::Certificates(outcome);
                    Err(failure.into())
                }
            },
            Phase::Certified(..) | Phase::Disputed(_) | Phase::Failed(_) | Phase::Moving => {
                Err(Failure::Internal("no flight is awaited").into())
            }
        }
    }

    /// Puts the certificate together from everybody's F5.
    fn collect_certificate(&self, outcome: &Outcome) -> Result<Certificate, Failure> {
        let mut certifications: Messages<Certification> = self.decode(Round::Certification)?;
        let statement = outcome.statement;
        for (member, certification) in &certifications {
            let same = certification.statement == statement;
            let signed = certificate::verify_one(
                self.seat.roster(),
                *member,
                &certification.statement,
                &certification.signature,
            );
            if !same || signed.is_err() {
                return Err(self.blame(*member, Blame::OtherStatement, Round::Certification));
            }
        }
        let signature = certificate::certify(self.seat.identity(), &statement);
        certifications.insert(self.seat.me(), Certification { statement, signature });
        let signatures = certifications.into_values().map(|certification| certification.signature).collect();
        Ok(Certificate { statement, signatures })
    }

    pub(super) fn certify(&mut self, outcome: Outcome, certificate: Certificate) {
        self.out.push(Output::Persist(Mutation::Certified(certificate.clone())));
        self.phase = Phase::Certified(outcome, certificate);
        self.out.push(Output::Event(Event::Progress { done: FLIGHTS }));
        self.out.push(Output::Event(Event::Finished));
    }

    /// Decodes one message of every other member.
    fn decode<M: BorshDeserialize>(&self, round: Round) -> Result<Messages<M>, Failure> {
        let Some(inbox) = self.inboxes.get(round as usize) else {
            return Err(Failure::Internal("no such flight"));
        };
        inbox
            .received()
            .map(|(sender, envelope)| {
                encoding::body_from_bytes(&envelope.body, max_body_len(round), "flight")
                    .map(|message| (sender, message))
                    .map_err(|_| self.blame(sender, Blame::Malformed(round as u8), round))
            })
            .collect()
    }

    fn blame(&self, culprit: ParticipantId, blame: Blame, round: Round) -> Failure {
        let message = self.inboxes.get(round as usize).and_then(|inbox| inbox.get(culprit));
        Failure::Misbehaved { culprit, blame, evidence: message.cloned().into_iter().collect() }
    }

    fn explain(&self, fault: &Fault, round: Round) -> Stop {
        match *fault {
            Fault::TermsDiffer { participant, what } => {
                Failure::TermsDiffer { participant, term: what }.into()
            }
            Fault::Misbehaved { culprit, offence } => {
                self.blame(culprit, Blame::Protocol(offence), round).into()
            }
            Fault::Misuse(what) => Failure::Internal(what).into(),
            Fault::SplitView { broadcast, .. } => {
                let envelopes = self.broadcasts().cloned().collect();
                let last_words = vec![self.say(Round::Evidence, None, &Evidence { envelopes })];
                Stop { failure: Failure::SplitView(broadcast), last_words, disputed: Some(broadcast) }
            }
        }
    }

    fn explain_shares(&self, fault: ShareFault) -> Stop {
        let complaint = match fault {
            ShareFault::Fault(fault) => return self.explain(&fault, Round::Shares),
            ShareFault::Complaint(complaint) => complaint,
        };
        let dealer = complaint.dealer;
        let Some(sealed) =
            self.inboxes.get(Round::Shares as usize).and_then(|inbox| inbox.get(dealer)).cloned()
        else {
            return Failure::Internal("a complaint about nothing").into();
        };
        let envelope = self.say(Round::Complaint, None, &SignedComplaint { complaint, sealed });
        let failure =
            self.judge(&envelope).unwrap_or(Failure::Internal("a complaint of our own is not valid"));
        Stop { failure, last_words: vec![envelope], disputed: None }
    }

    /// Reads F4 of every other member. What can not be read can not be opened either, and is complained about.
    fn sealed_shares(&self) -> Messages<SealedShares> {
        let unreadable = || SealedShares { dealer_key: [0; 32], ciphertext: Vec::new() };
        let inbox = self.inboxes.get(Round::Shares as usize);
        let received = inbox.into_iter().flat_map(|inbox| inbox.received());
        let read = |body: &[u8]| encoding::body_from_bytes(body, max_body_len(Round::Shares), "shares");
        received.map(|(dealer, said)| (dealer, read(&said.body).unwrap_or_else(|_| unreadable()))).collect()
    }

    /// Returns what the others must see to reach the same conclusion.
    fn proof_of(&self, failure: &Failure) -> Vec<Envelope> {
        let envelopes = match failure {
            Failure::Misbehaved { evidence, .. } => evidence.clone(),
            Failure::TermsDiffer { participant, .. } => {
                self.inboxes.first().and_then(|inbox| inbox.get(*participant)).into_iter().cloned().collect()
            }
            Failure::SplitView(_)
            | Failure::TimedOut { .. }
            | Failure::Cancelled { .. }
            | Failure::Objected { .. }
            | Failure::Earlier(_)
            | Failure::Internal(_) => return Vec::new(),
        };
        vec![self.say(Round::Evidence, None, &Evidence { envelopes })]
    }

    /// Ends the ceremony, or begins to settle a dispute.
    fn stop(&mut self, stop: Stop, now: Timestamp) {
        let Stop { failure, last_words, disputed } = stop;
        match disputed {
            None if last_words.is_empty() => self.fail(failure, now),
            None => self.end(failure, last_words, now),
            Some(broadcast) => {
                self.close(&failure, last_words);
                self.phase = Phase::Disputed(broadcast);
                self.deadline = now.after(self.patience);
                self.schedule(now);
                self.settle(now);
            }
        }
    }

    /// Ends the ceremony, unless keys are pending: those only a certificate or a human ends.
    pub(super) fn fail(&mut self, failure: Failure, now: Timestamp) {
        match &self.phase {
            Phase::Certified(..) | Phase::Failed(_) => {}
            Phase::Certificates(_) => {
                let missing = self.missing();
                self.out.push(Output::Event(Event::Pending { missing, failure: Some(failure) }));
            }
            Phase::Disputed(_) => {
                self.out.push(Output::Event(Event::Failed(failure.clone())));
                self.phase = Phase::Failed(failure);
            }
            _ => {
                let last_words = self.proof_of(&failure);
                self.end(failure, last_words, now);
            }
        }
    }

    pub(super) fn end(&mut self, failure: Failure, last_words: Vec<Envelope>, now: Timestamp) {
        self.close(&failure, last_words);
        self.out.push(Output::Event(Event::Failed(failure.clone())));
        self.phase = Phase::Failed(failure);
        self.deadline = now;
    }

    /// Makes the end durable and says the last words.
    fn close(&mut self, failure: &Failure, last_words: Vec<Envelope>) {
        let reason = failure.to_string();
        self.out.push(Output::Persist(Mutation::Ended { reason, last_words: last_words.clone() }));
        self.send_all(&last_words);
        self.sent.extend(last_words);
    }

    /// Answers a member that waits for our message of a flight.
    pub(super) fn answer(&mut self, peer: ParticipantId, awaited: u8, now: Timestamp) {
        if !self.resend.may_answer(peer, now) {
            return;
        }
        let certificate = match &self.phase {
            Phase::Certified(_, certificate) => Some(self.say(Round::Certificate, None, certificate)),
            _ => None,
        };
        let said = self.sent.iter().filter(|e| e.header.round == awaited || e.header.round >= FLIGHTS);
        let for_peer = said.filter(|e| e.header.recipient.is_none_or(|to| to == peer));
        for envelope in for_peer.cloned().chain(certificate) {
            self.out.push(Output::Send(Recipient::One(peer), envelope));
        }
    }
}
