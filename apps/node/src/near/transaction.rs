//! Transactions with one function call, in NEAR's borsh form (V0).
//!
//! Types of our own: the published crate of all NEAR types would bring two hundred others, three of them in C, for this.

use borsh::BorshSerialize;
use sha2::{Digest, Sha256};

use super::hash::Hash;
use super::key::NearKey;

/// What a node's call attaches: 300 Tgas.
pub const CALL_GAS: u64 = 300_000_000_000_000;

/// A call of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The arguments, in JSON.
    pub args: Vec<u8>,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Its hash.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Who calls whom.
#[derive(Debug)]
pub struct Caller {
    /// The node's account.
    pub account: String,
    /// Its key.
    pub key: NearKey,
    /// The contract.
    pub contract: String,
}

/// NEAR's number for Ed25519.
const ED25519: u8 = 0;

/// NEAR's number for a function call.
const FUNCTION_CALL: u8 = 2;

impl Caller {
    /// Signs a call without deposit.
    #[must_use]
    pub fn sign(&self, call: &Call, nonce: u64, block: Hash) -> Signed {
        let mut bytes = self.unsigned(call, nonce, block);
        let hash = Hash(Sha256::digest(&bytes).into());
        bytes.push(0);
        bytes.extend(self.key.sign(&hash.0));
        Signed { hash, bytes }
    }

    fn unsigned(&self, call: &Call, nonce: u64, block: Hash) -> Vec<u8> {
        let key = (ED25519, self.key.public());
        let action = (FUNCTION_CALL, call.method, &call.args, CALL_GAS, 0_u128);
        let fields = (&self.account, key, nonce, &self.contract, block.0, (1_u32, action));
        let mut bytes = Vec::new();
        // Writing to a `Vec` does not fail.
        let _ = fields.serialize(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use quorate_primitives::Secret;

    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_published_layout() {
        let caller = Caller {
            account: "a.near".to_owned(),
            key: NearKey::from_seed(Secret::new([5; 32])),
            contract: "c".to_owned(),
        };
        let signed = caller.sign(&Call { method: "m", args: b"{}".to_vec() }, 258, Hash([9; 32]));
        let expected = [
            &[6, 0, 0, 0][..],
            b"a.near",
            &[0],
            &caller.key.public(),
            &[2, 1, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0],
            b"c",
            &[9; 32],
            &[1, 0, 0, 0, 2],
            &[1, 0, 0, 0],
            b"m",
            &[2, 0, 0, 0],
            b"{}",
            &CALL_GAS.to_le_bytes(),
            &[0; 16],
        ]
        .concat();
        let (unsigned, signature) = signed.bytes.split_at(expected.len());
        assert_eq!(unsigned, expected);
        assert_eq!(signed.hash.0, <[u8; 32]>::from(Sha256::digest(unsigned)));
        let public = ed25519_dalek::VerifyingKey::from_bytes(&caller.key.public()).unwrap();
        let signature_bytes: [u8; 64] = signature[1..].try_into().unwrap();
        assert_eq!(signature[0], 0);
        public.verify_strict(&signed.hash.0, &signature_bytes.into()).unwrap();
    }
}
