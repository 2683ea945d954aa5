//! What a key may sign.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The one purpose of a key. A key never signs for another: the purpose is in every proof, hash and stored key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "kebab-case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum KeyPurpose {
    /// Threshold ECDSA on secp256k1: EVM chains, Bitcoin segwit, Cosmos, XRP, Dogecoin.
    EcdsaSecp256k1 = 1,
    /// BIP-340 Schnorr on secp256k1: Bitcoin Taproot.
    Bip340Secp256k1 = 2,
    /// Ed25519: Solana, NEAR.
    Ed25519 = 3,
}

impl KeyPurpose {
    /// Every purpose, in the order in which one ceremony makes their keys.
    pub const ALL: [Self; 3] = [Self::EcdsaSecp256k1, Self::Bip340Secp256k1, Self::Ed25519];

    /// Returns the name that goes into every hash about such a key.
    pub const fn label(self) -> &'static str {
        match self {
            Self::EcdsaSecp256k1 => "ecdsa-secp256k1",
            Self::Bip340Secp256k1 => "bip340-secp256k1",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
