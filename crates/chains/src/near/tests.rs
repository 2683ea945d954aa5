use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Action, FunctionCall};
use super::*;
use crate::context::NearContext;
use crate::review::Review;

fn key() -> PublicKey {
    PublicKey::Ed25519(own())
}

fn own() -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()
}

/// A transfer of 1 yoctoNEAR; the tests below break it.
fn transaction() -> Transaction {
    Transaction {
        signer_id: account::implicit(&own()),
        public_key: own(),
        nonce: 7,
        receiver_id: "bob.test".to_owned(),
        block_hash: [9; 32],
        actions: vec![Action::Transfer(1)],
    }
}

fn call() -> FunctionCall {
    FunctionCall { method_name: "set".to_owned(), args: b"{}".to_vec(), gas: 30_000_000_000_000, deposit: 0 }
}

fn decode(bytes: &[u8]) -> Result<Decoded, ChainError> {
    Near.decode(Account::new(Network::Regtest, &key()), bytes)
}

fn judge(transaction: &Transaction) -> Result<Review, ChainError> {
    decode(&transaction.encode()).map(|decoded| decoded.review)
}

fn refused(transaction: &Transaction) -> NearRefusal {
    match judge(transaction) {
        Err(ChainError::Near(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn the_bytes_of_a_transaction_are_those_of_the_protocol() {
    let mut with_call = transaction();
    with_call.actions.push(Action::FunctionCall(call()));
    let expected = [
        &[64, 0, 0, 0][..],
        account::implicit(&own()).as_bytes(),
        &[0],
        &own(),
        &[7, 0, 0, 0, 0, 0, 0, 0],
        &[8, 0, 0, 0],
        b"bob.test",
        &[9; 32],
        &[2, 0, 0, 0],
        &[3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[2, 3, 0, 0, 0],
        b"set",
        &[2, 0, 0, 0],
        b"{}",
        &30_000_000_000_000_u64.to_le_bytes(),
        &[0; 16],
    ]
    .concat();
    assert_eq!(with_call.encode(), expected);
    assert_eq!(Transaction::parse(&expected), Ok(with_call));
}

#[test]
fn the_payload_is_the_hash_of_the_transaction() {
    let bytes = transaction().encode();
    let decoded = decode(&bytes).unwrap();
    let payload = Sha256::digest(&bytes).to_vec();
    assert_eq!(decoded.requests, [SigningRequest { algorithm: Algorithm::Ed25519, payload }]);
    assert_eq!(decoded.review.title, "Send 0.000000000000000000000001 NEAR to bob.test");
}

#[test]
fn g14_actions_that_change_the_account_are_refused_by_name() {
    for (kind, name) in [
        (0, "CreateAccount"),
        (1, "DeployContract"),
        (4, "Stake"),
        (5, "AddKey"),
        (6, "DeleteKey"),
        (7, "DeleteAccount"),
        (8, "Delegate"),
        (9, "DeployGlobalContract"),
        (10, "UseGlobalContract"),
        (11, "DeterministicStateInit"),
        (12, "TransferToGasKey"),
        (13, "WithdrawFromGasKey"),
        (14, "DelegateV2"),
        (15, "UniversalStateInit"),
    ] {
        let mut bytes = transaction().encode();
        let actions = bytes.len() - 17 - 4;
        bytes[actions] = 2;
        bytes.push(kind);
        let Err(ChainError::Near(NearRefusal::Action { index: 2, action })) = decode(&bytes) else {
            panic!("{name} is not refused");
        };
        assert!(action.starts_with(name), "{action}");
        bytes.pop();
        bytes.push(200);
        let unknown = NearRefusal::UnknownAction { index: 2, kind: 200 };
        assert_eq!(decode(&bytes), Err(unknown.into()));
    }
}

#[test]
fn other_signers_and_keys_are_refused() {
    let other = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes();
    let foreign_key = Transaction { public_key: other, ..transaction() };
    let found = format!("ed25519:{}", base58(&other));
    assert_eq!(refused(&foreign_key), NearRefusal::ForeignKey { found });
    let foreign = Transaction { signer_id: account::implicit(&other), ..transaction() };
    assert_eq!(refused(&foreign), NearRefusal::ForeignSigner { found: account::implicit(&other) });
    let named = Transaction { signer_id: "alice.test".to_owned(), ..transaction() };
    assert!(judge(&named).is_ok());
    let mut secp = transaction().encode();
    secp[68] = 1;
    let found = "of kind 1".to_owned();
    assert_eq!(decode(&secp), Err(NearRefusal::ForeignKey { found }.into()));
}

#[test]
fn transactions_that_do_nothing_or_too_much_are_refused() {
    assert_eq!(refused(&Transaction { actions: Vec::new(), ..transaction() }), NearRefusal::NoAction);
    assert_eq!(refused(&Transaction { nonce: 0, ..transaction() }), NearRefusal::Nonce { nonce: 0 });
    let calls = |gas: [u64; 2]| {
        let calls = gas.map(|gas| Action::FunctionCall(FunctionCall { gas, ..call() }));
        Transaction { actions: calls.to_vec(), ..transaction() }
    };
    assert!(judge(&calls([150_000_000_000_000; 2])).is_ok());
    let gas = 300_000_000_000_001;
    let refusal = NearRefusal::Gas { gas, max: 300_000_000_000_000 };
    assert_eq!(refused(&calls([150_000_000_000_000, 150_000_000_000_001])), refusal);
    let all =
        Transaction { actions: vec![Action::Transfer(u128::MAX), Action::Transfer(1)], ..transaction() };
    assert_eq!(judge(&all), Err(ChainError::Overflow { chain: Chain::Near }));
    let nameless = FunctionCall { method_name: String::new(), ..call() };
    let nameless = Transaction { actions: vec![Action::FunctionCall(nameless)], ..transaction() };
    assert!(matches!(judge(&nameless), Err(ChainError::InvalidField { field: "method", .. })));
}

#[test]
fn names_of_another_network_are_refused() {
    let decode_on = |network, transaction: &Transaction| {
        Near.decode(Account::new(network, &key()), &transaction.encode())
    };
    let to_testnet = Transaction { receiver_id: "bob.testnet".to_owned(), ..transaction() };
    let account = "bob.testnet".to_owned();
    let refusal = NearRefusal::ForeignNetwork { account, network: Network::Mainnet };
    assert_eq!(decode_on(Network::Mainnet, &to_testnet), Err(refusal.into()));
    assert!(decode_on(Network::Testnet, &to_testnet).is_ok());
}

#[test]
fn malformed_bytes_are_refused() {
    let good = transaction().encode();
    for len in 0..good.len() {
        let malformed = ChainError::Malformed { what: "near transaction" };
        assert_eq!(decode(&good[..len]), Err(malformed), "cut to {len}");
    }
    let malformed = Err(ChainError::Malformed { what: "near transaction" });
    assert_eq!(decode(&[&good[..], &[0]].concat()), malformed);
    let mut not_text = good.clone();
    not_text[4] = 0xff;
    assert_eq!(decode(&not_text), malformed);
    // Version 1 of the protocol's transaction begins with its version.
    assert_eq!(decode(&[&[1], &good[..]].concat()), malformed);
}

#[test]
fn e3_a_length_bomb_is_refused_without_allocating() {
    let mut bytes = transaction().encode();
    let actions = bytes.len() - 17 - 4;
    bytes[actions..actions + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(decode(&bytes), Err(ChainError::Malformed { what: "near transaction" }));
    assert_eq!(decode(&[0xff, 0xff, 0xff, 0x7f]), Err(ChainError::Malformed { what: "near transaction" }));
    let long = vec![0; MAX_UNSIGNED + 1];
    let error = ChainError::TooLong { what: "near transaction", len: long.len(), max: MAX_UNSIGNED };
    assert_eq!(decode(&long), Err(error));
}

#[test]
fn arguments_that_are_no_text_are_shown_as_bytes_with_a_warning() {
    let opaque = FunctionCall { args: vec![0xff, 0], ..call() };
    let opaque = Transaction { actions: vec![Action::FunctionCall(opaque)], ..transaction() };
    let review = judge(&opaque).unwrap();
    assert!(review.lines.iter().any(|line| line.value == "bytes ff00"));
    assert!(review.warnings.iter().any(|warning| warning.contains("not text")));
}

#[test]
fn words_are_a_nep_413_message() {
    let words = Nep413 {
        message: "hi".to_owned(),
        nonce: [5; 32],
        recipient: "app.test".to_owned(),
        callback_url: Some("https://a.test".to_owned()),
    };
    let expected = [
        &2_147_484_061_u32.to_le_bytes()[..],
        &[2, 0, 0, 0],
        b"hi",
        &[5; 32],
        &[8, 0, 0, 0],
        b"app.test",
        &[1, 14, 0, 0, 0],
        b"https://a.test",
    ]
    .concat();
    assert_eq!(words.encode(), expected);
    let decoded = decode(&expected).unwrap();
    assert_eq!(decoded.requests[0].payload, Sha256::digest(&expected).to_vec());
    assert_eq!(Nep413::parse(&expected), Ok(words.clone()));
    let trailing = [&expected[..], &[0]].concat();
    assert_eq!(decode(&trailing), Err(ChainError::Malformed { what: "NEP-413 message" }));
    let empty = Nep413 { message: String::new(), ..words };
    assert_eq!(decode(&empty.encode()), Err(ChainError::EmptyMessage));
}

#[test]
fn building_is_refused_where_a_field_is_missing_or_means_nothing() {
    let build = |intent: Intent, context: Context| {
        Near.build(Account::new(Network::Regtest, &key()), &intent, &context)
    };
    let transfer = |amount: &str, memo: Option<&str>| Intent::Transfer {
        to: "bob.test".into(),
        amount: amount.into(),
        memo: memo.map(Into::into),
    };
    let context = Context::Near(NearContext { nonce: 1, block_hash: base58(&[9; 32]), signer_id: None });
    let chain = Chain::Near;
    let unknown = ChainError::UnknownField { chain, intent: "transfer", field: "memo" };
    assert_eq!(build(transfer("1", Some("x")), context.clone()), Err(unknown));
    let missing = ChainError::MissingContext { chain, intent: "transfer" };
    assert_eq!(build(transfer("1", None), Context::None), Err(missing));
    let zero = ChainError::Amount(crate::AmountFault::Zero);
    assert_eq!(build(transfer("0", None), context), Err(zero));
    let message = |recipient: Option<&str>, nonce: Option<&str>| Intent::Message {
        text: "x".into(),
        recipient: recipient.map(Into::into),
        nonce: nonce.map(Into::into),
        callback_url: None,
    };
    let missing = |field| Err(ChainError::MissingField { chain, intent: "message", field });
    let nonce = "00".repeat(32);
    assert_eq!(build(message(Some("a.test"), None), Context::None), missing("nonce"));
    assert_eq!(build(message(None, Some(&nonce)), Context::None), missing("recipient"));
    let invalid = ChainError::InvalidField { field: "nonce", expected: "64 hexadecimal digits" };
    assert_eq!(build(message(Some("a.test"), Some("00")), Context::None), Err(invalid));
}

fn any_action() -> impl Strategy<Value = Action> {
    let call = (".{0,20}", vec(any::<u8>(), 0..40), any::<u64>(), any::<u128>()).prop_map(
        |(method_name, args, gas, deposit)| {
            Action::FunctionCall(FunctionCall { method_name, args, gas, deposit })
        },
    );
    prop_oneof![any::<u128>().prop_map(Action::Transfer), call]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        signer_id in ".{0,70}", receiver_id in ".{0,70}", public_key: [u8; 32], nonce: u64,
        block_hash: [u8; 32], actions in vec(any_action(), 0..5),
    ) {
        let transaction = Transaction { signer_id, public_key, nonce, receiver_id, block_hash, actions };
        prop_assert_eq!(Transaction::parse(&transaction.encode()), Ok(transaction));
    }

    #[test]
    fn g1_what_reads_is_written_back_to_the_same_bytes(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(unsigned) = Unsigned::parse(&bytes) {
            prop_assert_eq!(unsigned.encode(), bytes);
        }
    }
}
