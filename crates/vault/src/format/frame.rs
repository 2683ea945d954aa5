//! Frames: the records of one commit, sealed as one, each chained to the frame before it.

use quorate_primitives::{Secret, Transcript};
use thiserror::Error;

use super::{Header, NONCE_LEN, Record, TAG_LEN, open, seal};

/// The longest record in bytes.
pub const MAX_RECORD_LEN: usize = 8 << 20;
/// The longest frame in bytes, its length field included.
pub const MAX_FRAME_LEN: usize = PREFIX_LEN + MAX_BODY_LEN;
/// The shortest frame in bytes: the link to the frame before it, and no record.
pub const MIN_FRAME_LEN: usize = PREFIX_LEN + MIN_BODY_LEN;
/// Frames that one data key may seal; a rewrite brings a new key.
pub const MAX_FRAMES: u64 = 1 << 30;

/// Bytes of records, with their length fields, that fit into one frame.
pub(crate) const PAYLOAD_CAPACITY: usize = 16 << 20;

const LEN_LEN: usize = 4;
const PREFIX_LEN: usize = LEN_LEN + NONCE_LEN;
const MIN_BODY_LEN: usize = TAG_LEN + TAG_LEN;
const MAX_BODY_LEN: usize = MIN_BODY_LEN + PAYLOAD_CAPACITY;

/// Why the bytes at the head of a log are not its next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// They are incomplete or do not authenticate: torn, or damaged.
    #[error("not an authentic frame")]
    NotAuthentic,
    /// They are a frame of this log that does not follow the one before it.
    #[error("a frame out of its place")]
    OutOfPlace,
    /// They are authentic and still make no sense: written by a build with a defect.
    #[error("an authentic frame with malformed records")]
    Malformed,
}

/// The position in a log: what the next frame, read or written, is bound to.
pub struct Chain {
    data_key: Secret<[u8; 32]>,
    nonce_key: Secret<[u8; 32]>,
    header_hash: [u8; 32],
    index: u64,
    link: [u8; TAG_LEN],
}

impl Chain {
    /// Starts at the first frame behind `header`.
    pub fn new(header: &Header, data_key: Secret<[u8; 32]>) -> Self {
        let nonce_key = Transcript::new("vault-nonce-key").field("data key", data_key.expose()).finish();
        let header_hash = Transcript::new("vault-header").field("header", &header.to_bytes()).finish();
        let mut link = [0; TAG_LEN];
        link.iter_mut().zip(header_hash).for_each(|(to, from)| *to = from);
        Self { data_key, nonce_key: Secret::new(nonce_key), header_hash, index: 0, link }
    }

    /// Returns the number of the next frame, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Seals records as the next frame and moves behind it; nothing if the data key has sealed [`MAX_FRAMES`]
    /// or the records do not fit into one frame.
    ///
    /// The nonce is the frame's number and a keyed hash of entropy, position and content, so that a repeating
    /// source of randomness repeats a nonce for nothing but the same bytes in the same place.
    pub fn seal<'a, I>(&mut self, records: I, entropy: &[u8; 32]) -> Option<Vec<u8>>
    where
        I: IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    {
        let records = records.into_iter();
        let payload: usize = records.clone().map(record_cost).sum();
        if self.index >= MAX_FRAMES || payload > PAYLOAD_CAPACITY {
            return None;
        }
        let body_len = MIN_BODY_LEN + payload;
        // Plaintext is written where its ciphertext will stand, in memory that never moves.
        let mut frame = Vec::with_capacity(PREFIX_LEN + body_len);
        frame.extend_from_slice(&u32::try_from(body_len).ok()?.to_le_bytes());
        frame.extend_from_slice(&[0; NONCE_LEN]);
        frame.extend_from_slice(&self.link);
        for record in records {
            frame.extend_from_slice(&u32::try_from(record.len()).ok()?.to_le_bytes());
            frame.extend_from_slice(record);
        }
        let aad = self.aad(self.index);
        let (prefix, plaintext) = frame.split_at_mut_checked(PREFIX_LEN)?;
        let nonce = self.nonce(entropy, plaintext);
        prefix.get_mut(LEN_LEN..)?.copy_from_slice(&nonce);
        let tag = seal(self.data_key.expose(), &nonce, &aad, plaintext);
        frame.extend_from_slice(&tag);
        self.advance(tag);
        Some(frame)
    }

