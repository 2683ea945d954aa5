//! From full rounds to the next ones.

use std::collections::BTreeMap;

use quorate_dkls::presign::{
    Commitment, Confirmation, Extension, Messages, Multiplication, Opening, Pairs, Presignature,
};
use quorate_dkls::{Fault, Offence};
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
                let commitments = self.read(Round::Commitment, read_commitment)?;
                let batch = self.batch;
                let extensions = self.read(Round::Extension, |e| Extension::from_bytes(&e.body, batch))?;
                let (next, opening, products) =
                    round.finish(&joined(commitments, extensions), pairs, &mut self.rng)?;
                self.keep(Round::Opening, None, opening.to_bytes());
                for (peer, product) in &products {
                    self.keep(Round::Multiplication, Some(*peer), product.to_bytes());
                }
                Ok(Phase::Multiplications(Box::new(next)))
            }
            Phase::Multiplications(round) => {
                let batch = self.batch;
                let openings = self.read(Round::Opening, |e| Opening::from_bytes(&e.body, batch))?;
                let products =
                    self.read(Round::Multiplication, |e| Multiplication::from_bytes(&e.body, batch))?;
                let (next, confirmation) = round.finish(&joined(openings, products), &mut self.rng)?;
                self.keep(Round::Confirmation, None, confirmation.to_bytes());
                Ok(Phase::Confirmations(Box::new(next)))
            }
            Phase::Confirmations(round) => {
                let batch = self.batch;
                let confirmations =
                    self.read(Round::Confirmation, |e| Confirmation::from_bytes(&e.body, batch))?;
                let ready = round.finish(&confirmations)?;
                self.inbox.clear();
                self.sent.retain(|envelope| envelope.header.round == Round::Confirmation as u8);
                self.made = ready.iter().map(Presignature::id).collect();
                self.out.push(Output::Event(Event::Ready(ready)));
                Ok(Phase::Over)
            }
            Phase::Over => Ok(Phase::Over),
        }
    }

    /// Takes one message of every peer out of the inbox.
    fn read<M>(
        &mut self,
        round: Round,
        read: impl Fn(&Envelope) -> Result<M, Offence>,
    ) -> Result<Messages<M>, Fault> {
        let mut messages = BTreeMap::new();
        for peer in self.peers() {
            if let Some(envelope) = self.inbox.remove(&(round, peer)) {
                messages.insert(peer, read(&envelope).map_err(|offence| offence.of(peer))?);
            }
        }
        Ok(messages)
    }
}

fn read_commitment(envelope: &Envelope) -> Result<Commitment, Offence> {
    let committed = decode::<Committed>(envelope, Round::Commitment);
    Commitment::from_bytes(&committed.map(|committed| committed.commitment).unwrap_or_default())
}

fn joined<A, B>(one: Messages<A>, mut other: Messages<B>) -> Messages<(A, B)> {
    let join = |(peer, a): (ParticipantId, A)| other.remove(&peer).map(|b| (peer, (a, b)));
    one.into_iter().filter_map(join).collect()
}
