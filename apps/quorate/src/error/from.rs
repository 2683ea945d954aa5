//! What the crates below report, with what a person can do about it.

use quorate_net::NetError;
use quorate_vault::{PasswordError, VaultError};
use quorate_wallet::chains::{AddressFault, BitcoinRefusal, Chain, ChainError, EthereumRefusal};
use quorate_wallet::{CommandError, ReplayError};

use super::{CliError, Kind};

impl From<VaultError> for CliError {
    fn from(error: VaultError) -> Self {
        let (kind, hint) = match &error {
            VaultError::AlreadyExists { .. } => {
                (Kind::Vault, Some("this home has a device already; another one needs another --home"))
            }
            VaultError::NotFound { .. } => (Kind::NoDevice, Some(INIT)),
            VaultError::Locked { .. } => (Kind::Vault, Some(LOCKED)),
            VaultError::WrongPassword => {
                (Kind::Password, Some("nothing was changed; try again, letter case and spaces count"))
            }
            VaultError::Damaged { .. } | VaultError::NotAVault => {
                (Kind::Vault, Some("nothing was changed; copy the file away before you try anything with it"))
            }
            VaultError::UnsupportedVersion { .. } | VaultError::UnsupportedKdf { .. } => {
                (Kind::Vault, Some("a newer quorate wrote it: update this one"))
            }
            VaultError::KdfOutOfRange { .. } => {
                (Kind::Invalid, Some("19 to 1024 MiB and 2 to 16 passes are possible"))
            }
            VaultError::NoSpace { .. } => (
                Kind::DiskFull,
                Some("free some space and run the command again; what was durable before still is"),
            ),
            VaultError::OutOfMemory { .. } => (Kind::Vault, Some("close other programs and try again")),
            VaultError::Poisoned => {
                (Kind::Vault, Some("run the command again; the vault is checked when it opens"))
            }
            VaultError::Io { .. } => {
                (Kind::File, Some("look at the permissions of the home and at the disk"))
            }
            VaultError::FileTooLarge { .. } | VaultError::Full | VaultError::Randomness => {
                (Kind::Vault, None)
            }
            VaultError::RecordTooLarge { .. } | VaultError::BatchFull | VaultError::Uncommitted => {
                return Self::internal(&error);
            }
        };
        with(Self::of(kind, &error), hint)
    }
}

impl From<PasswordError> for CliError {
    fn from(error: PasswordError) -> Self {
        Self::of(Kind::Password, &error)
    }
}

impl From<ReplayError> for CliError {
    fn from(error: ReplayError) -> Self {
        match &error {
            ReplayError::NoDevice => Self::new(Kind::NoDevice, "the vault holds no device").hint(
                "an `init` was cut short: remove the file `vault` in this home and run `quorate init` again",
            ),
            ReplayError::Record { .. } | ReplayError::OutOfOrder { .. } => Self::of(Kind::Vault, &error)
                .hint("nothing was changed; if a newer quorate wrote the vault, update this one"),
        }
    }
}

impl From<NetError> for CliError {
    fn from(error: NetError) -> Self {
        Self::of(Kind::Relay, &error).hint(PLAINTEXT)
    }
}

impl From<CommandError> for CliError {
    fn from(error: CommandError) -> Self {
        let (kind, hint) = match &error {
            CommandError::Threshold(_) => (Kind::Invalid, None),
            CommandError::Relay(_) => (
                Kind::Invalid,
                Some("addresses look like ws://127.0.0.1:8080/ws or wss://relay.example.org/ws"),
            ),
            CommandError::Invite(_) => {
                (Kind::Invite, Some("copy the whole line that `quorate wallet create` printed"))
            }
            CommandError::Lobby(_) => (Kind::Invite, Some("ask for a new invite")),
            CommandError::NoSuchWallet(_) => {
                (Kind::NotFound, Some("`quorate wallet list` shows the wallets"))
            }
            CommandError::Ambiguous(_) => (Kind::Invalid, Some("`quorate wallet list` shows names and ids")),
            CommandError::Taken(_) => (Kind::Invalid, Some("give the new wallet another name")),
            CommandError::NotReady(_) => {
                (Kind::Invalid, Some("`quorate wallet resume` goes on making its keys"))
            }
            CommandError::NameOne(0) => {
                return Self::new(Kind::NotFound, "this device has no wallet yet")
                    .hint("make one with `quorate wallet create`, or join one with `quorate wallet join`");
            }
            CommandError::NameOne(_) => (Kind::Invalid, Some("`quorate wallet list` shows the wallets")),
            CommandError::NoSuchRequest(_) => (Kind::NotFound, Some("`quorate requests` shows the requests")),
            CommandError::Decided(_) => (Kind::Invalid, Some("`quorate requests` shows what was decided")),
            CommandError::Chain(chain) => (Kind::Chain, chain_hint(chain)),
            CommandError::NoKey(_) | CommandError::NoSuchMember(_) | CommandError::Derive(_) => {
                (Kind::Chain, None)
            }
            CommandError::NotHexadecimal => (Kind::Invalid, None),
            CommandError::Open(_) => (Kind::Failed, None),
            CommandError::NothingToBind(_) => (Kind::Invalid, Some("leave --plain out")),
            CommandError::TooManyOpen(_) => (Kind::Invalid, Some("`quorate requests` shows them")),
            CommandError::Name(_) => (Kind::Invalid, Some("names have 1 to 64 visible characters")),
            CommandError::NothingToConfirm => {
                (Kind::Invalid, Some("`quorate wallet list` shows how far it is"))
            }
        };
        with(Self::of(kind, &error), hint)
    }
}

