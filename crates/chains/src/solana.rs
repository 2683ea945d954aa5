//! Solana: transfers with memo and priority fee in both message formats, and signed words.
//!
//! An address is an Ed25519 key in base58. A transaction is the message that the key signs; it carries no name of a
//! network, the recent block hash decides where it is valid. Words are signed as an off-chain message of version 1.
//!
//! Only instructions that are understood are signed, only one signer is possible, that signer pays the fee, and
//! accounts behind an address-lookup table are never accepted.

mod build;
mod instruction;
mod message;
mod offchain;
mod review;

use thiserror::Error;

use self::message::Message;
use self::offchain::OffchainMessage;
use crate::adapter::{Account, Adapter};
use crate::amount::format_amount;
use crate::chain::{Algorithm, Chain};
use crate::context::Context;
use crate::error::{AddressFault, ChainError};
use crate::intent::Intent;
use crate::key::PublicKey;
use crate::network::Network;
use crate::reader::Reader;
use crate::signature::Verified;
use crate::text::{base58, bytes_of_file, decode_base58_32, to_base64};
use crate::transaction::{Address, Decoded, Identity, SigningRequest};

/// The longest transaction on the wire: one packet.
const MAX_WIRE: usize = 1232;

/// What a signature and the count in front of it take on the wire.
const SIGNATURE_LEN: usize = 65;

/// The most that is paid for processing: 0.1 SOL.
const MAX_FEE: u64 = 100_000_000;

/// A Solana transaction that is understood and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SolanaRefusal {
    /// A message format that is not known.
    #[error("message version {version} is not known")]
    UnknownVersion {
        /// The version found.
        version: u8,
    },
    /// Accounts that only the chain can name.
    #[error("accounts hidden behind an address-lookup table")]
    AddressLookupTables,
    /// Somebody else pays, so that somebody else decides.
    #[error("{found} pays the fee, not this account")]
    ForeignFeePayer {
        /// Who pays.
        found: String,
    },
    /// Somebody else has to sign as well.
    #[error("{found} has to sign as well")]
    ForeignSigner {
        /// Who.
        found: String,
    },
    /// It is signed already.
    #[error("signed already")]
    AlreadySigned,
    /// The transaction does nothing.
    #[error("no instruction")]
    NoInstruction,
    /// An account is listed twice.
    #[error("account {account} listed twice")]
    DuplicateAccount {
        /// Which.
        account: String,
    },
    /// An account is listed for no purpose.
    #[error("account {account} listed and not used")]
    UnusedAccount {
        /// Which.
        account: String,
    },
    /// A program whose instructions are not understood.
    #[error("instruction {index} calls program {program}, which is not known")]
    UnknownProgram {
        /// Which instruction, from 1.
        index: usize,
        /// The program.
        program: String,
    },
    /// A known program, told to do something that is not understood.
    #[error("instruction {index} asks the {program} program for {what}")]
    UnknownInstruction {
        /// Which instruction, from 1.
        index: usize,
        /// The program.
        program: &'static str,
        /// What it is asked for.
        what: String,
    },
    /// The accounts of an instruction do not have the roles it needs.
    #[error("instruction {index}: the accounts do not fit a {what}")]
    AccountRoles {
        /// Which instruction, from 1.
        index: usize,
        /// What it would do.
        what: &'static str,
    },
    /// A setting is made twice.
    #[error("instruction {index}: {what} set twice")]
    RepeatedSetting {
        /// Which instruction, from 1.
        index: usize,
        /// The setting.
        what: &'static str,
    },
    /// A durable nonce is advanced in another place than the first.
    #[error("instruction {index}: a nonce advanced in other than the first place")]
    MisplacedNonce {
        /// Which instruction, from 1.
        index: usize,
    },
    /// A program is paid, which nobody could ever spend.
    #[error("instruction {index} pays the program {program}")]
    PaysProgram {
        /// Which instruction, from 1.
        index: usize,
        /// The program.
        program: &'static str,
    },
    /// The fee is absurd.
    #[error("a fee of up to {} SOL, above the cap of {} SOL", format_amount((*.fee).into(), 9), format_amount((*.max).into(), 9))]
    Fee {
        /// The highest possible fee, in lamports.
        fee: u64,
        /// The cap, in lamports.
        max: u64,
    },
}

