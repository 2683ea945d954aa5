//! Pair set-up, flight *transfers* (§3): 128 endemic transfers of one direction, on Ristretto255.
//!
//! Masny–Rindal (2019/706) from Diffie–Hellman. Alice receives with the bits of Δ: r_{1−b} is random, r_b = y·G − H_b(r_{1−b}). Bob's keys are a·(r_i + H_i(r_{1−i})),
//! Alice's is y·A. The seeds are bit strings, so the curve is free. One A serves all transfers because index, choice and
//! both messages are hashed into every seed.

use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::traits::{Identity, IsIdentity};
use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use super::TRANSFERS;
use crate::{Offence, Part};

/// What Alice sends for one transfer: r_0 and r_1.
pub(super) type Offer = [[u8; 32]; 2];

/// A seed of a tree level.
pub(super) type Seed = [u8; 16];

const BAD_POINT: Offence = Offence::Point { part: Part::BaseTransfers };

/// Alice's side between the flights.
pub(super) struct Receiver {
    /// y of each transfer.
    exponents: Secret<Vec<Scalar>>,
    /// (r_0, r_1) of each transfer.
    offers: Vec<Offer>,
}

/// Bob's side between the flights.
pub(super) struct Sender {
    /// a.
    exponent: Secret<Scalar>,
    /// A = a·G.
    point: [u8; 32],
}

impl Receiver {
    /// Chooses with the bits of Δ, one for each transfer, and prepares what Alice sends.
    pub(super) fn new(
        context: &[u8; 32],
        delta_bits: impl Iterator<Item = Choice>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let mut exponents = Secret::new(Vec::with_capacity(TRANSFERS));
        let offers = delta_bits
            .zip(0..)
            .map(|(bit, index)| {
                let exponent = Zeroizing::new(Scalar::random(rng));
                exponents.expose_mut().push(*exponent);
                offer(context, index, bit, &exponent, rng)
            })
            .collect();
        Self { exponents, offers }
    }

    pub(super) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Computes Alice's seeds from Bob's A.
    pub(super) fn seeds(
        &self,
        context: &[u8; 32],
        delta_bits: impl Iterator<Item = Choice>,
        point: &[u8; 32],
    ) -> Result<Secret<Vec<Seed>>, Offence> {
        Ok(self.seeds_with(&multiples(point)?, context, delta_bits, point))
    }

    pub(super) fn seeds_with(
        &self,
        multiples: &RistrettoBasepointTable,
        context: &[u8; 32],
        delta_bits: impl Iterator<Item = Choice>,
        point: &[u8; 32],
    ) -> Secret<Vec<Seed>> {
        let mut seeds = Secret::new(Vec::with_capacity(TRANSFERS));
        for (((exponent, offer), bit), index) in
            self.exponents.expose().iter().zip(&self.offers).zip(delta_bits).zip(0..)
        {
            let shared = Zeroizing::new(multiples * exponent);
            seeds.expose_mut().push(*seed(context, index, bit.unwrap_u8(), point, offer, &shared));
        }
        seeds
    }
}

impl Sender {
    pub(super) fn new(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let exponent = Secret::new(Scalar::random(rng));
        let point = RistrettoPoint::mul_base(exponent.expose()).compress().to_bytes();
        Self { exponent, point }
    }

    /// A sender with another's point, for a measurement that varies the exponent alone.
    #[cfg(quorate_timing)]
    pub(super) fn with_point(point: [u8; 32], rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self { exponent: Secret::new(Scalar::random(rng)), point }
    }

    pub(super) const fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// Computes both seeds of every transfer from what Alice offered.
    pub(super) fn seeds(
        &self,
        context: &[u8; 32],
        offers: &[Offer],
    ) -> Result<Secret<Vec<[Seed; 2]>>, Offence> {
        refuse_repeated(offers, &self.point)?;
        let mut seeds = Secret::new(Vec::with_capacity(TRANSFERS));
        for (offer, index) in offers.iter().zip(0..) {
            let [zero, one] = offer;
            let decoded = [decode(zero)?, decode(one)?];
            let masks = [mask(context, index, 0, one), mask(context, index, 1, zero)];
            let mut both = Zeroizing::new([[0; 16]; 2]);
            for (((out, choice), point), mask) in both.iter_mut().zip(0..).zip(decoded).zip(masks) {
                let base = point + mask;
                if base.is_identity() {
                    return Err(Offence::DegenerateTransfer);
                }
                let shared = Zeroizing::new(base * self.exponent.expose());
                *out = *seed(context, index, choice, &self.point, offer, &shared);
            }
            seeds.expose_mut().push(*both);
        }
        Ok(seeds)
    }
}

/// Makes r_0 and r_1 without a branch on the choice.
fn offer(
    context: &[u8; 32],
    index: u64,
    choice: Choice,
    exponent: &Scalar,
    rng: &mut (impl RngCore + CryptoRng),
) -> Offer {
    let free = RistrettoPoint::random(rng).compress().to_bytes();
    let bound = RistrettoPoint::mul_base(exponent) - mask(context, index, choice.unwrap_u8(), &free);
    let bound = bound.compress().to_bytes();
    let select = |when_zero: &[u8; 32], when_one: &[u8; 32]| {
        let mut out = *when_zero;
        for (byte, other) in out.iter_mut().zip(when_one) {
            byte.conditional_assign(other, choice);
        }
        out
    };
    [select(&bound, &free), select(&free, &bound)]
}

/// H_choice(r_{1−choice}), a point nobody knows the logarithm of.
fn mask(context: &[u8; 32], index: u64, choice: u8, other: &[u8; 32]) -> RistrettoPoint {
    let wide = Transcript::new("dkls/base-ot/point")
        .field("context", context)
        .number("index", index)
        .number("choice", choice.into())
        .field("other", other)
        .finish_wide();
    RistrettoPoint::from_uniform_bytes(&wide)
}

fn seed(
    context: &[u8; 32],
    index: u64,
    choice: u8,
    point: &[u8; 32],
    [zero, one]: &Offer,
    shared: &RistrettoPoint,
) -> Zeroizing<Seed> {
    let shared = Zeroizing::new(shared.compress().to_bytes());
    let hash = Zeroizing::new(
        Transcript::new("dkls/base-ot/seed")
            .field("context", context)
            .number("index", index)
            .number("choice", choice.into())
            .field("A", point)
            .field("r_0", zero)
            .field("r_1", one)
            .field("shared", shared.as_slice())
            .finish(),
    );
    let mut seed = Zeroizing::new([0; 16]);
    seed.copy_from_slice(hash.split_at(16).0);
    seed
}

/// A table of multiples of A: it serves all transfers, in constant time.
pub(super) fn multiples(point: &[u8; 32]) -> Result<RistrettoBasepointTable, Offence> {
    Ok(RistrettoBasepointTable::create(&decode(point)?))
}

fn decode(bytes: &[u8; 32]) -> Result<RistrettoPoint, Offence> {
    CompressedRistretto(*bytes)
        .decompress()
        .filter(|point| *point != RistrettoPoint::identity())
        .ok_or(BAD_POINT)
}

/// No honest receiver repeats a point, or offers the sender's own.
fn refuse_repeated(offers: &[Offer], own: &[u8; 32]) -> Result<(), Offence> {
    let mut sorted: Vec<&[u8; 32]> = offers.iter().flatten().chain([own]).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(Offence::DegenerateTransfer);
    }
    Ok(())
}
