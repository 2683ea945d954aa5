//! Typed data of EIP-712: read strictly, hashed, and written in one canonical form.
//!
//! What comes in is the JSON that `eth_signTypedData_v4` takes. The canonical form is JSON without spaces, with the
//! types sorted by name, the fields of a struct in the order of its type, numbers in decimal and addresses with their
//! checksum. Trusted is nothing; refused is everything that the hash would not cover or a reader could misread:
//! fields or types that are not used, values that do not fit, names that could be other types, cycles, a domain
//! without a chain id.

mod domain;
mod fault;
mod json;
mod kind;
mod review;
mod value;

use self::domain::Domain;
pub use self::fault::TypedDataFault;
use self::json::Json;
use self::kind::{Kind, Types};
pub(super) use self::review::review;
use self::value::{Reading, Value};
use super::keccak;
use crate::error::ChainError;

const WHAT: &str = "typed data";

/// The longest JSON that is read.
const MAX_JSON: usize = 64 * 1024;

/// Typed data that fit their types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypedData {
    domain: Domain,
    types: Types,
    primary: String,
    message: Value,
}

impl TypedData {
    /// Reads the JSON of typed data.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ChainError> {
        let json: Json = crate::text::from_json(WHAT, json, MAX_JSON)?;
        let [types, primary, domain, message] =
            json.exactly("", ["types", "primaryType", "domain", "message"])?;
        let domain = Domain::parse(domain)?;
        let primary = primary.text("primaryType")?.to_owned();
        let types = Types::parse(types, &primary, &domain)?;
        let kind = Kind::Struct(primary.clone());
        let message = Reading::new(&types).value(&kind, message, "message", 0)?;
        let read = Self { domain, types, primary, message };
        let len = read.to_json().len();
        if len > MAX_JSON {
            return Err(ChainError::TooLong { what: WHAT, len, max: MAX_JSON });
        }
        Ok(read)
    }

    /// Returns the chain id that the domain names.
    pub(super) const fn chain_id(&self) -> u64 {
        self.domain.chain_id
    }

    /// Writes the canonical form.
    pub(super) fn to_json(&self) -> String {
        Json::object([
            ("types", self.types.to_json(&self.domain)),
            ("primaryType", Json::Text(self.primary.clone())),
            ("domain", self.domain.to_json()),
            ("message", self.message.to_json(&self.types, &Kind::Struct(self.primary.clone()))),
        ])
        .to_string()
    }

    /// Returns the hash that is signed.
    pub(super) fn digest(&self) -> [u8; 32] {
        let message = self.message.word(&self.types, &Kind::Struct(self.primary.clone()));
        keccak(&[b"\x19\x01", &self.domain.separator(), &message])
    }
}

#[cfg(test)]
mod tests;
