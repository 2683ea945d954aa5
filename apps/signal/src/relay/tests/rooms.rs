use super::*;

#[test]
fn members_see_each_other_come_and_go_in_order() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = (harness.client(1), harness.client(2));
    let entered = harness.enter(one);
    let [ServerFrame::Entered { created: true, ttl: TTL, members, room, request: 1 }] = &entered[..] else {
        panic!("{entered:?}")
    };
    assert_eq!((members, *room), (&vec![Member { key: member(1), online: true }], TOKEN.room()));

    let entered = harness.enter(two);
    let [ServerFrame::Entered { created: false, members, .. }] = &entered[..] else { panic!("{entered:?}") };
    assert_eq!(members.iter().map(|member| member.key).collect::<Vec<_>>(), [member(1), member(2)]);
    let room = TOKEN.room();
    assert_eq!(harness.take(one), [ServerFrame::MemberJoined { room, key: member(2) }]);

    harness.disconnect(two);
    assert_eq!(harness.take(one), [ServerFrame::MemberLeft { room, key: member(2), forgotten: false }]);
    let back = harness.client(2);
    harness.enter(back);
    assert_eq!(harness.take(one), [ServerFrame::MemberJoined { room, key: member(2) }]);
    harness.say(back, ClientFrame::Leave { room });
    assert_eq!(harness.take(one), [ServerFrame::MemberLeft { room, key: member(2), forgotten: true }]);
}

#[test]
fn a_room_takes_no_more_members_than_its_capacity() {
    let mut harness = Harness::new(Limits::default());
    let [one, two, three] = [1, 2, 3].map(|key| harness.client(key));
    harness.enter_as(one, 2, None);
    harness.enter_as(two, 2, None);
    assert_eq!(refusals(&harness.enter_as(three, 2, None)), [RefusalCode::RoomFull]);
    assert_eq!(refusals(&harness.enter_as(three, 3, None)), [RefusalCode::BadCapacity]);
    harness.say(two, ClientFrame::Leave { room: TOKEN.room() });
    assert_eq!(refusals(&harness.enter_as(three, 2, None)), []);
}

#[test]
fn impossible_capacities_are_refused() {
    let mut harness = Harness::new(Limits::default());
    let one = harness.client(1);
    for capacity in [0, 65, 255] {
        assert_eq!(refusals(&harness.enter_as(one, capacity, None)), [RefusalCode::BadCapacity]);
    }
    assert_eq!(harness.relay.stats().rooms, 0);
}

/// Registering a key that somebody has needs its challenge, so it can only be its owner coming back.
#[test]
fn a6_an_answer_to_another_challenge_or_by_another_key_registers_nothing() {
    let mut harness = Harness::new(Limits::default());
    let origin = RelayOrigin::parse("relay.example.org", 443).unwrap();
    let (owner, thief) =
        (RelayKey::from_seed(&Secret::new([1; 32])), RelayKey::from_seed(&Secret::new([2; 32])));
    let forged = ClientFrame::Authenticate { key: owner.member(), answer: thief.answer(&[9; 32], &origin) };
    let replayed = ClientFrame::Authenticate { key: owner.member(), answer: owner.answer(&[8; 32], &origin) };
    let elsewhere = RelayOrigin::parse("relay.example.com", 443).unwrap();
    let relayed =
        ClientFrame::Authenticate { key: owner.member(), answer: owner.answer(&[9; 32], &elsewhere) };
    for frame in [forged, replayed, relayed] {
        let answer = Challenge::new([9; 32]).verify(&Ok(frame), std::slice::from_ref(&origin));
        assert_eq!(answer, Err(RefusalCode::BadAnswer));
        let id = harness.connect_from("192.0.2.1").unwrap();
        harness.relay.handle_answer(id, answer, harness.now);
        harness.settle();
        assert_eq!(harness.closed[&id], CloseReason::Refused(RefusalCode::BadAnswer));
    }
}

#[test]
fn a6_the_same_key_from_a_new_connection_replaces_the_old_one() {
    let mut harness = Harness::new(Limits::default());
    let (old, two) = (harness.client(1), harness.client(2));
    harness.enter(old);
    harness.enter(two);
    harness.take(old);
    let new = harness.client(1);
    harness.enter(new);
    let room = TOKEN.room();
    assert_eq!(harness.take(old), [ServerFrame::RoomClosed { room, reason: ClosedReason::Replaced }]);
    harness.send(two, 1, vec![1]);
    assert_eq!(payloads(&harness.take(new)), [[1]]);
    harness.send(old, 2, vec![1]);
    assert_eq!(refusals(&harness.take(old)), [RefusalCode::NotAMember]);
    harness.disconnect(old);
    harness.send(two, 1, vec![2]);
    assert_eq!(payloads(&harness.take(new)), [[2]], "the end of the old connection takes nobody offline");
}

