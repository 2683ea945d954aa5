//! What is measured.

use quorate_dkls::timing::{
    Accepting, Checking, Choosing, Combining, Correcting, Expanding, Harvesting, Multiplying, Offering,
    Planting, Receiving, Sending, Sharing, Step, Transposing,
};
use quorate_primitives::KeyPurpose;
use quorate_threshold::suite::{Ed25519, Secp256k1};

use crate::frost::{Committing, Signing};
use crate::primitives::{
    BaseMultiplication, Comparison, Decoding, Encoding, LeakyComparison, LeakyMultiplication,
    PointMultiplication,
};

/// How long a step takes: slow ones get a twentieth of the samples.
#[derive(Clone, Copy)]
pub enum Cost {
    Fast,
    Slow,
}

/// What the result should be.
#[derive(Clone, Copy)]
pub enum Kind {
    Secret,
    Control,
}

/// A step with its name.
pub struct Path {
    pub label: &'static str,
    pub cost: Cost,
    pub kind: Kind,
    pub step: Box<dyn Step>,
}

pub fn paths() -> Vec<Path> {
    use Cost::{Fast, Slow};
    let control = |label, step: Box<dyn Step>| Path { label, cost: Slow, kind: Kind::Control, step };
    let path = |label, cost, step: Box<dyn Step>| Path { label, cost, kind: Kind::Secret, step };
    vec![
        control("control: comparison that returns early", Box::<LeakyComparison>::default()),
        control("control: multiplication that varies in time", Box::<LeakyMultiplication>::default()),
        path("base transfer, Alice's offer: choice, y", Slow, Box::<Offering>::default()),
        path("base transfer, Alice's seed: choice, y", Slow, Box::<Receiving>::default()),
        path("base transfer, Bob's seeds: a", Slow, Box::<Sending>::default()),
        path("tree planted: root, seeds", Fast, Box::<Planting>::default()),
        path("tree harvested and checked: Δ", Fast, Box::<Harvesting>::default()),
        path("extension, Bob's side: seeds, β", Slow, Box::<Choosing>::default()),
        path("extension, Alice's side and check: Δ, seeds", Slow, Box::<Accepting>::default()),
        path("extension, one leaf expanded: seed", Fast, Box::<Expanding>::default()),
        path("extension, corrections and hashes of a block: Δ, rows", Fast, Box::<Correcting>::default()),
        path("extension, transposition: rows", Fast, Box::<Transposing>::default()),
        path("multiplication, Bob's χ: β", Fast, Box::<Combining>::default()),
        path("multiplication, Alice's side, 4 rows: Δ, rows, r, sk, â", Fast, Box::<Multiplying>::default()),
        path("multiplication, Bob's side, 4 rows: β, rows", Fast, Box::<Checking>::default()),
        path("online share, re-randomised and tweaked: φ, u, v", Fast, Box::<Sharing>::default()),
        path("generator times scalar, secp256k1", Fast, Box::<BaseMultiplication<Secp256k1>>::default()),
        path("generator times scalar, Ed25519", Fast, Box::<BaseMultiplication<Ed25519>>::default()),
        path("point times scalar, secp256k1", Fast, Box::<PointMultiplication<Secp256k1>>::default()),
        path("point times scalar, Ed25519", Fast, Box::<PointMultiplication<Ed25519>>::default()),
        path("share decoded, secp256k1", Fast, Box::<Decoding<Secp256k1>>::default()),
        path("share decoded, Ed25519", Fast, Box::<Decoding<Ed25519>>::default()),
        path("point of a secret encoded, secp256k1", Fast, Box::<Encoding<Secp256k1>>::default()),
        path("Secret == Secret, 32 bytes", Fast, Box::<Comparison>::default()),
        path(
            "FROST commitments, BIP-340: nonces",
            Slow,
            Box::new(Committing::new(KeyPurpose::Bip340Secp256k1)),
        ),
        path("FROST commitments, Ed25519: nonces", Slow, Box::new(Committing::new(KeyPurpose::Ed25519))),
        path("FROST share, BIP-340: nonces", Slow, Box::new(Signing::new(KeyPurpose::Bip340Secp256k1))),
        path("FROST share, Ed25519: nonces", Slow, Box::new(Signing::new(KeyPurpose::Ed25519))),
    ]
}
