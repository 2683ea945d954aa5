//! Short hexadecimal forms for `Debug` and `Display`.

use core::fmt;

/// Writes `bytes` as lower-case hexadecimal digits.
pub fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Writes the first four bytes, enough to tell two values apart in a debugger.
pub fn write_short(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    write(f, bytes.get(..4).unwrap_or(bytes))?;
    f.write_str("…")
}
