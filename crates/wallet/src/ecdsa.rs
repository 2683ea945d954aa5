//! What the ECDSA key needs beside its share: a pair with every other member, and presignatures.
//!
//! Pairs are set up once the keys are certified. Presignatures are made when a request needs them, and ahead of that
//! on a device that stays, for every signer set whose members are online. They are in memory only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::output::Output;
use quorate_session::pairing::{self, Pairing, Pairings};
use quorate_session::pool::Pool;
use quorate_session::presigning::{self, Life, Lives, Presigning, Word};
use quorate_session::signing::Wants;
use quorate_threshold::KeyShare;
use quorate_threshold::engine::Recipient;
use quorate_transport::MemberKey;
use rand_core::{CryptoRng, RngCore};

use crate::device::{Context, Effect};
use crate::records::Record;
use crate::view::View;
use crate::wallet::{Keys, Stage, Wallet};

/// How many presignatures one session makes ahead at most.
const MAX_BATCH_AHEAD: usize = 16;

/// For how many signer sets presignatures are made ahead.
const MAX_SETS_AHEAD: usize = 16;

/// How many sessions of one other member may be open.
const MAX_OPEN_OF_ANOTHER: usize = 4;

/// How many sessions of one owner are remembered; then no more are taken up before a restart.
const MAX_SEEN: usize = 1 << 17;

/// So many signatures in a row that nobody can be blamed for stop a signer set.
const MAX_MALFORMED: u8 = 3;

/// For how long, in milliseconds.
const LONG_REST: u64 = 3_600_000;

/// How long nothing is made ahead after a device came back, in milliseconds.
const QUIET: u64 = 3_000;

/// How long a signer set rests after a failure, in milliseconds.
const REST: u64 = 30_000;

/// Pairs, sessions and the pool of one wallet.
#[derive(Default)]
pub(crate) struct Ecdsa {
    pub(crate) pairs: Pairings,
    presignings: BTreeMap<[u8; 32], Presigning>,
    pool: Pool,
    lives: Lives,
    online: BTreeSet<ParticipantId>,
    /// Signer sets that are not asked again before a time.
    resting: BTreeMap<Vec<ParticipantId>, Timestamp>,
    /// Every session that this process took part in, by owner: none runs twice.
    seen: BTreeMap<ParticipantId, BTreeSet<[u8; 32]>>,
    /// Nothing is made ahead before this: somebody has just come back, and what it came for goes first.
    quiet_until: Timestamp,
    /// How often in a row a signer set's signature failed with nobody to blame.
    malformed: BTreeMap<Vec<ParticipantId>, u8>,
}

impl Ecdsa {
    /// Returns how many presignatures are held.
    pub(crate) fn held(&self) -> usize {
        self.pool.len()
    }

    /// Returns whether a session of this owner and these signers is at work.
    fn is_making(&self, owner: ParticipantId, signers: &[ParticipantId]) -> bool {
        let fits = |one: &&Presigning| one.is_open() && one.owner() == owner && one.signers() == signers;
        self.presignings.values().any(|one| fits(&one))
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
}

fn ecdsa_share(keys: &Keys) -> Option<&KeyShare> {
    keys.shares.iter().find(|share| share.public.purpose == KeyPurpose::EcdsaSecp256k1)
}

impl Wallet {
    /// Takes up the pairs with all other members, from their logs.
    pub(crate) fn start_pairs<R: RngCore + CryptoRng>(
        &mut self,
        mut logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        context: &mut Context<R>,
    ) {
        let Stage::Ready(keys) = &self.stage else { return };
        let Some(share) = ecdsa_share(keys) else { return };
        for (peer, _) in self.seat.others() {
            let log = logs.remove(&peer).unwrap_or_default();
            let (seat, key) = (Arc::clone(&self.seat), &share.public.group_key);
            let started = Pairing::start(seat, peer, key, log, &context.entropy(), context.now);
            // A log that can not be replayed costs this pair, not the device.
            if let Ok(pairing) = started {
                self.ecdsa.pairs.add(pairing);
            }
        }
    }

