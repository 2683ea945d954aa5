//! The whole content of a vault file: identity, records, and what to think of a bad end.
//!
//! A frame is written only after the one before it was durable, and the frames of a snapshot stand durably in
//! the file before it gets its name. So a crash can leave at most *one* unfinished frame, at the very end and behind the
//! snapshot. That is a torn end, which was never acknowledged and may be cut off; everything else is damage.

use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};

use crate::error::VaultError;
use crate::format::{
    Chain, Claim, FrameError, HEADER_LEN, Header, MAX_FRAME_LEN, MAX_RECORD_LEN, MIN_FRAME_LEN,
    PAYLOAD_CAPACITY, Record, record_cost,
};
use crate::kdf::{Unlock, UnlockKey};

/// The largest vault file in bytes.
pub const MAX_FILE_LEN: u64 = 256 << 20;

/// Bytes that are tried for a frame behind a bad one, at most; more candidates than that are not an accident.
const SEARCH_BUDGET: usize = 4 * MAX_FRAME_LEN;

/// Which vault this is, and how often it was rewritten. It stands in frame 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Drawn when the vault was created, and kept by every rewrite.
    pub vault_id: [u8; 16],
    /// 1 when created, one more with every rewrite.
    pub generation: u64,
    /// Frames behind frame 0 that were written together with the header.
    snapshot_frames: u64,
}

/// A vault file that was read to its end.
#[derive(Debug)]
pub struct Contents {
    /// Which vault it is.
    pub identity: Identity,
    /// All records, in the order they were appended.
    pub records: Vec<Record>,
    /// The position behind the last frame.
    pub chain: Chain,
    /// The key that opened it.
    pub key: UnlockKey,
    /// Bytes up to the end of the last frame.
    pub intact_len: u64,
    /// Bytes up to its beginning.
    pub last_frame_at: u64,
    /// Bytes behind that: a torn end.
    pub torn_len: u64,
}

/// A new vault file in memory.
#[derive(Debug)]
pub struct Snapshot {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The position behind its last frame.
    pub chain: Chain,
    /// What its frame 0 says.
    pub identity: Identity,
}

/// Reads a vault file.
///
/// # Errors
/// [`VaultError::WrongPassword`], [`VaultError::Damaged`], and what [`Header::parse`] refuses.
pub fn read(bytes: &[u8], unlock: Unlock<'_>) -> Result<Contents, VaultError> {
    let (header, mut rest) = Header::parse(bytes)?;
    let key = header.unlock_key(unlock)?;
    let mut chain = Chain::new(&header, header.unwrap_data_key(&key)?);
    let (first, after) = chain.open(rest).map_err(|_| VaultError::Damaged { record: 0 })?;
    let identity = match first.as_slice() {
        [only] => Identity::from_bytes(only.expose()),
        _ => None,
    }
    .ok_or(VaultError::Damaged { record: 0 })?;
    rest = after;
    let mut records = Vec::new();
    let mut last_frame_len = 0;
    let mut torn = false;
    while !rest.is_empty() && !torn {
        match chain.open(rest) {
            Ok((mut more, after)) => {
                records.append(&mut more);
                last_frame_len = rest.len().saturating_sub(after.len()) as u64;
                rest = after;
            }
            Err(FrameError::NotAuthentic) if is_torn_end(&chain, rest) => torn = true,
            Err(_) => return Err(VaultError::Damaged { record: count(&records) }),
        }
    }
    // A snapshot was durable before the file had its name, so no crash can have torn it.
    if chain.index() <= identity.snapshot_frames {
        return Err(VaultError::Damaged { record: count(&records) });
    }
    let torn_len = rest.len() as u64;
    let intact_len = (bytes.len() as u64).saturating_sub(torn_len);
    let last_frame_at = intact_len.saturating_sub(last_frame_len);
    Ok(Contents { identity, records, chain, key, intact_len, last_frame_at, torn_len })
}

/// Writes a whole vault file under a new data key.
///
/// # Errors
/// [`VaultError::RecordTooLarge`], [`VaultError::Full`], [`VaultError::Randomness`].
pub fn write<'a>(
    key: &UnlockKey,
    vault_id: [u8; 16],
    generation: u64,
    records: impl IntoIterator<Item = &'a [u8]>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Snapshot, VaultError> {
    let batches = pack(records)?;
    if snapshot_len(&batches) > MAX_FILE_LEN {
        return Err(VaultError::Full);
    }
    let identity = Identity { vault_id, generation, snapshot_frames: batches.len() as u64 };
    let mut seed = Secret::new([0; 64]);
    rng.try_fill_bytes(seed.expose_mut()).map_err(|_| VaultError::Randomness)?;
    let (header, data_key) = Header::create(key, generation, &seed);
    let mut chain = Chain::new(&header, data_key);
    let mut bytes = header.to_bytes().to_vec();
    bytes.append(&mut seal(&mut chain, [identity.to_bytes().as_slice()], rng)?);
    for batch in batches {
        bytes.append(&mut seal(&mut chain, batch, rng)?);
    }
    Ok(Snapshot { bytes, chain, identity })
}

