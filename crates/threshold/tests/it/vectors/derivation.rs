//! BIP-32's public steps, and our own vectors for Ed25519.

use quorate_primitives::{KeyPurpose, Threshold};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{Derivation, DeriveError, HARDENED, derive_public};
use quorate_threshold::suite::{Curve, Ed25519};

use super::{Tally, array, bytes, data, list, text};

/// A step is derived if it is not hardened, and refused if it is.
#[test]
fn bip_32_public_steps() {
    let mut tally = Tally::default();
    for step in list(&data("bip32.json")["steps"]) {
        let (parent_key, parent_code) = extended_key(text(&step["parent"]));
        let (child_key, child_code) = extended_key(text(&step["child"]));
        let index = u32::try_from(step["index"].as_u64().unwrap()).unwrap();
        let parent = keys(KeyPurpose::EcdsaSecp256k1, parent_key, parent_code);
        match derive_public(&parent, &Derivation::child(vec![index])) {
            Ok(child) => {
                assert!(index < HARDENED);
                assert_eq!((child.public_key, child.chain_code), (child_key, child_code), "{step}");
            }
            Err(error) => {
                assert!(index >= HARDENED);
                assert_eq!(error, DeriveError::Hardened { index });
            }
        }
        tally.ran();
    }
    tally.finish("bip32");
}

/// Two steps at once, in every chain of the standard that has them.
#[test]
fn bip_32_paths_are_steps_in_a_row() {
    let file = data("bip32.json");
    let steps = list(&file["steps"]);
    let mut found = 0;
    for (first, second) in steps.iter().flat_map(|one| steps.iter().map(move |two| (one, two))) {
        let path: Vec<_> = [first, second].map(|step| step["index"].as_u64().unwrap() as u32).into();
        if first["child"] != second["parent"] || path.iter().any(|index| *index >= HARDENED) {
            continue;
        }
        let (key, code) = extended_key(text(&first["parent"]));
        let child =
            derive_public(&keys(KeyPurpose::EcdsaSecp256k1, key, code), &Derivation::child(path)).unwrap();
        assert_eq!((child.public_key, child.chain_code), extended_key(text(&second["child"])));
        found += 1;
    }
    assert_eq!(found, 1);
}

#[test]
fn ed25519_additive() {
    let mut tally = Tally::default();
    for vector in list(&data("ed25519_add.json")["vectors"]) {
        let scalar = |value| Ed25519::scalar_from_bytes(&array(value)).unwrap();
        let secret = scalar(&vector["secret"]);
        let public = bytes(&vector["public_key"]);
        assert_eq!(Ed25519::point_to_bytes(&Ed25519::mul_base(&secret)).unwrap(), public);
        let path = list(&vector["path"]).iter().map(|index| index.as_u64().unwrap() as u32).collect();
        let root = keys(KeyPurpose::Ed25519, public, array(&vector["chain_code"]));
        let child = derive_public(&root, &Derivation::child(path)).unwrap();
        assert_eq!(child.public_key, bytes(&vector["child_public_key"]), "{vector}");
        assert_eq!(child.chain_code, array(&vector["child_chain_code"]), "{vector}");
        // The secret grows by the published numbers.
        let grown = list(&vector["tweaks"]).iter().fold(secret, |sum, tweak| sum + scalar(tweak));
        assert_eq!(Ed25519::point_to_bytes(&Ed25519::mul_base(&grown)).unwrap(), child.public_key);
        tally.ran();
    }
    tally.finish("ed25519-add");
}

fn keys(purpose: KeyPurpose, group_key: Vec<u8>, chain_code: [u8; 32]) -> PublicKeys {
    let threshold = Threshold::new(2, 2).unwrap();
    PublicKeys { purpose, threshold, group_key, verifying_shares: Vec::new(), chain_code }
}

/// Key and chain code of an `xpub`.
fn extended_key(xpub: &str) -> (Vec<u8>, [u8; 32]) {
    let bytes = bs58::decode(xpub).with_check(None).into_vec().unwrap();
    assert_eq!(bytes.len(), 78);
    (bytes[45..].to_vec(), bytes[13..45].try_into().unwrap())
}
