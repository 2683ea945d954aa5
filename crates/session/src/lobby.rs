//! Where devices with an invite become a roster.
//!
//! Everybody shows a signed [`Card`], hidden from the relay by the invite's key. The creator, whose fingerprint is in
//! the invite, lists the members and signs the list. Everybody checks its own entry; people compare the safety words;
//! only then does key generation begin. The relay sees ciphertext, member keys and sizes. Whoever holds the invite
//! can take a seat: the words are what tells people who sits there.

mod guests;
mod messages;

use std::collections::VecDeque;
use std::sync::Arc;

use quorate_primitives::{HedgedRng, KeyPurpose, MAX_PARTICIPANTS, Timestamp, Transcript, encoding};
use quorate_transport::{DeviceIdentity, Invite, MemberKey, SharedKey};
use rand_core::RngCore;
use thiserror::Error;

use crate::courier::Frame;
use crate::output::Resend;
use crate::roster::{Roster, RosterError, is_name};

use guests::{Guests, Reaction};

pub use messages::{Card, Message, Objection, Refusal, SignedRoster};

/// How many mailboxes are greeted: a group, and as many who came too late or by mistake.
const MAX_PRESENT: usize = 2 * MAX_PARTICIPANTS as usize;

/// What the creator wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What people will call the wallet.
    pub wallet_name: String,
    /// Which keys to make.
    pub purposes: Vec<KeyPurpose>,
    /// 32 random bytes that name the group.
    pub group: [u8; 32],
}

/// One effect of a lobby.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Put this into a mailbox.
    Send(Frame),
    /// Something to show.
    Event(Event),
    /// Call `handle_wake` at this time.
    WakeAt(Timestamp),
}

/// What a lobby tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device showed its card (to the creator).
    Arrived {
        /// Its name.
        name: String,
        /// How many are here, this device included.
        present: usize,
    },
    /// The roster is complete and signed by the creator: compare the words, then begin or leave.
    Complete(SignedRoster),
    /// The creator does not take this device.
    Refused {
        /// Why, in the creator's words.
        reason: String,
    },
    /// A member's person saw other safety words than those of the list: there is no group.
    Objected {
        /// The member's name.
        name: String,
    },
}

/// Why a lobby can not be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LobbyError {
    /// The invite's time is over.
    #[error("invite has expired")]
    Expired,
    /// The invite was made by another device than this one.
    #[error("invite was made by another device")]
    NotTheCreator,
    /// A name can not be shown.
    #[error("name is not acceptable")]
    Name(#[from] RosterError),
}

/// One device in a lobby.
#[derive(Debug)]
pub struct Lobby {
    identity: Arc<DeviceIdentity>,
    key: SharedKey,
    id: [u8; 32],
    invite: Invite,
    card: Card,
    role: Role,
    present: Vec<MemberKey>,
    rng: HedgedRng,
    resend: Resend,
    out: VecDeque<Output>,
}

#[derive(Debug)]
enum Role {
    Creator(Guests),
    Joiner { roster: Option<Roster>, refused: bool },
}

impl Lobby {
    /// Opens a lobby as its creator.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn create(
        identity: Arc<DeviceIdentity>,
        invite: Invite,
        name: &str,
        plan: Plan,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, LobbyError> {
        if invite.creator != identity.public().fingerprint() {
            return Err(LobbyError::NotTheCreator);
        }
        check_name(&plan.wallet_name)?;
        Self::open(identity, invite, name, Role::Creator(Guests::new(plan)), entropy, now)
    }

    /// Opens the lobby of a complete group again, to tell the list to members that missed it.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn restore(
        identity: Arc<DeviceIdentity>,
        invite: Invite,
        name: &str,
        roster: SignedRoster,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, LobbyError> {
        let plan = Plan {
            wallet_name: roster.roster.wallet_name.clone(),
            purposes: roster.roster.purposes.clone(),
            group: roster.roster.group,
        };
        let mut guests = Guests::new(plan);
        guests.roster = Some(roster);
        Self::open(identity, invite, name, Role::Creator(guests), entropy, now)
    }

    /// Enters a lobby with an invite.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn join(
        identity: Arc<DeviceIdentity>,
        invite: Invite,
        name: &str,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, LobbyError> {
        if invite.is_expired(now) {
            return Err(LobbyError::Expired);
        }
        Self::open(identity, invite, name, Role::Joiner { roster: None, refused: false }, entropy, now)
    }

