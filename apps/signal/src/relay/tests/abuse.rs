use proptest::prelude::*;

use super::*;

#[test]
fn e1_who_does_not_answer_in_time_is_closed() {
    let mut harness = Harness::new(Limits::default());
    let silent = harness.connect_from("192.0.2.1").unwrap();
    let prompt = harness.client(1);
    harness.wait(4999);
    assert!(harness.closed.is_empty());
    harness.wait(1);
    assert_eq!(harness.closed[&silent], CloseReason::Refused(RefusalCode::NotAuthenticated));
    harness.wait(100_000);
    assert!(!harness.closed.contains_key(&prompt));
}

#[test]
fn nothing_works_before_the_answer_and_no_second_answer_after() {
    let mut harness = Harness::new(Limits::default());
    let early = harness.connect_from("192.0.2.1").unwrap();
    harness.enter(early);
    assert_eq!(harness.closed[&early], CloseReason::Refused(RefusalCode::NotAuthenticated));
    let enter = ClientFrame::Enter { request: 1, token: TOKEN, capacity: 2, ttl: 1, resume: None };
    assert_eq!(Challenge::new([9; 32]).verify(&Ok(enter), &[]), Err(RefusalCode::NotAuthenticated));
    let one = harness.client(1);
    harness.answer(one, 2);
    assert_eq!(harness.closed[&one], CloseReason::Refused(RefusalCode::AlreadyAuthenticated));
}

#[test]
fn a8_other_versions_and_garbage_end_the_connection() {
    for (bytes, code) in [
        (&[2, 0][..], RefusalCode::UnknownVersion),
        (&[0], RefusalCode::UnknownVersion),
        (&[1, 77], RefusalCode::Malformed),
        (&[], RefusalCode::Malformed),
    ] {
        let mut harness = Harness::new(Limits::default());
        let one = harness.client(1);
        let frame = ClientFrame::decode(bytes);
        harness.relay.handle_frame(one, frame.clone(), bytes.len(), harness.now);
        harness.settle();
        assert_eq!(refusals(&harness.take(one)), [code]);
        assert_eq!(harness.closed[&one], CloseReason::Refused(code));
        assert_eq!(Challenge::new([9; 32]).verify(&frame, &[]), Err(code));
    }
}

#[test]
fn e4_connections_are_limited_by_source_key_and_in_all() {
    let limits =
        Limits { connections: 5, connections_per_source: 3, connections_per_key: 2, ..Limits::default() };
    let mut harness = Harness::new(limits);
    let quota = Err(Refusal::new(RefusalCode::QuotaExceeded));
    let first = harness.connect_from("2001:db8::1").unwrap();
    harness.connect_from("2001:db8::2").unwrap();
    harness.connect_from("2001:db8:0:0:ffff::3").unwrap();
    assert_eq!(harness.connect_from("2001:db8::4"), quota, "one /64 network is one source");
    harness.connect_from("2001:db8:0:1::1").unwrap();
    harness.connect_from("::ffff:192.0.2.1").unwrap();
    assert_eq!(harness.connect_from("198.51.100.1"), quota, "full");
    harness.disconnect(first);
    harness.connect_from("192.0.2.1").unwrap();

    // A key's owner who comes again and again keeps its newest connections: the oldest are stale.
    let mut harness = Harness::new(Limits { connections_per_key: 2, ..Limits::default() });
    let [oldest, second, third] = [1, 1, 1].map(|key| harness.client(key));
    assert_eq!(harness.closed[&oldest], CloseReason::Refused(RefusalCode::QuotaExceeded));
    assert!(!harness.closed.contains_key(&second) && !harness.closed.contains_key(&third));
}

#[test]
fn e4_reconnecting_without_end_is_slowed_down() {
    let mut harness = Harness::new(Limits::default());
    let mut taken = 0;
    let refusal = loop {
        match harness.connect_from("192.0.2.1") {
            Ok(id) => harness.disconnect(id),
            Err(refusal) => break refusal,
        }
        taken += 1;
    };
    assert_eq!((taken, refusal.code), (400, RefusalCode::RateLimited));
    assert!(refusal.retry > 0);
    assert!(harness.connect_from("198.51.100.1").is_ok(), "others are not");
    harness.wait(refusal.retry);
    assert!(harness.connect_from("192.0.2.1").is_ok());
}

