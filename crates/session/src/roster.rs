//! Who takes part: pinned identities, in a fixed order, with one hash that everything is bound to.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{KeyPurpose, MAX_PARTICIPANTS, ParticipantId, Threshold, Transcript};
use quorate_transport::{IdentityKey, MemberKey};
use thiserror::Error;

use crate::words;

/// The longest name of a device or wallet, in bytes.
pub const MAX_NAME_LEN: usize = 64;

/// One device of a group.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// What people call it.
    pub name: String,
    /// Its pinned identity: who it is, whatever a relay says.
    pub identity: IdentityKey,
    /// The key under which it fetches its mail at the relay.
    pub relay: MemberKey,
}

/// All devices of a group, and what they agreed to make together.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Roster {
    /// 32 random bytes of the creator: two groups of the same devices differ.
    pub group: [u8; 32],
    /// What people call the wallet.
    pub wallet_name: String,
    /// How many sign, of how many.
    pub threshold: Threshold,
    /// Which keys are made, strictly ascending.
    pub purposes: Vec<KeyPurpose>,
    /// The period between changes of members or shares; the first is 0.
    pub epoch: u32,
    /// The members; the first is participant 1.
    pub members: Vec<Member>,
}

impl Versioned for Roster {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 256 + MAX_PARTICIPANTS as usize * (MAX_NAME_LEN + 128);
    const NAME: &'static str = "roster";
}

/// Why a roster is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RosterError {
    /// The number of members is not the threshold's n.
    #[error("{members} members where the threshold says {expected}")]
    MemberCount {
        /// Members listed.
        members: usize,
        /// Members expected.
        expected: u16,
    },
    /// Two members share a key or a name.
    #[error("two members have the same {0}")]
    Duplicate(&'static str),
    /// A name is empty, too long, or has characters that do not show.
    #[error("name {0:?} is empty, longer than {MAX_NAME_LEN} bytes, or not printable")]
    Name(String),
    /// The purposes are empty, repeated or out of order.
    #[error("key purposes are empty, repeated or out of order")]
    Purposes,
}

impl Roster {
    /// Checks everything that the type does not.
    ///
    /// # Errors
    /// [`RosterError`] names the first thing that is wrong.
    pub fn check(&self) -> Result<(), RosterError> {
        let expected = self.threshold.max_signers();
        if self.members.len() != usize::from(expected) {
            return Err(RosterError::MemberCount { members: self.members.len(), expected });
        }
        if self.purposes.is_empty() || !self.purposes.is_sorted_by(|a, b| a < b) {
            return Err(RosterError::Purposes);
        }
        let names = self.members.iter().map(|member| &member.name).chain([&self.wallet_name]);
        if let Some(bad) = names.into_iter().find(|name| !is_name(name)) {
            return Err(RosterError::Name(bad.clone()));
        }
        self.check_distinct("signing key", |member| member.identity.signing)?;
        self.check_distinct("agreement key", |member| member.identity.agreement)?;
        self.check_distinct("relay key", |member| member.relay)?;
        self.check_distinct("name", |member| member.name.clone())
    }

    fn check_distinct<K: Ord>(
        &self,
        what: &'static str,
        key: impl Fn(&Member) -> K,
    ) -> Result<(), RosterError> {
        let distinct: BTreeSet<K> = self.members.iter().map(key).collect();
        if distinct.len() == self.members.len() { Ok(()) } else { Err(RosterError::Duplicate(what)) }
    }

    /// Returns the hash that every message of the group is bound to.
    pub fn hash(&self) -> [u8; 32] {
        Transcript::new("roster").field("roster", &encoding::to_bytes(self)).finish()
    }

    /// Returns the words that people compare.
    pub fn safety_words(&self) -> [&'static str; words::COUNT] {
        words::safety_words(&self.hash())
    }

    /// Returns a member by its index.
    pub fn member(&self, id: ParticipantId) -> Option<&Member> {
        self.members.get(id.position())
    }

    /// Returns all members with their indices.
    pub fn participants(&self) -> impl Iterator<Item = (ParticipantId, &Member)> {
        self.threshold.participants().zip(&self.members)
    }

    /// Returns who has this identity.
    pub fn by_identity(&self, identity: &IdentityKey) -> Option<ParticipantId> {
        self.participants().find(|(_, member)| member.identity == *identity).map(|(id, _)| id)
    }

    /// Returns who fetches mail with this key.
    pub fn by_relay_key(&self, relay: &MemberKey) -> Option<ParticipantId> {
        self.participants().find(|(_, member)| member.relay == *relay).map(|(id, _)| id)
    }
}

/// Returns whether a name can be shown to a person: no control characters, no invisible or reordering ones.
pub fn is_name(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    !name.trim().is_empty() && name.len() <= MAX_NAME_LEN && name.trim() == name && !name.contains(hidden)
}
