//! The questions to the RPC, each a task that ends with an [`Answer`].

use core::time::Duration;
use std::sync::Arc;

use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Settings;
use super::answer::{Answer, Unread};
use crate::events::{BlockRef, ContractView, Phase};
use crate::near::answers::Chunk;
use crate::near::client::{Client, RpcError};
use crate::near::contract::{Generation, read_attested, read_pending, read_state, read_version};
use crate::near::hash::Hash;
use crate::near::key::public_text;
use crate::near::requests::RequestKey;
use crate::near::submit::JobId;
use crate::near::transaction::Signed;

/// How long to wait before something is asked for again that the RPC does not have yet.
const PAUSE: Duration = Duration::from_millis(200);

/// Questions about requests and bodies under way at a time: a flood on chain must not become one of connections.
const MAX_AT_ONCE: usize = 64;

/// Asks.
pub struct Asker {
    client: Arc<Client>,
    names: Arc<Names>,
    room: Arc<Semaphore>,
}

struct Names {
    account: String,
    contract: String,
    tls_key: [u8; 32],
    key: [u8; 32],
}

type Questions = JoinSet<Answer>;

impl Asker {
    pub fn new(client: Arc<Client>, settings: &Settings, key: [u8; 32]) -> Self {
        let names = Names {
            account: settings.account.clone(),
            contract: settings.contract.clone(),
            tls_key: settings.tls_key,
            key,
        };
        Self { client, names: Arc::new(names), room: Arc::new(Semaphore::new(MAX_AT_ONCE)) }
    }

    pub fn address(&self) -> String {
        self.client.address()
    }

    pub fn distrust(&self) {
        self.client.distrust();
    }

    pub fn head(&self, questions: &mut Questions) {
        let client = self.client.clone();
        questions.spawn(async move { Answer::Head(client.head().await) });
    }

    pub fn block(&self, questions: &mut Questions, hash: Hash) {
        let client = self.client.clone();
        questions.spawn(async move {
            let block = client.block(hash).await;
            if block.is_err() {
                sleep(PAUSE).await;
            }
            Answer::Block(hash, block)
        });
    }

    pub fn body(&self, questions: &mut Questions, block: BlockRef, chunks: Vec<Hash>) {
        let (client, room) = (self.client.clone(), self.room.clone());
        questions.spawn(async move {
            // Never closed: an error would only mean more at once.
            let _permit = room.acquire().await;
            let body = bodies(&client, chunks).await;
            if body.is_err() {
                sleep(PAUSE).await;
            }
            Answer::Body(block, body)
        });
    }

    pub fn pending(&self, questions: &mut Questions, key: RequestKey) {
        let (client, names, room) = (self.client.clone(), self.names.clone(), self.room.clone());
        questions.spawn(async move {
            let _permit = room.acquire().await;
            let answer = ask_pending(&client, &names, &key).await;
            Answer::Pending(key, answer)
        });
    }

    pub fn still_pending(&self, questions: &mut Questions, id: JobId, key: RequestKey) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move {
            let answer = ask_pending(&client, &names, &key).await;
            Answer::StillPending(id, answer)
        });
    }

    pub fn landed(&self, questions: &mut Questions, id: JobId, hash: Hash) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move { Answer::Landed(id, client.transaction(hash, &names.account).await) });
    }

    pub fn key(&self, questions: &mut Questions) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move {
            let key = match client.access_key(&names.account, &public_text(&names.key)).await {
                Ok(key) => client.final_block().await.map(|block| (key, block)),
                Err(error) => Err(error),
            };
            Answer::Key(key)
        });
    }

    pub fn send(&self, questions: &mut Questions, job: JobId, signed: Signed) {
        let client = self.client.clone();
        questions.spawn(async move { Answer::Sent(job, signed.hash, client.send(&signed.bytes).await) });
    }

    pub fn contract(&self, questions: &mut Questions) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move {
            let view = ask_contract(&client, &names).await;
            if view.is_err() {
                sleep(PAUSE).await;
            }
            Answer::Contract(view)
        });
    }

    pub fn attested(&self, questions: &mut Questions) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move { Answer::Attested(ask_attested(&client, &names).await) });
    }

    pub fn balance(&self, questions: &mut Questions) {
        let (client, names) = (self.client.clone(), self.names.clone());
        questions.spawn(async move { Answer::Balance(client.account(&names.account).await) });
    }
}

/// A block has one chunk of each shard: asked for together, they take as long as one.
async fn bodies(client: &Client, hashes: Vec<Hash>) -> Result<Vec<Chunk>, RpcError> {
    try_join_all(hashes.into_iter().map(|hash| client.chunk(hash))).await
}

async fn ask_pending(
    client: &Client,
    names: &Names,
    key: &RequestKey,
) -> Result<(Option<Hash>, u64), Unread> {
    let args = json!({"request": key.to_json()});
    let answer = client.view(&names.contract, "get_pending_request", &args).await?;
    Ok((read_pending(&answer.result)?, answer.block_height))
}

async fn ask_contract(client: &Client, names: &Names) -> Result<ContractView, Unread> {
    let nothing = Value::Object(serde_json::Map::new());
    let version = read_version(&client.view(&names.contract, "version", &nothing).await?.result)?;
    Generation::of(&version)?;
    match client.view(&names.contract, "state", &nothing).await {
        Ok(answer) => {
            let phase = read_state(&answer.result)?;
            Ok(ContractView { version, height: answer.block_height, phase })
        }
        // Every view but `version` panics before `init`.
        Err(RpcError::Query { text }) if text.contains("Calling default not allowed") => {
            Ok(ContractView { version, height: 0, phase: Phase::NotInitialized })
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask_attested(client: &Client, names: &Names) -> Result<bool, Unread> {
    let nothing = Value::Object(serde_json::Map::new());
    let answer = client.view(&names.contract, "get_tee_accounts", &nothing).await?;
    Ok(read_attested(&answer.result, &names.account, &names.tls_key, &names.key)?)
}
