//! What is secret and what is published, as memcheck sees it.

use std::hint::black_box;

use crabgrind::memcheck::{MemState, mark_mem, vbits};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_core::{CryptoRng, Error, RngCore};

/// Whether marks mean anything.
pub fn is_watched() -> bool {
    matches!(crabgrind::run_mode(), crabgrind::RunMode::Valgrind)
}

/// Makes bytes secret.
pub fn conceal(bytes: &mut [u8]) {
    mark(bytes, MemState::Undefined);
}

/// Makes bytes public: they leave their owner here.
pub fn publish(bytes: &mut [u8]) {
    mark(bytes, MemState::Defined);
}

fn mark(bytes: &mut [u8], state: MemState) {
    // What it returns is of no use: memcheck answers -1 where the wrapper expects 0. `has_secrets` sees whether it worked.
    let _ = mark_mem(bytes.as_mut_ptr().cast(), bytes.len(), state);
    black_box(bytes);
}

/// Publishes a message, which must have been made of secrets: else they were lost on the way, and nothing was tested.
pub fn sent(mut message: Vec<u8>) -> Vec<u8> {
    assert!(has_secrets(&mut message), "no secret arrived in a message");
    publish(&mut message);
    message
}

/// Whether any bit is secret.
pub fn has_secrets(bytes: &mut [u8]) -> bool {
    let shadow = vec![0_u8; bytes.len()];
    vbits(bytes.as_mut_ptr().cast(), shadow.as_ptr(), bytes.len()).expect("under valgrind");
    black_box(shadow).iter().any(|bits| *bits != 0)
}

/// A generator whose every byte is secret.
pub struct SecretRng(ChaCha20Rng);

impl SecretRng {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }
}

impl RngCore for SecretRng {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
        conceal(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for SecretRng {}
