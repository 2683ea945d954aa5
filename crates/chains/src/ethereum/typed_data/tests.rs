use proptest::prelude::*;
use serde_json::{Value as JsonValue, json};

use super::super::EthereumRefusal;
use super::*;
use crate::network::Network;
use crate::review::Review;

/// The example of EIP-712.
fn mail() -> JsonValue {
    json!({
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
            "Mail": [
                {"name": "from", "type": "Person"},
                {"name": "to", "type": "Person"},
                {"name": "contents", "type": "string"},
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    })
}

/// Data of one struct with one field, in a domain that has a chain id only.
fn single(kind: &str, value: &JsonValue) -> JsonValue {
    json!({
        "types": {"Data": [{"name": "value", "type": kind}]},
        "primaryType": "Data",
        "domain": {"chainId": 1},
        "message": {"value": value},
    })
}

fn parse(json: &JsonValue) -> Result<TypedData, ChainError> {
    TypedData::parse(json.to_string().as_bytes())
}

fn fault(json: &JsonValue) -> TypedDataFault {
    match parse(json) {
        Err(ChainError::Ethereum(EthereumRefusal::TypedData(fault))) => fault,
        other => panic!("not a fault: {other:?}"),
    }
}

fn reviewed(json: &JsonValue) -> Review {
    review(Network::Mainnet, "0xown", &parse(json).unwrap())
}

#[test]
fn g6_the_example_of_eip_712_has_its_hashes() {
    let mail = parse(&mail()).unwrap();
    let separator = "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f";
    assert_eq!(hex::encode(mail.domain.separator()), separator);
    let type_hash = "a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2";
    assert_eq!(hex::encode(mail.types.hash("Mail")), type_hash);
    let message = "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e";
    assert_eq!(hex::encode(mail.message.word(&mail.types, &Kind::Struct("Mail".into()))), message);
    let digest = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2";
    assert_eq!(hex::encode(mail.digest()), digest);
}

#[test]
fn g6_every_value_is_shown() {
    let review = reviewed(&mail());
    assert_eq!(review.title, "Sign data of type Mail");
    let lines: Vec<_> = review.lines.iter().map(|line| (line.label.as_str(), line.value.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("Account", "0xown"),
            ("Network", "mainnet, chain id 1"),
            ("Application, by its own words", "Ether Mail"),
            ("Version", "1"),
            ("Contract that will check it", "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"),
            ("Type", "Mail"),
            ("from.name", "Cow"),
            ("from.wallet", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
            ("to.name", "Bob"),
            ("to.wallet", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"),
            ("contents", "Hello, Bob!"),
            ("Form", "EIP-712"),
        ],
    );
}

#[test]
fn g6_the_canonical_form_is_one() {
    let canonical = parse(&mail()).unwrap().to_json();
    assert!(
        canonical.starts_with(r#"{"types":{"EIP712Domain":[{"name":"name","type":"string"},"#),
        "{canonical}"
    );
    assert!(canonical.ends_with(r#""contents":"Hello, Bob!"}}"#), "{canonical}");
    assert_eq!(TypedData::parse(canonical.as_bytes()).unwrap().to_json(), canonical);
    // Without the domain's type, with spaces, and with numbers and addresses spelled otherwise, it is the same.
    let mut other = mail();
    other["types"].as_object_mut().unwrap().remove("EIP712Domain");
    other["domain"]["chainId"] = json!("0x1");
    other["domain"]["verifyingContract"] = json!("0xcccccccccccccccccccccccccccccccccccccccc");
    let pretty = serde_json::to_string_pretty(&other).unwrap();
    assert_eq!(TypedData::parse(pretty.as_bytes()).unwrap().to_json(), canonical);
}

#[test]
fn g6_fields_that_the_hash_would_not_cover_are_refused() {
    let unknown = |field: &str| TypedDataFault::Unknown { field: field.to_owned() };
    let missing = |field: &str| TypedDataFault::Missing { field: field.to_owned() };
    let with = |change: &dyn Fn(&mut JsonValue)| {
        let mut json = mail();
        change(&mut json);
        fault(&json)
    };
    assert_eq!(with(&|mail| mail["extra"] = json!(1)), unknown("extra"));
    assert_eq!(with(&|mail| mail["domain"]["extra"] = json!(1)), unknown("domain.extra"));
    assert_eq!(with(&|mail| mail["message"]["extra"] = json!(1)), unknown("message.extra"));
    assert_eq!(with(&|mail| mail["message"]["to"]["age"] = json!(1)), unknown("message.to.age"));
    assert_eq!(
        with(&|mail| drop(mail["message"].as_object_mut().unwrap().remove("to"))),
        missing("message.to")
    );
    assert_eq!(with(&|mail| drop(mail.as_object_mut().unwrap().remove("domain"))), missing("domain"));
    assert_eq!(
        with(&|mail| mail["types"]["Mail"][0]["indexed"] = json!(true)),
        unknown("types.Mail.indexed")
    );
    let unused = TypedDataFault::UnusedType { name: "Spare".to_owned() };
    assert_eq!(with(&|mail| mail["types"]["Spare"] = json!([])), unused);
}

#[test]
fn g6_a_domain_without_or_with_another_network_is_refused() {
    let mut json = mail();
    json["domain"].as_object_mut().unwrap().remove("chainId");
    json["types"]["EIP712Domain"].as_array_mut().unwrap().remove(2);
    assert_eq!(fault(&json), TypedDataFault::NoChainId);
    for id in [json!(-1), json!("-1"), json!(true), json!("18446744073709551616"), json!("one"), json!("")] {
        let mut json = mail();
        json["domain"]["chainId"] = id;
        assert!(matches!(fault(&json), TypedDataFault::Value { .. }));
    }
    let key = k256::SecretKey::from_slice(&[1; 32]).unwrap().public_key();
    let point = k256::elliptic_curve::sec1::ToEncodedPoint::to_encoded_point(&key, true);
    let key = crate::PublicKey::Secp256k1(point.as_bytes().try_into().unwrap());
    let intent = crate::Intent::TypedData { json: mail().to_string() };
    let chain = crate::Chain::Ethereum;
    let build = |network| crate::build(chain, network, &key, &intent, &crate::Context::None);
    assert!(build(Network::Mainnet).is_ok());
    let refusal = EthereumRefusal::ChainId { found: 1, expected: 8_453 };
    assert_eq!(build(Network::Evm(8_453)), Err(refusal.into()));
}

#[test]
fn g6_a_domain_type_that_is_not_its_fields_is_refused() {
    for change in [
        (&|types: &mut JsonValue| types.as_array_mut().unwrap().swap(0, 1)) as &dyn Fn(&mut JsonValue),
        &|types| drop(types.as_array_mut().unwrap().pop()),
        &|types| types.as_array_mut().unwrap().push(json!({"name": "salt", "type": "bytes32"})),
        &|types| types[2]["type"] = json!("uint64"),
    ] {
        let mut json = mail();
        change(&mut json["types"]["EIP712Domain"]);
        assert_eq!(fault(&json), TypedDataFault::DomainType);
    }
}

#[test]
fn g6_names_that_could_be_taken_for_other_types_are_refused() {
    for name in
        ["uint256", "address", "bool", "string", "bytes", "bytes32", "int8", "uint", "int", "byte", "uint7"]
    {
        let mut json = single(name, &json!({}));
        json["types"][name] = json!([]);
        let found = fault(&json);
        let is_refused = matches!(found, TypedDataFault::Name { .. } | TypedDataFault::UnknownType { .. });
        assert!(is_refused, "{name}: {found}");
    }
    for kind in [
        "uint0",
        "uint7",
        "uint264",
        "uint08",
        "int",
        "bytes0",
        "bytes33",
        "bytes01",
        "Data[",
        "Data]",
        "uint8[-1]",
        "uint8[0]",
        "uint8[01]",
        "uint8[]x",
        "uint8 []",
        "",
        " uint8",
        "Nothing",
        "a b",
        "fixed128x18",
        "function",
        "uint8,uint8",
        "EIP712Domain",
    ] {
        let found = fault(&single(kind, &json!(0)));
        assert!(matches!(found, TypedDataFault::UnknownType { .. }), "{kind}: {found}");
    }
    for name in ["", "a b", "a,b", "a)", "1a", "größe", "a\u{202e}b"] {
        let mut json = single("bool", &json!(true));
        json["types"]["Data"][0]["name"] = json!(name);
        assert!(matches!(fault(&json), TypedDataFault::Name { .. }), "{name}");
        let mut json = single("bool", &json!(true));
        json["types"][name] = json!([]);
        assert!(matches!(fault(&json), TypedDataFault::Name { .. }), "{name}");
    }
    let mut json = single("bool", &json!(true));
    json["types"]["Data"] = json!([{"name": "value", "type": "bool"}, {"name": "value", "type": "bool"}]);
    assert_eq!(fault(&json), TypedDataFault::Twice { name: "Data.value".to_owned() });
    let mut json = single("bool", &json!(true));
    json["primaryType"] = json!("EIP712Domain");
    assert!(matches!(fault(&json), TypedDataFault::UnknownType { .. }));
}

#[test]
fn g6_values_that_do_not_fit_their_type_are_refused() {
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    for (kind, good, bad) in [
        (
            "uint8",
            vec![json!(0), json!(255), json!("255"), json!("0xff"), json!("0x00ff")],
            vec![
                json!(256),
                json!(-1),
                json!("-1"),
                json!("0x100"),
                json!("1.0"),
                json!("+1"),
                json!("0x"),
                json!("01"),
                json!(true),
                json!("-0"),
            ],
        ),
        (
            "uint256",
            vec![json!(max), json!(format!("0x{}", "f".repeat(64)))],
            vec![json!(format!("{max}0")), json!(format!("0x1{}", "0".repeat(64)))],
        ),
        (
            "int8",
            vec![json!(127), json!(-128), json!("-1"), json!("0x7f")],
            vec![json!(128), json!(-129), json!("0x80"), json!("--1"), json!("-0x1"), json!("-0")],
        ),
        ("bool", vec![json!(true), json!(false)], vec![json!(1), json!("true"), json!("")]),
        (
            "address",
            vec![
                json!("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
                json!("0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"),
            ],
            vec![
                json!("0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
                json!("0x00"),
                json!(0),
                json!("me.eth"),
            ],
        ),
        ("string", vec![json!(""), json!("größe \u{202e}")], vec![json!(1), json!([]), json!({})]),
        (
            "bytes",
            vec![json!("0x"), json!("0x00Ff")],
            vec![json!("00"), json!("0x0"), json!("0xzz"), json!([0])],
        ),
        ("bytes2", vec![json!("0x0102")], vec![json!("0x01"), json!("0x010203"), json!("")]),
        ("bool[]", vec![json!([]), json!([true, false])], vec![json!(true), json!([1]), json!({})]),
        ("bool[2]", vec![json!([true, false])], vec![json!([]), json!([true]), json!([true, true, true])]),
        ("bool[2][]", vec![json!([]), json!([[true, false]])], vec![json!([true, false]), json!([[true]])]),
        ("bool[][1]", vec![json!([[]]), json!([[true, false]])], vec![json!([]), json!([[], []])]),
    ] {
        for value in good {
            assert!(parse(&single(kind, &value)).is_ok(), "{kind}: {value}");
        }
        for value in bad {
            assert!(matches!(fault(&single(kind, &value)), TypedDataFault::Value { .. }), "{kind}: {value}");
        }
    }
}

#[test]
fn g6_json_with_two_readings_is_refused() {
    for json in [
        r#"{"types":{},"types":{}}"#,
        r#"{"domain":{"chainId":1,"chainId":2}}"#,
        r#"{"message":{"value":null}}"#,
        r#"{"message":{"value":1.5}}"#,
        r#"{"message":{"value":1e3}}"#,
        r#"{"message":{"value":115792089237316195423570985008687907853269984665640564039457584007913129639935}}"#,
        "{} {}",
        "",
        &"[".repeat(1000),
    ] {
        let found = TypedData::parse(json.as_bytes());
        assert!(matches!(found, Err(ChainError::Json { .. })), "{json}: {found:?}");
    }
    let long = vec![b' '; MAX_JSON + 1];
    assert!(matches!(TypedData::parse(&long), Err(ChainError::TooLong { .. })));
}

#[test]
fn g6_cycles_and_depths_are_bounded() {
    let mut json = single("Data[]", &json!([]));
    assert_eq!(fault(&json), TypedDataFault::Cycle { name: "Data".to_owned() });
    json["types"] = json!({
        "Data": [{"name": "value", "type": "Other"}],
        "Other": [{"name": "back", "type": "Data[2]"}],
    });
    assert_eq!(fault(&json), TypedDataFault::Cycle { name: "Data".to_owned() });
    assert!(matches!(fault(&single("bool[][][][][]", &json!([]))), TypedDataFault::TooDeep { .. }));
    let many = json!(vec![true; 511]);
    assert!(matches!(fault(&single("bool[]", &many)), TypedDataFault::TooMany { what: "values", .. }));
    let fields: Vec<_> = (0..65).map(|n| json!({"name": format!("f{n}"), "type": "bool"})).collect();
    let mut json = single("bool", &json!(true));
    json["types"]["Data"] = json!(fields);
    assert!(matches!(fault(&json), TypedDataFault::TooMany { what: "fields of a type", .. }));
    let chain: serde_json::Map<_, _> = (0..20)
        .map(|n| (format!("T{n}"), json!([{"name": "next", "type": if n == 19 { "bool".into() } else { format!("T{}", n + 1) }}])))
        .collect();
    let mut value = json!(true);
    for _ in 0..20 {
        value = json!({"next": value});
    }
    let json = json!({"types": chain, "primaryType": "T0", "domain": {"chainId": 1}, "message": value});
    assert!(matches!(fault(&json), TypedDataFault::TooDeep { .. }));
    let types: serde_json::Map<_, _> = (0..65).map(|n| (format!("T{n}"), json!([]))).collect();
    let json = json!({"types": types, "primaryType": "T0", "domain": {"chainId": 1}, "message": {}});
    assert!(matches!(fault(&json), TypedDataFault::TooMany { what: "types", .. }));
}

/// Names that share a beginning must not let one set of types pass for another.
#[test]
fn g6_types_are_told_apart_by_their_hash() {
    let of = |types: JsonValue, message: JsonValue| {
        let json = json!({"types": types, "primaryType": "A", "domain": {"chainId": 1}, "message": message});
        parse(&json).unwrap().types.hash("A")
    };
    let plain = of(json!({"A": [{"name": "b", "type": "uint8"}]}), json!({"b": 1}));
    let other = of(json!({"A": [{"name": "b", "type": "int8"}]}), json!({"b": 1}));
    let list = of(json!({"A": [{"name": "b", "type": "uint8[]"}]}), json!({"b": [1]}));
    assert!(plain != other && other != list && plain != list);
    assert_eq!(plain, keccak(&[b"A(uint8 b)"]));
    let nested = of(
        json!({"A": [{"name": "z", "type": "Z"}, {"name": "b", "type": "B[]"}], "Z": [], "B": [{"name": "z", "type": "Z[1]"}]}),
        json!({"z": {}, "b": []}),
    );
    assert_eq!(nested, keccak(&[b"A(Z z,B[] b)B(Z[1] z)Z()"]));
}

#[test]
fn g5_permissions_to_take_tokens_are_shown_as_high_risk() {
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let permit = |value: &str| {
        json!({
            "types": {"Permit": [
                {"name": "owner", "type": "address"},
                {"name": "spender", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ]},
            "primaryType": "Permit",
            "domain": {"name": "USD Coin", "version": "2", "chainId": 1,
                "verifyingContract": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"},
            "message": {
                "owner": "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826",
                "spender": "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                "value": value, "nonce": max, "deadline": "1900000000",
            },
        })
    };
    let risks = |json: &JsonValue| {
        let review = reviewed(json);
        review.warnings.iter().filter(|warning| warning.starts_with("HIGH RISK")).cloned().collect::<Vec<_>>()
    };
    assert!(
        reviewed(&permit("5")).lines.iter().any(|line| line.value == "1900000000 (2030-03-17 17:46:40 UTC)")
    );
    assert_eq!(risks(&permit("5")).len(), 1);
    let unlimited = risks(&permit(max));
    assert_eq!(unlimited.len(), 2);
    assert!(unlimited[1].contains("value is practically without limit"), "{unlimited:?}");
    let mut order = single("uint256", &json!(1));
    order["types"] = json!({"OrderComponents": order["types"]["Data"].clone()});
    order["primaryType"] = json!("OrderComponents");
    assert_eq!(risks(&order).len(), 1);
    let mut nested = single("TokenPermissions[]", &json!([{"amount": max}]));
    nested["types"]["TokenPermissions"] = json!([{"name": "amount", "type": "uint256"}]);
    assert_eq!(risks(&nested).len(), 2, "a permission within other data");
    assert_eq!(risks(&mail()).len(), 0);
    assert_eq!(reviewed(&mail()).warnings.len(), 1);
}

#[test]
fn g7_text_in_typed_data_is_shown_escaped() {
    let review = reviewed(&single("string", &json!("a\u{202e}b\n")));
    assert!(review.lines.iter().any(|line| line.value == "a\\u{202e}b\\n"));
    assert!(review.warnings.iter().any(|warning| warning.starts_with("value: has characters")));
    let empty = reviewed(&single("string[]", &json!([])));
    assert!(empty.lines.iter().any(|line| line.label == "value" && line.value == "an empty list"));
}

proptest! {
    #[test]
    fn g6_numbers_read_back_and_their_range_is_exact(
        bytes in 1_usize..=15, number: i128, shift in 0_u32..128, word: [u8; 32],
    ) {
        let (bits, number) = (bytes * 8, number >> shift);
        let limit = 1_i128 << (bits - 1);
        let data = parse(&single(&format!("int{bits}"), &json!(number.to_string())));
        prop_assert_eq!(data.is_ok(), (-limit..limit).contains(&number), "int{}: {}", bits, number);
        if let Ok(data) = data {
            let again = TypedData::parse(data.to_json().as_bytes()).unwrap();
            prop_assert_eq!(again.to_json(), data.to_json());
            let shown = review(Network::Mainnet, "", &data);
            prop_assert!(shown.lines.iter().any(|line| line.value == number.to_string()));
        }
        let text = format!("0x{}", hex::encode(word));
        let data = parse(&single("uint256", &json!(text))).unwrap();
        let bytes = parse(&single("bytes32", &json!(text))).unwrap();
        let (Value::Many(number), Value::Many(bytes)) = (&data.message, &bytes.message) else { panic!() };
        prop_assert_eq!(number[0].word(&data.types, &Kind::Uint(256)), word);
        prop_assert_eq!(bytes[0].word(&data.types, &Kind::Fixed(32)), word);
    }

    #[test]
    fn any_json_is_an_answer(json in r#"[{}\[\]",:a-z0-9 ]{0,60}"#) {
        if let Ok(data) = TypedData::parse(json.as_bytes()) {
            prop_assert_eq!(TypedData::parse(data.to_json().as_bytes()), Ok(data));
        }
    }
}
