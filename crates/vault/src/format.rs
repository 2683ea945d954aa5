//! The bytes of a vault file: a header, then frames. See `docs/formats/vault.md`.
//!
//! The header holds the data key, wrapped under a key derived from the password; each frame is what one commit
//! wrote. Everything but the header's parameters is XChaCha20-Poly1305. Pure: bytes in, bytes out.

mod frame;
mod header;
mod record;

pub use frame::{Chain, FrameError, MAX_FRAME_LEN, MAX_FRAMES, MAX_RECORD_LEN, MIN_FRAME_LEN};
pub(crate) use frame::{Claim, PAYLOAD_CAPACITY, record_cost};
pub use header::{HEADER_LEN, Header};
pub use record::Record;

use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::aead::generic_array::typenum::U24;
use chacha20poly1305::{AeadInPlace, KeyInit, XChaCha20Poly1305};
use quorate_primitives::Secret;

const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 24;

/// Encrypts in place and returns the tag. No buffer here is near the cipher's limit of 256 GiB.
#[expect(clippy::expect_used, reason = "the cipher refuses only lengths that no vault can have")]
fn seal(key: &[u8; 32], nonce: &[u8; NONCE_LEN], aad: &[u8], buffer: &mut [u8]) -> [u8; TAG_LEN] {
    let nonce: &GenericArray<u8, U24> = nonce.into();
    XChaCha20Poly1305::new(key.into())
        .encrypt_in_place_detached(nonce, aad, buffer)
        .expect("a short buffer")
        .into()
}

/// Checks the tag and only then decrypts in place; returns whether the tag was right.
fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut Secret<Vec<u8>>,
    tag: &[u8; TAG_LEN],
) -> bool {
    let nonce: &GenericArray<u8, U24> = nonce.into();
    XChaCha20Poly1305::new(key.into())
        .decrypt_in_place_detached(nonce, aad, buffer.expose_mut(), tag.into())
        .is_ok()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    pub(super) fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }
}
