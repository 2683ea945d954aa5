//! What a group is asked to sign.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId, Timestamp, Transcript, encoding};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::Derivation;

use super::OpenError;

/// The longest payload, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 256 * 1024;

/// The most messages (inputs of one transaction) signed in one session.
pub const MAX_MESSAGES: usize = 64;

/// The longest encoding of a task.
pub(super) const MAX_TASK_LEN: usize = 2 * MAX_PAYLOAD_LEN;

/// A request, as it travels. Every approval is an approval of all of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Task {
    /// The purpose of the key that signs.
    pub purpose: KeyPurpose,
    /// Which child of the key signs.
    pub derivation: Derivation,
    /// The chain and its network, as the wallet names them.
    pub chain: String,
    /// The unsigned transaction or message, as every member decodes it.
    pub payload: Vec<u8>,
    /// What is signed. Every member recomputes it from the payload and refuses if it differs.
    pub messages: Vec<Vec<u8>>,
    /// The version of the policy under which it is approved; 0 until there are policies.
    pub policy_version: u32,
    /// What the proposer says about it.
    pub note: String,
    /// When approvals end.
    pub expires: Timestamp,
    /// 32 fresh bytes of the proposer: two requests for the same thing differ.
    pub nonce: [u8; 32],
}

impl Task {
    /// Returns the id of the session in which `proposer` asks for this.
    pub fn session(&self, roster: &[u8; 32], proposer: ParticipantId) -> [u8; 32] {
        Transcript::new("signing/session")
            .field("roster", roster)
            .number("proposer", u64::from(proposer.get()))
            .field("task", &encoding::body_bytes(self))
            .finish()
    }

    /// Returns what approvals sign: the session fixes roster, epoch, key, path, chain, payload and policy version.
    pub(super) fn statement(&self, session: &[u8; 32]) -> [u8; 32] {
        let messages = self.messages.iter().map(Vec::as_slice);
        Transcript::new("signing/statement").field("session", session).list("messages", messages).finish()
    }

    /// Checks bounds, and that the key is of the purpose asked for.
    pub(super) fn check(&self, keys: &PublicKeys) -> Result<(), OpenError> {
        if keys.purpose != self.purpose {
            return Err(OpenError::OtherPurpose { asked: self.purpose, key: keys.purpose });
        }
        let lengths = self.payload.len() + self.messages.iter().map(Vec::len).sum::<usize>();
        let count = self.messages.len();
        if count == 0 || count > MAX_MESSAGES || lengths > MAX_PAYLOAD_LEN || self.note.len() > 1024 {
            return Err(OpenError::TooLarge);
        }
        if self.chain.len() > 64 || self.derivation.path.len() > 16 {
            return Err(OpenError::TooLarge);
        }
        Ok(())
    }
}
