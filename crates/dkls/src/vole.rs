//! Random vector OLE from extended rows (DKLs23, section 5): `multiply` is Alice's part of presigning 2 (§4 of
//! `docs/protocols/dkls.md`), `receive` Bob's of presigning 3.
//!
//! For his random χ = Σ g_j·β_j and her inputs a_1, a_2 (her nonce and her share), Alice gets c and Bob d with
//! c + d = a·χ for each. A third, random input â and a Fiat–Shamir challenge θ let Bob check that she used the same
//! inputs in all 416 rows; that they are the right ones is checked in the exponent, in `presign`. The gadget g is fixed,
//! so Alice knows it when she chooses which β_j to guess: D5 of the page argues why χ is uniform all the same.

#[cfg(test)]
mod tests;
mod unreduced;

#[cfg(quorate_timing)]
pub(crate) mod timing;

use std::sync::LazyLock;

use k256::Scalar;
use quorate_primitives::{Secret, Transcript};
use quorate_threshold::suite::{Curve, Secp256k1};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::hash::{narrow_scalar, short_hash, wide_scalar};
use crate::pair::Direction;
use crate::wire::{SCALAR_LEN, scalar_bytes};
use crate::{Offence, Part};
use unreduced::Unreduced;

/// ξ = 256 + 2·80 rows per multiplication.
pub(crate) const OTS: usize = 416;

/// Two inputs and one check column: the columns of ã.
const WIDTH: usize = 3;

/// The length of the masked inputs ã.
pub(crate) const MASKED_LEN: usize = OTS * WIDTH * SCALAR_LEN;

/// What one run in one direction is about; both sides' fresh nonces are in it, so a repeated session does not repeat pads.
pub(crate) struct Context {
    /// E.
    hash: [u8; 32],
    /// E'.
    pads: [u8; 32],
}

/// What Alice sends for one multiplication.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Product {
    /// ã, encoded: row by row its three columns.
    pub masked: Vec<u8>,
    /// η.
    pub eta: Scalar,
    /// μ.
    pub mu: [u8; 32],
}

/// g_j.
static GADGET: LazyLock<Vec<Scalar>> = LazyLock::new(|| {
    (0..OTS as u64)
        .map(|index| wide_scalar(Transcript::new("dkls/vole/gadget").number("index", index)))
        .collect()
});

/// χ = Σ g_j·β_j.
pub(crate) fn chi(beta: &[u8]) -> Scalar {
    GADGET.iter().zip(beta).fold(Scalar::ZERO, |sum, (factor, bit)| {
        sum + Scalar::conditional_select(&Scalar::ZERO, factor, Choice::from(*bit))
    })
}

impl Context {
    /// Binds session, direction, both nonces and Bob's message.
    pub(crate) fn new(
        session: &[u8; 32],
        direction: Direction,
        bob_nonce: &[u8; 32],
        alice_nonce: &[u8; 32],
        extension_hash: &[u8; 32],
    ) -> Self {
        let hash = direction
            .bind(Transcript::new("dkls/vole").field("session", session))
            .field("n_B", bob_nonce)
            .field("n_A", alice_nonce)
            .field("extension", extension_hash)
            .finish();
        Self { hash, pads: Transcript::new("dkls/vole/pads").field("context", &hash).finish() }
    }

    /// Alice's side of multiplication `index`: `rows` are her q_j, `inputs` a_1 and a_2, `check_input` is â. Returns the
    /// message and c for each input.
    pub(crate) fn multiply(
        &self,
        index: u16,
        rows: &[u128],
        delta: u128,
        inputs: [&Scalar; 2],
        check_input: &Scalar,
    ) -> (Product, Secret<[Scalar; 2]>) {
        let mut pads = Zeroizing::new(Vec::with_capacity(OTS));
        let mut masked = Vec::with_capacity(MASKED_LEN);
        let [first, second] = inputs;
        for (row, j) in rows.iter().zip(0..) {
            let zero = self.pads(index, j, *row);
            let one = self.pads(index, j, row ^ delta);
            for ((zero, one), input) in zero.iter().zip(one.iter()).zip([first, second, check_input]) {
                masked.extend_from_slice(&scalar_bytes(&(zero - one + input)));
            }
            pads.push(*zero);
        }
        let [theta_1, theta_2] = self.challenge(index, &masked);
        let eta = check_input + theta_1 * first + theta_2 * second;
        let combined =
            pads.iter().map(|[one, two, check]| check + sum_of_two((&theta_1, one), (&theta_2, two)));
        let mu = self.check_hash(index, combined);
        let [mut sum_1, mut sum_2] = [Unreduced::ZERO; 2];
        for ([one, two, _], factor) in pads.iter().zip(GADGET.iter()) {
            sum_1.add_product(factor, one);
            sum_2.add_product(factor, two);
        }
        // A negation asks whether it is of zero.
        let outputs = [&sum_1, &sum_2].map(|sum| Scalar::ZERO - sum.reduce());
        (Product { masked, eta, mu }, Secret::new(outputs))
    }

