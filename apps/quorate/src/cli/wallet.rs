//! The words of `quorate wallet`.

use clap::{Args, Subcommand};
use quorate_primitives::Millis;
use quorate_wallet::chains::Network;

use super::values::{account, duration, name, network};

/// What can be done with wallets.
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Invite other devices, and make the keys together
    Create(CreateArgs),
    /// Join a group that another device invites to
    Join(JoinArgs),
    /// Go on with a group or a key ceremony that was interrupted
    #[command(after_help = "Example:\n  quorate wallet resume")]
    Resume,
    /// List this device's wallets
    #[command(after_help = "Example:\n  quorate wallet list")]
    List,
    /// Show a wallet: members, keys, addresses
    Show(ShowArgs),
    /// Show an account's addresses
    Addresses(AddressesArgs),
    /// Give up making a wallet's keys, and tell the others
    Abandon(AbandonArgs),
    /// Make the pair with one member anew, which ECDSA signatures need
    ///
    /// Pairs are set up by themselves. This is for one that failed or was banned: both members may have to.
    Pair(PairArgs),
}

/// Options of `wallet create`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet create treasury --threshold 2 --members 3")]
pub struct CreateArgs {
    /// What people will call it
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: String,

    /// How many devices sign
    #[arg(long, value_name = "T")]
    pub threshold: u16,

    /// How many devices there are, this one included
    #[arg(long, value_name = "N")]
    pub members: u16,

    /// The relay
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080/ws")]
    pub relay: String,

    /// How long others can join
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub expires: Millis,

    /// Begin without comparing the safety words; only where nobody can be between the devices
    #[arg(long)]
    pub yes: bool,
}

/// Options of `wallet join`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet join quorate1qyz…")]
pub struct JoinArgs {
    /// The line that `wallet create` printed
    #[arg(value_name = "INVITE")]
    pub invite: String,

    /// Begin without comparing the safety words; only where nobody can be between the devices
    #[arg(long)]
    pub yes: bool,
}

/// Options of `wallet show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet show treasury")]
pub struct ShowArgs {
    /// Its name or at least 4 digits of its id; may be left out when there is one
    #[arg(value_name = "NAME")]
    pub wallet: Option<String>,
}

/// Options of `wallet addresses`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet addresses treasury --network testnet --account 1")]
pub struct AddressesArgs {
    /// The wallet's name or at least 4 digits of its id; may be left out when there is one
    #[arg(value_name = "NAME")]
    pub wallet: Option<String>,

    /// Only this network: mainnet, testnet, regtest, or one of Ethereum's machine such as base or evm:5000
    #[arg(long, value_parser = network)]
    pub network: Option<Network>,

    /// The account, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = account())]
    pub account: u32,
}

/// Options of `wallet abandon`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet abandon treasury")]
pub struct AbandonArgs {
    /// The wallet's name or at least 4 digits of its id
    #[arg(value_name = "NAME")]
    pub wallet: String,

    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Options of `wallet pair`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate wallet pair phone")]
pub struct PairArgs {
    /// The other member's name
    #[arg(value_name = "MEMBER")]
    pub member: String,

    /// The wallet's name or at least 4 digits of its id; may be left out when there is one
    #[arg(long, value_name = "NAME")]
    pub wallet: Option<String>,

    /// How long to wait for the other member
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub wait: Millis,
}
