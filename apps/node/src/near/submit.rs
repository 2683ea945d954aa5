//! Getting transactions into blocks: a pure machine for one key with many nonces under way.
//!
//! ```text
//! submitter.handle_job(command, call, ..)    what is wanted
//! submitter.handle_key(..)                   an answer to FetchKey
//! submitter.handle_sent(..)                  what became of a Send
//! submitter.handle_confirmed(..)             an answer to Confirm
//! submitter.handle_tip(height, now)          every block, and every second
//! submitter.poll_output()                    until it is empty
//! ```
//!
//! Each call has its effect at least once or fails with a reason. A transaction whose answer was lost is first asked about, then
//! sent again: a second one that lands is refused by the contract and harmless. NEAR wants nonces to rise, not to be without
//! gaps; so a nonce that was overtaken is replaced, and the others are left alone. Answers to requests go before votes.

mod job;
mod outcome;

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;

pub use self::job::{Job, JobId};
use self::job::{State, Task};
pub use self::outcome::{Outcome, outcome_of};
use super::hash::Hash;
use super::transaction::{Call, Caller, Signed};
use crate::events::{RequestId, SubmitFault};

/// Transactions under way at a time.
const MAX_IN_FLIGHT: usize = 64;

/// Jobs that are kept.
const MAX_JOBS: usize = 4096;

/// How often a job is sent.
const MAX_ATTEMPTS: u32 = 10;

/// Blocks, and milliseconds, that a lost transaction gets before it is asked about.
const GRACE_BLOCKS: u64 = 2;
const GRACE_MILLIS: u64 = 2_000;

/// Blocks after which the hash that transactions are bound to is replaced, and after which it is not used any more; a chain
/// forgets it after 100 at the earliest.
const HASH_BLOCKS: u64 = 20;
const MAX_HASH_BLOCKS: u64 = 60;

/// Milliseconds after which a key that could not be read is asked for again.
const KEY_RETRY_MILLIS: u64 = 3_000;

/// Milliseconds after which a confirmation that did not come is asked for again.
const CONFIRM_MILLIS: u64 = 20_000;

/// What the shell has to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Ask for the access key and the newest final block.
    FetchKey,
    /// Send a transaction.
    Send {
        /// For this job.
        job: JobId,
        /// The transaction.
        signed: Signed,
    },
    /// Ask whether the job still has to be done: of an answer whether its request is pending, of any other call what became
    /// of its last transaction.
    Confirm {
        /// The job.
        id: JobId,
        /// What it is.
        job: Job,
        /// Its last transaction.
        last: Hash,
    },
    /// A job is over.
    Done {
        /// What it was.
        job: Job,
        /// How it ended.
        result: Result<(), SubmitFault>,
    },
    /// Something an operator should know.
    Trouble(Trouble),
}

/// What is wrong with the key or the account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// The key's nonce is above all that were used here.
    #[error("somebody else uses the node's key: its nonce is {found}, {used} was the last used here")]
    ForeignNonce {
        /// The key's nonce.
        found: u64,
        /// The last used here.
        used: u64,
    },
    /// The account cannot pay.
    #[error("the node's account or its key's allowance cannot pay for a call")]
    LowBalance,
    /// The key may not sign for the account.
    #[error("the node's key is no access key of its account that may call the contract")]
    BadKey,
}

/// What is known of the key.
#[derive(Clone, Copy)]
struct KeyState {
    /// The last nonce that was given out, or that the chain has.
    nonce: u64,
    block: Hash,
    /// The height at which `block` was fetched; none once the chain said that it is too old.
    fetched: Option<u64>,
}

/// Sends the calls of one key.
pub struct Submitter {
    caller: Caller,
    key: Option<KeyState>,
    /// When the key was asked for, if it is under way.
    fetching: Option<u64>,
    tasks: BTreeMap<JobId, Task>,
    /// What waits to be sent: answers, then the rest.
    answers: VecDeque<JobId>,
    others: VecDeque<JobId>,
    next: u64,
    height: u64,
    outputs: VecDeque<Output>,
}

