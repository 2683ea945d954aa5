//! Chains that are known by their id: what their addresses begin with, and what their fees are paid in.

use crate::context::CosmosKey;
use crate::network::Network;

/// What addresses begin with when nothing says otherwise.
pub(super) const DEFAULT_PREFIX: &str = "cosmos";

/// A chain that everybody knows by its id.
pub(super) struct Known {
    pub(super) chain_id: &'static str,
    pub(super) prefix: &'static str,
    pub(super) network: Network,
    pub(super) key_type: CosmosKey,
    pub(super) denom: &'static str,
    pub(super) decimals: u8,
    /// What a main unit is called.
    pub(super) unit: &'static str,
    /// The most that is paid for processing, in main units.
    pub(super) max_fee: u128,
}

const fn main(
    chain_id: &'static str,
    prefix: &'static str,
    denom: &'static str,
    unit: &'static str,
    max_fee: u128,
) -> Known {
    Known {
        chain_id,
        prefix,
        network: Network::Mainnet,
        key_type: CosmosKey::Secp256k1,
        denom,
        decimals: 6,
        unit,
        max_fee,
    }
}

const KNOWN: [Known; 17] = [
    main("cosmoshub-4", "cosmos", "uatom", "ATOM", 1),
    main("osmosis-1", "osmo", "uosmo", "OSMO", 5),
    main("juno-1", "juno", "ujuno", "JUNO", 20),
    main("stargaze-1", "stars", "ustars", "STARS", 50),
    main("akashnet-2", "akash", "uakt", "AKT", 5),
    main("celestia", "celestia", "utia", "TIA", 1),
    main("noble-1", "noble", "uusdc", "USDC", 1),
    main("neutron-1", "neutron", "untrn", "NTRN", 5),
    main("stride-1", "stride", "ustrd", "STRD", 5),
    main("phoenix-1", "terra", "uluna", "LUNA", 5),
    main("axelar-dojo-1", "axelar", "uaxl", "AXL", 5),
    main("kava_2222-10", "kava", "ukava", "KAVA", 5),
    Known { decimals: 18, ..main("dydx-mainnet-1", "dydx", "adydx", "DYDX", 5) },
    Known { decimals: 18, key_type: CosmosKey::Injective, ..main("injective-1", "inj", "inj", "INJ", 1) },
    Known {
        decimals: 18,
        key_type: CosmosKey::Ethermint,
        ..main("evmos_9001-2", "evmos", "aevmos", "EVMOS", 50)
    },
    Known { network: Network::Testnet, ..main("theta-testnet-001", "cosmos", "uatom", "ATOM", 1) },
    Known { network: Network::Testnet, ..main("osmo-test-5", "osmo", "uosmo", "OSMO", 5) },
];

/// Returns what is known about a chain.
pub(super) fn known(chain_id: &str) -> Option<&'static Known> {
    static ALL: [Known; 17] = KNOWN;
    ALL.iter().find(|known| known.chain_id == chain_id)
}
