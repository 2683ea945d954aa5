//! FROST(Ed25519, SHA-512) of RFC 9591, section 6.1.

use core::ops::{Add, Mul, Sub};

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity, VartimeMultiscalarMul};
use frost_core::{Ciphersuite, Error, Field, FieldError, Group, GroupError, Signature, VerifyingKey};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};

use super::{Curve, CurveError};

const CONTEXT: &[u8] = b"FROST-ED25519-SHA512-v1";

/// The ciphersuite FROST(Ed25519, SHA-512).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ed25519;

/// A point of Ed25519's prime-order group.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519Point {
    point: EdwardsPoint,
    form: Form,
}

/// What is known about a point beside its coordinates.
#[derive(Clone, Copy, Debug)]
enum Form {
    Generator,
    Encoded([u8; 32]),
    Computed,
}

impl Ed25519Point {
    /// Returns the point as `curve25519-dalek` writes it.
    pub const fn to_edwards(&self) -> EdwardsPoint {
        self.point
    }

    const fn computed(point: EdwardsPoint) -> Self {
        Self { point, form: Form::Computed }
    }

    /// Returns the encoding, which the identity has here too.
    pub(crate) fn encode(&self) -> [u8; 32] {
        match self.form {
            Form::Encoded(bytes) => bytes,
            Form::Generator | Form::Computed => self.point.compress().to_bytes(),
        }
    }
}

impl PartialEq for Ed25519Point {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for Ed25519Point {}

impl Add for Ed25519Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::computed(self.point + other.point)
    }
}

impl Sub for Ed25519Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::computed(self.point - other.point)
    }
}

impl Mul<Scalar> for Ed25519Point {
    type Output = Self;

    fn mul(self, scalar: Scalar) -> Self {
        match self.form {
            Form::Generator => Self::computed(EdwardsPoint::mul_base(&scalar)),
            Form::Encoded(_) | Form::Computed => Self::computed(self.point * scalar),
        }
    }
}

/// The integers modulo the order of Ed25519's group.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519Field;

impl Field for Ed25519Field {
    type Scalar = Scalar;
    type Serialization = [u8; 32];

    fn zero() -> Scalar {
        Scalar::ZERO
    }

    fn one() -> Scalar {
        Scalar::ONE
    }

    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        if *scalar == Scalar::ZERO {
            return Err(FieldError::InvalidZeroScalar);
        }
        Ok(scalar.invert())
    }

    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        Scalar::random(rng)
    }

    fn serialize(scalar: &Scalar) -> [u8; 32] {
        scalar.to_bytes()
    }

    fn little_endian_serialize(scalar: &Scalar) -> [u8; 32] {
        scalar.to_bytes()
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Scalar, FieldError> {
        Option::from(Scalar::from_canonical_bytes(*bytes)).ok_or(FieldError::MalformedScalar)
    }
}

/// The prime-order group of Ed25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ed25519Group;

impl Group for Ed25519Group {
    type Field = Ed25519Field;
    type Element = Ed25519Point;
    type Serialization = [u8; 32];

    /// One: every element is in the prime-order group, so no equation needs its cofactor cleared.
    fn cofactor() -> Scalar {
        Scalar::ONE
    }

    fn identity() -> Ed25519Point {
        Ed25519Point::computed(EdwardsPoint::identity())
    }

    fn generator() -> Ed25519Point {
        Ed25519Point { point: curve25519_dalek::constants::ED25519_BASEPOINT_POINT, form: Form::Generator }
    }

    fn serialize(element: &Ed25519Point) -> Result<[u8; 32], GroupError> {
        if let Form::Encoded(bytes) = element.form {
            return Ok(bytes);
        }
        if element.point.is_identity() {
            return Err(GroupError::InvalidIdentityElement);
        }
        Ok(element.encode())
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Ed25519Point, GroupError> {
        decode(bytes).map_err(|error| match error {
            CurveError::Identity => GroupError::InvalidIdentityElement,
            CurveError::Torsion => GroupError::InvalidNonPrimeOrderElement,
            CurveError::Length { .. } | CurveError::NotAPoint | CurveError::ScalarRange => {
                GroupError::MalformedElement
            }
        })
    }
}

fn decode(bytes: &[u8; 32]) -> Result<Ed25519Point, CurveError> {
    let point = CompressedEdwardsY(*bytes).decompress().ok_or(CurveError::NotAPoint)?;
    if point.is_identity() {
        return Err(CurveError::Identity);
    }
    if !is_torsion_free(&point) {
        return Err(CurveError::Torsion);
    }
    // A non-canonical encoding is always of a point with torsion or of the identity (eprint 2020/1244), so
    // what is left is canonical.
    Ok(Ed25519Point { point, form: Form::Encoded(*bytes) })
}

/// Returns whether ℓ·P is the identity, by (ℓ − 1)·P = −P. Varies in time: decoded points are public.
fn is_torsion_free(point: &EdwardsPoint) -> bool {
    let product = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO);
    product == -point
}

