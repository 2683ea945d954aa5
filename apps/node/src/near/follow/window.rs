//! The blocks that were applied lately, oldest first.

use std::collections::{BTreeMap, VecDeque};

use super::Hash;
use crate::events::BlockRef;

/// A branch of the chain, bounded at its old end.
pub struct Window {
    blocks: VecDeque<BlockRef>,
    heights: BTreeMap<[u8; 32], u64>,
    capacity: usize,
}

impl Window {
    /// Makes an empty window.
    pub fn new(capacity: usize) -> Self {
        Self { blocks: VecDeque::new(), heights: BTreeMap::new(), capacity: capacity.max(1) }
    }

    /// Adds the newest block.
    pub fn push(&mut self, block: BlockRef) {
        if self.blocks.len() >= self.capacity
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.heights.remove(&oldest.hash);
        }
        self.heights.insert(block.hash, block.height);
        self.blocks.push_back(block);
    }

    /// Takes the newest block off.
    pub fn pop(&mut self) -> Option<BlockRef> {
        let block = self.blocks.pop_back()?;
        self.heights.remove(&block.hash);
        Some(block)
    }

    /// Returns the newest block.
    pub fn tip(&self) -> Option<BlockRef> {
        self.blocks.back().copied()
    }

    /// Returns the height of the oldest block.
    pub fn lowest(&self) -> Option<u64> {
        self.blocks.front().map(|block| block.height)
    }

    /// Whether a block was applied and not undone.
    pub fn contains(&self, hash: &Hash) -> bool {
        self.heights.contains_key(&hash.0)
    }

    /// Returns the height of an applied block.
    pub fn height_of(&self, hash: &Hash) -> Option<u64> {
        self.heights.get(&hash.0).copied()
    }
}
