//! Signed words: the off-chain message of version 1, for one signer.
//!
//! It begins with a byte that no transaction begins with, so that no words are ever a transaction.

use sha2::{Digest, Sha256};

use super::SolanaRefusal;
use crate::error::ChainError;
use crate::reader::Reader;
use crate::text::base58;

const WHAT: &str = "solana off-chain message";
const DOMAIN: &[u8] = b"\xffsolana offchain";
const VERSION: u8 = 1;

/// The longest message that is read.
pub(super) const MAX_LEN: usize = 16 * 1024;

/// Words and who signs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OffchainMessage {
    pub(super) signer: [u8; 32],
    pub(super) text: String,
}

impl OffchainMessage {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > MAX_LEN {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_LEN });
        }
        let mut reader = Reader::new(WHAT, bytes);
        if reader.take(DOMAIN.len())? != DOMAIN {
            return Err(reader.malformed());
        }
        let version = reader.byte()?;
        if version != VERSION {
            return Err(SolanaRefusal::UnknownVersion { version }.into());
        }
        let signers = reader.byte()?;
        let signer = reader.array()?;
        if signers != 1 {
            let second: [u8; 32] = if signers == 0 { signer } else { reader.array()? };
            return Err(SolanaRefusal::ForeignSigner { found: base58(&second) }.into());
        }
        let text = core::str::from_utf8(reader.take_rest());
        let text = text.map_err(|_| ChainError::Malformed { what: WHAT })?;
        if text.is_empty() {
            return Err(ChainError::EmptyMessage);
        }
        Ok(Self { signer, text: text.to_owned() })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        [DOMAIN, &[VERSION, 1], &self.signer, self.text.as_bytes()].concat()
    }
}

/// Whether bytes are, or pretend to be, signed words.
pub(super) fn is_offchain(bytes: &[u8]) -> bool {
    bytes.first() == DOMAIN.first()
}

/// Names signed words.
pub(super) fn digest(message: &[u8]) -> String {
    hex::encode(Sha256::digest(message))
}
