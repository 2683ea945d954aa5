//! Making presignatures: this device's own sessions, its part in others', and how much of either.

use std::sync::Arc;

use quorate_dkls::sign::MessageHash;
use quorate_primitives::{Millis, ParticipantId, Timestamp};
use rand_core::{CryptoRng, RngCore};

use super::{Ahead, Event, Reserve, draw};
use crate::envelope::Envelope;
use crate::output::Output;
use crate::pairing::Pairing;
use crate::presigning::{self, Presigning, Wanted};
use crate::signing::Signing;

/// How many presignatures one session makes ahead at most.
const MAX_BATCH_AHEAD: u16 = 16;

/// For how many signer sets presignatures are made ahead.
pub const MAX_SETS_AHEAD: usize = 16;

/// How many signer sets are looked at to find those.
const MAX_SETS_IN_SIGHT: usize = 64;

/// How many sessions of one other member may be open.
const MAX_OPEN_OF_ANOTHER: usize = 4;

/// How many sessions of one owner are remembered; then no more are taken up before a restart.
const MAX_SEEN: usize = 1 << 17;

/// How long a signer set rests after a failure.
pub(super) const REST: Millis = 30_000;

impl Reserve {
    /// Returns whether a session of this owner and these signers is at work.
    pub(super) fn is_making(&self, owner: ParticipantId, signers: &[ParticipantId]) -> bool {
        let fits = |one: &&Presigning| one.is_open() && one.owner() == owner && one.signers() == signers;
        self.presignings.values().any(|one| fits(&one))
    }

    pub(super) fn handle_presigning(
        &mut self,
        envelope: Envelope,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        let id = envelope.header.session;
        if !self.presignings.contains_key(&id) {
            self.open_presigning(&envelope, rng, now);
        }
        let Some(presigning) = self.presignings.get_mut(&id) else { return };
        if let Some(keys) = self.pairs.keys(self.seat.me(), presigning.signers()) {
            presigning.handle_envelope(envelope, &keys, now);
        }
    }

    /// Takes part in another member's session, if it asks for no more than it may have.
    fn open_presigning(&mut self, envelope: &Envelope, rng: &mut (impl RngCore + CryptoRng), now: Timestamp) {
        let Some((proposal, said)) = Presigning::proposal_in(&self.seat, envelope) else { return };
        let owner = proposal.header.sender;
        if owner == self.seat.me() {
            // It was ours and is gone: what it had said can not be said again.
            return;
        }
        let burdens = self.presignings.values().filter(|one| one.is_burden() && one.owner() == owner);
        let too_many = burdens.count() >= MAX_OPEN_OF_ANOTHER;
        let is_over = self.lives.is_over(owner, said.life);
        if is_over || too_many || usize::from(said.batch) > self.pool.free(owner) {
            return;
        }
        let Some(pairs) = self.pairs.keys(self.seat.me(), &said.signers) else { return };
        let seen = self.seen.entry(owner).or_default();
        if seen.len() >= MAX_SEEN || !seen.insert(proposal.header.session) {
            return;
        }
        let (seat, life) = (Arc::clone(&self.seat), self.lives.own());
        // A session that does not fit what this device knows ends by itself, and is nobody's fault.
        if let Ok(opened) = Presigning::open(seat, &self.share, proposal, &pairs, life, &draw(rng), now) {
            self.presignings.insert(*opened.session(), opened);
        }
    }

    /// Begins a session of this device's own. `None` if a pair is not ready.
    pub(super) fn presign(
        &mut self,
        (signers, batch, message): (&[ParticipantId], u16, Option<MessageHash>),
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) -> Option<()> {
        let pairs = self.pairs.keys(self.seat.me(), signers)?;
        let generations = self.pairs.generations(signers)?;
        let wanted = Wanted { signers, batch, life: self.lives.own(), message };
        let seat = Arc::clone(&self.seat);
        let begun = Presigning::propose(seat, &self.share, wanted, &pairs, generations, &draw(rng), now);
        let presigning = begun.ok()?;
        self.presignings.insert(*presigning.session(), presigning);
        Some(())
    }

