//! The words of `quorate sign ethereum`.

use std::path::PathBuf;

use clap::Args;

use super::{Payment, SignArgs};

/// What the network says.
#[derive(Clone, Debug, Args)]
pub struct EthereumChain {
    /// A file with what the chain says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "nonce", "gas_limit", "max_fee", "priority_fee", "gas_price", "symbol", "decimals",
    ])]
    pub context: Option<PathBuf>,

    /// How many transactions the account has sent
    #[arg(long, value_name = "N")]
    pub nonce: Option<u64>,

    /// The most gas; without it 21000, which a payment of coins to a person uses
    #[arg(long, value_name = "UNITS", requires = "nonce")]
    pub gas_limit: Option<u64>,

    /// The most that a unit of gas may cost, in gwei
    #[arg(long, value_name = "GWEI", requires_all = ["nonce", "priority_fee"])]
    pub max_fee: Option<String>,

    /// What of it the block's maker may keep, in gwei
    #[arg(long, value_name = "GWEI", requires = "max_fee")]
    pub priority_fee: Option<String>,

    /// The price of a unit of gas in gwei, in a transaction of the kind from before EIP-1559
    #[arg(long, value_name = "GWEI", requires = "nonce", conflicts_with_all = ["max_fee", "priority_fee"])]
    pub gas_price: Option<String>,

    /// Pay tokens of this contract instead of coins
    #[arg(long, value_name = "ADDRESS")]
    pub token: Option<String>,

    /// What the token is called
    #[arg(long, value_name = "NAME", requires_all = ["token", "nonce"])]
    pub symbol: Option<String>,

    /// How many decimal places its main unit has, as its contract says
    #[arg(long, value_name = "N", requires_all = ["token", "nonce"])]
    pub decimals: Option<u8>,
}

/// Options of `sign ethereum`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate sign ethereum --network base --to 0x544fd309AB2e6C915546cf6c9897875f4ed8A7bF \\
    --amount 0.5 --nonce 12 --max-fee 0.2 --priority-fee 0.01
  quorate sign ethereum --to 0x544fd309AB2e6C915546cf6c9897875f4ed8A7bF --amount 25 \\
    --token 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 --symbol USDC --decimals 6 \\
    --nonce 13 --gas-limit 65000 --max-fee 30 --priority-fee 1.5")]
pub struct EthereumArgs {
    #[command(flatten)]
    pub payment: Payment,
    #[command(flatten)]
    pub chain: EthereumChain,
    #[command(flatten)]
    pub sign: SignArgs,
}
