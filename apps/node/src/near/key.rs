//! Ed25519 keys in NEAR's spelling.

use core::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey};
use quorate_primitives::Secret;
use thiserror::Error;
use zeroize::Zeroizing;

const PREFIX: &str = "ed25519:";

/// The longest base58 spelling of 64 bytes.
const MAX_TEXT: usize = 88;

/// A key that signs: of the account, or of connections between nodes.
#[derive(Debug)]
pub struct NearKey {
    seed: Secret<[u8; 32]>,
    public: [u8; 32],
}

/// A text that is no secret key. It does not say which part is wrong: the text is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// It does not begin with `ed25519:`.
    #[error("a key begins with ed25519:")]
    Prefix,
    /// Not base58 of 32 or 64 bytes.
    #[error("a key is ed25519: and 64 bytes in base58")]
    Length,
    /// Its second half is not the public key of the first.
    #[error("the two halves of the key do not belong together")]
    Halves,
    /// All bytes are equal, or it is a text of an example.
    #[error("the key is a placeholder")]
    Placeholder,
}

impl NearKey {
    /// Makes a key from its seed.
    #[must_use]
    pub fn from_seed(seed: Secret<[u8; 32]>) -> Self {
        let public = SigningKey::from_bytes(seed.expose()).verifying_key().to_bytes();
        Self { seed, public }
    }

    /// Returns the public key.
    #[must_use]
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Returns the public key as text.
    #[must_use]
    pub fn public_text(&self) -> String {
        public_text(&self.public)
    }

    /// Lends the seed.
    #[must_use]
    pub const fn seed(&self) -> &Secret<[u8; 32]> {
        &self.seed
    }

    /// Returns the secret key as text, for files that only their owner reads.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([*self.seed.expose(), self.public]);
        let text = Zeroizing::new(bs58::encode(bytes.as_flattened()).into_string());
        Zeroizing::new(format!("{PREFIX}{}", *text))
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        SigningKey::from_bytes(self.seed.expose()).sign(message).to_bytes()
    }
}

impl FromStr for NearKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let rest = text.strip_prefix(PREFIX).ok_or(InvalidKey::Prefix)?;
        if rest.len() > MAX_TEXT {
            return Err(InvalidKey::Length);
        }
        let bytes = Zeroizing::new(bs58::decode(rest).into_vec().map_err(|_| InvalidKey::Length)?);
        let (seed, rest) = bytes.split_first_chunk::<32>().ok_or(InvalidKey::Length)?;
        if seed.windows(2).all(|pair| pair.first() == pair.last()) {
            return Err(InvalidKey::Placeholder);
        }
        let key = Self::from_seed(Secret::new(*seed));
        match rest.len() {
            0 => Ok(key),
            32 if rest == key.public => Ok(key),
            32 => Err(InvalidKey::Halves),
            _ => Err(InvalidKey::Length),
        }
    }
}

/// Returns a public key as text.
#[must_use]
pub fn public_text(key: &[u8; 32]) -> String {
    format!("{PREFIX}{}", bs58::encode(key).into_string())
}

/// Reads a public key.
#[must_use]
pub fn parse_public(text: &str) -> Option<[u8; 32]> {
    let rest = text.strip_prefix(PREFIX).filter(|rest| rest.len() <= MAX_TEXT)?;
    bs58::decode(rest).into_vec().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> NearKey {
        NearKey::from_seed(Secret::new(core::array::from_fn(|at| u8::try_from(at).unwrap())))
    }

    #[test]
    fn a_key_survives_its_spelling_and_is_not_printed() {
        let text = key().secret_text();
        let read: NearKey = text.parse().unwrap();
        assert_eq!(read.public(), key().public());
        assert_eq!(parse_public(&read.public_text()), Some(read.public()));
        let printed = format!("{read:?}");
        assert!(printed.contains("<redacted>") && !printed.contains(&text[8..]), "{printed}");
    }

    #[test]
    fn placeholders_and_broken_keys_are_named() {
        let other = bs58::encode([[1, 2].repeat(16), vec![9; 32]].concat()).into_string();
        for (text, fault) in [
            ("PLACEHOLDER".to_owned(), InvalidKey::Prefix),
            ("ed25519:short".to_owned(), InvalidKey::Length),
            (format!("ed25519:{}", bs58::encode([0; 64]).into_string()), InvalidKey::Placeholder),
            (format!("ed25519:{other}"), InvalidKey::Halves),
        ] {
            assert_eq!(text.parse::<NearKey>().err(), Some(fault), "{text}");
        }
    }
}
