//! The public keys of an account.

use quorate_primitives::KeyPurpose;

use crate::chain::Chain;
use crate::key::PublicKey;

/// The key that an account's chain signs with, and beside it, if the caller wants both to sign, the account's key for
/// another purpose.
///
/// Bitcoin is the chain that can use two: a transaction may spend outputs of the BIP-340 key and of the ECDSA key. With
/// one key alone, which is what a [`PublicKey`] converts into, the other key's outputs are somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountKeys {
    pub(crate) own: PublicKey,
    pub(crate) beside: Option<(KeyPurpose, PublicKey)>,
}

impl AccountKeys {
    /// Adds the account's key for another purpose than the chain's own.
    #[must_use]
    pub const fn beside(self, purpose: KeyPurpose, key: PublicKey) -> Self {
        Self { beside: Some((purpose, key)), ..self }
    }

    /// Returns the key that the chain's addresses are of.
    pub const fn own(&self) -> &PublicKey {
        &self.own
    }

    /// Returns the key for a purpose.
    pub(crate) fn of(&self, chain: Chain, purpose: KeyPurpose) -> Option<&PublicKey> {
        if chain.purpose() == purpose {
            return Some(&self.own);
        }
        self.beside.as_ref().filter(|(of, _)| *of == purpose).map(|(_, key)| key)
    }
}

impl From<&PublicKey> for AccountKeys {
    fn from(key: &PublicKey) -> Self {
        Self { own: *key, beside: None }
    }
}
