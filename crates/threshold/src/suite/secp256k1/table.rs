//! Multiples of the generator from a table, in constant time.

use std::sync::LazyLock;

use k256::elliptic_curve::BatchNormalize;
use k256::elliptic_curve::subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use k256::{AffinePoint, ProjectivePoint, Scalar};
use zeroize::Zeroize;

/// Bits per digit. Four and five are equally fast; four needs the smaller table, 45 KB.
const WIDTH: u32 = 4;

/// Digits of a scalar of 256 bits, and one for the last carry.
const DIGITS: usize = 65;

/// Digits are signed, so half of the multiples are enough.
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// `TABLE[i][j] = (j + 1)·2^(4i)·G`.
static TABLE: LazyLock<Vec<[AffinePoint; MULTIPLES]>> = LazyLock::new(build);

/// Computes `scalar·G`; what is read from memory does not depend on the scalar.
pub(super) fn mul_generator(scalar: &Scalar) -> ProjectivePoint {
    TABLE
        .iter()
        .zip(digits(scalar))
        .fold(ProjectivePoint::IDENTITY, |sum, (multiples, digit)| sum + select(multiples, digit))
}

fn build() -> Vec<[AffinePoint; MULTIPLES]> {
    let mut base = ProjectivePoint::GENERATOR;
    (0..DIGITS)
        .map(|_| {
            let mut multiple = ProjectivePoint::IDENTITY;
            let multiples = [(); MULTIPLES].map(|()| {
                multiple += base;
                multiple
            });
            base = multiple.double();
            ProjectivePoint::batch_normalize(&multiples)
        })
        .collect()
}

/// Writes a scalar with digits between −8 and 7, and a last one of 0 or 1.
fn digits(scalar: &Scalar) -> [i8; DIGITS] {
    let mut bytes: [u8; 32] = scalar.to_bytes().into();
    bytes.reverse();
    let halves = bytes.iter().flat_map(|byte| [byte & 0xf, byte >> WIDTH]).chain([0]);
    let mut digits = [0; DIGITS];
    let mut carry = 0;
    for (digit, half) in digits.iter_mut().zip(halves) {
        let value = half.cast_signed() + carry;
        // One for values from 8 on, which go over into the next digit.
        carry = (value + 8) >> WIDTH;
        *digit = value - (carry << WIDTH);
    }
    bytes.zeroize();
    digits
}

/// Picks `digit·base` from the multiples of a base, looking at all of them.
fn select(multiples: &[AffinePoint; MULTIPLES], digit: i8) -> AffinePoint {
    let sign = digit >> 7;
    let magnitude = (digit ^ sign) - sign;
    let mut point = AffinePoint::IDENTITY;
    for (multiple, index) in multiples.iter().zip(1_i8..) {
        point.conditional_assign(multiple, magnitude.ct_eq(&index));
    }
    AffinePoint::conditional_select(&point, &-point, Choice::from((sign & 1).cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use k256::elliptic_curve::{Field, PrimeField};

    use super::*;

    #[test]
    fn digits_add_up_to_the_scalar() {
        let mut scalars = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(u64::MAX)];
        scalars.extend((0..255).map(|bit| Scalar::from(2_u64).pow_vartime([bit])));
        scalars.extend((0..255).map(|bit| -Scalar::from(2_u64).pow_vartime([bit])));
        let low = Scalar::from_repr([0x77; 32].into()).unwrap();
        scalars.extend([low, low + low]);
        for scalar in scalars {
            let digits = digits(&scalar);
            assert!(digits.iter().all(|digit| (-8..8).contains(digit)));
            let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                let magnitude = Scalar::from(u64::from(digit.unsigned_abs()));
                sum * Scalar::from(16_u64) + if *digit < 0 { -magnitude } else { magnitude }
            });
            assert_eq!(sum, scalar);
        }
    }
}
