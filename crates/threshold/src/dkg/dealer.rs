//! What one dealer knows. All of it is derived from its seed, the session and the use: a replay gives the same
//! bytes, and nothing that was used in one session appears in another.

use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Transcript};
use rand_core::RngCore;
use x25519_dalek::StaticSecret;

use super::dealt_key::on_curve;
use super::polynomial::Polynomial;
use super::proof::Statement;
use super::sealing::{DealtShares, Lane};
use super::{Dealing, KeyDealing, SealedShares, Terms};
use crate::suite::Curve;

/// One dealer in one session.
pub(super) struct Dealer<'a> {
    pub(super) session: &'a [u8; 32],
    pub(super) terms: &'a Terms,
    pub(super) me: ParticipantId,
    pub(super) seed: &'a Secret<[u8; 32]>,
}

impl Dealer<'_> {
    /// Makes F2, all but the echo, which is not known before F1 is complete. `None` if a secret is zero, which has
    /// negligible probability.
    pub(super) fn deal(&self) -> Option<Dealing> {
        let mut blind = [0; 32];
        self.rng(&["blind"]).fill_bytes(&mut blind);
        Some(Dealing {
            keys: self.terms.purposes.iter().map(|purpose| self.deal_key(*purpose)).collect::<Option<_>>()?,
            chain_code_hash: chain_code_hash(self.session, self.me, &self.chain_code_part()),
            blind,
            commitments_seen: [0; 32],
        })
    }

    /// Returns what one participant gets.
    pub(super) fn shares(&self, recipient: ParticipantId) -> DealtShares {
        let share = |purpose: &KeyPurpose| {
            on_curve!(*purpose, C => {
                Secret::new(C::scalar_to_bytes(&self.polynomial::<C>(*purpose).evaluate(recipient)))
            })
        };
        DealtShares {
            shares: self.terms.purposes.iter().map(share).collect(),
            chain_code_part: self.chain_code_part(),
        }
    }

    /// Makes F4 for the recipient of a lane; `None` if its key is degenerate.
    pub(super) fn seal(&self, lane: &Lane<'_>) -> Option<SealedShares> {
        let secret = StaticSecret::random_from_rng(self.rng(&["sealing", &lane.recipient.to_string()]));
        lane.seal(&secret, &self.shares(lane.recipient))
    }

    /// Commits to the polynomial of a purpose and proves possession of its constant term.
    ///
    /// The proof's nonce comes from the seed. It never meets two challenges: whatever enters the challenge
    /// (session, purpose, dealer, C_0, R) is, or is derived from, what the nonce was derived from.
    fn deal_key(&self, purpose: KeyPurpose) -> Option<KeyDealing> {
        on_curve!(purpose, C => {
            let polynomial = self.polynomial::<C>(purpose);
            let coefficients = polynomial.commit().to_bytes()?;
            let statement = Statement { session: self.session, purpose, dealer: self.me };
            let mut rng = self.rng(&["possession", purpose.label()]);
            let proof = statement.prove::<C>(coefficients.first()?, &polynomial.constant_term(), &mut rng)?;
            Some(KeyDealing { purpose, coefficients, proof })
        })
    }

    fn polynomial<C: Curve>(&self, purpose: KeyPurpose) -> Polynomial<C> {
        Polynomial::random(self.terms.threshold, &mut self.rng(&["polynomial", purpose.label()]))
    }

    fn chain_code_part(&self) -> Secret<[u8; 32]> {
        let mut part = Secret::new([0; 32]);
        self.rng(&["chain code"]).fill_bytes(part.expose_mut());
        part
    }

    fn rng(&self, usage: &[&str]) -> HedgedRng {
        let context = Transcript::new("dkg/dealer")
            .field("session", self.session)
            .number("dealer", u64::from(self.me.get()))
            .list("usage", usage)
            .finish();
        HedgedRng::new(self.seed.expose(), b"dkg", &context)
    }
}

/// Returns what F2 says about a chain-code part.
pub(super) fn chain_code_hash(
    session: &[u8; 32],
    dealer: ParticipantId,
    part: &Secret<[u8; 32]>,
) -> [u8; 32] {
    Transcript::new("dkg/chain-code-part")
        .field("session", session)
        .number("dealer", u64::from(dealer.get()))
        .field("part", part.expose())
        .finish()
}
