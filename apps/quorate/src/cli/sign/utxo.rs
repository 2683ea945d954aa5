//! The words of `quorate sign` for Bitcoin and Dogecoin.

use std::path::PathBuf;

use clap::Args;
use quorate_wallet::chains::Utxo;

use super::{Payment, SignArgs};
use crate::cli::values::utxo;

/// What Bitcoin, or a chain of its kind, says.
#[derive(Clone, Debug, Args)]
pub struct BitcoinChain {
    /// A file with what the chain says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["utxos", "fee", "fee_rate"])]
    pub context: Option<PathBuf>,

    /// An output that may be spent, its value in base units; can be given several times
    #[arg(long = "utxo", value_name = "TXID:VOUT:VALUE", value_parser = utxo)]
    pub utxos: Vec<Utxo>,

    /// The fee in base units, satoshi or koinu
    #[arg(long, value_name = "UNITS", conflicts_with = "fee_rate", requires = "utxos")]
    pub fee: Option<u64>,

    /// The fee in base units per virtual byte
    #[arg(long, value_name = "DECIMAL", requires = "utxos")]
    pub fee_rate: Option<String>,
}

/// The same, where signatures do not commit to what they spend.
#[derive(Clone, Debug, Args)]
pub struct SpentChain {
    #[command(flatten)]
    pub chain: BitcoinChain,

    /// A whole transaction that is spent from, in hexadecimal or in a file; can be given several times
    #[arg(long = "previous", value_name = "FILE|HEX", requires = "utxos", conflicts_with = "context")]
    pub previous: Vec<String>,
}

/// Options of `sign bitcoin`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign bitcoin --to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 --amount 0.01 --fee-rate 3 \\
    --utxo 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0:2000000")]
pub struct BitcoinArgs {
    #[command(flatten)]
    pub payment: Payment,
    /// Words that travel along, for everybody to read
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    #[command(flatten)]
    pub chain: BitcoinChain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign bitcoin-segwit`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign bitcoin-segwit --to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 --amount 0.01 \\
    --utxo 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0:2000000 \\
    --previous 4a5e.hex --fee-rate 3")]
pub struct BitcoinSegwitArgs {
    #[command(flatten)]
    pub payment: Payment,
    /// Words that travel along, for everybody to read
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    #[command(flatten)]
    pub chain: SpentChain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign dogecoin`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign dogecoin --to DFpN… --amount 120 --fee-rate 1000 \\
    --utxo 4a5e…:0:50000000000 --previous 4a5e.hex")]
pub struct DogecoinArgs {
    #[command(flatten)]
    pub payment: Payment,
    #[command(flatten)]
    pub chain: SpentChain,
    #[command(flatten)]
    pub sign: SignArgs,
}
