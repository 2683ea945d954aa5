//! Pair set-up, what the two send each other (§3): the same two flights in both directions.

use super::base_ot::Offer;
use super::ggm::TreeMessage;
use super::{DEPTH, TRANSFERS, TREES};
use crate::wire::Reader;
use crate::{Offence, Part};

/// The first flight: as Bob A, as Alice the offers of 128 transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfers {
    /// A.
    pub(super) point: [u8; 32],
    /// (r_0, r_1) of each transfer.
    pub(super) offers: Vec<Offer>,
}

/// The second flight, as Bob: 32 trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trees {
    pub(super) trees: Vec<TreeMessage>,
}

impl Transfers {
    /// The length of the encoding.
    pub const LEN: usize = 32 + TRANSFERS * 64;

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend_from_slice(&self.point);
        bytes.extend(self.offers.iter().flatten().flatten());
        bytes
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// [`Offence::Length`]. Points are checked when they are used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::BaseTransfers, Self::LEN)?;
        let point = reader.array()?;
        let offers = (0..TRANSFERS).map(|_| Ok([reader.array()?, reader.array()?]));
        Ok(Self { point, offers: offers.collect::<Result<_, Offence>>()? })
    }
}

impl Trees {
    /// The length of the encoding.
    pub const LEN: usize = TREES * (DEPTH * 2 * 16 + 32 + 32);

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        for tree in &self.trees {
            bytes.extend(tree.sums.iter().flatten().flat_map(|sum| sum.to_le_bytes()));
            bytes.extend_from_slice(&tree.check_sum);
            bytes.extend_from_slice(&tree.check_hash);
        }
        bytes
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// [`Offence::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Trees, Self::LEN)?;
        let trees = (0..TREES).map(|_| read_tree(&mut reader)).collect::<Result<_, Offence>>()?;
        Ok(Self { trees })
    }
}

fn read_tree(reader: &mut Reader<'_>) -> Result<TreeMessage, Offence> {
    let mut sums = [[0; 2]; DEPTH];
    for sum in sums.iter_mut().flatten() {
        *sum = u128::from_le_bytes(reader.array()?);
    }
    Ok(TreeMessage { sums, check_sum: reader.array()?, check_hash: reader.array()? })
}
