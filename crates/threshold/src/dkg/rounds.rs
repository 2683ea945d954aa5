//! The rounds, each named for what it waits for.

mod announcements;
mod commitments;
mod dealings;
mod shares;

use quorate_primitives::{HedgedRng, ParticipantId, Secret};
use x25519_dalek::{PublicKey, StaticSecret};

pub use announcements::AwaitingAnnouncements;
pub use commitments::AwaitingCommitments;
pub use dealings::{AwaitingDealings, Dealings};
pub use shares::{AwaitingEchoes, AwaitingShares, ShareFault};

use super::{Announcement, Fault, Terms, counterparties};

/// One member of a ceremony before its first word.
///
/// All its secrets come from one 32-byte seed, so that a member that was killed replays to the same state from
/// the seed and the messages it had received. The seed must be fresh, and erased with the ceremony.
#[derive(Debug)]
pub struct Participant {
    terms: Terms,
    me: ParticipantId,
    seed: Secret<[u8; 32]>,
}

impl Participant {
    /// Prepares to take part as `me`.
    ///
    /// # Errors
    /// [`Fault::Misuse`] if `me` is not in the group or no key is asked for.
    pub fn new(terms: Terms, me: ParticipantId, seed: Secret<[u8; 32]>) -> Result<Self, Fault> {
        if !terms.threshold.contains(me) {
            return Err(Fault::Misuse("the participant is not in the group"));
        }
        if terms.purposes.is_empty() {
            return Err(Fault::Misuse("no key is asked for"));
        }
        Ok(Self { terms, me, seed })
    }

    /// Begins: returns F0 for everybody.
    pub fn announce(self) -> (AwaitingAnnouncements, Announcement) {
        let mut nonce = [0; 32];
        rand_core::RngCore::fill_bytes(&mut self.rng("nonce"), &mut nonce);
        let announcement = Announcement {
            terms: self.terms.clone(),
            nonce,
            ephemeral_keys: counterparties(self.terms.threshold, self.me)
                .map(|other| *PublicKey::from(&self.ephemeral_secret(other)).as_bytes())
                .collect(),
        };
        (AwaitingAnnouncements::new(self, announcement.clone()), announcement)
    }

    /// Returns the X25519 secret for one counterparty.
    fn ephemeral_secret(&self, other: ParticipantId) -> StaticSecret {
        let context = [b"ephemeral".as_slice(), &other.get().to_be_bytes()].concat();
        StaticSecret::random_from_rng(HedgedRng::new(self.seed.expose(), b"dkg", &context))
    }

    fn rng(&self, context: &str) -> HedgedRng {
        HedgedRng::new(self.seed.expose(), b"dkg", context.as_bytes())
    }
}
