//! What devices in a room can do.

use std::time::{Duration, Instant};

use quorate_net::{NetEvent, OutboxFull, OutboxLimits, RelayClient, RoomOptions};
use quorate_transport::signaling::ClosedReason;

use crate::support::{Device, PATIENCE, TTL, key, member, options, relay, room};

#[tokio::test]
async fn devices_meet_and_talk() {
    let relay = relay().await;
    let mut one = Device::start(&options(&relay.url()), 1);
    assert_eq!(one.next().await, NetEvent::Connected { restarted: false });
    let NetEvent::Entered { members, .. } = one.next().await else { panic!() };
    assert_eq!(members.iter().map(|member| member.key).collect::<Vec<_>>(), [member(1)]);

    let mut two = Device::enter(&relay.url(), 2).await;
    assert_eq!(one.next().await, NetEvent::MemberJoined { key: member(2) });
    one.send(2, b"hello");
    assert_eq!(two.frame().await, (member(1), b"hello".to_vec()));
    two.send(1, b"hello yourself");
    assert_eq!(one.frame().await, (member(2), b"hello yourself".to_vec()));
}

#[tokio::test]
async fn what_is_sent_before_anybody_is_there_arrives() {
    let relay = relay().await;
    let one = Device::start(&options(&relay.url()), 1);
    for byte in 0..10 {
        one.send(2, &[byte]);
    }
    let mut two = Device::start(&options(&relay.url()), 2);
    let mut got = Vec::new();
    for _ in 0..10 {
        got.push(two.frame().await.1[0]);
    }
    got.sort_unstable();
    assert_eq!(got, (0..10).collect::<Vec<u8>>());
}

#[tokio::test]
async fn closing_keeps_the_membership_and_leaving_gives_it_up() {
    let relay = relay().await;
    let (mut one, two) = (Device::enter(&relay.url(), 1).await, Device::enter(&relay.url(), 2).await);
    two.client.close().await;
    one.wait_for(|event| *event == NetEvent::MemberLeft { key: member(2), forgotten: false }).await;
    one.send(2, b"for later");
    assert!(one.client.flush(PATIENCE).await);

    let mut two = Device::enter(&relay.url(), 2).await;
    assert_eq!(two.frame().await.1, b"for later");
    two.client.leave().await;
    one.wait_for(|event| *event == NetEvent::MemberLeft { key: member(2), forgotten: true }).await;
    assert_eq!(timeout_next(&mut two.events).await, None, "no events after the end");
}

async fn timeout_next(events: &mut quorate_net::RelayEvents) -> Option<NetEvent> {
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("events never end");
        if event.is_none() || matches!(event, Some(NetEvent::Frame { .. })) {
            return event;
        }
    }
}

/// A short-lived command: start, send, flush, close. What it said must be there afterwards.
#[tokio::test]
async fn what_is_flushed_is_at_the_relay() {
    let relay = relay().await;
    let mut two = Device::enter(&relay.url(), 2).await;
    let one = Device::start(&options(&relay.url()), 1);
    one.send(2, b"said and gone");
    assert!(one.client.flush(PATIENCE).await);
    one.client.close().await;
    assert_eq!(two.frame().await.1, b"said and gone");
}

#[tokio::test]
async fn flushing_without_a_relay_ends_at_its_limit() {
    let one = Device::start(&options("ws://127.0.0.1:1"), 1);
    one.send(2, b"x");
    assert!(!one.client.flush(Duration::from_millis(50)).await);
}

#[tokio::test]
async fn a_second_process_with_the_same_key_takes_over() {
    let relay = relay().await;
    let mut old = Device::enter(&relay.url(), 1).await;
    let _new = Device::enter(&relay.url(), 1).await;
    old.wait_for(|event| *event == NetEvent::Closed { reason: ClosedReason::Replaced }).await;
    assert_eq!(timeout_next(&mut old.events).await, None);
}

#[tokio::test]
async fn more_than_a_mailbox_holds_arrives_whole() {
    let relay = relay().await;
    let (one, mut two) = (Device::enter(&relay.url(), 1).await, Device::enter(&relay.url(), 2).await);
    for number in 0..200_u8 {
        one.send(2, &[number; 60_000]);
    }
    // What a full mailbox refused comes later than what was sent after it.
    let mut got = Vec::new();
    for _ in 0..200 {
        let bytes = two.frame().await.1;
        assert_eq!(bytes, vec![bytes[0]; 60_000]);
        got.push(bytes[0]);
    }
    got.sort_unstable();
    assert_eq!(got, (0..200).collect::<Vec<u8>>());
}

#[tokio::test]
async fn e2_the_outbox_says_when_it_is_full() {
    let limits = OutboxLimits { messages: 2, ..OutboxLimits::default() };
    let room = RoomOptions { limits, ..room() };
    let (client, _events) = RelayClient::start(&options("ws://127.0.0.1:1"), key(1), room).unwrap();
    client.send(member(2), vec![1], TTL).unwrap();
    client.send(member(2), vec![1], TTL).unwrap();
    let full = client.send(member(2), vec![1], TTL);
    assert_eq!(full, Err(OutboxFull::TooMuch { messages: 2, bytes: 2 }));
}

/// Nagle's algorithm or a polling loop anywhere on the way would cost 40 ms or its period on every hop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_trip_is_not_held_up_by_timers() {
    let relay = relay().await;
    let (mut one, mut two) = (Device::enter(&relay.url(), 1).await, Device::enter(&relay.url(), 2).await);
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        one.send(2, &[7; 1024]);
        two.frame().await;
        two.send(1, &[7; 1024]);
        one.frame().await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    println!("round trip through the relay: p50 {:?}, p99 {:?}", times[100], times[197]);
    assert!(times[100] < Duration::from_millis(20), "p50 {:?}", times[100]);
}