    /// Opens the next frame at the head of `bytes` and moves behind it; returns its records and what follows.
    ///
    /// # Errors
    /// See [`FrameError`]; the position is then unchanged.
    pub fn open<'b>(&mut self, bytes: &'b [u8]) -> Result<(Vec<Record>, &'b [u8]), FrameError> {
        let claim = Claim::read(bytes).ok_or(FrameError::NotAuthentic)?;
        let (frame, rest) = bytes.split_at_checked(claim.frame_len()).ok_or(FrameError::NotAuthentic)?;
        let (plaintext, tag) = self.decrypt(claim, frame).ok_or(FrameError::NotAuthentic)?;
        let (link, payload) = plaintext.expose().split_first_chunk().ok_or(FrameError::Malformed)?;
        if claim.index != self.index || *link != self.link {
            return Err(FrameError::OutOfPlace);
        }
        let records = split_records(payload).ok_or(FrameError::Malformed)?;
        self.advance(tag);
        Ok((records, rest))
    }

    /// Returns whether an authentic frame of this log, of any number, stands at the head of `bytes`.
    pub(crate) fn is_authentic(&self, claim: Claim, bytes: &[u8]) -> bool {
        bytes.get(..claim.frame_len()).is_some_and(|frame| self.decrypt(claim, frame).is_some())
    }

    /// Checks one whole frame and returns its plaintext and tag.
    fn decrypt(&self, claim: Claim, frame: &[u8]) -> Option<(Secret<Vec<u8>>, [u8; TAG_LEN])> {
        let (nonce, body) = frame.get(LEN_LEN..)?.split_first_chunk()?;
        let (ciphertext, tag) = body.split_last_chunk()?;
        let mut buffer = Secret::new(ciphertext.to_vec());
        open(self.data_key.expose(), nonce, &self.aad(claim.index), &mut buffer, tag)
            .then_some((buffer, *tag))
    }

    fn aad(&self, index: u64) -> [u8; 40] {
        let mut aad = [0; 40];
        let bytes = self.header_hash.into_iter().chain(index.to_le_bytes());
        aad.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        aad
    }

    fn nonce(&self, entropy: &[u8; 32], plaintext: &[u8]) -> [u8; NONCE_LEN] {
        let hash = Transcript::new("vault-nonce")
            .field("nonce key", self.nonce_key.expose())
            .field("header", &self.header_hash)
            .field("entropy", entropy)
            .field("plaintext", plaintext)
            .finish();
        let mut nonce = [0; NONCE_LEN];
        nonce
            .iter_mut()
            .zip(self.index.to_le_bytes().into_iter().chain(hash))
            .for_each(|(to, from)| *to = from);
        nonce
    }

    const fn advance(&mut self, tag: [u8; TAG_LEN]) {
        self.index = self.index.saturating_add(1);
        self.link = tag;
    }
}

impl core::fmt::Debug for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Chain").field("index", &self.index).finish_non_exhaustive()
    }
}

/// What the unauthenticated beginning of a frame says about it, inside the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) index: u64,
    body_len: usize,
}

impl Claim {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let body_len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let index = u64::from_le_bytes(*rest.first_chunk()?);
        (MIN_BODY_LEN..=MAX_BODY_LEN).contains(&body_len).then_some(Self { index, body_len })
    }

    pub(crate) const fn frame_len(self) -> usize {
        PREFIX_LEN.saturating_add(self.body_len)
    }
}

/// Returns the bytes that a record takes inside a frame.
pub(crate) const fn record_cost(record: &[u8]) -> usize {
    record.len().saturating_add(LEN_LEN)
}

