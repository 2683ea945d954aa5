//! What several tests need: a dealer (which the product does not have), pairs, and a pump for the rounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{RecoveryId, VerifyingKey};
use quorate_dkls::pair::{PairContext, PairKeys};
use quorate_dkls::presign::{
    self, AwaitingConfirmations, AwaitingExtensions, AwaitingMultiplications, Commitment, Confirmation,
    Extension, Generations, Messages, Multiplication, Opening, Pairs, Presignature, SigningGroup, Terms,
};
use quorate_dkls::sign::{OnlineShare, Signature, Signing, Statement, TweakedKey};
use quorate_dkls::{Fault, Pair};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::suite::{Curve, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub const DIGEST: [u8; 32] = [0x42; 32];

pub fn p(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).unwrap()
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Deals a key with a polynomial from the seed.
pub fn deal(purpose: KeyPurpose, t: u16, n: u16, seed: u64) -> Vec<KeyShare> {
    deal_secret(purpose, (t, n), seed, None)
}

/// Deals this secret, or one from the seed.
fn deal_secret(
    purpose: KeyPurpose,
    (t, n): (u16, u16),
    seed: u64,
    secret: Option<k256::Scalar>,
) -> Vec<KeyShare> {
    let mut rng = rng(seed);
    let mut coefficients: Vec<_> = (0..t).map(|_| Secp256k1::random_scalar(&mut rng)).collect();
    coefficients[0] = secret.unwrap_or(coefficients[0]);
    let share = |id: ParticipantId| {
        let x = Secp256k1::scalar_from_u16(id.get());
        coefficients.iter().rev().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap()
    };
    let bytes = |scalar| Secp256k1::point_to_bytes(&Secp256k1::mul_base(&scalar)).unwrap();
    let threshold = Threshold::new(t, n).unwrap();
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: bytes(coefficients[0]),
        verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
        chain_code: [seed as u8; 32],
    };
    let key = |participant| KeyShare {
        public: public.clone(),
        participant,
        signing_share: Secret::new(Secp256k1::scalar_to_bytes(&share(participant))),
    };
    threshold.participants().map(key).collect()
}

pub fn context(me: u16, peer: u16, generation: u64) -> PairContext {
    PairContext { session: [7; 32], me: p(me), peer: p(peer), generation }
}

/// Sets a pair up, both sides.
pub fn pair_up(one: u16, other: u16, generation: u64, seed: u64) -> [PairKeys; 2] {
    let mut rng = rng(seed);
    let (a, to_b) = context(one, other, generation).begin(None, b"one", &mut rng).unwrap();
    let (b, to_a) = context(other, one, generation).begin(None, b"other", &mut rng).unwrap();
    let (a, trees_to_b) = a.finish(&to_a, b"one", &mut rng).unwrap();
    let (b, trees_to_a) = b.finish(&to_b, b"other", &mut rng).unwrap();
    let (a, b) = (a.finish(&trees_to_a).unwrap(), b.finish(&trees_to_b).unwrap());
    let statements = [*b.statement(), *a.statement()];
    [a.confirm(&statements[0]).unwrap(), b.confirm(&statements[1]).unwrap()]
}

/// A group whose members are all in this process.
pub struct Group {
    pub keys: Vec<KeyShare>,
    pub pairs: BTreeMap<(u16, u16), PairKeys>,
}

/// Round 1 of one signer, then round 2, then round 3.
pub type Round1 = (AwaitingExtensions, Commitment, Messages<Extension>);
pub type Round2 = (AwaitingMultiplications, Opening, Messages<Multiplication>);
pub type Round3 = (AwaitingConfirmations, Confirmation);

impl Group {
    pub fn deal(t: u16, n: u16, seed: u64) -> Self {
        let keys = deal(KeyPurpose::EcdsaSecp256k1, t, n, seed);
        Self { keys, pairs: BTreeMap::new() }
    }

    /// Deals a key and sets up the pairs of these signers.
    pub fn of(t: u16, n: u16, signers: &[u16], seed: u64) -> Self {
        Self::deal(t, n, seed).paired(signers, seed)
    }

    /// Deals a key whose secret is known, to two of three, and sets up the pairs of these signers.
    pub fn with_secret(secret: &[u8; 32], signers: &[u16], seed: u64) -> Self {
        let secret = Secp256k1::scalar_from_bytes(secret).unwrap();
        let keys = deal_secret(KeyPurpose::EcdsaSecp256k1, (2, 3), seed, Some(secret));
        Self { keys, pairs: BTreeMap::new() }.paired(signers, seed)
    }

    fn paired(mut self, signers: &[u16], seed: u64) -> Self {
        for (at, one) in signers.iter().enumerate() {
            for other in &signers[at + 1..] {
                self.set_up(*one, *other, 1, seed);
            }
        }
        self
    }

    pub fn set_up(&mut self, one: u16, other: u16, generation: u64, seed: u64) {
        let seed = seed ^ u64::from(one) << 32 ^ u64::from(other) << 40 ^ generation << 48;
        let [a, b] = pair_up(one, other, generation, seed);
        self.pairs.insert((one, other), a);
        self.pairs.insert((other, one), b);
    }

    pub fn public(&self) -> &PublicKeys {
        &self.keys[0].public
    }

    pub fn signing_group(&self, me: u16, signers: &[u16]) -> Arc<SigningGroup> {
        let signers: Vec<_> = signers.iter().copied().map(p).collect();
        Arc::new(SigningGroup::new(&self.keys[usize::from(me) - 1], &signers).unwrap())
    }

