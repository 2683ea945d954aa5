//! The steps of the multiplication that work on secrets, for four rows of the 416.

use std::hint::black_box;

use k256::Scalar;
use quorate_primitives::HedgedRng;
use quorate_threshold::suite::{Curve, Secp256k1};
use rand_core::RngCore;

use super::{Context, OTS, Product, chi};
use crate::pair::timing::{block, pair, public};
use crate::timing::Step;

const ROWS: usize = 4;

fn context() -> Context {
    let (_, direction) = pair();
    Context::new(&[1; 32], direction, &[2; 32], &[3; 32], &[4; 32])
}

fn bits(choices: &mut [u8], rng: &mut HedgedRng) {
    rng.fill_bytes(choices);
    for choice in choices {
        *choice &= 1;
    }
}

/// Alice's side. Secret: Δ, her rows and her inputs.
pub struct Multiplying {
    context: Context,
    rows: [u128; ROWS],
    delta: u128,
    inputs: [Scalar; 3],
}

impl Default for Multiplying {
    fn default() -> Self {
        Self { context: context(), rows: [0; ROWS], delta: 0, inputs: [Scalar::ZERO; 3] }
    }
}

impl Multiplying {
    fn product(&self) -> Product {
        let [first, second, check] = &self.inputs;
        let (product, outputs) = self.context.multiply(0, &self.rows, self.delta, [first, second], check);
        black_box(outputs);
        product
    }
}

impl Step for Multiplying {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.delta = block(secrets);
        for row in &mut self.rows {
            *row = block(secrets);
        }
        for input in &mut self.inputs {
            *input = Secp256k1::random_scalar(secrets);
        }
    }

    fn take(&self) {
        black_box(self.product());
    }
}

/// Bob's side, with a message of an honest Alice. Secret: his choices, hence his rows.
pub struct Checking {
    alice: Multiplying,
    product: Product,
    choices: [u8; ROWS],
    rows: [u128; ROWS],
}

impl Default for Checking {
    fn default() -> Self {
        let mut alice = Multiplying::default();
        alice.load(&mut public());
        Self { product: alice.product(), choices: [0; ROWS], rows: alice.rows, alice }
    }
}

impl Step for Checking {
    fn load(&mut self, secrets: &mut HedgedRng) {
        bits(&mut self.choices, secrets);
        for ((row, of_alice), choice) in self.rows.iter_mut().zip(self.alice.rows).zip(self.choices) {
            *row = of_alice ^ (self.alice.delta & u128::from(choice).wrapping_neg());
        }
    }

    fn take(&self) {
        let outputs = self.alice.context.receive(0, &self.rows, &self.choices, &self.product);
        assert!(outputs.is_ok(), "Alice is honest");
        black_box(outputs.is_ok());
    }
}

/// Bob's χ from all his choices. Secret: those.
pub struct Combining {
    choices: [u8; OTS],
}

impl Default for Combining {
    fn default() -> Self {
        Self { choices: [0; OTS] }
    }
}

impl Step for Combining {
    fn load(&mut self, secrets: &mut HedgedRng) {
        bits(&mut self.choices, secrets);
    }

    fn take(&self) {
        black_box(chi(&self.choices));
    }
}
