//! Presigning 1 and 2 (§4): `begin` draws r_i and φ_i and sends round 1; `finish` takes everybody's and sends round 2.
//!
//! DKLs23 (2023/765), protocol 3.6, without the message. All extensions are checked before anything of round 2 exists; a
//! failed check is a ban of the pair's generation, which the caller makes durable before any other reaction. The
//! randomness of round 2 depends on round 1 of all others.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use k256::Scalar;
use quorate_primitives::{ParticipantId, Secret, Transcript};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::messages::Multiplied;
use super::terms::Session;
use super::{
    AwaitingMultiplications, Commitment, Extension, Messages, Multiplication, Opening, Pairs, SigningGroup,
    Terms,
};
use crate::extension::{BobRows, Call};
use crate::pair::{Direction, PairKeys};
use crate::sign::MessageHash;
use crate::vole::{self, OTS};
use crate::wire::point_bytes;
use crate::{Fault, Misuse, Offence, Part};

/// Waits for round 1.
pub struct AwaitingExtensions {
    pub(super) session: Session,
    nonces: Nonces,
    commitment: Commitment,
    as_bob: BTreeMap<ParticipantId, BobSide>,
}

/// This participant's own secrets of a batch.
pub(super) struct Nonces {
    /// r_i of every presignature.
    pub r: Secret<Vec<Scalar>>,
    /// φ_i of every presignature.
    pub phi: Secret<Vec<Scalar>>,
    /// R_i of every presignature.
    pub points: Vec<Secp256k1Point>,
    /// The blind of the commitment to them.
    pub blind: [u8; 32],
}

/// What Bob keeps towards one Alice.
pub(super) struct BobSide {
    /// β_j and v_j.
    pub rows: BobRows,
    /// n_B.
    pub nonce: [u8; 32],
    /// The hash of the extension that he sent.
    pub extension_hash: [u8; 32],
    /// χ of every presignature.
    pub chi: Secret<Vec<Scalar>>,
}

/// What a round gives: the next state, what is for all, and what is for each counterparty.
pub type Round1 = (AwaitingExtensions, Commitment, Messages<Extension>);

/// Begins a batch of presignatures: draws r_i and φ_i, and chooses towards every counterparty.
///
/// # Errors
/// [`Fault::Local`] for terms, group and pairs that do not belong together.
pub fn begin(
    group: &Arc<SigningGroup>,
    terms: Terms,
    pairs: &Pairs<'_>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Round1, Fault> {
    begin_session(group, terms, pairs, None, rng)
}

/// Begins one presignature for one message, in the paper's order (plain mode): it signs nothing else, and without
/// re-randomisation.
///
/// # Errors
/// As [`begin`], and [`Misuse::Batch`] for a batch of more than one.
pub fn begin_for(
    message: MessageHash,
    group: &Arc<SigningGroup>,
    terms: Terms,
    pairs: &Pairs<'_>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Round1, Fault> {
    begin_session(group, terms, pairs, Some(message), rng)
}

