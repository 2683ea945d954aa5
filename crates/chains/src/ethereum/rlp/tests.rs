use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const WHAT: &str = "rlp";

const MALFORMED: ChainError = ChainError::Malformed { what: WHAT };

const NOT_CANONICAL: ChainError = ChainError::NotCanonical { what: WHAT };

/// Strings as hexadecimal, lists as lists.
fn decode_all(mut items: Items<'_>) -> Result<Vec<Value>, ChainError> {
    let mut values = Vec::new();
    while !items.is_empty() {
        values.push(match items.next()? {
            Item::Bytes(bytes) => Value::String(format!("0x{}", hex::encode(bytes))),
            Item::List(body) => Value::Array(decode_all(Items::new(WHAT, body))?),
        });
    }
    Ok(values)
}

fn decode(bytes: &[u8]) -> Result<Vec<Value>, ChainError> {
    decode_all(Items::new(WHAT, bytes))
}

fn write(list: &mut List, value: &Value) {
    match value {
        Value::String(text) => list.bytes(&hex::decode(&text[2..]).unwrap()),
        Value::Array(values) => {
            let mut inner = List::default();
            values.iter().for_each(|value| write(&mut inner, value));
            list.list(inner);
        }
        other => panic!("{other}"),
    }
}

fn encode(value: &Value) -> Vec<u8> {
    let mut outer = List::default();
    write(&mut outer, value);
    outer.body
}

/// The set of `@ethersproject/testcases` 5.8.0 (MIT).
#[test]
fn the_published_vectors_are_read_and_written() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../tests/data/rlp.json")).unwrap();
    assert_eq!(vectors.len(), 61);
    for vector in vectors {
        let encoded = hex::decode(&vector["encoded"].as_str().unwrap()[2..]).unwrap();
        assert_eq!(decode(&encoded), Ok(vec![vector["decoded"].clone()]), "{}", vector["name"]);
        assert_eq!(encode(&vector["decoded"]), encoded, "{}", vector["name"]);
        for len in 1..encoded.len() {
            assert!(decode(&encoded[..len]).is_err(), "{} cut to {len}", vector["name"]);
        }
    }
}

#[test]
fn g1_second_spellings_are_refused() {
    for bytes in [
        &[0x81, 0x00][..],
        &[0x81, 0x7f],
        &[0xb8, 0x01, 0xff],
        &[[0xb8, 55].as_slice(), &[1; 55]].concat(),
        &[[0xb9, 0, 56].as_slice(), &[1; 56]].concat(),
        &[0xf8, 0x00],
        &[[0xf8, 55].as_slice(), &[1; 55]].concat(),
        &[[0xf9, 0, 56].as_slice(), &[1; 56]].concat(),
    ] {
        assert_eq!(decode(bytes), Err(NOT_CANONICAL), "{bytes:02x?}");
    }
    for digits in [&[0][..], &[0, 1], &[0; 32]] {
        let mut list = List::default();
        list.bytes(digits);
        assert_eq!(Items::new(WHAT, &list.body).uint(), Err(NOT_CANONICAL), "{digits:?}");
    }
}

#[test]
fn e3_lengths_beyond_what_is_there_are_refused_without_allocating() {
    for bytes in [
        &[0x80 + 1][..],
        &[0xb8],
        &[0xb8, 200],
        &[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0xc1],
        &[0xf8, 56],
    ] {
        assert_eq!(decode(bytes), Err(MALFORMED), "{bytes:02x?}");
    }
}

#[test]
fn a_list_and_a_string_are_not_each_other() {
    assert_eq!(Items::new(WHAT, &[0xc0]).bytes(), Err(MALFORMED));
    assert!(matches!(Items::new(WHAT, &[0x80]).list(), Err(MALFORMED)));
    assert!(matches!(Items::of_list(WHAT, &[0xc0, 0xc0]), Err(MALFORMED)));
    assert!(matches!(Items::of_list(WHAT, &[]), Err(MALFORMED)));
    assert_eq!(Items::new(WHAT, &[0x82, 1, 2]).array::<3>(), Err(MALFORMED));
    assert_eq!(Items::new(WHAT, &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]).u64(), Err(MALFORMED));
    assert_eq!(Items::new(WHAT, &[0x88, 1, 0, 0, 0, 0, 0, 0, 0]).u64(), Ok(1 << 56));
    let mut beyond = vec![0xa1, 1];
    beyond.extend([0; 32]);
    assert_eq!(Items::new(WHAT, &beyond).uint(), Err(MALFORMED));
}

proptest! {
    #[test]
    fn any_bytes_that_are_read_are_what_would_be_written(bytes in vec(any::<u8>(), 0..80)) {
        if let Ok(values) = decode(&bytes) {
            prop_assert_eq!(values.iter().flat_map(encode).collect::<Vec<u8>>(), bytes);
        }
    }

    #[test]
    fn numbers_and_strings_read_back(bytes in vec(any::<u8>(), 0..300), word: [u8; 32], shift in 0_usize..33) {
        let mut number = word;
        number[..shift.min(32)].fill(0);
        let mut list = List::default();
        list.bytes(&bytes);
        list.uint(Uint256(number));
        let encoded = list.encode();
        let mut items = Items::of_list(WHAT, &encoded).unwrap();
        prop_assert_eq!(items.bytes(), Ok(&bytes[..]));
        prop_assert_eq!(items.uint(), Ok(Uint256(number)));
        prop_assert!(items.finish().is_ok());
    }
}
