//! The two FROST ciphersuites, and the little more that key generation needs of a curve.
//!
//! [`Ed25519`] is RFC 9591's FROST(Ed25519, SHA-512); [`Secp256k1`] is FROST(secp256k1, SHA-256) with BIP-340
//! challenges, byte for byte the suite that `frost-secp256k1-tr` defines. Both are written for `frost-core`'s
//! traits with group elements of our own, which know two things that a bare point forgets: that they are the
//! generator (so that multiplying it uses a table) and their encoding (so that it is computed once).
//!
//! Everything decoded here is canonical, in the prime-order group and not the identity, or it is refused.

mod ed25519;
mod lagrange;
mod secp256k1;

use core::ops::Neg;

use frost_core::{Ciphersuite, Element, Field, Group, Scalar};
use quorate_primitives::KeyPurpose;
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::Zeroize;

pub use self::ed25519::{Ed25519, Ed25519Point};
pub use self::lagrange::lagrange_at_zero;
pub(crate) use self::secp256k1::tagged_hash;
pub use self::secp256k1::{Secp256k1, Secp256k1Point};

/// Why bytes are no point, or no scalar, of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CurveError {
    /// The bytes have another length than this curve's encoding.
    #[error("{found} bytes where {expected} encode a point")]
    Length {
        /// Bytes received.
        found: usize,
        /// The length of every encoding.
        expected: usize,
    },
    /// The bytes are no canonical encoding of a point of the curve.
    #[error("not the canonical encoding of a point")]
    NotAPoint,
    /// The point has a component of small order.
    #[error("a point outside the prime-order group")]
    Torsion,
    /// The point is the identity, which nothing here may be.
    #[error("the identity point")]
    Identity,
    /// The bytes encode a number that is not below the group order.
    #[error("a scalar not below the group order")]
    ScalarRange,
}

/// A FROST ciphersuite as key generation uses it.
///
/// `Scalar<Self>` is wiped by `zeroize`; what may vary in time says so.
pub trait Curve:
    Ciphersuite<Group: Group<Field: Field<Scalar: Neg<Output = Scalar<Self>> + Zeroize>>>
{
    /// The length of an encoded point.
    const POINT_LEN: usize;

    /// Encodes a point.
    ///
    /// # Errors
    /// [`CurveError::Identity`]: the identity has no encoding.
    fn point_to_bytes(point: &Element<Self>) -> Result<Vec<u8>, CurveError>;

    /// Decodes a point: canonical, in the prime-order group, not the identity.
    ///
    /// # Errors
    /// [`CurveError`] names what is wrong.
    fn point_from_bytes(bytes: &[u8]) -> Result<Element<Self>, CurveError>;

    /// Computes the encodings of many points at once (one inversion), so that encoding them later is free.
    fn normalize(points: &mut [Element<Self>]);

    /// Encodes a scalar, in the byte order that is usual for the curve.
    fn scalar_to_bytes(scalar: &Scalar<Self>) -> [u8; 32];

    /// Decodes a scalar below the group order; zero is one.
    ///
    /// # Errors
    /// [`CurveError::ScalarRange`] for a number not below the group order.
    fn scalar_from_bytes(bytes: &[u8; 32]) -> Result<Scalar<Self>, CurveError>;

    /// Reduces 64 uniform bytes modulo the group order, with a bias below 2⁻²⁵⁶.
    fn hash_to_scalar(uniform: &[u8; 64]) -> Scalar<Self>;

    /// Multiplies the generator, in constant time, from a table.
    fn mul_base(scalar: &Scalar<Self>) -> Element<Self>;

    /// Returns the negative of a point, with its encoding if that is known.
    fn negate(point: Element<Self>) -> Element<Self>;

    /// Computes the sum of `scalars[i] · points[i]`. Varies in time: public values only.
    fn multiscalar_vartime(terms: &[(Scalar<Self>, Element<Self>)]) -> Element<Self>;

    /// Draws a scalar that is not zero.
    fn random_scalar(rng: &mut (impl RngCore + CryptoRng)) -> Scalar<Self> {
        loop {
            let scalar = <<Self::Group as Group>::Field as Field>::random(rng);
            if scalar != <<Self::Group as Group>::Field as Field>::zero() {
                return scalar;
            }
        }
    }

    /// Multiplies by a small public number with a few doublings; varies in time with the number.
    fn mul_small(point: Element<Self>, factor: u16) -> Element<Self> {
        let mut product = Self::Group::identity();
        for bit in (0..u16::BITS - factor.leading_zeros()).rev() {
            product = product + product;
            if factor >> bit & 1 == 1 {
                product = product + point;
            }
        }
        product
    }

    /// Returns a small number as a scalar.
    fn scalar_from_u16(number: u16) -> Scalar<Self>;
}

/// The curve of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveKind {
    /// [`Ed25519`].
    Ed25519,
    /// [`Secp256k1`].
    Secp256k1,
}

impl CurveKind {
    /// Returns the curve that keys of this purpose live on.
    pub const fn of(purpose: KeyPurpose) -> Self {
        match purpose {
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 => Self::Secp256k1,
            KeyPurpose::Ed25519 => Self::Ed25519,
        }
    }

    /// Returns the length of this curve's encoded points.
    pub const fn point_len(self) -> usize {
        match self {
            Self::Ed25519 => Ed25519::POINT_LEN,
            Self::Secp256k1 => Secp256k1::POINT_LEN,
        }
    }
}

#[cfg(test)]
mod tests;
