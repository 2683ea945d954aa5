//! Which requests the contract waits for: a pure machine fed with blocks and with answers of `get_pending_request`.
//!
//! | state | means | goes on by |
//! |---|---|---|
//! | unconfirmed | a `sign` receipt was seen | the contract's word that it is pending → waiting; 200 blocks → forgotten |
//! | waiting | the committee was told | a resume of its yield, its expiry, or the contract's word → over |
//! | over | the committee was told that it ended | the block that ended it is undone → unconfirmed; long past → forgotten |
//!
//! A receipt whose block is undone is forgotten; it comes back, under the same id, with another block. An RPC shows no
//! outcomes, so a `sign` that failed looks like one that runs later: it is asked about again after 1, 2, 4, … blocks.

mod entry;
mod key;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use self::entry::{Entry, State};
pub use self::key::RequestKey;
use super::answers::{Action, Chunk, Data, FunctionCall, ReceiptBody};
use super::hash::Hash;
use super::sign_args::SignArgs;
use crate::events::{BlockRef, ChainEvent, Finish, Payload, RequestId, Scheme};

/// How many blocks the contract waits for an answer.
pub const LIFETIME: u64 = 200;

/// Requests that are kept; a block holds about seventy.
const MAX_ENTRIES: usize = 16_384;

/// Resumes that are kept, for those that come before what they resume is known.
const MAX_RESUMED: usize = 16_384;

/// Blocks after which a waiting request is asked about, in case its resume was missed.
const RECHECK: u64 = 16;

/// Blocks after which what is over is forgotten: no reorganisation is deeper.
const REMEMBERED: u64 = 64;

/// What the shell has to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Ask the contract for `get_pending_request`.
    Ask(RequestKey),
    /// Tell the committee.
    Tell(ChainEvent),
}

/// How many requests are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Seen and not confirmed.
    pub unconfirmed: usize,
    /// The contract waits for them.
    pub waiting: usize,
}

/// What happened since the start, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests that were told.
    pub told: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that the contract gave up.
    pub timed_out: u64,
    /// Requests whose block was undone.
    pub orphaned: u64,
    /// Receipts that were not kept because there are too many.
    pub overflowed: u64,
}

/// The requests of one contract.
pub struct Requests {
    contract: Arc<str>,
    /// The domains whose keys sign, and how.
    domains: BTreeMap<u64, Scheme>,
    entries: BTreeMap<RequestId, Entry>,
    by_key: BTreeMap<RequestKey, Vec<RequestId>>,
    /// Asked about, and not answered yet.
    asking: BTreeSet<RequestKey>,
    /// Yields that were resumed, in which block, and whether with data.
    resumed: BTreeMap<Hash, (BlockRef, bool)>,
    tip: Option<BlockRef>,
    totals: Totals,
    outputs: VecDeque<Output>,
}

