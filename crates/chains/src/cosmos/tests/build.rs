//! From intents to documents: words, and payments by every type of key.

use super::*;
use crate::amount::AmountFault;
use crate::context::{CosmosCoin, CosmosContext, CosmosMode};
use crate::error::AddressFault;

#[test]
fn words_are_a_document_that_is_no_transaction() {
    let account_key = key();
    let account = Account::new(NETWORK, &account_key);
    let intent =
        |text: &str| Intent::Message { text: text.into(), recipient: None, nonce: None, callback_url: None };
    let bytes = Cosmos.build(account, &intent("Hello"), &Context::None).unwrap();
    let decoded = Cosmos.decode(account, &bytes).unwrap();
    assert_eq!(value_of(&decoded.review, "Words"), "Hello");
    let json = String::from_utf8(bytes[5..].to_vec()).unwrap();
    assert_eq!(Cosmos.import(json.as_bytes()), Ok(bytes.clone()));
    // As a transaction it is refused, and a transaction as words.
    let as_transaction = [AMINO_MAGIC, &bytes[4..]].concat();
    assert!(matches!(
        Cosmos.decode(account, &as_transaction),
        Err(ChainError::Cosmos(CosmosRefusal::Message { .. }))
    ));
    let transaction = Document::Transaction(payment(false)).encode();
    let as_words = [WORDS_MAGIC, &transaction[4..]].concat();
    assert_eq!(Cosmos.decode(account, &as_words), Err(ChainError::Malformed { what: "ADR-036 document" }));
    assert_eq!(Cosmos.build(account, &intent(""), &Context::None), Err(ChainError::EmptyMessage));
    let read =
        |json: String| Cosmos.decode(account, &[WORDS_MAGIC, [0].as_slice(), json.as_bytes()].concat());
    for (old, new) in [
        ("\"chain_id\":\"\"", "\"chain_id\":\"cosmoshub-4\""),
        ("\"gas\":\"0\"", "\"gas\":\"1\""),
        ("SGVsbG8=", "SGVsbG8"),
        ("SGVsbG8=", "SGVsbG9="),
        ("SGVsbG8=", "SGVsbG8=\n"),
        ("SGVsbG8=", "/w=="),
        ("SGVsbG8=", ""),
        ("cosmos1", "osmo1"),
        ("}}]", "}},{}]"),
    ] {
        let text = json.replacen(old, new, 1);
        assert_ne!(text, json);
        assert!(read(text).is_err(), "{new}");
    }
    let foreign = json.replacen(&own_address("cosmos", CosmosKey::Secp256k1), TO, 1);
    assert_eq!(read(foreign), Err(CosmosRefusal::ForeignAccount.into()));
}

fn facts() -> CosmosContext {
    CosmosContext {
        chain_id: "evmos_9001-2".into(),
        prefix: "evmos".into(),
        account_number: 0,
        sequence: 0,
        denom: "aevmos".into(),
        decimals: None,
        fee: vec![CosmosCoin { amount: "4000000000000000".into(), denom: "aevmos".into() }],
        gas: 100_000,
        timeout_height: Some(99),
        mode: CosmosMode::Amino,
        key_type: CosmosKey::Ethermint,
    }
}

fn build(facts: CosmosContext, to: &str, amount: &str) -> Result<Review, ChainError> {
    let account_key = key();
    let account = Account::new(Network::Mainnet, &account_key);
    let intent = Intent::Transfer { to: to.into(), amount: amount.into(), memo: Some("hi".into()) };
    let bytes = Cosmos.build(account, &intent, &Context::Cosmos(Box::new(facts)))?;
    Cosmos.decode(account, &bytes).map(|decoded| decoded.review)
}

#[test]
fn a_payment_by_an_ethereum_like_key_is_built_in_both_modes() {
    let to = account::encode("evmos", &[1; 20]).unwrap();
    for mode in [CosmosMode::Amino, CosmosMode::Direct] {
        let review = build(CosmosContext { mode, ..facts() }, &to, "1.5").unwrap();
        assert_eq!(review.title, format!("Send 1.5 EVMOS (1500000000000000000 aevmos) to {to}"));
        assert_eq!(value_of(&review, "From"), own_address("evmos", CosmosKey::Ethermint));
        assert_eq!(value_of(&review, "Key"), "/ethermint.crypto.v1.ethsecp256k1.PubKey");
        assert_eq!(value_of(&review, "Valid"), "up to block 99");
    }
}

#[test]
fn the_accounts_address_is_the_one_that_the_document_names() {
    let account_key = key();
    let account = Account::new(Network::Mainnet, &account_key);
    let to = account::encode("evmos", &[1; 20]).unwrap();
    let intent = Intent::Transfer { to, amount: "1".into(), memo: None };
    let payment = Cosmos.build(account, &intent, &Context::Cosmos(Box::new(facts()))).unwrap();
    let named = Cosmos.address_in(account, &payment).unwrap();
    assert_eq!(named.as_str(), own_address("evmos", CosmosKey::Ethermint));
    let words = Intent::Message { text: "x".into(), recipient: None, nonce: None, callback_url: None };
    let words = Cosmos.build(account, &words, &Context::None).unwrap();
    assert_eq!(Cosmos.address_in(account, &words), Cosmos.address(account));
}

#[test]
fn building_is_refused_where_facts_are_missing_or_wrong() {
    let to = account::encode("evmos", &[1; 20]).unwrap();
    let decimals = |denom: &str, decimals| {
        let result = build(CosmosContext { denom: denom.into(), decimals, ..facts() }, &to, "1");
        matches!(result, Err(ChainError::InvalidField { field: "decimals", .. }))
    };
    assert!(decimals("uother", None));
    assert!(decimals("uother", Some(31)));
    assert!(decimals("aevmos", Some(6)));
    assert!(!decimals("aevmos", Some(18)));
    assert!(!decimals("uother", Some(6)));
    let fee = vec![CosmosCoin { amount: "01".into(), denom: "aevmos".into() }];
    let invalid = build(CosmosContext { fee, ..facts() }, &to, "1");
    assert_eq!(invalid, Err(ChainError::InvalidField { field: "fee", expected: "amounts of base units" }));
    let prefix = build(CosmosContext { prefix: "Evmos".into(), ..facts() }, &to, "1");
    assert_eq!(
        prefix,
        Err(ChainError::InvalidField { field: "prefix", expected: "what addresses begin with" })
    );
    assert_eq!(build(facts(), &to, "0"), Err(AmountFault::Zero.into()));
    let other = build(facts(), TO, "1");
    assert!(matches!(other, Err(ChainError::Cosmos(CosmosRefusal::OtherPrefix { .. }))));
    let checksum = build(facts(), "evmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu", "1");
    assert!(matches!(checksum, Err(ChainError::Address { fault: AddressFault::Checksum, .. })));
    let account_key = key();
    let account = Account::new(NETWORK, &account_key);
    let intent =
        Intent::Message { text: "x".into(), recipient: Some("y".into()), nonce: None, callback_url: None };
    let field = ChainError::UnknownField { chain: Chain::Cosmos, intent: "message", field: "recipient" };
    assert_eq!(Cosmos.build(account, &intent, &Context::None), Err(field));
}
