//! The NEAR side beside a double, with the test as its committee.

use std::sync::Arc;
use std::time::Duration;

use quorate_node::events::{
    ChainCommand, ChainEvent, CommitteeSide, Finish, Request, RequestId, Signature, channels,
};
use quorate_node::near::client::{Client, RpcUrl};
use quorate_node::near::key::NearKey;
use quorate_node::near::run::{NearError, Settings, run};
use quorate_node::observe::Observed;
use quorate_primitives::Secret;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::double::{ACCOUNT, CONTRACT};

/// No step of a test takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running NEAR side.
pub struct Node {
    pub side: CommitteeSide,
    pub observed: Arc<Observed>,
    pub task: JoinHandle<Result<(), NearError>>,
    /// Kept, because dropping it stops the node.
    pub stop: watch::Sender<bool>,
}

pub fn client(urls: &[String]) -> Client {
    let urls: Vec<RpcUrl> = urls.iter().map(|url| url.parse().unwrap()).collect();
    Client::new(&urls).unwrap()
}

impl Node {
    pub fn start(urls: &[String], chain_id: &str) -> Self {
        let (near, side) = channels();
        let (stop, stopped) = watch::channel(false);
        let observed = Arc::new(Observed::default());
        let settings = Settings {
            account: ACCOUNT.into(),
            contract: CONTRACT.into(),
            chain_id: Some(chain_id.into()),
            poll: Duration::from_millis(10),
            patience: Duration::from_secs(1),
            lookback: 100,
            tls_key: [3; 32],
        };
        let key = NearKey::from_seed(Secret::new([5; 32]));
        let task = tokio::spawn(run(Arc::new(client(urls)), settings, key, near, observed.clone(), stopped));
        Self { side, observed, task, stop }
    }

    /// Returns the next event other than heights and contract states.
    pub async fn event(&mut self) -> ChainEvent {
        loop {
            match timeout(PATIENCE, self.side.events.recv()).await.unwrap().unwrap() {
                ChainEvent::Height(_) | ChainEvent::Contract(_) => {}
                event => return event,
            }
        }
    }

    pub async fn requested(&mut self) -> Arc<Request> {
        match self.event().await {
            ChainEvent::Requested(request) => request,
            event => panic!("{event:?}"),
        }
    }

    pub async fn finished(&mut self) -> (RequestId, Finish) {
        match self.event().await {
            ChainEvent::Finished { id, how } => (id, how),
            event => panic!("{event:?}"),
        }
    }

    pub async fn respond(&self, request: RequestId) {
        let signature = Signature::Secp256k1 { big_r: [2; 33], s: [1; 32], recovery_id: 0 };
        self.side.commands.send(ChainCommand::Respond { request, signature }).await.unwrap();
    }
}

/// Waits until something is true.
pub async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "{what}");
}
