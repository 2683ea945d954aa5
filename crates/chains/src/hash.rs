//! Hashes that several chains share.

use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

/// RIPEMD-160 of SHA-256, by which Bitcoin and its like name a key.
pub(crate) fn hash160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(bytes)).into()
}
