//! ECDSA: pair set-up, a batch of presignatures and signatures of both, between two members.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_dkls::pair::{PairContext, PairKeys, Transfers, Trees};
use quorate_dkls::presign::{
    self, Commitment, Confirmation, Extension, Multiplication, Opening, Pairs, Presignature, SigningGroup,
    Terms,
};
use quorate_dkls::sign::{OnlineShare, Statement, TweakedKey};
use quorate_dkls::{AttributionOpening, Pair};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret};
use quorate_threshold::suite::Secp256k1;

use crate::keys::{deal, signers};
use crate::mark::{SecretRng, conceal, publish, sent};

const BATCH: u16 = 2;

/// What is public in stored pair keys: version, pair, member, generation, statement, whether confirmed.
const PAIR_HEAD: usize = 1 + 4 + 2 + 8 + 32 + 1;

/// What is secret in a sealed presignature, at its end: three scalars, and what opens the commitment to them.
const PRESIGNATURE_TAIL: usize = 96 + AttributionOpening::LEN;

pub fn run() {
    let mut rng = SecretRng::new(3);
    let pairs = set_up(&mut rng);
    let keys = deal::<Secp256k1>(KeyPurpose::EcdsaSecp256k1);
    let key = TweakedKey::new(&keys[0].public, &[5; 32]).expect("a tweak");
    let groups = keys.map(|key| Arc::new(SigningGroup::new(&key, &signers()).expect("a key")));
    let [first, second] = presign(&groups, &pairs, &mut rng);
    for both in first.into_iter().zip(second) {
        sign(both.into(), &key);
    }
}

fn set_up(rng: &mut SecretRng) -> [PairKeys; 2] {
    let [one, two] = signers();
    let mut device = b"a device's secret".to_vec();
    conceal(&mut device);
    let begin = |(me, peer)| {
        let context = PairContext { session: [1; 32], me, peer, generation: 1 };
        let (round, transfers) = context.begin(None, &device, rng).expect("flight 1");
        (round, Transfers::from_bytes(&sent(transfers.to_bytes())).expect("transfers"))
    };
    let [(round_1, transfers_1), (round_2, transfers_2)] = [(one, two), (two, one)].map(begin);
    let finish = |(round, transfers): (quorate_dkls::pair::AwaitingTransfers, _)| {
        let (round, trees) = round.finish(&transfers, &device, rng).expect("flight 2");
        (round, Trees::from_bytes(&sent(trees.to_bytes())).expect("trees"))
    };
    let [(round_1, trees_1), (round_2, trees_2)] =
        [(round_1, transfers_2), (round_2, transfers_1)].map(finish);
    let keys = [round_1.finish(&trees_2).expect("keys"), round_2.finish(&trees_1).expect("keys")].map(stored);
    keys.map(|keys| {
        let statement = *keys.statement();
        keys.confirm(&statement).expect("equal")
    })
}

/// Pair keys as they come back from the vault.
fn stored(keys: PairKeys) -> PairKeys {
    let mut bytes = keys.to_secret_bytes();
    publish(&mut bytes.expose_mut()[..PAIR_HEAD]);
    PairKeys::from_secret_bytes(&bytes).expect("what was stored")
}

/// What a member receives from the only other one.
type Inbox<A, O> = BTreeMap<ParticipantId, (A, O)>;

fn only<M>(messages: BTreeMap<ParticipantId, M>) -> M {
    messages.into_values().next().expect("one peer")
}

fn presign(
    groups: &[Arc<SigningGroup>; 2],
    pairs: &[PairKeys; 2],
    rng: &mut SecretRng,
) -> [Vec<Presignature>; 2] {
    let [one, two] = signers();
    let [pair_1, pair_2] = pairs;
    let pairs: [Pairs<'_>; 2] = [BTreeMap::from([(two, pair_1)]), BTreeMap::from([(one, pair_2)])];
    let generations = BTreeMap::from([(Pair::new(one, two).expect("two"), 1)]);
    let terms = Terms { wallet: [2; 32], epoch: 1, owner: one, counter: 1, generations, batch: BATCH };
    let begin = |at: usize, rng: &mut SecretRng| {
        let (round, all, each) =
            presign::begin(&groups[at], terms.clone(), &pairs[at], rng).expect("round 1");
        let commitment = Commitment::from_bytes(&sent(all.to_bytes())).expect("a commitment");
        let extension = Extension::from_bytes(&sent(only(each).to_bytes()), BATCH).expect("an extension");
        (round, (commitment, extension))
    };
    let ((round_1, from_1), (round_2, from_2)) = (begin(0, rng), begin(1, rng));
    let extend = |round: presign::AwaitingExtensions, inbox: Inbox<_, _>, at: usize, rng: &mut SecretRng| {
        let (round, all, each) = round.finish(&inbox, &pairs[at], rng).expect("round 2");
        let opening = Opening::from_bytes(&sent(all.to_bytes()), BATCH).expect("an opening");
        let products = sent(only(each).to_bytes());
        (round, (opening, Multiplication::from_bytes(&products, BATCH).expect("products")))
    };
    let (round_1, next_1) = extend(round_1, BTreeMap::from([(two, from_2)]), 0, rng);
    let (round_2, next_2) = extend(round_2, BTreeMap::from([(one, from_1)]), 1, rng);
    let multiply = |round: presign::AwaitingMultiplications, inbox: Inbox<_, _>, rng: &mut SecretRng| {
        let (round, all) = round.finish(&inbox, rng).expect("round 3");
        (round, Confirmation::from_bytes(&sent(all.to_bytes()), BATCH).expect("a confirmation"))
    };
    let (round_1, last_1) = multiply(round_1, BTreeMap::from([(two, next_2)]), rng);
    let (round_2, last_2) = multiply(round_2, BTreeMap::from([(one, next_1)]), rng);
    let confirm = |round: presign::AwaitingConfirmations, from, confirmation| {
        let ready = round.finish(&BTreeMap::from([(from, confirmation)])).expect("ready");
        ready.into_iter().map(sealed).collect()
    };
    [confirm(round_1, two, last_2), confirm(round_2, one, last_1)]
}

/// A presignature as it comes back from a sealed pool.
fn sealed(presignature: Presignature) -> Presignature {
    let mut bytes: Secret<Vec<u8>> = presignature.into_sealed_bytes();
    let public = bytes.expose().len() - PRESIGNATURE_TAIL;
    publish(&mut bytes.expose_mut()[..public]);
    Presignature::from_sealed_bytes(bytes).expect("what was sealed")
}

fn sign(both: [Presignature; 2], key: &TweakedKey) {
    let statement = Statement {
        key: key.clone(),
        digest: [4; 32],
        presignature: both[0].id(),
        signers: signers().to_vec(),
        epoch: 1,
        entropy: [6; 32],
    };
    let mut shares = BTreeMap::new();
    let signings = both.map(|presignature| {
        let (share, signing) = presignature.sign(&statement).expect("a share");
        let share = OnlineShare::from_bytes(&sent(share.to_bytes().to_vec())).expect("scalars");
        shares.insert(signing.me(), share);
        signing
    });
    for signing in signings {
        signing.plan().combine(&shares).expect("a signature");
    }
}
