//! Session id (§4): what fixes a presigning session, and the randomness of its rounds.
//!
//! The hash of everything that the signers must agree on; it is in front of every message and in every hash. Terms that
//! do not fit group and pairs are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Transcript};
use rand_core::{CryptoRng, RngCore};

use super::{Pairs, SigningGroup};
use crate::extension::Shape;
use crate::pair::PairKeys;
use crate::sign::MessageHash;
use crate::{Fault, Misuse, Pair, VERSION};

/// The largest batch: its messages stay below 3 MB.
pub const MAX_BATCH: u16 = 64;

/// The generation of every pair of the signers.
pub type Generations = BTreeMap<Pair, u64>;

/// Everything that the signers must agree on. A difference is no offence: it gives other session ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The wallet.
    pub wallet: [u8; 32],
    /// The epoch of the key.
    pub epoch: u64,
    /// Whose session this is: ids of presignatures are its own.
    pub owner: ParticipantId,
    /// The owner's counter, never used twice.
    pub counter: u64,
    /// The generation of every pair of the signers.
    pub generations: Generations,
    /// How many presignatures are made, at most [`MAX_BATCH`].
    pub batch: u16,
}

/// A session: its id and what it is made of.
#[derive(Debug)]
pub(crate) struct Session {
    pub id: [u8; 32],
    pub group: Arc<SigningGroup>,
    pub terms: Terms,
    /// The one message that the presignature is for; `None` for any to come.
    pub message: Option<MessageHash>,
}

impl Session {
    /// Checks the terms against the group, and the pairs against the terms.
    pub(crate) fn new(
        group: Arc<SigningGroup>,
        terms: Terms,
        pairs: &Pairs<'_>,
        message: Option<MessageHash>,
    ) -> Result<Self, Misuse> {
        let most = if message.is_some() { 1 } else { MAX_BATCH };
        if terms.batch == 0 || terms.batch > most {
            return Err(Misuse::Batch(terms.batch));
        }
        if group.point(terms.owner).is_none() {
            return Err(Misuse::Owner);
        }
        let all = group.signers().flat_map(|one| group.signers().filter_map(move |two| Pair::new(one, two)));
        let all: BTreeSet<Pair> = all.collect();
        if !terms.generations.keys().eq(all.iter()) {
            return Err(Misuse::Generations);
        }
        let session = Self { id: session_id(&group, &terms, message.as_ref()), group, terms, message };
        session.check_pairs(pairs)?;
        Ok(session)
    }

    /// Checks that the pairs' keys are those that the terms name, confirmed and ours.
    pub(crate) fn check_pairs(&self, pairs: &Pairs<'_>) -> Result<(), Misuse> {
        if !pairs.keys().copied().eq(self.group.counterparties()) {
            return Err(Misuse::Generations);
        }
        let fits = |(peer, keys): (&ParticipantId, &&PairKeys)| {
            keys.is_usable()
                && keys.me() == self.group.me()
                && keys.peer() == *peer
                && self.terms.generations.get(&keys.pair()) == Some(&keys.generation())
        };
        if pairs.iter().all(fits) { Ok(()) } else { Err(Misuse::Generations) }
    }

    /// Checks that there is one message of every counterparty, each of this session.
    pub(crate) fn expect_all<'a, M: 'a>(
        &self,
        messages: &'a BTreeMap<ParticipantId, M>,
        sessions_of: impl Fn(&'a M) -> [&'a [u8; 32]; 2],
    ) -> Result<(), Misuse> {
        if !messages.keys().copied().eq(self.group.counterparties()) {
            return Err(Misuse::Messages);
        }
        match messages.iter().find(|(_, message)| sessions_of(message).iter().any(|id| **id != self.id)) {
            Some((participant, _)) => Err(Misuse::OtherSession { participant: *participant }),
            None => Ok(()),
        }
    }

    /// Mixes fresh randomness with the share, the step and what was received before it: with a source that stands
    /// still, sessions still differ, and so do answers to different messages.
    pub(crate) fn hedged(
        &self,
        step: &'static str,
        received: Option<&[u8; 32]>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> HedgedRng {
        let mut entropy = Secret::new([0; 32]);
        rng.fill_bytes(entropy.expose_mut());
        let context = Transcript::new("dkls/presign/rng")
            .field("session", &self.id)
            .number("me", self.group.me().get().into())
            .field("step", step.as_bytes())
            .list("received", received)
            .finish();
        HedgedRng::new(entropy.expose(), self.group.secret_bytes().as_slice(), &context)
    }

    pub(crate) const fn shape(&self) -> Shape {
        Shape::of_batch(self.terms.batch)
    }

    pub(crate) fn blame(culprit: ParticipantId) -> impl Fn(crate::Offence) -> Fault {
        move |offence| offence.of(culprit)
    }
}

fn session_id(group: &SigningGroup, terms: &Terms, message: Option<&MessageHash>) -> [u8; 32] {
    let generations = terms.generations.iter().map(|(pair, generation)| {
        let mut bytes = [0; 12];
        let parts = [
            pair.low().get().to_be_bytes().as_slice(),
            &pair.high().get().to_be_bytes(),
            &generation.to_be_bytes(),
        ]
        .concat();
        bytes.copy_from_slice(&parts);
        bytes
    });
    let (mode, message) = match message {
        None => ("presignatures", [0; 32]),
        Some(MessageHash(hash)) => ("message", *hash),
    };
    Transcript::new("dkls/session")
        .number("version", VERSION.into())
        .field("wallet", &terms.wallet)
        .field("purpose", KeyPurpose::EcdsaSecp256k1.label().as_bytes())
        .number("epoch", terms.epoch)
        .field("key", group.key())
        .list("signers", group.signers().map(|id| id.get().to_be_bytes()).collect::<Vec<_>>())
        .number("owner", terms.owner.get().into())
        .number("counter", terms.counter)
        .list("generations", generations)
        .number("batch", terms.batch.into())
        .field("mode", mode.as_bytes())
        .field("message", &message)
        .finish()
}
