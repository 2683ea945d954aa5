//! What is said in a lobby.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{MAX_PARTICIPANTS, Transcript};
use quorate_transport::{DeviceIdentity, IdentityError, IdentityKey, MemberKey, Signature};

use crate::roster::{MAX_NAME_LEN, Member, Roster};

const CARD_DOMAIN: &str = "lobby-card";
const ROSTER_DOMAIN: &str = "lobby-roster";
const REFUSAL_DOMAIN: &str = "lobby-refusal";
const OBJECTION_DOMAIN: &str = "lobby-objection";

/// One lobby message.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// A device shows who it is.
    Card(Card),
    /// The creator lists the members.
    Roster(SignedRoster),
    /// The creator does not take a device.
    Refusal(Refusal),
    /// A member's person saw other safety words.
    Objection(Objection),
}

impl Versioned for Message {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 1024 + MAX_PARTICIPANTS as usize * (MAX_NAME_LEN + 128);
    const NAME: &'static str = "lobby message";
}

/// A device's name and keys, signed by its identity for one lobby.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Card {
    /// What people call it.
    pub name: String,
    /// Its identity.
    pub identity: IdentityKey,
    /// Its mailbox in the room.
    pub relay: MemberKey,
    /// Signature of lobby, name, identity and mailbox.
    pub signature: Signature,
}

impl Card {
    pub(super) fn sign(identity: &DeviceIdentity, lobby: &[u8; 32], name: &str, relay: MemberKey) -> Self {
        let public = identity.public();
        let signature = identity.sign(CARD_DOMAIN, &card_bytes(lobby, name, &public, &relay));
        Self { name: name.to_owned(), identity: public, relay, signature }
    }

    pub(super) fn verify(&self, lobby: &[u8; 32]) -> Result<(), IdentityError> {
        let message = card_bytes(lobby, &self.name, &self.identity, &self.relay);
        self.identity.verify(CARD_DOMAIN, &message, &self.signature)
    }

    pub(super) fn member(&self) -> Member {
        Member { name: self.name.clone(), identity: self.identity, relay: self.relay }
    }
}

/// The list of members, signed by the creator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedRoster {
    /// The list.
    pub roster: Roster,
    /// The creator's signature of lobby and list.
    pub signature: Signature,
}

impl SignedRoster {
    pub(super) fn sign(identity: &DeviceIdentity, lobby: &[u8; 32], roster: Roster) -> Self {
        let signature = identity.sign(ROSTER_DOMAIN, &roster_bytes(lobby, &roster));
        Self { roster, signature }
    }

    pub(super) fn verify(&self, lobby: &[u8; 32], creator: &IdentityKey) -> Result<(), IdentityError> {
        creator.verify(ROSTER_DOMAIN, &roster_bytes(lobby, &self.roster), &self.signature)
    }
}

/// The creator's no to one device, signed: others who hold the invite can turn nobody away.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Refusal {
    /// Why, for people.
    pub reason: String,
    /// The creator's identity; the invite holds its fingerprint.
    pub creator: IdentityKey,
    /// The creator's signature of lobby, refused mailbox and reason.
    pub signature: Signature,
}

impl Refusal {
    pub(super) fn sign(
        identity: &DeviceIdentity,
        lobby: &[u8; 32],
        refused: &MemberKey,
        reason: &str,
    ) -> Self {
        let signature = identity.sign(REFUSAL_DOMAIN, &refusal_bytes(lobby, refused, reason));
        Self { reason: reason.to_owned(), creator: identity.public(), signature }
    }

    pub(super) fn verify(&self, lobby: &[u8; 32], refused: &MemberKey) -> Result<(), IdentityError> {
        let message = refusal_bytes(lobby, refused, &self.reason);
        self.creator.verify(REFUSAL_DOMAIN, &message, &self.signature)
    }
}

/// A member's no to the safety words, signed for one list: nobody who is not in the list can end its group.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Objection {
    /// The member's signature of lobby and list.
    pub signature: Signature,
}

impl Objection {
    pub(super) fn sign(identity: &DeviceIdentity, lobby: &[u8; 32], roster: &Roster) -> Self {
        Self { signature: identity.sign(OBJECTION_DOMAIN, &objection_bytes(lobby, roster)) }
    }

    pub(super) fn verify(
        &self,
        lobby: &[u8; 32],
        roster: &Roster,
        member: &IdentityKey,
    ) -> Result<(), IdentityError> {
        member.verify(OBJECTION_DOMAIN, &objection_bytes(lobby, roster), &self.signature)
    }
}

fn objection_bytes(lobby: &[u8; 32], roster: &Roster) -> [u8; 32] {
    Transcript::new("lobby/objection").field("lobby", lobby).field("roster", &roster.hash()).finish()
}

fn refusal_bytes(lobby: &[u8; 32], refused: &MemberKey, reason: &str) -> [u8; 32] {
    Transcript::new("lobby/refusal")
        .field("lobby", lobby)
        .field("refused", &refused.0)
        .field("reason", reason.as_bytes())
        .finish()
}

fn card_bytes(lobby: &[u8; 32], name: &str, identity: &IdentityKey, relay: &MemberKey) -> [u8; 32] {
    Transcript::new("lobby/card")
        .field("lobby", lobby)
        .field("name", name.as_bytes())
        .field("identity", &identity.to_bytes())
        .field("relay", &relay.0)
        .finish()
}

fn roster_bytes(lobby: &[u8; 32], roster: &Roster) -> [u8; 32] {
    Transcript::new("lobby/roster")
        .field("lobby", lobby)
        .field("roster", &encoding::to_bytes(roster))
        .finish()
}
