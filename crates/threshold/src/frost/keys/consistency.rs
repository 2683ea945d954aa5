//! Are these shares of that key?

use frost_core::{Element, Group, Scalar};
use quorate_primitives::Transcript;

use crate::key::PublicKeys;
use crate::suite::Curve;

/// Checks that the group key and all verifying shares are values, at 0 and 1 … n, of one polynomial of degree t − 1.
///
/// Such values are a codeword of a Reed-Solomon code, so their product with any word of the dual code is zero:
/// Σ_j (−1)^j·C(n, j)·m(j)·X_j = 0 for every polynomial m of degree n − t. One m that depends on all the points decides
/// it (the test of SCRAPE, eprint 2017/216, without its randomness).
pub(super) fn are_on_one_polynomial<C: Curve>(
    group_key: &Element<C>,
    verifying_shares: &[Element<C>],
    keys: &PublicKeys,
) -> bool {
    let transcript = Transcript::new("frost-key-consistency")
        .field("purpose", keys.purpose.label().as_bytes())
        .number("min signers", keys.threshold.min_signers().into())
        .field("group key", &keys.group_key)
        .list("verifying shares", keys.verifying_shares.iter());
    let spare = keys.threshold.max_signers() - keys.threshold.min_signers();
    let coefficients: Vec<Scalar<C>> = (0..=spare)
        .map(|index| C::hash_to_scalar(&transcript.clone().number("coefficient", index.into()).finish_wide()))
        .collect();
    let zero = C::scalar_from_u16(0);
    let terms: Vec<_> = alternating_binomials::<C>(keys.threshold.max_signers())
        .into_iter()
        .zip(0_u16..)
        .zip([group_key].into_iter().chain(verifying_shares))
        .map(|((weight, index), point)| {
            let x = C::scalar_from_u16(index);
            let value = coefficients.iter().rev().fold(zero, |sum, next| sum * x + *next);
            (weight * value, *point)
        })
        .collect();
    C::multiscalar_vartime(&terms) == C::Group::identity()
}

/// Returns (−1)^j·C(n, j) for j from 0 to n: the coefficients of (1 − x)^n.
fn alternating_binomials<C: Curve>(n: u16) -> Vec<Scalar<C>> {
    let (zero, one) = (C::scalar_from_u16(0), C::scalar_from_u16(1));
    (0..n).fold(vec![one], |row, _| {
        let shifted = [zero].into_iter().chain(row.iter().copied());
        row.iter().copied().chain([zero]).zip(shifted).map(|(above, left)| above - left).collect()
    })
}
