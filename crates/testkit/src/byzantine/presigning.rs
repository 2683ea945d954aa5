//! Lies about presignatures, and words of earlier sessions.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Transcript};
use quorate_session::envelope::{Envelope, Protocol};

use super::{Audience, Behaviour as B, Liar, batch};

/// Round 1 for all, written from `docs/protocols/session.md`, not from the code under test.
#[derive(BorshSerialize, BorshDeserialize)]
struct Committed {
    proposal: Envelope,
    life: u64,
    commitment: Vec<u8>,
}

impl Liar {
    /// Returns what is said to `to` instead; `None` for the truth.
    pub(super) fn in_presigning(&mut self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let flip = |at: usize| {
            let mut body = envelope.body.clone();
            body[at] ^= 1;
            vec![self.instead(envelope, body)]
        };
        let end = envelope.body.len();
        match (envelope.header.round, self.behaviour) {
            // The answer to the challenge, before the hash of 32 bytes at the end.
            (batch::EXTENSION, B::ExtendBadly) => Some(flip(end - 33)),
            // A masked input of the first product, which its check covers.
            (batch::MULTIPLICATION, B::MultiplyGarbage) => Some(flip(64 + 8)),
            (batch::OPENING, B::OpenWrongly(audience)) if self.is_victim(audience, to) => Some(flip(end - 1)),
            (batch::COMMITMENT, B::CommitTwice) if self.is_victim(Audience::One, to) => {
                let opening = self.said_by(envelope, batch::OPENING, self.seat().me());
                Some(opening.map(|opening| self.commit_again(envelope, opening)).into_iter().collect())
            }
            (batch::OPENING, B::CommitTwice) if self.is_victim(Audience::One, to) => {
                let commitment = self.said_by(envelope, batch::COMMITMENT, self.seat().me())?;
                Some(vec![self.commit_again(commitment, envelope), self.open_again(envelope)])
            }
            (_, B::RepeatEarlierSessions | B::ReuseEarlierMessages) => self.repeat(to, envelope),
            _ => None,
        }
    }

    /// The opening of another commitment to the same points.
    fn open_again(&self, opening: &Envelope) -> Envelope {
        let mut body = opening.body.clone();
        if let Some(last) = body.last_mut() {
            *last ^= 1;
        }
        self.instead(opening, body)
    }

    /// The commitment that [`Liar::open_again`] opens.
    fn commit_again(&self, commitment: &Envelope, opening: &Envelope) -> Envelope {
        let opening = self.open_again(opening);
        let (session, rest) = opening.body.split_at(32);
        let (points, blind) = rest.split_at(rest.len() - 32);
        let hash = Transcript::new("dkls/presign/commitment")
            .field("session", session)
            .number("participant", self.seat().me().get().into())
            .list("R", points.chunks_exact(33))
            .field("blind", blind)
            .finish();
        self.edit(commitment, |body: &mut Committed| body.commitment = [session, hash.as_slice()].concat())
    }

    /// Says again to a member what was said to all or to it in this round of an earlier session.
    pub(super) fn repeat(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let header = &envelope.header;
        let is_earlier = |said: &&Envelope| {
            said.header.protocol == header.protocol
                && said.header.session != header.session
                && said.header.round == header.round
                && said.header.sender == header.sender
                && said.header.recipient.is_none_or(|recipient| recipient == to)
        };
        let earlier = || self.heard.values().filter(is_earlier);
        match self.behaviour {
            B::RepeatEarlierSessions => {
                let all: Vec<Envelope> = earlier().chain([envelope]).cloned().collect();
                (all.len() > 1).then_some(all)
            }
            B::ReuseEarlierMessages
                if header.protocol == Protocol::Presigning
                    && (batch::EXTENSION..=batch::CONFIRMATION).contains(&header.round) =>
            {
                let said = earlier().find(|said| said.body.len() == envelope.body.len())?;
                Some(vec![self.instead(envelope, said.body.clone())])
            }
            _ => None,
        }
    }
}
