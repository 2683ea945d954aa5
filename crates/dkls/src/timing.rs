//! Steps that work on secrets, one at a time, for the measurement of their running times in `benches/timing`.
//!
//! Compiled with `--cfg quorate_timing` only. No manifest can set that, so nothing of this reaches a product.

use quorate_primitives::HedgedRng;

pub use crate::extension::timing::{Accepting, Choosing, Correcting, Expanding, Transposing};
pub use crate::pair::timing::{Harvesting, Offering, Planting, Receiving, Sending};
pub use crate::sign::timing::Sharing;
pub use crate::vole::timing::{Checking, Combining, Multiplying};

/// A step of a protocol that works on secrets.
pub trait Step {
    /// Draws the step's secrets anew, in place. What is public stays as it is.
    fn load(&mut self, secrets: &mut HedgedRng);

    /// Takes the step.
    fn take(&self);
}
