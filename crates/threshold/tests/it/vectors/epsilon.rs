//! The tweaks of Chain Signatures, and the keys of an account.

use quorate_primitives::{KeyPurpose, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{DeriveError, Epsilon};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};
use serde_json::Value;

use super::{Tally, array, bytes, data, list, text};

fn epsilon(vector: &Value) -> Epsilon {
    Epsilon::new(text(&vector["predecessor"]), text(&vector["path"])).unwrap()
}

fn keys(purpose: KeyPurpose, group_key: Vec<u8>) -> PublicKeys {
    let threshold = Threshold::new(2, 3).unwrap();
    PublicKeys { purpose, threshold, group_key, verifying_shares: Vec::new(), chain_code: [0; 32] }
}

/// A key as NEAR writes it: the curve, then x and y, or an Ed25519 key, in base 58.
fn near_key(value: &Value) -> Vec<u8> {
    let (curve, encoded) = text(value).split_once(':').unwrap();
    let bytes = bs58::decode(encoded).into_vec().unwrap();
    if curve == "ed25519" { bytes } else { [[2 | bytes[63] & 1].as_slice(), &bytes[..32]].concat() }
}

#[test]
fn tweaks_and_keys_of_near() {
    let file = data("near_epsilon.json");
    let mut tally = Tally::default();
    for vector in list(&file["tweaks"]) {
        assert_eq!(*epsilon(vector).as_bytes(), array::<32>(&vector["tweak"]), "{vector}");
        tally.ran();
    }
    let vector = &file["keys"];
    let (epsilon, secret) = (epsilon(vector), array::<32>(&vector["secret"]));
    assert_eq!(*epsilon.as_bytes(), array::<32>(&vector["tweak"]));
    // secp256k1: big-endian.
    let purpose = KeyPurpose::EcdsaSecp256k1;
    let root = near_key(&vector["secp256k1"]["root"]);
    let [secret_scalar, added] = [secret, epsilon.added_to(purpose).unwrap()]
        .map(|bytes| Secp256k1::scalar_from_bytes(&bytes).unwrap());
    assert_eq!(Secp256k1::point_to_bytes(&Secp256k1::mul_base(&secret_scalar)).unwrap(), root);
    let child = epsilon.public_key(&keys(purpose, root)).unwrap();
    assert_eq!(child, near_key(&vector["secp256k1"]["child"]));
    let grown = Secp256k1::mul_base(&(secret_scalar + added));
    assert_eq!(Secp256k1::point_to_bytes(&grown).unwrap(), child);
    tally.ran();
    // Ed25519: little-endian, modulo the order.
    let purpose = KeyPurpose::Ed25519;
    let root = near_key(&vector["ed25519"]["root"]);
    let secret_scalar = curve25519_dalek::Scalar::from_bytes_mod_order(secret);
    let added = Ed25519::scalar_from_bytes(&epsilon.added_to(purpose).unwrap()).unwrap();
    assert_eq!(Ed25519::point_to_bytes(&Ed25519::mul_base(&secret_scalar)).unwrap(), root);
    let child = epsilon.public_key(&keys(purpose, root)).unwrap();
    assert_eq!(child, bytes(&vector["ed25519"]["child"]));
    let grown = Ed25519::mul_base(&(secret_scalar + added));
    assert_eq!(Ed25519::point_to_bytes(&grown).unwrap(), child);
    tally.ran();
    tally.finish("near-epsilon");
}

/// Account and path stand beside each other with a comma between: an account with one could pass for another.
#[test]
fn b19_g17_an_account_with_a_comma_has_no_tweak() {
    assert_eq!(Epsilon::new("alice.near,a", "b"), Err(DeriveError::Predecessor));
    assert_ne!(Epsilon::new("alice.near", "a,b"), Epsilon::new("alice.near", "a"));
    assert!(Epsilon::new("alice.near", "").is_ok());
}

#[test]
fn k30_bip_340_keys_have_no_children_of_this_kind() {
    let purpose = KeyPurpose::Bip340Secp256k1;
    let refused = Err(DeriveError::NotAdditive { purpose });
    let epsilon = Epsilon::new("hello", "my-path").unwrap();
    assert_eq!(epsilon.added_to(purpose), refused);
    let key = near_key(&data("near_epsilon.json")["keys"]["secp256k1"]["root"]);
    assert_eq!(epsilon.public_key(&keys(purpose, key)).map(drop), refused.map(drop));
}
