//! Account names.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ValueError;

/// The name of a NEAR account: 2 to 64 characters, parts of `a-z0-9` between single separators `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account(String);

impl Account {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for Account {
    type Error = ValueError;

    fn try_from(name: String) -> Result<Self, ValueError> {
        if is_account(&name) { Ok(Self(name)) } else { Err(ValueError::Account(shortened(&name))) }
    }
}

impl FromStr for Account {
    type Err = ValueError;

    fn from_str(name: &str) -> Result<Self, ValueError> {
        Self::try_from(name.to_owned())
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.0
    }
}

fn is_account(name: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (2..=64).contains(&name.len()) && name.split(['-', '_', '.']).all(part)
}

/// An error repeats no more of a name than a name could have.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names_from_other_texts() {
        for name in ["ab", "v1.signer.localnet", "a-b_c.d", "mpc-node-0.localnet", &"a".repeat(64)] {
            assert_eq!(name.parse::<Account>().unwrap().as_str(), name);
        }
        for name in ["", "a", "A.near", "a..b", ".ab", "ab-", "a b", "å.near", "a,b", &"a".repeat(65)] {
            assert!(name.parse::<Account>().is_err(), "{name}");
        }
    }
}
