//! The words of `quorate sign`.

mod cosmos;
mod ethereum;
mod utxo;
mod xrp;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quorate_primitives::Millis;
use quorate_wallet::chains::{Chain, Network};

pub use self::cosmos::{CosmosArgs, CosmosChain};
pub use self::ethereum::{EthereumArgs, EthereumChain};
pub use self::utxo::{BitcoinArgs, BitcoinChain, BitcoinSegwitArgs, DogecoinArgs, SpentChain};
pub use self::xrp::{XrpArgs, XrpChain};
use super::values::{CHAINS, NETWORKS, account, chain, chain_of_messages, chain_of_psbts, duration, network};

/// What can be signed.
#[derive(Debug, Subcommand)]
pub enum SignCommand {
    /// A transfer on Ethereum or another network of its machine, of coins or of tokens
    Ethereum(EthereumArgs),
    /// A transfer on Bitcoin, from the wallet's Taproot address
    Bitcoin(BitcoinArgs),
    /// A transfer on Bitcoin, from the wallet's segwit address
    BitcoinSegwit(BitcoinSegwitArgs),
    /// A transfer on Solana
    Solana(SolanaArgs),
    /// A transfer on NEAR
    Near(NearArgs),
    /// A transfer on a Cosmos chain
    Cosmos(CosmosArgs),
    /// A transfer of XRP
    Xrp(XrpArgs),
    /// A transfer on Dogecoin
    Dogecoin(DogecoinArgs),
    /// A call of a NEAR contract's method
    NearCall(NearCallArgs),
    /// A message, in the form in which the chain's tools verify it; docs/chains.md names the form and the tools
    Message(MessageArgs),
    /// Typed data of Ethereum (EIP-712), which can be permissions and orders
    TypedData(TypedDataArgs),
    /// A PSBT of the wallet's addresses on Bitcoin or Dogecoin
    Psbt(PsbtArgs),
    /// An unsigned transaction that another program made
    RawTx(RawTxArgs),
    /// Propose an earlier request again, after an interruption or a refusal
    Resume(ResumeArgs),
}

/// Options of everything that is signed.
#[derive(Clone, Debug, Args)]
pub struct SignArgs {
    /// The wallet's name or at least 4 digits of its id; may be left out when there is one
    #[arg(long, value_name = "NAME")]
    pub wallet: Option<String>,

    /// The network.
    #[arg(long, default_value = "mainnet", value_parser = network, help = NETWORKS)]
    pub network: Network,

    /// The account, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = account())]
    pub account: u32,

    /// What the other members should know about it; it is not part of what is signed
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub note: String,

    /// Bind an ECDSA signature to what is signed from its first round on: slower, and no presignature is used
    #[arg(long)]
    pub plain: bool,

    #[command(flatten)]
    pub wait: WaitArgs,
}

/// Options of everything that waits for a signature.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// How long the others may take; this device is held until then, or until it is signed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub expires: Millis,

    /// Propose without asking
    #[arg(long)]
    pub yes: bool,

    /// Write the signed bytes to a new file as well, as `quorate verify` reads them
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Who is paid how much.
#[derive(Clone, Debug, Args)]
pub struct Payment {
    /// Who is paid
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,

    /// How much, in the main unit of what is paid
    #[arg(long, value_name = "DECIMAL")]
    pub amount: String,
}

/// What Solana says.
#[derive(Clone, Debug, Args)]
pub struct SolanaChain {
    /// A file with what the chain says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["blockhash", "nonce_account"])]
    pub context: Option<PathBuf>,

    /// A recent block hash, or the value of the nonce account
    #[arg(long, value_name = "BASE58")]
    pub blockhash: Option<String>,

    /// A durable nonce account of this account: the transaction then never expires
    #[arg(long, value_name = "ADDRESS", requires = "blockhash")]
    pub nonce_account: Option<String>,

    /// The most compute units
    #[arg(long, value_name = "UNITS", requires = "blockhash")]
    pub compute_units: Option<u32>,

    /// The priority fee, in millionths of a lamport per compute unit
    #[arg(long, value_name = "PRICE", requires = "compute_units")]
    pub compute_price: Option<u64>,

    /// Build the message format from before version 0
    #[arg(long, requires = "blockhash")]
    pub legacy: bool,
}

