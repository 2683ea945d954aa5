//! What the contract knows a request by: identical ones share it.

use serde_json::{Value, json};

use crate::events::Payload;

/// Tweak, payload and domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// The tweak.
    pub tweak: [u8; 32],
    /// The payload.
    pub payload: Payload,
    /// The domain.
    pub domain: u64,
}

impl RequestKey {
    /// Returns it as `respond` and `get_pending_request` take it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let payload = match &self.payload {
            Payload::Ecdsa(digest) => json!({"Ecdsa": hex::encode(digest)}),
            Payload::Eddsa(message) => json!({"Eddsa": hex::encode(message)}),
        };
        json!({"tweak": self.tweak, "payload": payload, "domain_id": self.domain})
    }
}
