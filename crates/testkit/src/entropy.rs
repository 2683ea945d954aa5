//! Randomness as a device gets it from its system, good or broken.

use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Error, RngCore, SeedableRng};

/// A device's source of randomness.
#[derive(Clone, Debug)]
pub enum Entropy {
    /// Different every time, the same for the same seed.
    Seeded(Box<ChaCha20Rng>),
    /// The same byte for ever: a cloned machine, an empty pool.
    Stuck(u8),
}

impl Entropy {
    /// A good source.
    pub fn seeded(seed: u64, device: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        rng.set_stream(0x1000 + device as u64);
        Self::Seeded(Box::new(rng))
    }

    /// Draws 32 bytes.
    pub fn fresh(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill_bytes(&mut bytes);
        bytes
    }
}

impl RngCore for Entropy {
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

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        match self {
            Self::Seeded(rng) => rng.fill_bytes(dest),
            Self::Stuck(byte) => dest.fill(*byte),
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Entropy {}