pub(crate) struct Solana;

impl Adapter for Solana {
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError> {
        Ok(Address::new(base58(&key_bytes(account.key)?)))
    }

    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError> {
        let fault = |fault| ChainError::Address { chain: Chain::Solana, network, fault };
        if !(32..=44).contains(&text.len()) {
            return Err(fault(AddressFault::Length));
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| fault(AddressFault::Characters))?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| fault(AddressFault::Length))?;
        Ok(Address::new(base58(&bytes)))
    }

    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
        build::build(account, intent, context)
    }

    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError> {
        let bytes = bytes_of_file("solana transaction", file, offchain::MAX_LEN)?;
        if offchain::is_offchain(&bytes) {
            return Ok(OffchainMessage::parse(&bytes)?.encode());
        }
        let message = match Message::parse(&bytes) {
            Ok(message) => message,
            Err(no_message) => match unsigned_message(&bytes) {
                Err(ChainError::Malformed { .. }) => return Err(no_message),
                unsigned => unsigned?,
            },
        };
        Ok(message.encode())
    }

    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError> {
        let key = key_bytes(account.key)?;
        let (review, payload) = if offchain::is_offchain(bytes) {
            let message = OffchainMessage::parse(bytes)?;
            (review::of_words(account.network, &key, &message)?, message.encode())
        } else {
            let message = Message::parse(bytes)?;
            (review::of_transaction(account.network, &key, &message)?, message.encode())
        };
        if payload != bytes {
            return Err(ChainError::NotCanonical { what: "solana message" });
        }
        Ok(Decoded { review, requests: vec![SigningRequest { algorithm: Algorithm::Ed25519, payload }] })
    }

    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError> {
        let [signature] = signatures else {
            return Err(ChainError::SignatureCount { expected: 1, found: signatures.len() });
        };
        Ok([&[1], signature.bytes.as_slice(), bytes].concat())
    }

    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError> {
        let mut reader = Reader::new("signed solana transaction", signed);
        if reader.byte()? != 1 {
            return Err(reader.malformed());
        }
        let signature = reader.array()?;
        Ok((reader.take_rest().to_vec(), vec![signature]))
    }

    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError> {
        let (unsigned, signatures) = self.disassemble(signed)?;
        let id = base58(signatures.as_flattened());
        if offchain::is_offchain(&unsigned) {
            OffchainMessage::parse(&unsigned)?;
            return Ok(Identity { txid: offchain::digest(&unsigned), encoded: id });
        }
        Message::parse(&unsigned)?;
        Ok(Identity { txid: id, encoded: to_base64(signed) })
    }
}

/// Reads the message out of a wire transaction whose only signature is still empty.
fn unsigned_message(wire: &[u8]) -> Result<Message, ChainError> {
    let (message, signatures) = Solana.disassemble(wire)?;
    let message = Message::parse(&message)?;
    if signatures.as_flattened().iter().any(|byte| *byte != 0) {
        return Err(SolanaRefusal::AlreadySigned.into());
    }
    Ok(message)
}

fn key_bytes(key: &PublicKey) -> Result<[u8; 32], ChainError> {
    Ok(key.ed25519(Chain::Solana)?.to_bytes())
}

/// Whether an address is a key, and not one that a program controls.
fn is_key(address: &[u8; 32]) -> bool {
    ed25519_dalek::VerifyingKey::from_bytes(address).is_ok()
}

fn address_bytes(network: Network, text: &str) -> Result<[u8; 32], ChainError> {
    let fault = AddressFault::Characters;
    let address = Solana.parse_address(network, text)?;
    decode_base58_32(address.as_str()).ok_or(ChainError::Address { chain: Chain::Solana, network, fault })
}

#[cfg(test)]
mod tests;
