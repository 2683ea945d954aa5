//! A relay that is killed and started again, while keys are made and used.

use std::time::{Duration, Instant};

use quorate_tests::Relay;
use serde_json::Value;

use crate::group::{Group, PATIENCE, approve, propose, signed, undecided};

#[test]
fn a11_relay_killed_every_100_ms_during_key_generation() {
    let Some(mut group) = Group::start("relay-kill") else { return };
    let binary = quorate_tests::binary().expect("a binary");
    let (url, port) = (group.relay.url.clone(), group.relay.port);
    let invite = group.devices[0].create_wallet(&url, 2, 3).expect("an invite");
    for device in &mut group.devices[1..] {
        device.join(&invite);
    }
    // Five deaths, 100 ms apart, while the ceremony runs; then the relay stays.
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(100));
        group.relay.kill();
        group.relay = Relay::start(&binary, port, None);
    }
    assert!(group.agree().is_some(), "no wallet after the relay's deaths");
}

#[test]
fn a11_a_signature_survives_a_relay_that_forgets_everything() {
    let Some(mut group) = Group::with_wallet("relay-forgets") else { return };
    let binary = quorate_tests::binary().expect("a binary");
    let port = group.relay.port;
    group.devices[0].command(&propose(5));
    let id = undecided(&mut group.devices[1], &[], PATIENCE).expect("a request");
    group.relay.kill();
    group.devices[1].command(&approve(&id));
    std::thread::sleep(Duration::from_millis(200));
    group.relay = Relay::start(&binary, port, None);
    assert!(signed(&mut group.devices[0], &id, PATIENCE).is_some());
    assert!(signed(&mut group.devices[1], &id, PATIENCE).is_some());
}

#[test]
fn a_dead_relay_is_one_clear_sentence() {
    let Some(mut group) = Group::with_wallet("relay-dead") else { return };
    group.relay.kill();
    let lost = |view: &Value| {
        view.get("view").and_then(Value::as_str) == Some("relay")
            && view.get("connected").and_then(Value::as_bool) == Some(false)
    };
    let started = Instant::now();
    let shown = group.devices[0].try_wait("relay", PATIENCE, lost).expect("a relay view");
    assert!(started.elapsed() < Duration::from_secs(10));
    let reason = shown.get("reason").and_then(Value::as_str).unwrap_or_default();
    assert!(!reason.is_empty(), "{shown}");
}
