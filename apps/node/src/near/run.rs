//! The loop of the NEAR side: asks the RPC what the machines want to know, feeds them the answers, and carries events and commands.
//!
//! It decides nothing. Everything that takes time is a task of its own with a bounded number under way; when the committee
//! does not take events the head is not asked for, and the follower catches up afterwards.

mod answer;
mod ask;
mod carry;

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use self::answer::Answer;
use self::ask::Asker;
use super::client::Client;
use super::contract::{Generation, call_of, participant_info, verify_tee};
use super::follow::{FollowFault, Follower};
use super::key::NearKey;
use super::requests::{self, Requests};
use super::submit::{Job, Submitter};
use super::transaction::Caller;
use super::upkeep::{Upkeep, Wish};
use crate::events::{
    ChainCommand, ChainEvent, ContractView, NearSide, Phase, Purpose, RequestId, Scheme, SubmitFault,
};
use crate::observe::Observed;

/// Events that wait for the committee before the head is not asked for any more.
const MAX_OUTGOING: usize = 1024;

/// Questions under way.
const MAX_QUESTIONS: usize = 256;

/// How often time passes for the machines, blocks or not.
const TICK: Duration = Duration::from_millis(500);

/// How often the contract is read although nothing seems to have changed.
const CONTRACT_INTERVAL: Duration = Duration::from_secs(10);

/// How often the balance is read.
const BALANCE_INTERVAL: Duration = Duration::from_secs(60);

/// How often the next address is preferred at most.
const DISTRUST_INTERVAL: Duration = Duration::from_secs(2);

/// Blocks that a call which answers no request is tried for.
const CALL_BLOCKS: u64 = 100;

/// What the NEAR side is told once.
#[derive(Debug)]
pub struct Settings {
    /// The node's account.
    pub account: String,
    /// The contract.
    pub contract: String,
    /// The chain; any if none.
    pub chain_id: Option<String>,
    /// How often the head is asked for.
    pub poll: Duration,
    /// How long the head may stand still before the next address is asked.
    pub patience: Duration,
    /// Blocks before the first head that are looked at.
    pub lookback: usize,
    /// The public key of connections between nodes.
    pub tls_key: [u8; 32],
}

