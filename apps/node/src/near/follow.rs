//! Which blocks the node acts on: a pure machine that follows the head of the chain through forks and gaps.
//!
//! Feed it what the RPC says and carry out what it asks:
//!
//! ```text
//! follower.handle_head(header, now)      the newest block, every poll
//! follower.handle_block(block)           an answer to FetchBlock
//! follower.handle_body(hash, chunks)     an answer to FetchBody
//! follower.handle_absent(hash)           the RPC does not have a block it named
//! follower.poll_output()                 until it is empty
//! ```
//!
//! Blocks are applied in order, each once, with all of its chunks; those of a branch that lost are undone first, newest
//! first. Optimistic blocks are acted on: what they brought may vanish, and is then undone. A gap longer than the window is
//! skipped: every request in it has timed out. What an RPC cannot honestly say is a [`FollowFault`], and changes nothing.

mod window;

use std::collections::VecDeque;

use thiserror::Error;

use self::window::Window;
use super::answers::{Block, Chunk, ChunkHeader, Header};
use super::hash::Hash;
use crate::events::BlockRef;

/// Bodies that are asked for before the oldest of them is there.
const AHEAD: usize = 16;

/// A head older than this is late: 30 s.
const LATE_NANOS: u64 = 30_000_000_000;

/// A head this far in the future means that a clock is wrong: 120 s.
const FUTURE_NANOS: u64 = 120_000_000_000;

/// How long heads may stay behind what was applied before the chain is taken as a new one: 60 s.
const REWIND_NANOS: u64 = 60_000_000_000;

/// What the shell has to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Ask for this block.
    FetchBlock(Hash),
    /// Ask for all chunks of this block.
    FetchBody {
        /// The block.
        block: BlockRef,
        /// The chunks that are new in it.
        chunks: Vec<Hash>,
    },
    /// This block is not part of the chain any more.
    Undo(BlockRef),
    /// This block is.
    Apply {
        /// The block.
        block: BlockRef,
        /// Nanoseconds since 1970, by the block's own word.
        timestamp: u64,
        /// Its new chunks.
        chunks: Vec<Chunk>,
    },
    /// Blocks after `from` were not seen and are too many to be asked for.
    Skipped {
        /// The last block that was applied.
        from: u64,
        /// The first that will be.
        to: u64,
    },
}

/// What is wrong with the RPC, or with the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FollowFault {
    /// Its head is below what it, or another address, has shown before.
    #[error("the head at {head} is behind block {applied}, which was acted on before")]
    Behind {
        /// Its head.
        head: u64,
        /// The newest applied block.
        applied: u64,
    },
    /// A block is not above the one it names as its parent.
    #[error("block {height} names a parent at {parent}")]
    Heights {
        /// The block.
        height: u64,
        /// Its parent.
        parent: u64,
    },
    /// The answer is another block than the one asked for, or another body.
    #[error("the answer is not the block that was asked for")]
    Substituted,
    /// The newest block is old: nothing is produced, or the RPC does not see it.
    #[error("the newest block is {seconds} s old")]
    Late {
        /// Its age.
        seconds: u64,
    },
    /// The newest block is of the future.
    #[error("the newest block is {seconds} s ahead of this machine's clock")]
    Future {
        /// How far.
        seconds: u64,
    },
    /// The head is of a branch that does not meet what was applied: another chain, or a lie.
    #[error("the head at {head} is of a branch that never meets block {applied}, which was acted on before")]
    Foreign {
        /// Its head.
        head: u64,
        /// The newest applied block.
        applied: u64,
    },
    /// The chain begins again below what was applied.
    #[error("the chain was rewound to {head}")]
    Rewound {
        /// Its head.
        head: u64,
    },
}

/// A block that waits to be applied.
struct Waiting {
    header: Header,
    chunks: Vec<ChunkHeader>,
    body: Option<Vec<Chunk>>,
    asked: bool,
}

/// Follows one chain.
pub struct Follower {
    applied: Window,
    /// From the block after the newest applied one, or after the fork, to the head; oldest first. Empty when up to date.
    path: VecDeque<Waiting>,
    /// The block that was asked for because the oldest of `path` does not attach yet.
    missing: Option<Hash>,
    lookback: usize,
    /// Since when heads do not continue what was applied.
    strange_since: Option<u64>,
    /// A branch that does not meet what was applied was walked to its end.
    foreign: Option<u64>,
    outputs: VecDeque<Output>,
}

