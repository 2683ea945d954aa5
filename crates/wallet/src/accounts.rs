//! Accounts: children of the wallet's keys, one for every chain, network and number.

use quorate_chains::{self as chains, Chain, ChainError, Network, PublicKey, SignedTransaction};
use quorate_primitives::KeyPurpose;
use quorate_threshold::derive::{Derivation, derive_public};
use quorate_threshold::{KeyShare, PublicKeys};

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

    /// Returns how the signing key is derived: the path, and on Taproot the tweak of BIP-341.
    pub(crate) fn derivation(self) -> Derivation {
        Derivation { path: self.path(), taproot: matches!(self.chain, Chain::Bitcoin) }
    }

    /// Reads an account back from the derivation of a request.
    pub(crate) fn from_derivation(chain: Chain, network: Network, derivation: &Derivation) -> Option<Self> {
        let [_, number] = *derivation.path.as_slice() else { return None };
        let account = Self { chain, network, number };
        (account.derivation() == *derivation).then_some(account)
    }

    /// Returns the account's public key, before any Taproot tweak.
    pub(crate) fn public_key(self, keys: &PublicKeys) -> Result<PublicKey, CommandError> {
        let child = derive_public(keys, &Derivation::child(self.path()))?;
        let invalid = CommandError::NoKey(self.chain);
        PublicKey::from_bytes(self.chain.purpose(), &child.public_key).ok_or(invalid)
    }
}

/// Returns the key share that signs for a chain.
///
/// No address is shown where nothing can be signed: coins sent there could not be moved.
pub(crate) fn share_for(shares: &[KeyShare], chain: Chain) -> Result<&KeyShare, CommandError> {
    let purpose = chain.purpose();
    if purpose == KeyPurpose::EcdsaSecp256k1 {
        return Err(CommandError::CannotSign(chain));
    }
    shares.iter().find(|share| share.public.purpose == purpose).ok_or(CommandError::NoKey(chain))
}

/// Returns an account's addresses on every chain that can be signed for, and every network.
pub(crate) fn addresses(shares: &[KeyShare], number: u32) -> Vec<Address> {
    let of_chain = |chain: Chain| {
        NETWORKS.into_iter().filter_map(move |network| address(shares, Account { chain, network, number }))
    };
    Chain::ALL.into_iter().flat_map(of_chain).collect()
}

fn address(shares: &[KeyShare], account: Account) -> Option<Address> {
    let Account { chain, network, number } = account;
    let share = share_for(shares, chain).ok()?;
    let key = account.public_key(&share.public).ok()?;
    let address = chains::address(chain, network, &key).ok()?;
    Some(Address {
        chain,
        network,
        account: number,
        address: address.to_string(),
        public_key: key.to_string(),
    })
}

/// Verifies a signed transaction or message against an account's public key, with a verifier that is not part of this
/// wallet.
///
/// # Errors
/// [`ChainError`] says what is wrong with it.
pub fn verify_signed(
    chain: Chain,
    network: Network,
    signed: &[u8],
    key: &PublicKey,
) -> Result<(), ChainError> {
    chains::verify(&SignedTransaction::from_bytes(chain, network, signed)?, key)
}