    /// Makes the pair with a member anew: a person asked for it.
    pub(crate) fn renew_pair(&mut self, peer: ParticipantId, now: Timestamp) -> bool {
        let pairing = self.ecdsa.pairs.get_mut(peer);
        pairing.map(|pairing| pairing.renew(now)).is_some()
    }

    /// Returns the records of all pairs.
    pub(crate) fn pair_records(&self) -> Vec<Record> {
        let wallet = self.id();
        let of_pair = |pairing: &Pairing| {
            let peer = pairing.peer();
            let records = pairing.snapshot().into_iter();
            records.map(move |mutation| Record::Pair { wallet, peer, mutation }).collect::<Vec<_>>()
        };
        self.ecdsa.pairs.iter().flat_map(of_pair).collect()
    }

    /// The relay says who is there.
    pub(crate) fn hear_who_is_online(&mut self, members: &[MemberKey], is_all: bool) {
        if is_all {
            self.ecdsa.online.clear();
        }
        let known = members.iter().filter_map(|key| self.seat.roster().by_relay_key(key));
        self.ecdsa.online.extend(known);
    }

    /// The relay says who has gone.
    pub(crate) fn hear_who_left(&mut self, member: MemberKey) {
        if let Some(id) = self.seat.roster().by_relay_key(&member) {
            self.ecdsa.online.remove(&id);
        }
    }

    /// This device is back in the room.
    pub(crate) fn reconnect_ecdsa<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let now = context.now;
        self.ecdsa.pairs.iter_mut().for_each(|pairing| pairing.handle_reconnected(now));
        self.announce_pairs(context);
        let life = self.ecdsa.lives.begin(now);
        // Whether this process is new or the relay is: nobody can be sure what others still hold.
        if self.ecdsa.pairs.ready().1 > 0 {
            self.be_quiet(context);
            self.ecdsa.pool = Pool::default();
            self.ecdsa.presignings.clear();
            self.send(Recipient::All, &presigning::reset(&self.seat, life), context);
        }
    }

    pub(crate) fn wake_ecdsa(&mut self, now: Timestamp) {
        self.ecdsa.pairs.iter_mut().for_each(|pairing| pairing.handle_wake(now));
        self.ecdsa.presignings.values_mut().for_each(|one| one.handle_wake(now));
        self.ecdsa.resting.retain(|_, until| *until > now);
    }

    /// Two signers know their only pair; more need to know each other's.
    fn announce_pairs<R: RngCore + CryptoRng>(&self, context: &mut Context<R>) {
        if self.seat.roster().threshold.min_signers() > 2 && self.ecdsa.pairs.ready().0 > 0 {
            self.send(Recipient::All, &self.ecdsa.pairs.announcement(&self.seat), context);
        }
    }

    pub(crate) fn handle_pairing(&mut self, envelope: &Envelope, now: Timestamp) {
        if !self.ecdsa.pairs.handle_announcement(&self.seat, envelope)
            && let Some(pairing) = self.ecdsa.pairs.get_mut(envelope.header.sender)
        {
            pairing.handle_envelope(envelope, now);
        }
    }

    pub(crate) fn handle_presigning<R: RngCore + CryptoRng>(
        &mut self,
        envelope: Envelope,
        context: &mut Context<R>,
    ) {
        match self.ecdsa.lives.hear(&self.seat, &envelope) {
            Word::Known => {}
            Word::Anew(life) => self.ecdsa.erase_before(envelope.header.sender, life),
            Word::Stale => return,
        }
        if presigning::is_reset(&self.seat, &envelope) {
            return self.be_quiet(context);
        }
        let id = envelope.header.session;
        if !self.ecdsa.presignings.contains_key(&id) {
            self.open_presigning(&envelope, context);
        }
        let Ecdsa { pairs, presignings, .. } = &mut self.ecdsa;
        let Some(presigning) = presignings.get_mut(&id) else { return };
        if let Some(keys) = pairs.keys(self.seat.me(), presigning.signers()) {
            presigning.handle_envelope(envelope, &keys, context.now);
        }
    }

