//! Pair set-up, its steps (§3): each state is named for what it waits for.
//!
//! `begin` draws Δ and sends *transfers*, then *trees* answer the peer's, then the peer's give the keys. The caller's
//! device secret hedges all randomness, and what was received goes into the context: a process that is copied together
//! with its random source plants other trees for other transfers. It refuses a generation that is not a new one.

use quorate_primitives::{HedgedRng, ParticipantId, Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use subtle::Choice;

use super::base_ot::{Receiver, Seed, Sender};
use super::ggm::{self, nibble};
use super::{DEPTH, Direction, PairKeys, TREES, Transfers, Trees};
use crate::{Fault, Misuse, Pair, VERSION};

/// What fixes a pair's set-up before its first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairContext {
    /// The id of the set-up, the same for both: the caller hashes roster, key and epoch into it.
    pub session: [u8; 32],
    /// This participant.
    pub me: ParticipantId,
    /// The counterparty.
    pub peer: ParticipantId,
    /// The number of the new generation.
    pub generation: u64,
}

/// Both flights of one side: what was chosen, and in which context.
#[derive(Debug)]
struct Side {
    context: PairContext,
    pair: Pair,
    /// Δ.
    delta: Secret<u128>,
}

/// Waits for the peer's base transfers.
pub struct AwaitingTransfers {
    side: Side,
    receiver: Receiver,
    sender: Sender,
    own: Transfers,
}

/// Waits for the peer's trees.
pub struct AwaitingTrees {
    side: Side,
    /// Alice's seed of every transfer.
    seeds: Secret<Vec<Seed>>,
    /// Bob's leaves.
    as_bob: Secret<Vec<u128>>,
    transfers: [Transfers; 2],
    own: Trees,
}

impl PairContext {
    /// Begins: draws Δ and returns the first flight. `over` is the last generation of this pair that there ever was,
    /// finished, failed or banned; `secret` is a secret of this device, mixed with the randomness.
    ///
    /// # Errors
    /// [`Misuse::SelfPair`], and [`Misuse::DeadGeneration`] for a generation that is not a new one.
    pub fn begin(
        self,
        over: Option<u64>,
        secret: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingTransfers, Transfers), Misuse> {
        let pair = Pair::new(self.me, self.peer).ok_or(Misuse::SelfPair)?;
        if over.is_some_and(|last| self.generation <= last) {
            return Err(Misuse::DeadGeneration { generation: self.generation });
        }
        let mut rng = self.hedged("transfers", None, secret, rng);
        let mut bytes = Secret::new([0; 16]);
        rng.fill_bytes(bytes.expose_mut());
        let side = Side { context: self, pair, delta: Secret::new(u128::from_le_bytes(*bytes.expose())) };
        let receiver = Receiver::new(&side.hash(side.as_alice()), side.delta_bits(), &mut rng);
        let sender = Sender::new(&mut rng);
        let own = Transfers { point: *sender.point(), offers: receiver.offers().to_vec() };
        Ok((AwaitingTransfers { side, receiver, sender, own: own.clone() }, own))
    }

    /// Mixes fresh randomness with the device's secret, the step, and what was received before it.
    fn hedged(
        &self,
        step: &'static str,
        received: Option<&Transfers>,
        secret: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> HedgedRng {
        let mut entropy = Secret::new([0; 32]);
        rng.fill_bytes(entropy.expose_mut());
        let context = self
            .bind(Transcript::new("dkls/pair/rng").field("step", step.as_bytes()))
            .list("received", received.map(Transfers::to_bytes))
            .finish();
        HedgedRng::new(entropy.expose(), secret, &context)
    }

    fn bind(&self, transcript: Transcript) -> Transcript {
        transcript
            .number("version", VERSION.into())
            .field("session", &self.session)
            .number("me", self.me.get().into())
            .number("peer", self.peer.get().into())
            .number("generation", self.generation)
    }
}

impl AwaitingTransfers {
    /// Takes the peer's base transfers and returns the trees for it.
    ///
    /// # Errors
    /// [`Fault::Blame`] for points that no honest peer sends; [`Misuse::Reflected`] for our own message. The generation
    /// is over.
    pub fn finish(
        self,
        peer: &Transfers,
        secret: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingTrees, Trees), Fault> {
        let Self { side, receiver, sender, own } = self;
        if own.point == peer.point || own.offers == peer.offers {
            return Err(Misuse::Reflected.into());
        }
        let blame = |offence: crate::Offence| offence.of(side.context.peer);
        let keys = sender.seeds(&side.hash(side.as_bob()), &peer.offers).map_err(blame)?;
        let seeds =
            receiver.seeds(&side.hash(side.as_alice()), side.delta_bits(), &peer.point).map_err(blame)?;
        let mut rng = side.context.hedged("trees", Some(peer), secret, rng);
        let (as_bob, trees) = ggm::plant(&side.hash(side.as_bob()), keys.expose(), &mut rng);
        let own_trees = Trees { trees };
        let transfers = side.ordered([own, peer.clone()]);
        Ok((AwaitingTrees { side, seeds, as_bob, transfers, own: own_trees.clone() }, own_trees))
    }
}

impl AwaitingTrees {
    /// Takes the peer's trees and returns the keys, not yet confirmed.
    ///
    /// # Errors
    /// [`Fault::Blame`] with [`crate::Offence::Trees`]: between the two only, and the generation is over.
    pub fn finish(self, peer: &Trees) -> Result<PairKeys, Fault> {
        let Self { side, seeds, as_bob, transfers, own } = self;
        let context = side.hash(side.as_alice());
        let as_alice = ggm::harvest(&context, *side.delta.expose(), seeds.expose(), &peer.trees)
            .map_err(|offence| offence.of(side.context.peer))?;
        let trees = side.ordered([own, peer.clone()]);
        let statement = side
            .bind(Transcript::new("dkls/pair/statement"))
            .list("transfers", transfers.map(|one| one.to_bytes()))
            .list("trees", trees.map(|one| one.to_bytes()))
            .finish();
        let about = (side.pair, side.context.me, side.context.generation);
        Ok(PairKeys::new(about, statement, side.delta, as_alice, as_bob))
    }
}

impl Side {
    const fn as_alice(&self) -> Direction {
        Direction { alice: self.context.me, bob: self.context.peer }
    }

    const fn as_bob(&self) -> Direction {
        Direction { alice: self.context.peer, bob: self.context.me }
    }

    /// The context of everything in one direction.
    fn hash(&self, direction: Direction) -> [u8; 32] {
        direction.bind(self.bind(Transcript::new("dkls/pair/direction"))).finish()
    }

    fn bind(&self, transcript: Transcript) -> Transcript {
        transcript
            .number("version", VERSION.into())
            .field("session", &self.context.session)
            .number("low", self.pair.low().get().into())
            .number("high", self.pair.high().get().into())
            .number("generation", self.context.generation)
    }

    /// The bits of Δ in the order of the transfers: tree by tree, on every level the path's bit from the root down.
    fn delta_bits(&self) -> impl Iterator<Item = Choice> + '_ {
        let bit_of = |tree: u8, bit: usize| Choice::from(nibble(*self.delta.expose(), tree) >> bit & 1);
        (0_u8..).take(TREES).flat_map(move |tree| (0..DEPTH).rev().map(move |bit| bit_of(tree, bit)))
    }

    /// Puts one thing of ours and one of the peer in the order of the pair.
    fn ordered<T>(&self, [own, peer]: [T; 2]) -> [T; 2] {
        if self.context.me == self.pair.low() { [own, peer] } else { [peer, own] }
    }
}
