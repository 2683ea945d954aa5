//! Ours: t signers of a key of n, all in one thread, messages encoded by the sender and decoded by the receiver.

mod ceremony;

use std::collections::BTreeMap;
use std::sync::Arc;

use measured_rows::{Patience, Phase, Row, Run, measure};
use quorate_dkls::Pair;
use quorate_dkls::pair::{PairContext, PairKeys, Transfers, Trees};
use quorate_dkls::presign::{
    self, Commitment, Confirmation, Extension, Messages, Multiplication, Opening, Pairs, Presignature,
    SigningGroup, Terms,
};
use quorate_dkls::sign::{OnlineShare, Statement, TweakedKey};
use quorate_primitives::ParticipantId;
use quorate_threshold::KeyShare;
use rand_core::OsRng;

/// The implementation that the others are compared with.
pub const OURS: &str = "quorate";

/// The same, with presignatures made many at once.
pub const BATCHED: &str = "quorate, 16 at once";

/// The same, with the acceptance of a signature by the C library.
pub const WITH_C: &str = "quorate, libsecp256k1";

pub fn rows(threshold: (usize, usize), patience: Patience) -> Vec<Row> {
    let (set_up, mut group) = measure(OURS, threshold, Phase::SetUp, patience, || Group::set_up(threshold));
    let (offline, _) = measure(OURS, threshold, Phase::Offline, patience, || group.presign(1));
    let (mut batched, _) = measure(BATCHED, threshold, Phase::Offline, patience, || group.presign(16));
    batched.micros /= 16.0;
    batched.bytes = batched.bytes.map(|bytes| bytes / 16.0);
    vec![set_up, offline, batched, group.online_row(OURS, patience)]
}

/// The online step alone, under another name.
pub fn online_row(name: &str, threshold: (usize, usize), patience: Patience) -> Row {
    Group::set_up(threshold).0.online_row(name, patience)
}

struct Group {
    threshold: (usize, usize),
    signers: Vec<Arc<SigningGroup>>,
    pairs: Vec<BTreeMap<ParticipantId, PairKeys>>,
    key: TweakedKey,
    counter: u64,
    pools: Vec<Vec<Presignature>>,
}

impl Group {
    fn set_up(threshold: (usize, usize)) -> (Self, Run) {
        let (t, n) = threshold;
        let mut run = Run::new(n);
        let keys: Vec<KeyShare> = ceremony::run(threshold, &mut run);
        let mut pairs: Vec<BTreeMap<_, _>> = keys.iter().map(|_| BTreeMap::new()).collect();
        for one in 0..n {
            for other in one + 1..n {
                let [a, b] = pair_up([one, other], [&keys[one], &keys[other]], &mut run);
                pairs[one].insert(keys[other].participant, a);
                pairs[other].insert(keys[one].participant, b);
            }
        }
        pairs.truncate(t);
        let ids: Vec<ParticipantId> = keys.iter().take(t).map(|key| key.participant).collect();
        for pairs in &mut pairs {
            pairs.retain(|id, _| ids.contains(id));
        }
        let signers = keys.iter().take(t).map(|key| Arc::new(SigningGroup::new(key, &ids).expect("a key")));
        let key = TweakedKey::new(&keys[0].public, &[1; 32]).expect("a tweak");
        let pools = ids.iter().map(|_| Vec::new()).collect();
        (Self { threshold, signers: signers.collect(), pairs, key, counter: 0, pools }, run)
    }

    fn online_row(&mut self, name: &str, patience: Patience) -> Row {
        measure(name, self.threshold, Phase::Online, patience, || ((), self.online())).0
    }

    fn ids(&self) -> Vec<ParticipantId> {
        self.signers[0].signers().collect()
    }

    fn terms(&mut self, batch: u16) -> Terms {
        let ids = self.ids();
        let all = ids.iter().flat_map(|one| ids.iter().filter_map(|two| Pair::new(*one, *two)));
        let generations = all.map(|pair| (pair, 1)).collect();
        self.counter += 1;
        Terms { wallet: [0; 32], epoch: 1, owner: ids[0], counter: self.counter, generations, batch }
    }

