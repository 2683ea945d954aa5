//! Bytes (§8): hashes that run thousands of times, each in one SHA-256 block, and scalars from hashes.
//!
//! `Transcript` frames every field, which costs several blocks. Here the message is always a 32-byte context (itself a
//! transcript hash that names the use) followed by fields of fixed lengths, 55 bytes at most, so that one layout
//! belongs to one context and the map from fields to messages is injective. A transcript begins with the eight bytes
//! of its first length, so that a collision between the two kinds asks for a hash with 26 chosen bytes.

use k256::Scalar;
use k256::elliptic_curve::bigint::{U256, U512};
use k256::elliptic_curve::ops::Reduce;
use quorate_primitives::Transcript;
use sha2::{Digest, Sha256};

/// The longest message that fits one block with its padding, less the context.
const FIELDS: usize = 55 - 32;

/// Hashes a context and fields of fixed length in one block.
pub(crate) fn short_hash<const N: usize>(context: &[u8; 32], fields: &[u8; N]) -> [u8; 32] {
    const { assert!(N <= FIELDS, "one block") };
    Sha256::new().chain_update(context).chain_update(fields).finalize().into()
}

/// Reduces 32 uniform bytes; the bias is below 2⁻¹²⁷ on this curve, whose order is that close to 2²⁵⁶.
pub(crate) fn narrow_scalar(uniform: [u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce_bytes(&uniform.into())
}

/// Finishes a transcript as a scalar, from 64 bytes.
pub(crate) fn wide_scalar(transcript: Transcript) -> Scalar {
    <Scalar as Reduce<U512>>::reduce_bytes(&transcript.finish_wide().into())
}