impl Requests {
    /// Begins without any.
    #[must_use]
    pub fn new(contract: &str) -> Self {
        Self {
            contract: contract.into(),
            domains: BTreeMap::new(),
            entries: BTreeMap::new(),
            by_key: BTreeMap::new(),
            asking: BTreeSet::new(),
            resumed: BTreeMap::new(),
            tip: None,
            totals: Totals::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Returns what to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for entry in self.entries.values() {
            match entry.state {
                State::Unconfirmed { .. } => counts.unconfirmed += 1,
                State::Waiting { .. } => counts.waiting += 1,
                State::Over { .. } => {}
            }
        }
        counts
    }

    /// Returns what happened since the start.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns what a request asks for, if the contract waits for it.
    #[must_use]
    pub fn waiting(&self, id: RequestId) -> Option<&RequestKey> {
        let entry = self.entries.get(&id)?;
        matches!(entry.state, State::Waiting { .. }).then_some(&entry.key)
    }

    /// Takes which domains sign, and how. Requests of others are not told.
    pub fn handle_domains(&mut self, domains: BTreeMap<u64, Scheme>) {
        if self.domains != domains {
            self.domains = domains;
            self.ask_unconfirmed();
        }
    }

    /// Takes a block that became part of the chain.
    pub fn handle_block(&mut self, block: BlockRef, chunks: &[Chunk]) {
        self.tip = Some(block);
        let contract = self.contract.clone();
        for chunk in chunks {
            for transaction in &chunk.transactions {
                let own = *transaction.signer_id == *contract && *transaction.receiver_id == *contract;
                if own && let [Action::Call { call }] = transaction.actions.as_slice() {
                    self.see(RequestId(transaction.hash.0), &transaction.signer_id, call, block);
                }
            }
            for receipt in chunk.receipts.iter().filter(|receipt| *receipt.receiver_id == *contract) {
                match &receipt.receipt {
                    ReceiptBody::Action { action } => {
                        if let [Action::Call { call }] = action.actions.as_slice() {
                            self.see(RequestId(receipt.receipt_id.0), &receipt.predecessor_id, call, block);
                        }
                    }
                    ReceiptBody::Data { data } if data.is_promise_resume => self.resume(data, block),
                    ReceiptBody::Data { .. } | ReceiptBody::Other(_) => {}
                }
            }
        }
        self.pass_time(block);
    }

    /// Takes back the newest block.
    pub fn handle_undo(&mut self, block: BlockRef) {
        self.resumed.retain(|_, (resumed_in, _)| *resumed_in != block);
        self.tip = None;
        let seen_there: Vec<RequestId> =
            self.entries.values().filter(|entry| entry.block == block).map(|entry| entry.id).collect();
        for id in seen_there {
            self.end(id, Finish::Orphaned, block);
            self.forget(id);
        }
        let mut reopened = Vec::new();
        for entry in self.entries.values_mut() {
            if let State::Over { block: ended_in } = entry.state
                && ended_in == block
            {
                entry.state = State::Unconfirmed { checks: 0, next: block.height };
                reopened.push(entry.key.clone());
            }
        }
        for key in reopened {
            self.ask(&key);
        }
    }

    /// Takes what the contract says of a request at a height: the yield that waits for its answer, or none.
    pub fn handle_pending(&mut self, key: &RequestKey, data: Option<Hash>, height: u64) {
        self.asking.remove(key);
        for id in self.by_key.get(key).cloned().unwrap_or_default() {
            let Some(entry) = self.entries.get(&id) else { continue };
            let known = entry.block.height <= height;
            match (&entry.state, data) {
                (State::Unconfirmed { .. }, Some(data)) if known => self.confirm(id, data, height),
                (State::Unconfirmed { .. }, None) => self.wait_longer(id),
                (State::Waiting { confirmed, .. }, None) if *confirmed <= height => {
                    self.end_at_tip(id, height);
                }
                (State::Unconfirmed { .. } | State::Waiting { .. } | State::Over { .. }, _) => {}
            }
        }
    }

    /// Says that a question was not answered.
    pub fn handle_unanswered(&mut self, key: &RequestKey) {
        self.asking.remove(key);
        for id in self.by_key.get(key).cloned().unwrap_or_default() {
            self.wait_longer(id);
        }
    }

    fn see(&mut self, id: RequestId, predecessor: &str, call: &FunctionCall, block: BlockRef) {
        if call.method_name != "sign" || self.entries.contains_key(&id) {
            return;
        }
        let Some(args) = SignArgs::read(&call.args) else { return };
        if self.entries.len() >= MAX_ENTRIES {
            self.totals.overflowed += 1;
            return;
        }
        let entry = Entry::new(id, predecessor, args, block);
        let key = entry.key.clone();
        self.by_key.entry(key.clone()).or_default().push(id);
        self.entries.insert(id, entry);
        self.ask(&key);
    }

    fn resume(&mut self, data: &Data, block: BlockRef) {
        let answered = data.data.is_some();
        if self.resumed.len() < MAX_RESUMED {
            self.resumed.insert(data.data_id, (block, answered));
        }
        let of_this_yield: Vec<(RequestId, RequestKey)> = self
            .entries
            .values()
            .filter(|entry| matches!(&entry.state, State::Waiting { data: of, .. } if *of == data.data_id))
            .map(|entry| (entry.id, entry.key.clone()))
            .collect();
        for (id, key) in &of_this_yield {
            let lives_on = |expires: u64| !answered && expires > block.height + 1;
            match self.entries.get_mut(id).map(|entry| &mut entry.state) {
                // A later identical request was confirmed by the word about this one, and may wait on.
                Some(State::Waiting { expires, .. }) if of_this_yield.len() > 1 && lives_on(*expires) => {
                    self.ask(key);
                }
                _ => self.end(*id, if answered { Finish::Answered } else { Finish::TimedOut }, block),
            }
        }
        if let Some((_, key)) = of_this_yield.first() {
            self.ask_if_more_wait(&key.clone());
        }
    }

    /// Identical requests may each have a yield: those that remain are asked about.
    fn ask_if_more_wait(&mut self, key: &RequestKey) {
        let waits = |id: &RequestId| {
            self.entries.get(id).is_some_and(|entry| !matches!(entry.state, State::Over { .. }))
        };
        if self.by_key.get(key).is_some_and(|ids| ids.iter().any(waits)) {
            self.ask(key);
        }
    }

    fn confirm(&mut self, id: RequestId, data: Hash, height: u64) {
        let Some(entry) = self.entries.get(&id) else { return };
        // The answer was overtaken by the block that resumed what it tells of.
        if let Some((block, _)) = self.resumed.get(&data).copied()
            && self.tip.is_none_or(|tip| block.height <= tip.height)
        {
            self.wait_longer(id);
            return;
        }
        let fits = matches!(
            (self.domains.get(&entry.key.domain), &entry.key.payload),
            (Some(Scheme::Secp256k1), Payload::Ecdsa(_)) | (Some(Scheme::Ed25519), Payload::Eddsa(_))
        );
        if !fits {
            self.wait_longer(id);
            return;
        }
        let same_as = self.first_waiting(&entry.key.clone());
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let expires = height.saturating_add(LIFETIME);
        let recheck = height.saturating_add(RECHECK);
        entry.state = State::Waiting { data, confirmed: height, expires, recheck };
        let request = Arc::new(entry.request(expires, same_as));
        self.totals.told += 1;
        self.outputs.push_back(Output::Tell(ChainEvent::Requested(request)));
    }

    fn first_waiting(&self, key: &RequestKey) -> Option<RequestId> {
        let waits = |id: &&RequestId| {
            self.entries.get(*id).is_some_and(|entry| matches!(entry.state, State::Waiting { .. }))
        };
        self.by_key.get(key)?.iter().find(waits).copied()
    }

    fn wait_longer(&mut self, id: RequestId) {
        let height = self.tip.map(|tip| tip.height);
        if let Some(Entry { state: State::Unconfirmed { checks, next }, .. }) = self.entries.get_mut(&id) {
            *next = height.unwrap_or(*next).saturating_add(1 << (*checks).min(6));
            *checks = checks.saturating_add(1);
        }
    }

    fn end_at_tip(&mut self, id: RequestId, height: u64) {
        let Some(Entry { state: State::Waiting { expires, .. }, .. }) = self.entries.get(&id) else { return };
        let how = if height >= *expires { Finish::TimedOut } else { Finish::Answered };
        // Without a tip blocks are being undone; it is asked about again with the next one.
        if let Some(tip) = self.tip {
            self.end(id, how, tip);
        }
    }

    /// Ends a request, and tells it if its beginning was told.
    fn end(&mut self, id: RequestId, how: Finish, block: BlockRef) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let told = matches!(entry.state, State::Waiting { .. });
        entry.state = State::Over { block };
        if !told {
            return;
        }
        match how {
            Finish::Answered => self.totals.answered += 1,
            Finish::TimedOut => self.totals.timed_out += 1,
            Finish::Orphaned => self.totals.orphaned += 1,
        }
        self.outputs.push_back(Output::Tell(ChainEvent::Finished { id, how }));
    }

