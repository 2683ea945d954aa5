//! What happened, in one hash.

use std::collections::VecDeque;

use quorate_primitives::Timestamp;
use sha2::{Digest, Sha256};

const KEPT: usize = 400;

/// The hash over every event so far, and, if wanted, the last ones in words.
#[derive(Clone, Default)]
pub struct Trace {
    hash: Sha256,
    events: u64,
    words: Option<VecDeque<String>>,
}

impl Trace {
    /// Starts; `in_words` keeps the last events readable.
    pub fn new(in_words: bool) -> Self {
        Self { words: in_words.then(VecDeque::new), ..Self::default() }
    }

    /// Adds an event. `words` is only called when somebody wants to read them.
    pub fn add(
        &mut self,
        at: Timestamp,
        kind: &str,
        device: usize,
        content: &[u8],
        words: impl FnOnce() -> String,
    ) {
        self.events += 1;
        self.hash.update(at.0.to_le_bytes());
        self.hash.update((kind.len() as u64).to_le_bytes());
        self.hash.update(kind);
        self.hash.update((device as u64).to_le_bytes());
        self.hash.update((content.len() as u64).to_le_bytes());
        self.hash.update(content);
        if let Some(kept) = &mut self.words {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(format!("{at} device {device}: {kind} {}", words()));
        }
    }

    /// Returns how many events there were.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the hash over all of them.
    pub fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Returns the last events, a line each.
    pub fn words(&self) -> String {
        self.words.iter().flatten().map(|line| format!("{line}\n")).collect()
    }
}
