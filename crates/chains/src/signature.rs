//! Verifying signatures with verifiers that are not ours.

use k256::schnorr;

use crate::bitcoin::taproot;
use crate::chain::{Algorithm, Chain, TapTweak};
use crate::error::ChainError;
use crate::key::PublicKey;
use crate::transaction::SigningRequest;

/// Verifies one signature per request, in order.
pub(crate) fn verify_all(
    chain: Chain,
    key: &PublicKey,
    requests: &[SigningRequest],
    signatures: &[[u8; 64]],
) -> Result<(), ChainError> {
    if requests.len() != signatures.len() {
        return Err(ChainError::SignatureCount { expected: requests.len(), found: signatures.len() });
    }
    for (index, (request, signature)) in requests.iter().zip(signatures).enumerate() {
        if !verify(chain, key, request, signature)? {
            return Err(ChainError::BadSignature { index });
        }
    }
    Ok(())
}

fn verify(
    chain: Chain,
    key: &PublicKey,
    request: &SigningRequest,
    signature: &[u8; 64],
) -> Result<bool, ChainError> {
    match request.algorithm {
        Algorithm::Ed25519 => {
            let signature = ed25519_dalek::Signature::from_bytes(signature);
            Ok(key.ed25519(chain)?.verify_strict(&request.payload, &signature).is_ok())
        }
        Algorithm::Bip340 { tweak: TapTweak::KeyPath } => {
            let output_key = taproot::output_key(&key.secp256k1(chain)?)?;
            let verifier = schnorr::VerifyingKey::from_bytes(&output_key);
            let verifier = verifier.map_err(|_| ChainError::InvalidKey { chain })?;
            let Ok(signature) = schnorr::Signature::try_from(signature.as_slice()) else { return Ok(false) };
            Ok(verifier.verify_raw(&request.payload, &signature).is_ok())
        }
    }
}
