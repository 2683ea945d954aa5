use proptest::collection::vec;
use proptest::prelude::*;

use super::model::Coin;
use super::*;
use crate::review::Review;

mod build;
mod vectors;

const TO: &str = "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu";
const NETWORK: Network = Network::Testnet;

fn key() -> PublicKey {
    let key = k256::SecretKey::from_slice(&[3; 32]).unwrap().public_key();
    PublicKey::Secp256k1(key.to_sec1_bytes().as_ref().try_into().unwrap())
}

fn own_address(prefix: &str, key_type: CosmosKey) -> String {
    account::encode(prefix, &key_type.account(&key().secp256k1(Chain::Cosmos).unwrap())).unwrap()
}

fn coins(amount: u128, denom: &str) -> Vec<Coin> {
    vec![Coin { denom: denom.into(), amount }]
}

/// A payment that is not refused; `is_direct` says in which of the two modes.
fn payment(is_direct: bool) -> Transaction {
    Transaction {
        chain_id: "simd-testing".into(),
        account_number: 1,
        sequence: 7,
        from: own_address("cosmos", CosmosKey::Secp256k1),
        to: TO.into(),
        amount: coins(1_234_567, "ucosm"),
        memo: "rent & more".into(),
        timeout_height: 0,
        fee: coins(2_000, "ucosm"),
        gas: 200_000,
        key_type: CosmosKey::Secp256k1,
        key: is_direct.then(|| key().as_bytes().try_into().unwrap()),
    }
}

fn decode_on(network: Network, bytes: &[u8]) -> Result<Decoded, ChainError> {
    Cosmos.decode(Account::new(network, &key()), bytes)
}

fn judge_on(network: Network, transaction: Transaction) -> Result<Review, ChainError> {
    decode_on(network, &Document::Transaction(transaction).encode()).map(|decoded| decoded.review)
}

fn refused(change: impl Fn(&mut Transaction)) -> CosmosRefusal {
    let refusals = [true, false].map(|is_direct| {
        let mut transaction = payment(is_direct);
        change(&mut transaction);
        match judge_on(NETWORK, transaction) {
            Err(ChainError::Cosmos(refusal)) => refusal,
            other => panic!("not a refusal: {other:?}"),
        }
    });
    let [direct, amino] = refusals;
    assert_eq!(direct, amino);
    direct
}

fn value_of<'a>(review: &'a Review, label: &str) -> &'a str {
    &review.lines.iter().find(|line| line.label == label).unwrap_or_else(|| panic!("no {label}")).value
}

#[test]
fn both_modes_are_read_alike_but_for_their_form() {
    let [direct, amino] = [true, false].map(|is_direct| judge_on(NETWORK, payment(is_direct)).unwrap());
    assert_eq!(direct.title, format!("Send 1234567 ucosm to {TO}"));
    assert_eq!(direct.fee.as_deref(), Some("2000 ucosm"));
    assert_eq!(value_of(&direct, "Memo"), "rent & more");
    assert_eq!(value_of(&direct, "Chain id"), "simd-testing");
    assert_eq!(direct.warnings, ["the fee has no cap: ucosm is not known here"]);
    let differences: Vec<_> =
        direct.lines.iter().zip(&amino.lines).filter(|(a, b)| a != b).map(|(a, _)| &a.label).collect();
    assert_eq!(differences, ["Form"]);
    assert_eq!(direct.warnings, amino.warnings);
}

#[test]
fn g15_the_amino_document_is_sorted_and_escaped_as_go_does() {
    let mut transaction = payment(false);
    transaction.memo = "a & b < c > d \"e\" \\ ü \u{2028}".into();
    transaction.timeout_height = 10;
    let own = &transaction.from;
    let expected = format!(
        "{{\"account_number\":\"1\",\"chain_id\":\"simd-testing\",\"fee\":{{\"amount\":[{{\"amount\":\"2000\",\"denom\":\"ucosm\"}}],\
         \"gas\":\"200000\"}},\"memo\":\"a \\u0026 b \\u003c c \\u003e d \\\"e\\\" \\\\ ü \\u2028\",\"msgs\":[{{\"type\":\"cosmos-sdk/MsgSend\",\
         \"value\":{{\"amount\":[{{\"amount\":\"1234567\",\"denom\":\"ucosm\"}}],\"from_address\":\"{own}\",\"to_address\":\"{TO}\"}}}}],\
         \"sequence\":\"7\",\"timeout_height\":\"10\"}}"
    );
    assert_eq!(amino::sign_doc(&transaction), expected);
    let review = judge_on(NETWORK, transaction).unwrap();
    assert_eq!(value_of(&review, "Valid"), "up to block 10");
    assert_eq!(value_of(&review, "Memo"), "a & b < c > d \"e\" \\\\ ü \\u{2028}");
}