    /// Carries out what sessions put out.
    pub(super) fn settle_presignings(&mut self, requests: &mut [&mut Signing], now: Timestamp) {
        let ids: Vec<[u8; 32]> = self.presignings.keys().copied().collect();
        for id in ids {
            while let Some(output) = self.presignings.get_mut(&id).and_then(Presigning::poll_output) {
                match output {
                    Output::Send(to, envelope) => self.out.push(Output::Send(to, envelope)),
                    Output::WakeAt(at) => self.out.push(Output::WakeAt(at)),
                    Output::Event(event) => self.handle_presigning_event(&id, event, requests, now),
                    Output::Persist(never) | Output::Append(never) => match never {},
                }
            }
        }
    }

    fn handle_presigning_event(
        &mut self,
        id: &[u8; 32],
        event: presigning::Event,
        requests: &mut [&mut Signing],
        now: Timestamp,
    ) {
        let Some(presigning) = self.presignings.get(id) else { return };
        let (owner, signers) = (presigning.owner(), presigning.signers().to_vec());
        match event {
            presigning::Event::Ready(ready) => {
                let ids = ready.iter().map(|one| one.id()).collect();
                self.pool.add(owner, ready);
                self.out.push(Output::Event(Event::Made { owner, ids }));
            }
            presigning::Event::Revoked(ids) => self.pool.erase(&ids),
            presigning::Event::Banned(tombstones) => {
                // The tombstones are durable before this session says anything to anybody.
                let banned = self.pairs.ban(&tombstones);
                self.out.push(Output::Event(Event::Banned(tombstones)));
                self.settle_pairs();
                banned.into_iter().for_each(|peer| self.pool.erase_with(peer));
            }
            presigning::Event::Failed(failure) => {
                if owner == self.seat.me() {
                    self.try_others(&signers, &failure, requests, now);
                    self.rest(signers, now.after(REST));
                }
                self.out.push(Output::Event(Event::NotMade(failure)));
            }
        }
    }

    pub(super) fn rest(&mut self, signers: Vec<ParticipantId>, until: Timestamp) {
        self.resting.insert(signers, until);
        self.out.push(Output::WakeAt(until));
    }

    /// Fills the pool of every signer set whose members are online.
    pub(super) fn make_ahead(
        &mut self,
        ahead: Ahead<'_>,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        if ahead.target == 0 || now < self.quiet_until {
            return;
        }
        let me = self.seat.me();
        for signers in self.signer_sets(ahead) {
            let available = self.pool.available(me, &signers);
            let rests = self.resting.contains_key(&signers);
            if available * 2 <= ahead.target && !rests && !self.is_making(me, &signers) {
                let batch = u16::try_from(ahead.target - available)
                    .map_or(MAX_BATCH_AHEAD, |missing| missing.min(MAX_BATCH_AHEAD));
                let _ = self.presign((&signers, batch, None), rng, now);
            }
        }
    }

    /// Returns signer sets with this device whose other members are online and paired with it.
    fn signer_sets(&self, ahead: Ahead<'_>) -> Vec<Vec<ParticipantId>> {
        let me = self.seat.me();
        let ready = self.pairs.iter().filter(|pair| pair.keys().is_some()).map(Pairing::peer);
        let others = usize::from(self.seat.roster().threshold.min_signers()).saturating_sub(1);
        let mut sets = vec![Vec::new()];
        for peer in ready.filter(|peer| ahead.online.contains(peer)) {
            let longer: Vec<Vec<ParticipantId>> = sets
                .iter()
                .filter(|set| set.len() < others)
                .map(|set| set.iter().copied().chain([peer]).collect())
                .collect();
            sets.extend(longer);
            sets.truncate(MAX_SETS_IN_SIGHT);
        }
        let whole = sets.into_iter().filter(|set| set.len() == others);
        let with_me = whole.map(|mut set: Vec<ParticipantId>| {
            set.push(me);
            set.sort_unstable();
            set
        });
        with_me.take(MAX_SETS_AHEAD).collect()
    }

    /// Forgets sessions of which nobody will ask anything.
    pub(super) fn forget_presignings(&mut self, now: Timestamp) {
        self.presignings.retain(|_, one| one.is_worth_keeping(now));
    }
}
