//! Child keys of a threshold key, by public derivation only.
//!
//! secp256k1 keys follow BIP-32's non-hardened steps; Ed25519 keys follow an additive scheme of our own
//! (`docs/protocols/frost.md`). Both add a public number to the secret, and Shamir shares of a sum are the sums
//! of the shares, so every member derives alone and no secret is put together. A BIP-340 key may end in BIP-341's
//! tweak: BIP-32 on the stored point, even y, the tweak exactly once, even y.
//!
//! Hardened steps need the secret that nobody has: they are refused. So is the one step in 2¹²⁷ that BIP-32
//! declares invalid.

mod bip32;
mod ed25519;
mod epsilon;
mod taproot;
mod tweak;

use borsh::{BorshDeserialize, BorshSerialize};
use frost_core::{Element, Group, Scalar};
use quorate_primitives::KeyPurpose;
use thiserror::Error;

pub use self::epsilon::Epsilon;
pub use self::taproot::taproot_output_key;
pub(crate) use self::tweak::{Tweak, derive_tweak, even_y};
use crate::key::PublicKeys;
use crate::suite::{Curve, CurveError, CurveKind, Ed25519, Secp256k1};

/// The first hardened index of BIP-32.
pub const HARDENED: u32 = 1 << 31;

/// The longest path, as in BIP-32, whose depth is a byte.
pub const MAX_DEPTH: usize = 255;

/// Which child of a stored key to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Derivation {
    /// The indices from the stored key down, each below [`HARDENED`].
    pub path: Vec<u32>,
    /// Whether BIP-341's tweak without a script tree comes last: a Taproot output key. BIP-340 keys only.
    pub taproot: bool,
    /// A number that is added to the stored key instead of all that: 32 bytes in the byte order of the curve, below its
    /// order. See [`Epsilon::derivation`].
    pub added: Option<[u8; 32]>,
}

impl Derivation {
    /// The stored key itself.
    pub const fn root() -> Self {
        Self { path: Vec::new(), taproot: false, added: None }
    }

    /// A child without a Taproot tweak.
    pub const fn child(path: Vec<u32>) -> Self {
        Self { path, taproot: false, added: None }
    }

    /// A Taproot output key.
    pub const fn taproot(path: Vec<u32>) -> Self {
        Self { path, taproot: true, added: None }
    }
}

/// Why a key has no such child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeriveError {
    /// A hardened index, which needs the secret key.
    #[error("index {index} is hardened, and hardened steps need a secret that nobody has")]
    Hardened {
        /// The index.
        index: u32,
    },
    /// More steps than BIP-32 can count.
    #[error("{depth} steps where at most {MAX_DEPTH} are possible")]
    TooDeep {
        /// The length of the path.
        depth: usize,
    },
    /// A step has no key: its number is not below the group order, or the sum is the identity. Use the next index.
    #[error("index {index} has no key")]
    Invalid {
        /// The index.
        index: u32,
    },
    /// The Taproot tweak of this key is not below the group order, or the sum is the identity.
    #[error("this key has no taproot output key")]
    InvalidTaproot,
    /// A Taproot tweak was asked of a key that is none of BIP-340.
    #[error("a taproot tweak of a key for {purpose}")]
    NotTaproot {
        /// The purpose of the key.
        purpose: KeyPurpose,
    },
    /// A bare number was asked of a key whose children are not the stored key plus a number, as BIP-340's are not.
    #[error("a key for {purpose} has no additive tweak")]
    NotAdditive {
        /// The purpose of the key.
        purpose: KeyPurpose,
    },
    /// The tweak of Chain Signatures is not below the order of secp256k1. Use another path.
    #[error("the tweak of this account and path is not below the group order")]
    EpsilonRange,
    /// A number is to be added to a child of a path.
    #[error("a number is added to the stored key alone, not after a path")]
    Mixed,
    /// The account that asks has a comma, so that it and its path could be another's.
    #[error("an account with a comma")]
    Predecessor,
    /// The key is derived already; paths start at the stored key.
    #[error("the key is derived already")]
    AlreadyDerived,
    /// The stored key is no point of its curve.
    #[error("the stored key is malformed")]
    Key(#[from] CurveError),
}

/// The public side of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedKey {
    /// The child's public key: 33 bytes compressed on secp256k1 (even y for BIP-340 keys), 32 on Ed25519.
    pub public_key: Vec<u8>,
    /// The chain code at the end of the path.
    pub chain_code: [u8; 32],
}

/// Derives a child's public key, for any purpose.
///
/// # Errors
/// [`DeriveError`] when there is no such child.
pub fn derive_public(keys: &PublicKeys, derivation: &Derivation) -> Result<DerivedKey, DeriveError> {
    match CurveKind::of(keys.purpose) {
        CurveKind::Ed25519 => derive_bytes::<Ed25519>(keys, derivation),
        CurveKind::Secp256k1 => derive_bytes::<Secp256k1>(keys, derivation),
    }
}

/// Derives the number τ by which a child's ECDSA secret exceeds the stored key's: 32 bytes, big-endian.
///
/// # Errors
/// [`DeriveError`] when there is no such child, and [`DeriveError::NotAdditive`] for keys that are no ECDSA keys.
pub fn additive_tweak(keys: &PublicKeys, derivation: &Derivation) -> Result<[u8; 32], DeriveError> {
    if keys.purpose != KeyPurpose::EcdsaSecp256k1 {
        return Err(DeriveError::NotAdditive { purpose: keys.purpose });
    }
    let point = Secp256k1::point_from_bytes(&keys.group_key)?;
    let (tweak, _) = derive_tweak::<Secp256k1>(keys.purpose, &point, &keys.chain_code, derivation)?;
    Ok(Secp256k1::scalar_to_bytes(&tweak.added()))
}

fn derive_bytes<C: DeriveChild>(
    keys: &PublicKeys,
    derivation: &Derivation,
) -> Result<DerivedKey, DeriveError> {
    let point = C::point_from_bytes(&keys.group_key)?;
    let (tweak, chain_code) = derive_tweak::<C>(keys.purpose, &point, &keys.chain_code, derivation)?;
    let child = tweak.apply_to_point(point);
    Ok(DerivedKey { public_key: C::point_to_bytes(&child)?, chain_code })
}

/// One non-hardened step down.
pub(crate) struct Child<C: Curve> {
    /// What the secret grows by.
    pub tweak: Scalar<C>,
    /// The child's chain code.
    pub chain_code: [u8; 32],
}

/// A curve with a rule for public derivation.
pub(crate) trait DeriveChild: Curve {
    /// Computes the number of a non-hardened step; `None` if there is none.
    fn child_tweak(point: &Element<Self>, chain_code: &[u8; 32], index: u32) -> Option<Child<Self>>;

    /// Returns the number of BIP-341's tweak without a script tree, on curves that have one.
    fn taproot_tweak(point: &Element<Self>) -> Option<Scalar<Self>>;

    /// Returns whether the y-coordinate is even, on curves where that matters; elsewhere `true`.
    fn has_even_y(point: &Element<Self>) -> bool;
}

fn is_identity<C: Curve>(point: &Element<C>) -> bool {
    *point == C::Group::identity()
}
