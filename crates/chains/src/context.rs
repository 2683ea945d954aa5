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
    /// Ethereum's.
    Ethereum(Box<EthereumContext>),
    /// Bitcoin's, for P2WPKH.
    #[serde(rename = "bitcoin-segwit")]
    BitcoinSegwit(BitcoinContext),
    /// Dogecoin's.
    Dogecoin(BitcoinContext),
    /// A Cosmos chain's.
    Cosmos(Box<CosmosContext>),
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
    /// Ethereum's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ethereum: Option<EthereumContext>,
    /// Bitcoin's facts, for P2WPKH.
    #[serde(rename = "bitcoin-segwit", default, skip_serializing_if = "Option::is_none")]
    pub bitcoin_segwit: Option<BitcoinContext>,
    /// Dogecoin's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dogecoin: Option<BitcoinContext>,
    /// A Cosmos chain's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosmos: Option<CosmosContext>,
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
            Chain::Ethereum => {
                self.ethereum.clone().map_or(Context::None, |facts| Context::Ethereum(Box::new(facts)))
            }
            Chain::BitcoinSegwit => self.bitcoin_segwit.clone().map_or(Context::None, Context::BitcoinSegwit),
            Chain::Dogecoin => self.dogecoin.clone().map_or(Context::None, Context::Dogecoin),
            Chain::Cosmos => {
                self.cosmos.clone().map_or(Context::None, |facts| Context::Cosmos(Box::new(facts)))
            }
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

/// The facts of a Cosmos chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosmosContext {
    /// The chain's id, as `cosmoshub-4`.
    pub chain_id: String,
    /// What the chain's addresses begin with.
    pub prefix: String,
    /// The account's number on the chain.
    pub account_number: u64,
    /// The account's next sequence number.
    pub sequence: u64,
    /// What is paid, in the chain's own name for the base unit.
    pub denom: String,
    /// How many decimal places its main unit has; needed where the denomination is not known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// What to pay for processing; empty for nothing.
    pub fee: Vec<CosmosCoin>,
    /// The most gas the transaction may use.
    pub gas: u64,
    /// The last block that may take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_height: Option<u64>,
    /// The form that is signed.
    #[serde(default)]
    pub mode: CosmosMode,
    /// The type of the account's key.
    #[serde(default)]
    pub key_type: CosmosKey,
}

/// An amount of base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosmosCoin {
    /// How many, in decimal.
    pub amount: String,
    /// Of what.
    pub denom: String,
}

/// The two forms in which a Cosmos transaction is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CosmosMode {
    /// SIGN_MODE_DIRECT: protobuf.
    #[default]
    Direct,
    /// SIGN_MODE_LEGACY_AMINO_JSON.
    Amino,
}

/// How a Cosmos chain turns a secp256k1 key into an address, and what it hashes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CosmosKey {
    /// SHA-256 and RIPEMD-160, as most chains.
    #[default]
    Secp256k1,
    /// Keccak-256 as Ethereum, by Ethermint's name.
    Ethermint,
    /// Keccak-256 as Ethereum, by the name of Cosmos EVM.
    CosmosEvm,
    /// Keccak-256 as Ethereum, by Injective's name.
    Injective,
}
