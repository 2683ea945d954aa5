//! The public key of an account.

use core::fmt;

use ed25519_dalek::VerifyingKey;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use quorate_primitives::KeyPurpose;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chain::Chain;
use crate::error::ChainError;

/// The derived public key of an account, before any Taproot tweak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicKey {
    /// A compressed point of secp256k1, as SEC 1 writes it.
    Secp256k1([u8; 33]),
    /// A point of Ed25519, as RFC 8032 writes it.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Takes the bytes of a key for `purpose`; `None` if their number is another.
    pub fn from_bytes(purpose: KeyPurpose, bytes: &[u8]) -> Option<Self> {
        match purpose {
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 => {
                bytes.try_into().ok().map(Self::Secp256k1)
            }
            KeyPurpose::Ed25519 => bytes.try_into().ok().map(Self::Ed25519),
        }
    }

    /// Returns the bytes of the key.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Secp256k1(bytes) => bytes,
            Self::Ed25519(bytes) => bytes,
        }
    }

    /// Returns the checked Ed25519 key: canonical, and of the prime-order group.
    pub(crate) fn ed25519(&self, chain: Chain) -> Result<VerifyingKey, ChainError> {
        let Self::Ed25519(bytes) = self else { return Err(ChainError::WrongKey { chain }) };
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| ChainError::InvalidKey { chain })?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes || point.is_small_order() || !point.is_torsion_free() {
            return Err(ChainError::InvalidKey { chain });
        }
        Ok(key)
    }

    /// Returns the checked secp256k1 key.
    pub(crate) fn secp256k1(&self, chain: Chain) -> Result<k256::PublicKey, ChainError> {
        let Self::Secp256k1(bytes) = self else { return Err(ChainError::WrongKey { chain }) };
        let key = k256::PublicKey::from_sec1_bytes(bytes).map_err(|_| ChainError::InvalidKey { chain })?;
        if key.to_encoded_point(true).as_bytes() != bytes {
            return Err(ChainError::InvalidKey { chain });
        }
        Ok(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = match self {
            Self::Secp256k1(_) => "Secp256k1",
            Self::Ed25519(_) => "Ed25519",
        };
        write!(f, "{curve}({self})")
    }
}

/// The curve is in the length: 33 bytes are secp256k1, 32 are Ed25519.
impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(&text).unwrap_or_default();
        let key = match bytes.len() {
            32 => Self::from_bytes(KeyPurpose::Ed25519, &bytes),
            33 => Self::from_bytes(KeyPurpose::Bip340Secp256k1, &bytes),
            _ => None,
        };
        key.ok_or_else(|| serde::de::Error::custom("not the hexadecimal bytes of a public key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g10_refuses_ed25519_keys_that_verifiers_disagree_about() {
        let mut identity = [0_u8; 32];
        identity[0] = 1;
        let mut identity_again = [0xff_u8; 32]; // y = p + 1
        identity_again[0] = 0xee;
        identity_again[31] = 0x7f;
        let order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
        let not_a_point = [2_u8; 32];
        for bytes in [identity, identity_again, [0; 32], not_a_point, unhex(order_8)] {
            let key = PublicKey::Ed25519(bytes);
            assert_eq!(key.ed25519(Chain::Solana), Err(ChainError::InvalidKey { chain: Chain::Solana }));
        }
    }

    #[test]
    fn g10_refuses_an_ed25519_key_with_torsion() {
        let honest = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_edwards();
        let order_8 = VerifyingKey::from_bytes(&unhex(
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ));
        let mixed = honest + order_8.unwrap().to_edwards();
        assert!(PublicKey::Ed25519(honest.compress().0).ed25519(Chain::Near).is_ok());
        let mixed = PublicKey::Ed25519(mixed.compress().0);
        assert_eq!(mixed.ed25519(Chain::Near), Err(ChainError::InvalidKey { chain: Chain::Near }));
    }

    #[test]
    fn refuses_secp256k1_keys_that_are_none() {
        let chain = Chain::Bitcoin;
        let not_on_curve = [&[2][..], &[0xff; 32]].concat();
        let no_prefix = [&[5][..], &[1; 32]].concat();
        for bytes in [not_on_curve, no_prefix, vec![0; 33]] {
            let key = PublicKey::from_bytes(KeyPurpose::Bip340Secp256k1, &bytes).unwrap();
            assert_eq!(key.secp256k1(chain), Err(ChainError::InvalidKey { chain }));
        }
        assert_eq!(PublicKey::Ed25519([1; 32]).secp256k1(chain), Err(ChainError::WrongKey { chain }));
    }

    #[test]
    fn json_carries_the_curve_in_the_length() {
        for key in [PublicKey::Ed25519([7; 32]), PublicKey::Secp256k1([2; 33])] {
            let json = serde_json::to_string(&key).unwrap();
            assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
        }
        for json in ["\"\"", "\"00\"", "\"zz\"", "7"] {
            assert!(serde_json::from_str::<PublicKey>(json).is_err(), "{json}");
        }
    }

    fn unhex(text: &str) -> [u8; 32] {
        hex::decode(text).unwrap().try_into().unwrap()
    }
}
