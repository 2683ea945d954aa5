//! A scripted RPC: a chain of one shard and one contract, which does what a test tells it, and lies on demand.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_node::near::hash::Hash;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub const CONTRACT: &str = "v1.signer.localnet";
pub const ACCOUNT: &str = "mpc-node-0.localnet";
pub const ROOT: &str =
    "secp256k1:3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu";

/// What the RPC does with the next transaction of a method, instead of running it and saying so.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Runs it and answers with this status and nothing of use.
    RunAndLose(u16),
    /// Does not run it and answers with this status and nothing of use.
    Lose(u16),
    /// Refuses it with this `InvalidTxError`.
    Refuse(Value),
}

/// A transaction that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub nonce: u64,
    pub method: String,
    pub args: Value,
}

#[derive(Clone, Debug)]
struct Block {
    height: u64,
    hash: Hash,
    prev: Hash,
    time: u64,
    receipts: Vec<Value>,
}

#[derive(Default)]
pub struct World {
    /// All blocks of all branches.
    blocks: BTreeMap<Hash, Block>,
    head: Hash,
    /// Receipts of the next block.
    queue: Vec<Value>,
    /// Pending requests and their yields.
    pending: BTreeMap<String, [u8; 32]>,
    counter: u64,
    results: BTreeMap<Hash, Value>,
    pub version: String,
    pub state: Value,
    pub accounts: Value,
    pub nonce: u64,
    pub frozen: bool,
    /// Whether every call is answered with an error of the server.
    pub dead: bool,
    pub chain_id: String,
    pub reactions: BTreeMap<String, VecDeque<Reaction>>,
    pub arrived: Vec<Arrived>,
}

pub type Shared = Arc<Mutex<World>>;

/// The RPC; it ends with the test's runtime.
pub struct Double {
    pub address: SocketAddr,
    pub world: Shared,
}

impl Double {
    /// Starts it, with a block every 20 ms.
    pub async fn start() -> Self {
        let double = Self::alone().await;
        let producer = double.world.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut world = producer.lock().unwrap();
                if !world.frozen {
                    world.produce();
                }
            }
        });
        double
    }

    /// Another address of the same chain, which sees no new block any more.
    pub async fn stuck(&self) -> Self {
        let head = self.with(|world| world.head);
        let (world, address) =
            (self.world.clone(), listen(Rpc { world: self.world.clone(), stuck: Some(head) }).await);
        Self { address, world }
    }

    async fn alone() -> Self {
        let world = World {
            version: "3.14.1".into(),
            state: running("tls_public_key"),
            accounts: json!([]),
            nonce: 1000,
            chain_id: "localnet".into(),
            ..World::default()
        };
        let world: Shared = Arc::new(Mutex::new(world));
        world.lock().unwrap().produce();
        let address = listen(Rpc { world: world.clone(), stuck: None }).await;
        Self { address, world }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    /// Has a user ask for a signature of `content`.
    pub fn request(&self, content: u8) -> Hash {
        self.with(|world| world.request(content))
    }

    pub fn react(&self, method: &str, reactions: impl IntoIterator<Item = Reaction>) {
        self.with(|world| world.reactions.entry(method.into()).or_default().extend(reactions));
    }

    pub fn arrived(&self, method: &str) -> Vec<Arrived> {
        self.with(|world| world.arrived.iter().filter(|one| one.method == method).cloned().collect())
    }

    pub fn pending(&self) -> usize {
        self.with(|world| world.pending.len())
    }
}

/// One address.
#[derive(Clone)]
struct Rpc {
    world: Shared,
    stuck: Option<Hash>,
}

async fn listen(rpc: Rpc) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(answer)).with_state(rpc);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A running contract with one ECDSA key.
pub fn running(key_field: &str) -> Value {
    let key = "ed25519:6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq";
    let mut participant = json!({"url": "https://127.0.0.1:13000"});
    participant[key_field] = json!(key);
    json!({"Running": {
        "domains": {"domains": [{"id": 0, "scheme": "Secp256k1", "protocol": "CaitSith", "purpose": "Sign",
            "reconstruction_threshold": 2}], "next_domain_id": 1},
        "keyset": {"epoch_id": 0, "domains": [{"domain_id": 0, "key": {"Secp256k1": {"near_public_key": ROOT}},
            "attempt": 0}]},
        "parameters": {"threshold": 2, "participants": {"next_id": 1,
            "participants": [[ACCOUNT, 0, participant]]}},
    }})
}

impl World {
    fn fresh(&mut self) -> [u8; 32] {
        self.counter += 1;
        Sha256::digest(self.counter.to_be_bytes()).into()
    }

