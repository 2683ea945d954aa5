//! What building needs to know about the chain at this moment.
//!
//! The layout of the file is in `docs/formats/context.md`.

use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::error::ChainError;

/// The longest context file that is read.
const MAX_JSON: usize = 1024 * 1024;

/// The facts about one chain that a transaction is built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Context {
    /// None: enough to sign a message.
    None,
    /// Solana's.
    Solana(SolanaContext),
    /// NEAR's.
    Near(NearContext),
    /// Bitcoin's.
    Bitcoin(BitcoinContext),
    /// Ethereum's.
    Ethereum(Box<EthereumContext>),
}

/// What a `--context` file holds: the facts of one or more chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextFile {
    /// Solana's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solana: Option<SolanaContext>,
    /// NEAR's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<NearContext>,
    /// Bitcoin's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitcoin: Option<BitcoinContext>,
    /// Ethereum's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ethereum: Option<EthereumContext>,
}

impl ContextFile {
    /// Reads the file.
    ///
    /// # Errors
    /// Too much text, malformed JSON, an unknown field, or a field given twice.
    pub fn from_json(json: &[u8]) -> Result<Self, ChainError> {
        crate::text::from_json("context", json, MAX_JSON)
    }

    /// Returns the facts of one chain, [`Context::None`] if the file has none.
    pub fn context(&self, chain: Chain) -> Context {
        match chain {
            Chain::Solana => self.solana.clone().map_or(Context::None, Context::Solana),
            Chain::Near => self.near.clone().map_or(Context::None, Context::Near),
            Chain::Bitcoin => self.bitcoin.clone().map_or(Context::None, Context::Bitcoin),
            Chain::Ethereum => {
                self.ethereum.clone().map_or(Context::None, |facts| Context::Ethereum(Box::new(facts)))
            }
        }
    }
}

/// Solana's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SolanaContext {
    /// A recent block hash, or the value of the nonce account, in base58.
    pub recent_blockhash: String,
    /// The message format to build.
    #[serde(default)]
    pub version: MessageVersion,
    /// The most compute units the transaction may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_unit_limit: Option<u32>,
    /// The priority fee, in millionths of a lamport per compute unit; it needs `compute_unit_limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_unit_price: Option<u64>,
    /// A durable nonce account whose authority is the account itself: the transaction then never expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce_account: Option<String>,
}

/// The two message formats of Solana.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageVersion {
    /// The first format, without a version byte.
    Legacy,
    /// Version 0, without address-lookup tables.
    #[default]
    V0,
}

/// NEAR's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearContext {
    /// The nonce the transaction will carry: one more than the access key's.
    pub nonce: u64,
    /// The hash of a recent block, in base58.
    pub block_hash: String,
    /// The named account that signs; without it, the implicit account of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_id: Option<String>,
}

/// Bitcoin's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitcoinContext {
    /// Outputs of the account's own address that may be spent. Change goes back to that address.
    pub utxos: Vec<Utxo>,
    /// What to pay to the miner.
    pub fee: BitcoinFee,
}

/// One unspent output of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utxo {
    /// The transaction, as explorers show it.
    pub txid: String,
    /// Which of its outputs.
    pub vout: u32,
    /// Its value in satoshi.
    pub value: u64,
}

/// How a Bitcoin fee is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum BitcoinFee {
    /// Satoshi per virtual byte, in decimal with at most three places.
    Rate(String),
    /// Satoshi in all. When no change is worth an output, what would be change is paid as well.
    Total(u64),
}

/// Ethereum's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthereumContext {
    /// The nonce the transaction will carry: how many the account has sent.
    pub nonce: u64,
    /// The most gas the transaction may use.
    pub gas_limit: u64,
    /// What a unit of gas may cost, which also decides the kind of the transaction.
    pub fee: EthereumFee,
    /// Storage that the transaction announces to touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_list: Vec<EthereumAccess>,
    /// What somebody says about tokens. The chain does not know it, and reviews say who claims it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenClaim>,
}

/// How a unit of gas is paid for, in decimal, in gwei.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EthereumFee {
    /// A price that is paid in full: a legacy transaction, or one of EIP-2930 if there is an access list.
    GasPrice(String),
    /// The two fees of EIP-1559.
    Dynamic {
        /// The most in all.
        max: String,
        /// What of it the maker of the block may keep.
        priority: String,
    },
}

/// An entry of an access list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthereumAccess {
    /// The account.
    pub address: String,
    /// Its storage keys, each 32 bytes in hexadecimal after `0x`.
    pub storage_keys: Vec<String>,
}

/// What is said about a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenClaim {
    /// The address of its contract.
    pub address: String,
    /// What it is called.
    pub symbol: String,
    /// How many decimal places its main unit has.
    pub decimals: u8,
}
