//! 32 bytes in base58: hashes of blocks, chunks, transactions, and ids of receipts.

use core::fmt;
use core::str::FromStr;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The longest base58 spelling of 32 bytes.
const MAX_TEXT: usize = 44;

/// A hash.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// A text that is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not 32 bytes in base58")]
pub struct InvalidHash;

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        if text.len() > MAX_TEXT {
            return Err(InvalidHash);
        }
        let mut bytes = [0; 32];
        match bs58::decode(text).onto(&mut bytes) {
            Ok(32) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(InvalidHash),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Str("a text"), &"32 bytes in base58"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_with_leading_zeros_survives() {
        for zeros in 0..=32 {
            let mut bytes = [7; 32];
            bytes[..zeros].fill(0);
            assert_eq!(Hash(bytes).to_string().parse(), Ok(Hash(bytes)));
        }
    }

    #[test]
    fn other_lengths_and_alphabets_are_refused() {
        for text in ["", "1", "0OIl", &bs58::encode([1; 31]).into_string(), &"1".repeat(33), &"z".repeat(45)]
        {
            assert_eq!(text.parse::<Hash>(), Err(InvalidHash), "{text}");
        }
    }
}
