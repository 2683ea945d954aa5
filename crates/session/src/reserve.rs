//! What the ECDSA key needs beside its share: a pair with every other member, and presignatures.
//!
//! ```text
//! reserve.handle_*(input, now);   reserve.serve(&mut requests, ahead, rng, now);
//! while let Some(output) = reserve.poll_output() { /* carry out, in order; then what the requests put out */ }
//! ```
//! Pairs are durable. Presignatures are in memory only: made when a request waits for them, and ahead of that for
//! every signer set whose members are online. All limits on what others may ask of this device are here.

mod making;
mod serving;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_dkls::Tombstone;
use quorate_dkls::presign::PresignatureId;
use quorate_primitives::{Millis, ParticipantId, Timestamp};
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;
use rand_core::{CryptoRng, RngCore};

use crate::envelope::{Envelope, Protocol};
use crate::output::{Outbox, Output};
use crate::pairing::{self, Pairing, Pairings};
use crate::pool::Pool;
use crate::presigning::{self, Life, Lives, Presigning, Word};
use crate::seat::Seat;

pub use making::MAX_SETS_AHEAD;

/// How long nothing is made ahead after somebody came back: what it came for goes first.
const QUIET: Millis = 3_000;

/// A durable step of the pair with one member.
#[derive(Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The other member.
    pub peer: ParticipantId,
    /// The step.
    pub step: pairing::Mutation,
}

/// What the caller is told.
#[derive(Debug)]
pub enum Event {
    /// Something about the pair with a member.
    Pair(ParticipantId, pairing::Event),
    /// Presignatures of this owner are held.
    Made {
        /// Whose they are.
        owner: ParticipantId,
        /// Their names.
        ids: Vec<PresignatureId>,
    },
    /// A batch came to nothing.
    NotMade(presigning::Failure),
    /// Extension checks failed. The tombstones are persisted next, before anything is said; the log's earlier records
    /// hold secrets that are over.
    Banned(Vec<Tombstone>),
}

/// What is made before a request needs it.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'a> {
    /// How many presignatures of every signer set.
    pub target: usize,
    /// Who is connected.
    pub online: &'a BTreeSet<ParticipantId>,
}

/// Pairs, sessions that make presignatures, and the pool, of one wallet on one device.
pub struct Reserve {
    seat: Arc<Seat>,
    share: KeyShare,
    pairs: Pairings,
    presignings: BTreeMap<[u8; 32], Presigning>,
    pool: Pool,
    lives: Lives,
    /// Signer sets that are not asked again before a time.
    resting: BTreeMap<Vec<ParticipantId>, Timestamp>,
    /// How often a signer set's signature failed with nobody to blame, since this process began.
    malformed: BTreeMap<Vec<ParticipantId>, u8>,
    /// Every session that this process took part in, by owner: none runs twice.
    seen: BTreeMap<ParticipantId, BTreeSet<[u8; 32]>>,
    quiet_until: Timestamp,
    out: Outbox<Mutation, Event>,
}

impl Reserve {
    /// Takes up the pairs with all other members, from their logs. A log that can not be replayed costs that pair.
    pub fn start(
        seat: Arc<Seat>,
        share: KeyShare,
        mut logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) -> Self {
        let mut pairs = Pairings::default();
        for (peer, _) in seat.others() {
            let (log, key) = (logs.remove(&peer).unwrap_or_default(), &share.public.group_key);
            if let Ok(pairing) = Pairing::start(Arc::clone(&seat), peer, key, log, &draw(rng), now) {
                pairs.add(pairing);
            }
        }
        let mut reserve = Self {
            seat,
            share,
            pairs,
            presignings: BTreeMap::new(),
            pool: Pool::default(),
            lives: Lives::default(),
            resting: BTreeMap::new(),
            malformed: BTreeMap::new(),
            seen: BTreeMap::new(),
            quiet_until: Timestamp(0),
            out: Outbox::default(),
        };
        reserve.lives.begin(now);
        reserve.settle_pairs();
        reserve
    }

    /// Returns the pairs.
    pub const fn pairs(&self) -> &Pairings {
        &self.pairs
    }

    /// Returns how many presignatures are held.
    pub fn held(&self) -> usize {
        self.pool.len()
    }

    /// Returns how many batches are at work.
    pub fn at_work(&self) -> usize {
        self.presignings.values().filter(|one| one.is_open()).count()
    }

    /// Returns the steps that stand for every pair's whole log.
    pub fn snapshot(&self) -> Vec<Mutation> {
        let of_pair = |pairing: &Pairing| {
            let peer = pairing.peer();
            pairing.snapshot().into_iter().map(move |step| Mutation { peer, step }).collect::<Vec<_>>()
        };
        self.pairs.iter().flat_map(of_pair).collect()
    }

