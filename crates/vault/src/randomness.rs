//! The health test of the source of randomness, run whenever a vault is created or opened.

use rand_core::{CryptoRng, RngCore};

use crate::error::VaultError;

/// Equal bytes in a row that a healthy source shows once in 2^56 draws (NIST SP 800-90B §4.4.1, 8 bits per byte).
const REPETITION_CUTOFF: usize = 8;
const BLOCKS: usize = 8;

/// Checks that `rng` neither fails, nor is stuck, nor repeats itself in short cycles.
///
/// # Errors
/// [`VaultError::Randomness`]; nothing may be made from such a source.
///
/// # Security
/// It finds a dead source, not a predictable one: no test of outputs can.
pub fn check_randomness(rng: &mut (impl RngCore + CryptoRng)) -> Result<(), VaultError> {
    let mut seen: Vec<[u8; 32]> = Vec::with_capacity(BLOCKS);
    for _ in 0..BLOCKS {
        let mut block = [0; 32];
        rng.try_fill_bytes(&mut block).map_err(|_| VaultError::Randomness)?;
        let stuck =
            block.windows(REPETITION_CUTOFF).any(|run| run.iter().all(|byte| Some(byte) == run.first()));
        if stuck || seen.contains(&block) {
            return Err(VaultError::Randomness);
        }
        seen.push(block);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use rand_chacha::ChaCha20Rng;
    use rand_core::{Error, SeedableRng};

    use super::*;

    /// Plays the same bytes over and over.
    struct Cycle(Vec<u8>, usize);

    impl RngCore for Cycle {
        fn next_u32(&mut self) -> u32 {
            panic!("the health test draws bytes only")
        }
        fn next_u64(&mut self) -> u64 {
            panic!("the health test draws bytes only")
        }
        fn fill_bytes(&mut self, dest: &mut [u8]) {
            for byte in dest {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
        }
        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
            if self.0.is_empty() {
                return Err(NonZeroU32::MIN.into());
            }
            self.fill_bytes(dest);
            Ok(())
        }
    }

    impl CryptoRng for Cycle {}

    #[test]
    fn c5_refuses_dead_stuck_and_cycling_sources() {
        let counting: Vec<u8> = (0..=255).collect();
        let mut nearly_stuck = counting.clone();
        nearly_stuck[40..48].fill(9);
        let sources =
            [vec![], vec![0], vec![0xff], vec![1, 2], counting[..32].to_vec(), counting[..64].to_vec()];
        for bytes in sources.into_iter().chain([nearly_stuck]) {
            assert_eq!(check_randomness(&mut Cycle(bytes, 0)), Err(VaultError::Randomness));
        }
    }

    #[test]
    fn c5_accepts_a_healthy_source() {
        for seed in 0..2000 {
            assert_eq!(check_randomness(&mut ChaCha20Rng::seed_from_u64(seed)), Ok(()));
        }
    }
}