/// What NEAR says.
#[derive(Clone, Debug, Args)]
pub struct NearChain {
    /// A file with what the chain says, instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nonce", "block_hash", "signer_id"])]
    pub context: Option<PathBuf>,

    /// One more than the nonce of the access key
    #[arg(long, value_name = "N", requires = "block_hash")]
    pub nonce: Option<u64>,

    /// The hash of a recent block
    #[arg(long, value_name = "BASE58", requires = "nonce")]
    pub block_hash: Option<String>,

    /// The named account that signs; without it, the implicit account of the key
    #[arg(long, value_name = "ACCOUNT", requires = "nonce")]
    pub signer_id: Option<String>,
}

/// Options of `sign solana`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign solana --to 3rWNgZug9tWu2fJg21ZnUXaYAAHyVuy8YccB2oEfp31V --amount 0.5 \\
    --blockhash EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG --network testnet")]
pub struct SolanaArgs {
    #[command(flatten)]
    pub payment: Payment,
    /// Words that travel along, for everybody to read
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    #[command(flatten)]
    pub chain: SolanaChain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign near`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign near --to bob.near --amount 1.5 --nonce 7 \\
    --block-hash EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")]
pub struct NearArgs {
    #[command(flatten)]
    pub payment: Payment,
    #[command(flatten)]
    pub chain: NearChain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign near-call`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  quorate sign near-call --contract usdt.tether-token.near --method ft_transfer \\
    --args '{\"receiver_id\":\"bob.near\",\"amount\":\"5\"}' --gas 30 \\
    --deposit 0.000000000000000000000001 --nonce 8 \\
    --block-hash EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG")]
pub struct NearCallArgs {
    /// The contract's account
    #[arg(long, value_name = "ACCOUNT")]
    pub contract: String,
    /// The method
    #[arg(long, value_name = "NAME")]
    pub method: String,
    /// The arguments, commonly JSON
    #[arg(long, value_name = "TEXT", default_value = "{}")]
    pub args: String,
    /// The most gas, in Tgas
    #[arg(long, value_name = "DECIMAL", default_value = "30")]
    pub gas: String,
    /// The NEAR that go along
    #[arg(long, value_name = "DECIMAL", default_value = "0")]
    pub deposit: String,
    #[command(flatten)]
    pub chain: NearChain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign message`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate sign message words.txt --chain ethereum
  echo -n 'it is me' | quorate sign message - --chain near --recipient app.near --yes")]
pub struct MessageArgs {
    /// A file with the words, every byte of which is signed, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The chain: ethereum, bitcoin, bitcoin-segwit, solana, near or cosmos
    #[arg(long, value_parser = chain_of_messages)]
    pub chain: Chain,
    /// NEAR, needed: whom the words are for
    #[arg(long, value_name = "ACCOUNT")]
    pub recipient: Option<String>,
    /// NEAR: 32 bytes that were never used before; without it, random ones
    #[arg(long, value_name = "HEX")]
    pub nonce: Option<String>,
    /// NEAR: where the signature will be sent
    #[arg(long, value_name = "URL")]
    pub callback_url: Option<String>,
    /// Cosmos: a file that says what the chain's addresses begin with and how its keys hash
    #[arg(long, value_name = "FILE")]
    pub context: Option<PathBuf>,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign typed-data`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate sign typed-data order.json --network base")]
pub struct TypedDataArgs {
    /// A file with the JSON that `eth_signTypedData_v4` takes, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign psbt`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  quorate sign psbt payment.psbt --network testnet --output signed.psbt
  quorate sign psbt payment.psbt --chain dogecoin")]
pub struct PsbtArgs {
    /// The file, binary or base64, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The chain: bitcoin, bitcoin-segwit or dogecoin; either of Bitcoin's signs for both of the account's addresses
    #[arg(long, default_value = "bitcoin", value_parser = chain_of_psbts)]
    pub chain: Chain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign raw-tx`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate sign raw-tx unsigned.hex --chain ethereum --network base")]
pub struct RawTxArgs {
    /// The file, binary, base64 or hexadecimal, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The chain.
    #[arg(long, value_parser = chain, help = CHAINS)]
    pub chain: Chain,
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Options of `sign resume`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quorate sign resume 4f2a91")]
pub struct ResumeArgs {
    /// The request's id, or at least 4 digits of its beginning
    #[arg(value_name = "REQUEST")]
    pub request: String,
    #[command(flatten)]
    pub wait: WaitArgs,
}
