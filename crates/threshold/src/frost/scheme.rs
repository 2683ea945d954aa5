//! FROST, generic over the suite: the equations of RFC 9591, sections 4 and 5.
//!
//! `frost-core` computes everything that is hashed. The sums are here, for two reasons: they use the curve's
//! fast code, and nonces stay in types that are wiped.

use std::collections::BTreeMap;

use frost_core::round1::{NonceCommitment, SigningCommitments as Published};
use frost_core::{Element, Group, Identifier, Scalar, VerifyingKey};
use quorate_primitives::{ParticipantId, Secret};

use super::suite::BySuite;
use super::{SignatureShare, SigningCommitments, SuiteId};
use crate::derive::DeriveChild;
use crate::suite::{Curve, CurveError, Ed25519, Secp256k1, lagrange_at_zero};

/// A suite that signs: a curve whose keys have 32-byte verifying keys and a verifier.
pub(super) trait Scheme: DeriveChild {
    /// Which suite it is at run time.
    const SUITE: SuiteId;

    /// Returns commitments if they are of this suite.
    fn commitments(commitments: &SigningCommitments) -> Option<Commitments<Self>>;

    /// Returns a signature share if it is of this suite.
    fn share(share: &SignatureShare) -> Option<Scalar<Self>>;

    /// Returns the 32 bytes that signatures verify under.
    fn verifying_key(point: &Element<Self>) -> [u8; 32];

    /// Verifies a signature as it leaves.
    fn verify(group_key: &Element<Self>, message: &[u8], signature: &[u8; 64]) -> bool;
}

/// A signer's commitments to its two nonces, with their encodings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Commitments<C: Curve> {
    pub hiding: Element<C>,
    pub binding: Element<C>,
}

/// Two nonces; wiped when dropped.
pub(super) struct Nonces<C: Curve> {
    pub hiding: Secret<Scalar<C>>,
    pub binding: Secret<Scalar<C>>,
    pub commitments: Commitments<C>,
}

/// What every signer and the aggregator compute from the same package.
#[derive(Clone)]
pub(super) struct Plan<C: Curve> {
    pub commitments: BTreeMap<ParticipantId, Commitments<C>>,
    binding_factors: BTreeMap<ParticipantId, Scalar<C>>,
    /// R, negated where BIP-340 wants an even y-coordinate.
    commitment: Element<C>,
    negated: bool,
    challenge: Scalar<C>,
}

impl<C: Curve> Commitments<C> {
    pub fn to_bytes(self) -> Result<Vec<u8>, CurveError> {
        Ok([C::point_to_bytes(&self.hiding)?, C::point_to_bytes(&self.binding)?].concat())
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CurveError> {
        let wrong_length = CurveError::Length { found: bytes.len(), expected: 2 * C::POINT_LEN };
        let (hiding, binding) = bytes.split_at_checked(C::POINT_LEN).ok_or(wrong_length)?;
        if binding.len() != C::POINT_LEN {
            return Err(wrong_length);
        }
        Ok(Self { hiding: C::point_from_bytes(hiding)?, binding: C::point_from_bytes(binding)? })
    }
}

impl<C: Curve> Nonces<C> {
    /// Pairs nonces with their commitments; `None` if one is zero, which chance never brings.
    pub fn new(hiding: Secret<Scalar<C>>, binding: Secret<Scalar<C>>) -> Option<Self> {
        let mut points = [C::mul_base(hiding.expose()), C::mul_base(binding.expose())];
        if points.contains(&C::Group::identity()) {
            return None;
        }
        C::normalize(&mut points);
        let [hiding_point, binding_point] = points;
        let commitments = Commitments { hiding: hiding_point, binding: binding_point };
        Some(Self { hiding, binding, commitments })
    }
}

/// `nonce_generate` of RFC 9591, section 4.1: H3(random ‖ share).
pub(super) fn generate_nonce<C: Curve>(share: &Scalar<C>, random: &[u8; 32]) -> Secret<Scalar<C>> {
    let mut input = Secret::new([0; 64]);
    let (left, right) = input.expose_mut().split_at_mut(32);
    left.copy_from_slice(random);
    right.copy_from_slice(&C::scalar_to_bytes(share));
    Secret::new(C::H3(input.expose()))
}

/// Why there is no plan.
pub(super) struct Unplannable;

impl<C: Scheme> Plan<C> {
    /// Computes binding factors, group commitment and challenge.
    pub fn new(
        group_key: &Element<C>,
        message: &[u8],
        commitments: BTreeMap<ParticipantId, Commitments<C>>,
    ) -> Result<Self, Unplannable> {
        let group_key = VerifyingKey::new(*group_key);
        let published = commitments
            .iter()
            .map(|(id, commitments)| Ok((identifier::<C>(*id)?, commitments.published())))
            .collect::<Result<_, Unplannable>>()?;
        let package = frost_core::SigningPackage::new(published, message);
        let factors =
            frost_core::compute_binding_factor_list(&package, &group_key, &[]).map_err(|_| Unplannable)?;
        let binding_factors = commitments
            .keys()
            .map(|id| {
                let factor = factors.get(&identifier::<C>(*id)?).ok_or(Unplannable)?;
                let bytes = factor.serialize().as_slice().try_into().map_err(|_| Unplannable)?;
                Ok((*id, C::scalar_from_bytes(&bytes).map_err(|_| Unplannable)?))
            })
            .collect::<Result<BTreeMap<_, _>, Unplannable>>()?;
        let (commitment, negated) = group_commitment(&commitments, &binding_factors)?;
        let challenge = C::challenge(&commitment, &group_key, message).map_err(|_| Unplannable)?.to_scalar();
        Ok(Self { commitments, binding_factors, commitment, negated, challenge })
    }

