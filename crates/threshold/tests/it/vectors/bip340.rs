//! BIP-340 and the key part of BIP-341.

use quorate_primitives::KeyPurpose;
use quorate_threshold::derive::taproot_output_key;
use quorate_threshold::frost::verify;
use quorate_threshold::suite::{Curve, Secp256k1};
use serde_json::Value;

use super::{Tally, array, bytes, data, list};

#[test]
fn bip_340() {
    let mut tally = Tally::default();
    for vector in list(&data("bip340.json")["vectors"]) {
        let (key, signature) = (bytes(&vector["public_key"]), bytes(&vector["signature"]));
        if vector["secret_key"] != "" {
            assert_eq!(x_only(&vector["secret_key"]).as_slice(), key, "{vector}");
        }
        let verdict = verify(KeyPurpose::Bip340Secp256k1, &key, &bytes(&vector["message"]), &signature);
        assert_eq!(verdict.is_ok(), vector["valid"] == true, "{vector}");
        tally.ran();
    }
    tally.finish("bip340");
}

/// Output keys from internal keys and script trees; secret keys tweaked as a key-path spend tweaks them; and the
/// signatures of those spends.
#[test]
fn bip_341_wallet() {
    let file = data("bip341.json");
    let mut tally = Tally::default();
    for vector in list(&file["outputs"]) {
        let (output, _) = taproot_output_key(&array(&vector["internal_key"]), root(vector).as_ref()).unwrap();
        assert_eq!(output, array(&vector["output_key"]), "{vector}");
        tally.ran();
    }
    for vector in list(&file["key_path"]) {
        let internal = x_only(&vector["secret_key"]);
        assert_eq!(internal, array(&vector["internal_key"]));
        let (output, _) = taproot_output_key(&internal, root(vector).as_ref()).unwrap();
        assert_eq!(output, x_only(&vector["tweaked_secret_key"]), "{vector}");
        let witness = bytes(&vector["witness"][0]);
        let message = bytes(&vector["sig_hash"]);
        verify(KeyPurpose::Bip340Secp256k1, &output, &message, &witness[..64]).unwrap();
        tally.ran();
    }
    tally.finish("bip341");
}

fn root(vector: &Value) -> Option<[u8; 32]> {
    vector["merkle_root"].is_string().then(|| array(&vector["merkle_root"]))
}

fn x_only(secret: &Value) -> [u8; 32] {
    Secp256k1::mul_base(&Secp256k1::scalar_from_bytes(&array(secret)).unwrap()).x_only().unwrap()
}
