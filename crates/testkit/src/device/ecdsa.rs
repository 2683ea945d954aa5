//! What the ECDSA key needs, driven as a shell must drive it: pairs, presignatures on demand and ahead, the pool.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Millis, ParticipantId, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::output::Output;
use quorate_session::pairing::{self, Pairing, Pairings};
use quorate_session::pool::Pool;
use quorate_session::presigning::{self, Life, Lives, Presigning, Word};
use quorate_session::signing::Wants;
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;

use super::{Device, Effect, Hands, Keys, Membership, Step, Told};
use crate::disk::Record;
use crate::entropy::Entropy;
use crate::group::subsets;
use crate::report::PairEnd;

/// How many sessions of one other member may be open.
const MAX_OPEN_OF_ANOTHER: usize = 4;

/// How long a signer set rests after a failure.
const REST: Millis = 30_000;

/// Pairs, sessions and the pool of one device. Only the pairs outlive the process.
#[derive(Default)]
pub struct Ecdsa {
    /// The pairs with all other members.
    pub pairs: Pairings,
    presignings: BTreeMap<[u8; 32], Presigning>,
    pool: Pool,
    lives: Lives,
    resting: BTreeMap<Vec<ParticipantId>, Timestamp>,
    /// How many presignatures are made ahead for every signer set.
    ahead: usize,
}

impl Ecdsa {
    /// Returns where every pair is.
    pub fn ends(&self) -> BTreeMap<ParticipantId, PairEnd> {
        let end = |pairing: &Pairing| match pairing.keys() {
            Some(keys) => PairEnd::Ready(*keys.statement()),
            None if pairing.is_banned() => PairEnd::Banned,
            None if pairing.is_under_way() => PairEnd::Waiting,
            None => PairEnd::Failed,
        };
        self.pairs.iter().map(|pairing| (pairing.peer(), end(pairing))).collect()
    }

    /// Returns how many presignatures are held.
    pub fn held(&self) -> usize {
        self.pool.len()
    }

    /// Returns how many batches are at work.
    pub fn at_work(&self) -> usize {
        self.presignings.values().filter(|one| one.is_open()).count()
    }

    fn is_making(&self, owner: ParticipantId, signers: &[ParticipantId]) -> bool {
        let fits = |one: &&Presigning| one.is_open() && one.owner() == owner && one.signers() == signers;
        self.presignings.values().any(|one| fits(&one))
    }

    /// A peer has begun another life, and holds nothing from before.
    fn erase_before(&mut self, peer: ParticipantId, life: Life) {
        self.pool.erase_with(peer);
        self.presignings.retain(|_, one| one.hear_of_life(peer, life));
    }

    fn erase_with(&mut self, peer: ParticipantId) {
        self.pool.erase_with(peer);
        // One that is over may still have to say so.
        self.presignings.retain(|_, one| !one.is_open() || !one.signers().contains(&peer));
    }

    pub(super) fn wake(&mut self, now: Timestamp) {
        self.pairs.iter_mut().for_each(|pairing| pairing.handle_wake(now));
        self.presignings.values_mut().for_each(|one| one.handle_wake(now));
        self.resting.retain(|_, until| *until > now);
    }
}

fn ecdsa_share(keys: &Keys) -> Option<&KeyShare> {
    keys.shares.iter().find(|share| share.public.purpose == KeyPurpose::EcdsaSecp256k1)
}

impl Membership {
    /// Takes up the pairs with all other members, from their logs.
    fn start_pairs(
        &mut self,
        mut logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        ahead: usize,
        entropy: &mut Entropy,
        now: Timestamp,
    ) {
        let Some(share) = self.keys.as_ref().and_then(ecdsa_share) else { return };
        self.ecdsa.ahead = ahead;
        for (peer, _) in self.seat.others() {
            let log = logs.remove(&peer).unwrap_or_default();
            let (seat, key) = (Arc::clone(&self.seat), &share.public.group_key);
            let started = Pairing::start(seat, peer, key, log, &entropy.fresh(), now);
            self.ecdsa.pairs.add(started.expect("a log that was written"));
        }
    }