    /// Bob's side of multiplication `index`: `rows` are his v_j. Checks Alice's message and returns d for each input.
    pub(crate) fn receive(
        &self,
        index: u16,
        rows: &[u128],
        beta: &[u8],
        product: &Product,
    ) -> Result<Secret<[Scalar; 2]>, Offence> {
        let [theta_1, theta_2] = self.challenge(index, &product.masked);
        let [mut d_1, mut d_2] = [Unreduced::ZERO; 2];
        let mut combined = Zeroizing::new(Vec::with_capacity(OTS));
        let received = product.masked.chunks_exact(WIDTH * SCALAR_LEN);
        for ((((row, bit), masked), factor), j) in
            rows.iter().zip(beta).zip(received).zip(GADGET.iter()).zip(0..)
        {
            // d_j = pad(v_j) + β_j·ã_j.
            let bit = Choice::from(*bit);
            let mut d = self.pads(index, j, *row);
            for (d, masked) in d.iter_mut().zip(masked.chunks_exact(SCALAR_LEN)) {
                let masked = decode(masked)?;
                *d += Scalar::conditional_select(&Scalar::ZERO, &masked, bit);
            }
            let [one, two, check] = &*d;
            let eta = Scalar::conditional_select(&Scalar::ZERO, &product.eta, bit);
            combined.push(check + sum_of_two((&theta_1, one), (&theta_2, two)) - eta);
            d_1.add_product(factor, one);
            d_2.add_product(factor, two);
        }
        let mu = self.check_hash(index, combined.iter().copied());
        let outputs = Secret::new([d_1.reduce(), d_2.reduce()]);
        if bool::from(mu.ct_eq(&product.mu)) { Ok(outputs) } else { Err(Offence::Multiplication) }
    }

    /// The three pads of a row.
    fn pads(&self, index: u16, j: u16, row: u128) -> Zeroizing<[Scalar; WIDTH]> {
        let mut fields = Zeroizing::new([0; 21]);
        if let Some((head, tail)) = fields.split_first_chunk_mut::<16>() {
            *head = row.to_le_bytes();
            let ([index_high, index_low], [j_high, j_low]) = (index.to_be_bytes(), j.to_be_bytes());
            tail.copy_from_slice(&[index_high, index_low, j_high, j_low, 0]);
        }
        let mut pads = Zeroizing::new([Scalar::ZERO; WIDTH]);
        for (pad, column) in pads.iter_mut().zip(0..) {
            if let Some(last) = fields.last_mut() {
                *last = column;
            }
            *pad = narrow_scalar(short_hash(&self.pads, &fields));
        }
        pads
    }

    /// θ_1 and θ_2, fixed by ã.
    fn challenge(&self, index: u16, masked: &[u8]) -> [Scalar; 2] {
        let hash = Transcript::new("dkls/vole/challenge")
            .field("context", &self.hash)
            .number("index", index.into())
            .field("masked", masked)
            .finish();
        [1, 2].map(|number| {
            wide_scalar(Transcript::new("dkls/vole/theta").field("hash", &hash).number("number", number))
        })
    }

    /// μ, over a list of 416 scalars: fixed lengths after a context that names the use.
    fn check_hash(&self, index: u16, combined: impl Iterator<Item = Scalar>) -> [u8; 32] {
        let start = Transcript::new("dkls/vole/check")
            .field("context", &self.hash)
            .number("index", index.into())
            .finish();
        let mut hasher = Sha256::new().chain_update(start);
        for scalar in combined {
            hasher.update(Zeroizing::new(scalar_bytes(&scalar)));
        }
        hasher.finalize().into()
    }
}

/// a·b + c·d.
fn sum_of_two((a, b): (&Scalar, &Scalar), (c, d): (&Scalar, &Scalar)) -> Scalar {
    let mut sum = Unreduced::ZERO;
    sum.add_product(a, b);
    sum.add_product(c, d);
    sum.reduce()
}

fn decode(bytes: &[u8]) -> Result<Scalar, Offence> {
    let invalid = Offence::Scalar { part: Part::Multiplication };
    let bytes = bytes.try_into().map_err(|_| invalid)?;
    Secp256k1::scalar_from_bytes(bytes).map_err(|_| invalid)
}
