//! Randomness that survives a broken source.

use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Error, RngCore, SeedableRng};

use crate::Transcript;

/// A generator seeded from fresh entropy, a device secret and what it is used for.
///
/// # Security
/// With good entropy the secret and the context add nothing. With a stuck source (a forked or restored machine)
/// they still make every use distinct, because the context names it and the secret is unknown outside.
#[derive(Clone)]
pub struct HedgedRng(ChaCha20Rng);

impl HedgedRng {
    /// Derives a generator from 32 bytes of `entropy`, a `secret`, and a `context` that is never used twice.
    pub fn new(entropy: &[u8; 32], secret: &[u8], context: &[u8]) -> Self {
        let seed = Transcript::new("hedged-rng")
            .field("entropy", entropy)
            .field("secret", secret)
            .field("context", context)
            .finish();
        Self(ChaCha20Rng::from_seed(seed))
    }
}

impl RngCore for HedgedRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.0.try_fill_bytes(dest)
    }
}

impl CryptoRng for HedgedRng {}

impl core::fmt::Debug for HedgedRng {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k31_c5_stuck_entropy_still_gives_distinct_streams() {
        let draw = |secret: &[u8], context: &[u8]| HedgedRng::new(&[0; 32], secret, context).next_u64();
        assert_ne!(draw(b"one", b"session 1"), draw(b"one", b"session 2"));
        assert_ne!(draw(b"one", b"session 1"), draw(b"two", b"session 1"));
    }
}
