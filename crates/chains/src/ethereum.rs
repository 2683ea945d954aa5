//! Ethereum and every network of its machine: payments, payments of tokens, words by EIP-191, typed data by EIP-712.
//!
//! An account is the hash of its key, the same on every network; the network is the chain id, which every
//! transaction names (EIP-155, EIP-2930, EIP-1559). What is signed is the Keccak-256 of the unsigned bytes, and the
//! signature carries one bit from which nodes recover the key: it is computed here, from the verified signature.
//!
//! Trusted is nothing. Refused are contracts in the making, kinds of transactions and calls of contracts that are not
//! known, receivers that nobody is, absurd fees, and words that are a transaction or a hash.

mod address;
mod build;
mod call;
mod date;
mod message;
mod model;
mod review;
mod rlp;
mod typed_data;
mod uint;

use sha3::{Digest, Keccak256};
use thiserror::Error;

use self::address::AddressBytes;
use self::message::Message;
use self::model::{Signature, Transaction};
pub use self::typed_data::TypedDataFault;
use crate::adapter::{Account, Adapter};
use crate::amount::format_amount;
use crate::chain::{Algorithm, Chain};
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::network::Network;
use crate::review::Review;
use crate::signature::Verified;
use crate::text::bytes_of_file;
use crate::transaction::{Address, Decoded, Identity, SigningRequest};

const CHAIN: Chain = Chain::Ethereum;

/// The longest unsigned transaction or message; nodes pass nothing longer on.
const MAX_UNSIGNED: usize = 128 * 1024;

/// The highest chain id that EIP-2294 allows, so that twice of it still fits.
pub(crate) const MAX_CHAIN_ID: u64 = u64::MAX / 2 - 36;

/// An Ethereum transaction or message that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EthereumRefusal {
    /// A kind of transaction that is not signed here.
    #[error("transactions of kind {kind} ({name}) are not signed here")]
    Kind {
        /// The first byte.
        kind: u8,
        /// What it is.
        name: &'static str,
    },
    /// Valid on every network: made before EIP-155.
    #[error("no chain id: the transaction would be valid on every network")]
    NoChainId,
    /// For another network.
    #[error("chain id {found} where the network has {expected}")]
    ChainId {
        /// What the bytes say.
        found: u64,
        /// The network's.
        expected: u64,
    },
    /// Signed already.
    #[error("the transaction is signed already")]
    AlreadySigned,
    /// Makes a contract.
    #[error("the transaction makes a contract")]
    ContractCreation,
    /// A call that is not understood.
    #[error("the contract's function {selector} is not known")]
    UnknownCall {
        /// The first bytes of the data, which name the function, in hexadecimal.
        selector: String,
    },
    /// A call of a token that pays coins as well.
    #[error("the call of a token pays {} coins as well", format_amount(*.wei, CHAIN.decimals()))]
    PaidCall {
        /// How much.
        wei: u128,
    },
    /// A receiver that nobody has the key of.
    #[error("nobody has the key of {address}")]
    NobodysAddress {
        /// The receiver.
        address: String,
    },
    /// Tokens for the contract that manages them, where they would be lost.
    #[error("the receiver {address} is the token itself")]
    TokenToItself {
        /// The receiver.
        address: String,
    },
    /// A nonce that no transaction can have.
    #[error("nonce {nonce} is none")]
    Nonce {
        /// The nonce.
        nonce: u64,
    },
    /// Gas that no transaction can have.
    #[error("{gas} gas, where {min} to {max} are possible")]
    Gas {
        /// The gas.
        gas: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// More for the maker of the block than in all.
    #[error("the priority fee is above the most that is paid")]
    PriorityFee,
    /// An absurd fee.
    #[error("{gas} gas at {price} gwei cost more than the cap of {} coins", format_amount(*.max, CHAIN.decimals()))]
    Fee {
        /// What a unit of gas may cost, in gwei.
        price: String,
        /// How many units.
        gas: u64,
        /// The cap in wei.
        max: u128,
    },
    /// An access list that nobody can read.
    #[error("an access list of {entries} entries, where {max} are possible")]
    AccessList {
        /// Addresses and keys.
        entries: usize,
        /// The most.
        max: usize,
    },
    /// Words that are or spell a transaction or a hash.
    #[error("the words are the bytes of a hash or a transaction")]
    WordsAreData,
    /// Typed data that are not acceptable.
    #[error("typed data: {0}")]
    TypedData(TypedDataFault),
}

impl EthereumRefusal {
    fn of_kind(kind: u8) -> Self {
        let name = match kind {
            3 => "blobs, EIP-4844",
            4 => "which hands the account to a contract, EIP-7702",
            _ => "which nobody knows",
        };
        Self::Kind { kind, name }
    }
}

impl From<TypedDataFault> for ChainError {
    fn from(fault: TypedDataFault) -> Self {
        EthereumRefusal::TypedData(fault).into()
    }
}

pub(crate) struct Ethereum;

