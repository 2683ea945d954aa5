//! A JSON-RPC client for NEAR over HTTP and HTTPS.
//!
//! Several addresses may be given. A call goes to the one that answered last; when it does not answer, answers with an
//! error of its own, or lacks what every synced node has, the next is asked. Bodies, times and connections are bounded.

mod connection;
mod error;
mod url;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::connection::Endpoint;
pub use self::error::{Handler, RpcError, TransportFault};
pub use self::url::{InvalidUrl, RpcUrl};
use super::answers::{AccessKey, Account, Block, CallResult, Chunk, Status, TransactionResult};
use super::hash::Hash;

/// How long one address may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// RPC nodes wait up to 10 s for a transaction before they answer.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);

/// How many bytes an answer may have.
const MAX_ANSWER: usize = 32 << 20;

/// A client of one network.
pub struct Client {
    endpoints: Vec<Arc<Endpoint>>,
    /// The address that answered last.
    preferred: AtomicUsize,
}

#[derive(Serialize)]
struct Call<'a> {
    jsonrpc: &'static str,
    id: u8,
    method: &'a str,
    params: &'a Value,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

impl Client {
    /// Prepares connections to these addresses, in order of preference.
    ///
    /// # Errors
    /// [`TransportFault::NoAddress`] without any, [`TransportFault::Tls`] if TLS cannot be set up.
    pub fn new(urls: &[RpcUrl]) -> Result<Self, TransportFault> {
        if urls.is_empty() {
            return Err(TransportFault::NoAddress);
        }
        let endpoints =
            urls.iter().map(|url| Endpoint::new(url.clone()).map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self { endpoints, preferred: AtomicUsize::new(0) })
    }

    /// Returns the address that answered last, without its path.
    #[must_use]
    pub fn address(&self) -> String {
        let at = self.preferred.load(Ordering::Relaxed);
        self.endpoints.get(at).map(|endpoint| endpoint.name().to_owned()).unwrap_or_default()
    }

    /// Prefers the next address from now on: the present one was found late, stuck or forked.
    pub fn distrust(&self) {
        let count = self.endpoints.len();
        let next = |at: usize| Some((at + 1) % count);
        // The closure always returns a value.
        let _ = self.preferred.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Returns the newest block that the RPC knows.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn head(&self) -> Result<Block, RpcError> {
        self.call("block", json!({"finality": "optimistic"})).await
    }

    /// Returns the newest final block.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn final_block(&self) -> Result<Block, RpcError> {
        self.call("block", json!({"finality": "final"})).await
    }

    /// Returns a block.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn block(&self, hash: Hash) -> Result<Block, RpcError> {
        self.call("block", json!({"block_id": hash})).await
    }

    /// Returns a chunk.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn chunk(&self, hash: Hash) -> Result<Chunk, RpcError> {
        self.call("chunk", json!({"chunk_id": hash})).await
    }

    /// Returns what each address says of itself.
    pub async fn statuses(&self) -> Vec<(String, Result<Status, RpcError>)> {
        let method = "status";
        let call = Call { jsonrpc: "2.0", id: 1, method, params: &json!([]) };
        let body = Bytes::from(serde_json::to_vec(&call).unwrap_or_default());
        let mut statuses = Vec::with_capacity(self.endpoints.len());
        for endpoint in &self.endpoints {
            let status = ask(endpoint, method, body.clone(), ANSWER_TIMEOUT).await;
            statuses.push((endpoint.name().to_owned(), status));
        }
        statuses
    }

    /// Calls a view method on the newest state.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn view(&self, contract: &str, method: &str, args: &Value) -> Result<CallResult, RpcError> {
        let params = json!({
            "request_type": "call_function",
            "finality": "optimistic",
            "account_id": contract,
            "method_name": method,
            "args_base64": STANDARD.encode(args.to_string()),
        });
        self.call("query", params).await
    }

    /// Returns an access key.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn access_key(&self, account: &str, key: &str) -> Result<AccessKey, RpcError> {
        let params = json!({
            "request_type": "view_access_key",
            "finality": "optimistic",
            "account_id": account,
            "public_key": key,
        });
        self.call("query", params).await
    }

    /// Returns an account.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn account(&self, account: &str) -> Result<Account, RpcError> {
        let params = json!({"request_type": "view_account", "finality": "optimistic", "account_id": account});
        self.call("query", params).await
    }

    /// Sends a signed transaction and waits until it has run, or the RPC's patience ends.
    ///
    /// # Errors
    /// [`RpcError`]; after [`RpcError::is_lost`] it may still run.
    pub async fn send(&self, signed: &[u8]) -> Result<TransactionResult, RpcError> {
        let params =
            json!({"signed_tx_base64": STANDARD.encode(signed), "wait_until": "EXECUTED_OPTIMISTIC"});
        self.call_within("send_tx", params, TRANSACTION_TIMEOUT).await
    }

    /// Returns what became of a transaction.
    ///
    /// # Errors
    /// [`RpcError`]
    pub async fn transaction(&self, hash: Hash, sender: &str) -> Result<TransactionResult, RpcError> {
        let params = json!({"tx_hash": hash, "sender_account_id": sender, "wait_until": "NONE"});
        self.call("tx", params).await
    }

    async fn call<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, RpcError> {
        self.call_within(method, params, ANSWER_TIMEOUT).await
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<T, RpcError> {
        let call = Call { jsonrpc: "2.0", id: 1, method, params: &params };
        let body = Bytes::from(serde_json::to_vec(&call).map_err(|_| RpcError::Unencodable { method })?);
        let first = self.preferred.load(Ordering::Relaxed);
        let count = self.endpoints.len();
        let mut last = None;
        for (at, endpoint) in self.endpoints.iter().enumerate().cycle().skip(first).take(count) {
            match ask(endpoint, method, body.clone(), patience).await {
                Err(error) if error.is_the_address_fault() => last = Some(error),
                answer => {
                    self.preferred.store(at, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(last.unwrap_or(RpcError::Unencodable { method }))
    }
}

async fn ask<T: DeserializeOwned>(
    endpoint: &Endpoint,
    method: &'static str,
    body: Bytes,
    patience: Duration,
) -> Result<T, RpcError> {
    let at = || endpoint.name().to_owned();
    let (status, body) = endpoint
        .post(body, patience, MAX_ANSWER)
        .await
        .map_err(|fault| RpcError::Transport { address: at(), fault })?;
    let Ok(reply) = serde_json::from_slice::<Reply>(&body) else {
        return Err(if status == 200 {
            RpcError::Malformed { address: at(), method }
        } else {
            RpcError::Status { address: at(), status }
        });
    };
    if let Some(error) = reply.error {
        return Err(RpcError::Handler(Handler::read(&error, status)));
    }
    let result = reply.result.ok_or_else(|| RpcError::Malformed { address: at(), method })?;
    // A failed view and a missing key are answered as results with an error in them.
    if let Some(text) = result.get("error").and_then(Value::as_str) {
        return Err(RpcError::Query { text: error::shortened(text) });
    }
    serde_json::from_value(result).map_err(|_| RpcError::Malformed { address: at(), method })
}