/// Why the NEAR side ended.
#[derive(Debug, Error)]
pub enum NearError {
    /// The RPC serves another chain.
    #[error("{address} serves the chain {found}, not {expected}")]
    Chain {
        /// The address.
        address: String,
        /// Its chain.
        found: String,
        /// The configured one.
        expected: String,
    },
    /// A question ended without an answer, which is a bug: what waits for it would wait for ever.
    #[error("a question to the RPC was broken off")]
    Broken(#[source] JoinError),
    /// The committee ended.
    #[error("the committee does not take events any more")]
    NoCommittee,
}

/// Runs until `stop` is true.
///
/// # Errors
/// [`NearError`]
pub async fn run(
    client: Arc<Client>,
    settings: Settings,
    key: NearKey,
    side: NearSide,
    observed: Arc<Observed>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), NearError> {
    let stopped = stop.clone();
    let ended = async move { drop(stop.wait_for(|stop| *stop).await) };
    tokio::pin!(ended);
    tokio::select! {
        () = &mut ended => return Ok(()),
        checked = check_chain(&client, &settings) => checked?,
    }
    let mut shell = Shell::new(client, settings, key, observed);
    tokio::select! {
        () = &mut ended => Ok(()),
        // The committee stops too, and may be the first.
        result = shell.turn(side) => match result {
            Err(NearError::NoCommittee) if *stopped.borrow() => Ok(()),
            result => result,
        },
    }
}

/// Asks every address which chain it serves, until at least one answers.
async fn check_chain(client: &Client, settings: &Settings) -> Result<(), NearError> {
    let Some(expected) = &settings.chain_id else { return Ok(()) };
    loop {
        let mut answered = false;
        for (address, status) in client.statuses().await {
            match status {
                Ok(status) if status.chain_id == *expected => answered = true,
                Ok(status) => {
                    let found = status.chain_id.chars().take(64).collect();
                    return Err(NearError::Chain { address, found, expected: expected.clone() });
                }
                Err(error) => warn!("{error}"),
            }
        }
        if answered {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

struct Shell {
    settings: Settings,
    asker: Asker,
    observed: Arc<Observed>,
    follower: Follower,
    requests: Requests,
    submitter: Submitter,
    upkeep: Upkeep,
    questions: JoinSet<Answer>,
    outgoing: VecDeque<ChainEvent>,
    contract: Option<Arc<ContractView>>,
    asking_head: bool,
    asking_contract: bool,
    contract_stale: bool,
    contract_read: Option<Instant>,
    balance_read: Option<Instant>,
    distrusted: Option<Instant>,
    /// When a block was acted on last, or the next address was preferred for want of one.
    progressed: Instant,
    /// Requests that were told: their block, and when.
    told: BTreeMap<RequestId, (u64, Instant)>,
    start: Instant,
}

impl Shell {
    fn new(client: Arc<Client>, settings: Settings, key: NearKey, observed: Arc<Observed>) -> Self {
        let caller = Caller { account: settings.account.clone(), key, contract: settings.contract.clone() };
        let asker = Asker::new(client, &settings, caller.key.public());
        Self {
            follower: Follower::new(settings.lookback),
            requests: Requests::new(&settings.contract),
            submitter: Submitter::new(caller),
            upkeep: Upkeep::default(),
            questions: JoinSet::new(),
            outgoing: VecDeque::new(),
            contract: None,
            asking_head: false,
            asking_contract: false,
            contract_stale: true,
            contract_read: None,
            balance_read: None,
            distrusted: None,
            progressed: Instant::now(),
            told: BTreeMap::new(),
            start: Instant::now(),
            settings,
            asker,
            observed,
        }
    }

    async fn turn(&mut self, mut side: NearSide) -> Result<(), NearError> {
        let mut poll = interval(self.settings.poll);
        let mut tick = interval(TICK);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = poll.tick() => self.ask_head(),
                _ = tick.tick() => self.pass_time(),
                Some(answer) = self.questions.join_next(), if !self.questions.is_empty() => {
                    self.handle_answer(answer.map_err(NearError::Broken)?);
                }
                command = side.commands.recv() => match command {
                    Some(command) => self.handle_command(command),
                    None => return Err(NearError::NoCommittee),
                },
                permit = side.events.reserve(), if !self.outgoing.is_empty() => {
                    let permit = permit.map_err(|_| NearError::NoCommittee)?;
                    if let Some(event) = self.outgoing.pop_front() {
                        permit.send(event);
                    }
                }
            }
            self.pump();
            while let Some(event) = self.outgoing.pop_front() {
                match side.events.try_reserve() {
                    Ok(permit) => permit.send(event),
                    Err(_) => {
                        self.outgoing.push_front(event);
                        break;
                    }
                }
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn height(&self) -> u64 {
        self.follower.applied().map_or(0, |block| block.height)
    }

    fn ask_head(&mut self) {
        let room = self.outgoing.len() < MAX_OUTGOING && self.questions.len() < MAX_QUESTIONS;
        if !self.asking_head && room {
            self.asking_head = true;
            self.asker.head(&mut self.questions);
        }
    }

    fn pass_time(&mut self) {
        let now = self.now();
        self.submitter.handle_tip(self.height(), now);
        if self.progressed.elapsed() >= self.settings.patience {
            self.progressed = Instant::now();
            self.asker.distrust();
        }
        if self.contract_read.is_none_or(|read| read.elapsed() >= CONTRACT_INTERVAL) {
            self.contract_stale = true;
        }
        if self.balance_read.is_none_or(|read| read.elapsed() >= BALANCE_INTERVAL) {
            self.balance_read = Some(Instant::now());
            self.asker.balance(&mut self.questions);
        }
        match self.upkeep.wish(now) {
            Some(Wish::Look) => self.asker.attested(&mut self.questions),
            Some(Wish::Attest) => self.submit_own(Job::Attest),
            Some(Wish::Verify) => self.submit_own(Job::Verify),
            None => {}
        }
        self.show();
    }

    fn submit_own(&mut self, job: Job) {
        let call = match job {
            Job::Verify => verify_tee(),
            Job::Attest | Job::Command(_) => participant_info(&self.settings.tls_key),
        };
        let (deadline, now) = (self.height().saturating_add(CALL_BLOCKS), self.now());
        self.submitter.handle_job(job, call, deadline, now);
    }

    fn handle_command(&mut self, command: ChainCommand) {
        let Some(generation) = self.generation() else {
            self.fail(command, SubmitFault::UnknownVersion);
            return;
        };
        let request = match &command {
            ChainCommand::Respond { request, .. } => match self.requests.waiting(*request) {
                Some(key) => Some(key.clone()),
                None => return self.fail(command, SubmitFault::NotPending),
            },
            ChainCommand::VotePublicKey { .. }
            | ChainCommand::StartKeygen(_)
            | ChainCommand::StartReshare(_)
            | ChainCommand::VoteReshared(_)
            | ChainCommand::AbortKeyEvent(_) => None,
        };
        let Some(call) = call_of(&command, request.as_ref(), generation) else {
            return self
                .fail(command, SubmitFault::Refused("keys of this scheme are not provided".to_owned()));
        };
        let lifetime = if request.is_some() { requests::LIFETIME } else { CALL_BLOCKS };
        let (deadline, now) = (self.height().saturating_add(lifetime), self.now());
        self.submitter.handle_job(Job::Command(command), call, deadline, now);
    }

    fn generation(&self) -> Option<Generation> {
        self.contract.as_ref().and_then(|view| Generation::of(&view.version).ok())
    }

    fn fail(&mut self, command: ChainCommand, fault: SubmitFault) {
        self.outgoing.push_back(ChainEvent::Failed { command, fault });
    }

    fn handle_contract(&mut self, view: ContractView) {
        if self.contract.as_ref().is_some_and(|last| last.height > view.height) {
            return;
        }
        let parameters = match &view.phase {
            Phase::NotInitialized => None,
            Phase::Running(running) => Some(&running.parameters),
            Phase::Initializing(state) => Some(&state.event.parameters),
            Phase::Resharing(state) => Some(&state.previous.parameters),
        };
        let participant =
            parameters.is_some_and(|parameters| parameters.member(&self.settings.account).is_some());
        self.upkeep.handle_contract(parameters.is_some(), participant);
        self.requests.handle_domains(domains_of(&view.phase));
        let view = Arc::new(view);
        let changed = self
            .contract
            .as_ref()
            .is_none_or(|last| last.phase != view.phase || last.version != view.version);
        self.contract = Some(view.clone());
        self.observed.update(|sight| {
            sight.contract = Some(view.clone());
            sight.contract_fault = None;
        });
        if changed {
            self.outgoing.push_back(ChainEvent::Contract(view));
        }
    }

    fn handle_follow_fault(&mut self, fault: FollowFault) {
        self.observed.update(|sight| match fault {
            FollowFault::Late { .. } | FollowFault::Future { .. } => {
                sight.clock_fault = Some(fault.to_string())
            }
            FollowFault::Behind { .. }
            | FollowFault::Foreign { .. }
            | FollowFault::Heights { .. }
            | FollowFault::Substituted
            | FollowFault::Rewound { .. } => sight.rpc_fault = Some(fault.to_string()),
        });
        match fault {
            FollowFault::Behind { .. }
            | FollowFault::Foreign { .. }
            | FollowFault::Substituted
            | FollowFault::Heights { .. } => {
                if self.distrusted.is_none_or(|last| last.elapsed() >= DISTRUST_INTERVAL) {
                    self.distrusted = Some(Instant::now());
                    self.asker.distrust();
                }
            }
            FollowFault::Rewound { head } => warn!(head, "the chain was rewound"),
            FollowFault::Late { .. } | FollowFault::Future { .. } => {}
        }
    }

    fn show(&self) {
        let (counts, totals) = (self.requests.counts(), self.requests.totals());
        let (behind, open_calls, rpc) =
            (self.follower.waiting(), self.submitter.open(), self.asker.address());
        let attested = self.upkeep.attested();
        self.observed.update(|sight| {
            (sight.counts, sight.totals, sight.behind) = (counts, totals, behind);
            (sight.open_calls, sight.rpc, sight.attested) = (open_calls, rpc, attested);
        });
    }
}

/// The domains whose keys sign in this state.
fn domains_of(phase: &Phase) -> BTreeMap<u64, Scheme> {
    let keyset = match phase {
        Phase::NotInitialized => return BTreeMap::new(),
        Phase::Running(running) => &running.keyset,
        Phase::Initializing(state) => &state.keyset,
        Phase::Resharing(state) => &state.previous.keyset,
    };
    keyset
        .keys
        .iter()
        .filter(|key| key.domain.purpose == Purpose::Sign)
        .map(|key| (key.domain.id, key.domain.scheme))
        .collect()
}

/// Nanoseconds since 1970 by this machine's clock.
fn wall_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or_default()
}