fn begin_session(
    group: &Arc<SigningGroup>,
    terms: Terms,
    pairs: &Pairs<'_>,
    message: Option<MessageHash>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Round1, Fault> {
    let session = Session::new(Arc::clone(group), terms, pairs, message)?;
    let mut rng = session.hedged("round 1", None, rng);
    let nonces = Nonces::draw(session.terms.batch, &mut rng);
    let hash = commitment_hash(&session.id, group.me(), &nonces.points, &nonces.blind);
    let commitment = Commitment { session: session.id, hash };
    let mut as_bob = BTreeMap::new();
    let mut extensions = Messages::new();
    for (peer, keys) in pairs {
        let (rows, corrections) = session.call(keys.as_bob(), keys).choose(keys, &mut rng);
        let extension = Extension { session: session.id, corrections };
        let side = BobSide {
            nonce: extension.corrections.nonce,
            extension_hash: extension.hash(),
            chi: Secret::new(rows.beta.expose().chunks_exact(OTS).map(vole::chi).collect()),
            rows,
        };
        as_bob.insert(*peer, side);
        extensions.insert(*peer, extension);
    }
    Ok((
        AwaitingExtensions { session, nonces, commitment: commitment.clone(), as_bob },
        commitment,
        extensions,
    ))
}

impl AwaitingExtensions {
    /// Returns the session's id.
    pub const fn session(&self) -> &[u8; 32] {
        &self.session.id
    }

    /// Takes round 1 of all counterparties, checks every extension, and only then multiplies: returns round 2.
    ///
    /// # Errors
    /// [`Fault::Ban`] if an extension check fails.
    pub fn finish(
        self,
        messages: &Messages<(Commitment, Extension)>,
        pairs: &Pairs<'_>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingMultiplications, Opening, Messages<Multiplication>), Fault> {
        let Self { session, nonces, commitment, as_bob } = self;
        session.expect_all(messages, |(commitment, extension)| [&commitment.session, &extension.session])?;
        session.check_pairs(pairs)?;
        let mut as_alice = accept_all(&session, messages, pairs)?;
        let mut rng = session.hedged("round 2", Some(&round1_hash(messages)), rng);
        let mut multiplications = Messages::new();
        // c^u and c^v of every presignature, over all counterparties.
        let mut outputs = Secret::new(vec![[Scalar::ZERO; 2]; usize::from(session.terms.batch)]);
        for ((peer, (_, extension)), side) in messages.iter().zip(as_bob.values()) {
            let (Some(keys), Some(rows)) = (pairs.get(peer), as_alice.remove(peer)) else {
                return Err(Misuse::Messages.into());
            };
            let alice = Alice { session: &session, nonces: &nonces, keys, rows: rows.expose(), extension };
            multiplications.insert(*peer, alice.multiply(side, outputs.expose_mut(), &mut rng));
        }
        let opening = Opening { session: session.id, points: nonces.points.clone(), blind: nonces.blind };
        let mut commitments: Messages<_> =
            messages.iter().map(|(peer, (commitment, _))| (*peer, commitment.hash)).collect();
        commitments.insert(session.group.me(), commitment.hash);
        let next = AwaitingMultiplications { session, nonces, as_bob, commitments, outputs };
        Ok((next, opening, multiplications))
    }
}

/// Checks the extensions of all counterparties, before anything leaves.
fn accept_all(
    session: &Session,
    messages: &Messages<(Commitment, Extension)>,
    pairs: &Pairs<'_>,
) -> Result<BTreeMap<ParticipantId, Secret<Vec<u128>>>, Fault> {
    let mut accepted = BTreeMap::new();
    // All lengths first: no failed check is forgotten because a later message is malformed.
    for (peer, (_, extension)) in messages {
        let (found, expected) = (extension.corrections.columns.len(), session.shape().corrections());
        if found != expected {
            let (found, expected) = (Extension::len_of(found), Extension::len_of(expected));
            return Err(Offence::Length { part: Part::Extension, found, expected }.of(*peer));
        }
    }
    let mut banned = Vec::new();
    for ((peer, (_, extension)), keys) in messages.iter().zip(pairs.values()) {
        match session.call(keys.as_alice(), keys).accept(keys, &extension.corrections) {
            Ok(rows) => {
                accepted.insert(*peer, rows);
            }
            Err(_) => banned.push(keys.tombstone()),
        }
    }
    if banned.is_empty() { Ok(accepted) } else { Err(Fault::Ban(banned)) }
}

/// What round 2's randomness depends on: a process that is copied together with its random source answers other
/// messages with other inputs â.
fn round1_hash(messages: &Messages<(Commitment, Extension)>) -> [u8; 32] {
    let heard: Vec<_> =
        messages.values().flat_map(|(commitment, extension)| [commitment.hash, extension.hash()]).collect();
    Transcript::new("dkls/presign/round1").list("messages", heard).finish()
}

/// Alice's side towards one Bob.
struct Alice<'a> {
    session: &'a Session,
    nonces: &'a Nonces,
    keys: &'a PairKeys,
    /// q_j.
    rows: &'a [u128],
    extension: &'a Extension,
}

impl Alice<'_> {
    fn multiply(
        &self,
        as_bob: &BobSide,
        outputs: &mut [[Scalar; 2]],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Multiplication {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let bob = &self.extension.corrections.nonce;
        let context =
            vole::Context::new(&self.session.id, self.keys.as_alice(), bob, &nonce, &self.extension.hash());
        let delta = *self.keys.delta().expose();
        let mut gammas = Vec::with_capacity(2 * outputs.len());
        let mut multiplied = Vec::with_capacity(outputs.len());
        let nonces = self.nonces.r.expose().iter().zip(self.nonces.phi.expose());
        let batch = self.rows.chunks_exact(OTS).zip(nonces).zip(as_bob.chi.expose()).zip(&mut *outputs);
        for (index, (((rows, (r, phi)), chi), sums)) in (0..).zip(batch) {
            let check_input = Zeroizing::new(Secp256k1::random_scalar(rng));
            let inputs = [r, self.session.group.secret()];
            let (product, c) = context.multiply(index, rows, delta, inputs, &check_input);
            for (sum, output) in sums.iter_mut().zip(c.expose()) {
                gammas.push(Secp256k1::mul_base(output));
                *sum += output;
            }
            // ψ = φ_i − χ, with χ of the other direction.
            multiplied.push((product, phi - chi));
        }
        Secp256k1::normalize(&mut gammas);
        let products = multiplied
            .into_iter()
            .zip(gammas.as_chunks::<2>().0)
            .map(|((product, psi), gammas)| Multiplied { product, gammas: *gammas, psi })
            .collect();
        Multiplication { session: self.session.id, nonce, products }
    }
}

impl Session {
    fn call<'a>(&'a self, direction: Direction, keys: &'a PairKeys) -> Call<'a> {
        Call { session: &self.id, direction, pair: keys.statement(), shape: self.shape() }
    }
}

impl Nonces {
    fn draw(batch: u16, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut draw = || Secret::new((0..batch).map(|_| Secp256k1::random_scalar(rng)).collect::<Vec<_>>());
        let (r, phi) = (draw(), draw());
        let mut points: Vec<_> = r.expose().iter().map(Secp256k1::mul_base).collect();
        Secp256k1::normalize(&mut points);
        let mut blind = [0; 32];
        rng.fill_bytes(&mut blind);
        Self { r, phi, points, blind }
    }
}

/// com = H(sid, i, R_i of the batch, blind).
pub(super) fn commitment_hash(
    session: &[u8; 32],
    participant: ParticipantId,
    points: &[Secp256k1Point],
    blind: &[u8; 32],
) -> [u8; 32] {
    Transcript::new("dkls/presign/commitment")
        .field("session", session)
        .number("participant", participant.get().into())
        .list("R", points.iter().map(point_bytes))
        .field("blind", blind)
        .finish()
}

impl fmt::Debug for AwaitingExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwaitingExtensions(<redacted>)")
    }
}
