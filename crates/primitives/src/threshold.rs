//! How many of how many.

use core::fmt;

use borsh::io;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{MAX_PARTICIPANTS, ParticipantId};

/// `min_signers` of `max_signers`: `2 ≤ min_signers ≤ max_signers ≤ 64`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Numbers", into = "Numbers")]
pub struct Threshold {
    min_signers: u16,
    max_signers: u16,
}

/// Two numbers that are no threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{min_signers} of {max_signers} is no threshold: at least 2, at most all of at most {MAX_PARTICIPANTS}"
)]
pub struct InvalidThreshold {
    /// The signers asked for.
    pub min_signers: u16,
    /// The size of the group.
    pub max_signers: u16,
}

impl Threshold {
    /// Checks the two numbers.
    ///
    /// # Errors
    /// [`InvalidThreshold`] unless `2 ≤ min_signers ≤ max_signers ≤ 64`.
    pub const fn new(min_signers: u16, max_signers: u16) -> Result<Self, InvalidThreshold> {
        if min_signers < 2 || min_signers > max_signers || max_signers > MAX_PARTICIPANTS {
            return Err(InvalidThreshold { min_signers, max_signers });
        }
        Ok(Self { min_signers, max_signers })
    }

    /// Returns how many must sign.
    pub const fn min_signers(self) -> u16 {
        self.min_signers
    }

    /// Returns how many hold a share.
    pub const fn max_signers(self) -> u16 {
        self.max_signers
    }

    /// Returns everybody who holds a share, in order.
    pub fn participants(self) -> impl Iterator<Item = ParticipantId> + Clone {
        ParticipantId::first(self.max_signers)
    }

    /// Returns whether `id` is one of the group.
    pub const fn contains(self, id: ParticipantId) -> bool {
        id.get() <= self.max_signers
    }
}

impl fmt::Debug for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-of-{}", self.min_signers, self.max_signers)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    min_signers: u16,
    max_signers: u16,
}

impl TryFrom<Numbers> for Threshold {
    type Error = InvalidThreshold;

    fn try_from(numbers: Numbers) -> Result<Self, InvalidThreshold> {
        Self::new(numbers.min_signers, numbers.max_signers)
    }
}

impl From<Threshold> for Numbers {
    fn from(threshold: Threshold) -> Self {
        Self { min_signers: threshold.min_signers, max_signers: threshold.max_signers }
    }
}

impl BorshSerialize for Threshold {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        BorshSerialize::serialize(&self.min_signers, writer)?;
        BorshSerialize::serialize(&self.max_signers, writer)
    }
}

impl BorshDeserialize for Threshold {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let min_signers = u16::deserialize_reader(reader)?;
        let max_signers = u16::deserialize_reader(reader)?;
        Self::new(min_signers, max_signers)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "impossible threshold"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_possible_thresholds_exist() {
        for (t, n, possible) in [
            (2, 2, true),
            (2, 3, true),
            (33, 64, true),
            (64, 64, true),
            (1, 3, false),
            (0, 0, false),
            (4, 3, false),
            (2, 65, false),
        ] {
            assert_eq!(Threshold::new(t, n).is_ok(), possible, "{t} of {n}");
        }
    }

    #[test]
    fn decoding_checks_too() {
        assert!(borsh::from_slice::<Threshold>(&[1, 0, 3, 0]).is_err());
        assert!(borsh::from_slice::<Threshold>(&[2, 0, 3, 0]).is_ok());
    }
}
