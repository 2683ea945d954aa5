use quorate_chains::{
    Chain, Context, CosmosKey, CosmosMode, attach, build, decode, signer as signer_of, verify,
};

use crate::support::{NETWORK, Signer, context, message, signed, transfer};

#[test]
fn a_payment_is_built_signed_and_verified_in_both_modes() {
    for (mode, key_type) in [
        (CosmosMode::Direct, CosmosKey::Secp256k1),
        (CosmosMode::Amino, CosmosKey::Secp256k1),
        (CosmosMode::Direct, CosmosKey::Injective),
        (CosmosMode::Amino, CosmosKey::CosmosEvm),
    ] {
        let signer = Signer::new(Chain::Cosmos, 3);
        let key = signer.public_key();
        let Context::Cosmos(facts) = context(Chain::Cosmos) else { panic!("another chain's context") };
        let facts = Context::Cosmos(Box::new(quorate_chains::CosmosContext { mode, key_type, ..*facts }));
        let unsigned = build(Chain::Cosmos, NETWORK, &key, &transfer(Chain::Cosmos), &facts).unwrap();
        let decoded = decode(&unsigned, &key).unwrap();
        let signed = attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
        assert_eq!(verify(&signed, &key), Ok(()));
        let from = decoded.review.lines.iter().find(|line| line.label == "From").unwrap();
        assert_eq!(signer_of(&signed, &key).unwrap().as_str(), from.value);
        assert_eq!(signed.txid().len(), 64);
    }
}

#[test]
fn words_are_signed_and_verified() {
    let (_, signed) = signed(Chain::Cosmos, &message(Chain::Cosmos, "I own this account"));
    let signature: serde_json::Value = serde_json::from_str(signed.encoded()).unwrap();
    assert_eq!(signature["pub_key"]["type"], "tendermint/PubKeySecp256k1");
    assert_eq!(signature["signature"].as_str().unwrap().len(), 88);
}
