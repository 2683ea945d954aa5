//! From the log back: burned sessions go on, the others are dead.

use std::sync::Arc;

use quorate_primitives::Timestamp;
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;

use super::messages::{Mutation, Package, Round, decode};
use super::{Decided, Failure, OpenError, Phase, SHARE_PATIENCE, Signing};
use crate::envelope::Envelope;
use crate::output::Output;
use crate::seat::Seat;

impl Signing {
    /// Rebuilds a session from its mutations, in order.
    ///
    /// A burned session holds its share and waits for the others'. One that was approved and not burned lost its
    /// nonces with the process: it is withdrawn, and [`Signing::handle_reconnected`] tells the others.
    ///
    /// # Errors
    /// [`OpenError`] if the log does not begin with a proposal for this key.
    pub fn replay(
        seat: Arc<Seat>,
        shares: &[KeyShare],
        mutations: impl IntoIterator<Item = Mutation>,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let mut mutations = mutations.into_iter();
        let Some(Mutation::Opened { proposal }) = mutations.next() else { return Err(OpenError::Malformed) };
        let mut signing = Self::build(seat, shares, &proposal, now)?;
        if signing.proposer == signing.seat.me() {
            signing.sent.push(proposal);
        }
        let mut approved = false;
        for mutation in mutations {
            match mutation {
                Mutation::Opened { .. } => return Err(OpenError::Malformed),
                Mutation::Approved => approved = true,
                Mutation::Refused { decision: envelope } => {
                    signing.sent.push(envelope.clone());
                    signing.decisions.insert(signing.seat.me(), Decided { envelope, approves: false });
                }
                Mutation::Burned { package, share } => signing.apply_burn(package, share, now)?,
                Mutation::Finished { signatures } => signing.phase = Phase::Finished(signatures),
                Mutation::Ended { reason } => signing.phase = Phase::Failed(Failure::Earlier(reason)),
            }
        }
        let own_proposal = signing.proposer == signing.seat.me();
        if matches!(signing.phase, Phase::Deciding) && (approved || own_proposal) {
            signing.withdraw();
        }
        Ok(signing)
    }

    fn apply_burn(&mut self, package: Envelope, share: Envelope, now: Timestamp) -> Result<(), OpenError> {
        let said: Package = decode(&package, Round::Package).ok_or(OpenError::Malformed)?;
        let fixed = self.check_package(&package).ok_or(OpenError::Malformed)?;
        for envelope in said.approvals {
            if envelope.header.sender == self.seat.me() {
                self.sent.push(envelope.clone());
            }
            self.decisions.insert(envelope.header.sender, Decided { envelope, approves: true });
        }
        if self.proposer == self.seat.me() {
            self.sent.push(package);
        }
        self.sent.push(share.clone());
        self.shares.insert(self.seat.me(), share);
        self.phase = Phase::Signing(fixed);
        self.deadline = now.after(SHARE_PATIENCE);
        Ok(())
    }

    /// Ends a session whose nonces are lost, and tells the others.
    pub(super) fn withdraw(&mut self) {
        let by = self.seat.me();
        self.say_withdrawal();
        self.fail(Failure::Withdrawn { by });
    }

    pub(super) fn say_withdrawal(&mut self) {
        let withdrawal = self.say(Round::Withdrawal, None, &());
        self.out.push(Output::Send(Recipient::All, withdrawal.clone()));
        self.sent.push(withdrawal);
    }
}
