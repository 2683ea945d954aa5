//! Who holds a share.

use core::fmt;
use core::num::NonZeroU16;

use borsh::io;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest group: `n ≤ 64`.
pub const MAX_PARTICIPANTS: u16 = 64;

/// A participant's index in its roster, `1 ..= 64`: also the point at which its share is evaluated.
///
/// Zero would ask a dealer for the secret itself, so it cannot be represented, neither can an index beyond the
/// largest group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ParticipantId(NonZeroU16);

/// A number that is no participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("participant {0} where 1 to {MAX_PARTICIPANTS} are possible")]
pub struct InvalidParticipant(pub u16);

impl ParticipantId {
    /// Returns the participants `1 ..= count`, in order.
    pub fn first(count: u16) -> impl Iterator<Item = Self> + Clone {
        (1..=count.min(MAX_PARTICIPANTS)).filter_map(NonZeroU16::new).map(Self)
    }

    /// Returns the index as a number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// Returns the position in a list that holds every participant in order.
    pub const fn position(self) -> usize {
        (self.0.get() - 1) as usize
    }
}

impl TryFrom<u16> for ParticipantId {
    type Error = InvalidParticipant;

    fn try_from(index: u16) -> Result<Self, InvalidParticipant> {
        match NonZeroU16::new(index) {
            Some(index) if index.get() <= MAX_PARTICIPANTS => Ok(Self(index)),
            Some(_) | None => Err(InvalidParticipant(index)),
        }
    }
}

impl From<ParticipantId> for u16 {
    fn from(id: ParticipantId) -> Self {
        id.get()
    }
}

impl fmt::Debug for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.get())
    }
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl BorshSerialize for ParticipantId {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        BorshSerialize::serialize(&self.get(), writer)
    }
}

impl BorshDeserialize for ParticipantId {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let index = u16::deserialize_reader(reader)?;
        Self::try_from(index)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "participant out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k22_b3_zero_and_out_of_range_indices_are_no_participants() {
        for index in 0..=u16::MAX {
            let possible = (1..=MAX_PARTICIPANTS).contains(&index);
            assert_eq!(ParticipantId::try_from(index).is_ok(), possible, "{index}");
            assert_eq!(borsh::from_slice::<ParticipantId>(&index.to_le_bytes()).is_ok(), possible, "{index}");
        }
    }

    #[test]
    fn first_counts_from_one() {
        let ids: Vec<u16> = ParticipantId::first(3).map(ParticipantId::get).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(ParticipantId::first(1000).count(), 64);
    }
}
