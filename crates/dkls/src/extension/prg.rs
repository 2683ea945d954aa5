//! Presigning 1 and 2 (§4), PRG_x: streams from seeds, `ChaCha20` under a key that is fresh for every seed and call.
//!
//! The key is a hash of the call (session, pair, direction, Bob's n_B), the tree and the seed, and the cipher's nonce
//! is zero. A Bob who repeats n_B in a repeated session repeats his own streams; Alice's pads differ all the same (D11).

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use crate::hash::short_hash;

/// How many bytes the cipher makes at once, at the price of one block: streams are made in multiples of it.
const STRIDE: usize = 256;

/// Room for one stream, reused and wiped.
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    words: Zeroizing<Vec<u128>>,
}

impl Buffer {
    pub(super) fn new(width: usize) -> Self {
        let len = (16 * width).next_multiple_of(STRIDE);
        Self { bytes: Zeroizing::new(vec![0; len]), words: Zeroizing::new(vec![0; width]) }
    }

    /// Expands a seed of a tree: PRG_x.
    pub(super) fn fill(&mut self, prefix: &[u8; 32], tree: u8, seed: u128) -> &[u128] {
        let mut fields = Zeroizing::new([0; 17]);
        let [first, rest @ ..] = &mut *fields;
        *first = tree;
        *rest = seed.to_le_bytes();
        let key = Zeroizing::new(short_hash(prefix, &fields));
        self.bytes.fill(0);
        ChaCha20::new((&*key).into(), &[0; 12].into()).apply_keystream(&mut self.bytes);
        for (word, bytes) in self.words.iter_mut().zip(self.bytes.chunks_exact(16)) {
            *word = bytes.try_into().map_or(0, u128::from_le_bytes);
        }
        &self.words
    }
}
