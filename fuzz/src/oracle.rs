//! What every decoder promises, stated once.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{Versioned, body_bytes, body_from_bytes, from_bytes, to_bytes};

/// The longest body that travels inside a message.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// What decodes, encodes to the bytes it came from: there is one spelling of every value.
///
/// # Panics
/// When it does not.
pub fn canonical<T, E>(
    bytes: &[u8],
    decode: impl FnOnce(&[u8]) -> Result<T, E>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) {
    if let Ok(value) = decode(bytes) {
        assert!(encode(&value) == bytes, "two spellings of one value");
    }
}

/// [`canonical`] for a value that travels or is stored on its own.
pub fn versioned<T: Versioned>(bytes: &[u8]) {
    canonical(bytes, from_bytes::<T>, to_bytes);
}

/// [`canonical`] for a value that travels inside another.
pub fn body<T: BorshSerialize + BorshDeserialize>(bytes: &[u8]) {
    canonical(bytes, |bytes| body_from_bytes::<T>(bytes, MAX_BODY, "body"), body_bytes);
}

/// For texts with several spellings: reading what was written gives the same value.
///
/// # Panics
/// When it does not.
pub fn stable<T: PartialEq, E>(
    bytes: &[u8],
    parse: impl Fn(&str) -> Result<T, E>,
    write: impl FnOnce(&T) -> String,
) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(value) = parse(text) {
        let again = parse(&write(&value));
        assert!(again.is_ok_and(|again| again == value), "a value does not survive its own spelling");
    }
}
