//! Cosmos chains: payments by `MsgSend` in the two common sign modes, and signed words by ADR-036.
//!
//! Unsigned bytes are the protobuf `SignDoc` of SIGN_MODE_DIRECT (ADR-020, ADR-027), or behind a mark and the type of
//! the key, which it does not hold, the JSON document of SIGN_MODE_LEGACY_AMINO_JSON. Codecs of both are here. The key
//! is secp256k1 or one of the variants that address and hash as Ethereum does; the address prefix is pinned to the
//! chain id where that is known. Other messages, fee payers, granters, tips, extensions and unordered transactions are
//! refused by name; bytes in any but their canonical form are refused.

mod account;
mod amino;
mod build;
mod direct;
mod model;
mod protobuf;
mod registry;
mod review;
mod words;

use thiserror::Error;

use self::account::KeyOf;
use self::model::Transaction;
use self::words::Words;
use crate::adapter::{Account, Adapter};
use crate::chain::{Algorithm, Chain};
use crate::context::{Context, CosmosKey};
use crate::error::ChainError;
use crate::intent::Intent;
use crate::key::PublicKey;
use crate::network::Network;
use crate::reader::Reader;
use crate::signature::Verified;
use crate::text::{bytes_of_file, to_base64};
use crate::transaction::{Address, Decoded, Identity, SigningRequest};

const WHAT: &str = "Cosmos transaction";

/// The longest unsigned transaction or message; payments are far shorter.
const MAX_LEN: usize = 32 * 1024;

/// In front of an amino document and of words to sign, version 1; then comes the type of the key.
const AMINO_MAGIC: &[u8; 4] = b"QCA\x01";
const WORDS_MAGIC: &[u8; 4] = b"QCW\x01";
/// In front of a key, a signature, and what is signed, version 1.
const SIGNED_MAGIC: &[u8; 4] = b"QCS\x01";

/// A Cosmos transaction that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CosmosRefusal {
    /// Another message than a payment.
    #[error("the message is {kind}, which is not signed here")]
    Message {
        /// Its type.
        kind: String,
    },
    /// Not exactly one message.
    #[error("{count} messages where one is signed")]
    MessageCount {
        /// How many there are.
        count: usize,
    },
    /// Not exactly one signer.
    #[error("{count} signers where one signs")]
    SignerCount {
        /// How many there are.
        count: usize,
    },
    /// A field that is not understood here, or that gives others a say.
    #[error("{of} has {field}, which is not signed here")]
    Field {
        /// The protobuf message, or the document.
        of: &'static str,
        /// The field's name, or its number.
        field: String,
    },
    /// A type of key that is not known.
    #[error("a key of type {kind}, which is not known here")]
    KeyType {
        /// The type.
        kind: String,
    },
    /// A sign mode that is not the document's.
    #[error("sign mode {mode}")]
    SignMode {
        /// The mode.
        mode: u64,
    },
    /// Another key than the account's signs.
    #[error("another key than this account's would sign")]
    ForeignKey,
    /// Another account pays or signs.
    #[error("another account than this key's pays or signs")]
    ForeignAccount,
    /// An address that is none, or not in its canonical spelling.
    #[error("{field} is not an address")]
    Address {
        /// The field.
        field: &'static str,
    },
    /// The receiver is on another chain.
    #[error("the receiver's address begins with `{found}`, the account's with `{expected}`")]
    OtherPrefix {
        /// The account's prefix.
        expected: String,
        /// The receiver's.
        found: String,
    },
    /// A chain id that none is.
    #[error("a chain id that none is")]
    ChainId,
    /// The chain's addresses begin otherwise.
    #[error("addresses of {chain_id} begin with `{expected}`, not with `{found}`")]
    Prefix {
        /// The chain's id.
        chain_id: String,
        /// The chain's prefix.
        expected: String,
        /// The account's.
        found: String,
    },
    /// The chain has another kind of keys.
    #[error("accounts of {chain_id} do not have keys of this type")]
    KeyOfChain {
        /// The chain's id.
        chain_id: String,
    },
    /// The chain is known to be on another network.
    #[error("{chain_id} is of {network}")]
    OtherNetwork {
        /// The chain's id.
        chain_id: String,
        /// Its network.
        network: Network,
    },
    /// A memo that chains refuse, or that is written differently by different software.
    #[error("a memo that is too long or has control characters")]
    Memo,
    /// Coins that are none, unsorted, too many or nothing.
    #[error("{field} is not a list of coins as chains take them")]
    Coins {
        /// The field.
        field: &'static str,
    },
    /// More gas than any payment uses, or none.
    #[error("a gas limit of {gas}, where at most {max} is sane")]
    Gas {
        /// The limit.
        gas: u64,
        /// The cap.
        max: u64,
    },
    /// The fee is absurd.
    #[error("a fee of {fee}, above the cap of {max}")]
    Fee {
        /// The fee.
        fee: String,
        /// The cap.
        max: String,
    },
}

pub(crate) struct Cosmos;

/// What is signed: money or words, never one for the other.
enum Document {
    Transaction(Transaction),
    Words(Words),
}

