//! F0 is out: waiting for everybody's announcement.

use quorate_primitives::{Transcript, encoding};

use super::super::{Announcement, Commitment, Fault, Messages, Offence, sealing};
use super::{AwaitingCommitments, Participant};

/// Waits for F0.
#[derive(Debug)]
pub struct AwaitingAnnouncements {
    participant: Participant,
    own: Announcement,
}

impl AwaitingAnnouncements {
    pub(super) const fn new(participant: Participant, own: Announcement) -> Self {
        Self { participant, own }
    }

    /// Takes the announcements of all counterparties: fixes the session, deals, and returns F1.
    ///
    /// # Errors
    /// [`Fault::TermsDiffer`] blames nobody; [`Fault::Misbehaved`] names who announced degenerate keys.
    pub fn finish(self, others: Messages<Announcement>) -> Result<(AwaitingCommitments, Commitment), Fault> {
        let Self { participant, own } = self;
        participant.expect_all(&others, "one announcement of every counterparty")?;
        for (sender, announcement) in &others {
            if let Some(what) = participant.terms.difference(&announcement.terms) {
                return Err(Fault::TermsDiffer { participant: *sender, what });
            }
            check_ephemeral_keys(announcement)
                .map_err(|offence| Fault::Misbehaved { culprit: *sender, offence })?;
        }
        let mut announcements = others;
        announcements.insert(participant.me, own);
        let session = session_id(&announcements);
        let dealing =
            participant.dealer(&session).deal().ok_or(Fault::Misuse("the seed gives a zero secret"))?;
        let commitment = dealing.commitment(&session, participant.me);
        let next = AwaitingCommitments::new(participant, announcements, session, dealing, commitment.clone());
        Ok((next, commitment))
    }
}

/// Everything that all F0 said, in order.
fn session_id(announcements: &Messages<Announcement>) -> [u8; 32] {
    let list = announcements.values().map(encoding::body_bytes);
    Transcript::new("dkg/session").list("announcements", list).finish()
}

fn check_ephemeral_keys(announcement: &Announcement) -> Result<(), Offence> {
    let keys = &announcement.ephemeral_keys;
    if keys.len() != usize::from(announcement.terms.threshold.max_signers()) - 1 {
        return Err(Offence::EphemeralKeyCount);
    }
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    let repeated = sorted.windows(2).any(|pair| pair.first() == pair.last());
    if repeated || !keys.iter().all(sealing::is_usable) {
        return Err(Offence::EphemeralKey);
    }
    Ok(())
}
