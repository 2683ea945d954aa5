//! All pairs of one device, and what the others say of theirs.
//!
//! Presignatures of three signers or more need the generation of pairs that this device is not part of. Members tell
//! each other theirs; that is a hint, not a promise: where it is wrong, a session ends without presignatures.

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_dkls::presign::Pairs;
use quorate_dkls::{Pair, Tombstone};
use quorate_primitives::{MAX_PARTICIPANTS, ParticipantId, Transcript, encoding};

use super::Pairing;
use super::messages::Round;
use crate::envelope::{Envelope, Protocol};
use crate::seat::Seat;

/// The pairs of one device.
#[derive(Debug, Default)]
pub struct Pairings {
    pairs: BTreeMap<ParticipantId, Pairing>,
    told: BTreeMap<Pair, u64>,
}

/// The generations of a member's own pairs.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub struct Announcement {
    /// Each pair, and its generation.
    pub generations: Vec<(Pair, u64)>,
}

const MAX_ANNOUNCEMENT_LEN: usize = 4 + MAX_PARTICIPANTS as usize * 12;

impl Pairings {
    /// Adds a pair.
    pub fn add(&mut self, pairing: Pairing) {
        self.pairs.insert(pairing.peer(), pairing);
    }

    /// Returns the pair with a peer.
    pub fn get_mut(&mut self, peer: ParticipantId) -> Option<&mut Pairing> {
        self.pairs.get_mut(&peer)
    }

    /// Returns all pairs.
    pub fn iter(&self) -> impl Iterator<Item = &Pairing> {
        self.pairs.values()
    }

    /// Returns all pairs, to be driven.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Pairing> {
        self.pairs.values_mut()
    }

    /// Returns how many pairs are ready, of how many.
    pub fn ready(&self) -> (usize, usize) {
        (self.pairs.values().filter(|pair| pair.keys().is_some()).count(), self.pairs.len())
    }

    /// Returns the first of the signers with whom nothing can be signed until somebody acts.
    pub fn hopeless(&self, signers: &[ParticipantId]) -> Option<ParticipantId> {
        let is_over = |id: &&ParticipantId| {
            self.pairs.get(id).is_some_and(|pair| pair.keys().is_none() && !pair.is_under_way())
        };
        signers.iter().find(is_over).copied()
    }

    /// Returns the keys with every other signer; `None` if a pair is not ready.
    pub fn keys(&self, me: ParticipantId, signers: &[ParticipantId]) -> Option<Pairs<'_>> {
        let key = |id: &ParticipantId| Some((*id, self.pairs.get(id)?.keys()?));
        signers.iter().filter(|id| **id != me).map(key).collect()
    }

    /// Returns the generation of every pair of the signers, in order; `None` if one is not known.
    pub fn generations(&self, signers: &[ParticipantId]) -> Option<Vec<(Pair, u64)>> {
        let own = self.own();
        let pairs = signers.iter().flat_map(|one| signers.iter().filter_map(|two| Pair::new(*one, *two)));
        let mut pairs: Vec<Pair> = pairs.collect();
        pairs.sort_unstable();
        pairs.dedup();
        let known = |pair: Pair| own.get(&pair).or_else(|| self.told.get(&pair)).map(|at| (pair, *at));
        pairs.into_iter().map(known).collect()
    }

    /// Bans generations. Returns the peers: what was made with them is to be erased.
    pub fn ban(&mut self, tombstones: &[Tombstone]) -> Vec<ParticipantId> {
        let mut banned = Vec::new();
        for tombstone in tombstones {
            let pair = tombstone.pair();
            let found = [pair.low(), pair.high()].into_iter().find(|id| self.pairs.contains_key(id));
            if let Some(pairing) = found.and_then(|peer| self.pairs.get_mut(&peer)) {
                banned.push(pairing.peer());
                pairing.ban(*tombstone);
            }
        }
        banned
    }

    /// Returns what is told to the others about this device's pairs.
    pub fn announcement(&self, seat: &Arc<Seat>) -> Envelope {
        let announcement = Announcement { generations: self.own().into_iter().collect() };
        let body = encoding::body_bytes(&announcement);
        let number = Round::Announcement as u8;
        seat.say(Protocol::Pairing, session_id(seat), (number, u32::from(number)), None, body)
    }

    /// Takes an authentic envelope of a member; returns whether it was such an announcement.
    pub fn handle_announcement(&mut self, seat: &Arc<Seat>, envelope: &Envelope) -> bool {
        let header = &envelope.header;
        if header.session != session_id(seat) || header.round != Round::Announcement as u8 {
            return false;
        }
        let read =
            encoding::body_from_bytes::<Announcement>(&envelope.body, MAX_ANNOUNCEMENT_LEN, "announcement");
        let said = read.map(|announcement| announcement.generations).unwrap_or_default();
        let members = seat.roster().threshold;
        let of_sender = said.into_iter().filter(|(pair, _)| {
            let peer = pair.peer_of(header.sender);
            peer.is_some_and(|peer| peer != seat.me() && members.contains(peer))
        });
        self.told.extend(of_sender);
        true
    }

    fn own(&self) -> BTreeMap<Pair, u64> {
        self.pairs
            .values()
            .filter_map(|pair| pair.keys())
            .map(|keys| (keys.pair(), keys.generation()))
            .collect()
    }
}

fn session_id(seat: &Seat) -> [u8; 32] {
    Transcript::new("pairing/announcements")
        .field("roster", seat.roster_hash())
        .number("epoch", seat.roster().epoch.into())
        .finish()
}
