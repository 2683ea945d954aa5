//! Presigning 3 (§4): takes everybody's openings and multiplications, checks all of it, and sends the confirmation.
//!
//! Against every counterparty, this participant is Bob; i is itself and j the counterparty, as on the page. It trusts
//! that pk_j is certified by the key ceremony.

use core::fmt;
use std::collections::BTreeMap;

use k256::elliptic_curve::ops::{LinearCombinationExt, Reduce};
use k256::{ProjectivePoint, Scalar};
use quorate_primitives::{ParticipantId, Secret, Transcript};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::confirmation::Unconfirmed;
use super::extensions::{BobSide, Nonces, commitment_hash};
use super::messages::Multiplied;
use super::terms::Session;
use super::{AwaitingConfirmations, Confirmation, Messages, Multiplication, Opening, PresignatureId};
use crate::attribution::AttributionOpening;
use crate::pair::Direction;
use crate::vole::{self, OTS};
use crate::wire::point_bytes;
use crate::{Fault, Misuse, Obstacle, Offence, Part};

/// Waits for round 2.
pub struct AwaitingMultiplications {
    pub(super) session: Session,
    pub(super) nonces: Nonces,
    pub(super) as_bob: BTreeMap<ParticipantId, BobSide>,
    /// com_j of every signer.
    pub(super) commitments: Messages<[u8; 32]>,
    /// Σ_j c^u_{i,j} and Σ_j c^v_{i,j} of every presignature.
    pub(super) outputs: Secret<Vec<[Scalar; 2]>>,
}

impl AwaitingMultiplications {
    /// Takes round 2 of all counterparties and checks all of it; returns the confirmation for all.
    ///
    /// # Errors
    /// [`Fault::Blame`] with the offence; what only this pair can judge is told to others as the pair's failure.
    pub fn finish(
        self,
        messages: &Messages<(Opening, Multiplication)>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingConfirmations, Confirmation), Fault> {
        let Self { session, nonces, as_bob, commitments, mut outputs } = self;
        session.expect_all(messages, |(opening, product)| [&opening.session, &product.session])?;
        check_openings(&session, &commitments, messages)?;
        let points = all_points(&session, &nonces, messages);
        refuse_duplicates(&points)?;
        let mut rng = session.hedged("round 3", None, rng);
        // F = φ_i + Σ_j ψ_{j→i} of every presignature.
        let mut big_f = nonces.phi.duplicate();
        for ((peer, (opening, message)), side) in messages.iter().zip(as_bob.values()) {
            let bob = Bob { session: &session, peer: *peer, side, opening, message };
            let received = bob.receive(&mut rng).map_err(Session::blame(*peer))?;
            for (sum, received) in outputs.expose_mut().iter_mut().zip(received.expose()) {
                for (sum, received) in sum.iter_mut().zip(received) {
                    *sum += received;
                }
            }
            for (sum, one) in big_f.expose_mut().iter_mut().zip(&message.products) {
                *sum += one.psi;
            }
        }
        let shares =
            Shares { nonces: &nonces, secret: session.group.secret(), outputs: &outputs, big_f: &big_f };
        let presignatures = shares.unconfirmed(&session, &points, &mut rng)?;
        let confirmation = Confirmation {
            session: session.id,
            transcript: transcript(&session, &commitments, &points),
            commitments: presignatures.iter().map(|one| one.commitment(session.group.me())).collect(),
        };
        let next = AwaitingConfirmations { session, presignatures, own: confirmation.clone() };
        Ok((next, confirmation))
    }
}

fn check_openings(
    session: &Session,
    commitments: &Messages<[u8; 32]>,
    messages: &Messages<(Opening, Multiplication)>,
) -> Result<(), Fault> {
    let expected = usize::from(session.terms.batch);
    for (peer, (opening, multiplication)) in messages {
        let blame = Session::blame(*peer);
        let lengths = [
            (Part::Opening, Opening::len_of(opening.points.len()), Opening::len_of(expected)),
            (
                Part::Multiplication,
                Multiplication::len_of(multiplication.products.len()),
                Multiplication::len_of(expected),
            ),
        ];
        if let Some((part, found, expected)) = lengths.into_iter().find(|(_, found, right)| found != right) {
            return Err(blame(Offence::Length { part, found, expected }));
        }
        let hash = commitment_hash(&session.id, *peer, &opening.points, &opening.blind);
        if commitments.get(peer) != Some(&hash) {
            return Err(blame(Offence::Opening));
        }
    }
    Ok(())
}