fn hash(parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn hash_to_scalar(parts: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash(parts))
}

impl Ciphersuite for Ed25519 {
    const ID: &'static str = "FROST-ED25519-SHA512-v1";

    type Group = Ed25519Group;
    type HashOutput = [u8; 64];
    type SignatureSerialization = [u8; 64];

    fn H1(message: &[u8]) -> Scalar {
        hash_to_scalar(&[CONTEXT, b"rho", message])
    }

    /// The challenge of RFC 8032: no context string.
    fn H2(message: &[u8]) -> Scalar {
        hash_to_scalar(&[message])
    }

    fn H3(message: &[u8]) -> Scalar {
        hash_to_scalar(&[CONTEXT, b"nonce", message])
    }

    fn H4(message: &[u8]) -> [u8; 64] {
        hash(&[CONTEXT, b"msg", message])
    }

    fn H5(message: &[u8]) -> [u8; 64] {
        hash(&[CONTEXT, b"com", message])
    }

    fn HDKG(message: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar(&[CONTEXT, b"dkg", message]))
    }

    fn HID(message: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar(&[CONTEXT, b"id", message]))
    }

    /// Computes `z·B − c·A` in one pass and compares it with `R`.
    fn verify_signature(
        message: &[u8],
        signature: &Signature<Self>,
        public_key: &VerifyingKey<Self>,
    ) -> Result<(), Error<Self>> {
        let challenge = frost_core::challenge::<Self>(signature.R(), public_key, message)?.to_scalar();
        let minus_key = -public_key.to_element().point;
        let expected =
            EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, &minus_key, signature.z());
        if expected == signature.R().point { Ok(()) } else { Err(Error::InvalidSignature) }
    }
}

impl Curve for Ed25519 {
    const POINT_LEN: usize = 32;

    fn point_to_bytes(point: &Ed25519Point) -> Result<Vec<u8>, CurveError> {
        Ed25519Group::serialize(point).map(Vec::from).map_err(|_| CurveError::Identity)
    }

    fn point_from_bytes(bytes: &[u8]) -> Result<Ed25519Point, CurveError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| CurveError::Length { found: bytes.len(), expected: Self::POINT_LEN })?;
        decode(bytes)
    }

    fn normalize(points: &mut [Ed25519Point]) {
        for point in points {
            if !point.point.is_identity() && !matches!(point.form, Form::Generator) {
                point.form = Form::Encoded(point.encode());
            }
        }
    }

    fn scalar_to_bytes(scalar: &Scalar) -> [u8; 32] {
        scalar.to_bytes()
    }

    fn scalar_from_bytes(bytes: &[u8; 32]) -> Result<Scalar, CurveError> {
        Ed25519Field::deserialize(bytes).map_err(|_| CurveError::ScalarRange)
    }

    fn hash_to_scalar(uniform: &[u8; 64]) -> Scalar {
        Scalar::from_bytes_mod_order_wide(uniform)
    }

    fn mul_base(scalar: &Scalar) -> Ed25519Point {
        Ed25519Point::computed(EdwardsPoint::mul_base(scalar))
    }

    fn negate(point: Ed25519Point) -> Ed25519Point {
        let form = match point.form {
            // Only the identity, which has no form, is its own negative.
            Form::Encoded(mut bytes) => {
                bytes[31] ^= 0x80;
                Form::Encoded(bytes)
            }
            Form::Generator | Form::Computed => Form::Computed,
        };
        Ed25519Point { point: -point.point, form }
    }

    fn multiscalar_vartime(terms: &[(Scalar, Ed25519Point)]) -> Ed25519Point {
        let scalars = terms.iter().map(|(scalar, _)| scalar);
        let points = terms.iter().map(|(_, point)| point.point);
        Ed25519Point::computed(EdwardsPoint::vartime_multiscalar_mul(scalars, points))
    }

    fn scalar_from_u16(number: u16) -> Scalar {
        Scalar::from(number)
    }
}
