//! Bitcoin by Taproot key path: one account, one output script, PSBT version 0 in and out, and signed words by BIP-322.
//!
//! The account's key is BIP-341's internal key; the script tree is empty. Unsigned transactions are PSBTs that carry
//! the output behind every input, so that the fee is known and the signature commits to it. Only `SIGHASH_DEFAULT`
//! and `SIGHASH_ALL` are signed, only transactions whose every input is the account's own, and only at a sane fee.

mod address;
mod build;
mod message;
mod model;
mod psbt;
mod review;
mod script;
mod select;
mod sighash;
pub(crate) mod taproot;

use thiserror::Error;

use self::message::SignedWords;
use self::psbt::Psbt;
use crate::adapter::{Account, Adapter};
use crate::amount::format_amount;
use crate::chain::{Algorithm, Chain, TapTweak};
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::network::Network;
use crate::signature::Verified;
use crate::text::{bytes_of_file, to_base64};
use crate::transaction::{Address, Decoded, Identity, MAX_TRANSACTION, SigningRequest};

/// The longest unsigned PSBT: a standard transaction is at most as long, and signed it still fits.
const MAX_UNSIGNED: usize = 100 * 1024;

/// More satoshi than this do not exist.
const MAX_MONEY: u64 = 21_000_000 * 100_000_000;

/// A Bitcoin transaction that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BitcoinRefusal {
    /// A transaction version other than 1 and 2.
    #[error("transaction version {version} is not known")]
    Version {
        /// The version found.
        version: u32,
    },
    /// A part of a PSBT that is not known, or that a key-path spend cannot have.
    #[error("{map} {index} of the PSBT has field {field:#04x}, which is not known here")]
    Field {
        /// Which kind of map.
        map: &'static str,
        /// Which of its kind, from 0.
        index: usize,
        /// The field's type.
        field: u64,
    },
    /// Signed, in part or whole.
    #[error("input {index} is signed already")]
    AlreadySigned {
        /// Which, from 0.
        index: usize,
    },
    /// Nothing says what the input spends, so that neither the fee nor the signature is known.
    #[error("input {index} does not say which output it spends")]
    MissingOutput {
        /// Which, from 0.
        index: usize,
    },
    /// The transaction given for an input is not the one it spends.
    #[error("input {index} lies about the output it spends")]
    WrongOutput {
        /// Which, from 0.
        index: usize,
    },
    /// An input that this account cannot sign.
    #[error("input {index} is not this account's")]
    ForeignInput {
        /// Which, from 0.
        index: usize,
    },
    /// The input names another internal key than the account's.
    #[error("input {index} names another key than this account's")]
    ForeignKey {
        /// Which, from 0.
        index: usize,
    },
    /// A way of signing that leaves parts of the transaction open.
    #[error("input {index} asks for signature hash type {sighash:#04x}")]
    SighashType {
        /// Which, from 0.
        index: usize,
        /// The type.
        sighash: u32,
    },
    /// An output is spent twice.
    #[error("input {index} spends what another one spends")]
    DuplicateInput {
        /// Which, from 0.
        index: usize,
    },
    /// An input that begins a relative lock.
    #[error("input {index} has sequence {sequence:#010x}, which may lock it")]
    Sequence {
        /// Which, from 0.
        index: usize,
        /// The sequence.
        sequence: u32,
    },
    /// No input or no output.
    #[error("no inputs or no outputs")]
    Empty,
    /// An output to a script that is not known, that nobody or anybody may be able to spend.
    #[error("output {index} pays to a script that is not known")]
    UnknownScript {
        /// Which, from 0.
        index: usize,
    },
    /// An output so small that no node passes it on.
    #[error("output {index} of {value} satoshi is below the {min} that nodes pass on")]
    Dust {
        /// Which, from 0.
        index: usize,
        /// Its value.
        value: u64,
        /// The least possible.
        min: u64,
    },
    /// Coins in an output that nobody can spend.
    #[error("output {index} burns {value} satoshi")]
    Burns {
        /// Which, from 0.
        index: usize,
        /// Its value.
        value: u64,
    },
    /// More than one output of data, or too much of it.
    #[error("output {index} holds more data than nodes pass on")]
    Data {
        /// Which, from 0.
        index: usize,
    },
    /// More is paid than is spent.
    #[error("{outputs} satoshi are paid and only {inputs} spent")]
    NegativeFee {
        /// Sum of the inputs.
        inputs: u64,
        /// Sum of the outputs.
        outputs: u64,
    },
    /// The fee is absurd.
    #[error("a fee of {} BTC, above the cap of {} BTC", format_amount((*.fee).into(), 8), format_amount((*.max).into(), 8))]
    Fee {
        /// The fee in satoshi.
        fee: u64,
        /// The cap in satoshi.
        max: u64,
    },
    /// The fee is absurd for so small a transaction.
    #[error("a fee of {rate} satoshi per virtual byte, above the cap of {max}")]
    FeeRate {
        /// The rate, rounded up.
        rate: u64,
        /// The cap.
        max: u64,
    },
    /// The outputs given do not hold enough.
    #[error("{needed} satoshi are needed and {available} there")]
    Funds {
        /// Amount and fee.
        needed: u64,
        /// Sum of all outputs given.
        available: u64,
    },
}