    pub fn pairs_of(&self, me: u16, signers: &[u16]) -> Pairs<'_> {
        let others = signers.iter().filter(|other| **other != me);
        others.map(|other| (p(*other), &self.pairs[&(me, *other)])).collect()
    }

    pub fn terms(&self, signers: &[u16], counter: u64, batch: u16) -> Terms {
        let mut generations = Generations::new();
        for one in signers {
            for (peer, keys) in self.pairs_of(*one, signers) {
                generations.insert(Pair::new(p(*one), peer).unwrap(), keys.generation());
            }
        }
        Terms { wallet: [1; 32], epoch: 3, owner: p(signers[0]), counter, generations, batch }
    }

    pub fn begin(&self, terms: &Terms, signers: &[u16], seed: u64) -> BTreeMap<u16, Round1> {
        let mut rng = rng(seed);
        let begin = |me: &u16| {
            let group = self.signing_group(*me, signers);
            let round = presign::begin(&group, terms.clone(), &self.pairs_of(*me, signers), &mut rng);
            (*me, round.unwrap())
        };
        signers.iter().map(begin).collect()
    }

    /// Presigns honestly.
    pub fn presign(
        &self,
        signers: &[u16],
        counter: u64,
        batch: u16,
        seed: u64,
    ) -> BTreeMap<u16, Vec<Presignature>> {
        let round1 = self.begin(&self.terms(signers, counter, batch), signers, seed);
        let round2 = self.extend(round1, signers, seed);
        let round3 = multiply(round2, seed).into_iter().map(|(me, round)| (me, round.unwrap()));
        confirm(round3.collect()).into_iter().map(|(me, ready)| (me, ready.unwrap())).collect()
    }

    pub fn extend(&self, round1: BTreeMap<u16, Round1>, signers: &[u16], seed: u64) -> BTreeMap<u16, Round2> {
        let mut rng = rng(seed + 1);
        let inboxes = inboxes(&round1.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect());
        let finish = |((me, (round, _, _)), inbox): ((u16, Round1), _)| {
            (me, round.finish(&inbox, &self.pairs_of(me, signers), &mut rng).unwrap())
        };
        round1.into_iter().zip(inboxes).map(finish).collect()
    }

    pub fn statement(&self, presignature: &Presignature, tweak: &TweakedKey) -> Statement {
        Statement {
            key: tweak.clone(),
            digest: DIGEST,
            presignature: presignature.id(),
            signers: presignature.signers().collect(),
            epoch: presignature.epoch(),
            entropy: [9; 32],
        }
    }

    pub fn root(&self) -> TweakedKey {
        TweakedKey::new(self.public(), &[0; 32]).unwrap()
    }

    /// Takes the last presignature of every signer and makes all shares of one statement.
    pub fn shares(
        &self,
        ready: &mut BTreeMap<u16, Vec<Presignature>>,
        key: &TweakedKey,
    ) -> (BTreeMap<ParticipantId, OnlineShare>, BTreeMap<ParticipantId, Signing>) {
        let (mut shares, mut signings) = (BTreeMap::new(), BTreeMap::new());
        for (me, pool) in ready {
            let presignature = pool.pop().unwrap();
            let statement = self.statement(&presignature, key);
            let (share, signing) = presignature.sign(&statement).unwrap();
            shares.insert(p(*me), OnlineShare::from_bytes(&share.to_bytes()).unwrap());
            signings.insert(p(*me), signing);
        }
        (shares, signings)
    }
}

/// What everybody receives: from each other signer what is for all, and what is for the receiver.
pub fn inboxes<A: Clone, O: Clone>(sent: &BTreeMap<u16, (&A, &Messages<O>)>) -> Vec<Messages<(A, O)>> {
    let inbox = |me: &u16| {
        let others = sent.iter().filter(|(from, _)| *from != me);
        others.map(|(from, (all, one))| (p(*from), ((*all).clone(), one[&p(*me)].clone()))).collect()
    };
    sent.keys().map(inbox).collect()
}

pub fn multiply(round2: BTreeMap<u16, Round2>, seed: u64) -> BTreeMap<u16, Result<Round3, Fault>> {
    let mut rng = rng(seed + 2);
    let inboxes = inboxes(&round2.iter().map(|(me, (_, all, one))| (*me, (all, one))).collect());
    let finish = |((me, (round, _, _)), inbox): ((u16, Round2), _)| (me, round.finish(&inbox, &mut rng));
    round2.into_iter().zip(inboxes).map(finish).collect()
}

pub fn confirm(round3: BTreeMap<u16, Round3>) -> BTreeMap<u16, Result<Vec<Presignature>, Fault>> {
    let sent: Messages<_> = round3.iter().map(|(me, (_, all))| (p(*me), all.clone())).collect();
    let finish = |(me, (round, _)): (u16, Round3)| {
        let mut inbox = sent.clone();
        inbox.remove(&p(me));
        (me, round.finish(&inbox))
    };
    round3.into_iter().map(finish).collect()
}

/// Verifies with somebody else's verifier, that s is low, and that the key is recovered.
pub fn assert_valid(signature: &Signature, key: &TweakedKey, digest: &[u8; 32]) {
    let theirs = k256::ecdsa::Signature::from_slice(&signature.to_bytes()).unwrap();
    let verifying = VerifyingKey::from_sec1_bytes(key.public_key()).unwrap();
    verifying.verify_prehash(digest, &theirs).unwrap();
    assert!(theirs.normalize_s().is_none(), "s is low");
    let recovery_id = RecoveryId::from_byte(signature.recovery_id).unwrap();
    assert_eq!(VerifyingKey::recover_from_prehash(digest, &theirs, recovery_id).unwrap(), verifying);
}
