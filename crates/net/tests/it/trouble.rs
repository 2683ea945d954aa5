//! Wires that break and relays that die.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use quorate_net::{Disconnection, NetEvent};
use quorate_signal::{Config, start};
use quorate_transport::RelayOrigin;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::proxy::Proxy;
use crate::support::{Device, PATIENCE, options, relay};

#[tokio::test]
async fn a11_a_cut_wire_loses_and_doubles_nothing() {
    let proxy = Proxy::bind().await;
    let url = format!("ws://{}", proxy.address);
    let names = vec![RelayOrigin::parse(&proxy.address.to_string(), 443).unwrap()];
    let relay = start(&Config { names, ..Config::loopback() }).await.unwrap();
    let wire = proxy.forward(relay.address());
    let (one, mut two) = (Device::enter(&url, 1).await, Device::enter(&url, 2).await);
    let mut got = Vec::new();
    for round in 0..20_u8 {
        for number in 0..10 {
            one.send(2, &[round, number]);
        }
        wire.cut();
        while got.iter().collect::<BTreeSet<_>>().len() < 10 * (usize::from(round) + 1) {
            got.push(two.frame().await.1);
        }
    }
    let distinct: BTreeSet<_> = got.iter().cloned().collect();
    assert_eq!(distinct.len(), 200);
    // The relay may have stored what it could not confirm; the same connection never brings a frame twice.
    assert!(got.len() <= 2 * distinct.len(), "{} frames for {} messages", got.len(), distinct.len());
}

#[tokio::test]
async fn a11_a_restarted_relay_is_found_again_and_said_so() {
    let relay = relay().await;
    let (url, address) = (relay.url(), relay.address());
    let (mut one, mut two) = (Device::enter(&url, 1).await, Device::enter(&url, 2).await);
    relay.kill().await;
    one.wait_for(|event| matches!(event, NetEvent::Disconnected { .. })).await;
    let _relay = start(&Config { listen: address, ..Config::loopback() }).await.unwrap();
    for device in [&mut one, &mut two] {
        device.wait_for(|event| *event == NetEvent::Connected { restarted: true }).await;
    }
    one.send(2, b"again");
    assert_eq!(two.frame().await.1, b"again");
}

/// Every 100 ms the relay is killed and all its memory lost; owners say again what was not confirmed end to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a11_a_conversation_survives_a_relay_that_dies_every_100_ms() {
    const TURNS: u32 = 2000;
    let relay = relay().await;
    let (url, listen) = (relay.url(), relay.address());
    let kills = Arc::new(AtomicU32::new(0));
    let counter = kills.clone();
    let killer = tokio::spawn(async move {
        let mut relay = relay;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            relay.kill().await;
            counter.fetch_add(1, Ordering::Relaxed);
            relay = start(&Config { listen, ..Config::loopback() }).await.unwrap();
        }
    });
    let (one, two) = (Device::start(&options(&url), 1), Device::start(&options(&url), 2));
    let talk = async { tokio::join!(converse(one, 2, true, TURNS), converse(two, 1, false, TURNS)) };
    tokio::time::timeout(Duration::from_secs(120), talk).await.expect("the conversation stopped");
    killer.abort();
    let kills = kills.load(Ordering::Relaxed);
    assert!(kills >= 5, "the relay died only {kills} times");
}

/// Counts up in turns with the other side, repeating the last number whenever the relay may have lost it.
async fn converse(mut device: Device, other: u8, begins: bool, turns: u32) {
    let mut last = 0_u32;
    if begins {
        last = 1;
        device.send(other, &last.to_be_bytes());
    }
    while last < turns {
        match device.next().await {
            NetEvent::Connected { restarted: true } if last > 0 => device.send(other, &last.to_be_bytes()),
            NetEvent::Frame { bytes, delivery, .. } => {
                device.client.ack(delivery);
                let number = u32::from_be_bytes(bytes.try_into().unwrap());
                // An old number is a repetition; the next one is always one more than the last said here.
                if number == last + 1 {
                    last = number + 1;
                    device.send(other, &last.to_be_bytes());
                }
            }
            _ => {}
        }
    }
    // The other side may still need the last number: stay until it is stored, and a little longer.
    device.client.flush(PATIENCE).await;
    let _ = tokio::time::timeout(Duration::from_millis(500), async {
        loop {
            if let NetEvent::Connected { restarted: true } = device.next().await {
                device.send(other, &last.to_be_bytes());
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_absent_relay_is_one_clear_reason_and_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut device = Device::start(&options(&format!("ws://{address}")), 1);
    for _ in 0..3 {
        let NetEvent::Disconnected { why, retry_in } = device.next().await else { panic!() };
        assert_eq!(why, Disconnection::Unreachable);
        assert!(why.hint().contains("address") && retry_in <= 400, "{retry_in}");
    }
    let _relay = start(&Config { listen: address, ..Config::loopback() }).await.unwrap();
    device.wait_for(|event| *event == NetEvent::Connected { restarted: false }).await;
}

#[tokio::test]
async fn another_server_at_the_address_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let mut device = Device::start(&options(&url), 1);
    let NetEvent::Disconnected { why, .. } = device.next().await else { panic!() };
    assert_eq!(why, Disconnection::Http(404));
}

#[tokio::test]
async fn a_draining_relay_is_left_at_once() {
    let relay = start(&Config { drain: 60, ..Config::loopback() }).await.unwrap();
    let mut device = Device::enter(&relay.url(), 1).await;
    let drained = tokio::spawn(relay.drain());
    let left = device.wait_for(|event| matches!(event, NetEvent::Disconnected { .. })).await;
    assert!(matches!(left, NetEvent::Disconnected { why: Disconnection::Draining, .. }), "{left:?}");
    drained.await.unwrap();
}
