use quorate_chains::{Chain, Context, Intent, address, build, decode};
use sha2::{Digest, Sha256};

use crate::support::{NETWORK, Signer, context, message, signed, transfer};

#[test]
fn a_transfer_is_built_signed_and_verified() {
    let (signer, signed) = signed(Chain::Near, &transfer(Chain::Near));
    let unsigned = &signed.bytes()[..signed.bytes().len() - 65];
    let hash = Sha256::digest(unsigned);
    assert_eq!(signed.txid(), bs58::encode(hash).into_string());
    let own = address(Chain::Near, NETWORK, &signer.public_key()).unwrap();
    assert_eq!(own.as_str(), hex::encode(signer.public_key().as_bytes()));
    assert_eq!(&unsigned[4..68], own.as_str().as_bytes());
}

#[test]
fn a_function_call_of_a_named_account_is_built_signed_and_shown_whole() {
    let signer = Signer::new(Chain::Near, 3);
    let Context::Near(mut facts) = context(Chain::Near) else { panic!("another chain's context") };
    facts.signer_id = Some("alice.localnet".into());
    let args = r#"{"receiver_id":"bob.localnet","amount":"5"}"#;
    let intent = Intent::NearFunctionCall {
        contract: "token.localnet".into(),
        method: "ft_transfer".into(),
        args: args.into(),
        tera_gas: "30.5".into(),
        deposit: "0.000000000000000000000001".into(),
    };
    let key = signer.public_key();
    let unsigned = build(Chain::Near, NETWORK, &key, &intent, &Context::Near(facts)).unwrap();
    let review = decode(&unsigned, &key).unwrap().review;
    assert_eq!(review.title, "Call ft_transfer of token.localnet");
    let value = |label: &str| &review.lines.iter().find(|line| line.label == label).unwrap().value;
    assert_eq!(value("From"), "alice.localnet");
    assert_eq!(value("1. Arguments"), args);
    assert_eq!(value("1. Pay"), "0.000000000000000000000001 NEAR");
    assert_eq!(value("1. Gas"), "at most 30.5 Tgas");
    let decoded = decode(&unsigned, &key).unwrap();
    let signed = quorate_chains::attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
    assert_eq!(quorate_chains::verify(&signed, &key), Ok(()));
}

#[test]
fn words_are_signed_and_verified() {
    let (_, signed) = signed(Chain::Near, &message(Chain::Near, "I own this account"));
    assert_eq!(signed.bytes()[..4], 2_147_484_061_u32.to_le_bytes());
    assert_eq!(signed.encoded().len(), 88);
}
