//! The signing package: what everybody must agree on before a share is made.

use core::fmt;
use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, ParticipantId, Transcript};

use super::keys::{Origin, Points};
use super::scheme::{Commitments, Plan, Scheme};
use super::suite::{BySuite, for_suite, map_suite};
use super::{PublicKeyPackage, SignError, SigningCommitments};
use crate::suite::{Ed25519, Secp256k1};

/// A message, the key it is to be signed with, and the commitments of those who sign it.
///
/// Everybody builds it from the same values; [`SigningPackage::hash`] is how they notice if they did not. Building
/// it does the work that signing and aggregating have in common.
#[derive(Clone)]
pub struct SigningPackage {
    pub(super) plan: BySuite<Plan<Ed25519>, Plan<Secp256k1>>,
    origin: Origin,
    message: Vec<u8>,
    hash: [u8; 32],
}

impl SigningPackage {
    /// Puts a package together.
    ///
    /// # Errors
    /// [`SignError`] for too few signers, a signer twice or not in the group, or commitments for another purpose.
    pub fn new(
        keys: &PublicKeyPackage,
        message: &[u8],
        commitments: impl IntoIterator<Item = (ParticipantId, SigningCommitments)>,
    ) -> Result<Self, SignError> {
        let hash;
        let plan = map_suite!(&keys.inner, points => {
            let signers = collect(keys, points, commitments)?;
            hash = package_hash(keys, points, message, &signers);
            Plan::new(&points.group_key, message, signers).map_err(|_| SignError::IdentityCommitment)?
        });
        Ok(Self { plan, origin: keys.origin.clone(), message: message.to_vec(), hash })
    }

    /// Returns the hash over purpose, key, derivation, threshold, message, signers and commitments. Every signer signs
    /// it together with its share, so that a share can not be taken for one of another package.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Returns the message.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Returns the purpose of the key.
    pub const fn purpose(&self) -> KeyPurpose {
        self.plan.purpose()
    }

    /// Returns the signers, in order.
    pub fn signers(&self) -> Vec<ParticipantId> {
        for_suite!(&self.plan, plan => plan.commitments.keys().copied().collect())
    }

    /// Returns the commitments of one signer.
    pub fn commitments(&self, participant: ParticipantId) -> Option<SigningCommitments> {
        let inner = map_suite!(&self.plan, plan => *plan.commitments.get(&participant)?);
        Some(SigningCommitments { inner })
    }

    /// Returns whether the package is for this stored key and this child of it.
    pub(super) fn is_for(&self, purpose: KeyPurpose, origin: &Origin) -> bool {
        self.purpose() == purpose && self.origin == *origin
    }
}

impl fmt::Debug for SigningPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningPackage")
            .field("purpose", &self.purpose())
            .field("signers", &self.signers())
            .finish_non_exhaustive()
    }
}

fn collect<C: Scheme>(
    keys: &PublicKeyPackage,
    points: &Points<C>,
    commitments: impl IntoIterator<Item = (ParticipantId, SigningCommitments)>,
) -> Result<BTreeMap<ParticipantId, Commitments<C>>, SignError> {
    let mut signers = BTreeMap::new();
    for (participant, commitments) in commitments {
        let (found, expected) = (commitments.purpose(), keys.purpose());
        let commitments = C::commitments(&commitments).ok_or(SignError::OtherPurpose { found, expected })?;
        if participant.position() >= points.verifying_shares.len() {
            return Err(SignError::UnknownSigner { participant });
        }
        if signers.insert(participant, commitments).is_some() {
            return Err(SignError::DuplicateSigner { participant });
        }
    }
    let needed = keys.min_signers();
    if signers.len() < usize::from(needed) {
        return Err(SignError::TooFewSigners { found: signers.len(), needed });
    }
    Ok(signers)
}

fn package_hash<C: Scheme>(
    keys: &PublicKeyPackage,
    points: &Points<C>,
    message: &[u8],
    signers: &BTreeMap<ParticipantId, Commitments<C>>,
) -> [u8; 32] {
    let derivation = keys.derivation();
    Transcript::new("frost-signing-package")
        .field("purpose", keys.purpose().label().as_bytes())
        .field("stored key", &keys.origin.stored_key)
        .list("path", derivation.path.iter().map(|index| index.to_be_bytes()))
        .field("taproot", &[u8::from(derivation.taproot)])
        .field("verifying key", &C::verifying_key(&points.group_key))
        .number("min signers", keys.min_signers().into())
        .field("message", message)
        .list("signers", signers.keys().map(|id| id.get().to_be_bytes()))
        .list("commitments", signers.values().map(|pair| pair.to_bytes().unwrap_or_default()))
        .finish()
}
