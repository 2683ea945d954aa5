use serde_json::{Value, json};

use super::*;
use crate::{Curve, Protocol, read};

const ECDSA: &str =
    "secp256k1:3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu";
const EDDSA: &str = "ed25519:6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq";

fn state(json: &Value) -> Result<State, crate::DecodeError> {
    read(json.to_string().as_bytes())
}

fn parameters() -> Value {
    json!({"threshold": 2, "participants": {"next_id": 2, "participants": [
        ["a.near", 0, {"url": "u", "sign_pk": EDDSA}], ["b.near", 1, {"url": "v", "tls_public_key": EDDSA}]]}})
}

fn running() -> Value {
    json!({
        "domains": {"domains": [{"id": 0, "scheme": "Secp256k1"}, {"id": 1, "protocol": "Frost",
            "reconstruction_threshold": 2, "purpose": "Sign"}, {"id": 2, "scheme": "Bls12381"}], "next_domain_id": 3},
        "keyset": {"epoch_id": 4, "domains": [
            {"domain_id": 0, "key": {"Secp256k1": {"near_public_key": ECDSA}}, "attempt": 1},
            {"domain_id": 1, "key": {"Ed25519": {"near_public_key_compressed": EDDSA, "edwards_point": [1]}}, "attempt": 0},
            {"domain_id": 2, "key": {"Bls12381": {"public_key": "bls12381g2:abc"}}, "attempt": 0}]},
        "parameters": parameters(),
        "parameters_votes": {"proposal_by_account": {}},
        "add_domains_votes": {"proposal_by_account": {}},
        "previously_cancelled_resharing_epoch_id": null,
    })
}

fn event(key: &Value) -> Value {
    json!({"epoch_id": 5, "domain": {"id": 0, "scheme": "Secp256k1"}, "parameters": parameters(),
        "instance": {"attempt_id": 2, "started_in": 10, "expires_on": 40, "completed": [1], "public_key": key},
        "next_attempt_id": 3})
}

#[test]
fn every_state_is_read() {
    assert_eq!(state(&json!("NotInitialized")).unwrap(), State::NotInitialized);

    let State::Running(found) = state(&json!({"Running": running()})).unwrap() else { panic!("not running") };
    assert_eq!(found.domains.get(1).unwrap().protocol, Protocol::Frost);
    let curves: Vec<_> = found.keyset.domains.iter().map(|key| key.key.map(|key| key.curve())).collect();
    assert_eq!(curves, [Some(Curve::Secp256k1), Some(Curve::Edwards25519), None]);

    let resharing = json!({"Resharing": {"previous_running_state": running(), "reshared_keys": [],
        "resharing_key": event(&Value::Null), "cancellation_requests": [], "per_domain_thresholds": {}}});
    let State::Resharing(found) = state(&resharing).unwrap() else { panic!("not resharing") };
    assert_eq!(found.resharing_key.instance.unwrap().completed, [1]);

    for key in [json!(ECDSA), json!({"Secp256k1": {"near_public_key": ECDSA}})] {
        let initializing = json!({"Initializing": {"domains": running()["domains"], "epoch_id": 5,
            "generated_keys": [], "generating_key": event(&key), "cancel_votes": []}});
        let State::Initializing(found) = state(&initializing).unwrap() else { panic!("not initializing") };
        assert_eq!(found.generating_key.instance.unwrap().public_key.unwrap().to_string(), ECDSA);
    }
}

#[test]
fn refuses_a_key_of_another_curve_and_unknown_states() {
    let mut wrong = running();
    wrong["keyset"]["domains"][0]["key"] = json!({"Secp256k1": {"near_public_key": EDDSA}});
    assert!(state(&json!({"Running": wrong})).is_err());
    assert!(state(&json!("Sleeping")).is_err());
    assert!(state(&json!({"Running": {}})).is_err());
}

#[test]
fn a_written_key_is_read_again() {
    let Value::Array(keys) = running()["keyset"]["domains"].clone() else { panic!("no keys") };
    for json in keys {
        let key: DomainKey = serde_json::from_value(json).unwrap();
        assert_eq!(serde_json::from_value::<DomainKey>(serde_json::to_value(&key).unwrap()).unwrap(), key);
    }
}
