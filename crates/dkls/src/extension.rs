//! OT extension (SoftSpokenOT, 2022/192, k = 4): a batch of correlated rows from one pair's seeds.
//!
//! `choose` is Bob's part of presigning 1 (§4), `accept` Alice's of presigning 2.
//! Bob gets choice bits β and rows v_j, Alice rows q_j = v_j ⊕ β_j·Δ of 128 bits. A cheating Bob is found by a linear
//! hash over GF(2¹²⁸) of every bit plane, with a Fiat–Shamir challenge: the field has 128 bits because he can grind. One
//! call serves a batch of presignatures. **A failed check ends the pair's generation**: it may have told Bob a part of Δ.

mod check;
mod matrix;
mod prg;
#[cfg(test)]
mod tests;
#[cfg(quorate_timing)]
pub(crate) mod timing;

use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::check::LinearHash;
use crate::pair::{DEPTH, Direction, LEAVES, PairKeys, TREES};
use crate::vole::OTS;

/// Bits of Δ: the width of a row after transposition.
const KAPPA: usize = TREES * DEPTH;

/// How many rows a batch needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    rows: usize,
}

/// What Bob sends: his nonce, the corrections U_m, and the answer to the challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Corrections {
    /// n_B.
    pub nonce: [u8; 32],
    /// U_m of all trees.
    pub columns: Vec<u128>,
    /// x̃.
    pub choice_hash: u128,
    /// H(ṽ).
    pub column_hash: [u8; 32],
}

/// What Bob keeps: for every row his choice and v_j.
pub(crate) struct BobRows {
    /// β_j, each 0 or 1.
    pub beta: Secret<Vec<u8>>,
    /// v_j.
    pub rows: Secret<Vec<u128>>,
}

/// Bob's answer to the challenge does not fit: he cheated, or the two do not share their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckFailed;

/// What one call is about.
pub(crate) struct Call<'a> {
    pub session: &'a [u8; 32],
    pub direction: Direction,
    /// The statement of the pair's generation.
    pub pair: &'a [u8; 32],
    pub shape: Shape,
}

impl Shape {
    pub(crate) const fn of_batch(presignatures: u16) -> Self {
        Self { rows: OTS * presignatures as usize }
    }

    /// Words of 128 bits in a plane: the rows, and the mask of the check.
    pub(crate) const fn width(self) -> usize {
        self.rows.div_ceil(128) + 1
    }

    /// Words in all corrections.
    pub(crate) const fn corrections(self) -> usize {
        self.width() * TREES
    }
}

