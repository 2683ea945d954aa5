//! Bitcoin by Taproot key path and by P2WPKH, and Dogecoin by P2PKH: PSBT version 0 in and out, signed words by BIP-322.
//!
//! An account has one key and one output script: BIP-341's for a BIP-340 key with an empty script tree, or that of the
//! hash of an ECDSA key; where both keys are given, a PSBT may spend outputs of either. Unsigned transactions are PSBTs
//! that show what every input spends, so that the fee is known and cannot be lied about. Only `SIGHASH_DEFAULT` and
//! `SIGHASH_ALL` are signed, only transactions whose every input is the account's own, and only at a sane fee.

mod address;
mod build;
mod message;
mod model;
mod psbt;
mod review;
mod rules;
mod sample;
mod script;
mod select;
mod sighash;
mod spend;
pub(crate) mod taproot;

pub use self::sample::sample_utxo;

use thiserror::Error;

use self::message::SignedWords;
use self::psbt::Psbt;
use self::rules::Rules;
use self::spend::{Own, Signature, Spend};
use crate::adapter::{Account, Adapter};
use crate::amount::format_amount;
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::key::PublicKey;
use crate::network::Network;
use crate::signature::Verified;
use crate::text::{bytes_of_file, to_base64};
use crate::transaction::{Address, Decoded, Identity, MAX_TRANSACTION, SigningRequest, check_length};

/// The longest unsigned PSBT: with room for transactions that are spent from, and for signatures.
const MAX_UNSIGNED: usize = 192 * 1024;

/// How much longer signing makes an input of a PSBT: an ECDSA signature and a key, each behind its length, and a field's
/// beginning.
const MAX_SIGNED_INPUT: usize = 112;

/// A transaction of Bitcoin, or of a chain of its kind, that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BitcoinRefusal {
    /// A transaction version other than 1 and 2.
    #[error("transaction version {version} is not known")]
    Version {
        /// The version found.
        version: u32,
    },
    /// A part of a PSBT that is not known, or that an input with one signature cannot have.
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
    /// Nothing proves what the input spends, and its signature would not commit to all amounts.
    #[error("input {index} does not carry the transaction it spends from, so that the fee is not certain")]
    MissingPrevious {
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
    #[error("output {index} of {value} base units is below the {min} that nodes pass on")]
    Dust {
        /// Which, from 0.
        index: usize,
        /// Its value.
        value: u64,
        /// The least possible.
        min: u64,
    },
    /// Coins in an output that nobody can spend.
    #[error("output {index} burns {value} base units")]
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
    #[error("{outputs} base units are paid and only {inputs} spent")]
    NegativeFee {
        /// Sum of the inputs.
        inputs: u64,
        /// Sum of the outputs.
        outputs: u64,
    },
    /// The fee is absurd.
    #[error("a fee of {} coins, above the cap of {}", format_amount((*.fee).into(), 8), format_amount((*.max).into(), 8))]
    Fee {
        /// The fee in base units.
        fee: u64,
        /// The cap in base units.
        max: u64,
    },
    /// The fee is absurd for so small a transaction.
    #[error("a fee of {rate} base units per virtual byte, above the cap of {max}")]
    FeeRate {
        /// The rate, rounded up.
        rate: u64,
        /// The cap.
        max: u64,
    },
    /// The outputs given do not hold enough.
    #[error("{needed} base units are needed and {available} there")]
    Funds {
        /// Amount and fee.
        needed: u64,
        /// Sum of all outputs given.
        available: u64,
    },
}

/// Returns the id of a whole transaction of Bitcoin or Dogecoin, with or without witnesses, as explorers show it.
///
/// # Errors
/// Bytes that are no transaction.
pub fn transaction_id(bytes: &[u8]) -> Result<String, ChainError> {
    check_length(bytes)?;
    Ok(model::display_txid(model::parse_previous(bytes)?.txid))
}