pub(crate) struct Bitcoin;

const ALGORITHM: Algorithm = Algorithm::Bip340 { tweak: TapTweak::KeyPath };

impl Adapter for Bitcoin {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        let key = taproot::output_key(&account.key.secp256k1(Chain::Bitcoin)?)?;
        address::of_script(account.network, &script::p2tr(&key))
            .ok_or(ChainError::InvalidKey { chain: Chain::Bitcoin })
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let fault = |fault| ChainError::Address { chain: Chain::Bitcoin, network, fault };
        let script = address::script_of(network, text).map_err(fault)?;
        address::of_script(network, &script).ok_or(fault(crate::error::AddressFault::UnknownKind))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let bytes = bytes_of_file("PSBT", file, MAX_TRANSACTION)?;
        if message::is_words(&bytes) {
            return Ok(message::encode(&message::parse(&bytes)?));
        }
        Ok(Psbt::import(&bytes)?.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let key = taproot::AccountKey::new(&account.key.secp256k1(Chain::Bitcoin)?)?;
        if message::is_words(bytes) {
            let words = message::parse(bytes)?;
            if message::encode(&words) != bytes {
                return Err(ChainError::NotCanonical { what: "message" });
            }
            let review = review::of_words(account.network, &key, &words)?;
            let payload = message::sighash(&key, &words).to_vec();
            let requests = vec![SigningRequest { algorithm: ALGORITHM, payload }];
            return Ok(Decoded { review, requests });
        }
        let psbt = Psbt::parse(bytes)?;
        let review = review::of_psbt(account.network, &key, &psbt)?;
        let requests = sighash::of_psbt(&psbt)
            .into_iter()
            .map(|hash| SigningRequest { algorithm: ALGORITHM, payload: hash.to_vec() })
            .collect();
        Ok(Decoded { review, requests })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let signatures: Vec<_> = signatures.iter().map(|signature| signature.bytes).collect();
        if message::is_words(bytes) {
            return SignedWords::new(message::parse(bytes)?, &signatures).map(|signed| signed.encode());
        }
        Psbt::parse(bytes)?.finalize(&signatures)
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        if message::is_signed_words(signed) {
            let signed = SignedWords::parse(signed)?;
            return Ok((message::encode(&signed.words), vec![signed.signature]));
        }
        let (psbt, signatures) = Psbt::parse_final(signed)?;
        Ok((psbt.encode(), signatures))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        if message::is_signed_words(signed) {
            let signed = SignedWords::parse(signed)?;
            let txid = hex::encode(message::digest(&signed.words));
            return Ok(Identity { txid, encoded: to_base64(&signed.witness()) });
        }
        let (psbt, signatures) = Psbt::parse_final(signed)?;
        let txid = model::display_txid(psbt.transaction.txid());
        Ok(Identity { txid, encoded: hex::encode(psbt.extract(&signatures)?) })
    }
}

#[cfg(test)]
mod tests;
