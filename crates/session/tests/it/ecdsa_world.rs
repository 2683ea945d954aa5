//! Members of one group with the machines of the ECDSA key, driven message by message.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_dkls::Pair;
use quorate_primitives::{KeyPurpose, Millis, ParticipantId, Threshold, Timestamp};
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::output::Output;
use quorate_session::pairing::{self, Pairing};
use quorate_session::pool::Pool;
use quorate_session::presigning::{self, Life, Presigning, Wanted};
use quorate_session::seat::Seat;
use quorate_session::signing::{Failure, Message, Mutation, Shares, Signing, Task, TaskKey, Wants};
use quorate_testkit::group::deal;
use quorate_testkit::pairs as stored_pairs;
use quorate_threshold::KeyShare;
use quorate_threshold::derive::{Derivation, derive_public};
use quorate_threshold::engine::Recipient;

use crate::request::{OPENING, SHARE};
use crate::support::{Group, NOW, p, signed};

/// One member's machines.
pub struct Member {
    pub seat: Arc<Seat>,
    pub shares: Vec<KeyShare>,
    pub pairs: BTreeMap<ParticipantId, Pairing>,
    pub pair_logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
    pub presigning: Option<Presigning>,
    pub pool: Pool,
    pub signing: Option<Signing>,
    pub signing_log: Vec<Mutation>,
    pub events: Vec<String>,
    pub failures: Vec<presigning::Failure>,
    /// Goes into what it draws for presignatures: another life draws something else.
    pub entropy: u8,
}