#[test]
fn g15_other_spellings_of_an_amino_document_are_refused() {
    let good = amino::sign_doc(&payment(false));
    let not_canonical = Err(ChainError::NotCanonical { what: WHAT });
    let read = |json: String| decode_on(NETWORK, &[AMINO_MAGIC, [0].as_slice(), json.as_bytes()].concat());
    assert!(read(good.clone()).is_ok());
    for (old, new) in [
        ("{\"account", "{ \"account"),
        ("rent \\u0026 more", "rent & more"),
        ("rent \\u0026 more", "rent \\u0026\\u0020more"),
        ("\"sequence\":\"7\"}", "\"sequence\":\"7\",\"timeout_height\":\"0\"}"),
        ("\"sequence\":\"7\"}", "\"sequence\":\"7\"}\n"),
        ("\"amount\":\"2000\",\"denom\":\"ucosm\"", "\"denom\":\"ucosm\",\"amount\":\"2000\""),
        ("\"memo\":\"rent \\u0026 more\",", ""),
    ] {
        let text = good.replacen(old, new, 1);
        assert_ne!(text, good, "{old}");
        match read(text) {
            Err(ChainError::Json { .. }) => assert!(new.is_empty()),
            other => assert_eq!(other, not_canonical, "{new}"),
        }
    }
    for (old, new) in [
        ("\"sequence\":\"7\"", "\"sequence\":\"07\""),
        ("\"sequence\":\"7\"", "\"sequence\":\"-7\""),
        ("\"gas\":\"200000\"", "\"gas\":\"18446744073709551616\""),
        ("\"denom\":\"ucosm\"", "\"denom\":\"ucosm\",\"x\":1"),
        ("\"memo\"", "\"memo\":\"\",\"memo\""),
        ("\"sequence\":\"7\"", "\"sequence\":7"),
    ] {
        let text = good.replacen(old, new, 1);
        assert_ne!(text, good, "{old}");
        let result = read(text);
        assert!(
            matches!(result, Err(ChainError::Json { .. } | ChainError::Malformed { .. })),
            "{new}: {result:?}"
        );
    }
}

#[test]
fn g15_what_gives_others_a_say_is_refused_by_name() {
    let good = amino::sign_doc(&payment(false));
    let read = |json: String| decode_on(NETWORK, &[AMINO_MAGIC, [0].as_slice(), json.as_bytes()].concat());
    let field = |field: &str| Err(CosmosRefusal::Field { of: "the document", field: field.into() }.into());
    for (old, new, name) in [
        ("\"gas\":\"200000\"", "\"gas\":\"200000\",\"granter\":\"x\"", "granter"),
        ("\"gas\":\"200000\"", "\"gas\":\"200000\",\"payer\":\"x\"", "payer"),
        ("\"sequence\":\"7\"", "\"sequence\":\"7\",\"unordered\":true", "unordered"),
        ("\"sequence\":\"7\"", "\"sequence\":\"7\",\"timeout_timestamp\":\"x\"", "timeout_timestamp"),
    ] {
        assert_eq!(read(good.replacen(old, new, 1)), field(name));
    }
    let other = read(good.replacen("cosmos-sdk/MsgSend", "cosmos-sdk/MsgGrant", 1));
    assert_eq!(other, Err(CosmosRefusal::Message { kind: "cosmos-sdk/MsgGrant".into() }.into()));
    let none = read(format!(
        "{}[]{}",
        &good[..good.find("[{\"type").unwrap()],
        &good[good.find(",\"sequence").unwrap()..]
    ));
    assert_eq!(none, Err(CosmosRefusal::MessageCount { count: 0 }.into()));
}

