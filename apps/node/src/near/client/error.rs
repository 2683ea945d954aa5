//! Why a call failed, and whose fault it is.

use serde_json::Value;
use thiserror::Error;

/// What an error's text may have: it goes into logs and pages.
const MAX_TEXT: usize = 600;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum RpcError {
    /// The address was not reached, or the connection failed.
    #[error("{address} gives no answer: {fault}")]
    Transport {
        /// The address, without its path.
        address: String,
        /// What happened.
        fault: TransportFault,
    },
    /// An HTTP status without an answer of the RPC.
    #[error("{address} answers with HTTP status {status}")]
    Status {
        /// The address, without its path.
        address: String,
        /// The status.
        status: u16,
    },
    /// The answer is not what the method answers.
    #[error("{address} answers {method} with something else")]
    Malformed {
        /// The address, without its path.
        address: String,
        /// The method.
        method: &'static str,
    },
    /// The RPC refused.
    #[error("{0}")]
    Handler(Handler),
    /// A view call failed, or a key does not exist.
    #[error("{text}")]
    Query {
        /// What the RPC says.
        text: String,
    },
    /// The call has no JSON form.
    #[error("{method} cannot be encoded")]
    Unencodable {
        /// The method.
        method: &'static str,
    },
}

/// What can happen to a connection.
#[derive(Debug, Error)]
pub enum TransportFault {
    /// No address was given.
    #[error("no address was given")]
    NoAddress,
    /// TLS cannot be set up, or the certificate is not accepted.
    #[error("TLS fails")]
    Tls,
    /// The name is not known, or nobody listens.
    #[error("it cannot be reached")]
    Unreachable,
    /// It is not HTTP, or was cut.
    #[error("the connection breaks")]
    Broken,
    /// It took too long.
    #[error("no answer in {0} s")]
    Timeout(u64),
    /// The answer is longer than any that is needed.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// A structured error of the RPC.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the RPC refuses: {name} {cause} {text}")]
pub struct Handler {
    /// `HANDLER_ERROR`, `REQUEST_VALIDATION_ERROR` or `INTERNAL_ERROR`.
    pub name: String,
    /// The kind, such as `UNKNOWN_BLOCK`.
    pub cause: String,
    /// What else it says.
    pub text: String,
    /// The reason for which a transaction was refused.
    pub transaction: Option<Value>,
}

impl Handler {
    /// Reads an error object; what is missing stays empty.
    pub fn read(error: &Value, status: u16) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(shortened).unwrap_or_default();
        let mut cause = text(error.pointer("/cause/name"));
        if cause.is_empty() && status == 408 {
            cause = "TIMEOUT_ERROR".to_owned();
        }
        let data = error.get("data");
        Self {
            name: text(error.get("name")),
            cause,
            text: data.map(|data| shortened(data.as_str().unwrap_or(&data.to_string()))).unwrap_or_default(),
            transaction: data.and_then(|data| data.pointer("/TxExecutionError/InvalidTxError")).cloned(),
        }
    }
}

impl RpcError {
    /// Whether another address may well answer.
    #[must_use]
    pub fn is_the_address_fault(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Status { .. } | Self::Malformed { .. } => true,
            Self::Handler(handler) => {
                matches!(
                    handler.cause.as_str(),
                    "INTERNAL_ERROR" | "NO_SYNCED_BLOCKS" | "NOT_SYNCED_YET" | "UNAVAILABLE_SHARD"
                ) || handler.name == "INTERNAL_ERROR"
            }
            Self::Query { .. } | Self::Unencodable { .. } => false,
        }
    }

    /// Whether the call may have had an effect although no answer came.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Handler(handler) if handler.cause == "TIMEOUT_ERROR" => true,
            _ => self.is_the_address_fault(),
        }
    }

    /// Returns the kind of a structured error.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Handler(handler) => Some(&handler.cause),
            Self::Transport { .. }
            | Self::Status { .. }
            | Self::Malformed { .. }
            | Self::Query { .. }
            | Self::Unencodable { .. } => None,
        }
    }
}

/// Cuts a text that somebody else wrote, and takes control characters out.
pub fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