    /// Takes part in another member's session, if it asks for no more than it may have.
    fn open_presigning<R: RngCore + CryptoRng>(&mut self, envelope: &Envelope, context: &mut Context<R>) {
        let Stage::Ready(keys) = &self.stage else { return };
        let Some(share) = ecdsa_share(keys) else { return };
        let Some((proposal, said)) = Presigning::proposal_in(&self.seat, envelope) else { return };
        let owner = proposal.header.sender;
        if owner == self.seat.me() {
            // It was ours and is gone: what it had said can not be said again.
            return;
        }
        let burdens = self.ecdsa.presignings.values().filter(|one| one.is_burden() && one.owner() == owner);
        let too_many = burdens.count() >= MAX_OPEN_OF_ANOTHER;
        let is_over = self.ecdsa.lives.is_over(owner, said.life);
        if is_over || too_many || usize::from(said.batch) > self.ecdsa.pool.free(owner) {
            return;
        }
        let Some(pairs) = self.ecdsa.pairs.keys(self.seat.me(), &said.signers) else { return };
        let (seat, life, entropy) = (Arc::clone(&self.seat), self.ecdsa.lives.own(), context.entropy());
        let seen = self.ecdsa.seen.entry(owner).or_default();
        if seen.len() >= MAX_SEEN || !seen.insert(proposal.header.session) {
            return;
        }
        // A session that does not fit what this device knows ends by itself, and is nobody's fault.
        if let Ok(opened) = Presigning::open(seat, share, proposal, &pairs, life, &entropy, context.now) {
            self.ecdsa.presignings.insert(*opened.session(), opened);
        }
    }

    /// Begins a session of this device's own. `None` if a pair is not ready.
    fn presign<R: RngCore + CryptoRng>(
        &mut self,
        signers: &[ParticipantId],
        batch: usize,
        context: &mut Context<R>,
    ) -> Option<()> {
        let Stage::Ready(keys) = &self.stage else { return None };
        let share = ecdsa_share(keys)?;
        let pairs = self.ecdsa.pairs.keys(self.seat.me(), signers)?;
        let generations = self.ecdsa.pairs.generations(signers)?;
        let batch = u16::try_from(batch).ok()?;
        let (seat, entropy) = (Arc::clone(&self.seat), context.entropy());
        let wanted = (signers, batch, self.ecdsa.lives.own());
        let begun = Presigning::propose(seat, share, wanted, &pairs, generations, &entropy, context.now);
        let presigning = begun.ok()?;
        self.ecdsa.presignings.insert(*presigning.session(), presigning);
        Some(())
    }

