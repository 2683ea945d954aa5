//! Pairs, presignatures and ECDSA signatures, message by message.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_dkls::presign::Presignature;
use quorate_dkls::{Offence, Pair, Tombstone};
use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Timestamp};
use quorate_session::envelope::{Envelope, Protocol};
use quorate_session::output::Output;
use quorate_session::pairing::{self, Pairing};
use quorate_session::pool::Pool;
use quorate_session::presigning::{self, Presigning};
use quorate_session::seat::Seat;
use quorate_session::signing::{
    Blame, Failure, Message, Mutation, SHARE_PATIENCE, Shares, Signing, Task, TaskKey, Wants,
};
use quorate_testkit::group::deal;
use quorate_threshold::KeyShare;
use quorate_threshold::derive::{Derivation, derive_public};
use quorate_threshold::engine::Recipient;

use crate::request::{OPENING, SHARE};
use crate::support::{Group, NOW, p, signed};

/// One member's machines.
struct Member {
    seat: Arc<Seat>,
    shares: Vec<KeyShare>,
    pairs: BTreeMap<ParticipantId, Pairing>,
    pair_logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
    presigning: Option<Presigning>,
    pool: Pool,
    signing: Option<Signing>,
    signing_log: Vec<Mutation>,
    events: Vec<String>,
    failures: Vec<presigning::Failure>,
    /// Goes into what it draws for presignatures: another life draws something else.
    entropy: u8,
}

struct World {
    group: Group,
    members: Vec<Member>,
    mail: VecDeque<(u16, Envelope)>,
    now: Timestamp,
}

