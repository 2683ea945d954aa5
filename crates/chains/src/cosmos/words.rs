//! Signed words: ADR-036's document, which is an amino document that no chain takes: its chain id is empty.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::account::KeyOf;
use super::amino::quoted;
use super::{MAX_LEN, WHAT};
use crate::context::CosmosKey;
use crate::error::ChainError;
use crate::text::to_base64;

/// What stands before the data, between it and the signer, and behind the signer.
const BEFORE: &str = r#"{"account_number":"0","chain_id":"","fee":{"amount":[],"gas":"0"},"memo":"","msgs":[{"type":"sign/MsgSignData","value":{"data":""#;
const BETWEEN: &str = r#"","signer":""#;
const BEHIND: &str = r#""}}],"sequence":"0"}"#;

/// The longest words that are signed.
const MAX_WORDS: usize = 16 * 1024;

/// Words to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) words: String,
    pub(super) signer: String,
    pub(super) key_type: CosmosKey,
}

impl Words {
    /// Reads the document, which has only one form.
    pub(super) fn parse(key_type: CosmosKey, json: &[u8]) -> Result<Self, ChainError> {
        if json.len() > MAX_LEN {
            return Err(ChainError::TooLong { what: WHAT, len: json.len(), max: MAX_LEN });
        }
        let text = core::str::from_utf8(json).ok();
        let inside =
            text.and_then(|text| text.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?.split_once(BETWEEN));
        let (data, signer) = inside.ok_or(ChainError::Malformed { what: "ADR-036 document" })?;
        // The decoder takes padded base64 only, and refuses bits that are left over.
        let bytes = STANDARD.decode(data).map_err(|_| ChainError::Malformed { what: "base64" })?;
        let words = String::from_utf8(bytes).map_err(|_| ChainError::Malformed { what: "message" })?;
        Self::new(words, signer.to_owned(), key_type)
    }

    pub(super) fn new(words: String, signer: String, key_type: CosmosKey) -> Result<Self, ChainError> {
        if words.is_empty() {
            return Err(ChainError::EmptyMessage);
        }
        if words.len() > MAX_WORDS {
            return Err(ChainError::TooLong { what: "message", len: words.len(), max: MAX_WORDS });
        }
        Ok(Self { words, signer, key_type })
    }

    /// Returns the document that is signed.
    pub(super) fn sign_doc(&self) -> String {
        [BEFORE, &to_base64(self.words.as_bytes()), BETWEEN, &self.signer, BEHIND].concat()
    }

    /// Returns the signature as wallets of these chains hand it out.
    pub(super) fn std_signature(&self, key: &[u8; 33], signature: &[u8; 64]) -> String {
        format!(
            r#"{{"pub_key":{{"type":{},"value":"{}"}},"signature":"{}"}}"#,
            quoted(self.key_type.amino()),
            to_base64(key),
            to_base64(signature),
        )
    }
}
