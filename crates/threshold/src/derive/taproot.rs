//! BIP-341's output key.

use k256::Scalar;

use super::DeriveError;
use crate::suite::{Curve, Secp256k1, tagged_hash};

/// Returns the output key of an internal key, both in BIP-340's 32 bytes, and whether its y-coordinate is odd.
///
/// `merkle_root` is the script tree; none means that only the key can spend.
///
/// # Errors
/// [`DeriveError::Key`] for bytes that are no x-coordinate, [`DeriveError::InvalidTaproot`] if the sum is none.
pub fn taproot_output_key(
    internal_key: &[u8; 32],
    merkle_root: Option<&[u8; 32]>,
) -> Result<([u8; 32], bool), DeriveError> {
    let internal = Secp256k1::point_from_bytes(&[&[2], internal_key.as_slice()].concat())?;
    let tweak = tap_tweak(internal_key, merkle_root).ok_or(DeriveError::InvalidTaproot)?;
    let output = internal + Secp256k1::mul_base(&tweak);
    let key = output.x_only().ok_or(DeriveError::InvalidTaproot)?;
    Ok((key, !output.has_even_y()))
}

/// Returns `hash_TapTweak(key ‖ merkle root)` as a number; `None` if it is not below the group order.
pub(super) fn tap_tweak(internal_key: &[u8; 32], merkle_root: Option<&[u8; 32]>) -> Option<Scalar> {
    let root = merkle_root.map_or(&[][..], |root| root.as_slice());
    Secp256k1::scalar_from_bytes(&tagged_hash(b"TapTweak", &[internal_key, root])).ok()
}
