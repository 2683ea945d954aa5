//! Signed words: BIP-322's simple signature for a Taproot key.
//!
//! What is signed is a transaction that spends nothing real: its version is 0 and it spends an output of 0 satoshi,
//! neither of which any PSBT here may have, so that no words are ever a transaction.

use super::model::{Input, OutPoint, Output, Transaction, double_sha256, push_block, stack};
use super::psbt::Sighash;
use super::script;
use super::sighash::{self, Hashes};
use super::taproot::{AccountKey, tagged_hash};
use crate::error::ChainError;
use crate::reader::Reader;

/// In front of words to sign, version 1.
const MAGIC: &[u8; 4] = b"QBM\x01";
/// In front of signed words, version 1.
const SIGNED_MAGIC: &[u8; 4] = b"QBS\x01";

/// The longest words that are signed.
const MAX_LEN: usize = 16 * 1024;

const WHAT: &str = "message";

pub(super) fn is_words(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn is_signed_words(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNED_MAGIC)
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
    pub(super) signature: [u8; 64],
}

impl SignedWords {
    pub(super) fn new(words: String, signatures: &[[u8; 64]]) -> Result<Self, ChainError> {
        let [signature] = *signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok(Self { words, signature })
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new(WHAT, bytes);
        reader.take(SIGNED_MAGIC.len())?;
        Ok(Self { signature: reader.array()?, words: words(reader.take_rest())? })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        [SIGNED_MAGIC, self.signature.as_slice(), self.words.as_bytes()].concat()
    }

    /// The witness that BIP-322 calls the simple signature.
    pub(super) fn witness(&self) -> Vec<u8> {
        stack(&self.signature)
    }
}

/// The hash that stands for words.
pub(super) fn digest(words: &str) -> [u8; 32] {
    tagged_hash("BIP0322-signed-message", &[words.as_bytes()])
}

/// Returns what the account's key signs for words.
pub(super) fn sighash(key: &AccountKey, words: &str) -> [u8; 32] {
    sighash_with(key, words, Sighash::Default)
}

/// The same for either way of signing everything; BIP-322 allows both, and this crate signs with the first.
pub(super) fn sighash_with(key: &AccountKey, words: &str, sighash: Sighash) -> [u8; 32] {
    let spent = Output { value: 0, script: key.script.clone() };
    let to_sign = Transaction {
        version: 0,
        inputs: vec![Input { previous: OutPoint { txid: to_spend(words, &spent), vout: 0 }, sequence: 0 }],
        outputs: vec![Output { value: 0, script: script::nothing() }],
        lock_time: 0,
    };
    let hashes = Hashes::new(&to_sign, &[&spent]);
    sighash::of_input(&to_sign, &hashes, sighash, 0)
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
