//! What `state()` answers.

use serde::{Deserialize, Serialize};

use crate::{Domains, KeyEvent, Parameters, PublicKey};

/// The protocol's state. Votes, which only the contract counts, are not read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum State {
    /// Before `init`.
    NotInitialized,
    /// Keys are made for added domains.
    Initializing(Initializing),
    /// Signatures are made.
    Running(Running),
    /// Keys pass to other participants; the previous ones sign.
    Resharing(Resharing),
}

/// Keys are made for added domains.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Initializing {
    /// All domains, those without a key included.
    pub domains: Domains,
    /// The epoch of the keys.
    pub epoch_id: u64,
    /// The keys that are there.
    pub generated_keys: Vec<DomainKey>,
    /// The key that is being made.
    pub generating_key: KeyEvent,
}

/// Signatures are made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Running {
    /// The domains.
    pub domains: Domains,
    /// Their keys.
    pub keyset: Keyset,
    /// Who holds them.
    pub parameters: Parameters,
    /// The last epoch whose resharing was cancelled.
    #[serde(default)]
    pub previously_cancelled_resharing_epoch_id: Option<u64>,
}

/// Keys pass to other participants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Resharing {
    /// What was before, and goes on signing.
    pub previous_running_state: Running,
    /// The keys that have passed.
    pub reshared_keys: Vec<DomainKey>,
    /// The key that is passing.
    pub resharing_key: KeyEvent,
}

/// The keys of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyset {
    /// The epoch.
    pub epoch_id: u64,
    /// One key for each domain.
    pub domains: Vec<DomainKey>,
}

/// The key of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainKey {
    /// The domain.
    pub domain_id: u64,
    /// The key; `None` for a curve that is not served.
    #[serde(with = "optional_key")]
    pub key: Option<PublicKey>,
    /// The attempt that made it.
    pub attempt: u64,
}

/// A key as text or as an object with that text inside; `null` and curves that are not served are `None`.
pub mod optional_key {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Value, json};

    use crate::PublicKey;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum KeyJson {
        Text(String),
        Object(KeyObject),
    }

    #[derive(Deserialize)]
    enum KeyObject {
        Secp256k1 { near_public_key: PublicKey },
        Ed25519 { near_public_key_compressed: PublicKey },
        Bls12381 {},
    }

    pub fn serialize<S: Serializer>(key: &Option<PublicKey>, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match key {
            None => Value::Null,
            Some(key @ PublicKey::Secp256k1(_)) => json!({"Secp256k1": {"near_public_key": key}}),
            Some(key @ PublicKey::Ed25519(point)) => {
                json!({"Ed25519": {"near_public_key_compressed": key, "edwards_point": point}})
            }
        };
        value.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PublicKey>, D::Error> {
        let Some(json) = Option::<KeyJson>::deserialize(deserializer)? else { return Ok(None) };
        let key = match json {
            KeyJson::Text(text) if text.starts_with("bls12381") => return Ok(None),
            KeyJson::Text(text) => return text.parse().map(Some).map_err(D::Error::custom),
            KeyJson::Object(KeyObject::Bls12381 {}) => return Ok(None),
            KeyJson::Object(KeyObject::Secp256k1 { near_public_key: key }) => {
                matches!(key, PublicKey::Secp256k1(_)).then_some(key)
            }
            KeyJson::Object(KeyObject::Ed25519 { near_public_key_compressed: key }) => {
                matches!(key, PublicKey::Ed25519(_)).then_some(key)
            }
        };
        key.map(Some).ok_or_else(|| D::Error::custom("the key is of another curve than its name says"))
    }
}

#[cfg(test)]
#[path = "state/tests.rs"]
mod tests;
