//! JSON of bounded length.

use serde::de::DeserializeOwned;

use crate::DecodeError;

/// The longest JSON that is read: a state of 256 participants and as many domains fits.
pub const MAX_JSON_BYTES: usize = 1 << 20;

/// Reads one value of the interface.
///
/// # Errors
/// When it is too long, or not the JSON of a `T`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > MAX_JSON_BYTES {
        return Err(DecodeError::TooLong { length: bytes.len(), limit: MAX_JSON_BYTES });
    }
    serde_json::from_slice(bytes).map_err(DecodeError::Json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tweak;

    #[test]
    fn refuses_what_is_too_long_before_it_parses() {
        let error = read::<Tweak>(&vec![b' '; MAX_JSON_BYTES + 1]).unwrap_err();
        assert!(matches!(error, DecodeError::TooLong { .. }));
    }
}