    /// Makes the pair with a member anew: a person asked for it. Returns whether there is such a member.
    pub fn renew_pair(&mut self, peer: ParticipantId, now: Timestamp) -> bool {
        self.pairs.get_mut(peer).map(|pairing| pairing.renew(now)).is_some()
    }

    /// Takes an authentic envelope of another member.
    pub fn handle_envelope(
        &mut self,
        envelope: Envelope,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        match envelope.header.protocol {
            Protocol::Pairing => self.handle_pairing(&envelope, now),
            Protocol::Presigning => {
                match self.lives.hear(&self.seat, &envelope) {
                    Word::Known => {}
                    Word::Anew(life) => self.erase_before(envelope.header.sender, life),
                    Word::Stale => return,
                }
                if presigning::is_reset(&self.seat, &envelope) {
                    self.be_quiet(now);
                } else {
                    self.handle_presigning(envelope, rng, now);
                }
            }
            Protocol::Keygen | Protocol::Signing => {}
        }
    }

    fn handle_pairing(&mut self, envelope: &Envelope, now: Timestamp) {
        if !self.pairs.handle_announcement(&self.seat, envelope)
            && let Some(pairing) = self.pairs.get_mut(envelope.header.sender)
        {
            pairing.handle_envelope(envelope, now);
        }
    }

    /// This process is new, or the relay is: nobody can be sure what others still hold.
    pub fn handle_reconnected(&mut self, now: Timestamp) {
        self.pairs.iter_mut().for_each(|pairing| pairing.handle_reconnected(now));
        self.announce_pairs();
        let life = self.lives.begin(now);
        if self.pairs.ready().1 > 0 {
            self.be_quiet(now);
            self.pool = Pool::default();
            self.presignings.clear();
            self.out.push(Output::Send(Recipient::All, presigning::reset(&self.seat, life)));
        }
    }

    /// Does what time asks for.
    pub fn handle_wake(&mut self, now: Timestamp) {
        self.pairs.iter_mut().for_each(|pairing| pairing.handle_wake(now));
        self.presignings.values_mut().for_each(|one| one.handle_wake(now));
        self.resting.retain(|_, until| *until > now);
    }

    /// Returns the next effect. Drain until `None` after [`Reserve::serve`].
    pub fn poll_output(&mut self) -> Option<Output<Mutation, Event>> {
        self.out.poll()
    }

    fn be_quiet(&mut self, now: Timestamp) {
        self.quiet_until = now.after(QUIET);
        self.out.push(Output::WakeAt(self.quiet_until));
    }

    /// Two signers know their only pair; more need to know each other's.
    fn announce_pairs(&mut self) {
        if self.seat.roster().threshold.min_signers() > 2 && self.pairs.ready().0 > 0 {
            self.out.push(Output::Send(Recipient::All, self.pairs.announcement(&self.seat)));
        }
    }

    /// A peer has begun another life, and holds nothing from before.
    fn erase_before(&mut self, peer: ParticipantId, life: Life) {
        self.pool.erase_with(peer);
        self.presignings.retain(|_, one| one.hear_of_life(peer, life));
    }

    /// Whatever was made with a peer is worthless.
    fn erase_with(&mut self, peer: ParticipantId) {
        self.pool.erase_with(peer);
        // One that is over may still have to say so.
        self.presignings.retain(|_, one| !one.is_open() || !one.signers().contains(&peer));
    }

    fn settle_pairs(&mut self) {
        let peers: Vec<ParticipantId> = self.pairs.iter().map(Pairing::peer).collect();
        for peer in peers {
            while let Some(output) = self.pairs.get_mut(peer).and_then(Pairing::poll_output) {
                match output {
                    Output::Persist(step) => self.out.push(Output::Persist(Mutation { peer, step })),
                    Output::Append(step) => self.out.push(Output::Append(Mutation { peer, step })),
                    Output::Send(to, envelope) => self.out.push(Output::Send(to, envelope)),
                    Output::WakeAt(at) => self.out.push(Output::WakeAt(at)),
                    Output::Event(event) => self.handle_pair_event(peer, event),
                }
            }
        }
    }

    fn handle_pair_event(&mut self, peer: ParticipantId, event: pairing::Event) {
        match event {
            pairing::Event::Ready => self.announce_pairs(),
            pairing::Event::Ended => self.erase_with(peer),
            pairing::Event::Failed { .. } => {}
        }
        self.out.push(Output::Event(Event::Pair(peer, event)));
    }
}

impl core::fmt::Debug for Reserve {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reserve").field("pairs", &self.pairs.ready()).finish_non_exhaustive()
    }
}

fn draw(rng: &mut (impl RngCore + CryptoRng)) -> [u8; 32] {
    let mut entropy = [0; 32];
    rng.fill_bytes(&mut entropy);
    entropy
}
