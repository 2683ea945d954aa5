//! The words of `quorate sign xrp`.

use std::path::PathBuf;

use clap::Args;

use super::{Payment, SignArgs};

/// What the ledger says.
#[derive(Clone, Debug, Args)]
pub struct XrpChain {
    /// A file with what the ledger says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sequence", "last_ledger", "fee", "tag"])]
    pub context: Option<PathBuf>,

    /// The account's next sequence number
    #[arg(long, value_name = "N", requires_all = ["last_ledger", "fee"])]
    pub sequence: Option<u32>,

    /// The last ledger that may take the payment; about 20 beyond the current one give it a minute
    #[arg(long, value_name = "N", requires = "sequence")]
    pub last_ledger: Option<u32>,

    /// The fee in drops, a million of which are one XRP
    #[arg(long, value_name = "DROPS", requires = "sequence")]
    pub fee: Option<u64>,

    /// What the receiver tells payments apart by; exchanges need it
    #[arg(long, value_name = "N", requires = "sequence")]
    pub tag: Option<u32>,
}

/// Options of `sign xrp`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign xrp --to rKdtmJsDTrgwSTucRKSYyCg7JZx6FWbWUU --amount 25 \\
    --sequence 8 --last-ledger 90000020 --fee 12 --tag 501")]
pub struct XrpArgs {
    #[command(flatten)]
    pub payment: Payment,
    #[command(flatten)]
    pub chain: XrpChain,
    #[command(flatten)]
    pub sign: SignArgs,
}