#[test]
fn rooms_end_at_their_deadline_and_entering_lengthens_it() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = (harness.client(1), harness.client(2));
    harness.enter(one);
    harness.wait(TTL / 2);
    harness.enter(two);
    harness.take(one);
    harness.wait(TTL / 2);
    assert_eq!(harness.take(one), []);
    harness.wait(TTL / 2);
    let closed = ServerFrame::RoomClosed { room: TOKEN.room(), reason: ClosedReason::Expired };
    assert_eq!((harness.take(one), harness.take(two)), (vec![closed.clone()], vec![closed]));
    assert_eq!(harness.relay.stats().rooms, 0);
    assert_eq!(harness.relay.next_deadline(), None);
}

#[test]
fn a_room_lives_no_longer_than_the_relay_allows() {
    let mut harness = Harness::new(Limits { max_ttl: 1000, ..Limits::default() });
    let one = harness.client(1);
    let token = TOKEN;
    harness.say(one, ClientFrame::Enter { request: 1, token, capacity: 2, ttl: Millis::MAX, resume: None });
    assert!(matches!(harness.take(one)[..], [ServerFrame::Entered { ttl: 1000, .. }]));
    harness.wait(1000);
    assert_eq!(harness.relay.stats().rooms, 0);
}

#[test]
fn one_connection_is_in_several_rooms_apart() {
    let mut harness = Harness::new(Limits { rooms_per_connection: 2, ..Limits::default() });
    let (one, two) = (harness.client(1), harness.client(2));
    let other = RoomToken([6; 32]);
    for id in [one, two] {
        harness.enter(id);
        harness.say(
            id,
            ClientFrame::Enter { request: 1, token: other.clone(), capacity: 2, ttl: TTL, resume: None },
        );
        harness.take(id);
    }
    let third =
        ClientFrame::Enter { request: 1, token: RoomToken([8; 32]), capacity: 2, ttl: TTL, resume: None };
    harness.say(two, third);
    assert_eq!(refusals(&harness.take(two)), [RefusalCode::QuotaExceeded]);
    harness.send(one, 2, vec![1]);
    let room = other.room();
    harness.say(one, ClientFrame::Send { request: 3, room, to: member(2), ttl: TTL, bytes: vec![2] });
    let rooms: Vec<RoomId> = harness
        .take(two)
        .into_iter()
        .filter_map(|frame| if let ServerFrame::Deliver { room, .. } = frame { Some(room) } else { None })
        .collect();
    assert_eq!(rooms, [TOKEN.room(), room]);
}

#[test]
fn sessions_are_found_by_token_and_show_no_keys() {
    let mut harness = Harness::new(Limits::default());
    let source = Source::of("192.0.2.1".parse().unwrap());
    let now = harness.now;
    let info = harness.relay.handle_create(source, &TOKEN, 3, TTL, now).unwrap();
    assert_eq!((info.capacity, info.members, info.deadline), (3, 0, now.after(TTL)));
    assert_eq!(harness.relay.session(&RoomToken([6; 32])), None);
    let one = harness.client(1);
    assert!(matches!(harness.enter(one)[..], [ServerFrame::Entered { created: false, .. }]));
    assert_eq!(harness.relay.session(&TOKEN).map(|info| (info.members, info.online)), Some((1, 1)));
    assert!(harness.relay.handle_delete(&TOKEN));
    harness.settle();
    let closed = ServerFrame::RoomClosed { room: TOKEN.room(), reason: ClosedReason::Deleted };
    assert_eq!(harness.take(one), [closed]);
    assert!(!harness.relay.handle_delete(&TOKEN));
}

#[test]
fn draining_tells_everybody_and_takes_nobody() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = (harness.client(1), harness.client(2));
    harness.enter(one);
    harness.relay.handle_drain();
    harness.settle();
    assert_eq!(
        (harness.take(one), harness.take(two)),
        (vec![ServerFrame::Draining], vec![ServerFrame::Draining])
    );
    assert_eq!(harness.connect_from("192.0.2.1"), Err(Refusal::new(RefusalCode::Draining)));
    assert!(!harness.relay.is_ready());
    assert_eq!(refusals(&harness.enter(two)), [], "an open room can still be finished");
    let token = RoomToken([6; 32]);
    harness.say(two, ClientFrame::Enter { request: 1, token, capacity: 2, ttl: TTL, resume: None });
    assert_eq!(refusals(&harness.take(two)), [RefusalCode::Draining]);
    harness.send(one, 2, vec![1]);
    assert_eq!(payloads(&harness.take(two)), [[1]]);
}