    /// Makes a batch of presignatures.
    fn presign(&mut self, batch: u16) -> ((), Run) {
        let (terms, ids) = (self.terms(batch), self.ids());
        let mut run = Run::new(ids.len());
        let pairs: Vec<Pairs<'_>> =
            self.pairs.iter().map(|pairs| pairs.iter().map(|(id, keys)| (*id, keys)).collect()).collect();
        let mut post = Post::new(&ids);
        let mut rounds = Vec::new();
        for (at, pairs) in pairs.iter().enumerate() {
            let (round, all, each) = run.timed(at, || {
                let terms = terms.clone();
                let (round, all, each) =
                    presign::begin(&self.signers[at], terms, pairs, &mut OsRng).expect("round 1");
                (round, all.to_bytes(), encoded(each, |one| one.to_bytes()))
            });
            post.send(&mut run, at, &all, each);
            rounds.push(round);
        }
        let mut next = Post::new(&ids);
        let mut rounds_2 = Vec::new();
        for (at, round) in rounds.into_iter().enumerate() {
            let inbox = post.of(at);
            let (round, all, each) = run.timed(at, || {
                let read = |all: &[u8], one: &[u8]| {
                    (
                        Commitment::from_bytes(all).expect("bytes"),
                        Extension::from_bytes(one, batch).expect("bytes"),
                    )
                };
                let (round, all, each) =
                    round.finish(&decoded(&inbox, read), &pairs[at], &mut OsRng).expect("round 2");
                (round, all.to_bytes(), encoded(each, |one| one.to_bytes()))
            });
            next.send(&mut run, at, &all, each);
            rounds_2.push(round);
        }
        let mut last = Post::new(&ids);
        let mut rounds_3 = Vec::new();
        for (at, round) in rounds_2.into_iter().enumerate() {
            let inbox = next.of(at);
            let (round, all) = run.timed(at, || {
                let read = |all: &[u8], one: &[u8]| {
                    let opening = Opening::from_bytes(all, batch).expect("bytes");
                    (opening, Multiplication::from_bytes(one, batch).expect("bytes"))
                };
                let (round, all) = round.finish(&decoded(&inbox, read), &mut OsRng).expect("round 3");
                (round, all.to_bytes())
            });
            last.send(&mut run, at, &all, BTreeMap::new());
            rounds_3.push(round);
        }
        for (at, round) in rounds_3.into_iter().enumerate() {
            let inbox = last.of(at);
            self.pools[at] = run.timed(at, || {
                let read = |all: &[u8], _: &[u8]| Confirmation::from_bytes(all, batch).expect("bytes");
                round.finish(&decoded(&inbox, read)).expect("presignatures")
            });
        }
        ((), run)
    }

    /// Signs: every signer makes its share and puts the signature together.
    fn online(&mut self) -> Run {
        if self.pools[0].is_empty() {
            self.presign(16);
        }
        let ids = self.ids();
        let mut run = Run::new(ids.len());
        let mut post = Post::new(&ids);
        let mut made = Vec::new();
        for (at, pool) in self.pools.iter_mut().enumerate() {
            let presignature = pool.pop().expect("a presignature");
            let statement = Statement {
                key: self.key.clone(),
                digest: [7; 32],
                presignature: presignature.id(),
                signers: ids.clone(),
                epoch: 1,
                entropy: [8; 32],
            };
            let (share, signing, bytes) = run.timed(at, || {
                let (share, signing) = presignature.sign(&statement).expect("a share");
                let bytes = share.to_bytes();
                (share, signing, bytes)
            });
            post.send(&mut run, at, &bytes, BTreeMap::new());
            made.push((share, signing));
        }
        for (at, (own, signing)) in made.into_iter().enumerate() {
            let inbox = post.of(at);
            run.timed(at, || {
                let mut shares = decoded(&inbox, |all, _| OnlineShare::from_bytes(all).expect("bytes"));
                shares.insert(ids[at], own);
                signing.plan().combine(&shares).expect("a signature")
            });
        }
        run
    }
}

