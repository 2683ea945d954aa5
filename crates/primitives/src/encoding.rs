//! The one binary encoding: a version byte, then strict `borsh`.
//!
//! `borsh` is a bijection between values and bytes: fixed-width little-endian integers, length-prefixed
//! vectors, strictly ordered maps, no alternative spellings. What this module adds are the three checks that
//! every reader of foreign bytes needs: a size limit before anything is read, a known version, and no
//! trailing bytes.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// Why bytes were refused by [`from_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// There were more bytes than this kind of value can ever have.
    #[error("{len} bytes where at most {max} are possible")]
    TooLong {
        /// Bytes received.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not even the version byte was there.
    #[error("no bytes at all")]
    Empty,
    /// The version byte names a format this build does not know.
    #[error("format version {found} where {expected} is known")]
    UnknownVersion {
        /// The version byte received.
        found: u8,
        /// The version this build reads.
        expected: u8,
    },
    /// The bytes are not the encoding of a value: too short, too long, or a field out of its range.
    #[error("malformed {what}")]
    Malformed {
        /// The name of the value that was expected.
        what: &'static str,
    },
}

/// A value with one canonical, versioned encoding.
pub trait Versioned: BorshSerialize + BorshDeserialize {
    /// The version byte in front.
    const VERSION: u8;
    /// The longest encoding that is read, in bytes, version byte included.
    const MAX_LEN: usize;
    /// What to call the value in an error.
    const NAME: &'static str;
}

/// Returns the canonical bytes of `value`: its version byte, then its `borsh` encoding.
pub fn to_bytes<T: Versioned>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len_of(value).saturating_add(1));
    bytes.push(T::VERSION);
    write_into(value, &mut bytes);
    bytes
}

/// Reads a value that [`to_bytes`] wrote.
///
/// # Errors
/// Refuses more than [`Versioned::MAX_LEN`] bytes before reading any, unknown versions, malformed values and
/// trailing bytes.
pub fn from_bytes<T: Versioned>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > T::MAX_LEN {
        return Err(DecodeError::TooLong { len: bytes.len(), max: T::MAX_LEN });
    }
    let (version, body) = bytes.split_first().ok_or(DecodeError::Empty)?;
    if *version != T::VERSION {
        return Err(DecodeError::UnknownVersion { found: *version, expected: T::VERSION });
    }
    borsh::from_slice(body).map_err(|_| DecodeError::Malformed { what: T::NAME })
}

/// Returns the `borsh` bytes of a value that travels inside a [`Versioned`] one.
pub fn body_bytes<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len_of(value));
    write_into(value, &mut bytes);
    bytes
}

/// Reads a value that [`body_bytes`] wrote.
///
/// # Errors
/// [`DecodeError::Malformed`] for anything but one whole canonical value; [`DecodeError::TooLong`] beyond `max`.
pub fn body_from_bytes<T: BorshDeserialize>(
    bytes: &[u8],
    max: usize,
    what: &'static str,
) -> Result<T, DecodeError> {
    if bytes.len() > max {
        return Err(DecodeError::TooLong { len: bytes.len(), max });
    }
    borsh::from_slice(bytes).map_err(|_| DecodeError::Malformed { what })
}

/// The whole length, before anything is written: a buffer that grew would leave copies of secrets behind.
fn len_of<T: BorshSerialize>(value: &T) -> usize {
    borsh::object_length(value).unwrap_or(0)
}

#[expect(clippy::expect_used, reason = "writing to a Vec cannot fail, and no collection here has 2^32 items")]
fn write_into<T: BorshSerialize>(value: &T, bytes: &mut Vec<u8>) {
    value.serialize(bytes).expect("writing to memory");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, BorshSerialize, BorshDeserialize)]
    struct Note {
        id: u32,
        text: String,
        parts: Vec<Vec<u8>>,
    }

    impl Versioned for Note {
        const VERSION: u8 = 3;
        const MAX_LEN: usize = 4096;
        const NAME: &'static str = "note";
    }

    #[test]
    fn refuses_oversize_unknown_version_and_trailing_bytes() {
        let note = Note { id: 7, text: "x".into(), parts: vec![vec![1, 2]] };
        let bytes = to_bytes(&note);
        assert_eq!(from_bytes::<Note>(&bytes), Ok(note));
        assert_eq!(from_bytes::<Note>(&[]), Err(DecodeError::Empty));
        assert_eq!(from_bytes::<Note>(&vec![3; 5000]), Err(DecodeError::TooLong { len: 5000, max: 4096 }));
        let mut other = bytes.clone();
        other[0] = 4;
        assert_eq!(from_bytes::<Note>(&other), Err(DecodeError::UnknownVersion { found: 4, expected: 3 }));
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(from_bytes::<Note>(&longer), Err(DecodeError::Malformed { what: "note" }));
        for cut in 1..bytes.len() {
            assert!(from_bytes::<Note>(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_encoded_never_moves_to_a_larger_buffer() {
        let note = Note { id: 7, text: "x".repeat(1_000), parts: vec![vec![1; 900]; 2] };
        for bytes in [to_bytes(&note), body_bytes(&note)] {
            assert_eq!(bytes.capacity(), bytes.len());
        }
    }

    /// A length of 2^32 - 1 in front of three bytes must cost nothing.
    #[test]
    fn e3_length_bomb_is_refused_without_allocating() {
        let bytes = [3, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
        assert_eq!(from_bytes::<Note>(&bytes), Err(DecodeError::Malformed { what: "note" }));
        let nested = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(from_bytes::<Note>(&nested), Err(DecodeError::Malformed { what: "note" }));
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut framed = vec![3];
            framed.extend(bytes);
            if let Ok(note) = from_bytes::<Note>(&framed) {
                prop_assert_eq!(to_bytes(&note), framed);
            }
        }
    }
}
