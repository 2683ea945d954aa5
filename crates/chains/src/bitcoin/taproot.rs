//! BIP-341's keys: from the account's key to the output that only it can spend.

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::point::{AffineCoordinates, DecompactPoint};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};

use super::script;
use crate::chain::Chain;
use crate::error::ChainError;

/// What an account's key becomes on Bitcoin.
pub(super) struct AccountKey {
    /// The internal key: the account's key without its sign.
    pub(super) internal: [u8; 32],
    /// The script of every output of the account.
    pub(super) script: Vec<u8>,
}

impl AccountKey {
    /// `None` for the keys, one in 2¹²⁷, that lead to no output.
    pub(super) fn new(key: &k256::PublicKey) -> Option<Self> {
        let script = script::p2tr(&output_key(key).ok()?);
        Some(Self { internal: key.as_affine().x().into(), script })
    }
}

/// Returns the output key of an account's key: even y, the tweak of an empty script tree, and the x-coordinate.
pub(crate) fn output_key(key: &k256::PublicKey) -> Result<[u8; 32], ChainError> {
    let internal: [u8; 32] = key.as_affine().x().into();
    let (output, _) = tweak(&internal, &[]).ok_or(ChainError::InvalidKey { chain: Chain::Bitcoin })?;
    Ok(output)
}

/// Returns the output key of an internal key and a script tree's root, and whether its y-coordinate is odd.
///
/// `None` for what is no x-coordinate and for the tweaks, one in 2¹²⁷, that lead to no key.
pub(super) fn tweak(internal: &[u8; 32], merkle_root: &[u8]) -> Option<([u8; 32], bool)> {
    let point = lift_x(internal)?;
    let hash = tagged_hash("TapTweak", &[internal, merkle_root]);
    let tweak = Option::<Scalar>::from(Scalar::from_repr(hash.into()))?;
    let output = (ProjectivePoint::from(point) + ProjectivePoint::GENERATOR * tweak).to_affine();
    if output == AffinePoint::IDENTITY {
        return None;
    }
    Some((output.x().into(), output.y_is_odd().into()))
}

/// Returns the point with an even y that has this x-coordinate.
pub(super) fn lift_x(x: &[u8; 32]) -> Option<AffinePoint> {
    AffinePoint::decompact(&FieldBytes::from(*x)).into()
}

/// BIP-340's hash: SHA-256 whose input begins with the hash of a tag, twice.
pub(super) fn tagged_hash(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let tag = Sha256::digest(tag);
    let hash = Sha256::new().chain_update(tag).chain_update(tag);
    parts.iter().fold(hash, |hash, part| hash.chain_update(part)).finalize().into()
}
