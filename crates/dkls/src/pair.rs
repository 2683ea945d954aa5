//! Pair set-up: the long-term correlated secrets of two participants (§3 of `docs/protocols/dkls.md`).
//!
//! Once per pair and generation, in two flights and a signed confirmation: endemic base transfers on Ristretto255
//! (Masny–Rindal, 2019/706), then 32 punctured trees of depth 4 with their check (SoftSpokenOT, 2022/192). Both
//! directions run in the same flights. [`PairKeys`] are never copied, backed up or restored; whoever restores a
//! device makes a new generation. The caller signs and stores [`PairKeys::statement`] of both sides first.

mod base_ot;
mod ggm;
mod keys;
mod messages;
mod rounds;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(quorate_timing)]
pub(crate) mod timing;

pub use keys::{PairKeys, Tombstone};
pub use messages::{Transfers, Trees};
pub use rounds::{AwaitingTransfers, AwaitingTrees, PairContext};

use quorate_primitives::{ParticipantId, Transcript};

/// Base transfers per direction: κ = 128, four for each of 32 trees.
pub(crate) const TRANSFERS: usize = TREES * DEPTH;

/// Trees, one for each four bits of Δ.
pub(crate) const TREES: usize = 32;

/// The depth of a tree: SoftSpoken's k.
pub(crate) const DEPTH: usize = 4;

/// Leaves of a tree.
pub(crate) const LEAVES: usize = 1 << DEPTH;

/// One of the two directions of a pair: Alice holds Δ, Bob chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    /// Who holds Δ, and multiplies.
    pub alice: ParticipantId,
    /// Whose choice bits are multiplied.
    pub bob: ParticipantId,
}

impl Direction {
    /// Adds the direction to a hash.
    pub(crate) fn bind(self, transcript: Transcript) -> Transcript {
        transcript.number("alice", self.alice.get().into()).number("bob", self.bob.get().into())
    }
}
