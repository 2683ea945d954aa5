//! One `sign` receipt and what became of it.

use super::RequestKey;
use crate::events::{BlockRef, Request, RequestId};
use crate::near::hash::Hash;
use crate::near::sign_args::{SignArgs, tweak};

/// One receipt.
pub struct Entry {
    pub id: RequestId,
    pub key: RequestKey,
    /// The block the receipt came in.
    pub block: BlockRef,
    pub state: State,
    predecessor: String,
    path: String,
}

/// What became of it.
pub enum State {
    /// The contract has not said that it waits.
    Unconfirmed {
        /// How often it was asked.
        checks: u32,
        /// The block to ask at next.
        next: u64,
    },
    /// The contract waits, and the committee was told.
    Waiting {
        /// The yield.
        data: Hash,
        /// The height at which the contract said so.
        confirmed: u64,
        /// The height after which it waits no more.
        expires: u64,
        /// The height to ask again at, in case its resume was missed.
        recheck: u64,
    },
    /// It ended.
    Over {
        /// In this block.
        block: BlockRef,
    },
}

impl Entry {
    /// Makes an entry of a receipt that was just seen.
    pub fn new(id: RequestId, predecessor: &str, args: SignArgs, block: BlockRef) -> Self {
        let key =
            RequestKey { tweak: tweak(predecessor, &args.path), payload: args.payload, domain: args.domain };
        let state = State::Unconfirmed { checks: 0, next: block.height };
        Self { id, key, block, state, predecessor: predecessor.to_owned(), path: args.path }
    }

    /// Returns it as the committee is told it.
    pub fn request(&self, expires: u64, same_as: Option<RequestId>) -> Request {
        Request {
            id: self.id,
            predecessor: self.predecessor.clone(),
            path: self.path.clone(),
            tweak: self.key.tweak,
            payload: self.key.payload.clone(),
            domain: self.key.domain,
            block: self.block,
            expires,
            same_as,
        }
    }
}
