//! What a person wants done, before it is bytes.

use serde::{Deserialize, Serialize};

use crate::error::ChainError;

/// The longest intent that is read as JSON.
const MAX_JSON: usize = 256 * 1024;

/// A wish that [`build`](crate::build) turns into an unsigned transaction.
///
/// In JSON an intent is one object with its kind as the only key, as `{"transfer":{"to":"…","amount":"0.5"}}`.
/// Unknown kinds and fields are errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Intent {
    /// Pays an amount to an address.
    Transfer {
        /// Who is paid.
        to: String,
        /// How much, in decimal, in the chain's main unit.
        amount: String,
        /// Words that travel along: a memo instruction on Solana, an `OP_RETURN` output on Bitcoin; not on NEAR.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memo: Option<String>,
    },
    /// Signs words, in the form in which the chain's tools verify them.
    Message {
        /// The words.
        text: String,
        /// NEAR only, needed: whom the words are for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recipient: Option<String>,
        /// NEAR only, needed: 32 bytes in hexadecimal that were never used before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
        /// NEAR only: where the signature will be sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        callback_url: Option<String>,
    },
    /// Ethereum only: pays tokens of a contract. The context says how many decimal places the token has.
    TokenTransfer {
        /// The address of the token's contract.
        token: String,
        /// Who is paid.
        to: String,
        /// How much, in decimal, in the token's main unit.
        amount: String,
    },
    /// Ethereum only: signs typed data, as EIP-712 says.
    TypedData {
        /// The JSON text that `eth_signTypedData_v4` takes.
        json: String,
    },
    /// NEAR only: calls a method of a contract.
    NearFunctionCall {
        /// The account of the contract.
        contract: String,
        /// The method.
        method: String,
        /// The arguments as text, commonly JSON.
        args: String,
        /// The most gas that may be used, in decimal, in units of 10¹².
        tera_gas: String,
        /// The NEAR that go along, in decimal; `0` for none.
        deposit: String,
    },
}

impl Intent {
    /// Returns the kind, as JSON and errors name it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "transfer",
            Self::Message { .. } => "message",
            Self::TokenTransfer { .. } => "token-transfer",
            Self::TypedData { .. } => "typed-data",
            Self::NearFunctionCall { .. } => "near-function-call",
        }
    }

    /// Reads an intent from JSON.
    ///
    /// # Errors
    /// Too much text, malformed JSON, an unknown kind or field, or a field given twice.
    pub fn from_json(json: &[u8]) -> Result<Self, ChainError> {
        crate::text::from_json("intent", json, MAX_JSON)
    }
}
