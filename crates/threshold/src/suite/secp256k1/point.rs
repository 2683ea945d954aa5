//! Points that know what they are and how they are written.

use core::ops::{Add, Mul, Neg, Sub};

use k256::elliptic_curve::BatchNormalize;
use k256::elliptic_curve::group::prime::PrimeCurveAffine;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::sec1::FromEncodedPoint;
use k256::{AffinePoint, EncodedPoint, ProjectivePoint, Scalar};

use super::table::mul_generator;
use crate::suite::CurveError;

/// A point of secp256k1.
#[derive(Clone, Copy, Debug)]
pub struct Secp256k1Point {
    point: ProjectivePoint,
    form: Form,
}

/// What is known about a point beside its coordinates.
#[derive(Clone, Copy, Debug)]
enum Form {
    Generator,
    Encoded([u8; 33]),
    Computed,
}

impl Secp256k1Point {
    /// Returns the point as `k256` writes it.
    pub const fn to_projective(&self) -> ProjectivePoint {
        self.point
    }

    /// Returns whether the y-coordinate is even; the identity counts as even.
    pub fn has_even_y(&self) -> bool {
        !matches!(self.encode(), Some([3, ..]))
    }

    /// Returns the x-coordinate in the 32 bytes of BIP-340, `None` for the identity.
    pub fn x_only(&self) -> Option<[u8; 32]> {
        let [_, x @ ..] = self.encode()?;
        Some(x)
    }

    pub(crate) const fn computed(point: ProjectivePoint) -> Self {
        Self { point, form: Form::Computed }
    }

    pub(super) const fn generator() -> Self {
        Self { point: ProjectivePoint::GENERATOR, form: Form::Generator }
    }

    /// Computes the encodings of many points with one inversion.
    pub(super) fn normalize(points: &mut [Self]) {
        // The identity has no encoding, and `k256` panics on it: the generator stands in its place.
        let is_identity = |point: &Self| point.point == ProjectivePoint::IDENTITY;
        let finite = |point: &Self| if is_identity(point) { ProjectivePoint::GENERATOR } else { point.point };
        let projective: Vec<_> = points.iter().map(finite).collect();
        let affine = ProjectivePoint::batch_normalize(projective.as_slice());
        for (point, affine) in points.iter_mut().zip(affine) {
            if !matches!(point.form, Form::Generator) && !is_identity(point) {
                *point = Self::from_affine(affine);
            }
        }
    }

    fn from_affine(point: AffinePoint) -> Self {
        let form = compress(&point).map_or(Form::Computed, Form::Encoded);
        Self { point: point.into(), form }
    }

    /// Returns the compressed encoding, `None` for the identity.
    pub(super) fn encode(&self) -> Option<[u8; 33]> {
        match self.form {
            Form::Encoded(bytes) => Some(bytes),
            Form::Generator | Form::Computed => compress(&self.point.to_affine()),
        }
    }
}

impl From<ProjectivePoint> for Secp256k1Point {
    fn from(point: ProjectivePoint) -> Self {
        Self::computed(point)
    }
}

impl PartialEq for Secp256k1Point {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for Secp256k1Point {}

impl Add for Secp256k1Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::computed(self.point + other.point)
    }
}

impl Sub for Secp256k1Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::computed(self.point - other.point)
    }
}

impl Neg for Secp256k1Point {
    type Output = Self;

    fn neg(self) -> Self {
        let form = match self.form {
            Form::Encoded([sign, x @ ..]) => {
                let mut bytes = [0; 33];
                bytes[0] = sign ^ 1;
                bytes[1..].copy_from_slice(&x);
                Form::Encoded(bytes)
            }
            Form::Generator | Form::Computed => Form::Computed,
        };
        Self { point: -self.point, form }
    }
}

impl Mul<Scalar> for Secp256k1Point {
    type Output = Self;

    fn mul(self, scalar: Scalar) -> Self {
        match self.form {
            Form::Generator => Self::computed(mul_generator(&scalar)),
            Form::Encoded(_) | Form::Computed => Self::computed(self.point * scalar),
        }
    }
}

/// Encodes a point that is not the identity. Points of secrets come here before they are published: the parity of y is
/// no branch, as it would be in `to_encoded_point`.
fn compress(point: &AffinePoint) -> Option<[u8; 33]> {
    if point.is_identity().into() {
        return None;
    }
    let mut bytes = [0; 33];
    let [tag, x @ ..] = &mut bytes;
    *tag = 2 | point.y_is_odd().unwrap_u8();
    x.copy_from_slice(&point.x());
    Some(bytes)
}

/// Decodes a compressed point: tag 2 or 3, a coordinate below the field prime, on the curve.
pub(super) fn decode(bytes: &[u8; 33]) -> Result<Secp256k1Point, CurveError> {
    // SEC 1's "compact" tag 5 has this length too, and would be a second encoding of the same points.
    if !matches!(bytes, [2 | 3, ..]) {
        return Err(CurveError::NotAPoint);
    }
    let encoded = EncodedPoint::from_bytes(bytes).map_err(|_| CurveError::NotAPoint)?;
    let point = Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&encoded))
        .ok_or(CurveError::NotAPoint)?;
    if point.is_identity().into() {
        return Err(CurveError::Identity);
    }
    Ok(Secp256k1Point { point: point.into(), form: Form::Encoded(*bytes) })
}
