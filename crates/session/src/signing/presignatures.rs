//! Presignatures for the messages that ECDSA signs: which ones, and handing them over.
//!
//! The session does not hold the pool. Its owner asks [`Signing::wants`] after every step and answers; the proposer
//! names presignatures of its own, and every signer hands over those that the package names, once.

use quorate_dkls::presign::{Presignature, PresignatureId};
use quorate_dkls::sign::MessageHash;
use quorate_primitives::{ParticipantId, Timestamp};

use super::messages::Package;
use super::{Failure, Message, Phase, Signing};

/// What a session waits for from its owner's pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The proposer's: names of presignatures of these signers. Answered by [`Signing::choose`].
    Choice {
        /// The signers, in order.
        signers: Vec<ParticipantId>,
        /// How many.
        count: usize,
        /// In plain mode, the message that each must have been made for.
        messages: Vec<MessageHash>,
    },
    /// A signer's: the presignatures that the proposer named. Answered by [`Signing::supply`].
    Presignatures {
        /// Whose they must be.
        owner: ParticipantId,
        /// The signers, in order.
        signers: Vec<ParticipantId>,
        /// Which.
        ids: Vec<PresignatureId>,
    },
}

impl Signing {
    /// Returns what is awaited from the pool.
    pub fn wants(&self) -> Option<Wants> {
        match &self.phase {
            Phase::Choosing(approvals) => Some(Wants::Choice {
                signers: approvals.iter().map(|approval| approval.header.sender).collect(),
                count: self.ecdsa_messages().count(),
                messages: self.plain_messages(),
            }),
            Phase::Signing(fixed) if self.nonces.is_some() && !fixed.presignatures.is_empty() => {
                Some(Wants::Presignatures {
                    owner: self.proposer,
                    signers: fixed.signers.clone(),
                    ids: fixed.presignatures.iter().copied().map(PresignatureId::from).collect(),
                })
            }
            _ => None,
        }
    }

    /// Names presignatures of the proposer's own, one for each message that ECDSA signs.
    pub fn choose(&mut self, ids: &[PresignatureId], now: Timestamp) {
        let Phase::Choosing(approvals) = &self.phase else { return };
        if ids.len() == self.ecdsa_messages().count() {
            let presignatures = ids.iter().map(|id| *id.as_bytes()).collect();
            let package = Package { approvals: approvals.clone(), presignatures };
            self.fix(&package, now);
        }
    }

    /// Hands over the presignatures that the package names; the shares leave.
    pub fn supply(&mut self, presignatures: Vec<Presignature>) {
        if !matches!(self.wants(), Some(Wants::Presignatures { .. })) {
            return;
        }
        // What was approved in plain mode is signed in it, whatever the proposer names, and nothing else is.
        if presignatures.iter().any(|presignature| presignature.message().is_some() != self.task.plain) {
            return self.give_up_presignatures("made for something else");
        }
        self.release_with(presignatures);
        self.aggregate();
    }

    /// Returns the messages that presignatures of this request are made for, in plain mode and while it is open.
    pub fn plain_messages(&self) -> Vec<MessageHash> {
        if !self.task.plain || !self.is_open() {
            return Vec::new();
        }
        let hash = |message: &Message| self.key_of(message)?.message_hash(&message.bytes);
        self.task.messages.iter().filter_map(hash).collect()
    }

    /// There will be none. The others need not wait.
    pub fn give_up_presignatures(&mut self, reason: &str) {
        match self.wants() {
            Some(Wants::Choice { .. }) => {
                self.say_withdrawal();
                self.fail(Failure::NoPresignatures { reason: reason.to_owned() });
            }
            Some(Wants::Presignatures { .. }) => self.withdraw(),
            None => {}
        }
    }

    pub(super) fn ecdsa_messages(&self) -> impl Iterator<Item = &Message> {
        self.task
            .messages
            .iter()
            .filter(|message| self.key_of(message).is_some_and(super::scheme::Key::is_ecdsa))
    }
}