impl Call<'_> {
    /// Bob's side.
    pub(crate) fn choose(
        &self,
        keys: &PairKeys,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> (BobRows, Corrections) {
        let width = self.shape.width();
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let beta = Zeroizing::new((0..width).map(|_| random_block(rng)).collect::<Vec<_>>());
        let prefix = self.stream_prefix(&nonce);
        let mut columns = Vec::with_capacity(self.shape.corrections());
        let mut planes = Zeroizing::new(vec![0; KAPPA * width]);
        let mut buffer = prg::Buffer::new(width);
        let trees = keys.bob_seeds().chunks_exact(LEAVES).zip(planes.chunks_exact_mut(DEPTH * width));
        for (tree, (seeds, planes)) in (0..).zip(trees) {
            // u_m = ⊕_x PRG_x and v_m = ⊕_x x·PRG_x; U_m = u_m ⊕ β.
            let mut correction = beta.to_vec();
            for (seed, x) in seeds.iter().zip(0..) {
                let stream = buffer.fill(&prefix, tree, *seed);
                matrix::xor(&mut correction, stream);
                matrix::add_multiple(planes, stream, x);
            }
            columns.extend_from_slice(&correction);
        }
        let hash = LinearHash::new(&self.challenge(&nonce, &columns), width);
        let choice_hash = hash.of(&beta);
        let column_hash = self.column_hash(&nonce, planes.chunks_exact(width).map(|column| hash.of(column)));
        let rows = matrix::transpose(&planes, width, self.shape.rows);
        let mut of_rows = Secret::new(Vec::with_capacity(self.shape.rows));
        of_rows.expose_mut().extend(matrix::bits(&beta).take(self.shape.rows));
        (BobRows { beta: of_rows, rows }, Corrections { nonce, columns, choice_hash, column_hash })
    }

    /// Alice's side: checks Bob's message and returns q_j for every row.
    ///
    /// # Security
    /// Nothing may be sent before this has succeeded; if it fails, the generation is over before any reaction.
    pub(crate) fn accept(
        &self,
        keys: &PairKeys,
        message: &Corrections,
    ) -> Result<Secret<Vec<u128>>, CheckFailed> {
        let width = self.shape.width();
        if message.columns.len() != self.shape.corrections() {
            return Err(CheckFailed);
        }
        let prefix = self.stream_prefix(&message.nonce);
        let mut planes = Zeroizing::new(vec![0; KAPPA * width]);
        let mut buffer = prg::Buffer::new(width);
        let delta = matrix::bit_masks(*keys.delta().expose());
        let blocks = planes
            .chunks_exact_mut(DEPTH * width)
            .zip(keys.alice_seeds().chunks_exact(LEAVES - 1))
            .zip(message.columns.chunks_exact(width))
            .zip(delta.chunks_exact(DEPTH));
        for (tree, (((planes, seeds), correction), delta)) in (0..).zip(blocks) {
            // q_m = ⊕_x (Δ_m − x)·PRG_x + Δ_m·U_m; the seeds are in the order of Δ_m − x.
            for (seed, distance) in seeds.iter().zip(1..) {
                let stream = buffer.fill(&prefix, tree, *seed);
                matrix::add_multiple(planes, stream, distance);
            }
            for (plane, mask) in planes.chunks_exact_mut(width).zip(delta) {
                matrix::xor_masked(plane, correction, *mask);
            }
        }
        let hash = LinearHash::new(&self.challenge(&message.nonce, &message.columns), width);
        // q̃ − Δ_m·x̃ is what Bob's ṽ must be.
        let expected = planes
            .chunks_exact(width)
            .zip(delta.iter())
            .map(|(column, mask)| hash.of(column) ^ (message.choice_hash & mask));
        let right = self.column_hash(&message.nonce, expected).ct_eq(&message.column_hash);
        if !bool::from(right) {
            return Err(CheckFailed);
        }
        Ok(matrix::transpose(&planes, width, self.shape.rows))
    }

    fn bind(&self, label: &'static str, nonce: &[u8; 32]) -> Transcript {
        self.direction
            .bind(Transcript::new(label).field("session", self.session).field("pair", self.pair))
            .number("rows", self.shape.rows as u64)
            .field("n_B", nonce)
    }

    fn stream_prefix(&self, nonce: &[u8; 32]) -> [u8; 32] {
        self.bind("dkls/extension/prg", nonce).finish()
    }

    fn challenge(&self, nonce: &[u8; 32], columns: &[u128]) -> [u8; 32] {
        self.bind("dkls/extension/challenge", nonce).field("U", &matrix::to_bytes(columns)).finish()
    }

    fn column_hash(&self, nonce: &[u8; 32], hashes: impl Iterator<Item = u128>) -> [u8; 32] {
        let hashes = Zeroizing::new(hashes.collect::<Vec<_>>());
        let bytes = Zeroizing::new(matrix::to_bytes(&hashes));
        self.bind("dkls/extension/columns", nonce).field("hashes", &bytes).finish()
    }
}

fn random_block(rng: &mut (impl RngCore + CryptoRng)) -> u128 {
    let mut bytes = Zeroizing::new([0; 16]);
    rng.fill_bytes(bytes.as_mut_slice());
    u128::from_le_bytes(*bytes)
}
