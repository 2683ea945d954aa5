//! Pair set-up, flight *trees* (§3): 32 trees of depth 4, each punctured at one secret leaf.
//!
//! Goldreich–Goldwasser–Micali; the check is SoftSpokenOT's (2022/192). Bob knows all leaves. Alice learns all but the
//! one at Δ_m: on every level the transfers give her the sum of the side that her path leaves. Per leaf a 32-byte value
//! is derived; Bob sends their sum and the hash of all, Alice completes the missing one and compares. Alice looks at
//! everything in the same order whatever Δ is.

use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use super::base_ot::Seed;
use super::{DEPTH, LEAVES, TREES};
use crate::Offence;
use crate::hash::short_hash;

/// The level of the leaves' parents.
const LAST_LEVEL: u8 = 3;

/// What Bob sends for one tree: two masked sums per level, the sum of the check values, and their hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TreeMessage {
    /// Per level the sum of the right side under key 0, and of the left side under key 1.
    pub(super) sums: [[u128; 2]; DEPTH],
    /// The sum of the leaves' check values.
    pub(super) check_sum: [u8; 32],
    /// The hash of the leaves' check values.
    pub(super) check_hash: [u8; 32],
}

/// The uses of a node.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Use {
    Children = 1,
    Seed = 2,
    Check = 3,
}

/// Draws 32 trees. `keys` are both seeds of the four transfers of every tree. Returns all leaves, by tree.
pub(super) fn plant(
    context: &[u8; 32],
    keys: &[[Seed; 2]],
    rng: &mut (impl RngCore + CryptoRng),
) -> (Secret<Vec<u128>>, Vec<TreeMessage>) {
    let mut leaves = Secret::new(Vec::with_capacity(TREES * LEAVES));
    let messages = keys
        .chunks_exact(DEPTH)
        .zip(0..)
        .map(|(keys, tree)| {
            let mut root = Zeroizing::new([0; 16]);
            rng.fill_bytes(root.as_mut_slice());
            let mut nodes = Zeroizing::new(vec![u128::from_le_bytes(*root)]);
            let mut sums = [[0; 2]; DEPTH];
            for ((sums, keys), level) in sums.iter_mut().zip(keys).zip(0..) {
                nodes = expand(context, tree, level, &nodes);
                // Key b opens the sum of the side that a path with bit b leaves.
                let [left, right] = side_sums(&nodes);
                let [zero, one] = keys.map(u128::from_le_bytes);
                *sums = [right ^ zero, left ^ one];
            }
            let checks = checks(context, tree, &nodes);
            leaves.expose_mut().extend(seeds(context, tree, &nodes));
            TreeMessage { sums, check_sum: sum(&checks), check_hash: check_hash(context, tree, &checks) }
        })
        .collect();
    (leaves, messages)
}

/// Rebuilds all leaves but those at Δ. `keys` are the four received seeds of every tree. Returns the leaves by tree and
/// by their distance y = x ⊕ Δ_m, from 1 to 15, so that later work need not look at Δ.
pub(super) fn harvest(
    context: &[u8; 32],
    delta: u128,
    keys: &[Seed],
    messages: &[TreeMessage],
) -> Result<Secret<Vec<u128>>, Offence> {
    let mut leaves = Secret::new(Vec::with_capacity(TREES * (LEAVES - 1)));
    let mut right = Choice::from(1);
    for ((keys, message), tree) in keys.chunks_exact(DEPTH).zip(messages).zip(0_u8..) {
        let missing = nibble(delta, tree);
        let nodes = rebuild(context, tree, missing, keys, message);
        let mut checks = checks(context, tree, &nodes);
        complete(&mut checks, missing, &message.check_sum);
        right &= check_hash(context, tree, &checks).ct_eq(&message.check_hash);
        let mut seeds = Zeroizing::new(seeds(context, tree, &nodes).collect::<Vec<_>>());
        by_distance(&mut seeds, missing);
        leaves.expose_mut().extend(seeds.iter().skip(1));
    }
    if right.into() { Ok(leaves) } else { Err(Offence::Trees) }
}

/// Δ_m, the four bits of tree m.
pub(super) fn nibble(delta: u128, tree: u8) -> u8 {
    let [low, ..] = (delta >> (DEPTH * usize::from(tree)) & 0xf).to_le_bytes();
    low
}

/// Finds all nodes of the last level; the one at `missing` is zero.
fn rebuild(
    context: &[u8; 32],
    tree: u8,
    missing: u8,
    keys: &[Seed],
    message: &TreeMessage,
) -> Zeroizing<Vec<u128>> {
    // The root is missing too, and stands as zero.
    let mut nodes = Zeroizing::new(vec![0]);
    for ((sums, key), level) in message.sums.iter().zip(keys).zip(0_u8..) {
        let mut next = expand(context, tree, level, &nodes);
        let path = missing >> (LAST_LEVEL - level);
        let (parent, bit) = (path >> 1, path & 1);
        let [zero, one] = *sums;
        // The sum of the other side, without the missing parent's child.
        let mut sibling = select(zero, one, mask_of(bit)) ^ u128::from_le_bytes(*key);
        for (pair, index) in next.chunks_exact(2).zip(0_u8..) {
            let [left, right] = pair else { continue };
            let known = !equals(index, parent);
            sibling ^= select(*right, *left, mask_of(bit)) & known;
        }
        for (pair, index) in next.chunks_exact_mut(2).zip(0_u8..) {
            let [left, right] = pair else { continue };
            let here = equals(index, parent);
            *left = select(*left, sibling & mask_of(bit), here);
            *right = select(*right, sibling & !mask_of(bit), here);
        }
        sibling.zeroize();
        nodes = next;
    }
    nodes
}

