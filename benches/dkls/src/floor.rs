//! What a signature is made of: the least that anybody's CPU time can be compared with.

use std::fmt::Write as _;

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use k256::elliptic_curve::Field;
use k256::elliptic_curve::ops::MulByGenerator;
use k256::{ProjectivePoint, Scalar};
use measured_rows::time_of;
use rand_core::OsRng;
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, PublicKey, SecretKey};
use sha2::{Digest, Sha256};

const DIGEST: [u8; 32] = [7; 32];

/// What one signer receives from another for one presignature.
const PAYLOAD: usize = 42_931;

pub fn table() -> String {
    let mut text = format!("{:52} {:>10}\n", "one operation", "median µs");
    for (what, micros) in k256_floor().into_iter().chain(library_floor()).chain(hashes()) {
        let _ = writeln!(text, "{what:52} {micros:>10.2}");
    }
    text
}

fn k256_floor() -> [(&'static str, f64); 4] {
    let [x, y] = [(); 2].map(|()| Scalar::random(&mut OsRng));
    let point = ProjectivePoint::GENERATOR * y;
    let key = SigningKey::random(&mut OsRng);
    let (signature, id): (Signature, RecoveryId) = key.sign_prehash(&DIGEST).expect("a signature");
    let verifying = *key.verifying_key();
    let recover = || VerifyingKey::recover_from_prehash(&DIGEST, &signature, id).expect("a key");
    [
        ("k256: multiplication of any point", time_of(|| point * x)),
        ("k256: multiplication of the generator", time_of(|| ProjectivePoint::mul_by_generator(&x))),
        ("k256: verification", time_of(|| verifying.verify_prehash(&DIGEST, &signature).expect("valid"))),
        ("k256: recovery of the key", time_of(recover)),
    ]
}

fn library_floor() -> [(&'static str, f64); 3] {
    let secret = SecretKey::from_secret_bytes([9; 32]).expect("a key");
    let public = PublicKey::from_secret_key(&secret);
    let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(DIGEST), &secret);
    let plain = signature.to_standard();
    let message = Message::from_digest(DIGEST);
    let verify = || secp256k1::ecdsa::verify(&plain, message, &public).expect("valid");
    [
        ("libsecp256k1: public key of a secret", time_of(|| PublicKey::from_secret_key(&secret))),
        ("libsecp256k1: verification", time_of(verify)),
        ("libsecp256k1: recovery of the key", time_of(|| signature.recover_ecdsa(message).expect("a key"))),
    ]
}

fn hashes() -> [(&'static str, f64); 2] {
    let payload = vec![5_u8; PAYLOAD];
    [
        ("SHA-256 of one block", time_of(|| Sha256::digest([5_u8; 53]))),
        ("SHA-256 of a presignature's messages from one peer", time_of(|| Sha256::digest(&payload))),
    ]
}
