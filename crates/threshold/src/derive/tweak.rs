//! What derivation does to a secret: `x ↦ ±x + add`.

use frost_core::{Element, Field, Group, Scalar};
use quorate_primitives::KeyPurpose;
use zeroize::Zeroize;

use super::{Derivation, DeriveChild, DeriveError, HARDENED, MAX_DEPTH, is_identity};
use crate::suite::{Curve, CurveError};

/// The map `x ↦ ±x + add` from a stored key to a child. Lagrange coefficients sum to one, so applying it to every
/// share applies it to the key.
#[derive(Clone, Copy)]
pub(crate) struct Tweak<C: Curve> {
    negate: bool,
    add: Scalar<C>,
}

impl<C: Curve> Tweak<C> {
    /// The stored key itself.
    pub fn identity() -> Self {
        Self { negate: false, add: <<C::Group as Group>::Field as Field>::zero() }
    }

    /// Applies the map to a share, or to the secret.
    pub fn apply_to_scalar(&self, mut share: Scalar<C>) -> Scalar<C> {
        let signed = if self.negate { -share } else { share };
        share.zeroize();
        signed + self.add
    }

    /// Applies the map to the point of a share, or of the secret.
    pub fn apply_to_point(&self, point: Element<C>) -> Element<C> {
        self.shift_point(point, C::mul_base(&self.add))
    }

    /// Applies the map to many points.
    pub fn apply_to_points(&self, points: &mut [Element<C>]) {
        let offset = C::mul_base(&self.add);
        for point in &mut *points {
            *point = self.shift_point(*point, offset);
        }
        C::normalize(points);
    }

    /// Returns the map that does to `−x` what this one does to `x`.
    pub fn of_negated(self) -> Self {
        Self { negate: !self.negate, ..self }
    }

    /// Returns the number that is added.
    pub fn added(&self) -> Scalar<C> {
        self.add
    }

    fn shift_point(&self, point: Element<C>, offset: Element<C>) -> Element<C> {
        if self.negate { offset - point } else { offset + point }
    }

    fn then_add(&mut self, number: Scalar<C>) {
        self.add = self.add + number;
    }

    fn then_negate(&mut self) {
        self.negate = !self.negate;
        self.add = -self.add;
    }
}

/// Returns the map that makes a BIP-340 key's y-coordinate even.
pub(crate) fn even_y<C: DeriveChild>(purpose: KeyPurpose, point: &Element<C>) -> Tweak<C> {
    let mut tweak = Tweak::identity();
    if purpose == KeyPurpose::Bip340Secp256k1 && !C::has_even_y(point) {
        tweak.then_negate();
    }
    tweak
}

/// Computes the map to a child, and the chain code at the end of the path.
///
/// A BIP-340 child ends with an even y-coordinate. BIP-32 works on the point as it is stored, whatever its y.
pub(crate) fn derive_tweak<C: DeriveChild>(
    purpose: KeyPurpose,
    root: &Element<C>,
    chain_code: &[u8; 32],
    derivation: &Derivation,
) -> Result<(Tweak<C>, [u8; 32]), DeriveError> {
    check(purpose, derivation)?;
    if let Some(number) = &derivation.added {
        return Ok((add(root, number)?, *chain_code));
    }
    let (mut tweak, mut point, mut chain_code) = (Tweak::<C>::identity(), *root, *chain_code);
    for &index in &derivation.path {
        let child = C::child_tweak(&point, &chain_code, index).ok_or(DeriveError::Invalid { index })?;
        point = point + C::mul_base(&child.tweak);
        if is_identity::<C>(&point) {
            return Err(DeriveError::Invalid { index });
        }
        tweak.then_add(child.tweak);
        chain_code = child.chain_code;
    }
    if purpose == KeyPurpose::Bip340Secp256k1 && !C::has_even_y(&point) {
        tweak.then_negate();
        point = C::negate(point);
    }
    if derivation.taproot {
        let number = C::taproot_tweak(&point).ok_or(DeriveError::InvalidTaproot)?;
        point = point + C::mul_base(&number);
        tweak.then_add(number);
        if is_identity::<C>(&point) {
            return Err(DeriveError::InvalidTaproot);
        }
        if !C::has_even_y(&point) {
            tweak.then_negate();
        }
    }
    Ok((tweak, chain_code))
}

/// Returns the map that adds a number to the stored key.
fn add<C: DeriveChild>(root: &Element<C>, number: &[u8; 32]) -> Result<Tweak<C>, DeriveError> {
    let number = C::scalar_from_bytes(number).map_err(|_| DeriveError::EpsilonRange)?;
    if is_identity::<C>(&(*root + C::mul_base(&number))) {
        return Err(DeriveError::Key(CurveError::Identity));
    }
    Ok(Tweak { negate: false, add: number })
}

fn check(purpose: KeyPurpose, derivation: &Derivation) -> Result<(), DeriveError> {
    if derivation.path.len() > MAX_DEPTH {
        return Err(DeriveError::TooDeep { depth: derivation.path.len() });
    }
    if let Some(&index) = derivation.path.iter().find(|index| **index >= HARDENED) {
        return Err(DeriveError::Hardened { index });
    }
    if derivation.taproot && purpose != KeyPurpose::Bip340Secp256k1 {
        return Err(DeriveError::NotTaproot { purpose });
    }
    if derivation.added.is_some() {
        if !derivation.path.is_empty() || derivation.taproot {
            return Err(DeriveError::Mixed);
        }
        if purpose == KeyPurpose::Bip340Secp256k1 {
            return Err(DeriveError::NotAdditive { purpose });
        }
    }
    Ok(())
}
