//! Presignatures that are ready, by owner and signer set.
//!
//! In memory only. An id belongs to the owner of the session that made it: nobody else can name, choose or overwrite
//! it. Taking one out moves it; nothing puts it back.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use quorate_dkls::presign::{Presignature, PresignatureId};
use quorate_dkls::sign::MessageHash;
use quorate_primitives::ParticipantId;

/// How many presignatures of one owner are held at most.
pub const MAX_OF_OWNER: usize = 256;

/// A pool.
#[derive(Debug, Default)]
pub struct Pool {
    held: BTreeMap<PresignatureId, Held>,
    /// Ids of ours that a session has been given and not yet taken.
    chosen: BTreeSet<PresignatureId>,
}

#[derive(Debug)]
struct Held {
    owner: ParticipantId,
    presignature: Presignature,
}

impl Pool {
    /// Adds what a session of `owner` made. What does not fit into the owner's quota is dropped.
    pub fn add(&mut self, owner: ParticipantId, presignatures: Vec<Presignature>) {
        let free = MAX_OF_OWNER.saturating_sub(self.of(owner).count());
        for presignature in presignatures.into_iter().take(free) {
            // Two runs under one name would be two halves that do not fit: neither is kept.
            match self.held.entry(presignature.id()) {
                Entry::Vacant(entry) => {
                    entry.insert(Held { owner, presignature });
                }
                Entry::Occupied(entry) => {
                    self.chosen.remove(entry.key());
                    entry.remove();
                }
            }
        }
    }

    /// Returns how many more presignatures of `owner` fit.
    pub fn free(&self, owner: ParticipantId) -> usize {
        MAX_OF_OWNER.saturating_sub(self.of(owner).count())
    }

    /// Returns how many presignatures of `owner` and `signers` no session has been given.
    pub fn available(&self, owner: ParticipantId, signers: &[ParticipantId]) -> usize {
        self.unchosen(owner, signers).count()
    }

    /// Returns how many presignatures are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Returns whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Gives a session of this device `count` ids of its own, all or none; no other session is given them.
    pub fn choose(
        &mut self,
        me: ParticipantId,
        signers: &[ParticipantId],
        count: usize,
    ) -> Option<Vec<PresignatureId>> {
        let ids: Vec<PresignatureId> = self.unchosen(me, signers).take(count).collect();
        if ids.len() < count {
            return None;
        }
        self.chosen.extend(&ids);
        Some(ids)
    }

    /// Gives a session of this device an id for each of these messages, made for it and nothing else, all or none.
    pub fn choose_for(
        &mut self,
        me: ParticipantId,
        signers: &[ParticipantId],
        messages: &[MessageHash],
    ) -> Option<Vec<PresignatureId>> {
        let mut ids = Vec::new();
        for message in messages {
            let fits = |(id, held): &(&PresignatureId, &Held)| {
                held.is_for(me, signers)
                    && held.message() == Some(*message)
                    && !ids.contains(*id)
                    && !self.chosen.contains(id)
            };
            ids.push(self.held.iter().find(fits).map(|(id, _)| *id)?);
        }
        self.chosen.extend(&ids);
        Some(ids)
    }

    /// Returns how many presignatures of `owner` and `signers` are for this message, and given to no session.
    pub fn made_for(&self, owner: ParticipantId, signers: &[ParticipantId], message: MessageHash) -> usize {
        let fits = |(id, held): &(&PresignatureId, &Held)| {
            held.is_for(owner, signers) && held.message() == Some(message) && !self.chosen.contains(id)
        };
        self.held.iter().filter(fits).count()
    }

    /// Returns whether any presignature is for one message only.
    pub fn holds_any_for_one(&self) -> bool {
        self.held.values().any(|held| held.message().is_some())
    }

    /// Erases presignatures for one message that nobody asks to sign any more.
    pub fn keep_only_for(&mut self, messages: &[MessageHash]) {
        self.held.retain(|_, held| held.message().is_none_or(|message| messages.contains(&message)));
        self.chosen.retain(|id| self.held.contains_key(id));
    }

    /// Takes presignatures out, for a package of their owner: all, or none if one is not here, not the owner's, or of
    /// other signers.
    pub fn take(
        &mut self,
        owner: ParticipantId,
        signers: &[ParticipantId],
        ids: &[PresignatureId],
    ) -> Option<Vec<Presignature>> {
        let distinct: BTreeSet<&PresignatureId> = ids.iter().collect();
        let fits = |id: &PresignatureId| self.held.get(id).is_some_and(|held| held.is_for(owner, signers));
        if distinct.len() != ids.len() || !ids.iter().all(fits) {
            return None;
        }
        for id in ids {
            self.chosen.remove(id);
        }
        Some(ids.iter().filter_map(|id| self.held.remove(id)).map(|held| held.presignature).collect())
    }

    /// Erases these.
    pub fn erase(&mut self, ids: &[PresignatureId]) {
        for id in ids {
            self.held.remove(id);
            self.chosen.remove(id);
        }
    }

    /// Erases what is left of an owner's presignatures of these signers: one of them was malformed.
    pub fn erase_set(&mut self, owner: ParticipantId, signers: &[ParticipantId]) {
        self.held.retain(|_, held| !held.is_for(owner, signers));
        self.chosen.retain(|id| self.held.contains_key(id));
    }

    /// Erases everything that was made with a peer: the pair's generation is over.
    pub fn erase_with(&mut self, peer: ParticipantId) {
        self.held.retain(|_, held| !held.presignature.signers().any(|signer| signer == peer));
        self.chosen.retain(|id| self.held.contains_key(id));
    }

    fn of(&self, owner: ParticipantId) -> impl Iterator<Item = (&PresignatureId, &Held)> {
        self.held.iter().filter(move |(_, held)| held.owner == owner)
    }

    fn unchosen(
        &self,
        owner: ParticipantId,
        signers: &[ParticipantId],
    ) -> impl Iterator<Item = PresignatureId> {
        let fits = move |(id, held): &(&PresignatureId, &Held)| {
            held.is_for(owner, signers) && held.message().is_none() && !self.chosen.contains(id)
        };
        self.held.iter().filter(fits).map(|(id, _)| *id)
    }
}

impl Held {
    const fn message(&self) -> Option<MessageHash> {
        self.presignature.message()
    }

    fn is_for(&self, owner: ParticipantId, signers: &[ParticipantId]) -> bool {
        self.owner == owner && self.presignature.signers().eq(signers.iter().copied())
    }
}