pub struct World {
    pub group: Group,
    pub members: Vec<Member>,
    pub mail: VecDeque<(u16, Envelope)>,
    pub now: Timestamp,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let group = Group::new(seed, |roster| roster.purposes = vec![KeyPurpose::EcdsaSecp256k1]);
        let shares = deal(KeyPurpose::EcdsaSecp256k1, Threshold::new(2, 3).unwrap(), seed);
        let members = group.seats.iter().zip(shares).map(|(seat, share)| Member {
            seat: Arc::clone(seat),
            shares: vec![share],
            pairs: BTreeMap::new(),
            pair_logs: BTreeMap::new(),
            presigning: None,
            pool: Pool::default(),
            signing: None,
            signing_log: Vec::new(),
            events: Vec::new(),
            failures: Vec::new(),
            entropy: 0,
        });
        let members = members.collect();
        Self { group, members, mail: VecDeque::new(), now: NOW }
    }

    /// All pairs of the group are set up.
    pub fn paired(seed: u64) -> Self {
        let mut world = Self::new(seed);
        for (one, other) in [(1, 2), (1, 3), (2, 3)] {
            world.start_pair(one, other, Vec::new());
            world.start_pair(other, one, Vec::new());
        }
        world.run();
        assert!(world.members.iter().all(|m| m.pairs.values().all(|pair| pair.keys().is_some())));
        world
    }

    /// All pairs are there, from the simulator's store.
    pub fn stored(seed: u64) -> Self {
        let mut world = Self::new(seed);
        for (me, peer) in [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)] {
            world.start_pair(me, peer, stored_pairs::log(p(me), p(peer)));
        }
        world.mail.clear();
        world
    }

    pub fn member(&mut self, index: u16) -> &mut Member {
        &mut self.members[usize::from(index) - 1]
    }

    pub fn start_pair(&mut self, me: u16, peer: u16, log: Vec<pairing::Mutation>) {
        let entropy = [u8::try_from(10 * me + peer).unwrap(); 32];
        let now = self.now;
        let member = self.member(me);
        let key = member.shares[0].public.group_key.clone();
        let pair = Pairing::start(Arc::clone(&member.seat), p(peer), &key, log, &entropy, now).unwrap();
        member.pairs.insert(p(peer), pair);
        self.drain(me);
    }

    /// Restarts one side of a pair from its log.
    pub fn restart_pair(&mut self, me: u16, peer: u16) {
        let log = self.member(me).pair_logs.remove(&p(peer)).unwrap_or_default();
        let copy = || log.iter().map(|m| borsh::from_slice(&borsh::to_vec(m).unwrap()).unwrap());
        let kept = copy().collect();
        self.member(me).pair_logs.insert(p(peer), kept);
        self.start_pair(me, peer, copy().collect());
    }

    /// Lets the first two members repeat themselves for some minutes.
    pub fn settle_pairs(&mut self) {
        for _ in 0..8 {
            self.run();
            self.now = self.now.after(40_000);
            for (me, peer) in [(1, 2), (2, 1)] {
                let now = self.now;
                self.member(me).pairs.get_mut(&p(peer)).unwrap().handle_wake(now);
                self.drain(me);
            }
        }
    }

    pub fn presign(&mut self, owner: u16, signers: &[u16], batch: u16) {
        self.begin_presigning(owner, signers, batch);
        self.run();
    }

    pub fn begin_presigning(&mut self, owner: u16, signers: &[u16], batch: u16) {
        let signers: Vec<_> = signers.iter().map(|id| p(*id)).collect();
        let now = self.now;
        let member = self.member(owner);
        let generations = generations(&signers, &member.pairs);
        let pairs = keys(&signers, member.seat.me(), &member.pairs);
        let presigning = Presigning::propose(
            Arc::clone(&member.seat),
            &member.shares[0],
            Wanted { signers: &signers, batch, life: Life(NOW), message: None },
            &pairs,
            generations,
            &[member.entropy ^ u8::try_from(owner).unwrap(); 32],
            now,
        );
        member.presigning = Some(presigning.unwrap());
        self.drain(owner);
    }

    pub fn run(&mut self) {
        while let Some((to, envelope)) = self.mail.pop_front() {
            self.deliver(to, envelope);
        }
    }

    /// Delivers everything, each as `intercept` leaves it.
    pub fn run_with(&mut self, intercept: &mut dyn FnMut(&Self, u16, Envelope) -> Envelope) {
        while let Some((to, envelope)) = self.mail.pop_front() {
            let envelope = intercept(self, to, envelope);
            self.deliver(to, envelope);
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, wait: Millis) {
        self.now = self.now.after(wait);
        let now = self.now;
        for index in 1..=3 {
            let member = self.member(index);
            member.presigning.iter_mut().for_each(|one| one.handle_wake(now));
            member.signing.iter_mut().for_each(|one| one.handle_wake(now));
            member.pairs.values_mut().for_each(|pair| pair.handle_wake(now));
            self.drain(index);
        }
    }

    /// Each signer lies to the others in its share; of the openings those are delivered that are let through.
    pub fn run_with_wrong_shares(&mut self, lets_through: fn(&Envelope) -> bool) {
        while let Some((to, envelope)) = self.mail.pop_front() {
            let round = (envelope.header.protocol == Protocol::Signing).then_some(envelope.header.round);
            if round == Some(SHARE) {
                let mut shares: Shares = borsh::from_slice(&envelope.body).unwrap();
                shares.shares[1][40] ^= 1;
                let body = borsh::to_vec(&shares).unwrap();
                let forged = signed(&self.group, envelope.header.sender.get(), envelope.header, &body);
                self.deliver(to, forged);
            } else if round != Some(OPENING) || lets_through(&envelope) {
                self.deliver(to, envelope);
            }
        }
    }

    /// Hands an envelope over, if it is authentic: a courier drops what is not.
    pub fn deliver(&mut self, to: u16, envelope: Envelope) {
        let now = self.now;
        let member = self.member(to);
        if member.seat.verify(&envelope).is_err() {
            return;
        }
        match envelope.header.protocol {
            Protocol::Pairing => {
                if let Some(pair) = member.pairs.get_mut(&envelope.header.sender) {
                    pair.handle_envelope(&envelope, now);
                }
            }
            Protocol::Presigning => member.hear_presigning(envelope, to, now),
            Protocol::Signing => match &mut member.signing {
                Some(signing) => signing.handle_envelope(envelope, now),
                None => {
                    let seat = Arc::clone(&member.seat);
                    member.signing = Signing::open(seat, &member.shares, envelope, now).ok();
                }
            },
            Protocol::Keygen => {}
        }
        self.drain(to);
    }

    pub fn drain(&mut self, me: u16) {
        let now = self.now;
        let index = usize::from(me) - 1;
        let mut said = Vec::new();
        self.members[index].settle(now, &mut said);
        for (to, envelope) in said {
            let recipients: Vec<u16> = match to {
                Recipient::All => (1..=3).filter(|id| *id != me).collect(),
                Recipient::One(id) => vec![id.get()],
            };
            self.mail.extend(recipients.into_iter().map(|to| (to, envelope.clone())));
        }
    }

    pub fn ask(&mut self, proposer: u16) {
        self.begin_asking(proposer);
        self.run();
    }

    pub fn begin_asking(&mut self, proposer: u16) {
        let now = self.now;
        let member = self.member(proposer);
        let seat = Arc::clone(&member.seat);
        member.signing = Some(Signing::propose(seat, &member.shares, task(), now).unwrap());
        self.drain(proposer);
    }

    pub fn approve(&mut self, member: u16) {
        let now = self.now;
        let entropy = [100 + u8::try_from(member).unwrap(); 32];
        self.member(member).signing.as_mut().unwrap().approve(&entropy, now);
        self.drain(member);
    }

    pub fn signatures(&self, member: u16) -> Option<Vec<[u8; 64]>> {
        let signing = self.members[usize::from(member) - 1].signing.as_ref()?;
        signing.signatures().map(<[_]>::to_vec)
    }

    pub fn failure(&self, member: u16) -> Option<&Failure> {
        self.members[usize::from(member) - 1].signing.as_ref()?.failure()
    }
}