impl From<ChainError> for CliError {
    fn from(error: ChainError) -> Self {
        let kind =
            if matches!(error, ChainError::BadSignature { .. }) { Kind::Signature } else { Kind::Chain };
        with(Self::of(kind, &error), chain_hint(&error))
    }
}

/// What to do about a relay whose address shows everybody on the way what goes through it.
pub const PLAINTEXT: &str = "relays on other machines need an address that begins with wss://";

/// A command that waits holds its device.
const LOCKED: &str = "another command holds this device, perhaps a `sign` or `approve` that waits: let it end, or stop it \
                      and go on later with `quorate sign resume` or `quorate approve`; `quorate device` does several \
                      things at once";

const INIT: &str = "make one with `quorate init --name laptop`, or name its home with --home";

fn with(error: CliError, hint: Option<&str>) -> CliError {
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Says what to do about what a chain refuses, where the error itself does not.
fn chain_hint(error: &ChainError) -> Option<&'static str> {
    match error {
        ChainError::Address { fault: AddressFault::Network, .. } => {
            Some("--network says which network is meant")
        }
        ChainError::Address { fault: AddressFault::Checksum, .. } => {
            Some("compare it with where it came from")
        }
        ChainError::NoSuchNetwork { chain: Chain::Ethereum, .. } => Some(
            "chain ids are below 2^63 and not 0; those of mainnet, testnet and regtest go by these names",
        ),
        ChainError::NoSuchNetwork { .. } => {
            Some("it has mainnet, testnet and regtest; networks with a chain id are those of ethereum")
        }
        ChainError::Ethereum(EthereumRefusal::ChainId { .. }) => {
            Some("--network says which network is meant; evm:<chain id> is any of them")
        }
        ChainError::MissingField { field: "tokens", .. } => {
            Some("`tokens` in the context says what the token's contract says, or --symbol and --decimals do")
        }
        ChainError::MissingContext { chain, .. } => Some(options_of(*chain)),
        ChainError::MissingField { field: "recipient", .. } => {
            Some("--recipient says whom the words are for")
        }
        ChainError::Bitcoin(BitcoinRefusal::ForeignInput { .. }) => {
            Some("--network and --account say whose transaction it is")
        }
        ChainError::Json { what: "context", .. } => Some("docs/formats/context.md shows what it holds"),
        _ => None,
    }
}

/// Names the options that say what a chain would.
const fn options_of(chain: Chain) -> &'static str {
    match chain {
        Chain::Solana => "--blockhash gives a recent block hash, --context FILE everything",
        Chain::Near => "--nonce and --block-hash give it, or --context FILE",
        Chain::Ethereum => {
            "--nonce and a fee (--max-fee and --priority-fee, or --gas-price) give it, or --context FILE"
        }
        Chain::Bitcoin => "--utxo and a fee (--fee or --fee-rate) give it, or --context FILE",
        Chain::BitcoinSegwit | Chain::Dogecoin => {
            "--utxo, --previous and a fee (--fee or --fee-rate) give it, or --context FILE"
        }
        Chain::Cosmos => {
            "--chain-id, --prefix, --account-number, --sequence, --denom and --gas give it, or --context FILE"
        }
        Chain::Xrp => "--sequence, --last-ledger and --fee give it, or --context FILE",
    }
}
