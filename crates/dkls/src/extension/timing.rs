//! The steps of the extension that work on secrets: both sides whole, and what they are made of.

use std::hint::black_box;

use quorate_primitives::HedgedRng;

use super::check::LinearHash;
use super::{Call, Corrections, DEPTH, KAPPA, LEAVES, OTS, PairKeys, Shape, TREES, matrix, prg};
use crate::pair::timing::{Seeded, block, keys, pair, public};
use crate::timing::Step;

const SHAPE: Shape = Shape::of_batch(1);

const WIDTH: usize = SHAPE.width();

/// Calls with a session of their own.
fn call() -> Call<'static> {
    let (_, direction) = pair();
    Call { session: &[2; 32], direction, pair: &[3; 32], shape: SHAPE }
}

fn fill(blocks: &mut [u128], rng: &mut HedgedRng) {
    for word in blocks {
        *word = block(rng);
    }
}

/// Bob's side for one presignature. Secret: his seeds and β.
pub struct Choosing {
    seeds: Vec<u128>,
    keys: PairKeys,
    rng: Seeded,
}

impl Default for Choosing {
    fn default() -> Self {
        let seeds = vec![0; TREES * LEAVES];
        Self { keys: keys(0, &seeds), seeds, rng: Seeded::default() }
    }
}

impl Step for Choosing {
    fn load(&mut self, secrets: &mut HedgedRng) {
        fill(&mut self.seeds, secrets);
        self.keys = keys(0, &self.seeds);
        self.rng.load(secrets);
    }

    fn take(&self) {
        black_box(call().choose(&self.keys, &mut self.rng.rng()));
    }
}

/// Alice's side for one presignature, with a message of an honest Bob. Secret: Δ, hence which seeds she has.
pub struct Accepting {
    bob_seeds: Vec<u128>,
    message: Corrections,
    keys: PairKeys,
}

impl Default for Accepting {
    fn default() -> Self {
        let mut bob_seeds = vec![0; TREES * LEAVES];
        fill(&mut bob_seeds, &mut public());
        let keys = keys(0, &bob_seeds);
        let (_, message) = call().choose(&keys, &mut public());
        Self { bob_seeds, message, keys }
    }
}

impl Step for Accepting {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.keys = keys(block(secrets), &self.bob_seeds);
    }

    fn take(&self) {
        let rows = call().accept(&self.keys, &self.message);
        assert!(rows.is_ok(), "Bob is honest");
        black_box(rows.is_ok());
    }
}

/// What Alice does with one block of Δ: corrections into four planes, and their linear hashes. Secret: Δ and the planes.
pub struct Correcting {
    delta: u128,
    planes: [u128; DEPTH * WIDTH],
    correction: [u128; WIDTH],
    hash: LinearHash,
}

impl Default for Correcting {
    fn default() -> Self {
        let mut correction = [0; WIDTH];
        fill(&mut correction, &mut public());
        Self { delta: 0, planes: [0; DEPTH * WIDTH], correction, hash: LinearHash::new(&[4; 32], WIDTH) }
    }
}

impl Step for Correcting {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.delta = block(secrets);
        fill(&mut self.planes, secrets);
    }

    fn take(&self) {
        let mut planes = self.planes;
        let masks = matrix::bit_masks(self.delta);
        for (plane, mask) in planes.chunks_exact_mut(WIDTH).zip(masks.iter()) {
            matrix::xor_masked(plane, &self.correction, *mask);
            black_box(self.hash.of(plane) ^ (self.correction[0] & mask));
        }
    }
}

/// Columns turned into rows. Secret: all of them.
pub struct Transposing {
    planes: Vec<u128>,
}

impl Default for Transposing {
    fn default() -> Self {
        Self { planes: vec![0; KAPPA * WIDTH] }
    }
}

impl Step for Transposing {
    fn load(&mut self, secrets: &mut HedgedRng) {
        fill(&mut self.planes, secrets);
    }

    fn take(&self) {
        black_box(matrix::transpose(&self.planes, WIDTH, OTS));
    }
}

/// One leaf expanded and added to the planes of its distance. Secret: its seed.
#[derive(Default)]
pub struct Expanding {
    seed: u128,
}

impl Step for Expanding {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.seed = block(secrets);
    }

    fn take(&self) {
        let mut planes = [0; DEPTH * WIDTH];
        let mut buffer = prg::Buffer::new(WIDTH);
        matrix::add_multiple(&mut planes, buffer.fill(&[5; 32], 0, self.seed), 11);
        black_box(planes);
    }
}
