//! F0 is out: waiting for everybody's announcement.

use quorate_primitives::{ParticipantId, Secret, Transcript, encoding};

use super::super::dealt_key::Dealer;
use super::super::{
    Announcement, Commitment, Dealing, Fault, Messages, Offence, counterparties, sealing,
};
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
        let terms = &participant.terms;
        if !others.keys().copied().eq(counterparties(terms.threshold, participant.me)) {
            return Err(Fault::Misuse("one announcement of every counterparty"));
        }
        for (sender, announcement) in &others {
            if let Some(what) = terms.difference(&announcement.terms) {
                return Err(Fault::TermsDiffer { participant: *sender, what });
            }
            check_ephemeral_keys(announcement)
                .map_err(|offence| Fault::Misbehaved { culprit: *sender, offence })?;
        }
        let mut announcements = others;
        announcements.insert(participant.me, own);
        let session = session_id(&announcements);
        let dealing = deal(&participant, &session)?;
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

/// Makes F2, all but the echo, which is not known before F1 is complete.
fn deal(participant: &Participant, session: &[u8; 32]) -> Result<Dealing, Fault> {
    let terms = &participant.terms;
    let dealer =
        Dealer { session, threshold: terms.threshold, me: participant.me, seed: &participant.seed };
    let keys = terms.purposes.iter().map(|purpose| dealer.deal(*purpose)).collect::<Option<Vec<_>>>();
    let mut blind = [0; 32];
    rand_core::RngCore::fill_bytes(&mut participant.rng("blind"), &mut blind);
    Ok(Dealing {
        keys: keys.ok_or(Fault::Misuse("the seed gives a zero coefficient"))?,
        chain_code_hash: chain_code_hash(session, participant.me, &participant.chain_code_part()),
        blind,
        commitments_seen: [0; 32],
    })
}

impl Participant {
    /// Returns this member's part of the chain codes.
    pub(super) fn chain_code_part(&self) -> Secret<[u8; 32]> {
        let mut part = Secret::new([0; 32]);
        rand_core::RngCore::fill_bytes(&mut self.rng("chain code"), part.expose_mut());
        part
    }
}

/// Returns what F2 says about a chain-code part.
pub(super) fn chain_code_hash(session: &[u8; 32], dealer: ParticipantId, part: &Secret<[u8; 32]>) -> [u8; 32] {
    Transcript::new("dkg/chain-code-part")
        .field("session", session)
        .number("dealer", u64::from(dealer.get()))
        .field("part", part.expose())
        .finish()
}
