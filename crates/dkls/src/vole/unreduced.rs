//! Sums of products of scalars that are reduced once, at the end. Constant time, as the products and the reduction are.

use k256::elliptic_curve::Curve;
use k256::elliptic_curve::bigint::{Limb, U256, U512};
use k256::elliptic_curve::ops::Reduce;
use k256::{Scalar, Secp256k1};
use zeroize::Zeroize;

/// 2^512 modulo q.
const FOLD: U512 = {
    let order = U256::ZERO.concat(&Secp256k1::ORDER);
    U512::MAX.const_rem(&order).0.wrapping_add(&U512::ONE)
};

/// A number below 2^512 that is Σ a·b modulo q.
pub(super) struct Unreduced(U512);

impl Unreduced {
    pub(super) const ZERO: Self = Self(U512::ZERO);

    pub(super) fn add_product(&mut self, one: &Scalar, other: &Scalar) {
        let (low, high) = U256::from(one).mul_wide(&U256::from(other));
        let (sum, carry) = self.0.adc(&high.concat(&low), Limb::ZERO);
        // After a carry the sum is below q² < 2^512 − 2^384, so that adding what was lost carries nothing.
        self.0 = sum.wrapping_add(&FOLD.bitand(&masked(carry)));
    }

    pub(super) fn reduce(&self) -> Scalar {
        Scalar::reduce(self.0)
    }
}

/// All ones for a carry, else zero.
fn masked(carry: Limb) -> U512 {
    let limb = Limb::ZERO.wrapping_sub(carry);
    U512::new([limb; U512::LIMBS])
}

impl Drop for Unreduced {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use quorate_primitives::HedgedRng;
    use quorate_threshold::suite::{Curve, Secp256k1};

    use super::*;

    #[test]
    fn a_sum_is_that_of_reduced_products() {
        let mut rng = HedgedRng::new(&[7; 32], b"", b"unreduced");
        let mut unreduced = Unreduced::ZERO;
        let mut reduced = Scalar::ZERO;
        for _ in 0..1000 {
            let [one, other] = [Secp256k1::random_scalar(&mut rng), Secp256k1::random_scalar(&mut rng)];
            unreduced.add_product(&one, &other);
            reduced += one * other;
            assert_eq!(unreduced.reduce(), reduced);
        }
    }

    #[test]
    fn carries_count() {
        let largest = -Scalar::ONE;
        let mut unreduced = Unreduced::ZERO;
        for count in 1..=1000_u64 {
            unreduced.add_product(&largest, &largest);
            assert_eq!(unreduced.reduce(), Scalar::from(count));
        }
    }
}
