//! Hexadecimal of either case, of one length.

use crate::ValueError;

/// Reads `N` bytes.
pub fn exactly<const N: usize>(
    what: &'static str,
    expected: &'static str,
    text: &str,
) -> Result<[u8; N], ValueError> {
    let bytes = hex::decode(text).map_err(|_| ValueError::Hexadecimal(what))?;
    <[u8; N]>::try_from(bytes).map_err(|bytes| ValueError::Length { what, length: bytes.len(), expected })
}
