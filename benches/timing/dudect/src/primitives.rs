//! The operations that everything is made of, and two that leak on purpose.

use std::hint::black_box;

use frost_core::{Element, Scalar};
use quorate_dkls::timing::Step;
use quorate_primitives::{HedgedRng, Secret};
use quorate_threshold::suite::{Curve, Secp256k1};
use rand_core::RngCore;

use crate::measure::FIXED;

fn public() -> HedgedRng {
    HedgedRng::new(&[0; 32], b"", b"public")
}

/// Generator times a secret scalar.
pub struct BaseMultiplication<C: Curve> {
    scalar: Scalar<C>,
}

impl<C: Curve> Default for BaseMultiplication<C> {
    fn default() -> Self {
        Self { scalar: C::random_scalar(&mut public()) }
    }
}

impl<C: Curve> Step for BaseMultiplication<C> {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.scalar = C::random_scalar(secrets);
    }

    fn take(&self) {
        black_box(C::mul_base(&self.scalar));
    }
}

/// A public point times a secret scalar.
pub struct PointMultiplication<C: Curve> {
    scalar: Scalar<C>,
    point: Element<C>,
}

impl<C: Curve> Default for PointMultiplication<C> {
    fn default() -> Self {
        let scalar = C::random_scalar(&mut public());
        Self { scalar, point: C::mul_base(&scalar) }
    }
}

impl<C: Curve> Step for PointMultiplication<C> {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.scalar = C::random_scalar(secrets);
    }

    fn take(&self) {
        black_box(self.point * self.scalar);
    }
}

/// A stored scalar decoded.
pub struct Decoding<C: Curve> {
    bytes: [u8; 32],
    curve: std::marker::PhantomData<C>,
}

impl<C: Curve> Default for Decoding<C> {
    fn default() -> Self {
        Self { bytes: [0; 32], curve: std::marker::PhantomData }
    }
}

impl<C: Curve> Step for Decoding<C> {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.bytes = C::scalar_to_bytes(&C::random_scalar(secrets));
    }

    fn take(&self) {
        black_box(C::scalar_from_bytes(&self.bytes).is_ok());
    }
}

/// A point of a secret scalar encoded: an inversion and the choice of a tag.
pub struct Encoding<C: Curve> {
    point: Element<C>,
}

impl<C: Curve> Default for Encoding<C> {
    fn default() -> Self {
        Self { point: C::mul_base(&C::random_scalar(&mut public())) }
    }
}

impl<C: Curve> Step for Encoding<C> {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.point = C::mul_base(&C::random_scalar(secrets));
    }

    fn take(&self) {
        let mut points = [self.point];
        C::normalize(&mut points);
        black_box(points);
    }
}

/// Two secrets compared. In the fixed class they are equal.
pub struct Comparison {
    secret: Secret<[u8; 32]>,
    other: Secret<[u8; 32]>,
}

impl Default for Comparison {
    fn default() -> Self {
        Self { secret: Secret::new([0; 32]), other: Secret::new(drawn_from_fixed()) }
    }
}

impl Step for Comparison {
    fn load(&mut self, secrets: &mut HedgedRng) {
        secrets.fill_bytes(self.secret.expose_mut());
    }

    fn take(&self) {
        black_box(self.secret == self.other);
    }
}

/// Control: a comparison that stops at the first difference.
pub struct LeakyComparison {
    secret: [u8; 32],
    other: [u8; 32],
}

impl Default for LeakyComparison {
    fn default() -> Self {
        Self { secret: [0; 32], other: drawn_from_fixed() }
    }
}

impl Step for LeakyComparison {
    fn load(&mut self, secrets: &mut HedgedRng) {
        secrets.fill_bytes(&mut self.secret);
    }

    fn take(&self) {
        let mut pairs = self.secret.iter().zip(&self.other);
        black_box(pairs.all(|(one, other)| black_box(one == other)));
    }
}

/// Control: a multiplication meant for public values.
#[derive(Default)]
pub struct LeakyMultiplication(PointMultiplication<Secp256k1>);

impl Step for LeakyMultiplication {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.0.load(secrets);
    }

    fn take(&self) {
        black_box(Secp256k1::multiscalar_vartime(&[(self.0.scalar, self.0.point)]));
    }
}

/// What a step of the fixed class draws first.
fn drawn_from_fixed() -> [u8; 32] {
    let mut bytes = [0; 32];
    HedgedRng::new(&FIXED, b"", b"dudect").fill_bytes(&mut bytes);
    bytes
}
