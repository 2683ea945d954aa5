//! One key as all dealers dealt it, with its curve hidden behind a trait object.

use frost_core::{Field, Group};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use zeroize::Zeroizing;

use super::polynomial::Committed;
use super::proof::Statement;
use super::{KeyDealing, Messages, Offence};
use crate::suite::Curve;
use crate::{KeyShare, PublicKeys};

/// Runs `$body` with `$curve` naming the curve of a purpose.
macro_rules! on_curve {
    ($purpose:expr, $curve:ident => $body:expr) => {
        match $purpose {
            quorate_primitives::KeyPurpose::EcdsaSecp256k1
            | quorate_primitives::KeyPurpose::Bip340Secp256k1 => {
                type $curve = crate::suite::Secp256k1;
                $body
            }
            quorate_primitives::KeyPurpose::Ed25519 => {
                type $curve = crate::suite::Ed25519;
                $body
            }
        }
    };
}
pub(super) use on_curve;

/// All dealings of one key, checked.
pub(super) trait DealtKey: Send + Sync {
    /// Returns whether `share` is the dealer's polynomial at the recipient.
    fn accepts(&self, dealer: ParticipantId, recipient: ParticipantId, share: &[u8; 32]) -> bool;
    /// Adds up what all dealers dealt to `me`. `None` if the dealt points cancel out (which nobody can bring about),
    /// or if the sum is not this member's share of the sum of the dealings (which would be our own fault).
    fn key_share(
        &self,
        me: ParticipantId,
        dealt: &[&Secret<[u8; 32]>],
        chain_code: [u8; 32],
    ) -> Option<KeyShare>;
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
            let statement = Statement { session, purpose, dealer: *dealer };
            let points = Committed::<C>::from_bytes(threshold, &part.coefficients)
                .and_then(|points| statement.verify::<C>(&points.constant_term(), &part.proof).map(|()| points))
                .map_err(|offence| (*dealer, offence))?;
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
        let (Some(committed), Ok(share)) = (self.committed.get(&dealer), C::scalar_from_bytes(share)) else {
            return false;
        };
        committed.accepts(recipient, &Zeroizing::new(share))
    }

    fn key_share(
        &self,
        me: ParticipantId,
        dealt: &[&Secret<[u8; 32]>],
        chain_code: [u8; 32],
    ) -> Option<KeyShare> {
        let mut sum = Zeroizing::new(<<C::Group as Group>::Field as Field>::zero());
        for share in dealt {
            *sum = *sum + C::scalar_from_bytes(share.expose()).ok()?;
        }
        let committed = Committed::sum(self.committed.values())?;
        let signing_share = Secret::new(C::scalar_to_bytes(&sum));
        committed.accepts(me, &sum).then_some(())?;
        Some(KeyShare { public: self.public_keys(&committed, chain_code)?, participant: me, signing_share })
    }
}

impl<C: Curve> OnCurve<C> {
    fn public_keys(&self, committed: &Committed<C>, chain_code: [u8; 32]) -> Option<PublicKeys> {
        let verifying_share = |participant| C::point_to_bytes(&committed.evaluate(participant)).ok();
        Some(PublicKeys {
            purpose: self.purpose,
            threshold: self.threshold,
            group_key: C::point_to_bytes(&committed.constant_term()).ok()?,
            verifying_shares: self.threshold.participants().map(verifying_share).collect::<Option<_>>()?,
            chain_code,
        })
    }
}