    /// Enters the lobby of a complete group again, whenever its invite expired. The list is not told once more.
    ///
    /// # Errors
    /// [`LobbyError`].
    pub fn rejoin(
        identity: Arc<DeviceIdentity>,
        invite: Invite,
        name: &str,
        roster: SignedRoster,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, LobbyError> {
        let role = Role::Joiner { roster: Some(roster.roster), refused: false };
        Self::open(identity, invite, name, role, entropy, now)
    }

    fn open(
        identity: Arc<DeviceIdentity>,
        invite: Invite,
        name: &str,
        role: Role,
        entropy: &[u8; 32],
        now: Timestamp,
    ) -> Result<Self, LobbyError> {
        check_name(name)?;
        let id = Transcript::new("lobby").field("secret", invite.secret.expose()).finish();
        let relay = identity.relay_key(&invite.room_token().room()).member();
        let card = Card::sign(&identity, &id, name, relay);
        let mut lobby = Self {
            key: invite.lobby_key(),
            rng: HedgedRng::new(entropy, identity.seed().expose(), &id),
            id,
            invite,
            card,
            role,
            present: Vec::new(),
            resend: Resend::new(now),
            out: VecDeque::new(),
            identity,
        };
        lobby.schedule();
        Ok(lobby)
    }

    /// Returns the invite.
    pub const fn invite(&self) -> &Invite {
        &self.invite
    }

    /// Returns the key under which this device is known in the room.
    pub const fn relay_key(&self) -> MemberKey {
        self.card.relay
    }

    /// Returns how many devices are known to be here, this one included.
    pub fn present(&self) -> usize {
        match &self.role {
            Role::Creator(guests) => guests.len() + 1,
            Role::Joiner { .. } => self.present.len() + 1,
        }
    }

    /// Takes the relay's list of who is in the room; says hello to whoever is new.
    pub fn handle_members(&mut self, members: &[MemberKey]) {
        let new: Vec<MemberKey> =
            members.iter().filter(|m| **m != self.card.relay && !self.present.contains(m)).copied().collect();
        let free = MAX_PRESENT.saturating_sub(self.present.len());
        for member in new.into_iter().take(free) {
            self.present.push(member);
            self.greet(member);
        }
    }

    /// Takes a frame, and returns whether it was for the lobby at all. What is not sealed with the invite's key, or
    /// not signed, changes nothing.
    pub fn handle_frame(&mut self, from: MemberKey, bytes: &[u8]) -> bool {
        let aad = self.associated_data(from, self.card.relay);
        let Ok(opened) = self.key.open_padded(&aad, bytes) else { return false };
        let Ok(message) = encoding::from_bytes::<Message>(&opened) else { return true };
        match message {
            Message::Card(card) => self.handle_card(from, card),
            Message::Roster(signed) => self.handle_roster(&signed),
            Message::Refusal(refusal) => self.handle_refusal(refusal),
            Message::Objection(objection) => self.handle_objection(from, &objection),
        }
        true
    }

    /// Tells the members of a complete list that this device's person saw other safety words.
    pub fn object(&mut self) {
        let Some(roster) = self.roster().cloned() else { return };
        let objection = Objection::sign(&self.identity, &self.id, &roster);
        let mailboxes = roster.members.iter().map(|member| member.relay);
        let others: Vec<MemberKey> = mailboxes.filter(|mailbox| *mailbox != self.card.relay).collect();
        for other in others {
            self.send(other, &Message::Objection(objection.clone()));
        }
    }

    /// Says hello again to those who did not answer.
    pub fn handle_wake(&mut self, now: Timestamp) {
        if self.resend.is_due(now) && !self.is_settled() {
            for member in self.present.clone() {
                self.greet(member);
            }
        }
        self.schedule();
    }

    /// Says everything again: the relay restarted.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.resend.restart(now);
        self.present.clear();
        self.schedule();
    }

    /// Returns the next effect. Drain until `None` before the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The creator goes on answering; a joiner is done when it has the roster.
    const fn is_settled(&self) -> bool {
        matches!(&self.role, Role::Joiner { roster: Some(_), .. } | Role::Joiner { refused: true, .. })
    }

    fn schedule(&mut self) {
        if !self.is_settled() {
            self.out.push_back(Output::WakeAt(self.resend.next()));
        }
    }

    fn greet(&mut self, member: MemberKey) {
        let message = match &self.role {
            Role::Creator(guests) => match &guests.roster {
                Some(roster) => Message::Roster(roster.clone()),
                None => return,
            },
            Role::Joiner { roster: Some(_), .. } => return,
            Role::Joiner { roster: None, .. } => Message::Card(self.card.clone()),
        };
        self.send(member, &message);
    }

