//! Presigning 1, x̃ and ṽ, and their check in presigning 2 (§4): Σ ω_b·plane_b + plane_last over GF(2¹²⁸).
//!
//! The multiplication is POLYVAL's (RFC 8452): the field's, times the constant x⁻¹²⁸. For independent ω_b the hash of a
//! plane that is not zero is a given value with probability 2⁻¹²⁸, as without the constant.

use polyval::Polyval;
use polyval::universal_hash::{KeyInit, UniversalHash};

use crate::hash::short_hash;

pub(super) struct LinearHash {
    /// ω_b.
    factors: Vec<Polyval>,
}

impl LinearHash {
    /// Expands the challenge to one factor for every word but the last.
    pub(super) fn new(challenge: &[u8; 32], width: usize) -> Self {
        let factors = (1_u32..)
            .take(width - 1)
            .map(|block| {
                let hash = short_hash(challenge, &block.to_be_bytes());
                let (key, _) = hash.split_at(16);
                Polyval::new(key.into())
            })
            .collect();
        Self { factors }
    }

    /// Hashes a plane or β, whose last word is the mask.
    pub(super) fn of(&self, column: &[u128]) -> u128 {
        let mask = column.last().copied().unwrap_or(0);
        self.factors.iter().zip(column).fold(mask, |sum, (factor, block)| {
            let mut product = factor.clone();
            product.update(&[block.to_le_bytes().into()]);
            let product: [u8; 16] = product.finalize().into();
            sum ^ u128::from_le_bytes(product)
        })
    }
}
