//! Verifying finished signatures, with the verifier that every signature passes before it leaves.

use quorate_primitives::KeyPurpose;
use thiserror::Error;

use super::scheme::Scheme;
use super::{SIGNATURE_LEN, SuiteId};
use crate::suite::{Curve, Ed25519, Secp256k1};

/// The signature is not one of this message under this key.
///
/// It says no more on purpose: what is wrong with a forgery is of no use to an honest caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct InvalidSignature;

/// Verifies a signature under the 32 bytes of a verifying key.
///
/// Ed25519: RFC 8032's equation without the cofactor, canonical S, canonical A and R of no low order
/// (`verify_strict`), and A in the prime-order group; whatever passes, passes at every verifier in use. BIP-340: the
/// verification of the standard.
///
/// # Errors
/// [`InvalidSignature`], also for a key of another length or for ECDSA.
pub fn verify(
    purpose: KeyPurpose,
    verifying_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let key: &[u8; 32] = verifying_key.try_into().map_err(|_| InvalidSignature)?;
    let signature: &[u8; SIGNATURE_LEN] = signature.try_into().map_err(|_| InvalidSignature)?;
    let valid = match SuiteId::of(purpose).map_err(|_| InvalidSignature)? {
        SuiteId::Ed25519 => Ed25519::point_from_bytes(key)
            .is_ok_and(|point| <Ed25519 as Scheme>::verify(&point, message, signature)),
        SuiteId::Bip340 => Secp256k1::point_from_bytes(&[&[2], key.as_slice()].concat())
            .is_ok_and(|point| <Secp256k1 as Scheme>::verify(&point, message, signature)),
    };
    if valid { Ok(()) } else { Err(InvalidSignature) }
}
