//! The box that every secret is in.

use core::fmt;

use borsh::io;
use borsh::{BorshDeserialize, BorshSerialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret value: wiped when dropped, printed as `<redacted>`, compared in constant time.
///
/// # Security
/// It has no `serde` form. Its `borsh` form exists for two places only: vault records, and messages that are
/// sealed to their recipient.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into the box.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value for a computation.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Lends the value for an update in place.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize + Clone> Secret<T> {
    /// Makes a second copy, visibly.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize + BorshSerialize> BorshSerialize for Secret<T> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.0.serialize(writer)
    }
}

impl<T: Zeroize + BorshDeserialize> BorshDeserialize for Secret<T> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        T::deserialize_reader(reader).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn prints_nothing_of_its_value() {
        let secret = Secret::new([0x5a_u8; 32]);
        assert_eq!(format!("{secret:?}"), "<redacted>");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(<redacted>)");
    }

    #[test]
    fn compares_by_value() {
        assert_eq!(Secret::new([1_u8; 4]), Secret::new([1; 4]));
        assert_ne!(Secret::new([1_u8; 4]), Secret::new([2; 4]));
    }
}
