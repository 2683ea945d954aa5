//! Words as EIP-191 signs them, and where a signature stands that is not part of a transaction.
//!
//! The unsigned bytes of words are what is hashed: a prefix that no transaction begins with, the length, the words.
//! Words that are, or spell, a transaction or a hash are refused: whoever asks for them wants something else signed.

use super::model::{Signature, Transaction};
use super::{EthereumRefusal, typed_data};
use crate::error::ChainError;
use crate::reader::Reader;

const WHAT: &str = "ethereum message";

/// What every message begins with, and no transaction.
const MARK: u8 = 0x19;

const PREFIX: &[u8] = b"\x19Ethereum Signed Message:\n";

/// What stands before the canonical JSON of typed data.
const TYPED_PREFIX: &[u8] = b"\x19EIP-712 typed data\n";

/// The longest words that are signed.
const MAX_WORDS: usize = 64 * 1024;

/// From so many digits on, hexadecimal is a hash or more.
const HASH_DIGITS: usize = 64;

/// What 0 and 1 are called after messages.
const V: u8 = 27;

/// A message to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// EIP-191, version 0x45.
    Words(String),
    /// EIP-712.
    Typed(typed_data::TypedData),
}

pub(super) fn is_message(bytes: &[u8]) -> bool {
    bytes.first() == Some(&MARK)
}

impl Message {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if let Some(json) = bytes.strip_prefix(TYPED_PREFIX) {
            return typed_data::TypedData::parse(json).map(Self::Typed);
        }
        let rest = bytes.strip_prefix(PREFIX).ok_or(ChainError::Malformed { what: WHAT })?;
        let words = words_after_length(rest).ok_or(ChainError::Malformed { what: WHAT })?;
        let words = core::str::from_utf8(words).map_err(|_| ChainError::Malformed { what: WHAT })?;
        Self::words(words)
    }

    /// Takes words that may be signed.
    pub(super) fn words(words: &str) -> Result<Self, ChainError> {
        if words.is_empty() {
            return Err(ChainError::EmptyMessage);
        }
        if words.len() > MAX_WORDS {
            return Err(ChainError::TooLong { what: WHAT, len: words.len(), max: MAX_WORDS });
        }
        if spells_data(words) || is_transaction(words.as_bytes()) {
            return Err(EthereumRefusal::WordsAreData.into());
        }
        Ok(Self::Words(words.to_owned()))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Words(words) => [PREFIX, words.len().to_string().as_bytes(), words.as_bytes()].concat(),
            Self::Typed(data) => [TYPED_PREFIX, data.to_json().as_bytes()].concat(),
        }
    }

    /// Returns the hash that is signed.
    pub(super) fn digest(&self) -> [u8; 32] {
        match self {
            Self::Words(_) => super::keccak(&[&self.encode()]),
            Self::Typed(data) => data.digest(),
        }
    }

    /// Returns the message with its signature at the end.
    pub(super) fn encode_signed(&self, signature: &Signature) -> Vec<u8> {
        [self.encode().as_slice(), &signature_bytes(signature)].concat()
    }

    /// Reads what [`Message::encode_signed`] wrote.
    pub(super) fn parse_signed(bytes: &[u8]) -> Result<(Self, Signature), ChainError> {
        let malformed = || ChainError::Malformed { what: "signed ethereum message" };
        let (message, signature) = bytes.split_last_chunk::<65>().ok_or_else(malformed)?;
        let mut reader = Reader::new("signed ethereum message", signature);
        let numbers = reader.array()?;
        let is_odd = match reader.byte()?.checked_sub(V) {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(malformed()),
        };
        Ok((Self::parse(message)?, Signature { numbers, is_odd }))
    }
}

/// Returns a signature as wallets hand it out.
pub(super) fn signature_bytes(signature: &Signature) -> Vec<u8> {
    [&signature.numbers[..], &[V + u8::from(signature.is_odd)]].concat()
}

/// Takes a decimal length and as many bytes. Only one length fits: a longer one has not fewer digits.
fn words_after_length(rest: &[u8]) -> Option<&[u8]> {
    (1..=rest.len().min(6)).find_map(|digits| {
        let (length, words) = rest.split_at_checked(digits)?;
        (words.len().to_string().as_bytes() == length).then_some(words)
    })
}

/// Whether words are the hexadecimal of a hash or of something longer.
fn spells_data(words: &str) -> bool {
    let words = words.trim();
    let digits = words.strip_prefix("0x").or(words.strip_prefix("0X")).unwrap_or(words);
    digits.len() >= HASH_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether bytes are a transaction, even one that would be refused.
fn is_transaction(bytes: &[u8]) -> bool {
    matches!(
        Transaction::parse(bytes),
        Ok(_) | Err(ChainError::Ethereum(EthereumRefusal::AlreadySigned | EthereumRefusal::NoChainId))
    )
}