impl Follower {
    /// Begins `lookback` blocks before the first head it is given.
    #[must_use]
    pub fn new(lookback: usize) -> Self {
        Self {
            applied: Window::new(lookback),
            path: VecDeque::new(),
            missing: None,
            lookback: lookback.max(1),
            strange_since: None,
            foreign: None,
            outputs: VecDeque::new(),
        }
    }

    /// Returns the newest applied block.
    #[must_use]
    pub fn applied(&self) -> Option<BlockRef> {
        self.applied.tip()
    }

    /// Returns how many blocks wait to be applied.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.path.len()
    }

    /// Returns what to do next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes the newest block, at `now` nanoseconds since 1970.
    ///
    /// # Errors
    /// [`FollowFault`]; only [`FollowFault::Late`], `Future` and `Rewound` come with progress.
    pub fn handle_head(&mut self, block: &Block, now: u64) -> Result<(), FollowFault> {
        let head = &block.header;
        let rewound = self.refuse_strange(head, now)?;
        if rewound {
            self.forget();
        }
        let known = self.applied.contains(&head.hash)
            || self.path.back().is_some_and(|waiting| waiting.header.hash == head.hash);
        if !known {
            self.extend_to(block)?;
            self.advance();
        }
        if rewound {
            return Err(FollowFault::Rewound { head: head.height });
        }
        punctual(head.timestamp, now)
    }

    /// Takes a block that was asked for.
    ///
    /// # Errors
    /// [`FollowFault`]; the block is asked for again with the next head.
    pub fn handle_block(&mut self, asked: Hash, block: &Block) -> Result<(), FollowFault> {
        if self.missing != Some(asked) {
            return Ok(());
        }
        self.missing = None;
        if block.header.hash != asked {
            self.path.clear();
            return Err(FollowFault::Substituted);
        }
        if let Some(child) = self.path.front()
            && child.header.height <= block.header.height
        {
            let (height, parent) = (child.header.height, block.header.height);
            self.path.clear();
            return Err(FollowFault::Heights { height, parent });
        }
        self.path.push_front(Waiting::new(block));
        self.attach();
        self.advance();
        Ok(())
    }

    /// Takes the chunks of a block.
    ///
    /// # Errors
    /// [`FollowFault::Substituted`] if they are others; they are asked for again with the next head.
    pub fn handle_body(&mut self, block: Hash, chunks: Vec<Chunk>) -> Result<(), FollowFault> {
        let Some(waiting) = self.path.iter_mut().find(|waiting| waiting.header.hash == block) else {
            return Ok(());
        };
        let given = chunks.iter().map(|chunk| chunk.header.chunk_hash);
        if !given.eq(waiting.new_chunks()) {
            waiting.asked = false;
            return Err(FollowFault::Substituted);
        }
        waiting.body = Some(chunks);
        self.advance();
        Ok(())
    }

    /// Says that something that was asked for did not come: it is asked for again.
    pub fn handle_failure(&mut self, block: Hash) {
        if self.missing == Some(block) {
            self.outputs.push_back(Output::FetchBlock(block));
        } else if let Some(waiting) = self.path.iter_mut().find(|waiting| waiting.header.hash == block) {
            waiting.asked = false;
            self.advance();
        }
    }

    /// Says that the RPC does not have what was asked for, and never will.
    ///
    /// Of an ancestor: history is not kept that long, so the node begins after it. Of a body: the block is gone, and the way
    /// to the head is asked for anew.
    pub fn handle_absent(&mut self, block: Hash) {
        if self.missing == Some(block) {
            self.missing = None;
            if let Some(height) = self.path.front().map(|waiting| waiting.header.height) {
                self.begin_at(height);
            }
            self.advance();
        } else if self.path.iter().any(|waiting| waiting.header.hash == block) {
            self.path.clear();
            self.missing = None;
        }
    }

    /// Refuses heads that do not continue what was applied, and tells whether they have come for so long that the chain is a
    /// new one.
    fn refuse_strange(&mut self, head: &Header, now: u64) -> Result<bool, FollowFault> {
        let Some(tip) = self.applied.tip() else { return Ok(false) };
        let (foreign, applied) = (self.foreign.take(), tip.height);
        let behind = head.height < applied || (head.height == applied && head.hash.0 != tip.hash);
        let fault = match foreign {
            Some(head) => FollowFault::Foreign { head, applied },
            None if behind => FollowFault::Behind { head: head.height, applied },
            None => {
                if head.hash.0 == tip.hash {
                    self.strange_since = None;
                }
                return Ok(false);
            }
        };
        let since = *self.strange_since.get_or_insert(now);
        if now.saturating_sub(since) < REWIND_NANOS {
            return Err(fault);
        }
        self.strange_since = None;
        Ok(true)
    }

    /// Undoes everything: the chain is another one.
    fn forget(&mut self) {
        self.path.clear();
        self.missing = None;
        while let Some(block) = self.applied.pop() {
            self.outputs.push_back(Output::Undo(block));
        }
    }

    /// Makes `block` the end of the path. One that does not attach to a path under way has to come again.
    fn extend_to(&mut self, block: &Block) -> Result<(), FollowFault> {
        let head = &block.header;
        let parent = match self.path.back() {
            Some(last) if last.header.hash != head.prev_hash => return Ok(()),
            Some(last) => Some(last.header.height),
            None => self.applied.height_of(&head.prev_hash),
        };
        if let Some(parent) = parent.filter(|parent| *parent >= head.height) {
            return Err(FollowFault::Heights { height: head.height, parent });
        }
        self.path.push_back(Waiting::new(block));
        self.attach();
        Ok(())
    }

    /// Joins the oldest waiting block to what is applied, or asks for its parent.
    fn attach(&mut self) {
        if self.missing.is_some() {
            return;
        }
        let Some(first) = self.path.front() else { return };
        let (parent, height) = (first.header.prev_hash, first.header.height);
        if self.applied.contains(&parent) {
            return;
        }
        let ends_here = self.path.len() >= self.lookback
            || parent == Hash::default()
            // Blocks at or below the lowest kept one cannot attach any more.
            || self.applied.lowest().is_some_and(|lowest| height <= lowest);
        if ends_here {
            self.begin_at(height);
            return;
        }
        self.missing = Some(parent);
        self.outputs.push_back(Output::FetchBlock(parent));
    }

    /// Starts anew at the oldest waiting block, unless that would undo what the window holds.
    fn begin_at(&mut self, height: u64) {
        let Some(tip) = self.applied.tip() else { return };
        if height > tip.height {
            // Nothing is undone: what was applied may well be part of the chain.
            self.outputs.push_back(Output::Skipped { from: tip.height, to: height });
            return;
        }
        self.foreign = self.path.back().map(|head| head.header.height);
        self.path.clear();
    }

    fn undo_tip(&mut self) {
        if let Some(block) = self.applied.pop() {
            self.outputs.push_back(Output::Undo(block));
        }
    }

    /// Asks for bodies, and applies what is complete.
    fn advance(&mut self) {
        while self.missing.is_none() {
            self.ask_for_bodies();
            if self.path.front().is_none_or(|waiting| waiting.body.is_none()) {
                return;
            }
            let Some(waiting) = self.path.pop_front() else { return };
            self.apply(waiting);
        }
    }

    fn ask_for_bodies(&mut self) {
        for waiting in self.path.iter_mut().take(AHEAD).filter(|waiting| !waiting.asked) {
            waiting.asked = true;
            let chunks: Vec<Hash> = waiting.new_chunks().collect();
            if chunks.is_empty() {
                waiting.body = Some(Vec::new());
            } else {
                self.outputs.push_back(Output::FetchBody { block: waiting.block(), chunks });
            }
        }
    }

    fn apply(&mut self, waiting: Waiting) {
        let parent = waiting.header.prev_hash;
        if self.applied.contains(&parent) {
            while self.applied.tip().is_some_and(|tip| tip.hash != parent.0) {
                self.undo_tip();
            }
        }
        let block = waiting.block();
        self.applied.push(block);
        let (timestamp, chunks) = (waiting.header.timestamp, waiting.body.unwrap_or_default());
        self.outputs.push_back(Output::Apply { block, timestamp, chunks });
        self.strange_since = None;
    }
}

impl Waiting {
    fn new(block: &Block) -> Self {
        Self { header: block.header, chunks: block.chunks.clone(), body: None, asked: false }
    }

    const fn block(&self) -> BlockRef {
        BlockRef { height: self.header.height, hash: self.header.hash.0 }
    }

    fn new_chunks(&self) -> impl Iterator<Item = Hash> {
        let height = self.header.height;
        self.chunks.iter().filter(move |chunk| chunk.height_included == height).map(|chunk| chunk.chunk_hash)
    }
}

fn punctual(timestamp: u64, now: u64) -> Result<(), FollowFault> {
    let seconds = |nanos: u64| nanos / 1_000_000_000;
    if now.saturating_sub(timestamp) > LATE_NANOS {
        return Err(FollowFault::Late { seconds: seconds(now.saturating_sub(timestamp)) });
    }
    if timestamp.saturating_sub(now) > FUTURE_NANOS {
        return Err(FollowFault::Future { seconds: seconds(timestamp.saturating_sub(now)) });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