/// R_j of every signer, by presignature.
fn all_points(
    session: &Session,
    nonces: &Nonces,
    messages: &Messages<(Opening, Multiplication)>,
) -> Messages<Vec<Secp256k1Point>> {
    let mut points: Messages<_> =
        messages.iter().map(|(peer, (opening, _))| (*peer, opening.points.clone())).collect();
    points.insert(session.group.me(), nonces.points.clone());
    points
}

fn refuse_duplicates(points: &Messages<Vec<Secp256k1Point>>) -> Result<(), Obstacle> {
    let mut sorted: Vec<_> = points.values().flatten().map(point_bytes).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Obstacle::DuplicateNonce);
    }
    Ok(())
}

/// T.
fn transcript(
    session: &Session,
    commitments: &Messages<[u8; 32]>,
    points: &Messages<Vec<Secp256k1Point>>,
) -> [u8; 32] {
    let all: Vec<_> = points.values().flatten().map(point_bytes).collect();
    Transcript::new("dkls/presign/transcript")
        .field("session", &session.id)
        .list("signers", session.group.signers().map(|id| id.get().to_be_bytes()).collect::<Vec<_>>())
        .list("commitments", commitments.values())
        .list("R", all)
        .finish()
}

/// Bob's side towards one Alice.
struct Bob<'a> {
    session: &'a Session,
    peer: ParticipantId,
    side: &'a BobSide,
    opening: &'a Opening,
    message: &'a Multiplication,
}

impl Bob<'_> {
    /// Checks j's multiplications and returns d^u and d^v of each.
    fn receive(&self, rng: &mut (impl RngCore + CryptoRng)) -> Result<Secret<Vec<[Scalar; 2]>>, Offence> {
        let direction = Direction { alice: self.peer, bob: self.session.group.me() };
        let context = vole::Context::new(
            &self.session.id,
            direction,
            &self.side.nonce,
            &self.message.nonce,
            &self.side.extension_hash,
        );
        let mut received = Secret::new(Vec::with_capacity(self.message.products.len()));
        let rows = self.side.rows.rows.expose().chunks_exact(OTS);
        let beta = self.side.rows.beta.expose().chunks_exact(OTS);
        for (index, ((rows, beta), one)) in (0..).zip(rows.zip(beta).zip(&self.message.products)) {
            let outputs = context.receive(index, rows, beta, &one.product)?;
            received.expose_mut().push(*outputs.expose());
        }
        if self.inputs_are_right(received.expose(), rng) { Ok(received) } else { Err(Offence::Exponent) }
    }

    /// χ·R_j − Γ_j^u = d^u·G and χ·pk_j − Γ_j^v = d^v·G for the whole batch at once: the first equation as it is, each
    /// other times a factor of 128 bits that nobody knew when the message was sent.
    fn inputs_are_right(&self, received: &[[Scalar; 2]], rng: &mut (impl RngCore + CryptoRng)) -> bool {
        let Some(share) = self.session.group.point(self.peer) else { return false };
        let mut public = Vec::with_capacity(2 * received.len());
        // Both d and χ are secret: these multiplications take constant time.
        let mut of_generator = Zeroizing::new(Scalar::ZERO);
        let mut of_share = Zeroizing::new(Scalar::ZERO);
        let mut terms = Zeroizing::new(Vec::with_capacity(received.len() + 1));
        let batch = received.iter().zip(self.side.chi.expose()).zip(&self.opening.points);
        for (((d, chi), nonce), Multiplied { gammas, .. }) in batch.zip(&self.message.products) {
            let for_nonce = if public.is_empty() { Scalar::ONE } else { short_factor(rng) };
            let for_share = short_factor(rng);
            let factors = [for_nonce, for_share];
            terms.push((nonce.to_projective(), for_nonce * chi));
            *of_share += for_share * chi;
            for (factor, d) in factors.iter().zip(d) {
                *of_generator += factor * d;
            }
            public.extend(factors.into_iter().zip(*gammas));
        }
        terms.push((share.to_projective(), *of_share));
        let secret = Secp256k1Point::from(sum_in_constant_time(&terms)) - Secp256k1::mul_base(&of_generator);
        secret == Secp256k1::multiscalar_vartime(&public)
    }
}

