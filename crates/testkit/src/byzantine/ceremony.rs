//! Lies of the key ceremony.

use quorate_primitives::{KeyPurpose, ParticipantId, Threshold};
use quorate_session::certificate;
use quorate_session::envelope::Envelope;
use quorate_session::keygen::{Certification, Evidence, SignedComplaint};
use quorate_threshold::dkg::{Announcement, Commitment, Dealing, Echo, SealedShares};

use super::{Behaviour as B, Liar, flight, forge};

/// The handed-over certificate, which goes with F5.
const CERTIFICATE: u8 = 8;

impl Liar {
    /// Returns what is said to `to` instead; `None` for the truth.
    pub(super) fn in_ceremony(&mut self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let round = envelope.header.round;
        match self.behaviour {
            B::Equivocate(lied, audience) if lied == round && self.is_victim(audience, to) => {
                Some(vec![self.say_differently(envelope)])
            }
            B::Withhold(lied, audience) => {
                let withheld = lied == round || lied == flight::CERTIFICATION && round == CERTIFICATE;
                (withheld && self.is_victim(audience, to)).then(Vec::new)
            }
            B::FallSilentAfter(last) if round > last => {
                self.is_silent = true;
                Some(Vec::new())
            }
            B::Garble(lied, audience) if lied == round && self.is_victim(audience, to) => {
                Some(vec![self.instead(envelope, vec![0xff; 41])])
            }
            _ => match round {
                flight::ANNOUNCEMENT => self.announce(to, envelope),
                flight::COMMITMENT | flight::DEALING => self.deal(envelope),
                flight::ECHO if self.behaviour == B::EchoOtherDealings => {
                    Some(self.echo_falsely(envelope, |body: &mut Echo| body.dealings_seen[0] ^= 1))
                }
                flight::SHARES => self.seal(to, envelope),
                flight::CERTIFICATION => self.certify(to, envelope),
                CERTIFICATE if self.behaviour == B::CancelLate => Some(Vec::new()),
                _ => None,
            },
        }
    }

    /// Changes a broadcast so that it is still well formed.
    fn say_differently(&self, envelope: &Envelope) -> Envelope {
        match envelope.header.round {
            flight::ANNOUNCEMENT => self.edit(envelope, |body: &mut Announcement| body.nonce[0] ^= 1),
            flight::COMMITMENT => self.edit(envelope, |body: &mut Commitment| body.hash[0] ^= 1),
            flight::DEALING => self.edit(envelope, |body: &mut Dealing| body.blind[0] ^= 1),
            flight::ECHO => self.edit(envelope, |body: &mut Echo| body.dealings_seen[0] ^= 1),
            _ => self.certify_something_else(envelope),
        }
    }

    fn announce(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let edit = |edit: fn(&mut Announcement)| vec![self.edit(envelope, edit)];
        let (audience, said) = match self.behaviour {
            B::AnnounceOtherThreshold(audience) => (
                audience,
                edit(|body| {
                    let max_signers = body.terms.threshold.max_signers();
                    let other = if body.terms.threshold.min_signers() == max_signers {
                        max_signers + 1
                    } else {
                        max_signers
                    };
                    body.terms.threshold = Threshold::new(other, other).expect("a small group");
                }),
            ),
            B::AnnounceOtherEpoch(audience) => (audience, edit(|body| body.terms.epoch += 1)),
            B::AnnounceOtherPurposes(audience) => (
                audience,
                edit(|body| {
                    let all = body.terms.purposes.len() == KeyPurpose::ALL.len();
                    body.terms.purposes =
                        if all { vec![KeyPurpose::Ed25519] } else { KeyPurpose::ALL.to_vec() };
                }),
            ),
            B::AnnounceOtherRoster(audience) => (audience, edit(|body| body.terms.roster[0] ^= 1)),
            B::AnnounceOtherVersion(audience) => (audience, edit(|body| body.terms.version += 1)),
            _ => return None,
        };
        self.is_victim(audience, to).then_some(said)
    }

