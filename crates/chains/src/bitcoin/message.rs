//! Signed words: BIP-322's simple signature for a Taproot key or the hash of an ECDSA key.
//!
//! What is signed is a transaction that spends nothing real: its version is 0 and it spends an output of 0 satoshi,
//! neither of which any PSBT here may have, so that no words are ever a transaction.

use super::model::{Input, OutPoint, Output, Transaction, double_sha256, push_block, stack};
use super::psbt::Sighash;
use super::script;
use super::sighash::{self, Hashes};
use super::spend::{Signature, Spend};
use super::taproot::tagged_hash;
use crate::der;
use crate::error::ChainError;
use crate::reader::Reader;

/// In front of words to sign, version 1.
const MAGIC: &[u8; 4] = b"QBM\x01";
/// In front of signed words, version 1: of a Taproot key, and of an ECDSA key, which follows.
const SIGNED_MAGIC: &[u8; 4] = b"QBS\x01";
const ECDSA_MAGIC: &[u8; 4] = b"QBE\x01";

/// The longest words that are signed.
const MAX_LEN: usize = 16 * 1024;

const WHAT: &str = "message";

pub(super) fn is_words(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn is_signed_words(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNED_MAGIC) || bytes.starts_with(ECDSA_MAGIC)
}

pub(super) fn parse(bytes: &[u8]) -> Result<String, ChainError> {
    let mut reader = Reader::new(WHAT, bytes);
    reader.take(MAGIC.len())?;
    words(reader.take_rest())
}

pub(super) fn encode(words: &str) -> Vec<u8> {
    [MAGIC, words.as_bytes()].concat()
}

fn words(bytes: &[u8]) -> Result<String, ChainError> {
    if bytes.len() > MAX_LEN {
        return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_LEN });
    }
    if bytes.is_empty() {
        return Err(ChainError::EmptyMessage);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| ChainError::Malformed { what: WHAT })
}

/// Words with their signature.
pub(super) struct SignedWords {
    pub(super) words: String,
    pub(super) signature: Signature,
}

impl SignedWords {
    pub(super) fn new(words: String, signatures: &[Signature]) -> Result<Self, ChainError> {
        let [signature] = signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok(Self { words, signature: signature.clone() })
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new(WHAT, bytes);
        let magic = reader.array::<4>()?;
        let key = if magic == *ECDSA_MAGIC { Some(reader.array()?) } else { None };
        let signature = Signature { bytes: reader.array()?, key };
        Ok(Self { signature, words: words(reader.take_rest())? })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let (signature, words) = (self.signature.bytes.as_slice(), self.words.as_bytes());
        match &self.signature.key {
            None => [SIGNED_MAGIC, signature, words].concat(),
            Some(key) => [ECDSA_MAGIC, key.as_slice(), signature, words].concat(),
        }
    }

    /// The witness that BIP-322 calls the simple signature.
    pub(super) fn witness(&self) -> Vec<u8> {
        match &self.signature.key {
            None => stack(&[self.signature.bytes.to_vec()]),
            Some(key) => {
                let signature =
                    [der::encode(&self.signature.bytes).as_slice(), &[Sighash::All.byte()]].concat();
                stack(&[signature, key.to_vec()])
            }
        }
    }
}

/// The hash that stands for words.
pub(super) fn digest(words: &str) -> [u8; 32] {
    tagged_hash("BIP0322-signed-message", &[words.as_bytes()])
}

/// Returns what the key behind an address signs for words.
pub(super) fn sighash(script: &[u8], words: &str) -> [u8; 32] {
    sighash_with(script, words, Sighash::Default)
}

/// The same for either way of signing everything by Taproot; BIP-322 allows both, and this crate signs with the first.
pub(super) fn sighash_with(script: &[u8], words: &str, sighash: Sighash) -> [u8; 32] {
    let spent = Output { value: 0, script: script.to_vec() };
    let to_sign = Transaction {
        version: 0,
        inputs: vec![Input { previous: OutPoint { txid: to_spend(words, &spent), vout: 0 }, sequence: 0 }],
        outputs: vec![Output { value: 0, script: script::nothing() }],
        lock_time: 0,
    };
    let hashes = Hashes::new(&to_sign, &[&spent]);
    match Spend::of(script) {
        Some(Spend::Segwit) => sighash::segwit(&to_sign, &hashes, &spent, 0),
        Some(Spend::Taproot | Spend::Legacy) | None => sighash::taproot(&to_sign, &hashes, sighash, 0),
    }
}

/// Returns the id of the transaction whose only output, the account's, carries the words in its input.
fn to_spend(words: &str, output: &Output) -> [u8; 32] {
    let mut bytes = 0_u32.to_le_bytes().to_vec();
    bytes.push(1);
    OutPoint { txid: [0; 32], vout: u32::MAX }.write(&mut bytes);
    push_block(&mut bytes, &script::empty_then(&digest(words)));
    bytes.extend(0_u32.to_le_bytes());
    bytes.push(1);
    output.write(&mut bytes);
    bytes.extend(0_u32.to_le_bytes());
    double_sha256(&bytes)
}