/// Sums multiples of points by secret scalars; every two of them share their doublings.
fn sum_in_constant_time(terms: &[(ProjectivePoint, Scalar)]) -> ProjectivePoint {
    let (pairs, rest) = terms.as_chunks::<2>();
    let pairs = pairs.iter().map(ProjectivePoint::lincomb_ext);
    pairs.chain(rest.iter().map(|(point, scalar)| point * scalar)).sum()
}

fn short_factor(rng: &mut (impl RngCore + CryptoRng)) -> Scalar {
    let mut bytes = [0; 32];
    rng.fill_bytes(bytes.split_at_mut(16).1);
    <Scalar as Reduce<k256::U256>>::reduce_bytes(&bytes.into())
}

/// What the shares of a batch are made of.
struct Shares<'a> {
    nonces: &'a Nonces,
    /// sk_i.
    secret: &'a Scalar,
    /// Σ_j (c^u + d^u) and Σ_j (c^v + d^v).
    outputs: &'a Secret<Vec<[Scalar; 2]>>,
    /// F.
    big_f: &'a Secret<Vec<Scalar>>,
}

impl Shares<'_> {
    /// u_i = r_i·F + Σ_j (c^u + d^u), v_i = sk_i·F + Σ_j (c^v + d^v), R = Σ R_j ≠ O.
    fn unconfirmed(
        &self,
        session: &Session,
        points: &Messages<Vec<Secp256k1Point>>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<Unconfirmed>, Fault> {
        let mut nonce_points = sum_points(points, self.big_f.expose().len());
        if nonce_points.iter().any(|point| Secp256k1::point_to_bytes(point).is_err()) {
            return Err(Obstacle::Degenerate.into());
        }
        Secp256k1::normalize(&mut nonce_points);
        let mut shares = Vec::with_capacity(nonce_points.len());
        let mut images = Vec::with_capacity(3 * nonce_points.len());
        let secrets = self.nonces.r.expose().iter().zip(self.nonces.phi.expose());
        let batch = secrets.zip(self.outputs.expose()).zip(self.big_f.expose());
        for (((r, phi), [of_nonce, of_share]), big_f) in batch {
            let mut made = Secret::new([*phi, Scalar::ZERO, Scalar::ZERO]);
            let [_, u, v] = made.expose_mut();
            *u = r * big_f + of_nonce;
            *v = self.secret * big_f + of_share;
            images.extend(made.expose().each_ref().map(Secp256k1::mul_base));
            shares.push(made);
        }
        Secp256k1::normalize(&mut images);
        let parts = shares.into_iter().zip(images.as_chunks::<3>().0).zip(nonce_points);
        let unconfirmed = parts.zip(0..).map(|(((shares, images), nonce_point), index)| {
            let mut blind = [0; 32];
            rng.fill_bytes(&mut blind);
            let opening = AttributionOpening::new(images.each_ref().map(point_bytes), blind);
            Unconfirmed { id: PresignatureId::new(&session.id, index), nonce_point, shares, opening }
        });
        let unconfirmed: Vec<_> = unconfirmed.collect();
        if unconfirmed.len() == usize::from(session.terms.batch) {
            Ok(unconfirmed)
        } else {
            Err(Misuse::Batch(session.terms.batch).into())
        }
    }
}

/// R = Σ_j R_j of every presignature.
fn sum_points(points: &Messages<Vec<Secp256k1Point>>, batch: usize) -> Vec<Secp256k1Point> {
    let mut sums = vec![Secp256k1Point::from(ProjectivePoint::IDENTITY); batch];
    for points in points.values() {
        for (sum, point) in sums.iter_mut().zip(points) {
            *sum = *sum + *point;
        }
    }
    sums
}

impl fmt::Debug for AwaitingMultiplications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwaitingMultiplications(<redacted>)")
    }
}
