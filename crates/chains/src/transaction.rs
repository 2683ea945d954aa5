//! Transactions before and after the signature.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::KeyPurpose;
use quorate_primitives::encoding::{self, DecodeError, Versioned};
use serde::{Deserialize, Serialize};

use crate::chain::{Algorithm, Chain};
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;

/// The longest unsigned or signed transaction of any chain.
pub(crate) const MAX_TRANSACTION: usize = 256 * 1024;

/// An address in its canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Address(String);

impl Address {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text of the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What co-signers receive: bytes that say everything that is needed to review, sign and send.
///
/// They are whatever the proposer sent until [`decode`](crate::decode) has accepted them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsignedTransaction {
    /// The chain.
    pub chain: Chain,
    /// The network.
    pub network: Network,
    /// A Solana message, a NEAR or Ethereum transaction, a Bitcoin PSBT, or a message to sign in the chain's own form.
    #[serde(with = "crate::text::hex_bytes")]
    pub bytes: Vec<u8>,
}

impl Versioned for UnsignedTransaction {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 1 + 2 + 8 + 4 + MAX_TRANSACTION;
    const NAME: &'static str = "unsigned transaction";
}

impl UnsignedTransaction {
    /// Returns the versioned encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::to_bytes(self)
    }

    /// Reads what [`UnsignedTransaction::to_bytes`] wrote. The transaction in it is not looked at.
    ///
    /// # Errors
    /// Refuses what is too long, of another version, malformed or followed by more.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::from_bytes(bytes)
    }
}

/// A transaction that was understood to the last byte and found acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decoded {
    /// What a person reads.
    pub review: Review,
    /// What the account's key has to sign: one request, but one per input on Bitcoin.
    pub requests: Vec<SigningRequest>,
}

/// One signature to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SigningRequest {
    /// How to sign.
    pub algorithm: Algorithm,
    /// What to sign: for Ed25519 the message itself, for BIP-340 and ECDSA the 32 bytes that the chain signs.
    #[serde(with = "crate::text::hex_bytes")]
    pub payload: Vec<u8>,
}

impl SigningRequest {
    /// Returns the purpose of the account's key that signs.
    pub const fn purpose(&self) -> KeyPurpose {
        self.algorithm.purpose()
    }
}

/// A transaction with its signatures, in a form that holds everything needed to verify it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedTransaction {
    chain: Chain,
    network: Network,
    #[serde(with = "crate::text::hex_bytes")]
    bytes: Vec<u8>,
    txid: String,
    encoded: String,
}

impl SignedTransaction {
    /// Reads a signed transaction: Solana's, NEAR's and Ethereum's wire form, Bitcoin's finalised PSBT, or a signed message.
    /// The signatures are not looked at; [`verify`](crate::verify) does.
    ///
    /// # Errors
    /// A network that the chain has not; too long, malformed, or not canonical.
    pub fn from_bytes(chain: Chain, network: Network, bytes: &[u8]) -> Result<Self, ChainError> {
        chain.check(network)?;
        check_length(bytes)?;
        let identity = chain.adapter().identify(bytes)?;
        Ok(Self { chain, network, bytes: bytes.to_vec(), txid: identity.txid, encoded: identity.encoded })
    }

    /// Returns the chain.
    pub const fn chain(&self) -> Chain {
        self.chain
    }

    /// Returns the network.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Returns the self-contained bytes that [`SignedTransaction::from_bytes`] reads.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what explorers know the transaction by; for a message, the hash of what was signed.
    pub fn txid(&self) -> &str {
        &self.txid
    }

    /// Returns the text that the chain's RPC takes: base64 on Solana and NEAR, hexadecimal on Bitcoin and,
    /// after `0x`, Ethereum. Of a message
    /// it is the signature, as the chain's tools write it.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }
}

/// What a signed transaction is called and how it is sent.
pub(crate) struct Identity {
    pub(crate) txid: String,
    pub(crate) encoded: String,
}

pub(crate) fn check_length(bytes: &[u8]) -> Result<(), ChainError> {
    if bytes.len() > MAX_TRANSACTION {
        return Err(ChainError::TooLong { what: "transaction", len: bytes.len(), max: MAX_TRANSACTION });
    }
    Ok(())
}