#[test]
fn e4_frames_and_bytes_are_limited_and_the_client_is_told_when_to_go_on() {
    let mut limits = Limits::default();
    limits.per_key.frames = 10;
    let mut harness = Harness::new(limits);
    let (one, two) = (harness.client(1), harness.client(2));
    for id in [one, two] {
        harness.enter(id);
    }
    harness.take(one);
    let mut stored = 0;
    let retry = loop {
        harness.send(one, 2, vec![1]);
        match harness.take(one)[..] {
            [ServerFrame::Stored { .. }] => stored += 1,
            [ServerFrame::Refused { code: RefusalCode::RateLimited, retry, request: Some(2), .. }] => {
                break retry;
            }
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!((stored, retry), (19, 100), "twice the rate in a burst, the first for entering");
    assert_eq!(payloads(&harness.take(two)).len(), 19);
    harness.wait(retry);
    harness.send(one, 2, vec![1]);
    assert_eq!(harness.take(one), [ServerFrame::Stored { request: 2 }]);
    harness.say(one, ClientFrame::Ack { room: TOKEN.room(), cursor: Cursor(0) });
    assert_eq!(harness.take(one), [], "acknowledging is never refused");
}

#[test]
fn e4_who_ignores_the_limit_is_cut_off() {
    let mut limits = Limits { violations: 5, ..Limits::default() };
    limits.per_key.frames = 1;
    let mut harness = Harness::new(limits);
    let one = harness.client(1);
    for _ in 0..8 {
        harness.enter(one);
    }
    assert_eq!(harness.closed[&one], CloseReason::Refused(RefusalCode::RateLimited));
}

#[test]
fn e4_rooms_and_memory_are_limited_by_source_and_in_all() {
    let limits = Limits {
        rooms: 3,
        rooms_per_source: 2,
        stored: 400_000,
        stored_per_source: 200_000,
        ..Limits::default()
    };
    let mut harness = Harness::new(limits);
    let one = harness.client(1);
    let enter = |number: u8| {
        let token = RoomToken([number; 32]);
        ClientFrame::Enter { request: 1, token, capacity: 2, ttl: TTL, resume: None }
    };
    for number in [10, 11, 12] {
        harness.say(one, enter(number));
    }
    assert_eq!(refusals(&harness.take(one)), [RefusalCode::QuotaExceeded]);
    harness.wait(TTL);
    harness.take(one);
    harness.enter(one);
    let mut sent = 0;
    loop {
        harness.send(one, 1, vec![0; MAX_PAYLOAD]);
        let answer = harness.take(one);
        if refusals(&answer) == [RefusalCode::RelayFull] {
            break;
        }
        sent += 1;
    }
    assert_eq!(sent, 3);
    assert!(harness.relay.stats().stored_bytes <= 200_000);
}

#[test]
fn e2_payloads_above_the_limit_and_empty_ones_are_refused() {
    let mut harness = Harness::new(Limits::default());
    let one = harness.client(1);
    harness.enter(one);
    for bytes in [vec![], vec![0; MAX_PAYLOAD + 1]] {
        harness.send(one, 1, bytes);
        assert_eq!(refusals(&harness.take(one)), [RefusalCode::BadPayload]);
    }
}

#[test]
fn e9_nothing_is_remembered_of_those_who_are_gone() {
    let mut harness = Harness::new(Limits::default());
    for round in 0..50_u8 {
        let (one, two) = (harness.client(1), harness.client(2));
        harness.say(
            one,
            ClientFrame::Enter {
                request: 1,
                token: RoomToken([round; 32]),
                capacity: 2,
                ttl: 1000,
                resume: None,
            },
        );
        harness.disconnect(one);
        harness.disconnect(two);
        harness.wait(1000);
    }
    harness.wait(60_000);
    assert!(harness.relay.rooms.is_empty() && harness.relay.connections.is_empty());
    assert!(harness.relay.sources.is_empty() && harness.relay.keys.is_empty());
    assert!(harness.relay.due.is_empty() && harness.relay.overrun.is_empty());
}

/// One thing a client does, drawn at random.
#[derive(Clone, Debug)]
enum Step {
    Connect(u8),
    Disconnect(u8),
    Enter(u8, u8, u64),
    Leave(u8, u8),
    Send(u8, u8, u8, usize, u64),
    Ack(u8, u8, u64),
    Delete(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..4_u8;
    let room = || 0..3_u8;
    prop_oneof![
        client().prop_map(Step::Connect),
        client().prop_map(Step::Disconnect),
        (client(), room(), 0..5000_u64).prop_map(|(a, b, c)| Step::Enter(a, b, c)),
        (client(), room()).prop_map(|(a, b)| Step::Leave(a, b)),
        (client(), room(), client(), 0..70_000_usize, 0..3000_u64)
            .prop_map(|(a, b, c, d, e)| Step::Send(a, b, c, d, e)),
        (client(), room(), any::<u64>()).prop_map(|(a, b, c)| Step::Ack(a, b, c)),
        room().prop_map(Step::Delete),
        (0..2000_u64).prop_map(Step::Wait),
    ]
}

/// Compares every total with what it totals.
fn check(relay: &Relay) {
    let limits = &relay.limits;
    let mut stored = 0;
    let mut due = 0;
    for room in relay.rooms.values() {
        assert!(room.members.len() <= usize::from(room.capacity));
        due += 1;
        for member in &room.members {
            let cost: usize = member.mail.values().map(room::Mail::cost).sum();
            assert_eq!(member.stored, cost);
            assert!(cost <= limits.mailbox);
            stored += cost;
            due += member.mail.len();
            if let Some(connection) = member.online {
                assert_eq!(relay.connections[&connection].key, Some(member.key));
            }
        }
    }
    assert_eq!(relay.stored, stored);
    assert_eq!(relay.sources.values().map(|usage| usage.stored).sum::<usize>(), stored);
    assert_eq!(relay.sources.values().map(|usage| usage.rooms).sum::<usize>(), relay.rooms.len());
    assert_eq!(relay.sources.values().map(|usage| usage.connections).sum::<usize>(), relay.connections.len());
    for (id, connection) in &relay.connections {
        due += usize::from(connection.key.is_none());
        assert!(connection.queued <= limits.window + limits.control_slack);
        for room in &connection.rooms {
            let key = connection.key.unwrap();
            assert_eq!(relay.rooms[room].member(&key).and_then(|member| member.online), Some(*id));
        }
    }
    assert_eq!(relay.due.len(), due);
}

proptest! {
    #[test]
    fn totals_and_bounds_hold_after_every_step(steps in proptest::collection::vec(step(), 1..80)) {
        let limits = Limits { mailbox: 200_000, stored: 300_000, stored_per_source: 250_000, ..Limits::default() };
        let mut harness = Harness::new(limits);
        let mut clients: BTreeMap<u8, ConnectionId> = BTreeMap::new();
        let token = |room: u8| RoomToken([room; 32]);
        for step in steps {
            match step {
                Step::Connect(key) => {
                    let Ok(id) = harness.connect_from("192.0.2.1") else { continue };
                    harness.answer(id, key);
                    // The connection before it stays open, as when an address changes.
                    clients.insert(key, id);
                }
                Step::Disconnect(key) => {
                    if let Some(id) = clients.remove(&key) { harness.disconnect(id) }
                }
                Step::Enter(key, room, ttl) => {
                    let frame = ClientFrame::Enter { request: 1, token: token(room), capacity: 3, ttl, resume: None };
                    if let Some(id) = clients.get(&key) { harness.say(*id, frame) }
                }
                Step::Leave(key, room) => {
                    let frame = ClientFrame::Leave { room: token(room).room() };
                    if let Some(id) = clients.get(&key) { harness.say(*id, frame) }
                }
                Step::Send(key, room, to, len, ttl) => {
                    let (room, to, bytes) = (token(room).room(), member(to), vec![0; len]);
                    let frame = ClientFrame::Send { request: 2, room, to, ttl, bytes };
                    if let Some(id) = clients.get(&key) { harness.say(*id, frame) }
                }
                Step::Ack(key, room, cursor) => {
                    let frame = ClientFrame::Ack { room: token(room).room(), cursor: Cursor(cursor) };
                    if let Some(id) = clients.get(&key) { harness.say(*id, frame) }
                }
                Step::Delete(room) => {
                    harness.relay.handle_delete(&token(room));
                    harness.settle();
                }
                Step::Wait(span) => harness.wait(span),
            }
            check(&harness.relay);
        }
        harness.wait(10_000);
        prop_assert_eq!(harness.relay.stats().rooms, 0);
        prop_assert_eq!(harness.relay.stats().stored_bytes, 0);
    }
}
