//! The steps of pair set-up that work on secrets, each for the smallest unit: one transfer, one tree.

#![expect(clippy::unreachable, reason = "what is measured is built of constants")]

use std::hint::black_box;

use curve25519_dalek::ristretto::RistrettoBasepointTable;
use quorate_primitives::{HedgedRng, ParticipantId, Secret};
use rand_core::RngCore;
use subtle::{Choice, ConditionallySelectable};

use super::base_ot::{self, Offer, Receiver, Seed, Sender};
use super::ggm::{self, TreeMessage};
use super::{DEPTH, Direction, LEAVES, PairKeys, TREES};
use crate::Pair;
use crate::timing::Step;

const CONTEXT: [u8; 32] = [1; 32];

/// The pair of participants 1 and 2.
pub(crate) fn pair() -> (Pair, Direction) {
    let [alice, bob] = [1_u16, 2].map(ParticipantId::try_from);
    let (Ok(alice), Ok(bob)) = (alice, bob) else { unreachable!("both are indices") };
    let Some(pair) = Pair::new(alice, bob) else { unreachable!("they are two") };
    (pair, Direction { alice, bob })
}

/// Keys of which only one direction is used: for `delta` as Alice towards the holder of `bob_seeds`, or as that holder.
pub(crate) fn keys(delta: u128, bob_seeds: &[u128]) -> PairKeys {
    let (pair, direction) = pair();
    let mut alice_seeds = Vec::with_capacity(TREES * (LEAVES - 1));
    for (seeds, tree) in bob_seeds.chunks_exact(LEAVES).zip(0_u8..) {
        // Without a branch or an index: what goes before the clock starts must not depend on the secret either.
        let mut seeds = seeds.to_vec();
        ggm::by_distance(&mut seeds, ggm::nibble(delta, tree));
        alice_seeds.extend(seeds.iter().skip(1));
    }
    let secrets = (Secret::new(delta), Secret::new(alice_seeds), Secret::new(bob_seeds.to_vec()));
    PairKeys::new((pair, direction.alice, 1), [0; 32], secrets.0, secrets.1, secrets.2)
}

/// Draws a block.
pub(crate) fn block(rng: &mut HedgedRng) -> u128 {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    u128::from_le_bytes(bytes)
}

fn bit(rng: &mut HedgedRng) -> u8 {
    let [byte, ..] = block(rng).to_le_bytes();
    byte & 1
}

/// The seed of a step's own generator: a generator is not copied, so a step that is taken twice makes it anew.
#[derive(Default)]
pub(crate) struct Seeded([u8; 32]);

impl Seeded {
    pub(crate) fn load(&mut self, secrets: &mut HedgedRng) {
        secrets.fill_bytes(&mut self.0);
    }

    pub(crate) fn rng(&self) -> HedgedRng {
        HedgedRng::new(&self.0, b"", b"")
    }
}

/// A generator for what is public in a step.
pub(crate) fn public() -> HedgedRng {
    HedgedRng::new(&[0; 32], b"", b"public")
}

/// Alice offers one transfer. Secret: her choice and y.
pub struct Offering {
    choice: Choice,
    rng: Seeded,
}

impl Default for Offering {
    fn default() -> Self {
        Self { choice: Choice::from(0), rng: Seeded::default() }
    }
}

impl Step for Offering {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.choice = Choice::from(bit(secrets));
        self.rng.load(secrets);
    }

    fn take(&self) {
        black_box(Receiver::new(&CONTEXT, [self.choice].into_iter(), &mut self.rng.rng()));
    }
}

/// Alice computes the seed of one transfer. Secret: her choice and y.
pub struct Receiving {
    choice: Choice,
    receiver: Receiver,
    point: [u8; 32],
    multiples: RistrettoBasepointTable,
}

impl Default for Receiving {
    fn default() -> Self {
        let choice = Choice::from(0);
        let mut rng = public();
        let receiver = Receiver::new(&CONTEXT, [choice].into_iter(), &mut rng);
        let point = *Sender::new(&mut rng).point();
        let Ok(multiples) = base_ot::multiples(&point) else { unreachable!("it is a point") };
        Self { choice, receiver, point, multiples }
    }
}

impl Step for Receiving {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.choice = Choice::from(bit(secrets));
        self.receiver = Receiver::new(&CONTEXT, [self.choice].into_iter(), secrets);
    }

    fn take(&self) {
        black_box(self.receiver.seeds_with(
            &self.multiples,
            &CONTEXT,
            [self.choice].into_iter(),
            &self.point,
        ));
    }
}

/// Bob computes both seeds of one transfer. Secret: a. His published point, which is sorted and hashed, is the same in
/// both classes.
pub struct Sending {
    sender: Sender,
    offers: Vec<Offer>,
}

impl Default for Sending {
    fn default() -> Self {
        let mut rng = public();
        let offers = Receiver::new(&CONTEXT, [Choice::from(0)].into_iter(), &mut rng).offers().to_vec();
        Self { sender: Sender::new(&mut rng), offers }
    }
}

impl Step for Sending {
    fn load(&mut self, secrets: &mut HedgedRng) {
        let point = *self.sender.point();
        self.sender = Sender::with_point(point, secrets);
    }

    fn take(&self) {
        let _ = black_box(self.sender.seeds(&CONTEXT, &self.offers));
    }
}

/// Bob makes one tree. Secret: the root and the seeds of its four transfers.
pub struct Planting {
    keys: [[Seed; 2]; DEPTH],
    rng: Seeded,
}

impl Default for Planting {
    fn default() -> Self {
        Self { keys: [[[0; 16]; 2]; DEPTH], rng: Seeded::default() }
    }
}

impl Step for Planting {
    fn load(&mut self, secrets: &mut HedgedRng) {
        for seed in self.keys.iter_mut().flatten() {
            secrets.fill_bytes(seed);
        }
        self.rng.load(secrets);
    }

    fn take(&self) {
        black_box(ggm::plant(&CONTEXT, &self.keys, &mut self.rng.rng()));
    }
}

/// Alice rebuilds one tree and checks it. Secret: her block of Δ, hence which seeds she has.
pub struct Harvesting {
    keys: [[Seed; 2]; DEPTH],
    messages: Vec<TreeMessage>,
    delta: u128,
    seeds: [Seed; DEPTH],
}

impl Default for Harvesting {
    fn default() -> Self {
        let mut planting = Planting::default();
        planting.load(&mut public());
        let (_, messages) = ggm::plant(&CONTEXT, &planting.keys, &mut public());
        Self { keys: planting.keys, messages, delta: 0, seeds: [[0; 16]; DEPTH] }
    }
}

impl Step for Harvesting {
    fn load(&mut self, secrets: &mut HedgedRng) {
        self.delta = block(secrets) & 0xf;
        for ((seed, [zero, one]), bit) in self.seeds.iter_mut().zip(self.keys).zip((0..DEPTH).rev()) {
            let [choice, ..] = (self.delta >> bit & 1).to_le_bytes();
            let [zero, one] = [zero, one].map(u128::from_le_bytes);
            *seed = u128::conditional_select(&zero, &one, Choice::from(choice)).to_le_bytes();
        }
    }

    fn take(&self) {
        let leaves = ggm::harvest(&CONTEXT, self.delta, &self.seeds, &self.messages);
        assert!(leaves.is_ok(), "the tree is right");
        black_box(leaves.is_ok());
    }
}
