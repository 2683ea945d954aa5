//! NEP-413: words for a recipient, under a tag that no transaction begins with.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding;

use super::MAX_UNSIGNED;
use crate::error::ChainError;

const WHAT: &str = "NEP-413 message";

/// 2³¹ + 413: longer than any account name that a transaction could begin with.
const TAG: [u8; 4] = ((1_u32 << 31) + 413).to_le_bytes();

/// Words, whom they are for, and what makes them unique.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Nep413 {
    pub(super) message: String,
    pub(super) nonce: [u8; 32],
    pub(super) recipient: String,
    pub(super) callback_url: Option<String>,
}

impl Nep413 {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let body = bytes.strip_prefix(&TAG).ok_or(ChainError::Malformed { what: WHAT })?;
        let message: Self = encoding::body_from_bytes(body, MAX_UNSIGNED, WHAT)
            .map_err(|_| ChainError::Malformed { what: WHAT })?;
        if message.message.is_empty() {
            return Err(ChainError::EmptyMessage);
        }
        Ok(message)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        [&TAG[..], &encoding::body_bytes(self)].concat()
    }
}

pub(super) fn is_message(bytes: &[u8]) -> bool {
    bytes.starts_with(&TAG)
}
