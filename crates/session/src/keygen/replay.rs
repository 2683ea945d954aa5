//! From the log back to the live state.

use std::sync::Arc;

use quorate_primitives::{Millis, Secret, Timestamp};
use thiserror::Error;

use super::messages::Mutation;
use super::{Event, Failure, Keygen, Phase};
use crate::envelope::Envelope;
use crate::output::Output;
use crate::seat::Seat;

/// Why a log does not describe a ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The log does not begin with the start of a ceremony, or a step comes out of order.
    #[error("log of a ceremony is out of order")]
    OutOfOrder,
    /// What was received does not lead where the log says it led.
    #[error("log of a ceremony contradicts itself: {0}")]
    Contradiction(Failure),
}

impl Keygen {
    /// Rebuilds a ceremony from its mutations, in order. It says nothing by itself: call
    /// [`Keygen::handle_reconnected`] when there is somebody to talk to.
    ///
    /// # Errors
    /// [`ReplayError`] if this is not the log of a ceremony of this seat.
    pub fn replay(
        seat: Arc<Seat>,
        mutations: impl IntoIterator<Item = Mutation>,
        patience: Millis,
        now: Timestamp,
    ) -> Result<Self, ReplayError> {
        let mut mutations = mutations.into_iter();
        let Some(Mutation::Started { seed, sent }) = mutations.next() else {
            return Err(ReplayError::OutOfOrder);
        };
        let mut keygen = Self::restart(seat, seed, patience, now)?;
        keygen.sent = sent;
        for mutation in mutations {
            keygen.apply(mutation)?;
        }
        keygen.out.clear();
        Ok(keygen)
    }

    fn restart(
        seat: Arc<Seat>,
        seed: Secret<[u8; 32]>,
        patience: Millis,
        now: Timestamp,
    ) -> Result<Self, ReplayError> {
        Self::with_announcement(seat, seed, patience, now).map_err(|_| ReplayError::OutOfOrder)
    }

    fn apply(&mut self, mutation: Mutation) -> Result<(), ReplayError> {
        match mutation {
            Mutation::Started { .. } => Err(ReplayError::OutOfOrder),
            Mutation::Advanced { received, sent } => self.apply_advance(received, sent),
            Mutation::Certified(certificate) => match core::mem::replace(&mut self.phase, Phase::Moving) {
                Phase::Certificates(outcome) => {
                    self.phase = Phase::Certified(outcome, certificate);
                    Ok(())
                }
                _ => Err(ReplayError::OutOfOrder),
            },
            Mutation::Ended { reason, last_words } => {
                self.sent.extend(last_words);
                self.phase = Phase::Failed(Failure::Earlier(reason));
                Ok(())
            }
        }
    }

    /// Runs a flight again on what was received; the bytes that were said are those in the log.
    fn apply_advance(&mut self, received: Vec<Envelope>, sent: Vec<Envelope>) -> Result<(), ReplayError> {
        let round = self.current().ok_or(ReplayError::OutOfOrder)?;
        let inbox = self.inboxes.get_mut(round).ok_or(ReplayError::OutOfOrder)?;
        for envelope in received {
            inbox.deliver(envelope.header.sender, envelope);
        }
        if !inbox.is_full() {
            return Err(ReplayError::OutOfOrder);
        }
        let phase = core::mem::replace(&mut self.phase, Phase::Moving);
        let (next, _) = self.finish_flight(phase).map_err(|stop| ReplayError::Contradiction(stop.failure))?;
        self.phase = next;
        self.sent.extend(sent);
        Ok(())
    }

    /// Ends the waiting at a deadline. Pending keys stay.
    pub(super) fn give_up_waiting(&mut self, now: Timestamp) {
        match &self.phase {
            Phase::Certified(..) | Phase::Failed(_) | Phase::Moving => {}
            Phase::Certificates(_) => {
                self.deadline = now.after(self.patience);
                let missing = self.missing();
                self.out.push(Output::Event(Event::Pending { missing, failure: None }));
            }
            Phase::Disputed(broadcast) => {
                let failure = Failure::SplitView(*broadcast);
                self.fail(failure, now);
            }
            _ => {
                let missing = self.missing();
                self.end(Failure::TimedOut { missing }, Vec::new(), now);
            }
        }
    }
}
