//! Where a device crashes: before or after any effect.

use crate::dice::Dice;

/// The process is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crashed;

/// Decides at every point between two effects of a device.
#[derive(Clone, Debug)]
pub enum Fuse {
    /// Never.
    Safe,
    /// At these points, counted from 0 over the life of the device.
    At(Vec<u64>),
    /// At each point with this many chances in a thousand.
    Random(u16),
}

/// A fuse with the count of points that passed.
#[derive(Clone, Debug)]
pub struct Points {
    fuse: Fuse,
    passed: u64,
}

impl Points {
    /// Counts from zero.
    pub const fn new(fuse: Fuse) -> Self {
        Self { fuse, passed: 0 }
    }

    /// Returns how many points passed.
    pub const fn passed(&self) -> u64 {
        self.passed
    }

    /// Stops crashing.
    pub fn make_safe(&mut self) {
        self.fuse = Fuse::Safe;
    }

    /// Passes a point.
    ///
    /// # Errors
    /// [`Crashed`] if the fuse blows here.
    pub fn pass(&mut self, dice: &mut Dice) -> Result<(), Crashed> {
        let point = self.passed;
        self.passed += 1;
        let blows = match &self.fuse {
            Fuse::Safe => false,
            Fuse::At(chosen) => chosen.contains(&point),
            Fuse::Random(per_mille) => dice.chance(*per_mille),
        };
        if blows { Err(Crashed) } else { Ok(()) }
    }
}
