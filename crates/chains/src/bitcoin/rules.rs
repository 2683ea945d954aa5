//! What differs between Bitcoin's two kinds of accounts and the chains that descend from Bitcoin.

use super::script::ScriptKind;
use super::spend::Spend;
use crate::chain::Chain;
use crate::context::{BitcoinContext, Context};
use crate::network::Network;

/// The rules of one kind of account.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(super) chain: Chain,
    /// How outputs at the account's own address are spent.
    pub(super) spend: Spend,
    /// The version of transactions that are built.
    pub(super) version: u32,
    /// The sequence of inputs that are built.
    pub(super) sequence: u32,
    /// More base units do not exist in one sum.
    pub(super) max_money: u64,
    /// The most that is paid to miners.
    pub(super) max_fee: u64,
    /// The most that is paid to miners for a virtual byte.
    pub(super) max_fee_rate: u64,
    /// Below this for a virtual byte, a transaction may never be mined.
    pub(super) low_fee_rate: u64,
    /// The least change that is worth an output.
    pub(super) min_change: u64,
    /// What a base unit is called.
    pub(super) base_unit: &'static str,
}

/// May be replaced by one with a higher fee, and begins no relative lock.
const REPLACEABLE: u32 = 0xffff_fffd;

pub(super) static TAPROOT: Rules = Rules {
    chain: Chain::Bitcoin,
    spend: Spend::Taproot,
    version: 2,
    sequence: REPLACEABLE,
    max_money: 21_000_000 * 100_000_000,
    max_fee: 1_000_000,
    max_fee_rate: 1_000,
    low_fee_rate: 1,
    min_change: 330,
    base_unit: "satoshi",
};

pub(super) static SEGWIT: Rules = Rules {
    chain: Chain::BitcoinSegwit,
    spend: Spend::Segwit,
    version: 2,
    sequence: REPLACEABLE,
    max_money: 21_000_000 * 100_000_000,
    max_fee: 1_000_000,
    max_fee_rate: 1_000,
    low_fee_rate: 1,
    min_change: 330,
    base_unit: "satoshi",
};

/// Dogecoin Core recommends 0.01 DOGE for a thousand bytes, and wants as much more for an output below 0.01 DOGE.
pub(super) static DOGECOIN: Rules = Rules {
    chain: Chain::Dogecoin,
    spend: Spend::Legacy,
    version: 1,
    sequence: u32::MAX,
    max_money: 10_000_000_000 * 100_000_000,
    max_fee: 5 * 100_000_000,
    max_fee_rate: 100_000,
    low_fee_rate: 1_000,
    min_change: 1_000_000,
    base_unit: "koinu",
};

/// How a network marks its addresses.
pub(super) struct Marks {
    pub(super) p2pkh: u8,
    pub(super) p2sh: u8,
    /// In front of a witness program, where the chain has them.
    pub(super) hrp: Option<&'static str>,
}

impl Rules {
    /// Returns how a network marks its addresses. `Chain::check` has refused networks that the chain has not.
    pub(super) const fn marks(&self, network: Network) -> Marks {
        match (self.spend, network) {
            (Spend::Legacy, Network::Mainnet) => Marks { p2pkh: 0x1e, p2sh: 0x16, hrp: None },
            (Spend::Legacy, Network::Testnet) => Marks { p2pkh: 0x71, p2sh: 0xc4, hrp: None },
            (Spend::Legacy, Network::Regtest | Network::Evm(_)) => {
                Marks { p2pkh: 0x6f, p2sh: 0xc4, hrp: None }
            }
            (_, Network::Mainnet) => Marks { p2pkh: 0x00, p2sh: 0x05, hrp: Some("bc") },
            (_, Network::Testnet) => Marks { p2pkh: 0x6f, p2sh: 0xc4, hrp: Some("tb") },
            (_, Network::Regtest | Network::Evm(_)) => Marks { p2pkh: 0x6f, p2sh: 0xc4, hrp: Some("bcrt") },
        }
    }

    /// Returns the facts about the chain, if these are.
    pub(super) const fn facts<'a>(&self, context: &'a Context) -> Option<&'a BitcoinContext> {
        match (self.spend, context) {
            (Spend::Taproot, Context::Bitcoin(facts))
            | (Spend::Segwit, Context::BitcoinSegwit(facts))
            | (Spend::Legacy, Context::Dogecoin(facts)) => Some(facts),
            _ => None,
        }
    }

    /// Whether the chain has outputs of this kind, and this wallet makes them.
    pub(super) const fn pays_to(&self, kind: ScriptKind<'_>) -> bool {
        match kind {
            ScriptKind::P2pkh(_) | ScriptKind::P2sh(_) => true,
            ScriptKind::P2wpkh(_) | ScriptKind::P2wsh(_) | ScriptKind::P2tr(_) | ScriptKind::Data(_) => {
                !matches!(self.spend, Spend::Legacy)
            }
        }
    }

    /// Returns the least base units that nodes pass on in an output of this kind.
    pub(super) const fn dust(&self, kind: ScriptKind<'_>) -> u64 {
        match self.spend {
            Spend::Taproot | Spend::Segwit => kind.dust(),
            Spend::Legacy => 1_000_000,
        }
    }
}
