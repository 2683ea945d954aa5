//! What an RPC's answer to a transaction means.

use serde_json::Value;

use crate::near::answers::{ExecutionStatus, TransactionResult};
use crate::near::client::RpcError;

/// The longest reason that is kept.
const MAX_TEXT: usize = 400;

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran and succeeded.
    Executed,
    /// It ran and failed, for this reason.
    Failed(String),
    /// Its nonce is not above the key's.
    InvalidNonce {
        /// The key's nonce, if the RPC says it.
        key_nonce: Option<u64>,
    },
    /// The block it is bound to is forgotten or unknown.
    Expired,
    /// Balance or allowance do not suffice.
    LowBalance,
    /// The key may not do this.
    BadKey,
    /// It is refused for another reason.
    Refused(String),
    /// Nobody knows: it may have run, run later, or never.
    Lost,
}

/// Reads what came of a `send_tx` or `tx`.
#[must_use]
pub fn outcome_of(answer: &Result<TransactionResult, RpcError>) -> Outcome {
    match answer {
        Ok(result) => match &result.status {
            Some(ExecutionStatus::SuccessValue(_)) => Outcome::Executed,
            Some(ExecutionStatus::Failure(failure)) => Outcome::Failed(reason(failure)),
            Some(ExecutionStatus::Unfinished) | None => Outcome::Lost,
        },
        Err(RpcError::Handler(handler)) => match &handler.transaction {
            Some(invalid) => refusal(invalid),
            None if handler.cause == "INVALID_TRANSACTION" || handler.name == "REQUEST_VALIDATION_ERROR" => {
                Outcome::Refused(handler.to_string())
            }
            None => Outcome::Lost,
        },
        Err(
            RpcError::Transport { .. }
            | RpcError::Status { .. }
            | RpcError::Malformed { .. }
            | RpcError::Query { .. }
            | RpcError::Unencodable { .. },
        ) => Outcome::Lost,
    }
}

/// Reads an `InvalidTxError`: a name, or an object with one field that is the name.
fn refusal(invalid: &Value) -> Outcome {
    let (name, inside) = match invalid {
        Value::Object(fields) => match fields.iter().next() {
            Some((name, inside)) => (name.as_str(), inside),
            None => ("", &Value::Null),
        },
        other => (other.as_str().unwrap_or_default(), &Value::Null),
    };
    match name {
        "InvalidNonce" => Outcome::InvalidNonce { key_nonce: inside.get("ak_nonce").and_then(Value::as_u64) },
        // Too far above the key's: it has to be read again.
        "NonceTooLarge" => Outcome::InvalidNonce { key_nonce: None },
        "Expired" | "InvalidChain" => Outcome::Expired,
        "NotEnoughBalance" | "LackBalanceForState" | "NotEnoughGasKeyBalance" => Outcome::LowBalance,
        "InvalidAccessKeyError" if inside.get("NotEnoughAllowance").is_some() => Outcome::LowBalance,
        "InvalidAccessKeyError" | "SignerDoesNotExist" | "InvalidSignerId" | "InvalidSignature" => {
            Outcome::BadKey
        }
        "ShardCongested" | "ShardStuck" => Outcome::Lost,
        _ => Outcome::Refused(shortened(&invalid.to_string())),
    }
}

/// Returns the contract's own words, where there are any.
fn reason(failure: &Value) -> String {
    let kind = failure.pointer("/ActionError/kind").unwrap_or(failure);
    let words = kind.pointer("/FunctionCallError/ExecutionError").and_then(Value::as_str);
    words.map_or_else(|| shortened(&kind.to_string()), shortened)
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