    fn deal(&self, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let opens = envelope.header.round == flight::DEALING;
        match self.behaviour {
            B::DealLongPolynomial | B::DealShortPolynomial | B::DealWithoutPossession => {
                let me = self.seat().me();
                let session = self.session(envelope)?;
                let spoilt = self.spoil_dealing(self.own_dealing(envelope)?);
                let commitment = forge::commitment(&session, me, &spoilt);
                if !opens {
                    return Some(vec![self.edit(envelope, |body: &mut Commitment| *body = commitment)]);
                }
                let commitment = borsh::to_vec(&commitment).expect("writing to memory");
                let all = self.all_said(envelope, flight::COMMITMENT);
                let bodies = all.iter().map(|said| {
                    let sender = said.header.sender;
                    (sender, if sender == me { commitment.as_slice() } else { said.body.as_slice() })
                });
                let commitments_seen = forge::list_hash("dkg/commitments", &session, bodies);
                Some(vec![
                    self.edit(envelope, |body: &mut Dealing| *body = Dealing { commitments_seen, ..spoilt }),
                ])
            }
            B::OpenSomethingElse if opens => {
                Some(vec![self.edit(envelope, |body: &mut Dealing| body.blind[0] ^= 1)])
            }
            B::EchoOtherCommitments if opens => {
                Some(self.echo_falsely(envelope, |body: &mut Dealing| body.commitments_seen[0] ^= 1))
            }
            _ => None,
        }
    }

    /// Echoes something else, and shows what it received as if that were what it echoed.
    fn echo_falsely<M>(&self, envelope: &Envelope, edit: impl FnOnce(&mut M)) -> Vec<Envelope>
    where
        M: borsh::BorshDeserialize + borsh::BorshSerialize,
    {
        let before = 0..envelope.header.round;
        let evidence =
            Evidence { envelopes: before.flat_map(|round| self.all_said(envelope, round)).collect() };
        vec![self.edit(envelope, edit), self.beside(envelope, flight::EVIDENCE, &evidence)]
    }

    fn seal(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let (audience, changed) = match self.behaviour {
            B::SealNothing(audience) => (audience, None),
            B::SealWrongShares(audience) => (audience, Some(0)),
            B::SealOtherChainCode(audience) => (audience, Some(self.seat().roster().purposes.len())),
            _ => return None,
        };
        if !self.is_victim(audience, to) {
            return None;
        }
        let Some(part) = changed else {
            return Some(vec![self.edit(envelope, |body: &mut SealedShares| body.ciphertext[0] ^= 1)]);
        };
        let me = self.seat().me();
        let session = self.session(envelope)?;
        let own_echo: Echo = borsh::from_slice(&self.said_by(envelope, flight::ECHO, me)?.body).ok()?;
        let announced: Announcement =
            borsh::from_slice(&self.said_by(envelope, flight::ANNOUNCEMENT, to)?.body).ok()?;
        let participants = self.seat().roster().threshold.participants();
        let position = participants.filter(|other| *other != to).position(|other| other == me)?;
        let lane = forge::Lane {
            dealings_hash: own_echo.dealings_seen,
            dealer: me,
            recipient: to,
            recipient_key: announced.ephemeral_keys[position],
        };
        let honest: SealedShares = borsh::from_slice(&envelope.body).ok()?;
        let secret = self.sealing_secret(&session, to)?;
        let mut plaintext = lane.open(&secret, &honest);
        plaintext[32 * part + 16] ^= 1;
        let sealed = lane.seal(&secret, &plaintext);
        Some(vec![self.edit(envelope, |body: &mut SealedShares| *body = sealed)])
    }

    fn certify(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let dealer = *self.others().first()?;
        let complaint = |spoil: fn(&mut SignedComplaint)| {
            let sealed = self.said_by(envelope, flight::SHARES, dealer)?.clone();
            let mut said = SignedComplaint { complaint: self.complaint(envelope, dealer)?, sealed };
            spoil(&mut said);
            Some(vec![self.beside(envelope, flight::COMPLAINT, &said)])
        };
        match self.behaviour {
            B::CertifySomethingElse(audience) if self.is_victim(audience, to) => {
                Some(vec![self.certify_something_else(envelope)])
            }
            B::ComplainFalsely(audience) if self.is_victim(audience, to) => complaint(|_| {}),
            B::ComplainAboutForgery(audience) if self.is_victim(audience, to) => {
                complaint(|said| said.sealed.body[0] ^= 1)
            }
            B::ComplainWithOtherSecret(audience) if self.is_victim(audience, to) => {
                complaint(|said| said.complaint.opened_secret.expose_mut()[0] ^= 8)
            }
            B::CancelLate => Some(vec![self.beside(envelope, flight::CANCEL, &())]),
            _ => None,
        }
    }

    fn certify_something_else(&self, envelope: &Envelope) -> Envelope {
        self.edit(envelope, |body: &mut Certification| {
            body.statement[0] ^= 1;
            body.signature = certificate::certify(self.seat().identity(), &body.statement);
        })
    }
}
