//! HKDF-SHA256 with the project's salt: one place where 32-byte keys come from.

use hkdf::Hkdf;
use quorate_primitives::Secret;
use sha2::Sha256;

const SALT: &[u8] = b"quorate/transport/v1";

/// Derives the 32-byte key that `info` names from `secret`.
#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8160 bytes and 32 are asked for")]
pub fn derive(secret: &[u8], info: &[&[u8]]) -> Secret<[u8; 32]> {
    let mut key = Secret::new([0; 32]);
    Hkdf::<Sha256>::new(Some(SALT), secret)
        .expand_multi_info(info, key.expose_mut())
        .expect("32 bytes are within the limit");
    key
}
