//! How outputs are spent, and which of them an account's keys can spend.

use k256::elliptic_curve::sec1::ToEncodedPoint;
use quorate_primitives::KeyPurpose;

use super::rules::Rules;
use super::script::{self, ScriptKind};
use super::taproot;
use crate::adapter::Account;
use crate::chain::{Algorithm, TapTweak};
use crate::der;
use crate::error::ChainError;
use crate::hash::hash160;

/// The three ways of spending an output with one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spend {
    /// P2TR by its key path: a BIP-340 signature in the witness, over BIP-341's hash.
    Taproot,
    /// P2WPKH: an ECDSA signature and the key in the witness, over BIP-143's hash.
    Segwit,
    /// P2PKH: an ECDSA signature and the key in the script, over the hash that Bitcoin began with.
    Legacy,
}

impl Spend {
    /// Returns how an output is spent; `None` for scripts that are never spent here.
    pub(super) fn of(script: &[u8]) -> Option<Self> {
        match ScriptKind::of(script)? {
            ScriptKind::P2tr(_) => Some(Self::Taproot),
            ScriptKind::P2wpkh(_) => Some(Self::Segwit),
            ScriptKind::P2pkh(_) => Some(Self::Legacy),
            ScriptKind::P2sh(_) | ScriptKind::P2wsh(_) | ScriptKind::Data(_) => None,
        }
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Taproot => Algorithm::Bip340 { tweak: TapTweak::KeyPath },
            Self::Segwit | Self::Legacy => Algorithm::Ecdsa,
        }
    }

    /// Whether an input is signed only with the whole transaction whose output it spends.
    ///
    /// BIP-341 commits to the values of all inputs, BIP-143 to its own input's alone, the hash before it to none. If two
    /// proposals lie about one input each, the signatures of the other inputs add up to a transaction whose fee nobody
    /// has seen.
    pub(super) const fn needs_previous(self) -> bool {
        match self {
            Self::Taproot => false,
            Self::Segwit | Self::Legacy => true,
        }
    }
}

/// A signature as an input carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// R and S, or r and s.
    pub(super) bytes: [u8; 64],
    /// ECDSA only: the key that made it.
    pub(super) key: Option<[u8; 33]>,
}

/// What finally stands in an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unlock {
    /// The elements of a witness.
    Witness(Vec<Vec<u8>>),
    /// A script of pushes.
    Script(Vec<u8>),
}

/// The longest ECDSA signature with the byte that says what it signs.
pub(super) const MAX_ECDSA: u64 = der::MAX_LEN + 1;

/// An account's outputs.
pub(super) struct Own {
    /// The script behind the account's address.
    pub(super) script: Vec<u8>,
    taproot: Option<taproot::AccountKey>,
    /// The script of the ECDSA key.
    key_hash: Option<Vec<u8>>,
}

impl Own {
    pub(super) fn new(rules: &Rules, account: Account<'_>) -> Result<Self, ChainError> {
        let chain = rules.chain;
        let of = |purpose: KeyPurpose| {
            let beside = account.beside.filter(|(of, _)| *of == purpose).map(|(_, key)| key);
            let key = if chain.purpose() == purpose { Some(account.key) } else { beside };
            key.map(|key| key.secp256k1(chain)).transpose()
        };
        let ecdsa = of(KeyPurpose::EcdsaSecp256k1)?;
        let key_hash = ecdsa.map(|key| {
            let hash = hash160(key.to_encoded_point(true).as_bytes());
            if rules.spend == Spend::Legacy { script::p2pkh(&hash) } else { script::p2wpkh(&hash) }
        });
        let taproot = match rules.spend {
            Spend::Legacy => None,
            _ => of(KeyPurpose::Bip340Secp256k1)?
                .map(|key| taproot::AccountKey::new(&key).ok_or(ChainError::InvalidKey { chain }))
                .transpose()?,
        };
        let script = match rules.spend {
            Spend::Taproot => taproot.as_ref().map(|key| key.script.clone()),
            Spend::Segwit | Spend::Legacy => key_hash.clone(),
        };
        Ok(Self { script: script.ok_or(ChainError::WrongKey { chain })?, taproot, key_hash })
    }

    /// Returns how the account spends an output; `None` for one of somebody else.
    pub(super) fn spends(&self, script: &[u8]) -> Option<Spend> {
        let is_taproot = self.taproot.as_ref().is_some_and(|key| key.script == script);
        let is_key_hash = self.key_hash.as_deref() == Some(script);
        Spend::of(script).filter(|_| is_taproot || is_key_hash)
    }

    /// Returns BIP-341's internal key of the account's Taproot outputs.
    pub(super) fn internal_key(&self) -> Option<[u8; 32]> {
        self.taproot.as_ref().map(|key| key.internal)
    }
}
