//! Published vectors, from the files in `tests/data/`.

use super::*;
use crate::bitcoin::sighash::Hashes;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn bytes_32(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn bip341() -> Value {
    json(include_str!("../../../tests/data/bip341.json"))
}

#[test]
fn g12_output_keys_scripts_and_addresses_are_those_of_bip_341() {
    let vectors = bip341();
    let outputs = list(&vectors["outputs"]);
    assert_eq!(outputs.len(), 7);
    for output in outputs {
        let root = if output["merkle_root"].is_null() { Vec::new() } else { bytes(&output["merkle_root"]) };
        let internal = bytes_32(&output["internal_key"]);
        let tweak = taproot::tagged_hash("TapTweak", &[&internal, &root]);
        assert_eq!(tweak, bytes_32(&output["tweak"]));
        let (key, _) = taproot::tweak(&internal, &root).unwrap();
        assert_eq!(key, bytes_32(&output["output_key"]));
        let script = script::p2tr(&key);
        assert_eq!(script, bytes(&output["script"]));
        let address = output["address"].as_str().unwrap();
        assert_eq!(address::of_script(&rules::TAPROOT, Network::Mainnet, &script).unwrap().as_str(), address);
        assert_eq!(address::script_of(&rules::TAPROOT, Network::Mainnet, address), Ok(script));
    }
}

/// The first output of the set is an account's: no script tree. Both signs of its key are the same account.
#[test]
fn g12_an_account_is_the_same_for_both_signs_of_its_key() {
    let vectors = bip341();
    let output = &list(&vectors["outputs"])[0];
    let internal = bytes(&output["internal_key"]);
    for sign in [2, 3] {
        let key = PublicKey::Secp256k1([&[sign], internal.as_slice()].concat().try_into().unwrap());
        let address = TAPROOT.address(Account::new(Network::Mainnet, &key)).unwrap();
        assert_eq!(address.as_str(), output["address"].as_str().unwrap());
    }
}

#[test]
fn g12_secret_and_public_tweaks_agree_for_both_parities() {
    let vectors = bip341();
    let inputs = list(&vectors["inputs"]);
    assert_eq!(inputs.len(), 7);
    let mut odd_internal = 0;
    let mut odd_output = 0;
    for input in inputs {
        let secret = k256::SecretKey::from_slice(&bytes(&input["internal_secret"])).unwrap();
        let root = if input["merkle_root"].is_null() { Vec::new() } else { bytes(&input["merkle_root"]) };
        let internal: [u8; 32] = taproot::lift_x(&bytes_32(&input["internal_key"])).map(x_of).unwrap();
        assert_eq!(internal, x_of(*secret.public_key().as_affine()));
        odd_internal += usize::from(is_odd(*secret.public_key().as_affine()));
        let (output, is_odd_output) = taproot::tweak(&internal, &root).unwrap();
        odd_output += usize::from(is_odd_output);
        let tweaked = k256::SecretKey::from_slice(&bytes(&input["tweaked_secret"])).unwrap();
        assert_eq!(output, x_of(*tweaked.public_key().as_affine()));
        assert_eq!(is_odd_output, is_odd(*tweaked.public_key().as_affine()));
    }
    assert!((1..7).contains(&odd_internal) && (1..7).contains(&odd_output), "both parities occur");
}

fn x_of(point: k256::AffinePoint) -> [u8; 32] {
    use k256::elliptic_curve::point::AffineCoordinates;
    point.x().into()
}

fn is_odd(point: k256::AffinePoint) -> bool {
    use k256::elliptic_curve::point::AffineCoordinates;
    point.y_is_odd().into()
}

/// Of the seven spends, two sign everything; the others have hash types that are never signed here, and their
/// signatures verify all the same with the hash that the vectors give.
#[test]
fn g12_signature_hashes_are_those_of_bip_341() {
    let vectors = bip341();
    let transaction = Transaction::parse(&bytes(&vectors["unsigned"])).unwrap();
    assert_eq!(transaction.encode(), bytes(&vectors["unsigned"]));
    let spent: Vec<Output> = list(&vectors["spent"])
        .iter()
        .map(|spent| Output { value: spent["value"].as_u64().unwrap(), script: bytes(&spent["script"]) })
        .collect();
    let spent: Vec<&Output> = spent.iter().collect();
    assert_eq!(spent.len(), 9);
    let hashes = Hashes::new(&transaction, &spent);
    for (hash, name) in [
        (hashes.prevouts, "prevouts"),
        (hashes.amounts, "amounts"),
        (hashes.scripts, "scripts"),
        (hashes.sequences, "sequences"),
        (hashes.outputs, "outputs"),
    ] {
        assert_eq!(hash, bytes_32(&vectors["hashes"][name]), "{name}");
    }
    let mut signed_here = 0;
    for input in list(&vectors["inputs"]) {
        let sighash = match input["hash_type"].as_u64().unwrap() {
            0 => Sighash::Default,
            1 => Sighash::All,
            _ => continue,
        };
        signed_here += 1;
        let index = usize::try_from(input["index"].as_u64().unwrap()).unwrap();
        let hash = sighash::taproot(&transaction, &hashes, sighash, index);
        assert_eq!(hash, bytes_32(&input["sighash"]));
        let tweaked = k256::schnorr::SigningKey::from_bytes(&bytes(&input["tweaked_secret"])).unwrap();
        let signature = &bytes(&input["signature"])[..64];
        let signature = k256::schnorr::Signature::try_from(signature).unwrap();
        assert!(tweaked.verifying_key().verify_raw(&hash, &signature).is_ok());
    }
    assert_eq!(signed_here, 2);
}

/// The files' PSBTs are about every kind of script; what is no plain Taproot key path is refused with a reason.
#[test]
fn psbts_of_bip_174_and_371_are_read_or_refused() {
    let mut counts = Vec::new();
    for text in
        [include_str!("../../../tests/data/bip174.json"), include_str!("../../../tests/data/bip371.json")]
    {
        let vectors = json(text);
        let (invalid, valid) = (list(&vectors["invalid"]), list(&vectors["valid"]));
        for vector in invalid {
            let result = TAPROOT.import(vector["psbt"].as_str().unwrap().as_bytes());
            assert!(result.is_err(), "{}", vector["about"]);
        }
        let read =
            valid.iter().filter(|vector| match TAPROOT.import(vector["psbt"].as_str().unwrap().as_bytes()) {
                Ok(psbt) => {
                    assert_eq!(Psbt::parse(&psbt).unwrap().encode(), psbt);
                    true
                }
                Err(ChainError::Bitcoin(_)) => false,
                Err(other) => panic!("{}: {other}", vector["about"]),
            });
        let read = read.count();
        counts.push((invalid.len(), valid.len(), read));
    }
    assert_eq!(counts, [(19, 8, 2), (11, 6, 3)]);
}

#[test]
fn words_hash_as_in_bip_322() {
    for (words, hash) in [
        ("", "c90c269c4f8fcbe6880f72a721ddfbf1914268a794cbb21cfafee13770ae19f1"),
        ("Hello World", "f0eb03b1a75ac6d9847f55c624a99169b5dccba2a31f5b23bea77ba270de0a7a"),
    ] {
        assert_eq!(hex::encode(message::digest(words)), hash);
    }
}

/// BIP-322's own example for Taproot; its signature says `SIGHASH_ALL`.
#[test]
fn words_sign_as_in_bip_322() {
    let secret = "L3VFeEujGtevx9w18HD1fhRbCH67Az2dpCymeRE1SoPK6XQtaN2k";
    let secret = bs58::decode(secret).with_check(Some(0x80)).into_vec().unwrap();
    let public = k256::SecretKey::from_slice(&secret[1..33]).unwrap().public_key();
    let account = AccountKey::new(&public).unwrap();
    let address = address::of_script(&rules::TAPROOT, Network::Mainnet, &account.script).unwrap();
    assert_eq!(address.as_str(), "bc1ppv609nr0vr25u07u95waq5lucwfm6tde4nydujnu8npg4q75mr5sxq8lt3");
    let witness =
        "AUHd69PrJQEv+oKTfZ8l+WROBHuy9HKrbFCJu7U1iK2iiEy1vMU5EfMtjc+VSHM7aU0SDbak5IUZRVno2P5mjSafAQ==";
    let witness = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, witness).unwrap();
    let [1, 65, signature @ .., 1] = witness.as_slice() else { panic!("not a signature for SIGHASH_ALL") };
    let signature = k256::schnorr::Signature::try_from(signature).unwrap();
    let output_key = taproot::output_key(&public).unwrap();
    let verifier = k256::schnorr::VerifyingKey::from_bytes(&output_key).unwrap();
    let hash = message::sighash_with(&account.script, "Hello World", Sighash::All);
    assert!(verifier.verify_raw(&hash, &signature).is_ok());
    let other = message::sighash_with(&account.script, "Hello world", Sighash::All);
    assert!(verifier.verify_raw(&other, &signature).is_err());
}
