//! What every decoder promises, stated once.

use std::fmt::Debug;

/// What decodes, encodes to the bytes it came from: there is one spelling of every value.
///
/// # Panics
/// When it does not.
pub fn canonical<T, E>(bytes: &[u8], decode: impl Fn(&[u8]) -> Result<T, E>, encode: impl Fn(&T) -> Vec<u8>) {
    if let Ok(value) = decode(bytes) {
        assert!(encode(&value) == bytes, "two spellings of one value");
    }
}

/// What decodes, survives being encoded and decoded again: for formats that have several spellings.
///
/// # Panics
/// When it does not.
pub fn stable<T: PartialEq, E: Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, E>,
    encode: impl Fn(&T) -> Vec<u8>,
) {
    if let Ok(value) = decode(bytes) {
        let again = decode(&encode(&value));
        assert!(again.is_ok_and(|again| again == value), "a value does not survive its own encoding");
    }
}

/// Any bytes are an answer: decoding neither panics nor hangs, and takes memory in proportion to the input.
pub fn total<T>(bytes: &[u8], decode: impl Fn(&[u8]) -> T) {
    std::hint::black_box(decode(bytes));
}
