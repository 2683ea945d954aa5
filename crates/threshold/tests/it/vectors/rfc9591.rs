//! RFC 9591's runs, through `frost-core` on our suites (which also takes large identifiers) and through our own round
//! functions (which take participants of a roster).

use std::collections::BTreeMap;

use frost_core::keys::{KeyPackage as CoreKey, SigningShare, VerifyingShare};
use frost_core::round1::{Nonce, SigningNonces as CoreNonces};
use frost_core::{Identifier, VerifyingKey};
use quorate_primitives::{KeyPurpose, Secret, Threshold};
use quorate_threshold::frost::{KeyPackage, PublicKeyPackage, SigningNonces, SigningPackage, aggregate};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use serde_json::Value;

use super::{Tally, array, bytes, data, index, list, text};
use crate::support::p;

#[test]
fn rfc_9591_ed25519() {
    run::<Ed25519>("rfc9591-ed25519", "ed25519", KeyPurpose::Ed25519);
}

#[test]
fn frost_secp256k1_tr() {
    run::<Secp256k1>("frost-secp256k1-tr", "secp256k1-tr", KeyPurpose::Bip340Secp256k1);
}

/// One case is one published value that we compute too.
fn run<C: Curve>(set: &str, suite: &str, purpose: KeyPurpose) {
    let file = data("rfc9591.json");
    let suite = &file["suites"][suite];
    let mut tally = Tally::default();
    with_frost_core::<C>(&suite["small"], &mut tally);
    with_frost_core::<C>(&suite["big"], &mut tally);
    with_our_rounds::<C>(&suite["small"], purpose, &mut tally);
    assert!(C::point_from_bytes(&bytes(&suite["invalid_element"]["elements"]["invalid_element"])).is_err());
    tally.ran();
    tally.finish(set);
}

fn same(tally: &mut Tally, ours: &[u8], published: &Value) {
    assert_eq!(ours, bytes(published));
    tally.ran();
}

fn with_frost_core<C: Curve>(vector: &Value, tally: &mut Tally) {
    let inputs = &vector["inputs"];
    let secret = scalar::<C>(&inputs["group_secret_key"]);
    let group_key = C::mul_base(&secret);
    same(tally, &C::point_to_bytes(&group_key).unwrap(), &inputs["verifying_key_key"]);
    let group_key = VerifyingKey::<C>::new(group_key);
    let higher = list(&inputs["share_polynomial_coefficients"]);
    let coefficients: Vec<_> = [secret].into_iter().chain(higher.iter().map(scalar::<C>)).collect();
    let min_signers = coefficients.len() as u16;
    let mut keys = BTreeMap::new();
    for share in list(&inputs["participant_shares"]) {
        let id = identifier::<C>(&share["identifier"]);
        let x = id.to_scalar();
        let value = coefficients.iter().rev().copied().reduce(|sum, next| sum * x + next).unwrap();
        same(tally, &C::scalar_to_bytes(&value), &share["participant_share"]);
        let verifying_share = VerifyingShare::new(C::mul_base(&value));
        keys.insert(id, CoreKey::new(id, SigningShare::new(value), verifying_share, group_key, min_signers));
    }
    let (mut nonces, mut commitments) = (BTreeMap::new(), BTreeMap::new());
    for output in list(&vector["round_one_outputs"]["outputs"]) {
        let id = identifier::<C>(&output["identifier"]);
        let share = C::scalar_to_bytes(&keys[&id].signing_share().to_scalar());
        let mut pair = Vec::new();
        for which in ["hiding", "binding"] {
            let random = bytes(&output[format!("{which}_nonce_randomness")]);
            let nonce = C::H3(&[random, share.to_vec()].concat());
            same(tally, &C::scalar_to_bytes(&nonce), &output[format!("{which}_nonce")]);
            let commitment = C::point_to_bytes(&C::mul_base(&nonce)).unwrap();
            same(tally, &commitment, &output[format!("{which}_nonce_commitment")]);
            pair.push(Nonce::from_scalar(nonce));
        }
        let own = CoreNonces::from_nonces(pair[0], pair[1]);
        commitments.insert(id, *own.commitments());
        nonces.insert(id, own);
    }
    let package = frost_core::SigningPackage::new(commitments, &bytes(&inputs["message"]));
    let preimages: BTreeMap<_, _> =
        package.binding_factor_preimages(&group_key, &[]).unwrap().into_iter().collect();
    for output in list(&vector["round_one_outputs"]["outputs"]) {
        let id = identifier::<C>(&output["identifier"]);
        same(tally, &preimages[&id].clone(), &output["binding_factor_input"]);
        let factor = C::scalar_to_bytes(&C::H1(&preimages[&id]));
        same(tally, &factor, &output["binding_factor"]);
    }
    let mut shares = BTreeMap::new();
    for output in list(&vector["round_two_outputs"]["outputs"]) {
        let id = identifier::<C>(&output["identifier"]);
        let share = frost_core::round2::sign(&package, &nonces[&id], &keys[&id]).unwrap();
        same(tally, &share.serialize(), &output["sig_share"]);
        shares.insert(id, share);
    }
    let verifying_shares = keys.iter().map(|(id, key)| (*id, *key.verifying_share())).collect();
    let public = frost_core::keys::PublicKeyPackage::new(verifying_shares, group_key, Some(min_signers));
    let signature = frost_core::aggregate(&package, &shares, &public).unwrap();
    same(tally, &signature.serialize().unwrap(), &vector["final_output"]["sig"]);
}

