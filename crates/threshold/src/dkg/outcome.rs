//! What a ceremony ends in: shares that are pending until everybody has certified the same transcript.

use quorate_primitives::{Transcript, encoding};

use super::Dealings;
use crate::{KeyShare, PublicKeys};

/// One member's result. Pending: no address may be shown before all n members signed [`Outcome::statement`].
#[derive(Debug)]
pub struct Outcome {
    /// The session that made the keys.
    pub session: [u8; 32],
    /// This member's share of every key, in the order of the terms.
    pub shares: Vec<KeyShare>,
    /// What every member signs once its shares are durable: it binds session, terms, all commitments, all
    /// dealings, every public key, every verifying share and every chain code.
    pub statement: [u8; 32],
}

impl Outcome {
    pub(super) fn new(dealings: &Dealings, shares: Vec<KeyShare>) -> Self {
        let statement = statement(dealings, shares.iter().map(|share| &share.public));
        Self { session: *dealings.session(), shares, statement }
    }
}

fn statement<'a>(dealings: &Dealings, keys: impl Iterator<Item = &'a PublicKeys>) -> [u8; 32] {
    let started = Transcript::new("dkg/certificate")
        .field("session", dealings.session())
        .field("terms", &encoding::body_bytes(dealings.terms()))
        .field("commitments", dealings.commitments_hash())
        .field("dealings", dealings.dealings_hash());
    keys.fold(started, |transcript, key| transcript.field("key", &encoding::body_bytes(key))).finish()
}
