//! Two suites behind one type: what callers hold is typed at run time, what computes is generic.

use quorate_primitives::KeyPurpose;

use super::KeyError;
use crate::suite::{Curve, Ed25519, Secp256k1};

/// The suite of a key that FROST can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteId {
    /// RFC 9591's FROST(Ed25519, SHA-512).
    Ed25519,
    /// FROST(secp256k1, SHA-256) with BIP-340 signatures.
    Bip340,
}

impl SuiteId {
    /// Returns the suite of keys with this purpose.
    ///
    /// # Errors
    /// [`KeyError::NotSchnorr`] for an ECDSA key.
    pub const fn of(purpose: KeyPurpose) -> Result<Self, KeyError> {
        match purpose {
            KeyPurpose::Ed25519 => Ok(Self::Ed25519),
            KeyPurpose::Bip340Secp256k1 => Ok(Self::Bip340),
            KeyPurpose::EcdsaSecp256k1 => Err(KeyError::NotSchnorr { purpose }),
        }
    }

    /// Returns the purpose of keys of this suite.
    pub const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Ed25519 => KeyPurpose::Ed25519,
            Self::Bip340 => KeyPurpose::Bip340Secp256k1,
        }
    }

    /// Returns the length of the suite's encoded points.
    pub const fn point_len(self) -> usize {
        match self {
            Self::Ed25519 => Ed25519::POINT_LEN,
            Self::Bip340 => Secp256k1::POINT_LEN,
        }
    }
}

/// A value of one suite or of the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BySuite<E, B> {
    Ed25519(E),
    Bip340(B),
}

impl<E, B> BySuite<E, B> {
    pub const fn suite(&self) -> SuiteId {
        match self {
            Self::Ed25519(_) => SuiteId::Ed25519,
            Self::Bip340(_) => SuiteId::Bip340,
        }
    }

    pub const fn purpose(&self) -> KeyPurpose {
        self.suite().purpose()
    }

    pub const fn as_ref(&self) -> BySuite<&E, &B> {
        match self {
            Self::Ed25519(value) => BySuite::Ed25519(value),
            Self::Bip340(value) => BySuite::Bip340(value),
        }
    }

    /// Pairs two values of the same suite.
    pub fn zip<E2, B2>(self, other: BySuite<E2, B2>) -> Option<BySuite<(E, E2), (B, B2)>> {
        match (self, other) {
            (Self::Ed25519(one), BySuite::Ed25519(two)) => Some(BySuite::Ed25519((one, two))),
            (Self::Bip340(one), BySuite::Bip340(two)) => Some(BySuite::Bip340((one, two))),
            (Self::Ed25519(_), BySuite::Bip340(_)) | (Self::Bip340(_), BySuite::Ed25519(_)) => None,
        }
    }
}

/// Evaluates one expression for whichever suite a value is of.
macro_rules! for_suite {
    ($value:expr, $inner:pat => $result:expr) => {
        match $value {
            $crate::frost::suite::BySuite::Ed25519($inner) => $result,
            $crate::frost::suite::BySuite::Bip340($inner) => $result,
        }
    };
}

/// As [`for_suite`], and puts the result back into the suite.
macro_rules! map_suite {
    ($value:expr, $inner:pat => $result:expr) => {
        match $value {
            $crate::frost::suite::BySuite::Ed25519($inner) => $crate::frost::suite::BySuite::Ed25519($result),
            $crate::frost::suite::BySuite::Bip340($inner) => $crate::frost::suite::BySuite::Bip340($result),
        }
    };
}

pub(super) use {for_suite, map_suite};
