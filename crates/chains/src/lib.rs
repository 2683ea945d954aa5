//! Every chain in one shape: address from a key, an unsigned transaction from an intent, a review from bytes, the
//! bytes to sign from the review's own model, and the signed transaction once the signature is there.
//!
//! Nothing here holds a secret or talks to a network. What a person reads and what is signed come from one decoded
//! model: [`decode`] parses, encodes what it parsed, and refuses when the two differ. Bytes it does not understand
//! to the last one, and meanings it knows to be unsafe, are refused with a [`ChainError`] that names them.
//!
//! A chain is one module that implements the crate's `Adapter` and one variant of [`Chain`]; `docs/chains.md` shows
//! how to add one.

mod adapter;
mod amount;
mod bitcoin;
mod chain;
mod context;
mod cosmos;
mod der;
mod error;
mod ethereum;
mod hash;
mod intent;
mod key;
mod keys;
mod near;
mod network;
mod reader;
mod review;
mod signature;
mod solana;
mod text;
mod transaction;
mod xrp;

pub use adapter::{address, attach, build, decode, decode_with, import, parse_address, signer, verify};
pub use amount::{AmountFault, format_amount, parse_amount};
pub use bitcoin::{BitcoinRefusal, sample_utxo, transaction_id};
pub use chain::{Algorithm, Chain, TapTweak};
pub use context::{
    BitcoinContext, BitcoinFee, Context, ContextFile, CosmosCoin, CosmosContext, CosmosKey, CosmosMode,
    EthereumAccess, EthereumContext, EthereumFee, MessageVersion, NearContext, SolanaContext, TokenClaim,
    Utxo, XrpContext,
};
pub use cosmos::CosmosRefusal;
pub use error::{AddressFault, ChainError};
pub use ethereum::{EthereumRefusal, TypedDataFault};
pub use intent::Intent;
pub use key::PublicKey;
pub use keys::AccountKeys;
pub use near::NearRefusal;
pub use network::Network;
pub use review::{Review, ReviewLine};
pub use solana::SolanaRefusal;
pub use text::escape;
pub use transaction::{Address, Decoded, SignedTransaction, SigningRequest, UnsignedTransaction};
pub use xrp::XrpRefusal;