    /// Carries out what pairs and sessions put out, gives requests what they wait for, and makes presignatures ahead.
    pub(crate) fn settle_ecdsa<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        self.settle_pairs(context);
        self.settle_presignings(context);
        self.feed_requests(context);
        self.make_ahead(context);
        self.settle_presignings(context);
        self.ecdsa.presignings.retain(|_, one| one.is_worth_keeping(context.now));
    }

    fn settle_pairs<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let peers: Vec<ParticipantId> = self.ecdsa.pairs.iter().map(Pairing::peer).collect();
        for peer in peers {
            while let Some(output) = self.ecdsa.pairs.get_mut(peer).and_then(Pairing::poll_output) {
                let wallet = self.id();
                match output {
                    Output::Persist(mutation) => context.persist(&Record::Pair { wallet, peer, mutation }),
                    Output::Append(mutation) => context.append(&Record::Pair { wallet, peer, mutation }),
                    Output::Send(to, envelope) => self.send(to, &envelope, context),
                    Output::WakeAt(at) => context.push(Effect::WakeAt(at)),
                    Output::Event(event) => self.handle_pair_event(peer, event, context),
                }
            }
        }
    }

    fn handle_pair_event<R: RngCore + CryptoRng>(
        &mut self,
        peer: ParticipantId,
        event: pairing::Event,
        context: &mut Context<R>,
    ) {
        let wallet = self.name().to_owned();
        match event {
            pairing::Event::Ready => {
                let (ready, of) = self.ecdsa.pairs.ready();
                context.view(View::Pairs { wallet, ready, of });
                self.announce_pairs(context);
            }
            pairing::Event::Ended => self.ecdsa.erase_with(peer),
            pairing::Event::Failed { reason } => {
                let member = self.member_name(peer);
                context.view(View::PairFailed { wallet, member, reason });
            }
        }
    }

    fn settle_presignings<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let ids: Vec<[u8; 32]> = self.ecdsa.presignings.keys().copied().collect();
        for id in ids {
            while let Some(output) = self.ecdsa.presignings.get_mut(&id).and_then(Presigning::poll_output) {
                match output {
                    Output::Send(to, envelope) => self.send(to, &envelope, context),
                    Output::WakeAt(at) => context.push(Effect::WakeAt(at)),
                    Output::Event(event) => self.handle_presigning_event(&id, event, context),
                    Output::Persist(never) | Output::Append(never) => match never {},
                }
            }
        }
    }

    fn handle_presigning_event<R: RngCore + CryptoRng>(
        &mut self,
        id: &[u8; 32],
        event: presigning::Event,
        context: &mut Context<R>,
    ) {
        let Some(presigning) = self.ecdsa.presignings.get(id) else { return };
        let (owner, signers) = (presigning.owner(), presigning.signers().to_vec());
        match event {
            presigning::Event::Ready(ready) => {
                self.ecdsa.pool.add(owner, ready);
                let view = View::Presignatures { wallet: self.name().to_owned(), held: self.ecdsa.held() };
                context.view(view);
            }
            presigning::Event::Revoked(ids) => self.ecdsa.pool.erase(&ids),
            presigning::Event::Banned(tombstones) => {
                // The tombstones are durable before this session says anything to anybody.
                let banned = self.ecdsa.pairs.ban(&tombstones);
                self.settle_pairs(context);
                banned.into_iter().for_each(|peer| self.ecdsa.pool.erase_with(peer));
                // The erased secrets are still in the old log.
                context.compact = true;
            }
            presigning::Event::Failed(failure) if owner == self.seat.me() => {
                let until = context.now.after(REST);
                self.try_others(&signers, &failure, context.now);
                self.ecdsa.resting.insert(signers, until);
                context.push(Effect::WakeAt(until));
            }
            presigning::Event::Failed(_) => {}
        }
    }

    /// Requests that wait for presignatures of these signers are signed by others, if there are any.
    fn try_others(&mut self, signers: &[ParticipantId], failure: &presigning::Failure, now: Timestamp) {
        let with = failure.with(self.seat.me());
        for session in self.sessions.values_mut() {
            let waits =
                matches!(session.signing.wants(), Some(Wants::Choice { signers: s, .. }) if s == signers);
            match (waits, with.is_empty()) {
                (true, false) => session.signing.pass_over(&with, now),
                (true, true) => session.signing.give_up_presignatures(&failure.to_string()),
                (false, _) => {}
            }
        }
    }

    /// A signature failed and nobody can be blamed: what was made along with its presignatures goes, and after some in a
    /// row the signer set rests for long.
    pub(crate) fn hear_of_malformed(
        &mut self,
        owner: ParticipantId,
        signers: &[ParticipantId],
        now: Timestamp,
    ) {
        self.ecdsa.pool.erase_set(owner, signers);
        let count = self.ecdsa.malformed.entry(signers.to_vec()).or_default();
        *count = count.saturating_add(1);
        let rest = if *count >= MAX_MALFORMED { LONG_REST } else { REST };
        self.ecdsa.resting.insert(signers.to_vec(), now.after(rest));
    }

    /// Gives requests the presignatures that they wait for, or makes some.
    fn feed_requests<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let waiting = self.sessions.iter().filter(|(_, session)| session.signing.wants().is_some());
        let waiting: Vec<[u8; 32]> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            // The choice of a device that signs too is followed by its own supply.
            for _ in 0..2 {
                match self.sessions.get(&id).and_then(|session| session.signing.wants()) {
                    Some(Wants::Choice { signers, count }) => self.choose(&id, &signers, count, context),
                    Some(Wants::Presignatures { owner, signers, ids }) => {
                        let taken = self.ecdsa.pool.take(owner, &signers, &ids);
                        let is_coming = self.ecdsa.is_making(owner, &signers);
                        let Some(session) = self.sessions.get_mut(&id) else { continue };
                        match taken {
                            Some(taken) => session.signing.supply(taken),
                            None if is_coming => {}
                            None => session.signing.give_up_presignatures("not here"),
                        }
                    }
                    None => {}
                }
            }
        }
    }

    fn choose<R: RngCore + CryptoRng>(
        &mut self,
        id: &[u8; 32],
        signers: &[ParticipantId],
        count: usize,
        context: &mut Context<R>,
    ) {
        let me = self.seat.me();
        if let Some(ids) = self.ecdsa.pool.choose(me, signers, count) {
            if let Some(session) = self.sessions.get_mut(id) {
                session.signing.choose(&ids, context.now);
            }
            return;
        }
        let malformed = self.ecdsa.malformed.get(signers).is_some_and(|count| *count >= MAX_MALFORMED);
        let others: Vec<ParticipantId> = signers.iter().copied().filter(|id| *id != me).collect();
        let unable = match self.ecdsa.pairs.hopeless(signers) {
            Some(peer) => vec![peer],
            None if malformed && self.ecdsa.resting.contains_key(signers) => others,
            None => Vec::new(),
        };
        if !unable.is_empty() {
            if let Some(session) = self.sessions.get_mut(id) {
                session.signing.pass_over(&unable, context.now);
            }
        } else if !self.ecdsa.is_making(me, signers) {
            // A pair that is not ready yet will be; the request waits for it until its deadline.
            let missing = count.saturating_sub(self.ecdsa.pool.available(me, signers));
            let _ = self.presign(signers, missing, context);
        }
    }

    fn be_quiet<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        self.ecdsa.quiet_until = context.now.after(QUIET);
        context.push(Effect::WakeAt(self.ecdsa.quiet_until));
    }

    /// Fills the pool of every signer set whose members are online.
    fn make_ahead<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let target = context.presignatures_ahead;
        if target == 0 || context.now < self.ecdsa.quiet_until {
            return;
        }
        let me = self.seat.me();
        for signers in self.signer_sets() {
            let available = self.ecdsa.pool.available(me, &signers);
            let rests = self.ecdsa.resting.contains_key(&signers);
            if available * 2 > target || rests || self.ecdsa.is_making(me, &signers) {
                continue;
            }
            let _ = self.presign(&signers, (target - available).min(MAX_BATCH_AHEAD), context);
        }
    }

    /// Returns signer sets with this device whose other members are online and paired with it.
    fn signer_sets(&self) -> Vec<Vec<ParticipantId>> {
        let me = self.seat.me();
        let ready = self.ecdsa.pairs.iter().filter(|pair| pair.keys().is_some()).map(Pairing::peer);
        let peers: Vec<ParticipantId> = ready.filter(|peer| self.ecdsa.online.contains(peer)).collect();
        let others = usize::from(self.seat.roster().threshold.min_signers()).saturating_sub(1);
        let mut sets = vec![Vec::new()];
        for peer in peers {
            let longer: Vec<Vec<ParticipantId>> = sets
                .iter()
                .filter(|set| set.len() < others)
                .map(|set| set.iter().copied().chain([peer]).collect())
                .collect();
            sets.extend(longer);
            sets.truncate(64);
        }
        let whole = sets.into_iter().filter(|set| set.len() == others);
        let with_me = whole.map(|mut set: Vec<ParticipantId>| {
            set.push(me);
            set.sort_unstable();
            set
        });
        with_me.take(MAX_SETS_AHEAD).collect()
    }
}