impl World {
    fn new(seed: u64) -> Self {
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
    fn paired(seed: u64) -> Self {
        let mut world = Self::new(seed);
        for (one, other) in [(1, 2), (1, 3), (2, 3)] {
            world.start_pair(one, other, Vec::new());
            world.start_pair(other, one, Vec::new());
        }
        world.run();
        assert!(world.members.iter().all(|m| m.pairs.values().all(|pair| pair.keys().is_some())));
        world
    }

    fn member(&mut self, index: u16) -> &mut Member {
        &mut self.members[usize::from(index) - 1]
    }

    fn start_pair(&mut self, me: u16, peer: u16, log: Vec<pairing::Mutation>) {
        let entropy = [u8::try_from(10 * me + peer).unwrap(); 32];
        let now = self.now;
        let member = self.member(me);
        let key = member.shares[0].public.group_key.clone();
        let pair = Pairing::start(Arc::clone(&member.seat), p(peer), &key, log, &entropy, now).unwrap();
        member.pairs.insert(p(peer), pair);
        self.drain(me);
    }

    /// Restarts one side of a pair from its log.
    fn restart_pair(&mut self, me: u16, peer: u16) {
        let log = self.member(me).pair_logs.remove(&p(peer)).unwrap_or_default();
        let copy = || log.iter().map(|m| borsh::from_slice(&borsh::to_vec(m).unwrap()).unwrap());
        let kept = copy().collect();
        self.member(me).pair_logs.insert(p(peer), kept);
        self.start_pair(me, peer, copy().collect());
    }

    fn presign(&mut self, owner: u16, signers: &[u16], batch: u16) {
        let signers: Vec<_> = signers.iter().map(|id| p(*id)).collect();
        let now = self.now;
        let member = self.member(owner);
        let generations = generations(&signers, &member.pairs);
        let pairs = keys(&signers, member.seat.me(), &member.pairs);
        let presigning = Presigning::propose(
            Arc::clone(&member.seat),
            &member.shares[0],
            (&signers, batch),
            &pairs,
            generations,
            &[owner.try_into().unwrap(); 32],
            now,
        );
        member.presigning = Some(presigning.unwrap());
        self.drain(owner);
        self.run();
    }

    fn run(&mut self) {
        while let Some((to, envelope)) = self.mail.pop_front() {
            self.deliver(to, envelope);
        }
    }

    /// Each signer lies to the others in its share; of the openings those are delivered that are let through.
    fn run_with_wrong_shares(&mut self, lets_through: fn(&Envelope) -> bool) {
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

    fn deliver(&mut self, to: u16, envelope: Envelope) {
        let now = self.now;
        let member = self.member(to);
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
                    member.signing = Some(Signing::open(seat, &member.shares, envelope, now).unwrap());
                }
            },
            Protocol::Keygen => {}
        }
        self.drain(to);
    }

    fn drain(&mut self, me: u16) {
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

    fn ask(&mut self, proposer: u16) {
        let now = self.now;
        let member = self.member(proposer);
        let seat = Arc::clone(&member.seat);
        member.signing = Some(Signing::propose(seat, &member.shares, task(), now).unwrap());
        self.drain(proposer);
        self.run();
    }

    fn approve(&mut self, member: u16) {
        let now = self.now;
        let entropy = [100 + u8::try_from(member).unwrap(); 32];
        self.member(member).signing.as_mut().unwrap().approve(&entropy, now);
        self.drain(member);
    }

    fn signatures(&self, member: u16) -> Option<Vec<[u8; 64]>> {
        let signing = self.members[usize::from(member) - 1].signing.as_ref()?;
        signing.signatures().map(<[_]>::to_vec)
    }

    fn failure(&self, member: u16) -> Option<&Failure> {
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
            self.presigning = Presigning::open(seat, share, proposal, &pairs, &entropy, now).ok();
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
                Some(Wants::Choice { signers, count }) => {
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

fn keys<'a>(
    signers: &[ParticipantId],
    me: ParticipantId,
    pairs: &'a BTreeMap<ParticipantId, Pairing>,
) -> quorate_dkls::presign::Pairs<'a> {
    let usable = |id: &ParticipantId| Some((*id, pairs.get(id)?.keys()?));
    signers.iter().filter(|id| **id != me).filter_map(usable).collect()
}

fn generations(signers: &[ParticipantId], pairs: &BTreeMap<ParticipantId, Pairing>) -> Vec<(Pair, u64)> {
    let of = |id: &ParticipantId| pairs.get(id)?.keys().map(|keys| (keys.pair(), keys.generation()));
    signers.iter().filter_map(of).collect()
}

fn task() -> Task {
    let derivation = Derivation::child(vec![60, 0]);
    Task {
        keys: vec![TaskKey { purpose: KeyPurpose::EcdsaSecp256k1, derivation }],
        chain: "test".to_owned(),
        payload: b"pay".to_vec(),
        messages: [[1; 32], [2; 32]].map(|bytes| Message { key: 0, bytes: bytes.to_vec() }).to_vec(),
        policy_version: 0,
        note: String::new(),
        expires: Timestamp(NOW.0 + 30_000),
        nonce: [1; 32],
    }
}

fn check(world: &World, signatures: &[[u8; 64]]) {
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

#[test]
fn two_of_three_sign_from_the_pool_and_the_third_hears_of_it() {
    let mut world = World::paired(70);
    world.presign(1, &[1, 2], 4);
    assert_eq!(world.members[0].pool.available(p(1), &[p(1), p(2)]), 4);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    for member in 1..=3 {
        check(&world, &world.signatures(member).expect("a signature"));
    }
    assert_eq!(world.members[0].pool.len(), 2);
    assert_eq!(world.members[1].pool.len(), 2);
}

#[test]
fn a_proposer_that_approves_last_is_still_one_of_the_signers() {
    let mut world = World::paired(77);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(3);
    world.approve(2);
    world.run();
    world.approve(1);
    world.run();
    for member in 1..=3 {
        check(&world, &world.signatures(member).expect("a signature"));
    }
}

/// The share in the burn record is the only one there will ever be.
#[test]
fn c1_an_ecdsa_share_is_burned_first_and_repeated_after_a_restart() {
    let mut world = World::paired(71);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    let member = &world.members[1];
    let burned: Vec<_> = member.signing_log.iter().filter(|m| matches!(m, Mutation::Burned { .. })).collect();
    let [Mutation::Burned { share, .. }] = burned.as_slice() else { panic!("burned once") };
    let log = member.signing_log.iter().take_while(|m| !matches!(m, Mutation::Finished { .. })).cloned();
    let mut again = Signing::replay(Arc::clone(&member.seat), &member.shares, log, NOW).unwrap();
    assert!(again.wants().is_none());
    again.handle_reconnected(NOW);
    let said: Vec<Envelope> = std::iter::from_fn(|| again.poll_output())
        .filter_map(|output| if let Output::Send(_, said) = output { Some(said) } else { None })
        .filter(|envelope| envelope.header.round == SHARE)
        .collect();
    assert!(!said.is_empty() && said.iter().all(|envelope| envelope == share));
}

#[test]
fn c1_an_approver_whose_presignatures_died_with_it_withdraws() {
    let mut world = World::paired(72);
    world.presign(1, &[1, 2], 2);
    world.members[1].pool = Pool::default();
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    assert_eq!(world.failure(1), Some(&Failure::Withdrawn { by: p(2) }));
    assert!(world.signatures(1).is_none());
}

/// A share that does not fit its signer's commitments names that signer, provably; an honest one is never named.
#[test]
fn b12_a_wrong_ecdsa_share_names_its_signer() {
    let mut world = World::paired(73);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    // Both sums fail, and both open.
    world.run_with_wrong_shares(|_| true);
    for (member, liar) in [(1, 2), (2, 1)] {
        let Some(Failure::Misbehaved { culprits, blame, evidence }) = world.failure(member) else {
            panic!("nobody is blamed: {:?}", world.failure(member));
        };
        assert_eq!((culprits.as_slice(), *blame), (&[p(liar)][..], Blame::WrongShare));
        assert!(evidence.len() >= 5);
    }
}

/// Who withholds its opening is said, and not blamed.
#[test]
fn b12_an_opening_that_is_withheld_blames_nobody() {
    let mut world = World::paired(74);
    world.presign(1, &[1, 2], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run_with_wrong_shares(|opening| opening.header.sender != p(2));
    assert!(matches!(world.failure(2), Some(Failure::Misbehaved { .. })));
    assert_eq!(world.failure(1), None);
    let late = world.now.after(SHARE_PATIENCE);
    world.member(1).signing.as_mut().unwrap().handle_wake(late);
    let withheld = Failure::Unattributed { signers: vec![p(1), p(2)], missing: vec![p(2)] };
    assert_eq!(world.failure(1), Some(&withheld));
    assert!(withheld.culprits().is_empty() && withheld.to_string().contains("no opening from"));
}

#[test]
fn b17_nobody_uses_presignatures_of_another_owner_or_signer_set() {
    let mut world = World::paired(74);
    world.presign(1, &[1, 2], 2);
    let pool = &mut world.members[1].pool;
    assert!(pool.choose(p(2), &[p(1), p(2)], 1).is_none(), "not ours");
    let mine = world.members[0].pool.choose(p(1), &[p(1), p(2)], 2).unwrap();
    assert!(world.members[0].pool.choose(p(1), &[p(1), p(2)], 1).is_none(), "both are given away");
    let pool = &mut world.members[1].pool;
    assert!(pool.take(p(2), &[p(1), p(2)], &mine).is_none());
    assert!(pool.take(p(1), &[p(1), p(3)], &mine).is_none());
    assert!(pool.take(p(1), &[p(1), p(2)], &[mine[0], mine[0]]).is_none());
    let taken: Vec<Presignature> = pool.take(p(1), &[p(1), p(2)], &mine).unwrap();
    assert_eq!(taken.len(), 2);
    assert!(pool.take(p(1), &[p(1), p(2)], &mine[..1]).is_none(), "once");
}

/// The names of presignatures, and everything that is drawn for them, come from the session's id.
#[test]
fn c5_stuck_randomness_gives_no_two_sessions_one_id() {
    let mut world = World::paired(79);
    let mut sessions = Vec::new();
    for _ in 0..2 {
        world.presign(1, &[1, 2], 1);
        sessions.push(*world.members[0].presigning.as_ref().unwrap().session());
        world.now = world.now.after(1);
    }
    assert_ne!(sessions[0], sessions[1]);
    assert_eq!(world.members[0].pool.len(), 2, "two presignatures, not one twice");
}

/// Whoever restarts in the middle takes part anew and opens something else than it had committed to: the batch is
/// dropped, and it is blamed for nothing.
#[test]
fn b6_a_restart_in_the_middle_of_a_batch_is_nobodys_offence() {
    let mut world = World::paired(78);
    let signers = [p(1), p(2)];
    let now = world.now;
    let member = world.member(1);
    let generations = generations(&signers, &member.pairs);
    let pairs = keys(&signers, p(1), &member.pairs);
    let seat = Arc::clone(&member.seat);
    let begun =
        Presigning::propose(seat, &member.shares[0], (&signers, 1), &pairs, generations, &[1; 32], now);
    member.presigning = Some(begun.unwrap());
    world.drain(1);
    // The owner hears of member 2's first life, which ends before it hears anything of the owner's.
    let proposal = world.mail.front().unwrap().1.clone();
    let to_second: Vec<_> = world.mail.drain(..).collect();
    world.deliver(2, proposal);
    let of_first_life: Vec<_> = world.mail.drain(..).collect();
    world.member(2).presigning = None;
    for (to, envelope) in of_first_life {
        world.deliver(to, envelope);
    }
    world.members[1].entropy ^= 0xff;
    for (to, envelope) in to_second {
        world.deliver(to, envelope);
    }
    world.run();
    let unproven = presigning::Failure::Unproven { peer: p(2), offence: Offence::Opening };
    assert_eq!(world.members[0].failures, [unproven]);
    assert!(world.members[0].pool.is_empty() && world.members[1].pool.is_empty());
    assert!(world.members[0].pairs[&p(2)].keys().is_some(), "the pair is not banned");
}

#[test]
fn c7_of_a_thousand_claims_at_once_exactly_one_gets_the_presignature() {
    let mut world = World::paired(82);
    world.presign(1, &[1, 2], 1);
    let signers = [p(1), p(2)];
    let ids = world.members[0].pool.choose(p(1), &signers, 1).unwrap();
    let pool = std::sync::Mutex::new(core::mem::take(&mut world.members[0].pool));
    let claim = || usize::from(pool.lock().unwrap().take(p(1), &signers, &ids).is_some());
    let won: usize = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..1_000).map(|_| scope.spawn(claim)).collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
}

/// A try that is interrupted at any message leaves a pair that is set up after both have come back.
#[test]
fn c1_a_pair_survives_a_restart_of_either_side_at_every_message() {
    for restarting in [1, 2] {
        for delivered in 0..8 {
            let mut world = World::new(75);
            world.start_pair(1, 2, Vec::new());
            world.start_pair(2, 1, Vec::new());
            for _ in 0..delivered {
                if let Some((to, envelope)) = world.mail.pop_front() {
                    world.deliver(to, envelope);
                }
            }
            world.restart_pair(restarting, 3 - restarting);
            for _ in 0..8 {
                world.run();
                world.now = world.now.after(40_000);
                for (me, peer) in [(1, 2), (2, 1)] {
                    let now = world.now;
                    world.member(me).pairs.get_mut(&p(peer)).unwrap().handle_wake(now);
                    world.drain(me);
                }
            }
            let one = world.members[0].pairs[&p(2)].keys();
            let one = one
                .unwrap_or_else(|| panic!("{restarting} after {delivered}: {:?}", world.members[0].events));
            let other = world.members[1].pairs[&p(1)].keys().expect("ready");
            assert_eq!(one.statement(), other.statement(), "{restarting} after {delivered}");
            world.presign(2, &[1, 2], 1);
            assert_eq!(world.members[0].pool.len(), 1);
        }
    }
}

/// What one side made durable and the other lost can never be confirmed: they begin anew, and do not wait for ever.
#[test]
fn c1_a_pair_that_only_one_side_still_holds_is_made_anew() {
    let mut world = World::new(80);
    world.start_pair(1, 2, Vec::new());
    world.start_pair(2, 1, Vec::new());
    while world.members[0].pair_logs.is_empty() {
        let (to, envelope) = world.mail.pop_front().unwrap();
        world.deliver(to, envelope);
    }
    world.mail.clear();
    world.restart_pair(1, 2);
    world.member(2).pair_logs.clear();
    world.start_pair(2, 1, Vec::new());
    for _ in 0..8 {
        world.run();
        world.now = world.now.after(40_000);
        for (me, peer) in [(1, 2), (2, 1)] {
            let now = world.now;
            world.member(me).pairs.get_mut(&p(peer)).unwrap().handle_wake(now);
            world.drain(me);
        }
    }
    let one = world.members[0].pairs[&p(2)].keys().expect("ready");
    assert_eq!(one.statement(), world.members[1].pairs[&p(1)].keys().expect("ready").statement());
}

/// Trees answer the transfers of both: those of a second life do not fit those of the first, and nobody failed.
#[test]
fn c1_trees_of_another_life_are_not_taken_for_a_failure() {
    let mut world = World::new(81);
    world.start_pair(1, 2, Vec::new());
    world.start_pair(2, 1, Vec::new());
    // The first life of member 2 answers, and only its transfers arrive.
    let begun: Vec<_> = world.mail.drain(..).collect();
    let transfers = begun.iter().find(|(to, _)| *to == 2).unwrap().1.clone();
    world.deliver(2, transfers.clone());
    let (to, first) = world.mail.pop_front().unwrap();
    world.deliver(to, first);
    world.mail.clear();
    world.restart_pair(2, 1);
    // Another life draws something else.
    let key = world.members[1].shares[0].public.group_key.clone();
    let seat = Arc::clone(&world.members[1].seat);
    let again = Pairing::start(seat, p(1), &key, Vec::new(), &[0xee; 32], world.now).unwrap();
    world.member(2).pairs.insert(p(1), again);
    world.deliver(2, transfers);
    for _ in 0..8 {
        world.run();
        world.now = world.now.after(40_000);
        for (me, peer) in [(1, 2), (2, 1)] {
            let now = world.now;
            world.member(me).pairs.get_mut(&p(peer)).unwrap().handle_wake(now);
            world.drain(me);
        }
    }
    assert!(!world.members[0].events.iter().any(|event| event.contains("Failed")));
    assert!(world.members.iter().take(2).all(|m| m.pairs.values().all(|pair| pair.keys().is_some())));
}

/// A banned generation stays over, also after a restart, until both have acted explicitly.
#[test]
fn k10_a_banned_pair_stays_banned_over_restarts() {
    let mut world = World::paired(76);
    let tombstone = |world: &World| -> Tombstone {
        let log = &world.members[0].pair_logs[&p(2)];
        let banned = |m: &pairing::Mutation| match m {
            pairing::Mutation::Banned(tombstone) => Some(*tombstone),
            _ => None,
        };
        log.iter().find_map(banned).unwrap()
    };
    let made: quorate_dkls::pair::PairKeys = {
        let keys = world.members[0].pairs[&p(2)].keys().unwrap();
        quorate_dkls::pair::PairKeys::from_secret_bytes(&keys.to_secret_bytes()).unwrap()
    };
    let mark = made.ban();
    world.member(1).pairs.get_mut(&p(2)).unwrap().ban(mark);
    world.drain(1);
    assert_eq!(tombstone(&world), mark);
    world.restart_pair(1, 2);
    assert!(world.members[0].pairs[&p(2)].is_banned());
    // The peer wants a new one: not without this device's person.
    let now = world.now.after(60_000);
    world.now = now;
    world.member(2).pairs.get_mut(&p(1)).unwrap().renew(now);
    world.drain(2);
    world.run();
    assert!(world.members[0].pairs[&p(2)].is_banned());
    world.member(1).pairs.get_mut(&p(2)).unwrap().renew(now);
    world.drain(1);
    world.run();
    let keys = world.members[0].pairs[&p(2)].keys().expect("a new generation");
    assert!(keys.generation() > mark.generation());
    assert!(world.members[1].pairs[&p(1)].keys().is_some());
}

/// A member that withdraws before anything was signed costs nothing: another who approved signs instead.
#[test]
fn a_member_that_withdraws_is_passed_over() {
    let mut world = World::paired(78);
    world.presign(1, &[1, 3], 2);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    // There are no presignatures with member 2 yet: the proposer waits.
    assert!(matches!(world.members[0].signing.as_ref().unwrap().wants(), Some(Wants::Choice { .. })));
    world.approve(3);
    world.run();
    let now = world.now;
    world.member(1).signing.as_mut().unwrap().pass_over(&[p(2)], now);
    world.drain(1);
    world.run();
    for member in [1, 3] {
        check(&world, &world.signatures(member).expect("a signature"));
    }
}

#[test]
fn s6_a_request_ends_when_too_few_are_left() {
    let mut world = World::paired(79);
    world.ask(1);
    world.approve(1);
    world.approve(2);
    world.run();
    let now = world.now;
    let signing = world.member(1).signing.as_mut().unwrap();
    signing.pass_over(&[p(2), p(3)], now);
    assert!(matches!(signing.failure(), Some(Failure::NoPresignatures { .. })));
}

/// What a proposal says has one spelling: another order of the generations is not another session of the same name.
#[test]
fn b17_a_proposal_has_one_spelling() {
    let mut world = World::paired(80);
    world.presign(1, &[1, 2], 1);
    let seat = Arc::clone(world.group.seat(1));
    let pair = Pair::new(p(1), p(2)).unwrap();
    let read = |generations: Vec<(Pair, u64)>| {
        let signers = vec![p(1), p(2)];
        let proposal = presigning::Proposal { signers, batch: 1, counter: 7, generations };
        let body = borsh::to_vec(&proposal).unwrap();
        let session = quorate_primitives::Transcript::new("presigning")
            .field("roster", seat.roster_hash())
            .number("epoch", 0)
            .number("owner", 1)
            .field("proposal", &body)
            .finish();
        let envelope = seat.say(Protocol::Presigning, session, (0, 0), None, body);
        Presigning::proposal_in(world.group.seat(2), &envelope).is_some()
    };
    assert!(read(vec![(pair, 0)]));
    assert!(!read(vec![(pair, 0), (pair, 0)]), "repeated");
}

/// Two batches under one name are two halves that do not fit: neither is kept.
#[test]
fn b17_a_second_batch_of_one_name_erases_both() {
    let mut one = World::paired(81);
    one.presign(1, &[1, 2], 1);
    let mut other = World::paired(81);
    other.presign(1, &[1, 2], 1);
    let ids = other.members[0].pool.choose(p(1), &[p(1), p(2)], 1).unwrap();
    let again = other.members[0].pool.take(p(1), &[p(1), p(2)], &ids).unwrap();
    let pool = &mut one.members[0].pool;
    assert_eq!(pool.len(), 1);
    pool.add(p(1), again);
    assert!(pool.is_empty());
}