fn expand(context: &[u8; 32], tree: u8, level: u8, nodes: &[u128]) -> Zeroizing<Vec<u128>> {
    let mut children = Zeroizing::new(Vec::with_capacity(2 * nodes.len()));
    for (node, index) in nodes.iter().zip(0_u8..) {
        let hash = node_hash(context, Use::Children, [tree, level, index], *node);
        let (left, right) = hash.split_at(16);
        children.extend([left, right].map(|half| half.try_into().map_or(0, u128::from_le_bytes)));
    }
    children
}

fn seeds<'a>(context: &'a [u8; 32], tree: u8, leaves: &'a [u128]) -> impl Iterator<Item = u128> + 'a {
    leaves.iter().zip(0_u8..).map(move |(leaf, index)| {
        let hash = node_hash(context, Use::Seed, [tree, LAST_LEVEL + 1, index], *leaf);
        hash.first_chunk().map_or(0, |seed| u128::from_le_bytes(*seed))
    })
}

fn checks(context: &[u8; 32], tree: u8, leaves: &[u128]) -> Zeroizing<Vec<[u8; 32]>> {
    let mut checks = Zeroizing::new(Vec::with_capacity(leaves.len()));
    for (leaf, index) in leaves.iter().zip(0_u8..) {
        checks.push(*node_hash(context, Use::Check, [tree, LAST_LEVEL + 1, index], *leaf));
    }
    checks
}

fn node_hash(context: &[u8; 32], of: Use, [tree, level, index]: [u8; 3], node: u128) -> Zeroizing<[u8; 32]> {
    let mut fields = Zeroizing::new([0; 20]);
    if let Some((head, tail)) = fields.split_first_chunk_mut::<16>() {
        *head = node.to_le_bytes();
        tail.copy_from_slice(&[of as u8, tree, level, index]);
    }
    Zeroizing::new(short_hash(context, &fields))
}

fn side_sums(nodes: &[u128]) -> [u128; 2] {
    nodes.chunks_exact(2).fold([0; 2], |[left, right], pair| match pair {
        [one, other] => [left ^ one, right ^ other],
        _ => [left, right],
    })
}

fn sum(checks: &[[u8; 32]]) -> [u8; 32] {
    let mut sum = [0; 32];
    for check in checks {
        xor(&mut sum, check, u8::MAX);
    }
    sum
}

/// Puts the missing check value in its place: the sum less all others.
fn complete(checks: &mut [[u8; 32]], missing: u8, total: &[u8; 32]) {
    let mut value = *total;
    for (check, index) in checks.iter().zip(0_u8..) {
        let [known, ..] = (!equals(index, missing)).to_le_bytes();
        xor(&mut value, check, known);
    }
    for (check, index) in checks.iter_mut().zip(0_u8..) {
        let [here, ..] = equals(index, missing).to_le_bytes();
        for (byte, other) in check.iter_mut().zip(value) {
            *byte ^= (*byte ^ other) & here;
        }
    }
}

fn check_hash(context: &[u8; 32], tree: u8, checks: &[[u8; 32]]) -> [u8; 32] {
    Transcript::new("dkls/trees/check")
        .field("context", context)
        .number("tree", tree.into())
        .list("values", checks.iter())
        .finish()
}

/// Reorders leaves from x to x ⊕ missing by conditional swaps, one bit at a time.
pub(super) fn by_distance(leaves: &mut [u128], missing: u8) {
    for bit in 0..DEPTH {
        let swap = mask_of(missing >> bit & 1);
        for block in leaves.chunks_exact_mut(2 << bit) {
            let (low, high) = block.split_at_mut(1 << bit);
            for (one, other) in low.iter_mut().zip(high) {
                let difference = (*one ^ *other) & swap;
                *one ^= difference;
                *other ^= difference;
            }
        }
    }
}

fn xor(target: &mut [u8; 32], value: &[u8; 32], mask: u8) {
    for (byte, other) in target.iter_mut().zip(value) {
        *byte ^= other & mask;
    }
}

/// All ones if the numbers are equal.
fn equals(one: u8, other: u8) -> u128 {
    mask_of(one.ct_eq(&other).unwrap_u8())
}

/// All ones for one, zero for zero; the compiler may not know that there are only two.
fn mask_of(bit: u8) -> u128 {
    // `Choice` hides the bit from the optimizer, which turns masks of a known zero or one into branches.
    u128::conditional_select(&0, &u128::MAX, Choice::from(bit))
}

/// `when_zero` or `when_one`, by a mask.
const fn select(when_zero: u128, when_one: u128, mask: u128) -> u128 {
    when_zero ^ ((when_zero ^ when_one) & mask)
}
