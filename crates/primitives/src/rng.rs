//! Randomness that survives a broken source.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use rand_core::{CryptoRng, Error, RngCore, impls};
use zeroize::Zeroizing;

use crate::Transcript;

/// A generator seeded from fresh entropy, a device secret and what it is used for: `ChaCha20`'s stream under that seed,
/// wiped when dropped.
///
/// # Security
/// With good entropy the secret and the context add nothing. With a stuck source (a forked or restored machine)
/// they still make every use distinct, because the context names it and the secret is unknown outside.
pub struct HedgedRng(ChaCha20);

impl HedgedRng {
    /// Derives a generator from 32 bytes of `entropy`, a `secret`, and a `context` that is never used twice.
    pub fn new(entropy: &[u8; 32], secret: &[u8], context: &[u8]) -> Self {
        let seed = Transcript::new("hedged-rng")
            .field("entropy", entropy)
            .field("secret", secret)
            .field("context", context)
            .finish();
        let seed = Zeroizing::new(seed);
        Self(ChaCha20::new((&*seed).into(), &[0; 12].into()))
    }
}

impl RngCore for HedgedRng {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.fill(0);
        // The stream ends, with a panic, after 256 GB.
        self.0.apply_keystream(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
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
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn k31_c5_stuck_entropy_still_gives_distinct_streams() {
        let draw = |secret: &[u8], context: &[u8]| HedgedRng::new(&[0; 32], secret, context).next_u64();
        assert_ne!(draw(b"one", b"session 1"), draw(b"one", b"session 2"));
        assert_ne!(draw(b"one", b"session 1"), draw(b"two", b"session 1"));
    }

    /// What was derived once is derived again by every later version: dealings are.
    #[test]
    fn streams_are_those_of_the_plain_generator() {
        let mut rng = HedgedRng::new(&[1; 32], b"secret", b"context");
        let seed = Transcript::new("hedged-rng")
            .field("entropy", &[1; 32])
            .field("secret", b"secret")
            .field("context", b"context")
            .finish();
        let mut plain = rand_chacha::ChaCha20Rng::from_seed(seed);
        assert_eq!(rng.next_u32(), plain.next_u32());
        assert_eq!(rng.next_u64(), plain.next_u64());
        for len in [4, 32, 64, 100, 1_000, 5_000] {
            let (mut ours, mut theirs) = (vec![7; len], vec![8; len]);
            rng.fill_bytes(&mut ours);
            plain.fill_bytes(&mut theirs);
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn prints_and_leaves_nothing_of_its_state() {
        const fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<ChaCha20>();
        assert_eq!(format!("{:?}", HedgedRng::new(&[0; 32], b"", b"")), "<redacted>");
    }
}