    /// This device is back: returns what it says to everybody.
    pub(super) fn reconnect_ecdsa(&mut self, now: Timestamp) -> Vec<Envelope> {
        self.ecdsa.pairs.iter_mut().for_each(|pairing| pairing.handle_reconnected(now));
        let life = self.ecdsa.lives.begin(now);
        if self.ecdsa.pairs.ready().1 == 0 {
            return Vec::new();
        }
        self.ecdsa.pool = Pool::default();
        self.ecdsa.presignings.clear();
        self.announcement().into_iter().chain([presigning::reset(&self.seat, life)]).collect()
    }

    /// Two signers know their only pair; more need to know each other's.
    fn announcement(&self) -> Option<Envelope> {
        let needed = self.seat.roster().threshold.min_signers() > 2 && self.ecdsa.pairs.ready().0 > 0;
        needed.then(|| self.ecdsa.pairs.announcement(&self.seat))
    }

    pub(super) fn handle_pairing(&mut self, envelope: &Envelope, now: Timestamp) {
        if !self.ecdsa.pairs.handle_announcement(&self.seat, envelope)
            && let Some(pairing) = self.ecdsa.pairs.get_mut(envelope.header.sender)
        {
            pairing.handle_envelope(envelope, now);
        }
    }

    pub(super) fn handle_presigning(&mut self, envelope: Envelope, entropy: &mut Entropy, now: Timestamp) {
        match self.ecdsa.lives.hear(&self.seat, &envelope) {
            Word::Known => {}
            Word::Anew(life) => self.ecdsa.erase_before(envelope.header.sender, life),
            Word::Stale => return,
        }
        if presigning::is_reset(&self.seat, &envelope) {
            return;
        }
        let id = envelope.header.session;
        if !self.ecdsa.presignings.contains_key(&id) {
            self.open_presigning(&envelope, entropy, now);
        }
        let Ecdsa { pairs, presignings, .. } = &mut self.ecdsa;
        let Some(presigning) = presignings.get_mut(&id) else { return };
        if let Some(keys) = pairs.keys(self.seat.me(), presigning.signers()) {
            presigning.handle_envelope(envelope, &keys, now);
        }
    }

    /// Takes part in another member's session, if it asks for no more than it may have.
    fn open_presigning(&mut self, envelope: &Envelope, entropy: &mut Entropy, now: Timestamp) {
        let Some(share) = self.keys.as_ref().and_then(ecdsa_share) else { return };
        let Some((proposal, said)) = Presigning::proposal_in(&self.seat, envelope) else { return };
        let owner = proposal.header.sender;
        if owner == self.seat.me() {
            // It was ours and is gone: what it had said can not be said again.
            return;
        }
        let of_owner = self.ecdsa.presignings.values().filter(|one| one.is_open() && one.owner() == owner);
        let is_over = self.ecdsa.lives.is_over(owner, said.life);
        if is_over
            || of_owner.count() >= MAX_OPEN_OF_ANOTHER
            || usize::from(said.batch) > self.ecdsa.pool.free(owner)
        {
            return;
        }
        let Some(pairs) = self.ecdsa.pairs.keys(self.seat.me(), &said.signers) else { return };
        let (seat, life) = (Arc::clone(&self.seat), self.ecdsa.lives.own());
        if let Ok(opened) = Presigning::open(seat, share, proposal, &pairs, life, &entropy.fresh(), now) {
            self.ecdsa.presignings.insert(*opened.session(), opened);
        }
    }

    /// Begins a session of this device's own. `None` if a pair is not ready.
    fn presign(
        &mut self,
        signers: &[ParticipantId],
        batch: usize,
        entropy: &mut Entropy,
        now: Timestamp,
    ) -> Option<()> {
        let share = self.keys.as_ref().and_then(ecdsa_share)?;
        let pairs = self.ecdsa.pairs.keys(self.seat.me(), signers)?;
        let generations = self.ecdsa.pairs.generations(signers)?;
        let wanted = (signers, u16::try_from(batch).ok()?, self.ecdsa.lives.own());
        let seat = Arc::clone(&self.seat);
        let begun = Presigning::propose(seat, share, wanted, &pairs, generations, &entropy.fresh(), now);
        let presigning = begun.ok()?;
        self.ecdsa.presignings.insert(*presigning.session(), presigning);
        Some(())
    }

