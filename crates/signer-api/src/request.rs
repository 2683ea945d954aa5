//! Requests for signatures: as a user writes them, and as the contract keeps them.

use serde::{Deserialize, Serialize};

use crate::{Payload, Tweak, ValueError};

/// The argument `request` of `sign`, in the current and in the legacy form.
///
/// Written in the current form. A legacy `payload` is a digest for ECDSA, and `key_version` n is domain n; the forms
/// may be mixed, but neither the payload nor the domain may be given twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SignRequestJson", into = "SignRequestJson")]
pub struct SignRequest {
    /// The path below the calling account; may be empty.
    pub path: String,
    /// What is to be signed.
    pub payload: Payload,
    /// The domain whose key signs.
    pub domain_id: u64,
}

impl SignRequest {
    /// Returns the request as the contract keeps it for the calling account.
    #[must_use]
    pub fn pending(&self, predecessor: &str) -> PendingRequest {
        PendingRequest {
            tweak: Tweak::derive(predecessor, &self.path),
            payload: self.payload.clone(),
            domain_id: self.domain_id,
        }
    }
}

/// A request as nodes answer it: the argument `request` of `respond` and `get_pending_request`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingRequest {
    /// What leads to the key of the account and path.
    pub tweak: Tweak,
    /// What is to be signed.
    pub payload: Payload,
    /// The domain whose key signs.
    pub domain_id: u64,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRequestJson {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_v2: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<[u8; 32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    domain_id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_version: Option<u32>,
}

impl TryFrom<SignRequestJson> for SignRequest {
    type Error = ValueError;

    fn try_from(json: SignRequestJson) -> Result<Self, ValueError> {
        let payload = match (json.payload_v2, json.payload) {
            (Some(_), Some(_)) => return Err(ValueError::BothPayloads),
            (Some(payload), None) => payload,
            (None, Some(digest)) => Payload::Ecdsa(digest),
            (None, None) => return Err(ValueError::Missing("payload_v2")),
        };
        let domain_id = match (json.domain_id, json.key_version) {
            (Some(_), Some(_)) => return Err(ValueError::BothDomains),
            (Some(id), None) => id,
            (None, Some(version)) => u64::from(version),
            (None, None) => return Err(ValueError::Missing("domain_id")),
        };
        Ok(Self { path: json.path, payload, domain_id })
    }
}

impl From<SignRequest> for SignRequestJson {
    fn from(request: SignRequest) -> Self {
        Self {
            path: request.path,
            payload_v2: Some(request.payload),
            payload: None,
            domain_id: Some(request.domain_id),
            key_version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<SignRequest, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_means_the_same() {
        let hex = "07".repeat(32);
        let expected = SignRequest { path: "p".to_owned(), payload: Payload::Ecdsa([7; 32]), domain_id: 1 };
        for form in [
            json!({"path": "p", "payload_v2": {"Ecdsa": hex}, "domain_id": 1}),
            json!({"path": "p", "payload": vec![7; 32], "key_version": 1}),
            json!({"path": "p", "payload_v2": {"Ecdsa": hex}, "key_version": 1}),
            json!({"path": "p", "payload": vec![7; 32], "domain_id": 1}),
        ] {
            assert_eq!(parse(form), Ok(expected.clone()));
        }
        let written = serde_json::to_value(&expected).unwrap();
        assert_eq!(written, json!({"path": "p", "payload_v2": {"Ecdsa": hex}, "domain_id": 1}));
    }

    #[test]
    fn refuses_what_is_ambiguous_missing_or_of_wrong_length() {
        let hex = "07".repeat(32);
        for (form, error) in [
            (
                json!({"path": "", "payload_v2": {"Ecdsa": hex}, "payload": vec![7; 32], "domain_id": 0}),
                "payload_v2 and payload are mutually exclusive",
            ),
            (
                json!({"path": "", "payload": vec![7; 32], "domain_id": 0, "key_version": 0}),
                "domain_id and key_version are mutually exclusive",
            ),
            (json!({"path": "", "domain_id": 0}), "missing field `payload_v2`"),
            (json!({"path": "", "payload": vec![7; 32]}), "missing field `domain_id`"),
            (json!({"payload": vec![7; 32], "domain_id": 0}), "missing field `path`"),
            (json!({"path": "", "payload": vec![7; 31], "domain_id": 0}), "invalid length 31"),
            (json!({"path": "", "payload": vec![256; 32], "domain_id": 0}), "invalid value: integer `256`"),
            (json!({"path": "", "payload_v2": {"Ecdsa": "07"}, "domain_id": 0}), "has 1 bytes, not 32"),
            (json!({"path": "", "payload_v2": {"Eddsa": "07".repeat(1233)}, "domain_id": 0}), "at most 1232"),
            (json!({"path": "", "payload_v2": {"Eddsa": "0"}, "domain_id": 0}), "not hexadecimal"),
            (json!({"path": "", "payload_v2": {"Eddsa": "07"}, "domain_id": 0, "x": 1}), "unknown field `x`"),
        ] {
            let found = parse(form).unwrap_err();
            assert!(found.contains(error), "{found}");
        }
    }

    #[test]
    fn a_digest_beyond_the_order_is_out_of_range() {
        assert!(!Payload::Ecdsa([0xff; 32]).is_in_range());
        assert!(Payload::Ecdsa([0; 32]).is_in_range());
    }
}
