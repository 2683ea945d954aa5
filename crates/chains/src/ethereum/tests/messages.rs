use super::*;

fn words(text: &str) -> Result<Vec<u8>, ChainError> {
    let intent = Intent::Message { text: text.into(), recipient: None, nonce: None, callback_url: None };
    Ethereum.build(Account::new(Network::Mainnet, &key()), &intent, &Context::None)
}

fn review(bytes: &[u8]) -> Review {
    decode(bytes).unwrap().review
}

#[test]
fn words_are_hashed_and_signed_as_eip_191_says() {
    let bytes = words("Some data").unwrap();
    assert_eq!(bytes, b"\x19Ethereum Signed Message:\n9Some data");
    let payload = hex::encode(&decode(&bytes).unwrap().requests[0].payload);
    assert_eq!(payload, "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655");
    let key = hex::decode("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318").unwrap();
    let key = SigningKey::from_slice(&key).unwrap();
    let public =
        PublicKey::Secp256k1(key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap());
    let unsigned = UnsignedTransaction { chain: CHAIN, network: Network::Mainnet, bytes };
    let decoded = crate::decode(&unsigned, &public).unwrap();
    let (signature, _) = key.sign_prehash_recoverable(&decoded.requests[0].payload).unwrap();
    let signed = crate::attach(&unsigned, &public, &[signature.to_bytes().into()]).unwrap();
    assert_eq!(
        signed.encoded(),
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
         6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c",
    );
    assert_eq!(signed.txid(), format!("0x{payload}"));
    assert_eq!(crate::verify(&signed, &public), Ok(()));
}

#[test]
fn g7_words_that_are_a_hash_or_a_transaction_are_refused() {
    let hash = "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655";
    let in_hex = hex::encode(transaction().encode());
    for text in [hash, &format!("0x{hash}"), &format!(" 0X{} ", hash.to_uppercase()), &in_hex] {
        assert_eq!(words(text), Err(EthereumRefusal::WordsAreData.into()), "{text}");
    }
    // Transactions whose bytes happen to be text: without a chain id, and signed.
    for bytes in [
        &[0xca, 0x81, 0xc2, 0x81, 0xc2, 0x82, 0x31, 0xc2, 0x80, 0x05, 0x61][..],
        &[0xcd, 0x81, 0xc2, 0x81, 0xc2, 0x82, 0x31, 0xc2, 0x80, 0x05, 0x61, 0x26, 0x01, 0x01],
    ] {
        let text = core::str::from_utf8(bytes).unwrap();
        assert_eq!(words(text), Err(EthereumRefusal::WordsAreData.into()), "{text:?}");
    }
    for text in ["0x1234", "deadbeef", &hash[1..], &format!("nonce {hash}")] {
        assert!(words(text).is_ok(), "{text}");
    }
    assert_eq!(words(""), Err(ChainError::EmptyMessage));
    let long = "a".repeat(64 * 1024 + 1);
    assert!(matches!(words(&long), Err(ChainError::TooLong { .. })));
}

#[test]
fn g7_words_are_shown_escaped() {
    let review = review(&words("pay\u{202e}yap\n0x00\0").unwrap());
    assert!(has_line(&review, "Words", "pay\\u{202e}yap\\n0x00\\u{0}"));
    assert!(warnings(&review).contains("other than plain ASCII"));
}

#[test]
fn the_length_of_words_is_read_in_one_way() {
    for text in ["1", "10", "0123456789", "7 apples", &"9".repeat(60), &"12".repeat(500).replace('2', "z")] {
        let bytes = words(text).unwrap();
        assert_eq!(Message::parse(&bytes), Ok(Message::Words(text.to_owned())));
    }
    let malformed = Err(ChainError::Malformed { what: "ethereum message" });
    for bytes in [
        &b"\x19Ethereum Signed Message:\n8Some data"[..],
        b"\x19Ethereum Signed Message:\n09Some data",
        b"\x19Ethereum Signed Message:\n1\xff",
        b"\x19Ethereum Signed Message:\n",
        b"\x19Ethereum Signed Message",
        b"\x19\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        b"\x19",
    ] {
        assert_eq!(decode(bytes), malformed, "{bytes:?}");
    }
}

#[test]
fn fields_that_mean_nothing_here_are_refused() {
    let with = |recipient: Option<String>, nonce, callback_url| {
        let intent = Intent::Message { text: "a".into(), recipient, nonce, callback_url };
        Ethereum.build(Account::new(Network::Mainnet, &key()), &intent, &Context::None)
    };
    let unknown = |field| Err(ChainError::UnknownField { chain: CHAIN, intent: "message", field });
    assert_eq!(with(Some("a".into()), None, None), unknown("recipient"));
    assert_eq!(with(None, Some("a".into()), None), unknown("nonce"));
    assert_eq!(with(None, None, Some("a".into())), unknown("callback_url"));
    let call = Intent::Transfer { to: address::show(&TO), amount: "1".into(), memo: Some("a".into()) };
    let built = Ethereum.build(Account::new(Network::Mainnet, &key()), &call, &Context::None);
    assert_eq!(built, Err(ChainError::UnknownField { chain: CHAIN, intent: "transfer", field: "memo" }));
}

#[test]
fn a_signature_of_words_with_another_v_is_refused() {
    let good = signed(Network::Mainnet, words("hello").unwrap()).bytes().to_vec();
    let last = good.len() - 1;
    for v in [0, 1, 26, 29, 37] {
        let mut bad = good.clone();
        bad[last] = v;
        let read = crate::SignedTransaction::from_bytes(CHAIN, Network::Mainnet, &bad);
        assert_eq!(read, Err(ChainError::Malformed { what: "signed ethereum message" }));
    }
    let mut other = good.clone();
    other[last] = if good[last] == 27 { 28 } else { 27 };
    let other = crate::SignedTransaction::from_bytes(CHAIN, Network::Mainnet, &other).unwrap();
    assert!(crate::verify(&other, &key()).is_err());
}
