//! What signers of an ECDSA key send each other, and what they store.

use quorate_dkls::pair::{PairKeys, Transfers, Trees};
use quorate_dkls::presign::{Commitment, Confirmation, Extension, Multiplication, Opening, Presignature};
use quorate_dkls::sign::OnlineShare;
use quorate_dkls::{AttributionOpening, Tombstone};
use quorate_primitives::Secret;

use super::threshold::SECP256K1_BASE;
use crate::Target;
use crate::oracle::{canonical, versioned};

pub const TARGETS: &[Target] = &[
    Target::new("dkls_pair_setup", |bytes| {
        canonical(bytes, Transfers::from_bytes, Transfers::to_bytes);
        canonical(bytes, Trees::from_bytes, Trees::to_bytes);
    })
    .with_seeds(|| vec![vec![1; Transfers::LEN], vec![1; Trees::LEN]]),
    Target::new("dkls_round_1", |bytes| {
        canonical(bytes, Commitment::from_bytes, Commitment::to_bytes);
        canonical(bytes, |bytes| Extension::from_bytes(bytes, 1), Extension::to_bytes);
    })
    .with_seeds(|| vec![vec![1; Commitment::LEN], vec![1; Extension::len(1)]]),
    Target::new("dkls_round_2", |bytes| {
        canonical(bytes, |bytes| Opening::from_bytes(bytes, 1), Opening::to_bytes);
        canonical(bytes, |bytes| Multiplication::from_bytes(bytes, 1), Multiplication::to_bytes);
    })
    .with_seeds(|| vec![opening(), multiplication()]),
    Target::new("dkls_confirmation", |bytes| {
        for batch in [1, 2] {
            canonical(bytes, |bytes| Confirmation::from_bytes(bytes, batch), Confirmation::to_bytes);
        }
    }),
    Target::new("dkls_online_share", |bytes| {
        canonical(bytes, OnlineShare::from_bytes, |share| share.to_bytes().to_vec());
    }),
    Target::new("dkls_attribution_opening", |bytes| {
        canonical(bytes, AttributionOpening::from_bytes, AttributionOpening::to_bytes);
    }),
    Target::new("dkls_tombstone", versioned::<Tombstone>),
    Target::new("dkls_stored", |bytes| {
        let secret = |bytes: &[u8]| Secret::new(bytes.to_vec());
        canonical(
            bytes,
            |bytes| PairKeys::from_secret_bytes(&secret(bytes)),
            |keys| keys.to_secret_bytes().expose().clone(),
        );
        if let Ok(presignature) = Presignature::from_sealed_bytes(secret(bytes)) {
            assert!(*presignature.into_sealed_bytes().expose() == bytes, "two spellings of one value");
        }
    }),
];

fn opening() -> Vec<u8> {
    [&[1; 32], SECP256K1_BASE.as_slice(), &[2; 32]].concat()
}

fn multiplication() -> Vec<u8> {
    let after_points = Multiplication::len(1) - 32;
    let mut bytes = vec![1; Multiplication::len(1)];
    if let Some(points) = bytes.get_mut(after_points - 66..after_points) {
        points.copy_from_slice(&[*SECP256K1_BASE; 2].concat());
    }
    bytes
}