    fn give_up_waiting(&mut self, signers: &[ParticipantId], reason: &str) {
        for signing in self.signings.values_mut() {
            if matches!(signing.wants(), Some(Wants::Choice { signers: s, .. }) if s == signers) {
                signing.give_up_presignatures(reason);
            }
        }
    }

    /// Gives requests the presignatures that they wait for, or makes some.
    fn feed_requests(&mut self, entropy: &mut Entropy, now: Timestamp) {
        let waiting = self.signings.iter().filter(|(_, signing)| signing.wants().is_some());
        let waiting: Vec<[u8; 32]> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            // The choice of a device that signs too is followed by its own supply.
            for _ in 0..2 {
                match self.signings.get(&id).and_then(|signing| signing.wants()) {
                    Some(Wants::Choice { signers, count }) => {
                        self.choose(&id, &signers, count, entropy, now);
                    }
                    Some(Wants::Presignatures { owner, signers, ids }) => {
                        let taken = self.ecdsa.pool.take(owner, &signers, &ids);
                        let is_coming = self.ecdsa.is_making(owner, &signers);
                        let signing = self.signings.get_mut(&id).expect("a session that waits");
                        match taken {
                            Some(taken) => signing.supply(taken),
                            None if is_coming => {}
                            None => signing.give_up_presignatures("not here"),
                        }
                    }
                    None => {}
                }
            }
        }
    }

    fn choose(
        &mut self,
        id: &[u8; 32],
        signers: &[ParticipantId],
        count: usize,
        entropy: &mut Entropy,
        now: Timestamp,
    ) {
        let me = self.seat.me();
        let signing = self.signings.get_mut(id).expect("a session that waits");
        if let Some(ids) = self.ecdsa.pool.choose(me, signers, count) {
            signing.choose(&ids, now);
        } else if self.ecdsa.pairs.hopeless(signers).is_some() {
            signing.give_up_presignatures("a pair has to be made anew");
        } else if !self.ecdsa.is_making(me, signers) {
            let missing = count.saturating_sub(self.ecdsa.pool.available(me, signers));
            let _ = self.presign(signers, missing, entropy, now);
        }
    }

    /// Fills the pool of every signer set that is paired.
    fn make_ahead(&mut self, entropy: &mut Entropy, now: Timestamp) {
        let (me, target) = (self.seat.me(), self.ecdsa.ahead);
        if target == 0 {
            return;
        }
        let all: Vec<ParticipantId> = self.seat.roster().threshold.participants().collect();
        for signers in subsets(&all, usize::from(self.seat.roster().threshold.min_signers())) {
            let available = self.ecdsa.pool.available(me, &signers);
            let rests = self.ecdsa.resting.contains_key(&signers);
            if signers.contains(&me)
                && available * 2 <= target
                && !rests
                && !self.ecdsa.is_making(me, &signers)
            {
                let _ = self.presign(&signers, target - available, entropy, now);
            }
        }
    }
}

impl Device {
    /// Takes up the pairs, if this run needs them.
    pub(super) fn start_pairs(
        &mut self,
        logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        now: Timestamp,
    ) {
        let Self { process, entropy, needs_pairs: true, ahead, .. } = self else { return };
        if let Some(membership) = process.as_mut().and_then(|process| process.membership.as_mut()) {
            membership.start_pairs(logs, *ahead, entropy, now);
        }
    }

    /// Carries out what pairs and sessions ask for, and gives requests what they wait for.
    pub(super) fn drain_ecdsa(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        self.drain_pairs(hands)?;
        self.drain_presignings(now, hands)?;
        let Self { process, entropy, .. } = self;
        if let Some(membership) = process.as_mut().and_then(|process| process.membership.as_mut()) {
            membership.feed_requests(entropy, now);
            membership.make_ahead(entropy, now);
        }
        self.drain_presignings(now, hands)?;
        if let Some(membership) = self.membership_mut() {
            membership.ecdsa.presignings.retain(|_, one| one.is_worth_keeping(now));
        }
        Ok(())
    }

