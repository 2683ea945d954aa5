//! Additive derivation on Ed25519: a scheme of our own, written down in `docs/protocols/frost.md`.

use curve25519_dalek::scalar::Scalar;
use hmac::{Hmac, Mac};
use sha2::Sha512;

use super::{Child, DeriveChild};
use crate::suite::{Curve, Ed25519, Ed25519Point};

const SCHEME: &[u8] = b"ed25519-add";

impl DeriveChild for Ed25519 {
    /// The tweak is all 64 bytes of one HMAC modulo the group order (no clamping: a clamped sum would not be a
    /// sum of shares), the chain code the first half of another.
    fn child_tweak(point: &Ed25519Point, chain_code: &[u8; 32], index: u32) -> Option<Child<Self>> {
        let parent = Self::point_to_bytes(point).ok()?;
        let tweak = keyed_hash(chain_code, b"tweak", &parent, index)?;
        let chain = keyed_hash(chain_code, b"chain", &parent, index)?;
        Some(Child { tweak: Self::hash_to_scalar(&tweak), chain_code: *chain.first_chunk()? })
    }

    fn taproot_tweak(_point: &Ed25519Point) -> Option<Scalar> {
        None
    }

    fn has_even_y(_point: &Ed25519Point) -> bool {
        true
    }
}

/// HMAC-SHA512 over `len ‖ "ed25519-add" ‖ len ‖ tag ‖ A (32) ‖ index (4, big-endian)`: one way to read it.
fn keyed_hash(chain_code: &[u8; 32], tag: &[u8; 5], parent: &[u8], index: u32) -> Option<[u8; 64]> {
    let mut mac = Hmac::<Sha512>::new_from_slice(chain_code).ok()?;
    for text in [SCHEME, tag] {
        mac.update(&[u8::try_from(text.len()).ok()?]);
        mac.update(text);
    }
    mac.update(parent);
    mac.update(&index.to_be_bytes());
    Some(mac.finalize().into_bytes().into())
}
