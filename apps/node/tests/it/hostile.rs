//! Answers that were tampered with: whatever stands in them, reading ends with a value or a fault.

use proptest::prelude::*;
use quorate_node::near::answers::{Block, Chunk, TransactionResult};
use quorate_node::near::contract::{read_attested, read_pending, read_state, read_version};
use quorate_node::near::sign_args::SignArgs;
use serde_json::{Value, json};

use crate::double::running;

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "(ed25519|secp256k1):[1-9A-HJ-NP-Za-km-z]{0,100}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z_]{0,12}", inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Replaces the value that `number` counts to, in the order in which values are met.
fn replace(value: &mut Value, number: &mut usize, with: &Value) {
    if *number == 0 {
        *value = with.clone();
    }
    *number = number.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, number, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, number, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn samples() -> Vec<Value> {
    let state = running("tls_public_key");
    let event = json!({"epoch_id": 1, "domain": {"id": 0, "scheme": "Secp256k1"},
        "parameters": state["Running"]["parameters"], "next_attempt_id": 1,
        "instance": {"attempt_id": 0, "started_in": 1, "expires_on": 31, "completed": [0], "public_key": null}});
    vec![
        json!({"Resharing": {"previous_running_state": state["Running"], "reshared_keys": [], "resharing_key": event}}),
        json!({"Initializing": {"domains": state["Running"]["domains"], "epoch_id": 0,
            "generated_keys": state["Running"]["keyset"]["domains"], "generating_key": event}}),
        json!({"request": {"path": "p", "payload_v2": {"Ecdsa": "00"}, "domain_id": 0}}),
        json!({"header": {"chunk_hash": "11111111111111111111111111111111"}, "transactions": [],
            "receipts": [{"predecessor_id": "a", "receiver_id": "b", "receipt_id": "11111111111111111111111111111111",
                "receipt": {"Action": {"actions": [{"FunctionCall": {"method_name": "sign", "args": "e30="}}]}}}]}),
        json!({"header": {"height": 1, "hash": "11111111111111111111111111111111", "timestamp": 1,
            "prev_hash": "11111111111111111111111111111111"}, "chunks": []}),
        json!([{"account_id": "a", "tls_public_key": "ed25519:1", "account_public_key": "ed25519:1"}]),
        json!({"status": {"Failure": {}}, "final_execution_status": "FINAL"}),
        state,
    ]
}

fn read_all(bytes: &[u8]) {
    let _ = read_state(bytes);
    let _ = read_version(bytes);
    let _ = read_pending(bytes);
    let _ = read_attested(bytes, "a", &[0; 32], &[0; 32]);
    let _ = SignArgs::read(bytes);
    let _ = serde_json::from_slice::<Block>(bytes);
    let _ = serde_json::from_slice::<Chunk>(bytes);
    let _ = serde_json::from_slice::<TransactionResult>(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn h1_tampered_answers_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        number in 0_usize..60,
        with in any_value(),
    ) {
        let samples = samples();
        let mut value = samples[which.index(samples.len())].clone();
        replace(&mut value, &mut { number }, &with);
        read_all(value.to_string().as_bytes());
    }

    #[test]
    fn h1_arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }
}

#[test]
fn samples_are_read_before_they_are_tampered_with() {
    let [resharing, initializing, .., state] = &samples()[..] else { panic!("samples") };
    for state in [resharing, initializing, state] {
        read_state(state.to_string().as_bytes()).unwrap();
    }
}