    /// Adds a block to the head's branch.
    pub fn produce(&mut self) {
        let receipts = core::mem::take(&mut self.queue);
        let hash = Hash(self.fresh());
        let (height, prev) = match self.blocks.get(&self.head) {
            Some(parent) => (parent.height + 1, parent.hash),
            None => (1, Hash::default()),
        };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        self.blocks.insert(hash, Block { height, hash, prev, time: u64::try_from(time).unwrap(), receipts });
        self.head = hash;
    }

    /// Abandons the newest `depth` blocks, and has their receipts run again on another branch, which is longer.
    pub fn reorganise(&mut self, depth: usize) {
        let top = self.blocks[&self.head].height;
        for _ in 0..depth {
            let block = self.blocks[&self.head].clone();
            self.head = block.prev;
            self.queue = [block.receipts, core::mem::take(&mut self.queue)].concat();
        }
        while self.blocks[&self.head].height <= top {
            self.produce();
        }
    }

    fn request(&mut self, content: u8) -> Hash {
        let (id, data) = (Hash(self.fresh()), self.fresh());
        let args = json!({"request": {"path": "p", "payload_v2": {"Ecdsa": hex::encode([content; 32])}, "domain_id": 0}});
        let tweak = quorate_node::near::sign_args::tweak("alice.localnet", "p");
        let key = json!({"tweak": tweak, "payload": {"Ecdsa": hex::encode([content; 32])}, "domain_id": 0});
        self.pending.insert(key.to_string(), data);
        self.queue.push(json!({
            "predecessor_id": "alice.localnet", "receiver_id": CONTRACT, "receipt_id": id,
            "receipt": {"Action": {"actions": [{"FunctionCall": {"method_name": "sign",
                "args": STANDARD.encode(args.to_string()), "gas": 1, "deposit": "1"}}]}},
        }));
        id
    }

    /// Runs a call of the node.
    fn run(&mut self, call: &Arrived) -> Value {
        if call.method == "respond" {
            let key = call.args["request"].to_string();
            let Some(data) = self.pending.remove(&key) else {
                let text = "Smart contract panicked: This sign request has timed out, was completed, or never existed.";
                return failure(text);
            };
            self.queue.push(json!({
                "predecessor_id": CONTRACT, "receiver_id": CONTRACT, "receipt_id": Hash(data),
                "receipt": {"Data": {"data_id": Hash(data), "data": "e30=", "is_promise_resume": true}},
            }));
        }
        json!({"final_execution_status": "EXECUTED_OPTIMISTIC", "status": {"SuccessValue": ""}})
    }

    fn block_json(&self, hash: Hash) -> Option<Value> {
        let block = self.blocks.get(&hash)?;
        // Each block's chunk is named by the same hash.
        Some(json!({
            "author": "node0",
            "header": {"height": block.height, "hash": hash, "prev_hash": block.prev, "timestamp": block.time},
            "chunks": [{"chunk_hash": hash, "height_included": block.height, "shard_id": 0}],
        }))
    }

    fn view(&self, method: &str, args: &Value) -> Result<Value, String> {
        match method {
            "version" => Ok(json!(self.version)),
            "state" if self.state.is_null() => {
                Err("wasm execution failed with error: Calling default not allowed.".to_owned())
            }
            "state" => Ok(self.state.clone()),
            "get_tee_accounts" => Ok(self.accounts.clone()),
            "get_pending_request" => Ok(match self.pending.get(&args["request"].to_string()) {
                Some(data) => json!({"data_id": data}),
                None => Value::Null,
            }),
            other => Err(format!("MethodResolveError(MethodNotFound): {other}")),
        }
    }

    fn query(&self, params: &Value) -> Value {
        let height = self.blocks[&self.head].height;
        let place = |mut value: Value| {
            value["block_height"] = json!(height);
            value["block_hash"] = json!(self.head);
            value
        };
        place(match params["request_type"].as_str().unwrap() {
            "call_function" => {
                let args = STANDARD.decode(params["args_base64"].as_str().unwrap()).unwrap();
                let args = serde_json::from_slice(&args).unwrap();
                match self.view(params["method_name"].as_str().unwrap(), &args) {
                    Ok(value) => json!({"result": value.to_string().into_bytes(), "logs": []}),
                    Err(error) => json!({"error": error, "logs": []}),
                }
            }
            "view_access_key" => json!({"nonce": self.nonce, "permission": {"FunctionCall":
                {"allowance": null, "receiver_id": CONTRACT, "method_names": []}}}),
            _ => json!({"amount": "5000000000000000000000000", "locked": "0"}),
        })
    }

