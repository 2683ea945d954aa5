//! The words of `quorate sign cosmos`.

use std::path::PathBuf;

use clap::Args;
use quorate_wallet::chains::{CosmosCoin, CosmosKey, CosmosMode};

use super::{Payment, SignArgs};
use crate::cli::values::{coin, cosmos_key, cosmos_mode};

/// What a Cosmos chain says.
#[derive(Clone, Debug, Args)]
pub struct CosmosChain {
    /// A file with what the chain says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "chain_id", "prefix", "account_number", "sequence", "denom", "decimals", "fee", "gas",
        "timeout_height", "mode", "key_type",
    ])]
    pub context: Option<PathBuf>,

    /// The chain's id, as cosmoshub-4
    #[arg(long, value_name = "ID", requires_all = ["prefix", "account_number", "sequence", "denom", "gas"])]
    pub chain_id: Option<String>,

    /// What the chain's addresses begin with, as cosmos
    #[arg(long, value_name = "TEXT", requires = "chain_id")]
    pub prefix: Option<String>,

    /// The account's number on the chain
    #[arg(long, value_name = "N", requires = "chain_id")]
    pub account_number: Option<u64>,

    /// The account's next sequence number
    #[arg(long, value_name = "N", requires = "chain_id")]
    pub sequence: Option<u64>,

    /// What is paid, in the chain's name for the base unit, as uatom
    #[arg(long, value_name = "NAME", requires = "chain_id")]
    pub denom: Option<String>,

    /// How many decimal places the main unit has; needed where the chain or what is paid is not known here
    #[arg(long, value_name = "N", requires = "chain_id")]
    pub decimals: Option<u8>,

    /// The fee in base units, as 2000uatom, several separated by commas; without it, none
    #[arg(long, value_name = "COINS", value_parser = coin, value_delimiter = ',', requires = "chain_id")]
    pub fee: Vec<CosmosCoin>,

    /// The most gas; a payment uses about 100000
    #[arg(long, value_name = "UNITS", requires = "chain_id")]
    pub gas: Option<u64>,

    /// The last block that may take it
    #[arg(long, value_name = "N", requires = "chain_id")]
    pub timeout_height: Option<u64>,

    /// The form that is signed: direct or amino; without it, direct
    #[arg(long, value_name = "FORM", value_parser = cosmos_mode, requires = "chain_id")]
    pub mode: Option<CosmosMode>,

    /// The type of the account's key: secp256k1, ethermint, cosmos-evm or injective; without it, secp256k1
    #[arg(long, value_name = "TYPE", value_parser = cosmos_key, requires = "chain_id")]
    pub key_type: Option<CosmosKey>,
}

/// Options of `sign cosmos`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign cosmos --to cosmos1gwytarw8hf0t0trvk4lrunntjmn8u3j3f6jzhr --amount 1.5 \\
    --chain-id cosmoshub-4 --prefix cosmos --account-number 7 --sequence 3 --denom uatom --fee 2000uatom --gas 100000")]
pub struct CosmosArgs {
    #[command(flatten)]
    pub payment: Payment,
    /// Words that travel along, for everybody to read; exchanges need them
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    #[command(flatten)]
    pub chain: CosmosChain,
    #[command(flatten)]
    pub sign: SignArgs,
}
