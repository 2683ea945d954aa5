//! Interpolation at zero.

use frost_core::{Field, Group, Scalar};
use quorate_primitives::ParticipantId;

use super::Curve;

/// Returns the Lagrange coefficient at zero of `participant` within `signers`: the factor by which its share
/// enters the group's secret. `None` if the participant is not among the signers.
///
/// The signers are public and so is the time this takes.
pub fn lagrange_at_zero<C: Curve>(
    signers: impl IntoIterator<Item = ParticipantId>,
    participant: ParticipantId,
) -> Option<Scalar<C>> {
    let one = <<C::Group as Group>::Field as Field>::one();
    let own = C::scalar_from_u16(participant.get());
    let (mut numerator, mut denominator, mut found) = (one, one, false);
    for signer in signers {
        if signer == participant {
            found = true;
            continue;
        }
        let other = C::scalar_from_u16(signer.get());
        numerator = numerator * other;
        denominator = denominator * (other - own);
    }
    let inverse = <<C::Group as Group>::Field as Field>::invert(&denominator).ok()?;
    found.then_some(numerator * inverse)
}