/// Seals records as the next frame of a log.
///
/// # Errors
/// [`VaultError::Full`] if they do not fit, [`VaultError::Randomness`].
pub fn seal<'a, I>(
    chain: &mut Chain,
    records: I,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<u8>, VaultError>
where
    I: IntoIterator<Item = &'a [u8], IntoIter: Clone>,
{
    let mut entropy = [0; 32];
    rng.try_fill_bytes(&mut entropy).map_err(|_| VaultError::Randomness)?;
    chain.seal(records, &entropy).ok_or(VaultError::Full)
}

/// Draws the id of a new vault.
///
/// # Errors
/// [`VaultError::Randomness`].
pub fn draw_vault_id(key: &UnlockKey, rng: &mut (impl RngCore + CryptoRng)) -> Result<[u8; 16], VaultError> {
    let mut entropy = [0; 32];
    rng.try_fill_bytes(&mut entropy).map_err(|_| VaultError::Randomness)?;
    let hash =
        Transcript::new("vault-id").field("entropy", &entropy).field("unlock key", key.expose()).finish();
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Ok(id)
}

impl Identity {
    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let fields = self.vault_id.into_iter();
        let fields = fields.chain(self.generation.to_le_bytes()).chain(self.snapshot_frames.to_le_bytes());
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (vault_id, rest) = bytes.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let snapshot_frames = rest.try_into().ok()?;
        Some(Self {
            vault_id: *vault_id,
            generation: u64::from_le_bytes(*generation),
            snapshot_frames: u64::from_le_bytes(snapshot_frames),
        })
    }
}

/// Decides whether `rest`, whose head is not the next frame, can be one commit that a crash interrupted.
fn is_torn_end(chain: &Chain, rest: &[u8]) -> bool {
    let longer_than_it_says =
        Claim::read(rest).is_some_and(|claim| claim.index == chain.index() && claim.frame_len() < rest.len());
    rest.len() <= MAX_FRAME_LEN && !longer_than_it_says && !holds_authentic_frame(chain, rest)
}

/// Looks for an authentic frame of this log at any byte behind a bad one.
fn holds_authentic_frame(chain: &Chain, rest: &[u8]) -> bool {
    let mut budget = SEARCH_BUDGET;
    let mut at = rest;
    let mut skipped = 0_usize;
    while let Some((_, next)) = at.split_first() {
        at = next;
        skipped = skipped.saturating_add(1);
        if at.len() < MIN_FRAME_LEN {
            return false;
        }
        let Some(claim) = Claim::read(at) else { continue };
        let furthest = chain.index().saturating_add((skipped / MIN_FRAME_LEN) as u64).saturating_add(1);
        if claim.frame_len() > at.len() || !(chain.index()..=furthest).contains(&claim.index) {
            continue;
        }
        let Some(left) = budget.checked_sub(claim.frame_len()) else { return true };
        budget = left;
        if chain.is_authentic(claim, at) {
            return true;
        }
    }
    false
}

/// Groups records so that each group fits into one frame.
fn pack<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Vec<&'a [u8]>>, VaultError> {
    let mut batches: Vec<Vec<&[u8]>> = Vec::new();
    let mut room = 0;
    for record in records {
        check_record(record)?;
        let cost = record_cost(record);
        match batches.last_mut() {
            Some(batch) if cost <= room => batch.push(record),
            _ => {
                batches.push(vec![record]);
                room = PAYLOAD_CAPACITY;
            }
        }
        room = room.saturating_sub(cost);
    }
    Ok(batches)
}

/// Returns how long a file of these batches will be, before any of it is sealed.
fn snapshot_len(batches: &[Vec<&[u8]>]) -> u64 {
    let identity = MIN_FRAME_LEN.saturating_add(record_cost(&[0; 32]));
    let frames = batches
        .iter()
        .map(|batch| batch.iter().copied().map(record_cost).fold(MIN_FRAME_LEN, usize::saturating_add));
    frames.fold(HEADER_LEN.saturating_add(identity), usize::saturating_add) as u64
}

pub(crate) const fn check_record(record: &[u8]) -> Result<(), VaultError> {
    if record.len() > MAX_RECORD_LEN {
        return Err(VaultError::RecordTooLarge { len: record.len(), max: MAX_RECORD_LEN });
    }
    Ok(())
}

fn count(records: &[Record]) -> u64 {
    records.len() as u64
}

const _: () = assert!(HEADER_LEN == 132, "the header has a fixed place in docs/formats/vault.md");