impl Document {
    /// Reads unsigned bytes and nothing else.
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let document = Self::read(bytes)?;
        if document.encode() == bytes { Ok(document) } else { Err(ChainError::NotCanonical { what: WHAT }) }
    }

    /// Reads unsigned bytes that may be in another form than [`Document::encode`] writes.
    fn read(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > MAX_LEN {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_LEN });
        }
        if let Some(rest) = bytes.strip_prefix(AMINO_MAGIC) {
            let (key_type, json) = key_type_of(rest)?;
            return amino::parse(key_type, json).map(Self::Transaction);
        }
        if let Some(rest) = bytes.strip_prefix(WORDS_MAGIC) {
            let (key_type, json) = key_type_of(rest)?;
            return Words::parse(key_type, json).map(Self::Words);
        }
        direct::parse(bytes).map(Self::Transaction)
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Transaction(transaction) if transaction.key.is_some() => direct::sign_doc(transaction),
            Self::Transaction(transaction) => {
                [AMINO_MAGIC.as_slice(), &[transaction.key_type.code()], &self.sign_bytes()].concat()
            }
            Self::Words(words) => {
                [WORDS_MAGIC.as_slice(), &[words.key_type.code()], &self.sign_bytes()].concat()
            }
        }
    }

    /// Returns what the digest is taken of.
    fn sign_bytes(&self) -> Vec<u8> {
        match self {
            Self::Transaction(transaction) if transaction.key.is_some() => direct::sign_doc(transaction),
            Self::Transaction(transaction) => amino::sign_doc(transaction).into_bytes(),
            Self::Words(words) => words.sign_doc().into_bytes(),
        }
    }

    fn digest(&self) -> [u8; 32] {
        let key_type = match self {
            Self::Transaction(transaction) => transaction.key_type,
            Self::Words(words) => words.key_type,
        };
        key_type.digest(&self.sign_bytes())
    }
}

fn key_type_of(bytes: &[u8]) -> Result<(CosmosKey, &[u8]), ChainError> {
    let malformed = ChainError::Malformed { what: WHAT };
    let (code, json) = bytes.split_first().ok_or(malformed.clone())?;
    Ok((CosmosKey::of_code(*code).ok_or(malformed)?, json))
}

/// A document with the key that signed it and its signature.
struct Signed {
    document: Document,
    key: [u8; 33],
    signature: [u8; 64],
}

impl Signed {
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new(WHAT, bytes);
        if reader.array::<4>()? != *SIGNED_MAGIC {
            return Err(reader.malformed());
        }
        let (key, signature) = (reader.array()?, reader.array()?);
        let document = Document::parse(reader.take_rest())?;
        if let Document::Transaction(Transaction { key: Some(named), .. }) = &document
            && *named != key
        {
            return Err(CosmosRefusal::ForeignKey.into());
        }
        Ok(Self { document, key, signature })
    }

    fn encode(&self) -> Vec<u8> {
        [SIGNED_MAGIC, self.key.as_slice(), &self.signature, &self.document.encode()].concat()
    }
}

impl Adapter for Cosmos {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        let key = account.key.secp256k1(Chain::Cosmos)?;
        let address = account::encode(registry::DEFAULT_PREFIX, &CosmosKey::Secp256k1.account(&key));
        address.map(Address::new).ok_or(ChainError::InvalidKey { chain: Chain::Cosmos })
    }

    fn address_in(&self, _account: Account<'_>, bytes: &[u8]) -> Result<Address, ChainError> {
        let address = match Document::parse(bytes)? {
            Document::Transaction(transaction) => transaction.from,
            Document::Words(words) => words.signer,
        };
        Ok(Address::new(address))
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let fault = |fault| ChainError::Address { chain: Chain::Cosmos, network, fault };
        let (prefix, account) = account::parse(text).map_err(fault)?;
        let address = account::encode(&prefix, &account).map(Address::new);
        address.ok_or(fault(crate::error::AddressFault::UnknownKind))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        Ok(build::build(account, intent, context)?.encode())
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let bytes = bytes_of_file(WHAT, file, MAX_LEN)?;
        // A bare document of JSON does not say which key it is for; most chains have but one type.
        if bytes.trim_ascii().starts_with(b"{") {
            let document = match Words::parse(CosmosKey::Secp256k1, &bytes) {
                Ok(words) => Document::Words(words),
                Err(_) => Document::Transaction(amino::parse(CosmosKey::Secp256k1, &bytes)?),
            };
            return Ok(document.encode());
        }
        Ok(Document::read(&bytes)?.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let document = Document::parse(bytes)?;
        let review = match &document {
            Document::Transaction(transaction) => review::of_transaction(account, transaction)?,
            Document::Words(words) => review::of_words(account, words)?,
        };
        let payload = document.digest().to_vec();
        Ok(Decoded { review, requests: vec![SigningRequest { algorithm: Algorithm::Ecdsa, payload }] })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let [Verified { key: PublicKey::Secp256k1(key), bytes: signature, .. }] = *signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok(Signed { document: Document::parse(bytes)?, key, signature }.encode())
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        let signed = Signed::parse(signed)?;
        Ok((signed.document.encode(), vec![signed.signature]))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        let signed = Signed::parse(signed)?;
        match &signed.document {
            Document::Transaction(transaction) => {
                let raw = direct::tx_raw(transaction, &signed.key, &signed.signature);
                let txid = hex::encode_upper(account::sha256(&raw));
                Ok(Identity { txid, encoded: to_base64(&raw) })
            }
            Document::Words(words) => {
                let txid = hex::encode(signed.document.digest());
                Ok(Identity { txid, encoded: words.std_signature(&signed.key, &signed.signature) })
            }
        }
    }
}

#[cfg(test)]
mod tests;