fn split_records(mut payload: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !payload.is_empty() {
        let (len, rest) = payload.split_first_chunk()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        if len > MAX_RECORD_LEN {
            return None;
        }
        let (record, rest) = rest.split_at_checked(len)?;
        records.push(Record::new(record));
        payload = rest;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KdfParams, Password, UnlockKey};

    fn header() -> (Header, Secret<[u8; 32]>) {
        let mut rng = crate::format::tests::rng();
        let key = UnlockKey::derive(&Password::new("p").unwrap(), KdfParams::FLOOR, &mut rng).unwrap();
        Header::create(&key, 1, &Secret::new([1; 64]))
    }

    #[test]
    fn f6_seals_no_frame_beyond_the_limit_of_its_key() {
        let (header, data_key) = header();
        let mut chain = Chain::new(&header, data_key);
        chain.index = MAX_FRAMES - 1;
        assert!(chain.seal([b"last".as_slice()], &[0; 32]).is_some());
        assert!(chain.seal([b"one too many".as_slice()], &[0; 32]).is_none());
        assert_eq!(chain.index(), MAX_FRAMES);
    }

    #[test]
    fn c5_stuck_entropy_repeats_no_nonce() {
        let (header, data_key) = header();
        let nonce = |frame: &[u8]| frame[4..28].to_vec();
        let sealed = |skip: usize, record: &[u8]| {
            let mut chain = Chain::new(&header, data_key.duplicate());
            (0..skip).for_each(|_| drop(chain.seal([], &[0; 32])));
            nonce(&chain.seal([record], &[0; 32]).unwrap())
        };
        // The same place twice, as after a torn end, with another record; and the same record in another place.
        assert_ne!(sealed(1, b"one"), sealed(1, b"two"));
        assert_ne!(sealed(1, b"one"), sealed(2, b"one"));
        assert_eq!(sealed(1, b"one"), sealed(1, b"one"));
    }

    #[test]
    fn c5_stuck_entropy_repeats_no_data_key() {
        let mut rng = crate::format::tests::rng();
        let key = UnlockKey::derive(&Password::new("p").unwrap(), KdfParams::FLOOR, &mut rng).unwrap();
        let stuck = Secret::new([0; 64]);
        let (one, key_one) = Header::create(&key, 1, &stuck);
        let (two, key_two) = Header::create(&key, 2, &stuck);
        assert_ne!(key_one, key_two);
        // The same salt, as a stuck source gives it, and another password.
        let other = Header::parse(&one.to_bytes()).unwrap().0;
        let other = other.unlock_key((&Password::new("q").unwrap()).into()).unwrap();
        assert_ne!(key_one, Header::create(&other, 1, &stuck).1);
        assert_ne!(one.to_bytes()[60..84], two.to_bytes()[60..84]);
    }

    #[test]
    fn f2_prints_nothing_of_the_keys() {
        let (header, data_key) = header();
        let shown = format!("{:?}", Chain::new(&header, data_key));
        assert_eq!(shown, "Chain { index: 0, .. }");
        assert_eq!(format!("{:?}", Record::new(b"share")), "Record(<redacted>)");
    }

    #[test]
    fn e3_lengths_are_checked_before_memory_is_taken() {
        let mut bytes = vec![0xff; 64];
        assert!(Claim::read(&bytes).is_none());
        bytes[..4].copy_from_slice(&u32::try_from(MAX_BODY_LEN + 1).unwrap().to_le_bytes());
        assert!(Claim::read(&bytes).is_none());
        bytes[..4].copy_from_slice(&u32::try_from(MIN_BODY_LEN - 1).unwrap().to_le_bytes());
        assert!(Claim::read(&bytes).is_none());
        bytes[..4].copy_from_slice(&u32::try_from(MAX_BODY_LEN).unwrap().to_le_bytes());
        assert!(Claim::read(&bytes).is_some());
    }

    #[test]
    fn e3_refuses_records_that_overrun_their_frame() {
        let lengths: [&[u8]; 4] = [&[1, 0, 0, 0], &[0, 0, 0], &[0xff; 4], &[2, 0, 0, 0, 7]];
        for payload in lengths {
            assert!(split_records(payload).is_none(), "{payload:?}");
        }
        let too_long = u32::try_from(MAX_RECORD_LEN + 1).unwrap().to_le_bytes();
        let payload = [too_long.as_slice(), &vec![0; MAX_RECORD_LEN + 1]].concat();
        assert!(split_records(&payload).is_none());
        assert_eq!(split_records(&[1, 0, 0, 0, 9, 0, 0, 0, 0]).unwrap().len(), 2);
    }
}
