//! Which network of a chain is meant.

use core::fmt;
use core::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ChainError;
use crate::text::escape;

/// Which network of a chain.
///
/// | | Solana | NEAR | Bitcoin | Ethereum |
/// |---|---|---|---|---|
/// | `Mainnet` | mainnet-beta | mainnet | mainnet | mainnet |
/// | `Testnet` | devnet, testnet | testnet | testnet, signet | Sepolia |
/// | `Regtest` | a validator of one's own | localnet | regtest | chain id 31337 |
///
/// `Evm` names one of the many networks of Ethereum's machine, and means nothing on another chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Network {
    /// The network whose coins are money.
    Mainnet = 1,
    /// A public network for tests.
    Testnet = 2,
    /// A network on one's own machine.
    Regtest = 3,
    /// The network of Ethereum's machine with this chain id.
    Evm(u64) = 4,
}

/// The chain ids that Ethereum's networks have by name.
const ETHEREUM: [(u64, Network); 3] =
    [(1, Network::Mainnet), (11_155_111, Network::Testnet), (31_337, Network::Regtest)];

/// The networks of Ethereum's machine that are called by name.
const EVM: [(u64, &str); 17] = [
    (10, "optimism"),
    (56, "bsc"),
    (97, "bsc-testnet"),
    (100, "gnosis"),
    (137, "polygon"),
    (324, "zksync"),
    (8_453, "base"),
    (42_161, "arbitrum"),
    (42_220, "celo"),
    (43_113, "avalanche-fuji"),
    (43_114, "avalanche"),
    (59_144, "linea"),
    (80_002, "polygon-amoy"),
    (84_532, "base-sepolia"),
    (421_614, "arbitrum-sepolia"),
    (534_352, "scroll"),
    (11_155_420, "optimism-sepolia"),
];

impl Network {
    /// Returns the network of Ethereum's machine with a chain id: `None` for 0, which no network has.
    pub fn of_chain_id(id: u64) -> Option<Self> {
        if id == 0 {
            return None;
        }
        let named = ETHEREUM.into_iter().find(|(named, _)| *named == id);
        Some(named.map_or(Self::Evm(id), |(_, network)| network))
    }

    /// Returns the chain id that transactions of Ethereum's machine name.
    pub const fn chain_id(self) -> u64 {
        match self {
            Self::Mainnet => 1,
            Self::Testnet => 11_155_111,
            Self::Regtest => 31_337,
            Self::Evm(id) => id,
        }
    }

    /// Whether this is the one way to name its network.
    pub(crate) fn is_canonical(self) -> bool {
        Self::of_chain_id(self.chain_id()) == Some(self)
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "mainnet" => return Some(Self::Mainnet),
            "testnet" => return Some(Self::Testnet),
            "regtest" => return Some(Self::Regtest),
            _ => (),
        }
        let network = match name.strip_prefix("evm:") {
            Some(id) => id.parse().ok().map(Self::Evm).filter(|network| network.is_canonical()),
            None => EVM.into_iter().find(|(_, named)| *named == name).map(|(id, _)| Self::Evm(id)),
        };
        network.filter(|network| network.to_string() == name)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mainnet => f.write_str("mainnet"),
            Self::Testnet => f.write_str("testnet"),
            Self::Regtest => f.write_str("regtest"),
            Self::Evm(id) => match EVM.into_iter().find(|(named, _)| named == id) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "evm:{id}"),
            },
        }
    }
}

impl FromStr for Network {
    type Err = ChainError;

    /// Reads a name, or what a chain calls its own: `devnet`, `signet` and `sepolia` are [`Network::Testnet`],
    /// `localnet` is [`Network::Regtest`]. `evm:` and a chain id is that network of Ethereum's machine, by whatever
    /// name it has.
    fn from_str(name: &str) -> Result<Self, ChainError> {
        let unknown = || ChainError::UnknownNetwork { name: escape(name) };
        match name {
            "devnet" | "signet" | "sepolia" => Ok(Self::Testnet),
            "localnet" => Ok(Self::Regtest),
            _ => match Self::from_name(name) {
                Some(network) => Ok(network),
                None => name.strip_prefix("evm:").and_then(named_id).ok_or_else(unknown),
            },
        }
    }
}

/// Reads a chain id in plain decimal.
fn named_id(id: &str) -> Option<Network> {
    let number: u64 = id.parse().ok()?;
    if number.to_string() == id { Network::of_chain_id(number) } else { None }
}

/// The network's name.
impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The name that was written, and no other spelling.
impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <String as Deserialize>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom("not the name of a network"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_has_one_name_and_every_chain_id_one_network() {
        let named = EVM.map(|(id, _)| Network::Evm(id));
        let own = [Network::Mainnet, Network::Testnet, Network::Regtest];
        for network in named.into_iter().chain(own).chain([Network::Evm(5_000), Network::Evm(u64::MAX)]) {
            let name = network.to_string();
            assert_eq!(name.parse(), Ok(network), "{name}");
            let json = serde_json::to_string(&network).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
            assert_eq!(Network::of_chain_id(network.chain_id()), Some(network));
            assert_eq!(format!("evm:{}", network.chain_id()).parse(), Ok(network));
            assert!(network.is_canonical());
        }
        assert_eq!(Network::of_chain_id(0), None);
    }

    #[test]
    fn second_spellings_of_a_network_are_refused() {
        for id in [0, 1, 11_155_111, 31_337] {
            assert!(!Network::Evm(id).is_canonical(), "{id}");
        }
        for name in
            ["evm:0", "evm:08453", "evm:+5", "evm:", "evm:0x1", "evm:18446744073709551616", "Base", ""]
        {
            assert!(name.parse::<Network>().is_err(), "{name}");
        }
        for json in ["\"evm:1\"", "\"evm:8453\"", "\"evm:05000\"", "\"devnet\"", "{\"evm\":1}", "1"] {
            assert!(serde_json::from_str::<Network>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn names_that_chains_use_for_their_own_are_read() {
        for (name, network) in [
            ("devnet", Network::Testnet),
            ("signet", Network::Testnet),
            ("sepolia", Network::Testnet),
            ("localnet", Network::Regtest),
            ("base", Network::Evm(8_453)),
        ] {
            assert_eq!(name.parse(), Ok(network));
        }
    }
}
