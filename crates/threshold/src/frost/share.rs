//! Round two's message: one scalar.

use core::fmt;

use quorate_primitives::KeyPurpose;

use super::suite::{BySuite, for_suite};
use super::{KeyError, SuiteId};
use crate::suite::{Curve, Ed25519, Secp256k1};

/// One signer's part of a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignatureShare {
    pub(super) inner: BySuite<ShareScalar<Ed25519>, ShareScalar<Secp256k1>>,
}

/// The scalar, with its suite.
pub(super) struct ShareScalar<C: Curve>(pub frost_core::Scalar<C>);

impl SignatureShare {
    /// The length of the encoding, in either suite.
    pub const LEN: usize = 32;

    /// Returns the purpose of the key that made it.
    pub const fn purpose(&self) -> KeyPurpose {
        self.inner.purpose()
    }

    /// Encodes the scalar, in the byte order of the curve.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        for_suite!(&self.inner, share => share.to_bytes())
    }

    /// Decodes a scalar below the group order.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for another length, [`KeyError::Curve`] for a number not below the order,
    /// [`KeyError::NotSchnorr`] for an ECDSA key.
    pub fn from_bytes(purpose: KeyPurpose, bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.try_into().map_err(|_| KeyError::Malformed { what: "signature share" })?;
        let inner = match SuiteId::of(purpose)? {
            SuiteId::Ed25519 => BySuite::Ed25519(ShareScalar::from_bytes(bytes)?),
            SuiteId::Bip340 => BySuite::Bip340(ShareScalar::from_bytes(bytes)?),
        };
        Ok(Self { inner })
    }
}

impl fmt::Debug for SignatureShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureShare").field("purpose", &self.purpose()).finish_non_exhaustive()
    }
}

impl<C: Curve> ShareScalar<C> {
    fn to_bytes(self) -> [u8; 32] {
        C::scalar_to_bytes(&self.0)
    }

    fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        C::scalar_from_bytes(bytes)
            .map(Self)
            .map_err(|source| KeyError::Curve { what: "signature share", source })
    }
}

impl<C: Curve> Clone for ShareScalar<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Curve> Copy for ShareScalar<C> {}

impl<C: Curve> PartialEq for ShareScalar<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<C: Curve> Eq for ShareScalar<C> {}
