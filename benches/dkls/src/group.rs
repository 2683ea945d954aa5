//! Two signers of a 2-of-3 key in one process; the time counted is the first one's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quorate_dkls::Pair;
use quorate_dkls::pair::{PairContext, PairKeys, Transfers, Trees};
use quorate_dkls::presign::{
    self, Commitment, Confirmation, Extension, Multiplication, Opening, Presignature, SigningGroup, Terms,
};
use quorate_dkls::sign::{OnlineShare, Statement, TweakedKey};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::suite::{Curve, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use rand_core::OsRng;

use crate::timed;

pub struct Group {
    ids: [ParticipantId; 2],
    signers: [Arc<SigningGroup>; 2],
    pairs: [PairKeys; 2],
    key: TweakedKey,
    counter: u64,
    pool: [Vec<Presignature>; 2],
}

impl Group {
    pub fn deal() -> Self {
        let threshold = Threshold::new(2, 3).expect("2 of 3");
        let [constant, slope] = [(); 2].map(|()| Secp256k1::random_scalar(&mut OsRng));
        let share = |id: ParticipantId| constant + slope * Secp256k1::scalar_from_u16(id.get());
        let bytes = |scalar| Secp256k1::point_to_bytes(&Secp256k1::mul_base(&scalar)).expect("no identity");
        let public = PublicKeys {
            purpose: KeyPurpose::EcdsaSecp256k1,
            threshold,
            group_key: bytes(constant),
            verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
            chain_code: [0; 32],
        };
        let ids = [1, 2].map(|id| ParticipantId::try_from(id).expect("an index"));
        let signers = ids.map(|id| {
            let key = KeyShare {
                public: public.clone(),
                participant: id,
                signing_share: Secret::new(Secp256k1::scalar_to_bytes(&share(id))),
            };
            Arc::new(SigningGroup::new(&key, &ids).expect("a key"))
        });
        let key = TweakedKey::new(&public, &[1; 32]).expect("a tweak");
        let mut uncounted = Duration::ZERO;
        let pairs = set_up(ids, &mut uncounted);
        Self { ids, signers, pairs, key, counter: 0, pool: [Vec::new(), Vec::new()] }
    }

    pub fn set_up(&self) -> Duration {
        let mut spent = Duration::ZERO;
        let _ = set_up(self.ids, &mut spent);
        spent
    }

    pub fn presign(&mut self, batch: u16) -> Duration {
        let mut spent = Duration::ZERO;
        let [one, two] = self.ids;
        let [pairs_1, pairs_2] =
            [BTreeMap::from([(two, &self.pairs[0])]), BTreeMap::from([(one, &self.pairs[1])])];
        let generations = BTreeMap::from([(Pair::new(one, two).expect("two"), 1)]);
        let counter = self.counter;
        self.counter += 1;
        let terms = Terms { wallet: [0; 32], epoch: 1, owner: one, counter, generations, batch };
        let begin = |at: usize, pairs| {
            let (round, all, each) =
                presign::begin(&self.signers[at], terms.clone(), pairs, &mut OsRng).expect("round 1");
            (round, all.to_bytes(), each.into_values().next().expect("one peer").to_bytes())
        };
        let (round_1, all_1, each_1) = timed(&mut spent, || begin(0, &pairs_1));
        let (round_2, all_2, each_2) = begin(1, &pairs_2);
        let read = |from, all: &[u8], each: &[u8]| {
            let messages = (Commitment::from_bytes(all), Extension::from_bytes(each, batch));
            BTreeMap::from([(from, (messages.0.expect("bytes"), messages.1.expect("bytes")))])
        };
        let extend = |round: presign::AwaitingExtensions, inbox: &_, pairs| {
            let (round, all, each) = round.finish(inbox, pairs, &mut OsRng).expect("round 2");
            (round, all.to_bytes(), each.into_values().next().expect("one peer").to_bytes())
        };
        let (round_1, next_all_1, next_each_1) =
            timed(&mut spent, || extend(round_1, &read(two, &all_2, &each_2), &pairs_1));
        let (round_2, next_all_2, next_each_2) = extend(round_2, &read(one, &all_1, &each_1), &pairs_2);
        let read = |from, all: &[u8], each: &[u8]| {
            let messages = (Opening::from_bytes(all, batch), Multiplication::from_bytes(each, batch));
            BTreeMap::from([(from, (messages.0.expect("bytes"), messages.1.expect("bytes")))])
        };
        let multiply = |round: presign::AwaitingMultiplications, inbox: &_| {
            let (round, all) = round.finish(inbox, &mut OsRng).expect("round 3");
            (round, all.to_bytes())
        };
        let (round_1, all_1) = timed(&mut spent, || multiply(round_1, &read(two, &next_all_2, &next_each_2)));
        let (round_2, all_2) = multiply(round_2, &read(one, &next_all_1, &next_each_1));
        let read =
            |from, all: &[u8]| BTreeMap::from([(from, Confirmation::from_bytes(all, batch).expect("bytes"))]);
        let ready_1 = timed(&mut spent, || round_1.finish(&read(two, &all_2)).expect("ready"));
        let ready_2 = round_2.finish(&read(one, &all_1)).expect("ready");
        self.pool = [ready_1, ready_2];
        spent
    }

    pub fn online(&mut self) -> Duration {
        if self.pool[0].is_empty() {
            self.presign(16);
        }
        let [first, second] = self.pool.each_mut().map(|pool| pool.pop().expect("a presignature"));
        let statement = Statement {
            key: self.key.clone(),
            digest: [7; 32],
            presignature: first.id(),
            signers: self.ids.to_vec(),
            epoch: 1,
            entropy: [8; 32],
        };
        let (theirs, _) = second.sign(&statement).expect("a share");
        let theirs = OnlineShare::from_bytes(&theirs.to_bytes()).expect("bytes");
        let mut spent = Duration::ZERO;
        timed(&mut spent, || {
            let (ours, signing) = first.sign(&statement).expect("a share");
            let shares = BTreeMap::from([(self.ids[0], ours), (self.ids[1], theirs)]);
            signing.plan().combine(&shares).expect("a signature")
        });
        spent
    }
}

fn set_up([one, two]: [ParticipantId; 2], spent: &mut Duration) -> [PairKeys; 2] {
    let context = |me, peer| PairContext { session: [0; 32], me, peer, generation: 1 };
    let begin = |me, peer| {
        let (round, sent) = context(me, peer).begin(None, b"device", &mut OsRng).expect("flight 1");
        (round, sent.to_bytes())
    };
    let (round_1, sent_1) = timed(spent, || begin(one, two));
    let (round_2, sent_2) = begin(two, one);
    let finish = |round: quorate_dkls::pair::AwaitingTransfers, sent: &[u8]| {
        let transfers = Transfers::from_bytes(sent).expect("bytes");
        let (round, trees) = round.finish(&transfers, b"device", &mut OsRng).expect("flight 2");
        (round, trees.to_bytes())
    };
    let (round_1, trees_1) = timed(spent, || finish(round_1, &sent_2));
    let (round_2, trees_2) = finish(round_2, &sent_1);
    let read = |sent: &[u8]| Trees::from_bytes(sent).expect("bytes");
    let keys_1 = timed(spent, || round_1.finish(&read(&trees_2)).expect("keys"));
    let keys_2 = round_2.finish(&read(&trees_1)).expect("keys");
    let (said_1, said_2) = (*keys_1.statement(), *keys_2.statement());
    [keys_1.confirm(&said_2).expect("equal"), keys_2.confirm(&said_1).expect("equal")]
}
