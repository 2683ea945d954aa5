//! The round engine: what every protocol machine here shares.
//!
//! A protocol is a chain of rounds. Each round is a value that waits for one message from every participant in
//! an [`Inbox`]; when it is full, `finish` consumes round and messages and returns the next round together with
//! what to send. A finished round is gone, so nothing can run twice. No clock, socket or disk is in here: the
//! session layer authenticates senders, makes state durable, and decides when to stop waiting.

use std::collections::BTreeMap;

use quorate_primitives::ParticipantId;

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Everybody: one message, the same for all.
    All,
    /// One participant.
    One(ParticipantId),
}

/// One slot per awaited participant. The first message of a sender stays.
#[derive(Clone, Debug)]
pub struct Inbox<M> {
    slots: BTreeMap<ParticipantId, Option<M>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It filled its sender's slot.
    Taken,
    /// The sender had said the same before.
    Repeated,
    /// The sender had said something else before; the slot keeps the first message.
    Conflicting,
    /// Nobody waits for this sender.
    Unexpected,
}

impl<M: PartialEq> Inbox<M> {
    /// Opens a slot for each of `senders`.
    pub fn new(senders: impl IntoIterator<Item = ParticipantId>) -> Self {
        Self { slots: senders.into_iter().map(|id| (id, None)).collect() }
    }

    /// Puts a message into its sender's slot, if that is empty.
    pub fn deliver(&mut self, from: ParticipantId, message: M) -> Delivery {
        match self.slots.get_mut(&from) {
            None => Delivery::Unexpected,
            Some(Some(first)) if *first == message => Delivery::Repeated,
            Some(Some(_)) => Delivery::Conflicting,
            Some(slot @ None) => {
                *slot = Some(message);
                Delivery::Taken
            }
        }
    }

    /// Returns the first message of `from`.
    pub fn get(&self, from: ParticipantId) -> Option<&M> {
        self.slots.get(&from).and_then(Option::as_ref)
    }

    /// Returns who has not spoken.
    pub fn missing(&self) -> Vec<ParticipantId> {
        self.slots.iter().filter(|(_, slot)| slot.is_none()).map(|(id, _)| *id).collect()
    }

    /// Returns whether everybody has spoken.
    pub fn is_full(&self) -> bool {
        self.slots.values().all(Option::is_some)
    }

    /// Returns what was said so far, in the order of the participants.
    pub fn received(&self) -> impl Iterator<Item = (ParticipantId, &M)> {
        self.slots.iter().filter_map(|(id, slot)| slot.as_ref().map(|message| (*id, message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(index: u16) -> ParticipantId {
        ParticipantId::try_from(index).unwrap()
    }

    #[test]
    fn the_first_message_stays_and_strangers_have_no_slot() {
        let mut inbox = Inbox::new([p(1), p(3)]);
        assert_eq!(inbox.deliver(p(1), "a"), Delivery::Taken);
        assert_eq!(inbox.deliver(p(1), "a"), Delivery::Repeated);
        assert_eq!(inbox.deliver(p(1), "b"), Delivery::Conflicting);
        assert_eq!(inbox.deliver(p(2), "a"), Delivery::Unexpected);
        assert_eq!(inbox.get(p(1)), Some(&"a"));
        assert_eq!(inbox.missing(), [p(3)]);
        assert!(!inbox.is_full());
        assert_eq!(inbox.deliver(p(3), "c"), Delivery::Taken);
        assert!(inbox.is_full());
        assert_eq!(inbox.received().collect::<Vec<_>>(), [(p(1), &"a"), (p(3), &"c")]);
    }
}