    fn drain_pairs(&mut self, hands: &mut Hands<'_>) -> Step {
        let Some(membership) = self.membership() else { return Ok(()) };
        let peers: Vec<ParticipantId> = membership.ecdsa.pairs.iter().map(Pairing::peer).collect();
        for peer in peers {
            let next = |device: &mut Self| device.membership_mut()?.ecdsa.pairs.get_mut(peer)?.poll_output();
            while let Some(output) = next(self) {
                hands.watch.shows(self.index, &output);
                match output {
                    Output::Persist(mutation) => self.persist(Record::Pair { peer, mutation }, hands)?,
                    Output::Append(mutation) => self.append(&Record::Pair { peer, mutation }, hands)?,
                    Output::Send(to, envelope) => self.send(to, envelope, hands)?,
                    Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                    Output::Event(event) => self.handle_pair_event(peer, event, hands)?,
                }
            }
        }
        Ok(())
    }

    fn handle_pair_event(
        &mut self,
        peer: ParticipantId,
        event: pairing::Event,
        hands: &mut Hands<'_>,
    ) -> Step {
        let membership = self.membership_mut().expect("a member that has pairs");
        let said = match event {
            pairing::Event::Ready => membership.announcement(),
            pairing::Event::Ended => {
                membership.ecdsa.erase_with(peer);
                None
            }
            pairing::Event::Failed { .. } => None,
        };
        hands.effects.push(Effect::Told(Told::Pair(peer, event)));
        said.map_or(Ok(()), |announcement| self.send(Recipient::All, announcement, hands))
    }

    fn drain_presignings(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let Some(membership) = self.membership() else { return Ok(()) };
        let sessions: Vec<[u8; 32]> = membership.ecdsa.presignings.keys().copied().collect();
        for session in sessions {
            let next = |device: &mut Self| {
                device.membership_mut()?.ecdsa.presignings.get_mut(&session)?.poll_output()
            };
            while let Some(output) = next(self) {
                hands.watch.shows(self.index, &output);
                match output {
                    Output::Send(to, envelope) => self.send(to, envelope, hands)?,
                    Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                    Output::Event(event) => self.handle_presigning_event(&session, event, now, hands)?,
                    Output::Persist(never) | Output::Append(never) => match never {},
                }
            }
        }
        Ok(())
    }

    fn handle_presigning_event(
        &mut self,
        session: &[u8; 32],
        event: presigning::Event,
        now: Timestamp,
        hands: &mut Hands<'_>,
    ) -> Step {
        let index = self.index;
        let membership = self.membership_mut().expect("a member that presigns");
        let presigning = &membership.ecdsa.presignings[session];
        let (owner, signers) = (presigning.owner(), presigning.signers().to_vec());
        match event {
            presigning::Event::Ready(ready) => {
                let ids: Vec<[u8; 32]> = ready.iter().map(|one| *one.id().as_bytes()).collect();
                membership.ecdsa.pool.add(owner, ready);
                hands.watch.makes(index, owner, &ids);
                if let Some(liar) = &mut self.liar {
                    liar.remember_presignatures(owner, &ids);
                }
            }
            presigning::Event::Revoked(ids) => membership.ecdsa.pool.erase(&ids),
            presigning::Event::Banned(tombstones) => {
                // The tombstones are durable before this session says anything to anybody.
                hands.watch.must_ban(index, &tombstones);
                let banned = membership.ecdsa.pairs.ban(&tombstones);
                self.drain_pairs(hands)?;
                let membership = self.membership_mut().expect("a member that presigns");
                banned.into_iter().for_each(|peer| membership.ecdsa.pool.erase_with(peer));
            }
            presigning::Event::Failed(failure) => {
                if owner == membership.seat.me() {
                    let until = now.after(REST);
                    membership.give_up_waiting(&signers, &failure.to_string());
                    membership.ecdsa.resting.insert(signers, until);
                    hands.effects.push(Effect::Wake(until));
                }
                hands.effects.push(Effect::Told(Told::Presigning(failure)));
            }
        }
        Ok(())
    }
}
