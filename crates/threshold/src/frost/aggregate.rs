//! Putting shares together, and finding out who sent a wrong one.

use std::collections::BTreeMap;

use frost_core::Scalar;
use quorate_primitives::ParticipantId;

use super::keys::Points;
use super::scheme::{Plan, Scheme};
use super::suite::for_suite;
use super::{AggregateError, PublicKeyPackage, SIGNATURE_LEN, SignatureShare, SigningPackage};

/// Adds the shares of all signers of a package and verifies the signature.
///
/// The signature is 64 bytes, as RFC 8032 and BIP-340 write it; it is returned only if the standard verifier accepts
/// these bytes.
///
/// # Errors
/// [`AggregateError::InvalidShares`] names every signer whose share is wrong and nobody else; the others say what did
/// not belong together.
pub fn aggregate(
    package: &SigningPackage,
    shares: &BTreeMap<ParticipantId, SignatureShare>,
    keys: &PublicKeyPackage,
) -> Result<[u8; SIGNATURE_LEN], AggregateError> {
    check_key(package, keys)?;
    let zipped = package.plan.as_ref().zip(keys.inner.as_ref()).ok_or(AggregateError::OtherKey)?;
    for_suite!(zipped, (plan, points) => aggregate_with(plan, points, package.message(), shares))
}

/// Checks the share of one signer, as [`aggregate`] does when the signature does not verify.
///
/// # Errors
/// [`AggregateError::InvalidShares`] with `participant` as the only culprit if the share is wrong; the others say what
/// did not belong together.
pub fn verify_share(
    package: &SigningPackage,
    participant: ParticipantId,
    share: &SignatureShare,
    keys: &PublicKeyPackage,
) -> Result<(), AggregateError> {
    check_key(package, keys)?;
    let zipped = package.plan.as_ref().zip(keys.inner.as_ref()).ok_or(AggregateError::OtherKey)?;
    for_suite!(zipped, (plan, points) => {
        if !plan.commitments.contains_key(&participant) {
            return Err(AggregateError::UnexpectedShare { participant });
        }
        let scalar = scalar_of(plan, share)?;
        if is_right(plan, points, participant, &scalar) {
            Ok(())
        } else {
            Err(AggregateError::InvalidShares { culprits: vec![participant] })
        }
    })
}

fn check_key(package: &SigningPackage, keys: &PublicKeyPackage) -> Result<(), AggregateError> {
    if package.is_for(keys.purpose(), &keys.origin) { Ok(()) } else { Err(AggregateError::OtherKey) }
}

fn aggregate_with<C: Scheme>(
    plan: &Plan<C>,
    points: &Points<C>,
    message: &[u8],
    shares: &BTreeMap<ParticipantId, SignatureShare>,
) -> Result<[u8; SIGNATURE_LEN], AggregateError> {
    if let Some(participant) = plan.commitments.keys().find(|id| !shares.contains_key(id)) {
        return Err(AggregateError::MissingShare { participant: *participant });
    }
    if let Some(participant) = shares.keys().find(|id| !plan.commitments.contains_key(id)) {
        return Err(AggregateError::UnexpectedShare { participant: *participant });
    }
    let scalars = shares
        .iter()
        .map(|(id, share)| Ok((*id, scalar_of(plan, share)?)))
        .collect::<Result<Vec<_>, AggregateError>>()?;
    let signature = plan
        .signature(scalars.iter().map(|(_, scalar)| *scalar))
        .filter(|signature| C::verify(&points.group_key, message, signature));
    if let Some(signature) = signature {
        return Ok(signature);
    }
    let culprits: Vec<_> = scalars
        .iter()
        .filter(|(id, scalar)| !is_right(plan, points, *id, scalar))
        .map(|(id, _)| *id)
        .collect();
    if culprits.is_empty() {
        return Err(AggregateError::Unverifiable);
    }
    Err(AggregateError::InvalidShares { culprits })
}

fn scalar_of<C: Scheme>(_: &Plan<C>, share: &SignatureShare) -> Result<Scalar<C>, AggregateError> {
    C::share(share)
        .ok_or(AggregateError::OtherPurpose { found: share.purpose(), expected: C::SUITE.purpose() })
}

fn is_right<C: Scheme>(
    plan: &Plan<C>,
    points: &Points<C>,
    participant: ParticipantId,
    share: &Scalar<C>,
) -> bool {
    points
        .verifying_shares
        .get(participant.position())
        .is_some_and(|verifying_share| plan.verify_share(participant, share, verifying_share))
}
