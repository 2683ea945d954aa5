//! What is said out of turn: complaints, evidence, certificates, cancellations, nudges.

use borsh::BorshDeserialize;
use quorate_primitives::{ParticipantId, Timestamp, encoding};
use quorate_threshold::dkg::{Broadcast, Dealing, Echo, Offence, SealedShares};

use super::messages::{Evidence, Round, SignedComplaint, max_body_len};
use super::{Blame, Failure, Keygen, Phase};
use crate::certificate::Certificate;
use crate::envelope::{Envelope, Protocol};
use crate::seat::Seat;

/// Answers a member that still waits, long after the ceremony: with the certificate, if `asked` is its nudge.
pub fn answer_with_certificate(seat: &Seat, certificate: &Certificate, asked: &Envelope) -> Option<Envelope> {
    let header = &asked.header;
    let is_nudge = header.protocol == Protocol::Keygen
        && header.session == super::ceremony_id(seat)
        && header.round == Round::Nudge as u8;
    let number = Round::Certificate as u8;
    let body = encoding::body_bytes(certificate);
    is_nudge.then(|| seat.say(Protocol::Keygen, header.session, (number, u32::from(number)), None, body))
}

impl Keygen {
    /// Takes a message that is no flight. The first one of each kind and sender counts.
    pub(super) fn handle_extra(&mut self, round: Round, envelope: Envelope, now: Timestamp) {
        let sender = envelope.header.sender;
        match round {
            Round::Complaint => {
                self.extras.entry((round as u8, sender)).or_insert(envelope);
                self.judge_complaints(now);
            }
            Round::Evidence => self.handle_evidence(envelope, now),
            Round::Certificate => self.handle_certificate(&envelope),
            Round::Cancel => self.fail(Failure::Cancelled { by: sender }, now),
            Round::Nudge => {
                if let Ok(awaited) = encoding::body_from_bytes(&envelope.body, 1, "nudge") {
                    self.answer(sender, awaited, now);
                }
            }
            Round::Announcement
            | Round::Commitment
            | Round::Dealing
            | Round::Echo
            | Round::Shares
            | Round::Certification => {}
        }
    }

    fn handle_certificate(&mut self, envelope: &Envelope) {
        let Some(certificate) = decode::<Certificate>(envelope, Round::Certificate) else { return };
        match core::mem::replace(&mut self.phase, Phase::Moving) {
            Phase::Certificates(outcome)
                if certificate.verify(self.seat.roster(), &outcome.statement).is_ok() =>
            {
                self.certify(outcome, certificate);
            }
            other => self.phase = other,
        }
    }

    /// Judges complaints as soon as the dealings are known.
    pub(super) fn judge_complaints(&mut self, now: Timestamp) {
        if self.dealings.is_none() {
            return;
        }
        let round = Round::Complaint as u8;
        let complaints: Vec<Envelope> =
            self.extras.iter().filter(|((r, _), _)| *r == round).map(|(_, e)| e.clone()).collect();
        for envelope in complaints {
            self.extras.remove(&(round, envelope.header.sender));
            if let Some(failure) = self.judge(&envelope) {
                self.fail(failure, now);
            }
        }
    }

    /// Decides between accuser and dealer, as everybody else will. `None` before the dealings are known.
    pub(super) fn judge(&self, envelope: &Envelope) -> Option<Failure> {
        let dealings = self.dealings.as_ref()?;
        let accuser = envelope.header.sender;
        let found =
            |culprit, blame| Some(Failure::Misbehaved { culprit, blame, evidence: vec![envelope.clone()] });
        let Some(said) = decode::<SignedComplaint>(envelope, Round::Complaint) else {
            return found(accuser, Blame::Malformed(Round::Complaint as u8));
        };
        if !self.is_original(&said.sealed, Round::Shares, said.complaint.dealer, Some(accuser)) {
            return found(accuser, Blame::Protocol(Offence::FalseComplaint));
        }
        let Some(sealed) = decode::<SealedShares>(&said.sealed, Round::Shares) else {
            return found(said.complaint.dealer, Blame::Malformed(Round::Shares as u8));
        };
        let verdict = dealings.judge(accuser, &said.complaint, &sealed);
        found(verdict.culprit, Blame::Protocol(verdict.offence))
    }

