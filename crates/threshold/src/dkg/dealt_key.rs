//! One key as all dealers dealt it, with its curve hidden behind a trait object.

use frost_core::{Field, Group};
use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Threshold};

use super::polynomial::{Committed, Polynomial};
use super::proof::Statement;
use super::{KeyDealing, Messages, Offence, bound};
use crate::PublicKeys;
use crate::suite::{Curve, Ed25519, Secp256k1};

/// Runs `$body` with `$curve` naming the curve of a purpose.
macro_rules! on_curve {
    ($purpose:expr, $curve:ident => $body:expr) => {
        match $purpose {
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 => {
                type $curve = Secp256k1;
                $body
            }
            KeyPurpose::Ed25519 => {
                type $curve = Ed25519;
                $body
            }
        }
    };
}

/// What one dealer knows: everything is derived from its seed, so that a replay gives the same bytes.
pub(super) struct Dealer<'a> {
    pub(super) session: &'a [u8; 32],
    pub(super) threshold: Threshold,
    pub(super) me: ParticipantId,
    pub(super) seed: &'a Secret<[u8; 32]>,
}

impl Dealer<'_> {
    /// Commits to the polynomial of a purpose and proves possession of its constant term.
    pub(super) fn deal(&self, purpose: KeyPurpose) -> Option<KeyDealing> {
        on_curve!(purpose, C => {
            let polynomial = self.polynomial::<C>(purpose);
            let statement = Statement { session: self.session, purpose, dealer: self.me };
            let proof = statement.prove::<C>(&polynomial.constant_term(), &mut self.rng("possession", purpose))?;
            Some(KeyDealing { purpose, coefficients: polynomial.commit().to_bytes()?, proof })
        })
    }

    /// Returns the share of a purpose for one participant.
    pub(super) fn share(&self, purpose: KeyPurpose, recipient: ParticipantId) -> Secret<[u8; 32]> {
        on_curve!(purpose, C => Secret::new(C::scalar_to_bytes(&self.polynomial::<C>(purpose).evaluate(recipient))))
    }

    fn polynomial<C: Curve>(&self, purpose: KeyPurpose) -> Polynomial<C> {
        Polynomial::random(self.threshold, &mut self.rng("polynomial", purpose))
    }

    fn rng(&self, label: &'static str, purpose: KeyPurpose) -> HedgedRng {
        let context = bound("dkg/dealer", self.session, purpose, self.me).field("use", label.as_bytes()).finish();
        HedgedRng::new(self.seed.expose(), b"", &context)
    }
}

/// All dealings of one key, checked.
pub(super) trait DealtKey: Send + Sync {
    /// Returns whether `share` is the dealer's polynomial at the recipient.
    fn accepts(&self, dealer: ParticipantId, recipient: ParticipantId, share: &[u8; 32]) -> bool;
    /// Returns the sum of a recipient's shares; `None` if one is no scalar.
    fn combine(&self, shares: &Messages<Secret<[u8; 32]>>) -> Option<Secret<[u8; 32]>>;
    /// Returns the public side; `None` if the dealt points cancel out.
    fn public_keys(&self, chain_code: [u8; 32]) -> Option<PublicKeys>;
}

/// Checks every dealer's part of one key.
///
/// # Errors
/// The first dealer whose part is wrong, with what is wrong.
pub(super) fn check(
    session: &[u8; 32],
    threshold: Threshold,
    purpose: KeyPurpose,
    parts: &Messages<&KeyDealing>,
) -> Result<Box<dyn DealtKey>, (ParticipantId, Offence)> {
    on_curve!(purpose, C => {
        let mut committed = Messages::new();
        for (dealer, part) in parts {
            let blame = |offence| (*dealer, offence);
            let points = Committed::<C>::from_bytes(threshold, &part.coefficients).map_err(blame)?;
            let statement = Statement { session, purpose, dealer: *dealer };
            statement.verify::<C>(&points.constant_term(), &part.proof).map_err(blame)?;
            committed.insert(*dealer, points);
        }
        Ok(Box::new(OnCurve { purpose, threshold, committed }) as Box<dyn DealtKey>)
    })
}

struct OnCurve<C: Curve> {
    purpose: KeyPurpose,
    threshold: Threshold,
    committed: Messages<Committed<C>>,
}

impl<C: Curve> DealtKey for OnCurve<C> {
    fn accepts(&self, dealer: ParticipantId, recipient: ParticipantId, share: &[u8; 32]) -> bool {
        let (Some(committed), Some(share)) = (self.committed.get(&dealer), C::scalar_from_bytes(share).ok()) else {
            return false;
        };
        committed.accepts(recipient, &share)
    }

    fn combine(&self, shares: &Messages<Secret<[u8; 32]>>) -> Option<Secret<[u8; 32]>> {
        let mut sum = <<C::Group as Group>::Field as Field>::zero();
        for share in shares.values() {
            sum = sum + C::scalar_from_bytes(share.expose()).ok()?;
        }
        Some(Secret::new(C::scalar_to_bytes(&sum)))
    }

    fn public_keys(&self, chain_code: [u8; 32]) -> Option<PublicKeys> {
        let mut dealers = self.committed.values();
        let mut sum = dealers.next()?.duplicate();
        dealers.for_each(|other| sum.add(other));
        Some(PublicKeys {
            purpose: self.purpose,
            threshold: self.threshold,
            group_key: C::point_to_bytes(&sum.constant_term()).ok()?,
            verifying_shares: self
                .threshold
                .participants()
                .map(|participant| C::point_to_bytes(&sum.evaluate(participant)).ok())
                .collect::<Option<_>>()?,
            chain_code,
        })
    }
}
