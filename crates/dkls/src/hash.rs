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
use sha2::compress256;

/// SHA-256's first state.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The longest message that fits one block with its padding, less the context.
const FIELDS: usize = 55 - 32;

/// Hashes a context and fields of fixed length in one block: SHA-256 without the buffer that longer messages need.
pub(crate) fn short_hash<const N: usize>(context: &[u8; 32], fields: &[u8; N]) -> [u8; 32] {
    const { assert!(N <= FIELDS, "one block") };
    let mut block = [0; 64];
    let (message, length) = block.split_at_mut(64 - 8);
    length.copy_from_slice(&(8 * (32 + N as u64)).to_be_bytes());
    let (head, tail) = message.split_at_mut(32);
    head.copy_from_slice(context);
    let (body, padding) = tail.split_at_mut(N);
    body.copy_from_slice(fields);
    if let Some(end) = padding.first_mut() {
        *end = 0x80;
    }
    let mut state = START;
    compress256(&mut state, &[block.into()]);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

/// Reduces 32 uniform bytes; the bias is below 2⁻¹²⁷ on this curve, whose order is that close to 2²⁵⁶.
pub(crate) fn narrow_scalar(uniform: [u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce_bytes(&uniform.into())
}

/// Finishes a transcript as a scalar, from 64 bytes.
pub(crate) fn wide_scalar(transcript: Transcript) -> Scalar {
    <Scalar as Reduce<U512>>::reduce_bytes(&transcript.finish_wide().into())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_short_hash_is_sha256() {
        fn check<const N: usize>() {
            let (context, fields) = ([0xa5; 32], [0x5a; N]);
            let whole = Sha256::new().chain_update(context).chain_update(fields).finalize();
            assert_eq!(short_hash(&context, &fields), <[u8; 32]>::from(whole), "{N} bytes");
        }
        check::<0>();
        check::<4>();
        check::<17>();
        check::<21>();
        check::<22>();
        check::<FIELDS>();
    }
}
