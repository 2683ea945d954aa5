//! What is said out of turn: complaints, originals of a split view, certificates, cancellations, nudges.

use borsh::BorshDeserialize;
use quorate_primitives::{ParticipantId, Timestamp, encoding};
use quorate_threshold::dkg::{Broadcast, Dealing, Echo, Offence, SealedShares};

use super::messages::{Originals, Round, SignedComplaint, max_body_len};
use super::{Blame, Failure, Keygen, Phase};
use crate::certificate::Certificate;
use crate::envelope::{Envelope, Protocol};

/// Returns the flight of a broadcast that is echoed.
pub(super) const fn round_of(broadcast: Broadcast) -> Round {
    match broadcast {
        Broadcast::Commitments => Round::Commitment,
        Broadcast::Dealings => Round::Dealing,
    }
}

impl Keygen {
    /// Takes a message that is no flight. The first one of each kind and sender counts.
    pub(super) fn handle_extra(&mut self, round: Round, envelope: Envelope, now: Timestamp) {
        let sender = envelope.header.sender;
        match round {
            Round::Complaint | Round::Originals => {
                self.extras.entry((round as u8, sender)).or_insert(envelope);
                self.judge_complaints(now);
                self.settle(now);
            }
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
        let found = |culprit, blame| {
            Some(Failure::Misbehaved { culprit, blame, evidence: vec![envelope.clone()] })
        };
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

    /// Looks for who said two things, in the originals that others received.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let Phase::Disputed(broadcast) = self.phase else { return };
        let round = Round::Originals as u8;
        let shown: Vec<Envelope> =
            self.extras.iter().filter(|((r, _), _)| *r == round).map(|(_, e)| e.clone()).collect();
        if let Some(failure) = shown.iter().find_map(|envelope| self.compare(broadcast, envelope)) {
            self.fail(failure, now);
        }
    }

    /// Compares what a witness received with what we received.
    fn compare(&self, broadcast: Broadcast, envelope: &Envelope) -> Option<Failure> {
        let witness = envelope.header.sender;
        let flight = round_of(broadcast);
        let malformed = Failure::Misbehaved {
            culprit: witness,
            blame: Blame::Malformed(Round::Originals as u8),
            evidence: vec![envelope.clone()],
        };
        let Some(theirs) = decode::<Originals>(envelope, Round::Originals) else { return Some(malformed) };
        if theirs.round != flight as u8 {
            return None;
        }
        let senders = self.seat.roster().threshold.participants();
        let in_order = theirs.envelopes.iter().map(|e| e.header.sender).eq(senders);
        if !in_order || !theirs.envelopes.iter().all(|e| self.is_original(e, flight, e.header.sender, None)) {
            return Some(malformed);
        }
        let different = theirs.envelopes.iter().find_map(|their| {
            let our = self.our_copy(flight, their.header.sender)?;
            (our.body != their.body).then(|| (our.clone(), their.clone()))
        });
        if let Some((our, their)) = different {
            let (culprit, blame) = (their.header.sender, Blame::Equivocated(flight as u8));
            return Some(Failure::Misbehaved { culprit, blame, evidence: vec![our, their] });
        }
        self.false_echo(broadcast, witness, envelope)
    }

    /// A witness whose originals are ours, but whose echo is not, echoed falsely.
    fn false_echo(&self, broadcast: Broadcast, witness: ParticipantId, originals: &Envelope) -> Option<Failure> {
        let flight = match broadcast {
            Broadcast::Commitments => Round::Dealing,
            Broadcast::Dealings => Round::Echo,
        };
        let (theirs, ours) = (self.our_copy(flight, witness)?, self.our_copy(flight, self.seat.me())?);
        if echo(broadcast, theirs)? == echo(broadcast, ours)? {
            return None;
        }
        let evidence = vec![theirs.clone(), originals.clone()];
        Some(Failure::Misbehaved { culprit: witness, blame: Blame::FalseEcho, evidence })
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
