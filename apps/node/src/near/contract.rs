//! The contract: its views read into one form for all versions, and the calls a node makes.

mod calls;
mod state;

use serde_json::Value;
use thiserror::Error;

pub use self::calls::{call_of, participant_info, verify_tee};
pub use self::state::read_state;
use super::hash::Hash;
use super::key::parse_public;

/// The first version that takes and gives hex in lower case and names the threshold of each domain.
const LATER: (u64, u64) = (3, 10);

/// The first version that is served.
const FIRST: (u64, u64) = (2, 2);

/// How a version spells its JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Up to 3.9, such as 3.2.0.
    Earlier,
    /// From 3.10, such as 3.14.1.
    Later,
}

/// A view that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ViewFault {
    /// The version is none, or older than any that is served.
    #[error("version {version} of the contract is not served")]
    Version {
        /// The version.
        version: String,
    },
    /// The answer is not JSON of this view.
    #[error("the contract answers {view} with something else: {problem}")]
    Malformed {
        /// The view.
        view: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// A participant's key is no Ed25519 key.
    #[error("the key of participant {account} is no Ed25519 key")]
    ParticipantKey {
        /// The account.
        account: String,
    },
    /// More participants or domains than any network has.
    #[error("the contract names {count} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// A key belongs to a domain that is not listed.
    #[error("the contract has a key of domain {domain}, which it does not list")]
    UnknownDomain {
        /// The domain.
        domain: u64,
    },
}

impl Generation {
    /// Chooses by what `version` answers.
    ///
    /// # Errors
    /// [`ViewFault::Version`]
    pub fn of(version: &str) -> Result<Self, ViewFault> {
        let refused = || ViewFault::Version { version: version.chars().take(40).collect() };
        let mut numbers = version.split('.');
        let mut next = || numbers.next().and_then(|number| number.parse::<u64>().ok()).ok_or_else(refused);
        let found = (next()?, next()?);
        if found < FIRST {
            return Err(refused());
        }
        Ok(if found < LATER { Self::Earlier } else { Self::Later })
    }
}

/// Reads `version`.
///
/// # Errors
/// [`ViewFault::Malformed`]
pub fn read_version(answer: &[u8]) -> Result<String, ViewFault> {
    read("version", answer)
}

/// Reads `get_pending_request`: the yield that waits, if any.
///
/// # Errors
/// [`ViewFault::Malformed`]
pub fn read_pending(answer: &[u8]) -> Result<Option<Hash>, ViewFault> {
    let view = "get_pending_request";
    let value: Value = read(view, answer)?;
    if value.is_null() {
        return Ok(None);
    }
    let data = value.get("data_id").cloned().unwrap_or(Value::Null);
    let hash = match data.as_str() {
        Some(text) => text.parse().ok(),
        None => serde_json::from_value::<[u8; 32]>(data).ok().map(Hash),
    };
    hash.map(Some).ok_or_else(|| ViewFault::Malformed { view, problem: "no data_id of 32 bytes".to_owned() })
}

/// Reads `get_tee_accounts`: whether this account is attested with these keys.
///
/// # Errors
/// [`ViewFault::Malformed`]
pub fn read_attested(
    answer: &[u8],
    account: &str,
    tls: &[u8; 32],
    key: &[u8; 32],
) -> Result<bool, ViewFault> {
    let entries: Vec<Value> = read("get_tee_accounts", answer)?;
    let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
    let own_key = |entry: &Value, field: &str, own: &[u8; 32]| {
        text(entry, field).and_then(|text| parse_public(&text)).is_some_and(|found| found == *own)
    };
    Ok(entries.iter().any(|entry| {
        text(entry, "account_id").as_deref() == Some(account)
            && own_key(entry, "tls_public_key", tls)
            && own_key(entry, "account_public_key", key)
    }))
}

fn read<T: serde::de::DeserializeOwned>(view: &'static str, answer: &[u8]) -> Result<T, ViewFault> {
    serde_json::from_slice(answer).map_err(|error| ViewFault::Malformed {
        view,
        problem: error.to_string().chars().take(200).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::near::key::public_text;

    #[test]
    fn the_generation_follows_from_the_version() {
        for (version, generation) in [
            ("2.2.0", Generation::Earlier),
            ("3.2.0", Generation::Earlier),
            ("3.9.9", Generation::Earlier),
            ("3.10.0", Generation::Later),
            ("3.14.1", Generation::Later),
            ("4.0.0-rc.1", Generation::Later),
        ] {
            assert_eq!(Generation::of(version), Ok(generation), "{version}");
        }
        for version in ["", "3", "1.0.0", "three.one", "2.1.9"] {
            assert!(Generation::of(version).is_err(), "{version}");
        }
    }

    #[test]
    fn a_pending_request_is_present_or_not() {
        let numbers = serde_json::to_string(&[7; 32]).unwrap();
        let present = format!("{{\"data_id\":{numbers}}}");
        assert_eq!(read_pending(present.as_bytes()), Ok(Some(Hash([7; 32]))));
        assert_eq!(read_pending(b"null"), Ok(None));
        for answer in [&b"{}"[..], b"", b"{\"data_id\":[1]}", b"{\"data_id\":\"x\"}"] {
            assert!(read_pending(answer).is_err());
        }
    }

    #[test]
    fn attestation_needs_the_account_and_both_keys() {
        let entry = serde_json::json!([{
            "account_id": "node.near",
            "tls_public_key": public_text(&[1; 32]),
            "account_public_key": public_text(&[2; 32]),
        }]);
        let answer = entry.to_string();
        let attested = |account, tls, key| read_attested(answer.as_bytes(), account, &tls, &key).unwrap();
        assert!(attested("node.near", [1; 32], [2; 32]));
        assert!(!attested("other.near", [1; 32], [2; 32]));
        assert!(!attested("node.near", [2; 32], [2; 32]));
        assert!(!attested("node.near", [1; 32], [1; 32]), "the placeholder of `init` is not the node's key");
    }
}
