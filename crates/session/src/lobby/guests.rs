//! The creator's list of who came, in the order of arrival.

use std::collections::BTreeMap;

use quorate_primitives::Threshold;
use quorate_transport::MemberKey;

use super::Plan;
use super::messages::{Card, Message, SignedRoster};
use crate::roster::{Member, Roster, is_name};

/// What becomes of a card.
pub(super) enum Reaction {
    /// Seen before.
    Known,
    /// This is the answer.
    Answer(Message),
    /// Not taken.
    Refused { reason: &'static str },
    /// Taken.
    Seated { name: String },
}

#[derive(Debug)]
pub(super) struct Guests {
    plan: Plan,
    cards: BTreeMap<MemberKey, Card>,
    order: Vec<MemberKey>,
    pub(super) roster: Option<SignedRoster>,
}

impl Guests {
    pub(super) const fn new(plan: Plan) -> Self {
        Self { plan, cards: BTreeMap::new(), order: Vec::new(), roster: None }
    }

    /// Returns how many came, the creator not counted.
    pub(super) fn len(&self) -> usize {
        self.cards.len()
    }

    /// Takes a card that is signed and came from its own mailbox.
    pub(super) fn receive(&mut self, host: &Card, card: Card) -> Reaction {
        if let Some(signed) = &self.roster {
            let is_member = signed.roster.members.iter().any(|member| card.member() == *member);
            let refused = Reaction::Refused { reason: "the group is complete" };
            return if is_member { Reaction::Answer(Message::Roster(signed.clone())) } else { refused };
        }
        if self.cards.get(&card.relay) == Some(&card) {
            return Reaction::Known;
        }
        if !is_name(&card.name) {
            return Reaction::Refused { reason: "that name can not be shown" };
        }
        if shares_something(host, &card) || self.cards.values().any(|other| shares_something(other, &card)) {
            let reason = "another device here has the same name, or is the same device";
            return Reaction::Refused { reason };
        }
        let name = card.name.clone();
        self.order.push(card.relay);
        self.cards.insert(card.relay, card);
        Reaction::Seated { name }
    }

    /// Returns the list once everybody is here and it is acceptable.
    pub(super) fn complete(&self, host: &Card, threshold: Threshold) -> Option<Roster> {
        if self.len() + 1 != usize::from(threshold.max_signers()) || self.roster.is_some() {
            return None;
        }
        let guests = self.order.iter().filter_map(|relay| self.cards.get(relay)).map(Card::member);
        let members: Vec<Member> = [host.member()].into_iter().chain(guests).collect();
        let roster = Roster {
            group: self.plan.group,
            wallet_name: self.plan.wallet_name.clone(),
            threshold,
            purposes: self.plan.purposes.clone(),
            epoch: 0,
            members,
        };
        roster.check().is_ok().then_some(roster)
    }
}

/// Returns whether a roster can not hold both.
fn shares_something(one: &Card, other: &Card) -> bool {
    one.name == other.name
        || one.relay == other.relay
        || one.identity.signing == other.identity.signing
        || one.identity.agreement == other.identity.agreement
}
