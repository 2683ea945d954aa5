//! What a group is asked to sign.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId, Timestamp, Transcript, encoding};
use quorate_threshold::KeyShare;
use quorate_threshold::derive::Derivation;

use super::OpenError;
use super::scheme::DIGEST_LEN;

/// The longest payload and messages together, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 256 * 1024;

/// How many messages one session signs at most: inputs of one Bitcoin transaction.
pub const MAX_MESSAGES: usize = 64;

/// How many keys of a wallet one session signs with at most.
pub const MAX_KEYS: usize = 4;

pub(super) const MAX_TASK_LEN: usize = 2 * MAX_PAYLOAD_LEN;

/// A transaction or message to sign, and with which keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Task {
    /// The keys that sign. The group's keys of other purposes are never touched.
    pub keys: Vec<TaskKey>,
    /// Chain and network, for the application; opaque here, but approved.
    pub chain: String,
    /// The unsigned transaction in the chain's encoding: every approver decodes it itself and computes `messages`.
    pub payload: Vec<u8>,
    /// What is signed: one message per signature, each derived from `payload`.
    pub messages: Vec<Message>,
    /// Binds every message that ECDSA signs before the first round: no presignature made ahead is used.
    pub plain: bool,
    /// The policy version under which it is proposed; an approval is bound to it.
    pub policy_version: u32,
    /// A note from the proposer, for people. Approved, not signed.
    pub note: String,
    /// When approvals end.
    pub expires: Timestamp,
    /// Makes two proposals of the same thing two sessions.
    pub nonce: [u8; 32],
}

/// One key of the wallet and the way to its child.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TaskKey {
    /// Which of the wallet's keys.
    pub purpose: KeyPurpose,
    /// Which child of it.
    pub derivation: Derivation,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Message {
    /// The position of the key that signs it.
    pub key: u8,
    /// What is signed; for ECDSA, a digest of 32 bytes.
    pub bytes: Vec<u8>,
}

impl Task {
    /// Returns the id of the session that `proposer` opens with it: distinct for everything that is in it.
    pub fn session(&self, roster: &[u8; 32], proposer: ParticipantId) -> [u8; 32] {
        Transcript::new("signing/session")
            .field("roster", roster)
            .number("proposer", u64::from(proposer.get()))
            .field("task", &encoding::body_bytes(self))
            .finish()
    }

    /// Returns the key of a message.
    pub fn key_of(&self, message: &Message) -> Option<&TaskKey> {
        self.keys.get(usize::from(message.key))
    }

    /// What an approval is about.
    pub(super) fn statement(&self, session: &[u8; 32]) -> [u8; 32] {
        let messages = self.messages.iter().map(|message| message.bytes.as_slice());
        let keys: Vec<[u8; 1]> = self.messages.iter().map(|message| [message.key]).collect();
        Transcript::new("signing/statement")
            .field("session", session)
            .list("messages", messages)
            .list("keys", keys)
            .finish()
    }

    /// Checks everything that does not need the keys.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        let lengths = self.payload.len() + self.messages.iter().map(|m| m.bytes.len()).sum::<usize>();
        let count = self.messages.len();
        if count == 0 || count > MAX_MESSAGES || lengths > MAX_PAYLOAD_LEN || self.note.len() > 1024 {
            return Err(OpenError::TooLarge);
        }
        if self.chain.len() > 64 || self.keys.is_empty() || self.keys.len() > MAX_KEYS {
            return Err(OpenError::TooLarge);
        }
        if self.keys.iter().any(|key| key.derivation.path.len() > 16) {
            return Err(OpenError::TooLarge);
        }
        self.messages.iter().try_for_each(|message| self.check_message(message))
    }

    fn check_message(&self, message: &Message) -> Result<(), OpenError> {
        let key = self.key_of(message).ok_or(OpenError::Malformed)?;
        match key.purpose {
            KeyPurpose::EcdsaSecp256k1 if message.bytes.len() != DIGEST_LEN => Err(OpenError::NoDigest),
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 | KeyPurpose::Ed25519 => Ok(()),
        }
    }

    /// Finds the share of every key, in their order.
    pub(super) fn shares<'a>(&self, shares: &'a [KeyShare]) -> Result<Vec<&'a KeyShare>, OpenError> {
        let find = |key: &TaskKey| {
            let share = shares.iter().find(|share| share.public.purpose == key.purpose);
            share.ok_or(OpenError::NoKey { purpose: key.purpose })
        };
        self.keys.iter().map(find).collect()
    }
}
