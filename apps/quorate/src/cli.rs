//! The words of the command line.

mod sign;
mod values;
mod wallet;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use quorate_primitives::Millis;
use quorate_wallet::chains::{Chain, Network};

pub use sign::{
    BitcoinArgs, BitcoinChain, BitcoinSegwitArgs, CosmosArgs, CosmosChain, DogecoinArgs, EthereumArgs,
    EthereumChain, MessageArgs, NearArgs, NearCallArgs, NearChain, Payment, PsbtArgs, RawTxArgs, ResumeArgs,
    SignArgs, SignCommand, SolanaArgs, SolanaChain, SpentChain, TypedDataArgs, WaitArgs, XrpArgs, XrpChain,
};
pub use values::{CHAINS, NETWORKS, chain, duration, name, network, show_duration};
pub use wallet::{AbandonArgs, AddressesArgs, CreateArgs, JoinArgs, PairArgs, ShowArgs, WalletCommand};

use crate::device::PRESIGNATURES;
use crate::password::PasswordSource;

/// A key that a group holds and none of its members has: make one, and sign with it.
///
/// Each person's device runs this command with a home of its own. What is secret stays in the home's vault; a relay
/// carries ciphertext between the devices and is trusted with nothing else.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0    done
  1    failed; nothing was lost
  2    the command line can not be read
  3    refused by a person, here or at another device
  4    not in time
  5    the vault can not be opened: no device, wrong password, damage, full disk
  6    the relay can not be reached
  130  interrupted, or standard input ended at a question

TIME is a number and one of s, m, h, d: 90s, 10m, 24h; a week at most. A wallet or a request is named by its id's \
beginning, at least 4 digits of it.

A command that waits holds its device: others say meanwhile that the vault is in use. `quorate device` does several things \
at once.

With --json every line on standard output is one JSON object with the field `view` (of `signal`, `event`), and an error is one JSON object \
on standard error with `error` (its kind), `message`, `because` and `hint`. Questions are not printed then: a view \
that awaits an answer has `confirm` or `undecided` set, and standard input is read for a line `yes` or `no`.

Examples:
  quorate demo
  quorate init --name laptop
  quorate wallet create treasury --threshold 2 --members 3
  quorate sign solana --to 3rWNgZug9tWu2fJg21ZnUXaYAAHyVuy8YccB2oEfp31V --amount 0.5 \\
    --blockhash EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";

/// The heading of options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The device's folder; without it, `quorate` in the user's data folder
    #[arg(long, global = true, env = "QUORATE_HOME", hide_env_values = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub home: Option<PathBuf>,

    /// Print JSON: one object per line
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,

    /// Print results, questions and warnings only
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    pub quiet: bool,

    /// Read the password from the only line of a file
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "password_fd", help_heading = EVERYWHERE)]
    pub password_file: Option<PathBuf>,

    /// Read the password from an open descriptor
    #[arg(long, global = true, value_name = "N", help_heading = EVERYWHERE)]
    pub password_fd: Option<u32>,
}

impl Global {
    /// Returns where the password comes from.
    pub fn password(&self) -> PasswordSource {
        match (&self.password_file, self.password_fd) {
            (Some(file), _) => PasswordSource::File(file.clone()),
            (None, Some(number)) => PasswordSource::Descriptor(number),
            (None, None) => PasswordSource::Terminal,
        }
    }
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make this device: its identity, in a new vault
    Init(InitArgs),
    /// Make wallets with other devices, and look at them
    Wallet {
        /// What to do with them.
        #[command(subcommand)]
        command: WalletCommand,
    },
    /// Propose something to sign, and wait for the signature
    Sign {
        /// What to sign.
        #[command(subcommand)]
        command: SignCommand,
    },
    /// Show what was proposed, after looking for new requests
    Requests(RequestsArgs),
    /// Review what others propose, approve it, and wait for the signature
    Approve(ApproveArgs),
    /// Refuse a request, and tell the others
    Refuse(RefuseArgs),
    /// Check a signed transaction or message; needs no device
    Verify(VerifyArgs),
    /// Run a relay
    Signal(SignalArgs),
    /// Be a device for another program: commands in and views out, as JSON lines
    Device(DeviceArgs),
    /// Show everything at once: a relay, three devices, a wallet, signatures on every chain
    Demo(DemoArgs),
}