    fn send(&mut self, params: &Value) -> Response {
        let bytes = STANDARD.decode(params["signed_tx_base64"].as_str().unwrap()).unwrap();
        let (call, hash) = read_transaction(&bytes);
        let reaction = self.reactions.get_mut(&call.method).and_then(VecDeque::pop_front);
        self.arrived.push(call.clone());
        match reaction {
            Some(Reaction::Lose(status)) => return nothing(status),
            Some(Reaction::Refuse(error)) => return refused(&error),
            Some(Reaction::RunAndLose(_)) | None => {}
        }
        if call.nonce <= self.nonce {
            return refused(&json!({"InvalidNonce": {"tx_nonce": call.nonce, "ak_nonce": self.nonce}}));
        }
        self.nonce = call.nonce;
        let result = self.run(&call);
        self.results.insert(hash, result.clone());
        match reaction {
            Some(Reaction::RunAndLose(status)) => nothing(status),
            _ => success(&result),
        }
    }
}

fn failure(text: &str) -> Value {
    json!({"final_execution_status": "EXECUTED_OPTIMISTIC", "status": {"Failure": {"ActionError": {"index": 0,
        "kind": {"FunctionCallError": {"ExecutionError": text}}}}}})
}

/// Reads what the node signed, field by field as NEAR lays it out.
fn read_transaction(bytes: &[u8]) -> (Arrived, Hash) {
    fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, left) = rest.split_at(count);
        *rest = left;
        taken
    }
    fn number(rest: &mut &[u8]) -> usize {
        usize::try_from(u32::from_le_bytes(take(rest, 4).try_into().unwrap())).unwrap()
    }
    let unsigned = &bytes[..bytes.len() - 65];
    let mut rest = unsigned;
    let length = number(&mut rest);
    assert_eq!(take(&mut rest, length), ACCOUNT.as_bytes());
    take(&mut rest, 33);
    let nonce = u64::from_le_bytes(take(&mut rest, 8).try_into().unwrap());
    let length = number(&mut rest);
    assert_eq!(take(&mut rest, length), CONTRACT.as_bytes());
    take(&mut rest, 32);
    assert_eq!((number(&mut rest), take(&mut rest, 1)), (1, &[2][..]));
    let length = number(&mut rest);
    let method = String::from_utf8(take(&mut rest, length).to_vec()).unwrap();
    let length = number(&mut rest);
    let args = serde_json::from_slice(take(&mut rest, length)).unwrap();
    (Arrived { nonce, method, args }, Hash(Sha256::digest(unsigned).into()))
}

async fn answer(State(rpc): State<Rpc>, Json(call): Json<Value>) -> Response {
    let mut world = rpc.world.lock().unwrap();
    let params = &call["params"];
    if world.dead {
        return nothing(500);
    }
    match call["method"].as_str().unwrap() {
        "status" => success(&json!({"chain_id": world.chain_id})),
        "block" => {
            let id = params.get("block_id").and_then(Value::as_str);
            let hash = id.map_or(rpc.stuck.unwrap_or(world.head), |id| id.parse().unwrap());
            world.block_json(hash).map_or_else(|| unknown("UNKNOWN_BLOCK"), |block| success(&block))
        }
        "chunk" => {
            let hash: Hash = params["chunk_id"].as_str().unwrap().parse().unwrap();
            match world.blocks.get(&hash) {
                Some(block) => success(&json!({"author": "node0", "header": {"chunk_hash": hash},
                    "transactions": [], "receipts": block.receipts})),
                None => unknown("UNKNOWN_CHUNK"),
            }
        }
        "query" => success(&world.query(params)),
        "send_tx" => world.send(params),
        "tx" => match world.results.get(&params["tx_hash"].as_str().unwrap().parse().unwrap()) {
            Some(result) => success(result),
            None => unknown("UNKNOWN_TRANSACTION"),
        },
        other => panic!("nobody asks for {other}"),
    }
}

fn success(result: &Value) -> Response {
    Json(json!({"jsonrpc": "2.0", "id": 1, "result": result})).into_response()
}

fn error(error: &Value) -> Response {
    Json(json!({"jsonrpc": "2.0", "id": 1, "error": error})).into_response()
}

fn unknown(cause: &str) -> Response {
    error(&json!({"name": "HANDLER_ERROR", "cause": {"name": cause, "info": {}}, "code": -32000,
        "message": "Server error", "data": "not known"}))
}

fn refused(invalid: &Value) -> Response {
    error(
        &json!({"name": "HANDLER_ERROR", "cause": {"name": "INVALID_TRANSACTION", "info": {}}, "code": -32000,
        "message": "Server error", "data": {"TxExecutionError": {"InvalidTxError": invalid}}}),
    )
}

/// An answer from which nothing can be learnt.
fn nothing(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let cause = if status == StatusCode::REQUEST_TIMEOUT { "TIMEOUT_ERROR" } else { "INTERNAL_ERROR" };
    let body = json!({"jsonrpc": "2.0", "id": 1, "error": {"name": cause, "cause": {"name": cause}}});
    (status, Json(body)).into_response()
}
