//! The additive derivation of Chain Signatures: one key for every NEAR account and path.
//!
//! ε = SHA3-256 of a prefix, the account that asks, a comma and a path, as NEAR's signer contract has it; the child is
//! the stored key plus ε·G. On secp256k1 ε is read big-endian and never reduced, on Ed25519 little-endian and modulo
//! the order. The domain is not in it: different stored keys keep domains apart. It trusts that the account is the one
//! that the chain says called, and refuses one with a comma, which could name another account's key.

use curve25519_dalek::scalar::Scalar;
use quorate_primitives::KeyPurpose;
use sha3::{Digest, Sha3_256};

use super::{Derivation, DeriveError};
use crate::key::PublicKeys;
use crate::suite::{Curve, Ed25519, Secp256k1};

const PREFIX: &[u8] = b"near-mpc-recovery v0.1.0 epsilon derivation:";

/// The tweak of an account's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epsilon([u8; 32]);

impl Epsilon {
    /// Computes the tweak of `path` for the account `predecessor`.
    ///
    /// # Errors
    /// [`DeriveError::Predecessor`] for an account with a comma, which no account of NEAR has.
    pub fn new(predecessor: &str, path: &str) -> Result<Self, DeriveError> {
        if predecessor.contains(',') {
            return Err(DeriveError::Predecessor);
        }
        let hash = Sha3_256::new()
            .chain_update(PREFIX)
            .chain_update(predecessor)
            .chain_update(",")
            .chain_update(path)
            .finalize();
        Ok(Self(hash.into()))
    }

    /// Returns the hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns what a key's secret grows by, in the byte order of its curve.
    ///
    /// # Errors
    /// [`DeriveError::EpsilonRange`] if ε is not below secp256k1's order, and [`DeriveError::NotAdditive`] for BIP-340
    /// keys.
    pub fn added_to(&self, purpose: KeyPurpose) -> Result<[u8; 32], DeriveError> {
        match purpose {
            KeyPurpose::EcdsaSecp256k1 => {
                Secp256k1::scalar_from_bytes(&self.0).map_err(|_| DeriveError::EpsilonRange)?;
                Ok(self.0)
            }
            KeyPurpose::Ed25519 => Ok(Scalar::from_bytes_mod_order(self.0).to_bytes()),
            KeyPurpose::Bip340Secp256k1 => Err(DeriveError::NotAdditive { purpose }),
        }
    }

    /// Returns the way from a stored key to the account's.
    ///
    /// # Errors
    /// As [`Epsilon::added_to`].
    pub fn derivation(&self, purpose: KeyPurpose) -> Result<Derivation, DeriveError> {
        Ok(Derivation { added: Some(self.added_to(purpose)?), ..Derivation::root() })
    }

    /// Derives the account's public key: 33 bytes compressed on secp256k1, 32 on Ed25519.
    ///
    /// # Errors
    /// As [`Epsilon::added_to`]; [`DeriveError::Key`] for a stored key that is no point, or that ε cancels out.
    pub fn public_key(&self, keys: &PublicKeys) -> Result<Vec<u8>, DeriveError> {
        let added = self.added_to(keys.purpose)?;
        match keys.purpose {
            KeyPurpose::Ed25519 => shifted::<Ed25519>(&keys.group_key, &added),
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 => {
                shifted::<Secp256k1>(&keys.group_key, &added)
            }
        }
    }
}

fn shifted<C: Curve>(stored: &[u8], added: &[u8; 32]) -> Result<Vec<u8>, DeriveError> {
    let child = C::point_from_bytes(stored)? + C::mul_base(&C::scalar_from_bytes(added)?);
    Ok(C::point_to_bytes(&child)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No hash is known that is not below the order: one in 2¹²⁷ is.
    #[test]
    fn b19_a_tweak_not_below_the_order_of_secp256k1_is_refused_and_never_reduced() {
        let order: [u8; 32] = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
            0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
        ];
        let mut below = order;
        below[31] -= 1;
        let ecdsa = |bytes| Epsilon(bytes).added_to(KeyPurpose::EcdsaSecp256k1);
        assert_eq!(ecdsa(below), Ok(below));
        assert_eq!(ecdsa(order), Err(DeriveError::EpsilonRange));
        assert_eq!(ecdsa([0xff; 32]), Err(DeriveError::EpsilonRange));
        let reduced = Epsilon([0xff; 32]).added_to(KeyPurpose::Ed25519).unwrap();
        assert!(Ed25519::scalar_from_bytes(&reduced).is_ok() && reduced != [0xff; 32]);
    }

    #[test]
    fn a_tweak_that_cancels_the_stored_key_out_has_no_child() {
        let minus_one = Secp256k1::scalar_to_bytes(&-k256::Scalar::ONE);
        let generator = Secp256k1::point_to_bytes(&Secp256k1::mul_base(&k256::Scalar::ONE)).unwrap();
        let error = shifted::<Secp256k1>(&generator, &minus_one).unwrap_err();
        assert_eq!(error, DeriveError::Key(crate::suite::CurveError::Identity));
    }
}
