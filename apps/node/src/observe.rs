//! What operators are shown: written by the NEAR side, read by the pages. Bounded, and without secrets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::events::{BlockRef, ContractView};
use crate::near::requests::{Counts, Totals};

/// Lines that are kept of each kind.
const MAX_LINES: usize = 200;

/// What is known, for all who show it.
#[derive(Debug, Default)]
pub struct Observed(Mutex<Sight>);

/// What was seen last.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// The RPC that answers, without its path.
    pub rpc: String,
    /// The newest block that was acted on, and when.
    pub applied: Option<(BlockRef, Instant)>,
    /// Blocks that are known and not acted on yet.
    pub behind: usize,
    /// What is wrong with the RPC at the moment.
    pub rpc_fault: Option<String>,
    /// How block time and this machine's clock disagree at the moment. Nothing depends on it.
    pub clock_fault: Option<String>,
    /// What is wrong with the account or its key at the moment.
    pub account_fault: Option<String>,
    /// Why the contract cannot be read at the moment.
    pub contract_fault: Option<String>,
    /// The contract.
    pub contract: Option<Arc<ContractView>>,
    /// Whether the contract has this node's keys.
    pub attested: Option<bool>,
    /// The account's balance in yoctoNEAR.
    pub balance: Option<u128>,
    /// Requests by state.
    pub counts: Counts,
    /// Requests since the start.
    pub totals: Totals,
    /// Calls that are not over.
    pub open_calls: usize,
    /// The latest blocks, one line each.
    pub blocks: VecDeque<String>,
    /// The latest transactions, one line each.
    pub transactions: VecDeque<String>,
}

impl Observed {
    /// Changes what is shown.
    pub fn update(&self, change: impl FnOnce(&mut Sight)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns what is shown.
    #[must_use]
    pub fn sight(&self) -> Sight {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Adds a line, and drops the oldest when there are too many.
pub fn add_line(lines: &mut VecDeque<String>, line: String) {
    if lines.len() >= MAX_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}