    /// Takes what a member shows. A broadcast is signed for all: whoever shows it, it counts as if its sender had
    /// sent it, so somebody who said two things is found out by everybody.
    fn handle_evidence(&mut self, envelope: Envelope, now: Timestamp) {
        let key = (Round::Evidence as u8, envelope.header.sender);
        if self.extras.contains_key(&key) {
            return;
        }
        let evidence = decode::<Evidence>(&envelope, Round::Evidence);
        self.extras.insert(key, envelope);
        for shown in evidence.into_iter().flat_map(|evidence| evidence.envelopes) {
            let is_evidence = Round::from_number(shown.header.round).is_some_and(Round::is_evidence);
            if is_evidence && self.seat.verify(&shown).is_ok() {
                self.handle_envelope(shown, now);
            }
        }
        self.settle(now);
    }

    /// Looks for a witness that shows exactly what we received, and echoed something else.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let Phase::Disputed(broadcast) = self.phase else { return };
        let found = self.seat.others().find_map(|(witness, _)| self.false_echo(broadcast, witness));
        if let Some(failure) = found {
            self.fail(failure, now);
        }
    }

    fn false_echo(&self, broadcast: Broadcast, witness: ParticipantId) -> Option<Failure> {
        let flight = match broadcast {
            Broadcast::Commitments => Round::Dealing,
            Broadcast::Dealings => Round::Echo,
        };
        let (theirs, ours) = (self.our_copy(flight, witness)?, self.our_copy(flight, self.seat.me())?);
        if echo(broadcast, theirs)? == echo(broadcast, ours)? {
            return None;
        }
        let envelope = self.extras.get(&(Round::Evidence as u8, witness))?;
        let shown = decode::<Evidence>(envelope, Round::Evidence)?.envelopes;
        let mut echoed = self.broadcasts().filter(|ours| ours.header.round < flight as u8);
        let same = |ours: &Envelope| shown.iter().any(|e| e.header == ours.header && e.body == ours.body);
        echoed.all(same).then(|| Failure::Misbehaved {
            culprit: witness,
            blame: Blame::FalseEcho,
            evidence: vec![theirs.clone(), envelope.clone()],
        })
    }

    /// Returns everything that was broadcast before shares were sent, our own included.
    pub(super) fn broadcasts(&self) -> impl Iterator<Item = &Envelope> {
        let received = self.inboxes.iter().flat_map(|inbox| inbox.received().map(|(_, envelope)| envelope));
        received.chain(&self.sent).filter(|envelope| envelope.header.round <= Round::Echo as u8)
    }

    /// Returns the message of a flight as we have it.
    fn our_copy(&self, flight: Round, sender: ParticipantId) -> Option<&Envelope> {
        if sender == self.seat.me() {
            return self.sent.iter().find(|e| e.header.round == flight as u8);
        }
        self.inboxes.get(flight as usize)?.get(sender)
    }

    /// Returns whether an envelope that somebody passed on was signed by `sender` for this ceremony and flight.
    fn is_original(
        &self,
        envelope: &Envelope,
        flight: Round,
        sender: ParticipantId,
        recipient: Option<ParticipantId>,
    ) -> bool {
        let header = &envelope.header;
        header.protocol == Protocol::Keygen
            && header.session == self.ceremony
            && header.round == flight as u8
            && header.sequence == u32::from(flight as u8)
            && header.sender == sender
            && header.recipient == recipient
            && self.seat.verify(envelope).is_ok()
    }
}

fn echo(broadcast: Broadcast, envelope: &Envelope) -> Option<[u8; 32]> {
    match broadcast {
        Broadcast::Commitments => decode::<Dealing>(envelope, Round::Dealing).map(|d| d.commitments_seen),
        Broadcast::Dealings => decode::<Echo>(envelope, Round::Echo).map(|e| e.dealings_seen),
    }
}

fn decode<M: BorshDeserialize>(envelope: &Envelope, round: Round) -> Option<M> {
    encoding::body_from_bytes(&envelope.body, max_body_len(round), "message").ok()
}
