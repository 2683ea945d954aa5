//! Files that people name: bounded, `-` for standard input, hexadecimal where it is that.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{CliError, Kind};

/// The longest file that is read: a context, or a transaction in base64.
const MAX: u64 = 1024 * 1024;

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// What the system reports, or a file that is too long or empty.
pub fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes =
        if path == Path::new("-") { bounded(io::stdin().lock()) } else { File::open(path).and_then(bounded) };
    let bytes = bytes.map_err(|error| CliError::file(path, &error))?;
    if bytes.len() as u64 > MAX {
        return Err(CliError::new(Kind::File, format!("{} is longer than {MAX} bytes", path.display())));
    }
    if bytes.is_empty() {
        return Err(CliError::new(Kind::Invalid, format!("{} is empty", path.display())));
    }
    Ok(bytes)
}

/// Reads a file of text.
///
/// # Errors
/// As [`read`], or bytes that are not UTF-8.
pub fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read(path)?).map_err(|error| {
        CliError::new(Kind::Invalid, format!("{} is not UTF-8 text", path.display())).because(Some(&error))
    })
}

/// Takes the hexadecimal itself, or a file of bytes, hexadecimal or base64.
///
/// # Errors
/// As [`read`].
pub fn hex_or_file(named: &str) -> Result<Vec<u8>, CliError> {
    let path = Path::new(named);
    if named != "-"
        && !path.exists()
        && let Some(bytes) = from_hex(named.as_bytes())
    {
        return Ok(bytes);
    }
    let bytes = read(path)?;
    let text = bytes.trim_ascii();
    let decoded = from_hex(text).or_else(|| STANDARD.decode(text).ok());
    Ok(decoded.unwrap_or(bytes))
}

/// Writes a new file. One that exists is never replaced.
///
/// # Errors
/// What the system reports.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| CliError::file(path, &error))
}

/// Returns the bytes that hexadecimal text stands for, with or without `0x` in front.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    if digits.is_empty() { None } else { hex::decode(digits).ok() }
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_told_from_bytes() {
        assert_eq!(from_hex(b"0x00ff\n"), Some(vec![0, 255]));
        assert_eq!(from_hex(b" 00FF "), Some(vec![0, 255]));
        for other in [&b""[..], b"0x", b"0", b"zz", b"\xff\xff"] {
            assert_eq!(from_hex(other), None);
        }
    }
}