/// A `SignDoc` whose parts are changed before they are put together.
struct Parts {
    body: Vec<u8>,
    auth_info: Vec<u8>,
    rest: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        let doc = direct::sign_doc(&payment(true));
        let (mut body, mut auth_info) = (Vec::new(), Vec::new());
        protobuf::each_field("SignDoc", &[], &doc, |field, value| {
            match field {
                1 => body = value.bytes()?.to_vec(),
                2 => auth_info = value.bytes()?.to_vec(),
                _ => {}
            }
            Ok(true)
        })
        .unwrap();
        let rest = [&[0x1a, 12], b"simd-testing".as_slice(), &[0x20, 1]].concat();
        Self { body, auth_info, rest }
    }

    fn decode(&self) -> Result<Decoded, ChainError> {
        let doc = protobuf::Message::default().bytes(1, &self.body).bytes(2, &self.auth_info).finish();
        decode_on(NETWORK, &[doc, self.rest.clone()].concat())
    }
}

#[test]
fn g15_protobuf_fields_that_are_not_known_are_refused_by_name() {
    assert!(Parts::new().decode().is_ok());
    let refusal = |of, field: &str| Err(CosmosRefusal::Field { of, field: field.into() }.into());
    for (field, name) in [
        (&[0x20, 1][..], "unordered"),
        (&[0x2a, 0], "timeout_timestamp"),
        (&[0x30, 1], "field 6"),
        (&[0xfa, 0x3f, 0], "extension_options"),
        (&[0xfa, 0x7f, 0], "non_critical_extension_options"),
    ] {
        let mut parts = Parts::new();
        parts.body.extend(field);
        assert_eq!(parts.decode(), refusal("TxBody", name));
    }
    let mut parts = Parts::new();
    parts.auth_info.extend([0x1a, 0]);
    assert_eq!(parts.decode(), refusal("AuthInfo", "tip"));
    let mut parts = Parts::new();
    parts.rest.extend([0x28, 1]);
    assert_eq!(parts.decode(), refusal("SignDoc", "field 5"));
    // The fee is last in the auth info; its length is in front of it.
    for (field, name) in [(0x1a, "payer"), (0x22, "granter")] {
        let mut parts = Parts::new();
        let fee = payment(true);
        let len = parts.auth_info.len();
        let fee_len = 2 + 2 + 5 + 2 + 4 + 4;
        assert_eq!((fee.gas, parts.auth_info[len - fee_len - 1]), (200_000, u8::try_from(fee_len).unwrap()));
        parts.auth_info[len - fee_len - 1] += 3;
        parts.auth_info.extend([field, 1, b'x']);
        assert_eq!(parts.decode(), refusal("Fee", name));
    }
}

#[test]
fn g15_other_spellings_of_a_sign_doc_are_refused() {
    let not_canonical = Err(ChainError::NotCanonical { what: WHAT });
    let malformed = Err(ChainError::Malformed { what: WHAT });
    let mut parts = Parts::new();
    parts.body.extend([0x18, 0]); // a default value
    assert_eq!(parts.decode(), not_canonical);
    let mut parts = Parts::new();
    parts.rest.truncate(14);
    assert!(parts.decode().is_ok(), "account number 0 is left out");
    parts.rest.extend([0x20, 0]);
    assert_eq!(parts.decode(), not_canonical);
    let mut parts = Parts::new();
    parts.rest.extend([0x20, 1]); // twice
    assert_eq!(parts.decode(), malformed);
    let mut parts = Parts::new();
    parts.rest = [&[0x20, 1], &parts.rest[..14]].concat(); // another order
    assert_eq!(parts.decode(), malformed);
    let mut parts = Parts::new();
    parts.rest[15] = 0x81;
    parts.rest.push(0); // a longer number
    assert_eq!(parts.decode(), malformed);
    let mut parts = Parts::new();
    parts.body = [parts.body.clone(), parts.body].concat();
    assert_eq!(parts.decode(), malformed);
    let mut parts = Parts::new();
    let mode = parts.auth_info.windows(6).position(|w| w == [0x12, 4, 0x0a, 2, 8, 1]).unwrap() + 5;
    parts.auth_info[mode] = 127;
    assert_eq!(parts.decode(), Err(CosmosRefusal::SignMode { mode: 127 }.into()));
    let good = direct::sign_doc(&payment(true));
    // Two bytes less say account number 0, which is another payload.
    for len in (0..good.len()).filter(|len| *len != good.len() - 2) {
        assert!(decode_on(NETWORK, &good[..len]).is_err(), "cut to {len}");
    }
    let long = vec![0x0a; MAX_LEN + 1];
    let error = ChainError::TooLong { what: WHAT, len: long.len(), max: MAX_LEN };
    assert_eq!(decode_on(NETWORK, &long), Err(error));
}

