use quorate_chains::{Chain, Context, Intent, MessageVersion, address, build, decode};

use crate::support::{NETWORK, Signer, context, message, signed, transfer};

#[test]
fn a_transfer_is_built_signed_and_verified_in_both_formats() {
    for version in [MessageVersion::Legacy, MessageVersion::V0] {
        let signer = Signer::new(Chain::Solana, 3);
        let key = signer.public_key();
        let Context::Solana(facts) = context(Chain::Solana) else { panic!("another chain's context") };
        let facts = Context::Solana(quorate_chains::SolanaContext { version, ..facts });
        let unsigned = build(Chain::Solana, NETWORK, &key, &transfer(Chain::Solana), &facts).unwrap();
        let first = if version == MessageVersion::V0 { 0x80 } else { 1 };
        assert_eq!(unsigned.bytes[0], first);
        let decoded = decode(&unsigned, &key).unwrap();
        let signed = quorate_chains::attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
        assert_eq!(quorate_chains::verify(&signed, &key), Ok(()));
        assert_eq!(&signed.bytes()[65..], unsigned.bytes);
        assert_eq!(bs58_len(signed.txid()), 64);
    }
}

#[test]
fn memo_budget_and_durable_nonce_end_up_in_the_review() {
    let key = Signer::new(Chain::Solana, 3).public_key();
    let Context::Solana(mut facts) = context(Chain::Solana) else { panic!("another chain's context") };
    facts.compute_unit_limit = Some(1000);
    facts.compute_unit_price = Some(2_000_000);
    let nonce_account = "9oKrJ9iiEnCC7bewcRFbcdo4LKL2PhUEqcu8gH2eDbVM".to_owned();
    facts.nonce_account = Some(nonce_account.clone());
    let to = address(Chain::Solana, NETWORK, &Signer::new(Chain::Solana, 4).public_key()).unwrap();
    let intent =
        Intent::Transfer { to: to.to_string(), amount: "1".into(), memo: Some("rent\u{202e}".into()) };
    let unsigned = build(Chain::Solana, NETWORK, &key, &intent, &Context::Solana(facts)).unwrap();
    let review = decode(&unsigned, &key).unwrap().review;
    let text = serde_json::to_string(&review).unwrap();
    assert_eq!(review.title, format!("Send 1 SOL to {to}"));
    assert_eq!(review.fee.as_deref(), Some("0.000007 SOL"));
    let memo = review.lines.iter().find(|line| line.label == "5. Memo").unwrap();
    assert_eq!(memo.value, "rent\\u{202e}");
    assert!(review.warnings.iter().any(|warning| warning.contains(&nonce_account)), "{text}");
    assert_eq!(review.warnings.len(), 2, "{text}");
}

#[test]
fn paying_oneself_or_an_address_that_is_no_key_is_pointed_out() {
    let key = Signer::new(Chain::Solana, 3).public_key();
    let own = address(Chain::Solana, NETWORK, &key).unwrap().to_string();
    // The y-coordinate 2 is of no point.
    let no_key = bs58_of(&[&[2][..], &[0; 31]].concat());
    for (to, warning) in [(own, "the account itself"), (no_key, "no key")] {
        let intent = Intent::Transfer { to, amount: "1".into(), memo: None };
        let unsigned = build(Chain::Solana, NETWORK, &key, &intent, &context(Chain::Solana)).unwrap();
        let warnings = decode(&unsigned, &key).unwrap().review.warnings;
        assert!(warnings.len() == 1 && warnings[0].contains(warning), "{warnings:?}");
    }
}

#[test]
fn words_are_signed_and_verified() {
    let (_, signed) = signed(Chain::Solana, &message(Chain::Solana, "I own this account"));
    assert_eq!(bs58_len(signed.encoded()), 64);
    assert_eq!(signed.bytes()[0], 1);
    assert!(signed.bytes()[65..].starts_with(b"\xffsolana offchain"));
}

fn bs58_len(text: &str) -> usize {
    bs58::decode(text).into_vec().unwrap().len()
}

fn bs58_of(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}