    /// Computes a signature share: ±(d + ρe) + λ·s·c. `None` for somebody who is not a signer.
    pub fn sign(
        &self,
        participant: ParticipantId,
        nonces: &Nonces<C>,
        share: &Secret<Scalar<C>>,
    ) -> Option<Scalar<C>> {
        let factor = *self.binding_factors.get(&participant)?;
        let lambda = self.lambda(participant)?;
        let nonce = Secret::new(*nonces.hiding.expose() + *nonces.binding.expose() * factor);
        let signed = if self.negated { -*nonce.expose() } else { *nonce.expose() };
        Some(signed + lambda * self.challenge * *share.expose())
    }

    /// Checks a signature share: z·G = ±(D + ρE) + λ·c·X.
    pub fn verify_share(
        &self,
        participant: ParticipantId,
        share: &Scalar<C>,
        verifying_share: &Element<C>,
    ) -> bool {
        let parts = || {
            let commitments = self.commitments.get(&participant)?;
            let factor = *self.binding_factors.get(&participant)?;
            Some((commitments, factor, self.lambda(participant)?))
        };
        let Some((commitments, factor, lambda)) = parts() else { return false };
        let key_part = lambda * self.challenge;
        let mut terms = [(factor, commitments.binding), (key_part, *verifying_share)];
        // With R negated, the equation holds for −z, −λc and the same commitments.
        let share = if self.negated {
            terms[1].0 = -key_part;
            -*share
        } else {
            *share
        };
        C::mul_base(&share) == C::multiscalar_vartime(&terms) + commitments.hiding
    }

    /// Puts the signature together: R, then the sum of the shares.
    pub fn signature(&self, shares: impl Iterator<Item = Scalar<C>>) -> Option<[u8; 64]> {
        let sum = shares.reduce(|sum, share| sum + share)?;
        let mut signature = [0; 64];
        let (left, right) = signature.split_at_mut(32);
        left.copy_from_slice(&C::verifying_key(&self.commitment));
        right.copy_from_slice(&C::scalar_to_bytes(&sum));
        Some(signature)
    }

    fn lambda(&self, participant: ParticipantId) -> Option<Scalar<C>> {
        lagrange_at_zero::<C>(self.commitments.keys().copied(), participant)
    }
}

impl<C: Curve> Commitments<C> {
    fn published(&self) -> Published<C> {
        Published::new(NonceCommitment::new(self.hiding), NonceCommitment::new(self.binding))
    }
}

/// R = Σ D_j + Σ ρ_j E_j, and whether it was negated to make its y-coordinate even.
fn group_commitment<C: Scheme>(
    commitments: &BTreeMap<ParticipantId, Commitments<C>>,
    binding_factors: &BTreeMap<ParticipantId, Scalar<C>>,
) -> Result<(Element<C>, bool), Unplannable> {
    let terms: Vec<_> = binding_factors
        .values()
        .zip(commitments.values())
        .map(|(factor, commitments)| (*factor, commitments.binding))
        .collect();
    let bound = C::multiscalar_vartime(&terms);
    let sum = commitments.values().fold(bound, |sum, commitments| sum + commitments.hiding);
    if sum == C::Group::identity() {
        return Err(Unplannable);
    }
    let mut normal = [sum];
    C::normalize(&mut normal);
    let [sum] = normal;
    if C::has_even_y(&sum) {
        return Ok((sum, false));
    }
    Ok((C::negate(sum), true))
}

fn identifier<C: Curve>(participant: ParticipantId) -> Result<Identifier<C>, Unplannable> {
    Identifier::try_from(participant.get()).map_err(|_| Unplannable)
}

impl Scheme for Ed25519 {
    const SUITE: SuiteId = SuiteId::Ed25519;

    fn commitments(commitments: &SigningCommitments) -> Option<Commitments<Self>> {
        match commitments.inner {
            BySuite::Ed25519(commitments) => Some(commitments),
            BySuite::Bip340(_) => None,
        }
    }

    fn share(share: &SignatureShare) -> Option<Scalar<Self>> {
        match share.inner {
            BySuite::Ed25519(share) => Some(share.0),
            BySuite::Bip340(_) => None,
        }
    }

    fn verifying_key(point: &Element<Self>) -> [u8; 32] {
        point.encode()
    }

    /// RFC 8032 without cofactor, refusing non-canonical S and low-order A and R: what every verifier accepts.
    fn verify(group_key: &Element<Self>, message: &[u8], signature: &[u8; 64]) -> bool {
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&group_key.encode()) else { return false };
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl Scheme for Secp256k1 {
    const SUITE: SuiteId = SuiteId::Bip340;

    fn commitments(commitments: &SigningCommitments) -> Option<Commitments<Self>> {
        match commitments.inner {
            BySuite::Bip340(commitments) => Some(commitments),
            BySuite::Ed25519(_) => None,
        }
    }

    fn share(share: &SignatureShare) -> Option<Scalar<Self>> {
        match share.inner {
            BySuite::Bip340(share) => Some(share.0),
            BySuite::Ed25519(_) => None,
        }
    }

    fn verifying_key(point: &Element<Self>) -> [u8; 32] {
        // The identity, which no key and no commitment is, gives bytes that verify nothing.
        point.x_only().unwrap_or_default()
    }

    fn verify(group_key: &Element<Self>, message: &[u8], signature: &[u8; 64]) -> bool {
        Self::verify_bip340(group_key, message, signature)
    }
}
