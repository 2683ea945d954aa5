//! Text from outside: made visible, read as JSON, recognised as data.

use core::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use crate::error::ChainError;

/// Words shorter than this are never taken for encoded data.
const DATA_LEN: usize = 40;

/// Returns `text` with every character spelled out that a reader could not see, could mistake for a plain space, or
/// that would reorder the line. A backslash is doubled, so that no text can pretend to be escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a character is a control, a format character, a blank other than the plain space, a mark that joins the
/// character before it, or has no meaning fixed by Unicode.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xAD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5
            | 0x0600..=0x0605 | 0x06DD | 0x070F | 0x0890..=0x0891 | 0x08E2
            | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFF
            | 0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F
            | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF
            | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0x10FFFF)
}

/// Whether words are the hexadecimal, base58 or base64 of something.
pub(crate) fn reads_like_data(words: &str) -> bool {
    let body = words.strip_prefix("0x").unwrap_or(words).trim();
    body.len() >= DATA_LEN
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
}

/// Reads JSON of a bounded length.
pub(crate) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    json: &[u8],
    max: usize,
) -> Result<T, ChainError> {
    if json.len() > max {
        return Err(ChainError::TooLong { what, len: json.len(), max });
    }
    serde_json::from_slice(json).map_err(|error| ChainError::Json {
        what,
        line: error.line(),
        column: error.column(),
    })
}

/// Returns the bytes of a file that holds either them or their base64.
///
/// No transaction of any chain here consists of base64 characters alone, so the two cannot be confused.
pub(crate) fn bytes_of_file(what: &'static str, file: &[u8], max: usize) -> Result<Vec<u8>, ChainError> {
    let text = file.trim_ascii();
    let is_text = text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let limit =
        if is_text { max.div_ceil(3).saturating_mul(4).saturating_add(file.len() - text.len()) } else { max };
    if file.len() > limit {
        return Err(ChainError::TooLong { what, len: file.len(), max: limit });
    }
    if !is_text {
        return Ok(file.to_vec());
    }
    STANDARD.decode(text).map_err(|_| ChainError::Malformed { what })
}

pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads exactly 32 bytes of hexadecimal.
pub(crate) fn hex_32(field: &'static str, text: &str) -> Result<[u8; 32], ChainError> {
    let mut bytes = [0; 32];
    let expected = "64 hexadecimal digits";
    hex::decode_to_slice(text, &mut bytes).map_err(|_| ChainError::InvalidField { field, expected })?;
    Ok(bytes)
}

/// Reads exactly 32 bytes of base58.
pub(crate) fn base58_32(field: &'static str, text: &str) -> Result<[u8; 32], ChainError> {
    decode_base58_32(text).ok_or(ChainError::InvalidField { field, expected: "32 bytes in base58" })
}

/// Reads 32 bytes of base58; at most 44 characters are looked at.
pub(crate) fn decode_base58_32(text: &str) -> Option<[u8; 32]> {
    if !(32..=44).contains(&text.len()) {
        return None;
    }
    bs58::decode(text).into_vec().ok()?.try_into().ok()
}

/// Bytes as hexadecimal in JSON.
pub(crate) mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

pub(crate) fn base58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g7_controls_bidi_and_invisible_characters_are_spelled_out() {
        for (text, shown) in [
            ("pay 5", "pay 5"),
            ("größe 漢字", "größe 漢字"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("a\u{feff}b", "a\\u{feff}b"),
            ("a\u{a0}b", "a\\u{a0}b"),
            ("a\u{2003}b", "a\\u{2003}b"),
            ("a\u{e0041}", "a\\u{e0041}"),
            ("a\u{301}", "a\\u{301}"),
            ("a\u{1b}[2J", "a\\u{1b}[2J"),
            ("a\u{7f}\u{85}", "a\\u{7f}\\u{85}"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\\u{202e}", "\\\\u{202e}"),
            ("\0", "\\u{0}"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn g7_text_that_is_encoded_data_is_recognised() {
        for data in [
            &"ab".repeat(32),
            &format!("0x{}", "00".repeat(32)),
            "cHNidP8BAHUCAAAAASaBcTce3/KF6Tet7qSze3gADAVmy7OtZGQXE8pCFxv2",
        ] {
            assert!(reads_like_data(data), "{data}");
        }
        for words in ["yes", "I own this account since 2024", "nonce: 0123456789abcdef", &"word ".repeat(40)]
        {
            assert!(!reads_like_data(words), "{words}");
        }
    }

    #[test]
    fn base58_reads_only_32_bytes() {
        assert_eq!(decode_base58_32("11111111111111111111111111111111"), Some([0; 32]));
        assert_eq!(decode_base58_32("1111111111111111111111111111111"), None);
        assert_eq!(decode_base58_32("111111111111111111111111111111111"), None);
        assert_eq!(decode_base58_32("0OIl1111111111111111111111111111"), None);
        assert_eq!(decode_base58_32(&"z".repeat(44)), None);
    }
}