    fn forget(&mut self, id: RequestId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        if let Some(ids) = self.by_key.get_mut(&entry.key) {
            ids.retain(|one| *one != id);
            if ids.is_empty() {
                self.by_key.remove(&entry.key);
            }
        }
    }

    /// Asks about what is due, ends what expired and forgets what is long over.
    fn pass_time(&mut self, block: BlockRef) {
        let (mut due, mut expired, mut past) = (BTreeSet::new(), Vec::new(), Vec::new());
        for entry in self.entries.values_mut() {
            match &mut entry.state {
                State::Unconfirmed { .. } if entry.block.height.saturating_add(LIFETIME) < block.height => {
                    past.push(entry.id);
                }
                State::Unconfirmed { next, .. } if *next <= block.height => {
                    due.insert(entry.key.clone());
                }
                State::Waiting { expires, .. } if *expires < block.height => expired.push(entry.id),
                State::Waiting { recheck, .. } if *recheck <= block.height => {
                    *recheck = block.height.saturating_add(RECHECK);
                    due.insert(entry.key.clone());
                }
                State::Over { block: ended } if ended.height.saturating_add(REMEMBERED) < block.height => {
                    past.push(entry.id);
                }
                State::Unconfirmed { .. } | State::Waiting { .. } | State::Over { .. } => {}
            }
        }
        expired.into_iter().for_each(|id| self.end(id, Finish::TimedOut, block));
        past.into_iter().for_each(|id| self.forget(id));
        due.iter().for_each(|key| self.ask(key));
        self.resumed.retain(|_, (resumed, _)| resumed.height.saturating_add(REMEMBERED) >= block.height);
    }

    fn ask_unconfirmed(&mut self) {
        let open: BTreeSet<RequestKey> = self
            .entries
            .values()
            .filter(|entry| matches!(entry.state, State::Unconfirmed { .. }))
            .map(|entry| entry.key.clone())
            .collect();
        open.iter().for_each(|key| self.ask(key));
    }

    fn ask(&mut self, key: &RequestKey) {
        if self.asking.insert(key.clone()) {
            self.outputs.push_back(Output::Ask(key.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
