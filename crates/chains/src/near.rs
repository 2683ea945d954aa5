//! NEAR: transfers, function calls, and signed words by NEP-413.
//!
//! An account is a name or, without one, the Ed25519 key in hexadecimal. What is signed is the SHA-256 of the borsh
//! bytes of a transaction, or of the tagged borsh bytes of a message. A transaction names no network; the hash of a
//! recent block decides where it is valid.
//!
//! Actions that could give the account away or change its code are named and refused.

mod account;
mod build;
mod message;
mod model;
mod review;

use sha2::{Digest, Sha256};
use thiserror::Error;

use self::message::Nep413;
use self::model::Transaction;
use crate::adapter::{Account, Adapter};
use crate::chain::{Algorithm, Chain};
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::key::PublicKey;
use crate::network::Network;
use crate::reader::Reader;
use crate::signature::Verified;
use crate::text::{base58, bytes_of_file, to_base64};
use crate::transaction::{Address, Decoded, Identity, MAX_TRANSACTION, SigningRequest};

/// What stands in front of an Ed25519 signature.
const ED25519: u8 = 0;

/// A signature with its tag.
const SIGNATURE_LEN: usize = 65;

/// The longest unsigned transaction or message.
const MAX_UNSIGNED: usize = MAX_TRANSACTION - SIGNATURE_LEN;

/// A NEAR transaction that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NearRefusal {
    /// It is signed by another account that is named after its key.
    #[error("{found} is the account of another key")]
    ForeignSigner {
        /// The account.
        found: String,
    },
    /// It names another key than the account's.
    #[error("key {found} has to sign, not this account's")]
    ForeignKey {
        /// The key.
        found: String,
    },
    /// The transaction does nothing.
    #[error("no action")]
    NoAction,
    /// An action that is not signed here.
    #[error("action {index} is {action}")]
    Action {
        /// Which action, from 1.
        index: usize,
        /// Its name.
        action: &'static str,
    },
    /// A number that no action has.
    #[error("action {index} is of the unknown kind {kind}")]
    UnknownAction {
        /// Which action, from 1.
        index: usize,
        /// The number.
        kind: u8,
    },
    /// A name of another network.
    #[error("{account} is of another network than {network}")]
    ForeignNetwork {
        /// The account.
        account: String,
        /// The network asked for.
        network: Network,
    },
    /// More gas than a transaction can have.
    #[error("{gas} gas, above the chain's limit of {max}")]
    Gas {
        /// The gas of all actions.
        gas: u128,
        /// The limit.
        max: u64,
    },
    /// A nonce that no transaction has.
    #[error("nonce {nonce} is none")]
    Nonce {
        /// The nonce.
        nonce: u64,
    },
}

pub(crate) struct Near;

impl Adapter for Near {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        Ok(Address::new(account::implicit(&key_bytes(account.key)?)))
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        account::check(network, text)?;
        Ok(Address::new(text.to_owned()))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let bytes = bytes_of_file("near transaction", file, MAX_UNSIGNED)?;
        Unsigned::parse(&bytes).map(|unsigned| unsigned.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let key = key_bytes(account.key)?;
        let unsigned = Unsigned::parse(bytes)?;
        if unsigned.encode() != bytes {
            return Err(ChainError::NotCanonical { what: "near transaction" });
        }
        let review = match &unsigned {
            Unsigned::Transaction(transaction) => review::of_transaction(account.network, &key, transaction)?,
            Unsigned::Message(message) => review::of_words(account.network, &key, message)?,
        };
        let payload = unsigned.digest().to_vec();
        Ok(Decoded { review, requests: vec![SigningRequest { algorithm: Algorithm::Ed25519, payload }] })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let [signature] = signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok([bytes, &[ED25519], signature.bytes.as_slice()].concat())
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        let what = "signed near transaction";
        let unsigned = signed.len().checked_sub(SIGNATURE_LEN).ok_or(ChainError::Malformed { what })?;
        let mut reader = Reader::new(what, signed);
        let unsigned = reader.take(unsigned)?.to_vec();
        if reader.byte()? != ED25519 {
            return Err(reader.malformed());
        }
        Ok((unsigned, vec![reader.array()?]))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        let (unsigned, signatures) = self.disassemble(signed)?;
        let unsigned = Unsigned::parse(&unsigned)?;
        Ok(match unsigned {
            Unsigned::Transaction(_) => {
                Identity { txid: base58(&unsigned.digest()), encoded: to_base64(signed) }
            }
            Unsigned::Message(_) => Identity {
                txid: hex::encode(unsigned.digest()),
                encoded: to_base64(signatures.as_flattened()),
            },
        })
    }
}

/// The two things a key of NEAR signs; the first four bytes tell which.
enum Unsigned {
    Transaction(Transaction),
    Message(Nep413),
}

impl Unsigned {
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > MAX_UNSIGNED {
            let what = "near transaction";
            return Err(ChainError::TooLong { what, len: bytes.len(), max: MAX_UNSIGNED });
        }
        if message::is_message(bytes) {
            Nep413::parse(bytes).map(Self::Message)
        } else {
            Transaction::parse(bytes).map(Self::Transaction)
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Transaction(transaction) => transaction.encode(),
            Self::Message(message) => message.encode(),
        }
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }
}

fn key_bytes(key: &PublicKey) -> Result<[u8; 32], ChainError> {
    Ok(key.ed25519(Chain::Near)?.to_bytes())
}

#[cfg(test)]
mod tests;
