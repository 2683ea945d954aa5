//! What an RPC answers, as far as this node reads it.
//!
//! Unknown fields and unknown kinds of actions and receipts are passed over: they appear with every protocol version. What is
//! read has its type, and an answer without it is malformed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::hash::Hash;

/// `block`.
#[derive(Clone, Debug, Deserialize)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// The newest chunk of each shard.
    pub chunks: Vec<ChunkHeader>,
}

/// A block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// Height.
    pub height: u64,
    /// Hash.
    pub hash: Hash,
    /// Hash of the block before.
    pub prev_hash: Hash,
    /// Nanoseconds since 1970.
    pub timestamp: u64,
}

/// A chunk as its block names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ChunkHeader {
    /// Hash.
    pub chunk_hash: Hash,
    /// The block that it came in; lower than the block's height for a shard that missed its chunk.
    pub height_included: u64,
}

/// `chunk`.
#[derive(Clone, Debug, Deserialize)]
pub struct Chunk {
    /// Its header.
    pub header: ChunkName,
    /// Transactions that become receipts in this block.
    pub transactions: Vec<Transaction>,
    /// Receipts that run in this block, local and instant ones apart.
    pub receipts: Vec<Receipt>,
}

/// Which chunk an answer holds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ChunkName {
    /// Hash.
    pub chunk_hash: Hash,
}

/// A transaction.
#[derive(Clone, Debug, Deserialize)]
pub struct Transaction {
    /// Hash.
    pub hash: Hash,
    /// Who signed.
    pub signer_id: String,
    /// Where it goes.
    pub receiver_id: String,
    /// What it does.
    pub actions: Vec<Action>,
}

/// A receipt.
#[derive(Clone, Debug, Deserialize)]
pub struct Receipt {
    /// Who sent it.
    pub predecessor_id: String,
    /// Where it goes.
    pub receiver_id: String,
    /// Id.
    pub receipt_id: Hash,
    /// What it carries.
    pub receipt: ReceiptBody,
}

/// What a receipt carries.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ReceiptBody {
    /// Actions.
    Action {
        /// The actions.
        #[serde(rename = "Action")]
        action: Actions,
    },
    /// Data.
    Data {
        /// The data.
        #[serde(rename = "Data")]
        data: Data,
    },
    /// Something that concerns no request.
    Other(IgnoredAny),
}

/// The actions of a receipt.
#[derive(Clone, Debug, Deserialize)]
pub struct Actions {
    /// In order.
    pub actions: Vec<Action>,
}

/// Data for a waiting receipt.
#[derive(Clone, Debug, Deserialize)]
pub struct Data {
    /// Which data.
    pub data_id: Hash,
    /// The data in base64; none when a yield timed out or a promise failed.
    #[serde(default)]
    pub data: Option<String>,
    /// Whether it resumes a yield.
    #[serde(default)]
    pub is_promise_resume: bool,
}

/// One action.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Action {
    /// A function call.
    Call {
        /// The call.
        #[serde(rename = "FunctionCall")]
        call: FunctionCall,
    },
    /// Any other.
    Other(IgnoredAny),
}

/// A function call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FunctionCall {
    /// The method.
    pub method_name: String,
    /// The arguments.
    #[serde(deserialize_with = "from_base64")]
    pub args: Vec<u8>,
}

/// `query` of a view call.
#[derive(Clone, Debug, Deserialize)]
pub struct CallResult {
    /// What the method returned.
    pub result: Vec<u8>,
    /// The block it ran on.
    pub block_height: u64,
}

/// `query` of an access key.
#[derive(Clone, Debug, Deserialize)]
pub struct AccessKey {
    /// The nonce of its last transaction.
    pub nonce: u64,
    /// What it may do.
    pub permission: Permission,
}

/// What an access key may do.
#[derive(Clone, Debug, Deserialize)]
pub enum Permission {
    /// Everything.
    FullAccess,
    /// Calls to one contract.
    FunctionCall {
        /// What it may still spend; none for no limit.
        #[serde(default)]
        allowance: Option<String>,
        /// The contract.
        receiver_id: String,
        /// The methods; empty for all.
        #[serde(default)]
        method_names: Vec<String>,
    },
    /// A kind that this node does not use.
    #[serde(other)]
    Other,
}

/// `query` of an account.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    /// Its balance in yoctoNEAR.
    pub amount: String,
}

/// `status`.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// The chain.
    pub chain_id: String,
}

/// `send_tx` and `tx`.
#[derive(Clone, Debug, Deserialize)]
pub struct TransactionResult {
    /// How far it is.
    #[serde(default)]
    pub final_execution_status: Option<String>,
    /// How it ended; absent while it has not.
    #[serde(default)]
    pub status: Option<ExecutionStatus>,
}

/// How a transaction ended.
#[derive(Clone, Debug, Deserialize)]
pub enum ExecutionStatus {
    /// The last receipt returned this, in base64.
    SuccessValue(String),
    /// It failed.
    Failure(Value),
    /// It runs.
    #[serde(other)]
    Unfinished,
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(|_| D::Error::custom("arguments are not base64"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_actions_and_receipts_are_passed_over() {
        let receipt = |body: Value| json!({"predecessor_id": "a", "receiver_id": "b", "receipt_id": Hash([1; 32]), "receipt": body, "priority": 0});
        let chunk: Chunk = serde_json::from_value(json!({
            "header": {"chunk_hash": Hash([2; 32]), "shard_id": 0},
            "transactions": [{"hash": Hash([3; 32]), "signer_id": "a", "receiver_id": "b", "actions": ["CreateAccount",
                {"Transfer": {"deposit": "1"}}, {"FunctionCall": {"method_name": "m", "args": "e30=", "gas": 1, "deposit": "0"}}]}],
            "receipts": [
                receipt(json!({"GlobalContractDistribution": {"x": 1}})),
                receipt(json!({"Data": {"data_id": Hash([4; 32]), "data": null, "is_promise_resume": true}})),
                receipt(json!({"Action": {"actions": [{"DeployContract": {"code": ""}}], "signer_id": "a"}})),
            ],
        }))
        .unwrap();
        let [transaction] = chunk.transactions.as_slice() else { panic!("one transaction") };
        assert!(matches!(&transaction.actions[2], Action::Call { call } if call.args == b"{}"));
        assert!(matches!(transaction.actions[0], Action::Other(_)));
        assert!(matches!(chunk.receipts[0].receipt, ReceiptBody::Other(_)));
        assert!(matches!(&chunk.receipts[1].receipt, ReceiptBody::Data { data } if data.is_promise_resume));
    }

    #[test]
    fn execution_statuses_are_told_apart() {
        let status = |value: Value| serde_json::from_value::<ExecutionStatus>(value);
        assert!(matches!(status(json!({"SuccessValue": ""})), Ok(ExecutionStatus::SuccessValue(_))));
        assert!(matches!(status(json!("Started")), Ok(ExecutionStatus::Unfinished)));
        assert!(matches!(status(json!({"Failure": {"ActionError": {}}})), Ok(ExecutionStatus::Failure(_))));
    }
}