#[test]
fn other_messages_signers_and_keys_are_refused() {
    let swap = |old: &str, new: &str| {
        let mut parts = Parts::new();
        for bytes in [&mut parts.body, &mut parts.auth_info] {
            if let Some(at) = bytes.windows(old.len()).position(|window| window == old.as_bytes()) {
                bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
            }
        }
        parts.decode()
    };
    let kind = "/cosmos.bank.v1beta1.MsgBurn".to_owned();
    assert_eq!(
        swap("bank.v1beta1.MsgSend", "bank.v1beta1.MsgBurn"),
        Err(CosmosRefusal::Message { kind }.into())
    );
    let kind = "/cosmos.crypto.secp256r1.PubKey".to_owned();
    assert_eq!(swap("secp256k1.PubKey", "secp256r1.PubKey"), Err(CosmosRefusal::KeyType { kind }.into()));
    let mut parts = Parts::new();
    parts.body.clear();
    assert_eq!(parts.decode(), Err(CosmosRefusal::MessageCount { count: 0 }.into()));
    let mut parts = Parts::new();
    parts.auth_info.clear();
    assert_eq!(parts.decode(), Err(CosmosRefusal::SignerCount { count: 0 }.into()));
    let mut foreign = payment(true);
    foreign.key = Some([2; 33]);
    assert_eq!(judge_on(NETWORK, foreign), Err(CosmosRefusal::ForeignKey.into()));
    assert_eq!(refused(|t| t.from = TO.into()), CosmosRefusal::ForeignAccount);
    let eth = own_address("cosmos", CosmosKey::Ethermint);
    assert_eq!(refused(|t| t.from = eth.clone()), CosmosRefusal::ForeignAccount);
    assert_eq!(refused(|t| t.from.make_ascii_uppercase()), CosmosRefusal::Address { field: "from_address" });
    assert_eq!(refused(|t| t.to.make_ascii_uppercase()), CosmosRefusal::Address { field: "to_address" });
    assert_eq!(refused(|t| t.to.clear()), CosmosRefusal::Address { field: "to_address" });
    let osmo = account::encode("osmo", &[1; 20]).unwrap();
    let other = CosmosRefusal::OtherPrefix { expected: "cosmos".into(), found: "osmo".into() };
    assert_eq!(refused(|t| t.to = osmo.clone()), other);
}

#[test]
fn memos_coins_and_gas_that_no_chain_takes_are_refused() {
    for memo in ["x".repeat(257), "a\nb".into(), "a\u{7f}".into(), "a\u{85}".into()] {
        assert_eq!(refused(|t| t.memo.clone_from(&memo)), CosmosRefusal::Memo);
    }
    let two = |a: &str, b: &str| [coins(1, a), coins(1, b)].concat();
    for bad in [
        coins(0, "ucosm"),
        coins(1, "uc"),
        coins(1, "1ucosm"),
        coins(1, "uc osm"),
        coins(1, &"u".repeat(129)),
        two("ub1", "ua1"),
        two("ua1", "ua1"),
        (0..9).flat_map(|n| coins(1, &format!("ua{n}"))).collect(),
    ] {
        assert_eq!(refused(|t| t.amount.clone_from(&bad)), CosmosRefusal::Coins { field: "amount" });
        assert_eq!(refused(|t| t.fee.clone_from(&bad)), CosmosRefusal::Coins { field: "fee" });
    }
    assert_eq!(refused(|t| t.amount.clear()), CosmosRefusal::Coins { field: "amount" });
    for gas in [0, 10_000_001] {
        assert_eq!(refused(|t| t.gas = gas), CosmosRefusal::Gas { gas, max: 10_000_000 });
    }
    let mut several = payment(true);
    several.amount = two("ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2", "uatom");
    several.fee.clear();
    let review = judge_on(NETWORK, several).unwrap();
    assert!(value_of(&review, "Pay").contains(" and 1 uatom"));
    assert_eq!(review.fee.as_deref(), Some("none"));
}

