//! What the network, the disks and the machines do wrong.

use quorate_primitives::Millis;

use crate::dice::Dice;

/// The faults of one run. Chances are in thousandths, per frame unless it says otherwise; zero is never.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// A frame is lost.
    pub lose: u16,
    /// A frame arrives twice.
    pub duplicate: u16,
    /// A frame is held back up to [`Faults::longest_delay`].
    pub delay: u16,
    /// How long a held-back frame may take.
    pub longest_delay: Millis,
    /// A bit of a frame is flipped.
    pub flip: u16,
    /// A frame is cut off.
    pub truncate: u16,
    /// A frame goes on with the rest of another.
    pub splice: u16,
    /// An older frame, of this run or of an earlier one, arrives as well.
    pub replay: u16,
    /// A frame lands in another member's mailbox.
    pub misdeliver: u16,
    /// The relay names another sender.
    pub rewrite_sender: u16,
    /// How often a link is cut in one or both directions for some seconds.
    pub partitions: u8,
    /// How often the relay forgets everything.
    pub relay_restarts: u8,
    /// A device crashes, per effect.
    pub crash: u16,
    /// Whether a crash takes records that were not synced.
    pub lose_unsynced: bool,
    /// How many devices have a broken source of randomness.
    pub stuck_entropy: u8,
    /// How far clocks are off, at most.
    pub skew: Millis,
}

impl Faults {
    /// Draws a random subset of the faults, each with a random strength.
    pub fn swarm(dice: &mut Dice) -> Self {
        let mut maybe = |strongest: u64| if dice.chance(350) { 1 + dice.below(strongest) } else { 0 };
        let mut per_mille = |strongest| u16::try_from(maybe(strongest)).unwrap_or(0);
        let mut faults = Self {
            lose: per_mille(400),
            duplicate: per_mille(300),
            delay: per_mille(500),
            flip: per_mille(100),
            truncate: per_mille(60),
            splice: per_mille(60),
            replay: per_mille(200),
            misdeliver: per_mille(80),
            rewrite_sender: per_mille(80),
            crash: per_mille(40),
            ..Self::default()
        };
        let mut count = |strongest: u64| u8::try_from(maybe(strongest)).unwrap_or(0);
        faults.partitions = count(4);
        faults.relay_restarts = count(3);
        faults.stuck_entropy = u8::from(count(8) == 1);
        faults.longest_delay = 50 + dice.below(5_000);
        faults.lose_unsynced = dice.chance(500);
        faults.skew = if dice.chance(200) { 1 + dice.below(15_000) } else { 0 };
        faults
    }
}
