//! From a request on the chain to a task of the committee, and from its signature back.

use k256::ecdsa::{RecoveryId, Signature as Ecdsa, VerifyingKey};
use quorate_primitives::{KeyPurpose, Timestamp};
use quorate_session::signing::{Message, Task, TaskKey};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{DeriveError, Epsilon};
use thiserror::Error;

use crate::events::{DomainKeyBytes, Payload, Request, Signature};

/// How long a session may last. Requests end sooner, with their block, and their sessions with them.
const PATIENCE: u64 = 600_000;

/// Why a request cannot be signed with a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TaskFault {
    /// The payload is of the other scheme.
    #[error("the payload is not of the key's scheme")]
    Scheme,
    /// There is no child key.
    #[error("the account and path have no key")]
    Derive(#[from] DeriveError),
}

/// Returns the task of a request.
///
/// # Errors
/// [`TaskFault`]
pub fn task(
    request: &Request,
    purpose: KeyPurpose,
    nonce: [u8; 32],
    now: Timestamp,
) -> Result<Task, TaskFault> {
    let bytes = match (&request.payload, purpose) {
        (Payload::Ecdsa(digest), KeyPurpose::EcdsaSecp256k1) => digest.to_vec(),
        (Payload::Eddsa(message), KeyPurpose::Ed25519) => message.clone(),
        _ => return Err(TaskFault::Scheme),
    };
    let epsilon = Epsilon::new(&request.predecessor, &request.path)?;
    let derivation = epsilon.derivation(purpose)?;
    Ok(Task {
        keys: vec![TaskKey { purpose, derivation }],
        chain: "near".to_owned(),
        payload: request.id.0.to_vec(),
        messages: vec![Message { key: 0, bytes }],
        plain: false,
        policy_version: 0,
        note: String::new(),
        expires: now.after(PATIENCE),
        nonce,
    })
}

/// Returns whether `proposed` asks for nothing but what `request` asks for.
pub fn is_of(proposed: &Task, request: &Request, purpose: KeyPurpose) -> bool {
    let expected = task(request, purpose, proposed.nonce, proposed.expires);
    expected.is_ok_and(|expected| Task { expires: proposed.expires, ..expected } == *proposed)
}

/// Returns a signature of 64 bytes in the contract's terms; `None` if it is not one of this request under this key.
pub fn signature(request: &Request, keys: &PublicKeys, bytes: &[u8; 64]) -> Option<Signature> {
    match &request.payload {
        Payload::Eddsa(_) => Some(Signature::Ed25519(*bytes)),
        Payload::Ecdsa(digest) => {
            let child = Epsilon::new(&request.predecessor, &request.path).ok()?.public_key(keys).ok()?;
            let key = VerifyingKey::from_sec1_bytes(&child).ok()?;
            let signature = Ecdsa::from_slice(bytes).ok()?;
            let recovery = RecoveryId::trial_recovery_from_prehash(&key, digest, &signature).ok()?;
            let (r, s) = bytes.split_first_chunk::<32>()?;
            if recovery.is_x_reduced() {
                // The x-coordinate of R is above the order, which chance does not bring: the contract could not say it.
                return None;
            }
            let parity = u8::from(recovery.is_y_odd());
            let mut big_r = [0; 33];
            let (prefix, x) = big_r.split_first_mut()?;
            *prefix = 2 + parity;
            x.copy_from_slice(r);
            Some(Signature::Secp256k1 { big_r, s: s.try_into().ok()?, recovery_id: parity })
        }
    }
}

/// Returns a key as the contract spells it.
pub fn key_bytes(keys: &PublicKeys) -> Option<DomainKeyBytes> {
    match keys.purpose {
        KeyPurpose::EcdsaSecp256k1 => {
            let point = VerifyingKey::from_sec1_bytes(&keys.group_key).ok()?.to_encoded_point(false);
            Some(DomainKeyBytes::Secp256k1(point.as_bytes().split_first()?.1.try_into().ok()?))
        }
        KeyPurpose::Ed25519 => Some(DomainKeyBytes::Ed25519(keys.group_key.as_slice().try_into().ok()?)),
        KeyPurpose::Bip340Secp256k1 => None,
    }
}

/// Returns the task that a proposal carries.
pub fn proposed(body: &[u8]) -> Option<Task> {
    const MAX_TASK: usize = 8 * 1024;
    quorate_primitives::encoding::body_from_bytes(body, MAX_TASK, "task").ok()
}
