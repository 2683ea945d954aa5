//! Presigning 1 and 2 (§4), bits in columns and rows: 128 bit planes of `width` words, transposed in squares of 128.
//!
//! Plane 4m + k is bit k of tree m, and becomes bit 4m + k of every row. Nothing here branches on a bit but on those of
//! public elements.

use quorate_primitives::Secret;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use super::KAPPA;

/// Adds a stream to another.
pub(super) fn xor(target: &mut [u128], stream: &[u128]) {
    for (word, other) in target.iter_mut().zip(stream) {
        *word ^= other;
    }
}

/// Adds a stream where the mask is all ones, and zeros where it is zero.
pub(super) fn xor_masked(target: &mut [u128], stream: &[u128], mask: u128) {
    for (word, other) in target.iter_mut().zip(stream) {
        *word ^= other & mask;
    }
}

/// Adds a stream times a public element of F₁₆ to four bit planes, one for each bit of the element.
pub(super) fn add_multiple(planes: &mut [u128], stream: &[u128], element: u8) {
    for (plane, bit) in planes.chunks_exact_mut(stream.len()).zip(0..) {
        if element >> bit & 1 == 1 {
            xor(plane, stream);
        }
    }
}

/// Writes each bit as a mask of all ones or zeros; the compiler may not know that there are only two.
pub(super) fn bit_masks(bits: u128) -> Zeroizing<[u128; KAPPA]> {
    let mut masks = Zeroizing::new([0; KAPPA]);
    for (mask, bit) in masks.iter_mut().zip(bits.to_le_bytes().into_iter().flat_map(bits_of)) {
        // `Choice` hides the bit from the optimizer, which turns masks of a known zero or one into branches.
        mask.conditional_assign(&u128::MAX, Choice::from(bit));
    }
    masks
}

/// Returns the bits of words, lowest first, each as 0 or 1.
pub(super) fn bits(blocks: &[u128]) -> impl Iterator<Item = u8> + '_ {
    blocks.iter().flat_map(|block| block.to_le_bytes()).flat_map(bits_of)
}

fn bits_of(byte: u8) -> impl Iterator<Item = u8> {
    (0..8).map(move |bit| byte >> bit & 1)
}

pub(super) fn to_bytes(blocks: &[u128]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 * blocks.len());
    bytes.extend(blocks.iter().flat_map(|block| block.to_le_bytes()));
    bytes
}

/// Turns 128 planes into `rows` rows of 128 bits. What is beyond the last row is left out.
pub(super) fn transpose(columns: &[u128], width: usize, rows: usize) -> Secret<Vec<u128>> {
    let mut out = Secret::new(Vec::with_capacity(width * 128));
    let mut square = Zeroizing::new([0; 128]);
    for block in 0..rows.div_ceil(128) {
        for (row, column) in square.iter_mut().zip(columns.chunks_exact(width)) {
            *row = column.get(block).copied().unwrap_or(0);
        }
        transpose_square(&mut square);
        out.expose_mut().extend_from_slice(square.as_slice());
    }
    out.expose_mut().truncate(rows);
    out
}

/// Swaps ever smaller off-diagonal squares.
fn transpose_square(square: &mut [u128; 128]) {
    let mut size = 64;
    let mut mask = u128::from(u64::MAX);
    while size > 0 {
        for pair in square.chunks_exact_mut(2 * size) {
            let (upper, lower) = pair.split_at_mut(size);
            for (one, other) in upper.iter_mut().zip(lower) {
                let swapped = (*one >> size ^ *other) & mask;
                *other ^= swapped;
                *one ^= swapped << size;
            }
        }
        size /= 2;
        mask ^= mask << size;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn transposition_moves_every_bit(columns in proptest::collection::vec(any::<u128>(), 128 * 2)) {
            let rows = transpose(&columns, 2, 100);
            prop_assert_eq!(rows.expose().len(), 100);
            for (j, row) in rows.expose().iter().enumerate() {
                for c in 0..128 {
                    prop_assert_eq!(row >> c & 1, columns[c * 2] >> j & 1);
                }
            }
        }
    }
}