    fn handle_card(&mut self, from: MemberKey, card: Card) {
        let Role::Creator(guests) = &mut self.role else { return };
        if card.relay != from || card.verify(&self.id).is_err() {
            return;
        }
        match guests.receive(&self.card, card) {
            Reaction::Known => {}
            Reaction::Answer(message) => self.send(from, &message),
            Reaction::Refused { reason } => {
                let refusal = Refusal::sign(&self.identity, &self.id, &from, reason);
                self.send(from, &Message::Refusal(refusal));
            }
            Reaction::Seated { name } => {
                let present = guests.len() + 1;
                let complete = guests.complete(&self.card, self.invite.threshold);
                self.out.push_back(Output::Event(Event::Arrived { name, present }));
                if let Some(roster) = complete {
                    self.announce(roster);
                }
            }
        }
    }

    /// The creator signs the complete list and tells everybody.
    fn announce(&mut self, roster: Roster) {
        let signed = SignedRoster::sign(&self.identity, &self.id, roster);
        self.out.push_back(Output::Event(Event::Complete(signed.clone())));
        let guests: Vec<MemberKey> =
            signed.roster.members.iter().skip(1).map(|member| member.relay).collect();
        for guest in guests {
            self.send(guest, &Message::Roster(signed.clone()));
        }
        if let Role::Creator(guests) = &mut self.role {
            guests.roster = Some(signed);
        }
    }

    fn handle_roster(&mut self, signed: &SignedRoster) {
        let Role::Joiner { roster, .. } = &mut self.role else { return };
        let list = &signed.roster;
        let by_creator = list.members.first().is_some_and(|creator| {
            creator.identity.fingerprint() == self.invite.creator
                && signed.verify(&self.id, &creator.identity).is_ok()
        });
        let holds_me = list.members.contains(&self.card.member());
        let as_invited = list.threshold == self.invite.threshold && list.epoch == 0 && list.check().is_ok();
        if roster.is_some() || !by_creator || !holds_me || !as_invited {
            return;
        }
        *roster = Some(list.clone());
        self.out.push_back(Output::Event(Event::Complete(signed.clone())));
    }

    fn handle_refusal(&mut self, refusal: Refusal) {
        let by_creator = refusal.creator.fingerprint() == self.invite.creator
            && refusal.verify(&self.id, &self.card.relay).is_ok();
        if !by_creator {
            return;
        }
        if let Role::Joiner { roster: None, refused } = &mut self.role
            && !*refused
        {
            *refused = true;
            self.out.push_back(Output::Event(Event::Refused { reason: refusal.reason }));
        }
    }

    /// Takes a member's no: the relay says which member, and that member's signature says whether it is true.
    fn handle_objection(&mut self, from: MemberKey, objection: &Objection) {
        let Some(roster) = self.roster() else { return };
        let Some(member) = roster.members.iter().find(|member| member.relay == from) else { return };
        if objection.verify(&self.id, roster, &member.identity).is_ok() {
            let name = member.name.clone();
            self.out.push_back(Output::Event(Event::Objected { name }));
        }
    }

    /// Returns the complete list, if there is one.
    fn roster(&self) -> Option<&Roster> {
        match &self.role {
            Role::Creator(guests) => guests.roster.as_ref().map(|signed| &signed.roster),
            Role::Joiner { roster, .. } => roster.as_ref(),
        }
    }

    fn send(&mut self, to: MemberKey, message: &Message) {
        let aad = self.associated_data(self.card.relay, to);
        let bytes = encoding::to_bytes(message);
        // The message is mixed in: after a restart with a source that stands still, other words have other nonces.
        let mut entropy = [0; 32];
        self.rng.fill_bytes(&mut entropy);
        let context =
            Transcript::new("lobby/randomness").field("aad", &aad).field("message", &bytes).finish();
        let mut rng = HedgedRng::new(&entropy, self.identity.seed().expose(), &context);
        if let Ok(bytes) = self.key.seal_padded(&mut rng, &aad, &bytes) {
            self.out.push_back(Output::Send(Frame { to, bytes }));
        }
    }

    fn associated_data(&self, from: MemberKey, to: MemberKey) -> [u8; 32] {
        Transcript::new("lobby/frame")
            .field("lobby", &self.id)
            .field("from", &from.0)
            .field("to", &to.0)
            .finish()
    }
}

fn check_name(name: &str) -> Result<(), RosterError> {
    if is_name(name) { Ok(()) } else { Err(RosterError::Name(name.to_owned())) }
}
