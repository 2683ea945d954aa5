//! From full rounds to the next ones.

use std::collections::BTreeMap;

use quorate_dkls::Fault;
use quorate_dkls::presign::{Messages, Pairs, Presignature};
use quorate_primitives::{ParticipantId, Timestamp};

use super::messages::{Committed, Round, decode};
use super::{Event, Phase, Presigning};
use crate::envelope::Envelope;
use crate::output::Output;

impl Presigning {
    /// Finishes every round that is full.
    pub(super) fn advance(&mut self, pairs: &Pairs<'_>, now: Timestamp) {
        while self.is_open() && self.missing().is_empty() {
            let from = self.sent.len();
            let phase = core::mem::replace(&mut self.phase, Phase::Over);
            match self.finish(phase, pairs) {
                Ok(next) => self.phase = next,
                Err(fault) => return self.stop(fault),
            }
            self.speak(from);
            self.resend.restart(now);
        }
    }

    fn finish(&mut self, phase: Phase, pairs: &Pairs<'_>) -> Result<Phase, Fault> {
        match phase {
            Phase::Extensions(round) => {
                let messages = self.read([Round::Commitment, Round::Extension], |peer, [all, one]| {
                    round.read(peer, &commitment_of(all), &one.body)
                })?;
                let (next, opening, products) = round.finish(&messages, pairs, &mut self.rng)?;
                self.keep(Round::Opening, None, opening.to_bytes());
                for (peer, product) in &products {
                    self.keep(Round::Multiplication, Some(*peer), product.to_bytes());
                }
                Ok(Phase::Multiplications(Box::new(next)))
            }
            Phase::Multiplications(round) => {
                let messages = self.read([Round::Opening, Round::Multiplication], |peer, [all, one]| {
                    round.read(peer, &all.body, &one.body)
                })?;
                let (next, confirmation) = round.finish(&messages, &mut self.rng)?;
                self.keep(Round::Confirmation, None, confirmation.to_bytes());
                Ok(Phase::Confirmations(Box::new(next)))
            }
            Phase::Confirmations(round) => {
                let messages = self.read([Round::Confirmation], |peer, [all]| round.read(peer, &all.body))?;
                let ready = round.finish(&messages)?;
                self.inbox.clear();
                self.sent.retain(|envelope| envelope.header.round == Round::Confirmation as u8);
                self.made = ready.iter().map(Presignature::id).collect();
                self.out.push(Output::Event(Event::Ready(ready)));
                Ok(Phase::Over)
            }
            Phase::Over => Ok(Phase::Over),
        }
    }

    /// Takes what every peer said in a round out of the inbox.
    fn read<M, const N: usize>(
        &mut self,
        rounds: [Round; N],
        read: impl Fn(ParticipantId, [&Envelope; N]) -> Result<M, Fault>,
    ) -> Result<Messages<M>, Fault> {
        let mut messages = BTreeMap::new();
        for peer in self.peers() {
            let said = rounds.map(|round| self.inbox.remove(&(round, peer)));
            let said: Vec<&Envelope> = said.iter().flatten().collect();
            if let Ok(said) = <[&Envelope; N]>::try_from(said) {
                messages.insert(peer, read(peer, said)?);
            }
        }
        Ok(messages)
    }
}

fn commitment_of(envelope: &Envelope) -> Vec<u8> {
    decode::<Committed>(envelope, Round::Commitment).map(|said| said.commitment).unwrap_or_default()
}