impl Adapter for Ethereum {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        Ok(address::canonical(&own(account)?))
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let parsed = address::parse(text);
        Ok(address::canonical(&parsed.map_err(|fault| ChainError::Address {
            chain: CHAIN,
            network,
            fault,
        })?))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let text = file.trim_ascii();
        if text.starts_with(b"{") {
            return Ok(Message::Typed(typed_data::TypedData::parse(text)?).encode());
        }
        let what = "ethereum transaction";
        let bytes = match text.strip_prefix(b"0x") {
            Some(digits) if digits.len() > 2 * MAX_UNSIGNED => {
                return Err(ChainError::TooLong { what, len: digits.len() / 2, max: MAX_UNSIGNED });
            }
            Some(digits) => hex::decode(digits).map_err(|_| ChainError::Malformed { what })?,
            None => bytes_of_file(what, file, MAX_UNSIGNED)?,
        };
        Unsigned::parse(&bytes).map(|unsigned| unsigned.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let own = own(account)?;
        let unsigned = Unsigned::parse(bytes)?;
        if unsigned.encode() != bytes {
            return Err(ChainError::NotCanonical { what: "ethereum transaction" });
        }
        let review = unsigned.review(account.network, &own)?;
        let payload = unsigned.digest().to_vec();
        Ok(Decoded { review, requests: vec![SigningRequest { algorithm: Algorithm::Ecdsa, payload }] })
    }

    fn claim(&self, bytes: &[u8], context: &Context, review: &mut Review) -> Result<(), ChainError> {
        match (Unsigned::parse(bytes)?, context) {
            (Unsigned::Transaction(transaction), Context::Ethereum(facts)) => {
                review::claim(review, &facts.tokens, &transaction)
            }
            _ => Ok(()),
        }
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let [verified] = signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        // Of the four points that r can name, a signature here can tell only the first two apart.
        let is_odd = match verified.recovery_id {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(ChainError::BadSignature { index: 0 }),
        };
        let signature = Signature { numbers: verified.bytes, is_odd };
        Ok(match Unsigned::parse(bytes)? {
            Unsigned::Transaction(transaction) => transaction.encode_signed(&signature),
            Unsigned::Message(message) => message.encode_signed(&signature),
        })
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        let (unsigned, signature) = Unsigned::parse_signed(signed)?;
        Ok((unsigned.encode(), vec![signature.numbers]))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        Ok(match Unsigned::parse_signed(signed)? {
            (Unsigned::Transaction(_), _) => Identity { txid: hex(&keccak(&[signed])), encoded: hex(signed) },
            (Unsigned::Message(message), signature) => {
                Identity { txid: hex(&message.digest()), encoded: hex(&message::signature_bytes(&signature)) }
            }
        })
    }
}

/// The two things a key of Ethereum signs; the first byte tells which.
enum Unsigned {
    Transaction(Transaction),
    Message(Message),
}

impl Unsigned {
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        check_length(bytes)?;
        if message::is_message(bytes) {
            Message::parse(bytes).map(Self::Message)
        } else {
            Transaction::parse(bytes).map(Self::Transaction)
        }
    }

    fn parse_signed(bytes: &[u8]) -> Result<(Self, Signature), ChainError> {
        if message::is_message(bytes) {
            Message::parse_signed(bytes).map(|(message, signature)| (Self::Message(message), signature))
        } else {
            Transaction::parse_signed(bytes)
                .map(|(transaction, signature)| (Self::Transaction(transaction), signature))
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Transaction(transaction) => transaction.encode(),
            Self::Message(message) => message.encode(),
        }
    }

    fn digest(&self) -> [u8; 32] {
        match self {
            Self::Transaction(transaction) => keccak(&[&transaction.encode()]),
            Self::Message(message) => message.digest(),
        }
    }

    fn review(&self, network: Network, own: &AddressBytes) -> Result<Review, ChainError> {
        match self {
            Self::Transaction(transaction) => review::of_transaction(network, own, transaction),
            Self::Message(Message::Words(words)) => Ok(review::of_words(network, own, words)),
            Self::Message(Message::Typed(data)) => {
                let (found, expected) = (data.chain_id(), network.chain_id());
                if found != expected {
                    return Err(EthereumRefusal::ChainId { found, expected }.into());
                }
                Ok(typed_data::review(network, &address::show(own), data))
            }
        }
    }
}

fn check_length(bytes: &[u8]) -> Result<(), ChainError> {
    if bytes.len() > MAX_UNSIGNED {
        let what = "ethereum transaction";
        return Err(ChainError::TooLong { what, len: bytes.len(), max: MAX_UNSIGNED });
    }
    Ok(())
}

fn own(account: Account<'_>) -> Result<AddressBytes, ChainError> {
    Ok(address::of_key(&account.key.secp256k1(CHAIN)?))
}

/// Returns the Keccak-256 of several pieces, one after the other.
fn keccak(pieces: &[&[u8]]) -> [u8; 32] {
    pieces.iter().fold(Keccak256::new(), |hash, piece| hash.chain_update(piece)).finalize().into()
}

#[cfg(test)]
mod tests;
