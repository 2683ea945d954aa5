//! What must be found, or the method finds nothing: a branch and a table index that depend on a secret.

use std::hint::black_box;

use rand_core::RngCore;

use crate::mark::SecretRng;

pub fn run() {
    let mut secret = [0; 32];
    SecretRng::new(1).fill_bytes(&mut secret);
    black_box(leaky_comparison(&secret, &[7; 32]));
    black_box(leaky_table(&secret));
}

/// Returns at the first difference.
#[inline(never)]
fn leaky_comparison(secret: &[u8; 32], guess: &[u8; 32]) -> bool {
    for (one, other) in secret.iter().zip(guess) {
        if black_box(one != other) {
            return false;
        }
    }
    true
}

/// Reads where the secret says.
#[inline(never)]
fn leaky_table(secret: &[u8; 32]) -> u64 {
    let table = black_box([0x1234_u64; 256]);
    secret.iter().map(|byte| table[usize::from(*byte)]).sum()
}