/// An answer to [`Output::Confirm`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It has had its effect, or cannot have it any more.
    Over(Result<(), SubmitFault>),
    /// It has not had its effect yet.
    Open,
    /// No answer.
    Unknown,
}

impl Submitter {
    /// Begins without jobs; the key is asked for with the first block.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            key: None,
            fetching: None,
            tasks: BTreeMap::new(),
            answers: VecDeque::new(),
            others: VecDeque::new(),
            next: 0,
            height: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Returns what to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns how many jobs are not over.
    #[must_use]
    pub fn open(&self) -> usize {
        self.tasks.len()
    }

    /// Returns the account that sends.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.caller.account
    }

    /// Takes a job, to be given up after the block at `deadline`. One that is already under way is not begun twice.
    pub fn handle_job(&mut self, job: Job, call: Call, deadline: u64, now: u64) {
        if self.tasks.values().any(|task| task.job == job) {
            return;
        }
        if self.tasks.len() >= MAX_JOBS {
            self.outputs.push_back(Output::Done { job, result: Err(SubmitFault::GaveUp) });
            return;
        }
        let id = JobId(self.next);
        self.next += 1;
        let answers = job.is_answer();
        self.tasks.insert(id, Task::new(job, call, deadline));
        if answers {
            self.answers.push_back(id)
        } else {
            self.others.push_back(id)
        }
        self.send(now);
    }

    /// Says that a request is over: what answers it is not sent any more.
    pub fn handle_finished(&mut self, request: RequestId, now: u64) {
        self.tasks.retain(|_, task| task.job.answers() != Some(request));
        self.send(now);
    }

    /// Takes the key's nonce, and the newest final block.
    pub fn handle_key(&mut self, nonce: u64, block: Hash, now: u64) {
        self.fetching = None;
        let nonce = self.key.map_or(nonce, |key| key.nonce.max(nonce));
        self.key = Some(KeyState { nonce, block, fetched: Some(self.height) });
        self.send(now);
    }

    /// Says that the key could not be read. A fault other than no answer is everybody's who waits for it.
    pub fn handle_no_key(&mut self, fault: &SubmitFault, now: u64) {
        self.fetching = Some(now);
        if *fault == SubmitFault::Unreachable {
            return;
        }
        self.key = None;
        self.outputs.push_back(Output::Trouble(Trouble::BadKey));
        let waiting: Vec<JobId> = self.answers.drain(..).chain(self.others.drain(..)).collect();
        for id in waiting {
            self.finish(id, Err(fault.clone()));
        }
    }

    /// Takes what became of a transaction.
    pub fn handle_sent(&mut self, id: JobId, hash: Hash, outcome: Outcome, now: u64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let State::Sent { signed, .. } = &task.state else { return };
        if signed.hash != hash {
            return;
        }
        match outcome {
            Outcome::Executed => self.finish(id, Ok(())),
            Outcome::Failed(text) => {
                let fault = if job::is_of_no_request(&text) {
                    SubmitFault::NotPending
                } else {
                    SubmitFault::Refused(text)
                };
                self.finish(id, Err(fault));
            }
            Outcome::InvalidNonce { key_nonce } => self.renumber(id, key_nonce),
            Outcome::Expired => {
                self.key = self.key.map(|key| KeyState { fetched: None, ..key });
                self.requeue(id);
            }
            Outcome::LowBalance => {
                self.outputs.push_back(Output::Trouble(Trouble::LowBalance));
                self.finish(id, Err(SubmitFault::LowBalance));
            }
            Outcome::BadKey => {
                self.outputs.push_back(Output::Trouble(Trouble::BadKey));
                self.finish(id, Err(SubmitFault::BadKey));
            }
            Outcome::Refused(text) => self.finish(id, Err(SubmitFault::Refused(text))),
            Outcome::Lost => {
                task.state = State::Lost { last: signed.clone(), since: now, height: self.height }
            }
        }
        self.send(now);
    }

    /// Takes whether a job still has to be done.
    pub fn handle_confirmed(&mut self, id: JobId, confirmation: Confirmation, now: u64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let State::Confirming { last, .. } = &task.state else { return };
        match confirmation {
            Confirmation::Over(result) => self.finish(id, result),
            Confirmation::Open => self.requeue(id),
            Confirmation::Unknown => {
                task.state = State::Lost { last: last.clone(), since: now, height: self.height };
            }
        }
        self.send(now);
    }

    /// Takes the height that was reached, and the time in milliseconds of a monotonic clock.
    pub fn handle_tip(&mut self, height: u64, now: u64) {
        self.height = self.height.max(height);
        let late: Vec<JobId> =
            self.tasks.iter().filter(|(_, task)| task.deadline < self.height).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.finish(id, Err(SubmitFault::GaveUp)));
        for (id, task) in &mut self.tasks {
            if let Some(last) = task.due(self.height, now) {
                let output = Output::Confirm { id: *id, job: task.job.clone(), last: last.hash };
                task.state = State::Confirming { last, since: now };
                self.outputs.push_back(output);
            }
        }
        self.has_fresh_key(now);
        self.send(now);
    }

    /// The nonce was used: by this job's earlier transaction, by a later job that came first, or by somebody else.
    fn renumber(&mut self, id: JobId, key_nonce: Option<u64>) {
        if let (Some(key), Some(found)) = (&mut self.key, key_nonce)
            && found > key.nonce
        {
            let used = key.nonce;
            self.outputs.push_back(Output::Trouble(Trouble::ForeignNonce { found, used }));
            key.nonce = found;
        } else if key_nonce.is_none() {
            self.key = None;
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match &task.state {
            State::Sent { signed, .. } if task.attempts > 1 => {
                task.state = State::Lost { last: signed.clone(), since: 0, height: 0 };
            }
            State::Sent { .. } | State::Waiting | State::Lost { .. } | State::Confirming { .. } => {
                self.requeue(id);
            }
        }
    }

    /// Puts a job before those that were never sent.
    fn requeue(&mut self, id: JobId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.attempts >= MAX_ATTEMPTS {
            self.finish(id, Err(SubmitFault::GaveUp));
            return;
        }
        task.state = State::Waiting;
        if task.job.is_answer() { self.answers.push_front(id) } else { self.others.push_front(id) }
    }

    fn finish(&mut self, id: JobId, result: Result<(), SubmitFault>) {
        if let Some(task) = self.tasks.remove(&id) {
            self.outputs.push_back(Output::Done { job: task.job, result });
        }
    }

    /// Sends what waits, as long as there is room and a fresh block hash.
    fn send(&mut self, now: u64) {
        let under_way = |task: &&Task| !matches!(task.state, State::Waiting);
        let mut room = MAX_IN_FLIGHT.saturating_sub(self.tasks.values().filter(under_way).count());
        while room > 0 && !(self.answers.is_empty() && self.others.is_empty()) {
            if !self.has_fresh_key(now) {
                return;
            }
            let Some(id) = self.answers.pop_front().or_else(|| self.others.pop_front()) else { return };
            let (Some(task), Some(key)) = (self.tasks.get_mut(&id), &mut self.key) else { continue };
            key.nonce += 1;
            let signed = self.caller.sign(&task.call, key.nonce, key.block);
            task.attempts += 1;
            task.state = State::Sent { signed: signed.clone() };
            self.outputs.push_back(Output::Send { job: id, signed });
            room -= 1;
        }
    }

    /// Whether there is a hash to bind transactions to; asks for the next in time, so that nothing has to wait for it.
    fn has_fresh_key(&mut self, now: u64) -> bool {
        let fetched = self.key.and_then(|key| key.fetched);
        let age = fetched.map_or(u64::MAX, |fetched| self.height.saturating_sub(fetched));
        let asked = self.fetching.is_some_and(|since| now.saturating_sub(since) < KEY_RETRY_MILLIS);
        if age >= HASH_BLOCKS && !asked {
            self.fetching = Some(now);
            self.outputs.push_back(Output::FetchKey);
        }
        age < MAX_HASH_BLOCKS
    }
}

#[cfg(test)]
mod tests;
