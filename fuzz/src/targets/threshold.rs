//! What participants of a key ceremony and of a signature send each other.

use quorate_primitives::KeyPurpose;
use quorate_threshold::KeyShare;
use quorate_threshold::derive::Derivation;
use quorate_threshold::dkg::{Announcement, Commitment, Complaint, Dealing, Echo, SealedShares};
use quorate_threshold::frost::{SignatureShare, SigningCommitments};

use crate::Target;
use crate::oracle::{body, canonical};

pub const TARGETS: &[Target] = &[
    Target::new("threshold_announcement", body::<Announcement>),
    Target::new("threshold_dealing", body::<(Commitment, Dealing, Echo)>),
    Target::new("threshold_sealed_shares", body::<(SealedShares, Complaint)>),
    Target::new("threshold_key_share", body::<KeyShare>),
    Target::new("threshold_path", body::<Derivation>),
    Target::new("threshold_signing_commitments", |bytes| {
        for purpose in SCHNORR {
            let decode = |bytes: &[u8]| SigningCommitments::from_bytes(purpose, bytes);
            canonical(bytes, decode, SigningCommitments::to_bytes);
        }
    })
    .with_seeds(|| vec![[*ED25519_BASE; 2].concat(), [*SECP256K1_BASE; 2].concat()]),
    Target::new("threshold_signature_share", |bytes| {
        for purpose in SCHNORR {
            let decode = |bytes: &[u8]| SignatureShare::from_bytes(purpose, bytes);
            canonical(bytes, decode, |share| share.to_bytes().to_vec());
        }
    })
    .with_seeds(|| vec![vec![1; 32]]),
];

const SCHNORR: [KeyPurpose; 2] = [KeyPurpose::Ed25519, KeyPurpose::Bip340Secp256k1];

/// The base point of Ed25519, encoded.
pub const ED25519_BASE: &[u8; 32] =
    b"\x58\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";

/// The base point of secp256k1, compressed.
pub const SECP256K1_BASE: &[u8; 33] =
    b"\x02\x79\xbe\x66\x7e\xf9\xdc\xbb\xac\x55\xa0\x62\x95\xce\x87\x0b\x07\x02\x9b\xfc\xdb\x2d\xce\x28\xd9\x59\xf2\x81\x5b\x16\xf8\x17\x98";
