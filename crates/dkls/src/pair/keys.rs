//! Pair set-up, *confirmation* (§3): the keys as they are stored, and the mark that their generation is over.
//!
//! It trusts that the peer's statement is signed and stored. Keys whose statements differ are gone.

use borsh::{BorshDeserialize, BorshSerialize, io};
use quorate_primitives::{ParticipantId, Secret, encoding};

use super::{Direction, LEAVES, TREES};
use crate::{Fault, Misuse, Obstacle, Pair};

/// One side of a pair's correlated secrets, of one generation.
///
/// As Alice: Δ, and for every tree the leaves at the distances 1 to 15 from Δ_m. As Bob: all 16 leaves of every tree.
///
/// # Security
/// Never in a backup, never restored, and never used again after a [`Tombstone`]: who could make an extension check run
/// twice on old state would learn Δ.
#[derive(Debug)]
pub struct PairKeys {
    stored: Stored,
}

#[derive(Debug, BorshSerialize, BorshDeserialize)]
struct Stored {
    pair: Pair,
    me: ParticipantId,
    generation: u64,
    statement: [u8; 32],
    confirmed: bool,
    /// Δ.
    delta: Secret<u128>,
    /// The leaves at the distances 1 to 15 from Δ_m, tree by tree.
    #[borsh(deserialize_with = "read_seeds")]
    as_alice: Secret<Vec<u128>>,
    /// All 16 leaves, tree by tree.
    #[borsh(deserialize_with = "read_seeds")]
    as_bob: Secret<Vec<u128>>,
}

/// Reads seeds into one buffer: a growing one would leave copies behind.
fn read_seeds<R: io::Read>(reader: &mut R) -> io::Result<Secret<Vec<u128>>> {
    let len = usize::try_from(u32::deserialize_reader(reader)?).unwrap_or(usize::MAX);
    if len > TREES * LEAVES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too many seeds"));
    }
    let mut seeds = Secret::new(Vec::with_capacity(len));
    for _ in 0..len {
        seeds.expose_mut().push(u128::deserialize_reader(reader)?);
    }
    Ok(seeds)
}

impl encoding::Versioned for Stored {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 1 + 6 + 8 + 32 + 1 + 16 + 8 + 16 * TREES * (2 * LEAVES - 1);
    const NAME: &'static str = "pair keys";
}

impl PairKeys {
    pub(super) const fn new(
        (pair, me, generation): (Pair, ParticipantId, u64),
        statement: [u8; 32],
        delta: Secret<u128>,
        as_alice: Secret<Vec<u128>>,
        as_bob: Secret<Vec<u128>>,
    ) -> Self {
        Self { stored: Stored { pair, me, generation, statement, confirmed: false, delta, as_alice, as_bob } }
    }

    /// Takes the peer's statement, whose signature and storage are the caller's: with equal ones, the generation is
    /// usable.
    ///
    /// # Errors
    /// [`Obstacle::SplitView`] if the peer saw other messages; the keys are erased, the generation is over.
    pub fn confirm(mut self, statement: &[u8; 32]) -> Result<Self, Fault> {
        if *statement != self.stored.statement {
            return Err(Obstacle::SplitView { witnesses: vec![self.peer()] }.into());
        }
        self.stored.confirmed = true;
        Ok(self)
    }

    /// Ends the generation: the secrets are erased, the tombstone is for the log.
    #[must_use]
    pub fn ban(self) -> Tombstone {
        self.tombstone()
    }

    /// Returns the hash that both sign: the set-up's messages in both directions.
    pub const fn statement(&self) -> &[u8; 32] {
        &self.stored.statement
    }

    /// Returns whether the peer has confirmed.
    pub const fn is_usable(&self) -> bool {
        self.stored.confirmed
    }

    /// Returns whose pair this is.
    pub const fn pair(&self) -> Pair {
        self.stored.pair
    }

    /// Returns the counterparty.
    pub fn peer(&self) -> ParticipantId {
        self.stored.pair.peer_of(self.stored.me).unwrap_or(self.stored.me)
    }

    /// Returns the number of the generation.
    pub const fn generation(&self) -> u64 {
        self.stored.generation
    }

    /// Encodes the keys for the vault, and for nothing else.
    pub fn to_secret_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(encoding::to_bytes(&self.stored))
    }

    /// Decodes what [`PairKeys::to_secret_bytes`] wrote.
    ///
    /// # Errors
    /// [`Misuse::Stored`] for anything else.
    pub fn from_secret_bytes(bytes: &Secret<Vec<u8>>) -> Result<Self, Misuse> {
        let malformed = Misuse::Stored("pair keys");
        let stored: Stored = encoding::from_bytes(bytes.expose()).map_err(|_| malformed)?;
        let lengths = (stored.as_alice.expose().len(), stored.as_bob.expose().len());
        if stored.pair.peer_of(stored.me).is_none() || lengths != (TREES * (LEAVES - 1), TREES * LEAVES) {
            return Err(malformed);
        }
        Ok(Self { stored })
    }

    pub(crate) const fn tombstone(&self) -> Tombstone {
        Tombstone { pair: self.stored.pair, generation: self.stored.generation }
    }

    pub(crate) const fn me(&self) -> ParticipantId {
        self.stored.me
    }

    pub(crate) const fn delta(&self) -> &Secret<u128> {
        &self.stored.delta
    }

    /// Returns the seeds at the distances 1 to 15 from Δ_m, tree by tree.
    pub(crate) fn alice_seeds(&self) -> &[u128] {
        self.stored.as_alice.expose()
    }

    /// Returns the seeds 0 to 15, tree by tree.
    pub(crate) fn bob_seeds(&self) -> &[u128] {
        self.stored.as_bob.expose()
    }

    /// Returns the direction in which the holder of these keys is Alice.
    pub(crate) fn as_alice(&self) -> Direction {
        Direction { alice: self.stored.me, bob: self.peer() }
    }

    /// Returns the direction in which the holder of these keys is Bob.
    pub(crate) fn as_bob(&self) -> Direction {
        Direction { alice: self.peer(), bob: self.stored.me }
    }
}

/// The mark that a generation of a pair is over, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Tombstone {
    pair: Pair,
    generation: u64,
}

impl encoding::Versioned for Tombstone {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 13;
    const NAME: &'static str = "tombstone of a pair";
}

impl Tombstone {
    /// Returns whose generation ended.
    pub const fn pair(&self) -> Pair {
        self.pair
    }

    /// Returns which generation ended; the next one is higher.
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}
