//! Which JSON a contract of some version takes.

use crate::ValueError;

/// A form of the contract's JSON. Both are read alike; what is written depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Versions 2.2 to 3.4, such as 3.2.0: `sign_pk`, domains by `scheme`, upper-case hexadecimal.
    Earlier,
    /// Versions from 3.14, such as 3.14.1: `tls_public_key`, domains by `protocol`, lower-case hexadecimal.
    Later,
}

impl Generation {
    /// Chooses by what the view `version` answers.
    ///
    /// # Errors
    /// [`ValueError::Version`], also for the versions in between, whose calls are those of neither generation.
    pub fn of(version: &str) -> Result<Self, ValueError> {
        match numbers(version) {
            Some((2, 2..) | (3, 0..=4)) => Ok(Self::Earlier),
            Some((3, 14..)) => Ok(Self::Later),
            Some(_) | None => Err(ValueError::Version(version.chars().take(40).collect())),
        }
    }

    /// Returns the version that stands for the generation.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Earlier => "3.2.0",
            Self::Later => "3.14.1",
        }
    }

    /// Returns the fewest bytes that an EdDSA payload may have.
    #[must_use]
    pub const fn least_eddsa_payload(self) -> usize {
        match self {
            Self::Earlier => 32,
            Self::Later => 0,
        }
    }

    pub(crate) fn hexadecimal(self, bytes: &[u8]) -> String {
        match self {
            Self::Earlier => hex::encode_upper(bytes),
            Self::Later => hex::encode(bytes),
        }
    }
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_version() {
        for (version, generation) in [
            ("2.2.0", Generation::Earlier),
            ("3.2.0", Generation::Earlier),
            ("3.4.1", Generation::Earlier),
            ("3.14.1", Generation::Later),
            ("3.15.0-rc.1", Generation::Later),
        ] {
            assert_eq!(Generation::of(version), Ok(generation), "{version}");
        }
        for version in ["", "1.0.0", "2.1.0", "3.5.0", "3.13.2", "4.0.0", "latest", "3", "v3.14.1"] {
            assert_eq!(Generation::of(version), Err(ValueError::Version(version.to_owned())));
        }
    }
}
