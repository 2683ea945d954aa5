//! XRP payments by an ECDSA key: the ledger's own binary form in and out.
//!
//! The form is that of `xrpl.org`'s serialization reference: fields in the order of their codes, amounts in drops.
//! Only a payment of XRP is understood, from the account of the key itself, that ends at a known ledger. Issued
//! currencies, partial payments, paths and every other field are refused by name. Words are not signed: the chain has
//! no form for them that its own tools verify.

mod account;
mod build;
mod model;
mod review;

use sha2::{Digest, Sha512};
use thiserror::Error;

use self::model::Payment;
use crate::adapter::{Account, Adapter};
use crate::amount::format_amount;
use crate::chain::{Algorithm, Chain};
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::network::Network;
use crate::signature::Verified;
use crate::text::bytes_of_file;
use crate::transaction::{Address, Decoded, Identity, SigningRequest};

/// The longest payment, signed; every field of it is fixed but for the signature.
const MAX_LEN: usize = 256;

/// In front of what is signed.
const SIGNING: &[u8; 4] = b"STX\0";
/// In front of what the id is the hash of.
const IDENTIFYING: &[u8; 4] = b"TXN\0";

/// An XRP transaction that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum XrpRefusal {
    /// Another type of transaction than a payment.
    #[error("a transaction of type {code}, which is no payment")]
    TransactionType {
        /// The type.
        code: u16,
    },
    /// A field that is not understood here, or that changes what is paid to whom.
    #[error("the transaction has {field}, which is not signed here")]
    Field {
        /// The field's name, or its codes.
        field: String,
    },
    /// A field that every payment here needs.
    #[error("the transaction has no {field}")]
    MissingField {
        /// The field's name.
        field: &'static str,
    },
    /// Less than the amount may be delivered.
    #[error("a partial payment, which may deliver less than it says")]
    PartialPayment,
    /// Flags other than the one that says nothing new.
    #[error("flags {flags:#010x}")]
    Flags {
        /// All flags.
        flags: u32,
    },
    /// An amount that is not in XRP.
    #[error("{field} is in an issued currency")]
    IssuedCurrency {
        /// The field.
        field: &'static str,
    },
    /// More drops than exist, or none.
    #[error("{field} of {drops} drops")]
    Drops {
        /// The field.
        field: &'static str,
        /// The drops.
        drops: u64,
    },
    /// Another key than the account's signs.
    #[error("another key than this account's would sign")]
    ForeignKey,
    /// Another account pays.
    #[error("another account than this key's pays")]
    ForeignAccount,
    /// The payment goes to the account that makes it.
    #[error("the account pays itself")]
    ToSelf,
    /// The payment goes to an account that nobody has.
    #[error("the payment goes to an account that nobody can have")]
    Burns,
    /// The transaction has a signature.
    #[error("the transaction is signed already")]
    AlreadySigned,
    /// The fee is absurd.
    #[error("a fee of {} XRP, above the cap of {} XRP", format_amount((*.fee).into(), 6), format_amount((*.max).into(), 6))]
    Fee {
        /// The fee in drops.
        fee: u64,
        /// The cap in drops.
        max: u64,
    },
}

pub(crate) struct Xrp;

impl Adapter for Xrp {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        let key = account.key.secp256k1(Chain::Xrp)?;
        Ok(account::address(&account::of_key(&key)))
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let account = account::parse(text);
        account.map(|account| account::address(&account)).map_err(|fault| ChainError::Address {
            chain: Chain::Xrp,
            network,
            fault,
        })
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        const WHAT: &str = "XRP transaction";
        // The ledger's tools write hexadecimal, which would also read as base64.
        let bytes = match hex::decode(file.trim_ascii()) {
            Ok(bytes) => bytes,
            Err(_) => bytes_of_file(WHAT, file, MAX_LEN)?,
        };
        Ok(parse_unsigned(&bytes)?.encode(None))
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let payment = parse_unsigned(bytes)?;
        if payment.encode(None) != bytes {
            return Err(ChainError::NotCanonical { what: model::WHAT });
        }
        let review = review::of_payment(account, &payment)?;
        let payload = sha512_half(SIGNING, &payment.encode(None)).to_vec();
        Ok(Decoded { review, requests: vec![SigningRequest { algorithm: Algorithm::Ecdsa, payload }] })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let [signature] = signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok(parse_unsigned(bytes)?.encode(Some(&signature.bytes)))
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        let (payment, signature) = parse_signed(signed)?;
        Ok((payment.encode(None), vec![signature]))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        parse_signed(signed)?;
        let txid = hex::encode_upper(sha512_half(IDENTIFYING, signed));
        Ok(Identity { txid, encoded: hex::encode_upper(signed) })
    }
}

fn parse_unsigned(bytes: &[u8]) -> Result<Payment, ChainError> {
    match Payment::parse(bytes)? {
        (payment, None) => Ok(payment),
        (_, Some(_)) => Err(XrpRefusal::AlreadySigned.into()),
    }
}

fn parse_signed(bytes: &[u8]) -> Result<(Payment, [u8; 64]), ChainError> {
    let (payment, signature) = Payment::parse(bytes)?;
    let signature = signature.ok_or(XrpRefusal::MissingField { field: "TxnSignature" })?;
    if payment.encode(Some(&signature)) != bytes {
        return Err(ChainError::NotCanonical { what: model::WHAT });
    }
    Ok((payment, signature))
}

/// The first half of SHA-512 over bytes behind a prefix.
fn sha512_half(prefix: &[u8; 4], bytes: &[u8]) -> [u8; 32] {
    let hash = Sha512::new().chain_update(prefix).chain_update(bytes).finalize();
    let mut half = [0; 32];
    half.iter_mut().zip(hash).for_each(|(byte, of_hash)| *byte = of_hash);
    half
}

#[cfg(test)]
mod tests;