fn with_our_rounds<C: Curve>(vector: &Value, purpose: KeyPurpose, tally: &mut Tally) {
    let inputs = &vector["inputs"];
    let shares = list(&inputs["participant_shares"]);
    let public = PublicKeys {
        purpose,
        threshold: Threshold::new(2, 3).unwrap(),
        group_key: bytes(&inputs["verifying_key_key"]),
        verifying_shares: shares
            .iter()
            .map(|share| C::point_to_bytes(&C::mul_base(&scalar::<C>(&share["participant_share"]))).unwrap())
            .collect(),
        chain_code: [0; 32],
    };
    let keys = PublicKeyPackage::new(&public).unwrap();
    let mut nonces = BTreeMap::new();
    for output in list(&vector["round_one_outputs"]["outputs"]) {
        let id = p(index(&output["identifier"]) as u16);
        let mut sealed = vec![1, purpose as u8, 0, id.get() as u8];
        sealed.extend(bytes(&output["hiding_nonce"]));
        sealed.extend(bytes(&output["binding_nonce"]));
        let own = SigningNonces::from_sealed_bytes(Secret::new(sealed)).unwrap();
        let published =
            [bytes(&output["hiding_nonce_commitment"]), bytes(&output["binding_nonce_commitment"])].concat();
        assert_eq!(own.commitments().to_bytes(), published);
        tally.ran();
        nonces.insert(id, own);
    }
    let commitments: Vec<_> = nonces.iter().map(|(id, nonces)| (*id, nonces.commitments())).collect();
    let package = SigningPackage::new(&keys, &bytes(&inputs["message"]), commitments).unwrap();
    let mut signature_shares = BTreeMap::new();
    for output in list(&vector["round_two_outputs"]["outputs"]) {
        let participant = p(index(&output["identifier"]) as u16);
        let share = KeyShare {
            public: public.clone(),
            participant,
            signing_share: Secret::new(array(&shares[participant.position()]["participant_share"])),
        };
        let own = nonces.remove(&participant).unwrap();
        let share = own.sign(&package, &KeyPackage::new(&share).unwrap()).unwrap();
        same(tally, &share.to_bytes(), &output["sig_share"]);
        signature_shares.insert(participant, share);
    }
    let signature = aggregate(&package, &signature_shares, &keys).unwrap();
    same(tally, &signature, &vector["final_output"]["sig"]);
}

fn scalar<C: Curve>(value: &Value) -> frost_core::Scalar<C> {
    C::scalar_from_bytes(&array(value)).unwrap()
}

/// Small identifiers are numbers in the vectors, large ones encoded scalars.
fn identifier<C: Curve>(value: &Value) -> Identifier<C> {
    match value.as_u64() {
        Some(number) => Identifier::try_from(number as u16).unwrap(),
        None => Identifier::deserialize(&hex::decode(text(value)).unwrap()).unwrap(),
    }
}