/// What is on its way: from each signer something for all, and something for each.
struct Post {
    ids: Vec<ParticipantId>,
    sent: Vec<(Vec<u8>, Messages<Vec<u8>>)>,
}

impl Post {
    fn new(ids: &[ParticipantId]) -> Self {
        Self { ids: ids.to_vec(), sent: Vec::new() }
    }

    /// A message for all counts once for every recipient.
    fn send(&mut self, run: &mut Run, at: usize, all: &[u8], each: Messages<Vec<u8>>) {
        let to_each: usize = each.values().map(Vec::len).sum();
        run.sends(at, all.len() * (self.ids.len() - 1) + to_each);
        self.sent.push((all.to_vec(), each));
    }

    /// What somebody receives.
    fn of(&self, at: usize) -> Messages<(Vec<u8>, Vec<u8>)> {
        let me = self.ids[at];
        let others = self.ids.iter().zip(&self.sent).filter(|(id, _)| **id != me);
        others
            .map(|(id, (all, each))| (*id, (all.clone(), each.get(&me).cloned().unwrap_or_default())))
            .collect()
    }
}

fn encoded<M>(messages: Messages<M>, encode: impl Fn(M) -> Vec<u8>) -> Messages<Vec<u8>> {
    messages.into_iter().map(|(id, message)| (id, encode(message))).collect()
}

fn decoded<M>(inbox: &Messages<(Vec<u8>, Vec<u8>)>, read: impl Fn(&[u8], &[u8]) -> M) -> Messages<M> {
    inbox.iter().map(|(id, (all, one))| (*id, read(all, one))).collect()
}

/// Sets up one pair, in both directions.
fn pair_up(at: [usize; 2], keys: [&KeyShare; 2], run: &mut Run) -> [PairKeys; 2] {
    let [me, peer] = [keys[0].participant, keys[1].participant];
    let contexts =
        [(me, peer), (peer, me)].map(|(me, peer)| PairContext { session: [0; 32], me, peer, generation: 1 });
    let [flight_1, flight_2] = [0, 1].map(|side: usize| {
        let context = contexts[side];
        let (round, bytes) = run.timed(at[side], || {
            let (round, sent) = context.begin(None, b"device", &mut OsRng).expect("flight 1");
            (round, sent.to_bytes())
        });
        run.sends(at[side], bytes.len());
        (round, bytes)
    });
    let mut answer = |side: usize, round: quorate_dkls::pair::AwaitingTransfers, sent: &[u8]| {
        let (round, bytes) = run.timed(at[side], || {
            let transfers = Transfers::from_bytes(sent).expect("bytes");
            let (round, trees) = round.finish(&transfers, b"device", &mut OsRng).expect("flight 2");
            (round, trees.to_bytes())
        });
        run.sends(at[side], bytes.len());
        (round, bytes)
    };
    let ((round_1, sent_1), (round_2, sent_2)) = (flight_1, flight_2);
    let (round_1, trees_1) = answer(0, round_1, &sent_2);
    let (round_2, trees_2) = answer(1, round_2, &sent_1);
    let read = |sent: &[u8]| Trees::from_bytes(sent).expect("bytes");
    let keys_1 = run.timed(at[0], || round_1.finish(&read(&trees_2)).expect("keys"));
    let keys_2 = run.timed(at[1], || round_2.finish(&read(&trees_1)).expect("keys"));
    for side in at {
        run.sends(side, keys_1.statement().len());
    }
    let statements = [*keys_1.statement(), *keys_2.statement()];
    let [said_1, said_2] = statements;
    [keys_1.confirm(&said_2).expect("equal"), keys_2.confirm(&said_1).expect("equal")]
}
