//! Accounts: children of the wallet's keys, one for every chain, network and number.

use quorate_chains::{self as chains, AccountKeys, Chain, ChainError, Network, PublicKey, SignedTransaction};
use quorate_primitives::KeyPurpose;
use quorate_session::signing::TaskKey;
use quorate_threshold::KeyShare;
use quorate_threshold::derive::{Derivation, derive_public};

use crate::error::CommandError;
use crate::view::Address;

/// One account on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The chain.
    pub chain: Chain,
    /// Its network.
    pub network: Network,
    /// Its number, from 0.
    pub number: u32,
}

/// Every network.
const NETWORKS: [Network; 3] = [Network::Mainnet, Network::Testnet, Network::Regtest];

impl Account {
    /// Returns the path from the wallet's key: SLIP-44 coin type, then the account number. Not hardened, because
    /// nobody has the secret that a hardened step needs.
    pub fn path(self) -> Vec<u32> {
        vec![self.chain.coin_type(self.network), self.number]
    }

    /// Returns one of the account's keys: the path, and on Taproot the tweak of BIP-341.
    pub(crate) fn task_key(self, purpose: KeyPurpose) -> TaskKey {
        let taproot = purpose == KeyPurpose::Bip340Secp256k1;
        TaskKey { purpose, derivation: Derivation { path: self.path(), taproot, added: None } }
    }

    /// Reads an account back from a key of a request.
    pub(crate) fn from_key(chain: Chain, network: Network, key: &TaskKey) -> Option<Self> {
        let [_, number] = *key.derivation.path.as_slice() else { return None };
        let account = Self { chain, network, number };
        (account.task_key(key.purpose) == *key).then_some(account)
    }

    /// Returns the public key that the account's address is of, before any Taproot tweak.
    pub(crate) fn public_key(self, shares: &[KeyShare]) -> Result<PublicKey, CommandError> {
        self.key_for(shares, self.chain.purpose())
    }

    /// Returns all keys that may sign for the account: on Bitcoin, those of Taproot and of segwit outputs.
    pub(crate) fn keys(self, shares: &[KeyShare]) -> Result<AccountKeys, CommandError> {
        let keys = AccountKeys::from(&self.public_key(shares)?);
        let beside = match self.chain {
            Chain::Bitcoin => KeyPurpose::EcdsaSecp256k1,
            Chain::BitcoinSegwit => KeyPurpose::Bip340Secp256k1,
            Chain::Solana | Chain::Near | Chain::Ethereum | Chain::Dogecoin | Chain::Cosmos | Chain::Xrp => {
                return Ok(keys);
            }
        };
        Ok(self.key_for(shares, beside).map_or(keys, |key| keys.beside(beside, key)))
    }

    fn key_for(self, shares: &[KeyShare], purpose: KeyPurpose) -> Result<PublicKey, CommandError> {
        let none = || CommandError::NoKey(self.chain);
        let share = shares.iter().find(|share| share.public.purpose == purpose).ok_or_else(none)?;
        let child = derive_public(&share.public, &Derivation::child(self.path()))?;
        PublicKey::from_bytes(purpose, &child.public_key).ok_or_else(none)
    }
}

/// Returns an account's addresses on every chain and network.
pub(crate) fn addresses(shares: &[KeyShare], number: u32) -> Vec<Address> {
    let of_chain = |chain: Chain| {
        NETWORKS.into_iter().filter_map(move |network| address(shares, Account { chain, network, number }))
    };
    Chain::ALL.into_iter().flat_map(of_chain).collect()
}

fn address(shares: &[KeyShare], account: Account) -> Option<Address> {
    let Account { chain, network, number } = account;
    let key = account.public_key(shares).ok()?;
    let address = chains::address(chain, network, &key).ok()?;
    Some(Address {
        chain,
        network,
        account: number,
        address: address.to_string(),
        public_key: key.to_string(),
    })
}

/// Returns those of an account's addresses that are on a network. On a network of Ethereum's machine that has a chain id
/// and no address of its own, it is the account's Ethereum address, which is one on all of them.
///
/// # Errors
/// A chain id that no network has.
pub fn addresses_on(addresses: &[Address], network: Network) -> Result<Vec<Address>, ChainError> {
    let listed = if matches!(network, Network::Evm(_)) { Network::Mainnet } else { network };
    let has = |address: &&Address| {
        address.network == listed && (listed == network || address.chain == Chain::Ethereum)
    };
    let there = |address: &Address| {
        let text = chains::parse_address(address.chain, network, &address.address)?.to_string();
        Ok(Address { network, address: text, ..address.clone() })
    };
    addresses.iter().filter(has).map(there).collect()
}

/// Verifies a signed transaction or message against an account's public keys, with a verifier that is not part of this
/// wallet.
///
/// # Errors
/// [`ChainError`] says what is wrong with it.
pub fn verify_signed(
    chain: Chain,
    network: Network,
    signed: &[u8],
    keys: impl Into<AccountKeys>,
) -> Result<(), ChainError> {
    chains::verify(&SignedTransaction::from_bytes(chain, network, signed)?, keys)
}