/// Options of `init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate init --name laptop")]
pub struct InitArgs {
    /// What the other members see; 1 to 64 characters
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: String,

    #[command(flatten)]
    pub kdf: KdfArgs,
}

/// How much work one guess of the password takes.
#[derive(Clone, Copy, Debug, Args)]
pub struct KdfArgs {
    /// Memory that one guess of the password takes, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(19..=1024))]
    pub kdf_memory: u32,

    /// Passes over that memory
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=16))]
    pub kdf_passes: u32,
}

/// Options of `requests`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate requests")]
pub struct RequestsArgs {
    /// How long to look for new ones; 0s shows what is known here
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub wait: Millis,
}

/// Options of `approve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate approve
  quorate approve 4f2a91 --wait 10m
  quorate approve 4f2a91c3b09d7e51a6c8f2d40b3e97f1 --yes")]
pub struct ApproveArgs {
    /// The request's id, or at least 4 digits of its beginning; without it, whatever is pending, one after the other
    #[arg(value_name = "REQUEST")]
    pub request: Option<String>,

    /// Approve without asking; only a request that is named with at least 32 digits
    #[arg(long, requires = "request")]
    pub yes: bool,

    /// How long to wait for a request
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub wait: Millis,
}

/// Options of `refuse`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate refuse 4f2a91 --reason 'not what we agreed on'")]
pub struct RefuseArgs {
    /// The request's id, or at least 4 digits of its beginning
    #[arg(value_name = "REQUEST")]
    pub request: String,

    /// Why, for the others
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,

    /// How long to wait for the request
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub wait: Millis,
}

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate verify --chain solana --network testnet --key 6a7f… signed.hex
  quorate verify --chain ethereum --network base --key 02c1… 02f86b82…")]
pub struct VerifyArgs {
    /// The chain.
    #[arg(long, value_parser = chain, help = CHAINS)]
    pub chain: Chain,

    /// Its network.
    #[arg(long, value_parser = network, help = NETWORKS)]
    pub network: Network,

    /// The account's public key, in hexadecimal
    #[arg(long, value_name = "HEX")]
    pub key: String,

    /// Bitcoin: the account's key of its other address, where a transaction spends from both
    #[arg(long, value_name = "HEX")]
    pub other_key: Option<String>,

    /// A file with the signed bytes (binary, hexadecimal or base64), `-` for standard input, or the hexadecimal itself
    #[arg(value_name = "FILE|HEX")]
    pub signed: String,
}

/// Options of `signal`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate signal
  quorate signal --listen 0.0.0.0:443 --name relay.example.org --tls-cert chain.pem --tls-key key.pem")]
pub struct SignalArgs {
    #[command(flatten)]
    pub config: quorate_signal::Config,

    /// How much to log: error, warn, info, debug or trace
    #[arg(long, env = "QUORATE_SIGNAL_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: tracing::Level,
}

/// Options of `device`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  echo '{\"command\":\"list\"}' | quorate device --password-file secret

docs/formats/device.md has every command and view.")]
pub struct DeviceArgs {
    /// Make the device first, with this name
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub init: Option<String>,

    /// Presignatures kept ahead for every signer set that is online; with 0 they are made when asked for
    #[arg(long, value_name = "N", default_value_t = PRESIGNATURES, value_parser = clap::value_parser!(u8).range(0..=16))]
    pub presignatures: u8,

    #[command(flatten)]
    pub kdf: KdfArgs,
}

/// Options of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate demo")]
pub struct DemoArgs {
    /// Keep the devices' homes
    #[arg(long)]
    pub keep: bool,

    /// What the chains say at this moment; sample values otherwise
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let subcommands: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
            if subcommands.is_empty() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.starts_with("Example"), "no example:{path}");
                assert!(help.contains(path.trim()), "example of another command:{path}");
            }
            subcommands.into_iter().for_each(|sub| check(sub, &path));
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn a_password_is_never_an_argument() {
        for args in [&["quorate", "--password", "x", "requests"][..], &["quorate", "init", "--password=x"]] {
            assert!(Cli::try_parse_from(args).is_err());
        }
    }
}
