//! The chains, and how each signs.

use core::fmt;
use core::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::KeyPurpose;
use serde::{Deserialize, Serialize};

use crate::adapter::Adapter;
use crate::error::ChainError;
use crate::network::Network;
use crate::text::escape;
use crate::{bitcoin, cosmos, ethereum, near, solana, xrp};

/// A chain that the wallet has accounts on.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "lowercase")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Chain {
    /// Solana.
    Solana = 1,
    /// NEAR.
    Near = 2,
    /// Bitcoin, by Taproot key path.
    Bitcoin = 3,
    /// Ethereum, and every network of its machine.
    Ethereum = 4,
    /// Bitcoin, by the hash of an ECDSA key (P2WPKH).
    #[serde(rename = "bitcoin-segwit")]
    BitcoinSegwit = 5,
    /// Dogecoin.
    Dogecoin = 6,
    /// The Cosmos Hub, and every chain that is built as it is.
    Cosmos = 7,
    /// XRP.
    Xrp = 8,
}

impl Chain {
    /// Every chain, in the order in which they are listed to people.
    pub const ALL: [Self; 8] = [
        Self::Ethereum,
        Self::Bitcoin,
        Self::BitcoinSegwit,
        Self::Solana,
        Self::Near,
        Self::Cosmos,
        Self::Xrp,
        Self::Dogecoin,
    ];

    /// Returns the chain's name, as [`FromStr`] reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solana => "solana",
            Self::Near => "near",
            Self::Bitcoin => "bitcoin",
            Self::Ethereum => "ethereum",
            Self::BitcoinSegwit => "bitcoin-segwit",
            Self::Dogecoin => "dogecoin",
            Self::Cosmos => "cosmos",
            Self::Xrp => "xrp",
        }
    }

    /// Returns the name with its article, for sentences.
    pub(crate) const fn with_article(self) -> &'static str {
        match self {
            Self::Solana => "a solana",
            Self::Near => "a near",
            Self::Bitcoin => "a bitcoin",
            Self::Ethereum => "an ethereum",
            Self::BitcoinSegwit => "a bitcoin-segwit",
            Self::Dogecoin => "a dogecoin",
            Self::Cosmos => "a cosmos",
            Self::Xrp => "an xrp",
        }
    }

    /// Returns the symbol of the chain's main unit.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Solana => "SOL",
            Self::Near => "NEAR",
            Self::Ethereum => "ETH",
            Self::Bitcoin | Self::BitcoinSegwit => "BTC",
            Self::Dogecoin => "DOGE",
            Self::Cosmos => "ATOM",
            Self::Xrp => "XRP",
        }
    }

    /// Returns how many decimal places the main unit has.
    pub const fn decimals(self) -> u8 {
        match self {
            Self::Solana => 9,
            Self::Near => 24,
            Self::Ethereum => 18,
            Self::Bitcoin | Self::BitcoinSegwit | Self::Dogecoin => 8,
            Self::Cosmos | Self::Xrp => 6,
        }
    }

    /// Returns the purpose of the keys that sign on this chain.
    pub const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Solana | Self::Near => KeyPurpose::Ed25519,
            Self::Bitcoin => KeyPurpose::Bip340Secp256k1,
            Self::Ethereum | Self::BitcoinSegwit | Self::Dogecoin | Self::Cosmos | Self::Xrp => {
                KeyPurpose::EcdsaSecp256k1
            }
        }
    }

    /// Returns the number that SLIP-44 gives the chain, for derivation paths: chains that share a purpose get
    /// different keys by it.
    pub const fn coin_type(self, network: Network) -> u32 {
        match (self, network) {
            (Self::Solana, _) => 501,
            (Self::Near, _) => 397,
            (Self::Ethereum, _) => 60,
            (Self::Bitcoin | Self::BitcoinSegwit, Network::Mainnet) => 0,
            (Self::Bitcoin | Self::BitcoinSegwit, _) => 1,
            (Self::Dogecoin, Network::Mainnet) => 3,
            (Self::Cosmos, Network::Mainnet) => 118,
            (Self::Xrp, Network::Mainnet) => 144,
            // What they sign names no network, or any chain id: what is not money has a key of its own.
            (Self::Dogecoin | Self::Cosmos | Self::Xrp, _) => 1,
        }
    }

    /// Refuses a network that this chain does not have.
    pub(crate) fn check(self, network: Network) -> Result<(), ChainError> {
        match (self, network) {
            (_, Network::Mainnet | Network::Testnet | Network::Regtest) => Ok(()),
            (Self::Ethereum, Network::Evm(id)) if network.is_canonical() && id <= ethereum::MAX_CHAIN_ID => {
                Ok(())
            }
            (_, Network::Evm(_)) => Err(ChainError::NoSuchNetwork { chain: self, network }),
        }
    }

    pub(crate) fn adapter(self) -> &'static dyn Adapter {
        match self {
            Self::Solana => &solana::Solana,
            Self::Near => &near::Near,
            Self::Ethereum => &ethereum::Ethereum,
            Self::Bitcoin => &bitcoin::TAPROOT,
            Self::BitcoinSegwit => &bitcoin::SEGWIT,
            Self::Dogecoin => &bitcoin::DOGECOIN,
            Self::Cosmos => &cosmos::Cosmos,
            Self::Xrp => &xrp::Xrp,
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Chain {
    type Err = ChainError;

    fn from_str(name: &str) -> Result<Self, ChainError> {
        Self::ALL
            .into_iter()
            .find(|chain| chain.name() == name)
            .ok_or_else(|| ChainError::UnknownChain { name: escape(name) })
    }
}

/// How a payload is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Ed25519 over the whole payload, by the account's key.
    Ed25519,
    /// BIP-340 over a payload of 32 bytes, by the account's key after `tweak`.
    Bip340 {
        /// What turns the account's key into the one that signs.
        tweak: TapTweak,
    },
    /// ECDSA on secp256k1 over a payload of 32 bytes that is a digest already, by the account's key; r and s follow
    /// each other in 64 bytes, and s is in the lower half of its range.
    Ecdsa,
}

impl Algorithm {
    /// Returns the purpose of the keys that sign so.
    pub const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Ed25519 => KeyPurpose::Ed25519,
            Self::Bip340 { .. } => KeyPurpose::Bip340Secp256k1,
            Self::Ecdsa => KeyPurpose::EcdsaSecp256k1,
        }
    }
}

/// What BIP-341 does to a key before it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TapTweak {
    /// The tweak of an output that only its key can spend: an empty script tree.
    KeyPath,
}