fn on_the_hub(change: impl FnOnce(&mut Transaction)) -> Result<Review, ChainError> {
    let mut transaction = payment(true);
    transaction.chain_id = "cosmoshub-4".into();
    transaction.amount = coins(400_000, "uatom");
    transaction.fee = coins(1_000, "uatom");
    change(&mut transaction);
    judge_on(Network::Mainnet, transaction)
}

#[test]
fn g2_a_known_chain_id_pins_prefix_network_and_key() {
    let review = on_the_hub(|_| ()).unwrap();
    assert_eq!(review.title, format!("Send 0.4 ATOM (400000 uatom) to {TO}"));
    assert_eq!(review.warnings, Vec::<String>::new());
    let osmosis = CosmosRefusal::Prefix {
        chain_id: "osmosis-1".into(),
        expected: "osmo".into(),
        found: "cosmos".into(),
    };
    assert_eq!(on_the_hub(|t| t.chain_id = "osmosis-1".into()), Err(osmosis.into()));
    let network =
        CosmosRefusal::OtherNetwork { chain_id: "theta-testnet-001".into(), network: Network::Testnet };
    assert_eq!(on_the_hub(|t| t.chain_id = "theta-testnet-001".into()), Err(network.into()));
    let key = on_the_hub(|t| {
        t.key_type = CosmosKey::Ethermint;
        t.from = own_address("cosmos", CosmosKey::Ethermint);
    });
    assert_eq!(key, Err(CosmosRefusal::KeyOfChain { chain_id: "cosmoshub-4".into() }.into()));
    for chain_id in [String::new(), "a b".into(), "cosmoshub\u{2011}4".into(), "a".repeat(51)] {
        assert_eq!(refused(|t| t.chain_id.clone_from(&chain_id)), CosmosRefusal::ChainId);
    }
    let unknown = on_the_hub(|t| t.chain_id = "cosmoshub-5".into()).unwrap();
    assert!(unknown.warnings[0].contains("not known"));
}

#[test]
fn g4_fees_above_the_cap_are_refused_and_high_ones_pointed_out() {
    assert_eq!(
        on_the_hub(|t| t.fee = coins(1_000_001, "uatom")),
        Err(CosmosRefusal::Fee { fee: "1.000001 ATOM".into(), max: "1 ATOM".into() }.into())
    );
    let high = on_the_hub(|t| t.fee = coins(40_000, "uatom")).unwrap();
    assert_eq!(high.warnings, ["the fee is 10 % of what is paid"]);
}

fn any_coins() -> impl Strategy<Value = Vec<Coin>> {
    vec(("[a-z]{3,8}", any::<u128>()).prop_map(|(denom, amount)| Coin { denom, amount }), 0..4)
}

prop_compose! {
    fn any_transaction()(
        chain_id in ".{0,20}", account_number: u64, sequence: u64, from in ".{0,20}", to in ".{0,20}",
        amount in any_coins(), memo in ".{0,40}", timeout_height: u64, fee in any_coins(), gas: u64,
        code in 0_u8..4, key: Option<[u8; 32]>,
    ) -> Transaction {
        let key = key.map(|key| [&[2], key.as_slice()].concat().try_into().unwrap());
        let key_type = CosmosKey::of_code(code).unwrap();
        Transaction {
            chain_id, account_number, sequence, from, to, amount, memo, timeout_height, fee, gas, key_type, key,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(transaction in any_transaction(), key: [u8; 32], signature: [u8; 64]) {
        let bytes = Document::Transaction(transaction.clone()).encode();
        let Document::Transaction(read) = Document::parse(&bytes).unwrap() else { panic!("words") };
        prop_assert_eq!(&read, &transaction);
        let key = transaction.key.unwrap_or_else(|| [&[3], key.as_slice()].concat().try_into().unwrap());
        let signed = Signed { document: Document::Transaction(transaction), key, signature }.encode();
        let read = Signed::parse(&signed).unwrap();
        prop_assert_eq!(read.encode(), signed);
    }

    #[test]
    fn g1_what_reads_is_written_back_to_the_same_bytes(
        is_direct: bool, at: prop::sample::Index, byte: u8,
    ) {
        let mut bytes = Document::Transaction(payment(is_direct)).encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(document) = Document::parse(&bytes) {
            prop_assert_eq!(document.encode(), bytes);
        }
    }
}
