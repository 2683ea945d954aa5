//! The rounds, each named for what it waits for.

mod announcements;
mod commitments;
mod dealings;
mod shares;

use quorate_primitives::{HedgedRng, ParticipantId, Secret};
use rand_core::RngCore;
use x25519_dalek::{PublicKey, StaticSecret};

pub use announcements::AwaitingAnnouncements;
pub use commitments::AwaitingCommitments;
pub use dealings::{AwaitingDealings, Dealings};
pub use shares::{AwaitingEchoes, AwaitingShares, ShareFault};

use super::dealer::Dealer;
use super::{Announcement, Fault, Messages, Terms, counterparties};

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
    /// [`Fault::Misuse`] if `me` is not in the group, no key is asked for, or the terms are not of this version and
    /// in order.
    pub fn new(terms: Terms, me: ParticipantId, seed: Secret<[u8; 32]>) -> Result<Self, Fault> {
        if !terms.threshold.contains(me) {
            return Err(Fault::Misuse("the participant is not in the group"));
        }
        if terms.purposes.is_empty() {
            return Err(Fault::Misuse("no key is asked for"));
        }
        if terms != Terms::new(terms.roster, terms.threshold, &terms.purposes, terms.epoch) {
            return Err(Fault::Misuse("terms of another version, or key purposes out of order"));
        }
        Ok(Self { terms, me, seed })
    }

    /// Begins: returns F0 for everybody.
    pub fn announce(self) -> (AwaitingAnnouncements, Announcement) {
        let mut nonce = [0; 32];
        self.rng(b"nonce").fill_bytes(&mut nonce);
        let announcement = Announcement {
            terms: self.terms.clone(),
            nonce,
            ephemeral_keys: counterparties(self.terms.threshold, self.me)
                .map(|other| *PublicKey::from(&self.ephemeral_secret(other)).as_bytes())
                .collect(),
        };
        (AwaitingAnnouncements::new(self, announcement.clone()), announcement)
    }

    /// Returns the X25519 secret with which to open what one counterparty seals.
    fn ephemeral_secret(&self, dealer: ParticipantId) -> StaticSecret {
        let context = [b"ephemeral".as_slice(), &dealer.get().to_be_bytes()].concat();
        StaticSecret::random_from_rng(self.rng(&context))
    }

    /// Before there is a session, the seed alone says who we are.
    fn rng(&self, context: &[u8]) -> HedgedRng {
        HedgedRng::new(self.seed.expose(), b"dkg", context)
    }

    /// Returns what this member deals in a session.
    const fn dealer<'a>(&'a self, session: &'a [u8; 32]) -> Dealer<'a> {
        Dealer { session, terms: &self.terms, me: self.me, seed: &self.seed }
    }

    /// Checks that there is one message of every counterparty.
    fn expect_all<M>(&self, messages: &Messages<M>, expected: &'static str) -> Result<(), Fault> {
        if messages.keys().copied().eq(counterparties(self.terms.threshold, self.me)) {
            Ok(())
        } else {
            Err(Fault::Misuse(expected))
        }
    }
}
