//! Nodes' committees, and a chain that the test plays.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_node::committee::{Settings, run};
use quorate_node::events::{
    BlockRef, ChainCommand, ChainEvent, ContractView, Domain, DomainKey, DomainKeyBytes, Finish,
    Initializing, Instance, KeyEvent, Keyset, Member, MemberId, NearSide, Parameters, Payload, Phase,
    Purpose, Request, RequestId, Running, Scheme, Signature, SubmitFault, channels,
};
use quorate_primitives::{KeyPurpose, Secret, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::Epsilon;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const CONTRACT: &str = "v1.signer.test";

pub fn secp256k1(id: u64) -> Domain {
    Domain { id, scheme: Scheme::Secp256k1, purpose: Purpose::Sign, threshold: None }
}

pub fn ed25519(id: u64) -> Domain {
    Domain { id, scheme: Scheme::Ed25519, purpose: Purpose::Sign, threshold: None }
}

/// All nodes and the chain between them.
pub struct Network {
    chain: Arc<Mutex<Chain>>,
    nodes: Vec<Node>,
}

struct Node {
    secret: [u8; 32],
    address: SocketAddr,
    home: PathBuf,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

struct Chain {
    parameters: Parameters,
    phase: Phase,
    requests: BTreeMap<RequestId, (Arc<Request>, BTreeSet<usize>)>,
    answered: BTreeSet<RequestId>,
    muted: BTreeSet<usize>,
    listeners: BTreeMap<usize, mpsc::UnboundedSender<ChainEvent>>,
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Network {
    pub async fn start(name: &str, n: usize, threshold: u64) -> Self {
        let base = std::env::temp_dir().join(format!("quorate-committee-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        let nodes: Vec<Node> = (0..n)
            .map(|number| {
                let home = base.join(number.to_string());
                std::fs::create_dir_all(&home).unwrap();
                let secret = [u8::try_from(number).unwrap() + 1; 32];
                Node { secret, address: free_address(), home, running: None }
            })
            .collect();
        let members = nodes.iter().enumerate().map(|(number, node)| Member {
            id: MemberId(u32::try_from(number).unwrap()),
            account: format!("node{number}.test"),
            url: format!("https://{}", node.address),
            tls_key: ed25519_dalek::SigningKey::from_bytes(&node.secret).verifying_key().to_bytes(),
        });
        let parameters = Parameters { threshold, members: members.collect() };
        let running = Running { keyset: Keyset::default(), parameters: parameters.clone() };
        let chain = Chain {
            parameters,
            phase: Phase::Running(running),
            requests: BTreeMap::new(),
            answered: BTreeSet::new(),
            muted: BTreeSet::new(),
            listeners: BTreeMap::new(),
        };
        let mut network = Self { chain: Arc::new(Mutex::new(chain)), nodes };
        for node in 0..n {
            network.restart(node).await;
        }
        network
    }

    pub async fn restart(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        let (near, side) = channels();
        let settings = Settings {
            account: format!("node{number}.test"),
            contract: CONTRACT.to_owned(),
            home: node.home.clone(),
            listen: node.address,
            secret: Secret::new(node.secret),
            store_key: Secret::new(vec![9; 16]),
            ahead: 4,
            keygen_patience: 30_000,
        };
        let (stop, stopped) = watch::channel(false);
        let chain = Arc::clone(&self.chain);
        let (events, told) = mpsc::unbounded_channel();
        chain.lock().unwrap().greet(number, events);
        let task = tokio::spawn(async move {
            let committee = run(settings, side, stopped);
            tokio::select! {
                ended = committee => ended.unwrap(),
                () = play(chain, number, near, told) => {}
            }
        });
        node.running = Some((stop, task));
    }

    /// Ends a node at once; its log stays.
    pub async fn kill(&mut self, number: usize) {
        let (_, task) = self.nodes[number].running.take().unwrap();
        self.chain.lock().unwrap().listeners.remove(&number);
        task.abort();
        let _ = task.await;
    }

    /// What this node submits comes to nothing from now on.
    pub fn mute(&mut self, number: usize) {
        self.chain.lock().unwrap().muted.insert(number);
    }

    /// Lets the nodes make a key.
    pub async fn make_key(&mut self, domain: Domain) {
        self.chain.lock().unwrap().begin(domain);
        let start = Instant::now();
        while !matches!(self.chain.lock().unwrap().phase, Phase::Running(_)) {
            assert!(start.elapsed() < Duration::from_secs(60), "no key in time");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// All nodes see a request.
    pub fn request(&mut self, domain: u64, number: u8) {
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        self.request_at(&all, domain, number);
    }

    /// These nodes see a request.
    pub fn request_at(&mut self, nodes: &[usize], domain: u64, number: u8) {
        self.chain.lock().unwrap().request(nodes, domain, number);
    }

    pub fn answers(&self) -> usize {
        self.chain.lock().unwrap().answered.len()
    }

    pub async fn answered(&self, count: usize, patience: Duration) {
        let start = Instant::now();
        while self.answers() < count {
            assert!(start.elapsed() < patience, "{} of {count} answers in time", self.answers());
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn all_answered(&self, patience: Duration) {
        let count = self.chain.lock().unwrap().requests.len();
        self.answered(count, patience).await;
    }
}

/// Carries events to one node, and its commands to the chain.
async fn play(
    chain: Arc<Mutex<Chain>>,
    number: usize,
    mut near: NearSide,
    mut told: mpsc::UnboundedReceiver<ChainEvent>,
) {
    loop {
        tokio::select! {
            event = told.recv() => match event {
                Some(event) => near.events.send(event).await.unwrap(),
                None => return,
            },
            Some(command) = near.commands.recv() => chain.lock().unwrap().command(number, command),
        }
    }
}

impl Chain {
    fn view(&self) -> ChainEvent {
        let view = ContractView { version: "3.14.1".to_owned(), height: 1, phase: self.phase.clone() };
        ChainEvent::Contract(Arc::new(view))
    }

    fn greet(&mut self, number: usize, listener: mpsc::UnboundedSender<ChainEvent>) {
        listener.send(self.view()).unwrap();
        for (id, (request, seen_by)) in &self.requests {
            if seen_by.contains(&number) && !self.answered.contains(id) {
                listener.send(ChainEvent::Requested(Arc::clone(request))).unwrap();
            }
        }
        self.listeners.insert(number, listener);
    }

    fn tell_all(&self, event: &ChainEvent) {
        for listener in self.listeners.values() {
            let _ = listener.send(event.clone());
        }
    }

    fn begin(&mut self, domain: Domain) {
        let Phase::Running(running) = &self.phase else { panic!("keys are made one after another") };
        let event = KeyEvent {
            epoch: 0,
            domain,
            parameters: self.parameters.clone(),
            instance: None,
            next_attempt: 0,
        };
        self.phase = Phase::Initializing(Initializing { keyset: running.keyset.clone(), event });
        self.tell_all(&self.view());
    }

    fn request(&mut self, nodes: &[usize], domain: u64, number: u8) {
        let Phase::Running(running) = &self.phase else { panic!("keys first") };
        let key = running.keyset.keys.iter().find(|key| key.domain.id == domain).unwrap();
        let payload = match key.domain.scheme {
            Scheme::Secp256k1 => Payload::Ecdsa([number + 1; 32]),
            _ => Payload::Eddsa(vec![number; 100]),
        };
        let mut id = [number; 32];
        id[0] = u8::try_from(domain).unwrap();
        let path = format!("path {number}");
        let request = Arc::new(Request {
            id: RequestId(id),
            predecessor: "alice.test".to_owned(),
            tweak: *Epsilon::new("alice.test", &path).unwrap().as_bytes(),
            path,
            payload,
            domain,
            block: BlockRef { height: 2, hash: [2; 32] },
            expires: 202,
            same_as: None,
        });
        self.requests.insert(request.id, (Arc::clone(&request), nodes.iter().copied().collect()));
        for listener in nodes.iter().filter_map(|node| self.listeners.get(node)) {
            listener.send(ChainEvent::Requested(Arc::clone(&request))).unwrap();
        }
    }

    fn command(&mut self, number: usize, command: ChainCommand) {
        match command {
            ChainCommand::StartKeygen(id) => {
                let Phase::Initializing(Initializing { event, .. }) = &mut self.phase else { return };
                if event.instance.is_none() && id.attempt == event.next_attempt {
                    event.instance = Some(Instance {
                        attempt: id.attempt,
                        started: 1,
                        expires: 1000,
                        completed: Vec::new(),
                        key: None,
                    });
                    self.tell_all(&self.view());
                }
            }
            ChainCommand::VotePublicKey { event: id, key } => self.vote(number, id.attempt, key),
            ChainCommand::Respond { request, signature } => self.respond(number, request, signature),
            ChainCommand::AbortKeyEvent(id) => panic!("{id:?} was given up"),
            ChainCommand::StartReshare(_) | ChainCommand::VoteReshared(_) => panic!("nobody reshares"),
        }
    }

    fn vote(&mut self, number: usize, attempt: u64, key: DomainKeyBytes) {
        let Phase::Initializing(Initializing { keyset, event }) = &mut self.phase else { return };
        let Some(instance) = event.instance.as_mut().filter(|instance| instance.attempt == attempt) else {
            return;
        };
        assert!(instance.key.is_none_or(|other| other == key), "nodes vote for different keys");
        instance.key = Some(key);
        let id = MemberId(u32::try_from(number).unwrap());
        if !instance.completed.contains(&id) {
            instance.completed.push(id);
        }
        if instance.completed.len() == self.parameters.members.len() {
            let mut keyset = keyset.clone();
            keyset.keys.push(DomainKey { domain: event.domain.clone(), attempt, key });
            self.phase = Phase::Running(Running { keyset, parameters: self.parameters.clone() });
        }
        self.tell_all(&self.view());
    }

    fn respond(&mut self, number: usize, id: RequestId, signature: Signature) {
        let (request, _) = self.requests.get(&id).unwrap();
        self.verify(request, &signature);
        if self.muted.contains(&number) {
            let command = ChainCommand::Respond { request: id, signature };
            let failed = ChainEvent::Failed { command, fault: SubmitFault::LowBalance };
            self.listeners[&number].send(failed).unwrap();
            return;
        }
        self.answered.insert(id);
        self.tell_all(&ChainEvent::Finished { id, how: Finish::Answered });
    }

    /// As the contract verifies: under the child of the domain's key.
    fn verify(&self, request: &Request, signature: &Signature) {
        let (Phase::Running(Running { keyset, .. }) | Phase::Initializing(Initializing { keyset, .. })) =
            &self.phase
        else {
            panic!("keys first")
        };
        let key = keyset.keys.iter().find(|key| key.domain.id == request.domain).unwrap();
        let epsilon = Epsilon::new(&request.predecessor, &request.path).unwrap();
        match (key.key, signature, &request.payload) {
            (
                DomainKeyBytes::Secp256k1(point),
                Signature::Secp256k1 { big_r, s, recovery_id },
                Payload::Ecdsa(digest),
            ) => {
                let uncompressed = [&[4][..], &point].concat();
                let root = k256::PublicKey::from_sec1_bytes(&uncompressed).unwrap().to_sec1_bytes().to_vec();
                let child = epsilon.public_key(&public(KeyPurpose::EcdsaSecp256k1, root)).unwrap();
                let child = k256::ecdsa::VerifyingKey::from_sec1_bytes(&child).unwrap();
                let bytes = [&big_r[1..], s].concat();
                let parsed = k256::ecdsa::Signature::from_slice(&bytes).unwrap();
                assert!(parsed.normalize_s().is_none(), "s is high");
                child.verify_prehash(digest, &parsed).unwrap();
                let recovery = k256::ecdsa::RecoveryId::from_byte(*recovery_id).unwrap();
                let found =
                    k256::ecdsa::VerifyingKey::recover_from_prehash(digest, &parsed, recovery).unwrap();
                assert_eq!((found, big_r[0]), (child, 2 + recovery_id));
            }
            (DomainKeyBytes::Ed25519(root), Signature::Ed25519(bytes), Payload::Eddsa(message)) => {
                let child = epsilon.public_key(&public(KeyPurpose::Ed25519, root.to_vec())).unwrap();
                let child =
                    ed25519_dalek::VerifyingKey::from_bytes(child.as_slice().try_into().unwrap()).unwrap();
                child.verify_strict(message, &ed25519_dalek::Signature::from_bytes(bytes)).unwrap();
            }
            other => panic!("a signature of another scheme: {other:?}"),
        }
    }
}

fn public(purpose: KeyPurpose, group_key: Vec<u8>) -> PublicKeys {
    let threshold = Threshold::new(2, 3).unwrap();
    PublicKeys { purpose, threshold, group_key, verifying_shares: Vec::new(), chain_code: [0; 32] }
}
