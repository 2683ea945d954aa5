//! Sums of multiples of public points, in variable time.
//!
//! secp256k1 has an endomorphism, λ·(x, y) = (β·x, y), so k·P = k₁·P + k₂·(λ·P) with k₁ and k₂ of half the length
//! (Gallant, Lambert, Vanstone 2001; the constants are those of the Guide to Elliptic Curve Cryptography,
//! algorithm 3.74, for this curve). All halves share their doublings (Straus), and each is written in non-adjacent
//! form with odd digits.

use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::scalar::IsHigh;
use k256::{ProjectivePoint, Scalar, U256};

/// Odd digits below 2^(WIDTH − 1) in absolute value.
const WIDTH: u32 = 5;

/// The odd multiples 1, 3, … 15 of a point.
const MULTIPLES: usize = 1 << (WIDTH - 2);

/// Halves are below 2^128; a carry may add one digit.
const DIGITS: usize = 129;

/// λ, a cube root of one modulo the group order.
const LAMBDA: U256 = U256::from_be_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");

/// −b₁ of the short lattice basis.
const MINUS_B1: U256 = U256::from_be_hex("00000000000000000000000000000000e4437ed6010e88286f547fa90abfe4c3");

/// b₂ of the short lattice basis.
const B2: U256 = U256::from_be_hex("000000000000000000000000000000003086d221a7d46bcde86c90e49284eb15");

/// round(2^384·b₂ / n).
const G1: U256 = U256::from_be_hex("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031");

/// round(2^384·(−b₁) / n).
const G2: U256 = U256::from_be_hex("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71");

/// One half: its digits and the multiples they pick.
struct Half {
    digits: [i8; DIGITS],
    multiples: [ProjectivePoint; MULTIPLES],
}

/// Computes the sum of `scalar·point`. Varies in time with both: public values only.
pub(super) fn multiscalar_vartime(terms: impl Iterator<Item = (Scalar, ProjectivePoint)>) -> ProjectivePoint {
    let halves: Vec<Half> = terms.flat_map(|(scalar, point)| halve(&scalar, &point)).collect();
    let mut sum = ProjectivePoint::IDENTITY;
    for position in (0..DIGITS).rev() {
        sum = sum.double();
        for half in &halves {
            sum = half.add_digit(sum, position);
        }
    }
    sum
}

impl Half {
    fn add_digit(&self, sum: ProjectivePoint, position: usize) -> ProjectivePoint {
        let digit = self.digits.get(position).copied().unwrap_or(0);
        match self.multiples.get(usize::from(digit.unsigned_abs()) / 2) {
            Some(multiple) if digit > 0 => sum + multiple,
            Some(multiple) if digit < 0 => sum - multiple,
            Some(_) | None => sum,
        }
    }
}

/// Splits a term into two of half the length.
fn halve(scalar: &Scalar, point: &ProjectivePoint) -> [Half; 2] {
    let (first, second) = decompose(scalar);
    let multiples = odd_multiples(point);
    let images = multiples.map(|multiple| multiple.endomorphism());
    [Half { digits: digits(&first), multiples }, Half { digits: digits(&second), multiples: images }]
}

/// Finds k₁ and k₂ with k = k₁ + k₂·λ, both shorter than 2^128 up to their sign.
fn decompose(scalar: &Scalar) -> (Scalar, Scalar) {
    let number = U256::from(scalar);
    let second = rounded_top(&number, &G1) * reduce(MINUS_B1) - rounded_top(&number, &G2) * reduce(B2);
    (*scalar - second * reduce(LAMBDA), second)
}

/// Returns `round(a·b / 2^384)`.
fn rounded_top(a: &U256, b: &U256) -> Scalar {
    let (_, high) = a.mul_wide(b);
    let half_up = high.shr_vartime(127) & U256::ONE;
    reduce(high.shr_vartime(128).wrapping_add(&half_up))
}

fn reduce(number: U256) -> Scalar {
    <Scalar as Reduce<U256>>::reduce(number)
}

/// Writes a short scalar, or the negative of one, in non-adjacent form.
fn digits(scalar: &Scalar) -> [i8; DIGITS] {
    let negative: bool = scalar.is_high().into();
    let magnitude = if negative { -*scalar } else { *scalar };
    let bytes: [u8; 32] = magnitude.to_bytes().into();
    let mut rest = bytes.last_chunk().map_or(0, |low| u128::from_be_bytes(*low));
    // A negative digit may carry out of the top bit.
    let mut overflow = false;
    let mut skip = 0;
    [(); DIGITS].map(|()| {
        let mut digit = 0;
        if skip > 0 {
            skip -= 1;
        } else if rest & 1 == 1 {
            let [low, ..] = (rest & ((1 << WIDTH) - 1)).to_le_bytes();
            digit = low.cast_signed();
            if digit >= 1 << (WIDTH - 1) {
                digit -= 1 << WIDTH;
                (rest, overflow) = rest.overflowing_add(u128::from(digit.unsigned_abs()));
            } else {
                rest -= u128::from(low);
            }
            skip = WIDTH - 1;
        }
        rest = rest >> 1 | u128::from(overflow) << 127;
        overflow = false;
        if negative { -digit } else { digit }
    })
}

fn odd_multiples(point: &ProjectivePoint) -> [ProjectivePoint; MULTIPLES] {
    let twice = point.double();
    let mut next = *point;
    [(); MULTIPLES].map(|()| {
        let multiple = next;
        next += twice;
        multiple
    })
}

#[cfg(test)]
mod tests {
    use k256::elliptic_curve::Field;
    use proptest::prelude::*;

    use super::*;

    fn splits(scalar: Scalar) {
        let (first, second) = decompose(&scalar);
        assert_eq!(first + second * reduce(LAMBDA), scalar);
        for half in [first, second] {
            let magnitude = if half.is_high().into() { -half } else { half };
            assert_eq!(magnitude.to_bytes()[..16], [0; 16]);
            let digits = digits(&half);
            assert!(digits.iter().all(|digit| *digit == 0 || digit % 2 != 0));
            assert!(digits.iter().all(|digit| digit.unsigned_abs() < 16));
            let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                let magnitude = Scalar::from(u64::from(digit.unsigned_abs()));
                sum.double() + if *digit < 0 { -magnitude } else { magnitude }
            });
            assert_eq!(sum, half);
        }
    }

    #[test]
    fn extreme_scalars_split_into_short_halves() {
        let lambda = reduce(LAMBDA);
        assert_eq!(lambda * lambda * lambda, Scalar::ONE);
        let mut power = Scalar::ONE;
        for _ in 0..256 {
            for scalar in [power, -power, power - Scalar::ONE, power * lambda, -power * lambda] {
                splits(scalar);
            }
            power = power.double();
        }
        splits(Scalar::ZERO);
    }

    proptest! {
        #[test]
        fn every_scalar_splits_into_short_halves(words in any::<[u64; 4]>()) {
            splits(words.into_iter().fold(Scalar::ZERO, |sum, word| sum * reduce(U256::ONE << 64) + Scalar::from(word)));
        }
    }
}
