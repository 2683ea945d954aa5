//! What is to be signed.

use serde::{Deserialize, Serialize};

use crate::tweak::is_secp256k1_scalar;
use crate::{Curve, ValueError, hexadecimal};

/// The longest message that EdDSA signs: a Solana packet.
const MAX_EDDSA: usize = 1232;

/// A digest for ECDSA or a message for EdDSA, as hexadecimal in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "PayloadJson", into = "PayloadJson")]
pub enum Payload {
    /// A digest of 32 bytes.
    Ecdsa([u8; 32]),
    /// A message of at most 1232 bytes.
    Eddsa(Vec<u8>),
}

impl Payload {
    /// Returns the curve whose keys sign it.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        match self {
            Self::Ecdsa(_) => Curve::Secp256k1,
            Self::Eddsa(_) => Curve::Edwards25519,
        }
    }

    /// Whether the contract accepts its number: an ECDSA digest must be below the order of secp256k1.
    #[must_use]
    pub fn is_in_range(&self) -> bool {
        match self {
            Self::Ecdsa(digest) => is_secp256k1_scalar(digest),
            Self::Eddsa(_) => true,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
enum PayloadJson {
    Ecdsa(String),
    Eddsa(String),
}

impl TryFrom<PayloadJson> for Payload {
    type Error = ValueError;

    fn try_from(json: PayloadJson) -> Result<Self, ValueError> {
        match json {
            PayloadJson::Ecdsa(text) => {
                hexadecimal::exactly("an ECDSA payload", "32", &text).map(Self::Ecdsa)
            }
            PayloadJson::Eddsa(text) => {
                let what = "an EdDSA payload";
                let bytes = hex::decode(&text).map_err(|_| ValueError::Hexadecimal(what))?;
                if bytes.len() > MAX_EDDSA {
                    return Err(ValueError::Length { what, length: bytes.len(), expected: "at most 1232" });
                }
                Ok(Self::Eddsa(bytes))
            }
        }
    }
}

impl From<Payload> for PayloadJson {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Ecdsa(digest) => Self::Ecdsa(hex::encode(digest)),
            Payload::Eddsa(message) => Self::Eddsa(hex::encode(message)),
        }
    }
}