/// One kind of account on Bitcoin or a chain of its kind.
pub(crate) struct Bitcoin(&'static Rules);

/// Bitcoin by Taproot key path.
pub(crate) static TAPROOT: Bitcoin = Bitcoin(&rules::TAPROOT);
/// Bitcoin by P2WPKH.
pub(crate) static SEGWIT: Bitcoin = Bitcoin(&rules::SEGWIT);
/// Dogecoin by P2PKH.
pub(crate) static DOGECOIN: Bitcoin = Bitcoin(&rules::DOGECOIN);

impl Bitcoin {
    /// Whether these are words to sign, which Dogecoin has no form for.
    fn is_words(&self, bytes: &[u8]) -> bool {
        self.0.spend != Spend::Legacy && message::is_words(bytes)
    }

    fn is_signed_words(&self, bytes: &[u8]) -> bool {
        self.0.spend != Spend::Legacy && message::is_signed_words(bytes)
    }

    fn decode_words(&self, account: Account<'_>, own: &Own, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let words = message::parse(bytes)?;
        if message::encode(&words) != bytes {
            return Err(ChainError::NotCanonical { what: "message" });
        }
        let review = review::of_words(self.0, account.network, own, &words)?;
        let payload = message::sighash(&own.script, &words).to_vec();
        let requests = vec![SigningRequest { algorithm: self.0.spend.algorithm(), payload }];
        Ok(Decoded { review, requests })
    }
}

impl Adapter for Bitcoin {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        let own = Own::new(self.0, account)?;
        address::of_script(self.0, account.network, &own.script)
            .ok_or(ChainError::InvalidKey { chain: self.0.chain })
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let fault = |fault| ChainError::Address { chain: self.0.chain, network, fault };
        let script = address::script_of(self.0, network, text).map_err(fault)?;
        address::of_script(self.0, network, &script).ok_or(fault(crate::error::AddressFault::UnknownKind))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(self.0, account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let bytes = bytes_of_file("PSBT", file, MAX_TRANSACTION)?;
        if self.is_words(&bytes) {
            return Ok(message::encode(&message::parse(&bytes)?));
        }
        Ok(Psbt::import(&bytes)?.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let own = Own::new(self.0, account)?;
        if self.is_words(bytes) {
            return self.decode_words(account, &own, bytes);
        }
        let psbt = Psbt::parse(bytes)?;
        let review = review::of_psbt(self.0, account.network, &own, &psbt)?;
        let hashes = sighash::of_psbt(&psbt);
        let requests = psbt.inputs.iter().zip(hashes).map(|(input, hash)| {
            let spend = Spend::of(&input.spent.script).unwrap_or(self.0.spend);
            SigningRequest { algorithm: spend.algorithm(), payload: hash.to_vec() }
        });
        Ok(Decoded { review, requests: requests.collect() })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let signatures: Vec<Signature> = signatures.iter().map(of_verified).collect();
        if self.is_words(bytes) {
            return SignedWords::new(message::parse(bytes)?, &signatures).map(|signed| signed.encode());
        }
        Psbt::parse(bytes)?.finalize(&signatures)
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        if self.is_signed_words(signed) {
            let signed = SignedWords::parse(signed)?;
            return Ok((message::encode(&signed.words), vec![signed.signature.bytes]));
        }
        let (psbt, signatures) = Psbt::parse_final(signed)?;
        Ok((psbt.encode(), signatures.iter().map(|signature| signature.bytes).collect()))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        if self.is_signed_words(signed) {
            let signed = SignedWords::parse(signed)?;
            let txid = hex::encode(message::digest(&signed.words));
            return Ok(Identity { txid, encoded: to_base64(&signed.witness()) });
        }
        let (psbt, signatures) = Psbt::parse_final(signed)?;
        let txid = model::display_txid(psbt.txid(&signatures)?);
        Ok(Identity { txid, encoded: hex::encode(psbt.extract(&signatures)?) })
    }
}

/// A signature with its key where an input shows it: with ECDSA, which has a recovery id.
fn of_verified(verified: &Verified) -> Signature {
    let key = match (verified.key, verified.recovery_id) {
        (PublicKey::Secp256k1(key), Some(_)) => Some(key),
        _ => None,
    };
    Signature { bytes: verified.bytes, key }
}

#[cfg(test)]
mod tests;
