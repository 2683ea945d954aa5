//! BIP-445's equations, on our curve, interpolation and decoders.

use quorate_primitives::ParticipantId;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point, lagrange_at_zero};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::pick;
use crate::support::p;
use crate::vectors::{array, bytes, index, list};

type Scalar = frost_core::Scalar<Secp256k1>;

/// What all signers of a session compute.
pub struct Session {
    ids: Vec<ParticipantId>,
    pubshares: Vec<Secp256k1Point>,
    /// The tweaked key, and how the secret became its secret: `±x + sum`, the sign in `flips`.
    key: Secp256k1Point,
    flips: Scalar,
    sum: Scalar,
    binding: Scalar,
    commitment: Secp256k1Point,
    challenge: Scalar,
}

impl Session {
    pub fn new(group: &Value, test: &Value, aggregate: &[u8]) -> Self {
        let ids: Vec<_> = list(&test["ids"]).iter().map(|id| p(index(id) as u16 + 1)).collect();
        let pubshares: Vec<_> = pick(&group["pubshares"], &test["pubshare_indices"])
            .into_iter()
            .map(|share| point(&bytes(share)))
            .collect();
        let (key, flips, sum) = tweaked(group, test);
        let mut sorted: Vec<u32> = ids.iter().map(|id| u32::from(id.get()) - 1).collect();
        sorted.sort_unstable();
        let message = bytes(&test["msg"]);
        let x_only = key.x_only().unwrap();
        let mut preimage: Vec<u8> = sorted.iter().flat_map(|id| id.to_be_bytes()).collect();
        preimage.extend([aggregate, &x_only, &message].concat());
        let binding = tagged("BIP0445/noncecoef", &preimage);
        let [first, second] = halves(aggregate);
        let commitment = first + second * binding;
        let challenge = tagged(
            "BIP0340/challenge",
            &[commitment.x_only().unwrap().as_slice(), &x_only, &message].concat(),
        );
        // The interpolation of the public shares is the key.
        let interpolated = ids.iter().zip(&pubshares).fold(zero_point(), |sum, (id, share)| {
            sum + *share * lagrange_at_zero::<Secp256k1>(ids.iter().copied(), *id).unwrap()
        });
        assert_eq!(interpolated, point(&bytes(&group["thresh_pk"])));
        Self { ids, pubshares, key, flips, sum, binding, commitment, challenge }
    }

    /// s = ±(k₁ + b·k₂) + e·λ·d.
    pub fn sign(&self, nonces: &[u8], share: &[u8; 32], position: usize) -> Scalar {
        let [first, second] = [&nonces[..32], &nonces[32..64]]
            .map(|half| Secp256k1::scalar_from_bytes(half.try_into().unwrap()).unwrap());
        let nonce = first + second * self.binding;
        let signed = if self.commitment.has_even_y() { nonce } else { -nonce };
        signed + self.key_factor(position) * Secp256k1::scalar_from_bytes(share).unwrap()
    }

    /// s·G = ±(R₁ + b·R₂) + e·λ·d·X.
    pub fn accepts(&self, share: &Scalar, position: usize, pubnonce: &[u8]) -> bool {
        let [first, second] = halves(pubnonce);
        let nonce = first + second * self.binding;
        let signed = if self.commitment.has_even_y() { nonce } else { -nonce };
        Secp256k1::mul_base(share) == signed + self.pubshares[position] * self.key_factor(position)
    }

    /// s = Σ s_i + e·g·Σ tweaks.
    pub fn aggregate(&self, shares: impl Iterator<Item = Scalar>) -> [u8; 64] {
        let tweaks = self.challenge * self.sum;
        let tweaks = if self.key.has_even_y() { tweaks } else { -tweaks };
        let sum = shares.fold(tweaks, |sum, share| sum + share);
        [self.commitment.x_only().unwrap(), Secp256k1::scalar_to_bytes(&sum)].concat().try_into().unwrap()
    }

    pub fn verifying_key(&self) -> [u8; 32] {
        self.key.x_only().unwrap()
    }

    fn key_factor(&self, position: usize) -> Scalar {
        let lambda = lagrange_at_zero::<Secp256k1>(self.ids.iter().copied(), self.ids[position]).unwrap();
        let factor = self.challenge * lambda * self.flips;
        if self.key.has_even_y() { factor } else { -factor }
    }
}

/// The tweaks of a test: numbers (of a pool, or in line), and which of them count for the x-only key.
pub fn tweaks(group: &Value, test: &Value) -> Vec<(Value, bool)> {
    let numbers: Vec<Value> = match test.get("tweaks") {
        Some(inline) => list(inline).to_vec(),
        None => pick(&group["tweaks"], &test["tweak_indices"]).into_iter().cloned().collect(),
    };
    numbers.into_iter().zip(list(&test["is_xonly"]).iter().map(|flag| flag == true)).collect()
}

fn tweaked(group: &Value, test: &Value) -> (Secp256k1Point, Scalar, Scalar) {
    let one = Secp256k1::scalar_from_u16(1);
    let mut key = point(&bytes(&group["thresh_pk"]));
    let (mut flips, mut sum) = (one, Secp256k1::scalar_from_u16(0));
    for (number, x_only) in tweaks(group, test) {
        let number = Secp256k1::scalar_from_bytes(&array(&number)).unwrap();
        if x_only && !key.has_even_y() {
            (key, flips, sum) = (-key, -flips, -sum);
        }
        key = key + Secp256k1::mul_base(&number);
        sum += number;
    }
    (key, flips, sum)
}

/// Adds the first halves and the second halves; an empty sum is written as zeros.
pub fn sum_nonces(pubnonces: &[Vec<u8>]) -> Vec<u8> {
    let [first, second] = pubnonces
        .iter()
        .map(|pubnonce| halves(pubnonce))
        .fold([zero_point(), zero_point()], |[first, second], [one, two]| [first + one, second + two]);
    [first, second].iter().flat_map(|sum| Secp256k1::point_to_bytes(sum).unwrap_or(vec![0; 33])).collect()
}

pub fn aggregate_nonce(group: &Value, test: &Value) -> Vec<u8> {
    let pubnonces: Vec<_> =
        pick(&group["pubnonces"], &test["pubnonce_indices"]).into_iter().map(bytes).collect();
    sum_nonces(&pubnonces)
}

fn halves(pubnonce: &[u8]) -> [Secp256k1Point; 2] {
    [&pubnonce[..33], &pubnonce[33..]].map(|half| if half == [0; 33] { zero_point() } else { point(half) })
}

fn point(bytes: &[u8]) -> Secp256k1Point {
    Secp256k1::point_from_bytes(bytes).unwrap()
}

fn zero_point() -> Secp256k1Point {
    Secp256k1::mul_base(&Secp256k1::scalar_from_u16(0))
}

fn tagged(tag: &str, message: &[u8]) -> Scalar {
    let tag = Sha256::digest(tag);
    let hash: [u8; 32] =
        Sha256::new().chain_update(tag).chain_update(tag).chain_update(message).finalize().into();
    let mut wide = [0; 64];
    wide[32..].copy_from_slice(&hash);
    Secp256k1::hash_to_scalar(&wide)
}
