//! Feldman's verifiable secret sharing on one curve.

use frost_core::{Element, Field, Group, Scalar};
use quorate_primitives::{HedgedRng, ParticipantId, Threshold};
use zeroize::Zeroizing;

use super::Offence;
use crate::suite::Curve;

/// A dealer's polynomial f of degree t − 1; f(0) is its part of the key.
pub(super) struct Polynomial<C: Curve> {
    coefficients: Zeroizing<Vec<Scalar<C>>>,
}

impl<C: Curve> Polynomial<C> {
    /// Draws t random coefficients.
    pub(super) fn random(threshold: Threshold, rng: &mut HedgedRng) -> Self {
        let coefficients = (0..threshold.min_signers()).map(|_| C::random_scalar(rng)).collect();
        Self { coefficients: Zeroizing::new(coefficients) }
    }

    /// Returns the constant term.
    pub(super) fn constant_term(&self) -> Zeroizing<Scalar<C>> {
        let zero = <<C::Group as Group>::Field as Field>::zero();
        Zeroizing::new(self.coefficients.first().copied().unwrap_or(zero))
    }

    /// Returns f(j), by Horner's rule.
    pub(super) fn evaluate(&self, at: ParticipantId) -> Zeroizing<Scalar<C>> {
        let x = C::scalar_from_u16(at.get());
        let mut value = Zeroizing::new(<<C::Group as Group>::Field as Field>::zero());
        for coefficient in self.coefficients.iter().rev() {
            *value = *value * x + *coefficient;
        }
        value
    }

    /// Returns C_m = a_m·G for every coefficient.
    pub(super) fn commit(&self) -> Committed<C> {
        Committed(self.coefficients.iter().map(|a| C::mul_base(a)).collect())
    }
}

/// The public commitment C_0 … C_{t−1} to a polynomial.
pub(super) struct Committed<C: Curve>(Vec<Element<C>>);

impl<C: Curve> Committed<C> {
    /// Reads exactly t points of the group, none of them the identity.
    pub(super) fn from_bytes(threshold: Threshold, points: &[Vec<u8>]) -> Result<Self, Offence> {
        if points.len() != usize::from(threshold.min_signers()) {
            return Err(Offence::Degree);
        }
        let read = |point: &Vec<u8>| C::point_from_bytes(point).map_err(|_| Offence::Point);
        points.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the points' bytes; `None` if a coefficient was zero, which has negligible probability.
    pub(super) fn to_bytes(&self) -> Option<Vec<Vec<u8>>> {
        self.0.iter().map(|point| C::point_to_bytes(point).ok()).collect()
    }

    /// Returns C_0.
    pub(super) fn constant_term(&self) -> Element<C> {
        self.0.first().copied().unwrap_or_else(<C::Group as Group>::identity)
    }

    /// Returns Σ_m j^m·C_m = f(j)·G, by Horner's rule on the small index.
    pub(super) fn evaluate(&self, at: ParticipantId) -> Element<C> {
        self.0
            .iter()
            .rev()
            .fold(<C::Group as Group>::identity(), |value, point| C::mul_small(value, at.get()) + *point)
    }

    /// Returns whether `share` is f(j).
    pub(super) fn accepts(&self, at: ParticipantId, share: &Scalar<C>) -> bool {
        C::mul_base(share) == self.evaluate(at)
    }

    /// Adds up the dealers' commitments, coefficient by coefficient; `None` if there is no dealer.
    pub(super) fn sum<'a>(dealers: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut dealers = dealers.into_iter();
        let mut sum = dealers.next()?.0.clone();
        for dealer in dealers {
            sum.iter_mut().zip(&dealer.0).for_each(|(sum, point)| *sum = *sum + *point);
        }
        Some(Self(sum))
    }
}
