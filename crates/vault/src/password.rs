//! Passwords, exact to the byte after one Unicode normalisation.

use core::fmt;

use quorate_primitives::Secret;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_public_assigned;
use zeroize::Zeroize;

/// A password in Unicode form NFKC, so that the same characters typed on two systems are the same bytes.
///
/// Nothing else is changed: no trimming, no truncation, no case folding.
pub struct Password(Secret<Vec<u8>>);

/// Why a text can not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// There were no characters.
    #[error("the password is empty")]
    Empty,
    /// It is longer than [`Password::MAX_LEN`]; it is refused, never cut.
    #[error("the password is longer than {} bytes", Password::MAX_LEN)]
    TooLong,
    /// It has a character that Unicode may define later, and then normalise in another way.
    #[error("the password has a character that unicode does not define yet")]
    Undefined,
}

impl Password {
    /// The longest password, in bytes of UTF-8 before and after normalisation.
    pub const MAX_LEN: usize = 1024;

    /// Normalises `text`, which stays the caller's to wipe.
    ///
    /// # Errors
    /// Refuses empty, over-long and undefined texts.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(|c| !is_public_assigned(c) && !is_private_use(c)) {
            return Err(PasswordError::Undefined);
        }
        // The exact capacity is taken first: a growing vector would leave unwiped copies behind.
        let len = text.nfkc().map(char::len_utf8).sum();
        if len > Self::MAX_LEN {
            return Err(PasswordError::TooLong);
        }
        let mut bytes = Secret::new(Vec::with_capacity(len));
        let mut buffer = [0; 4];
        for character in text.nfkc() {
            bytes.expose_mut().extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        buffer.zeroize();
        Ok(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Private-use characters never normalise to anything else.
const fn is_private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        Password::new(text).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn f2_prints_nothing_of_the_password() {
        let password = Password::new("hunter2").unwrap();
        assert_eq!(format!("{password:?}"), "<redacted>");
    }

    #[test]
    fn f8_one_text_in_four_spellings_is_one_password() {
        let composed = bytes("\u{212b}ngstr\u{f6}m \u{fb01}");
        assert_eq!(composed, bytes("A\u{30a}ngstro\u{308}m fi"));
        assert_eq!(composed, bytes("\u{c5}ngstr\u{f6}m fi"));
        assert_eq!(composed, "\u{c5}ngstr\u{f6}m fi".as_bytes());
        assert_eq!(bytes("\u{ff11}\u{ff12}"), b"12");
    }

    #[test]
    fn f8_nothing_is_trimmed_truncated_or_folded() {
        let all = ["pass", "pass ", " pass", "Pass", "pass\0", "pass\n", "pas", "pass\u{200b}"].map(bytes);
        for (i, one) in all.iter().enumerate() {
            for other in &all[i + 1..] {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn f8_refuses_empty_overlong_and_undefined() {
        assert_eq!(Password::new("").unwrap_err(), PasswordError::Empty);
        assert!(Password::new(&"a".repeat(1024)).is_ok());
        assert_eq!(Password::new(&"a".repeat(1025)).unwrap_err(), PasswordError::TooLong);
        // Longer than allowed when typed, short enough once normalised.
        assert_eq!(Password::new(&"\u{212b}".repeat(400)).unwrap_err(), PasswordError::TooLong);
        // U+FDFA becomes 18 characters: short when typed, too long once normalised.
        assert_eq!(Password::new(&"\u{fdfa}".repeat(300)).unwrap_err(), PasswordError::TooLong);
        assert_eq!(Password::new("a\u{378}").unwrap_err(), PasswordError::Undefined);
        assert!(Password::new("a\u{e000}").is_ok());
    }

    proptest! {
        #[test]
        fn f8_equal_exactly_when_the_normal_forms_are(one in "\\PC{1,12}", two in "\\PC{1,12}") {
            if let (Ok(a), Ok(b)) = (Password::new(&one), Password::new(&two)) {
                let same = one.nfkc().eq(two.nfkc());
                prop_assert_eq!(a.as_bytes() == b.as_bytes(), same);
                let nfd: String = one.nfd().collect();
                prop_assert_eq!(bytes(&nfd), a.as_bytes());
            }
        }
    }
}
