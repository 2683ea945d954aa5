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
    /// Bitcoin's, for Taproot.
    Bitcoin(BitcoinContext),
    /// Bitcoin's, for P2WPKH.
    #[serde(rename = "bitcoin-segwit")]
    BitcoinSegwit(BitcoinContext),
    /// Dogecoin's.
    Dogecoin(BitcoinContext),
    /// XRP's.
    Xrp(XrpContext),
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
    /// Bitcoin's facts, for Taproot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitcoin: Option<BitcoinContext>,
    /// Bitcoin's facts, for P2WPKH.
    #[serde(rename = "bitcoin-segwit", default, skip_serializing_if = "Option::is_none")]
    pub bitcoin_segwit: Option<BitcoinContext>,
    /// Dogecoin's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dogecoin: Option<BitcoinContext>,
    /// XRP's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xrp: Option<XrpContext>,
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
            Chain::BitcoinSegwit => self.bitcoin_segwit.clone().map_or(Context::None, Context::BitcoinSegwit),
            Chain::Dogecoin => self.dogecoin.clone().map_or(Context::None, Context::Dogecoin),
            Chain::Xrp => self.xrp.clone().map_or(Context::None, Context::Xrp),
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

/// The facts of Bitcoin, or of a chain of its kind.
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
    /// Its value in base units.
    pub value: u64,
    /// The whole transaction, in hexadecimal: needed for P2WPKH and on Dogecoin, whose signatures do not commit to every
    /// amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
}

/// How a Bitcoin fee is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum BitcoinFee {
    /// Base units per virtual byte, in decimal with at most three places.
    Rate(String),
    /// Base units in all. When no change is worth an output, what would be change is paid as well.
    Total(u64),
}

/// XRP's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XrpContext {
    /// The account's next sequence number.
    pub sequence: u32,
    /// The last ledger that may take the payment.
    pub last_ledger_sequence: u32,
    /// What to pay for processing, in drops.
    pub fee: u64,
    /// What the receiver tells payments apart by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_tag: Option<u32>,
}