impl Member {
    fn hear_presigning(&mut self, envelope: Envelope, me: u16, now: Timestamp) {
        if self.presigning.as_ref().is_none_or(|one| *one.session() != envelope.header.session)
            && let Some((proposal, said)) = Presigning::proposal_in(&self.seat, &envelope)
        {
            let pairs = keys(&said.signers, self.seat.me(), &self.pairs);
            let (seat, share) = (Arc::clone(&self.seat), &self.shares[0]);
            let entropy = [self.entropy ^ (50 + u8::try_from(me).unwrap()); 32];
            if let Ok(opened) = Presigning::open(seat, share, proposal, &pairs, Life(NOW), &entropy, now) {
                self.presigning = Some(opened);
            }
        }
        if let Some(presigning) = &mut self.presigning {
            let pairs = keys(presigning.signers(), self.seat.me(), &self.pairs);
            presigning.handle_envelope(envelope, &pairs, now);
        }
    }

    fn settle(&mut self, now: Timestamp, said: &mut Vec<(Recipient, Envelope)>) {
        for (peer, pair) in &mut self.pairs {
            while let Some(output) = pair.poll_output() {
                match output {
                    Output::Persist(m) | Output::Append(m) => {
                        self.pair_logs.entry(*peer).or_default().push(m);
                    }
                    Output::Send(to, envelope) => said.push((to, envelope)),
                    Output::Event(event) => self.events.push(format!("{event:?}")),
                    Output::WakeAt(_) => {}
                }
            }
        }
        while let Some(output) = self.presigning.as_mut().and_then(Presigning::poll_output) {
            match output {
                Output::Send(to, envelope) => said.push((to, envelope)),
                Output::Event(presigning::Event::Ready(ready)) => {
                    self.pool.add(self.presigning.as_ref().unwrap().owner(), ready);
                }
                Output::Event(presigning::Event::Failed(failure)) => self.failures.push(failure),
                Output::Event(presigning::Event::Revoked(ids)) => self.pool.erase(&ids),
                Output::Event(presigning::Event::Banned(_)) | Output::WakeAt(_) => {}
                Output::Persist(never) | Output::Append(never) => match never {},
            }
        }
        loop {
            while let Some(output) = self.signing.as_mut().and_then(Signing::poll_output) {
                match output {
                    Output::Persist(m) | Output::Append(m) => self.signing_log.push(m),
                    Output::Send(to, envelope) => said.push((to, envelope)),
                    Output::Event(_) | Output::WakeAt(_) => {}
                }
            }
            let Some(signing) = &mut self.signing else { return };
            match signing.wants() {
                Some(Wants::Choice { signers, count, .. }) => {
                    let Some(ids) = self.pool.choose(self.seat.me(), &signers, count) else { return };
                    signing.choose(&ids, now);
                }
                Some(Wants::Presignatures { owner, signers, ids }) => {
                    match self.pool.take(owner, &signers, &ids) {
                        Some(taken) => signing.supply(taken),
                        None => signing.give_up_presignatures("not here"),
                    }
                }
                None => return,
            }
        }
    }
}

pub fn keys<'a>(
    signers: &[ParticipantId],
    me: ParticipantId,
    pairs: &'a BTreeMap<ParticipantId, Pairing>,
) -> quorate_dkls::presign::Pairs<'a> {
    let usable = |id: &ParticipantId| Some((*id, pairs.get(id)?.keys()?));
    signers.iter().filter(|id| **id != me).filter_map(usable).collect()
}

pub fn generations(signers: &[ParticipantId], pairs: &BTreeMap<ParticipantId, Pairing>) -> Vec<(Pair, u64)> {
    let of = |id: &ParticipantId| pairs.get(id)?.keys().map(|keys| (keys.pair(), keys.generation()));
    signers.iter().filter_map(of).collect()
}

pub fn task() -> Task {
    let derivation = Derivation::child(vec![60, 0]);
    Task {
        keys: vec![TaskKey { purpose: KeyPurpose::EcdsaSecp256k1, derivation }],
        chain: "test".to_owned(),
        payload: b"pay".to_vec(),
        messages: [[1; 32], [2; 32]].map(|bytes| Message { key: 0, bytes: bytes.to_vec() }).to_vec(),
        plain: false,
        policy_version: 0,
        note: String::new(),
        expires: Timestamp(NOW.0 + 30_000),
        nonce: [1; 32],
    }
}

pub fn check(world: &World, signatures: &[[u8; 64]]) {
    let public = &world.members[0].shares[0].public;
    let child = derive_public(public, &task().keys[0].derivation).unwrap();
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&child.public_key).unwrap();
    for (message, signature) in task().messages.iter().zip(signatures) {
        let signature = k256::ecdsa::Signature::from_slice(signature).unwrap();
        assert!(signature.normalize_s().is_none(), "low s");
        key.verify_prehash(&message.bytes, &signature).unwrap();
    }
    assert_eq!(signatures.len(), 2);
}
