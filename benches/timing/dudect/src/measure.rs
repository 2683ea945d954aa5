//! Samples of a step, in both classes.

use std::time::Instant;

use quorate_dkls::timing::Step;
use quorate_primitives::HedgedRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::welch::Samples;

/// Samples that are thrown away: caches, branch predictors and the clock settle.
const WARM_UP: usize = 2_000;

/// The secret of the fixed class.
pub const FIXED: [u8; 32] = [0x5a; 32];

/// What tells the classes apart.
#[derive(Clone, Copy)]
pub enum Classes {
    /// One secret against random ones.
    FixedAndRandom,
    /// Nothing: what the method itself finds where there is nothing to find.
    Null,
}

/// Takes the step `samples` times, each time in one of the classes.
pub fn measure(step: &mut dyn Step, samples: usize, classes: Classes) -> Samples {
    let mut seed = [0; 32];
    rand_core::OsRng.fill_bytes(&mut seed);
    let mut rng = ChaCha20Rng::from_seed(seed);
    let mut measured = Samples::default();
    for number in 0..samples + WARM_UP {
        // Both classes do the same work before the clock starts, and in the same memory.
        let mut random = [0; 32];
        rng.fill_bytes(&mut random);
        let fixed = rng.next_u32() & 1 == 1;
        let mask = match classes {
            Classes::FixedAndRandom => u8::from(fixed).wrapping_neg(),
            Classes::Null => 0,
        };
        for (byte, other) in random.iter_mut().zip(FIXED) {
            *byte ^= (*byte ^ other) & mask;
        }
        step.load(&mut HedgedRng::new(&random, b"", b"dudect"));
        let start = Instant::now();
        step.take();
        let time = u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX);
        if number >= WARM_UP {
            let class = if fixed { &mut measured.fixed } else { &mut measured.random };
            class.push(time);
        }
    }
    measured
}
