//! What a relay could record of a whole ceremony and a signature.

use quorate_tests::Proxy;

use crate::group::{Group, NAMES, PATIENCE, approve, propose, signed, undecided};

#[test]
fn a10_the_wire_holds_no_share_nonce_address_or_key_in_clear() {
    let Some(mut group) = Group::start("wire") else { return };
    let (listener, port) = Proxy::bind();
    let binary = quorate_tests::binary().expect("a binary");
    // Devices reach the relay by the proxy's address, so that is one of its names.
    group.relay = quorate_tests::Relay::start(&binary, 0, Some(&format!("127.0.0.1:{port}")));
    let proxy = Proxy::serve(listener, group.relay.port);
    let url = format!("ws://127.0.0.1:{}/ws", proxy.port);
    group.make_wallet(&url);
    group.devices[0].command(&propose(77));
    let id = undecided(&mut group.devices[1], &[], PATIENCE).expect("a request");
    group.devices[1].command(&approve(&id));
    let signatures = signed(&mut group.devices[0], &id, PATIENCE).expect("a signature");
    let addresses = group.agree().expect("addresses");

    let wire = proxy.wire();
    assert!(wire.len() > 20_000, "the proxy saw the ceremony: {} bytes", wire.len());
    let mut secrets: Vec<Vec<u8>> = NAMES.iter().map(|name| name.as_bytes().to_vec()).collect();
    secrets.push(b"treasury".to_vec());
    for address in addresses.as_array().expect("a list") {
        let text = address["address"].as_str().expect("an address");
        secrets.push(text.as_bytes().to_vec());
        let key = hex::decode(address["public_key"].as_str().expect("a key")).expect("hex");
        secrets.push(key[key.len() - 32..].to_vec());
    }
    for signature in &signatures {
        let bytes = hex::decode(signature).expect("hex");
        secrets.push(bytes[..32].to_vec());
        secrets.push(bytes[32..].to_vec());
    }
    secrets.push(hex::decode(&id).expect("hex"));
    let wallet = group.devices[0].seen.iter().rev().find_map(|view| view["wallets"][0]["id"].as_str());
    secrets.push(hex::decode(wallet.expect("a wallet id")).expect("hex"));
    for secret in secrets {
        assert!(!contains(&wire, &secret), "{} is on the wire", hex::encode(&secret));
        assert!(!contains(&wire, hex::encode(&secret).as_bytes()), "{} is on the wire", hex::encode(secret));
    }
    assert!(contains(&wire, b"HTTP/1.1 101"), "the search finds what is there");
}

fn contains(wire: &[u8], needle: &[u8]) -> bool {
    wire.windows(needle.len()).any(|window| window == needle)
}
