//! Verifying signatures with verifiers that are not ours.

use k256::{ecdsa, schnorr};

use crate::bitcoin::taproot;
use crate::chain::{Algorithm, Chain, TapTweak};
use crate::error::ChainError;
use crate::key::PublicKey;
use crate::keys::AccountKeys;
use crate::transaction::SigningRequest;

/// A signature that the account's key has made for the request in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// The key that made it, before any tweak.
    pub(crate) key: PublicKey,
    /// The signature: R and S for Schnorr, r and s for ECDSA.
    pub(crate) bytes: [u8; 64],
    /// ECDSA only: the number, 0 to 3, that tells which of the points that r names the signer had.
    pub(crate) recovery_id: Option<u8>,
}

/// Verifies one signature per request, in order, each with the key whose purpose the request names.
pub(crate) fn verify_all(
    chain: Chain,
    keys: &AccountKeys,
    requests: &[SigningRequest],
    signatures: &[[u8; 64]],
) -> Result<Vec<Verified>, ChainError> {
    if requests.len() != signatures.len() {
        return Err(ChainError::SignatureCount { expected: requests.len(), found: signatures.len() });
    }
    let pairs = requests.iter().zip(signatures).enumerate();
    pairs
        .map(|(index, (request, signature))| {
            let key = keys.of(chain, request.purpose()).ok_or(ChainError::WrongKey { chain })?;
            verify(chain, key, request, signature)?.ok_or(ChainError::BadSignature { index })
        })
        .collect()
}

fn verify(
    chain: Chain,
    key: &PublicKey,
    request: &SigningRequest,
    signature: &[u8; 64],
) -> Result<Option<Verified>, ChainError> {
    let plain = |good: bool| good.then_some(Verified { key: *key, bytes: *signature, recovery_id: None });
    match request.algorithm {
        Algorithm::Ed25519 => {
            let signature = ed25519_dalek::Signature::from_bytes(signature);
            Ok(plain(key.ed25519(chain)?.verify_strict(&request.payload, &signature).is_ok()))
        }
        Algorithm::Bip340 { tweak: TapTweak::KeyPath } => {
            let output_key = taproot::output_key(&key.secp256k1(chain)?)?;
            let verifier = schnorr::VerifyingKey::from_bytes(&output_key);
            let verifier = verifier.map_err(|_| ChainError::InvalidKey { chain })?;
            let Ok(signature) = schnorr::Signature::try_from(signature.as_slice()) else { return Ok(None) };
            Ok(plain(verifier.verify_raw(&request.payload, &signature).is_ok()))
        }
        Algorithm::Ecdsa => Ok(recovery_id(&key.secp256k1(chain)?, &request.payload, signature)
            .map(|id| Verified { key: *key, bytes: *signature, recovery_id: Some(id) })),
    }
}

/// Verifies by recovering the key, which also says which point r names.
fn recovery_id(key: &k256::PublicKey, digest: &[u8], bytes: &[u8; 64]) -> Option<u8> {
    let signature = ecdsa::Signature::from_slice(bytes).ok()?;
    if digest.len() != 32 || signature.normalize_s().is_some() {
        return None;
    }
    let key = ecdsa::VerifyingKey::from(key);
    ecdsa::RecoveryId::trial_recovery_from_prehash(&key, digest, &signature)
        .ok()
        .map(ecdsa::RecoveryId::to_byte)
}

#[cfg(test)]
mod tests;
