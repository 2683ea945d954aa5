//! F1 is out: waiting for everybody's commitment.

use super::super::messages::list_hash;
use super::super::{Announcement, Commitment, Dealing, Fault, Messages};
use super::{AwaitingDealings, Participant};

/// Waits for F1.
#[derive(Debug)]
pub struct AwaitingCommitments {
    pub(super) participant: Participant,
    pub(super) announcements: Messages<Announcement>,
    pub(super) session: [u8; 32],
    pub(super) dealing: Dealing,
    own: Commitment,
}

impl AwaitingCommitments {
    pub(super) const fn new(
        participant: Participant,
        announcements: Messages<Announcement>,
        session: [u8; 32],
        dealing: Dealing,
        own: Commitment,
    ) -> Self {
        Self { participant, announcements, session, dealing, own }
    }

    /// Returns the session id: a hash of everything announced.
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }

    /// Takes the commitments of all counterparties and returns F2: the opening, with an echo of all F1.
    ///
    /// # Errors
    /// [`Fault::Misuse`] for messages of the wrong participants.
    pub fn finish(mut self, others: Messages<Commitment>) -> Result<(AwaitingDealings, Dealing), Fault> {
        self.participant.expect_all(&others, "one commitment of every counterparty")?;
        let mut commitments = others;
        commitments.insert(self.participant.me, self.own.clone());
        let commitments_hash = list_hash("dkg/commitments", &self.session, &commitments);
        self.dealing.commitments_seen = commitments_hash;
        let dealing = self.dealing.clone();
        Ok((AwaitingDealings::new(self, commitments, commitments_hash), dealing))
    }
}
