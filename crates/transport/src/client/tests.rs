use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::RelayUrl;
use crate::signaling::ClosedReason;
use quorate_primitives::Secret;

const NOW: Timestamp = Timestamp(1_000_000);
const PEER: MemberKey = MemberKey([9; 32]);
const BOOT: BootId = BootId([1; 16]);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(11)
}

fn client() -> RoomClient {
    let key = RelayKey::from_seed(&Secret::new([1; 32]));
    let origin = "ws://127.0.0.1:8080".parse::<RelayUrl>().unwrap().origin();
    let membership = Membership { origin, token: RoomToken([2; 32]), capacity: 2, ttl: 60_000 };
    RoomClient::new(key, membership, OutboxLimits { in_flight: 2, ..OutboxLimits::default() })
}

fn outputs(client: &mut RoomClient) -> Vec<Output> {
    core::iter::from_fn(|| client.poll_output()).collect()
}

fn written(client: &mut RoomClient) -> Vec<ClientFrame> {
    let frame = |output| match output {
        Output::Write(bytes) => Some(ClientFrame::decode(&bytes).unwrap()),
        Output::Ping | Output::Disconnect(_) | Output::Event(_) => None,
    };
    outputs(client).into_iter().filter_map(frame).collect()
}

fn receive(client: &mut RoomClient, frame: &ServerFrame, now: Timestamp) {
    client.handle_bytes(&frame.encode(), now);
}

/// Brings a client into its room at a relay of the given run, and returns the `Enter` it wrote.
fn open(client: &mut RoomClient, boot: BootId, created: bool, now: Timestamp) -> ClientFrame {
    client.handle_connected(now);
    receive(client, &ServerFrame::Challenge { nonce: [3; 32] }, now);
    receive(client, &ServerFrame::Welcome { boot, idle: 90_000, max_ttl: 60_000 }, now);
    let enter = written(client).pop().unwrap();
    let ClientFrame::Enter { request, ref token, .. } = enter else { panic!("{enter:?}") };
    let members = vec![Member { key: client.key.member(), online: true }, Member { key: PEER, online: true }];
    let room = token.room();
    receive(client, &ServerFrame::Entered { request, room, created, ttl: 60_000, members }, now);
    enter
}

fn opened() -> RoomClient {
    let mut client = client();
    open(&mut client, BOOT, true, NOW);
    outputs(&mut client);
    client
}

fn deliver(client: &mut RoomClient, cursor: u64) -> Vec<Output> {
    let room = client.room;
    let frame = ServerFrame::Deliver { room, from: PEER, cursor: Cursor(cursor), bytes: vec![1] };
    receive(client, &frame, NOW);
    outputs(client)
}

fn delivery(id: u64) -> Output {
    let room = RoomToken([2; 32]).room();
    Output::Event(Event::Frame { room, from: PEER, delivery: DeliveryId(id), bytes: vec![1] })
}

#[test]
fn answers_enters_and_tells_its_owner() {
    let mut client = client();
    client.handle_connected(NOW);
    receive(&mut client, &ServerFrame::Challenge { nonce: [3; 32] }, NOW);
    let [ClientFrame::Authenticate { key, answer }] = &written(&mut client)[..] else { panic!() };
    assert_eq!(key.verify_answer(&[3; 32], &client.membership.origin, answer), Ok(()));

    receive(&mut client, &ServerFrame::Welcome { boot: BOOT, idle: 90_000, max_ttl: 60_000 }, NOW);
    let [ClientFrame::Enter { request, token, capacity: 2, ttl: 60_000, resume: None }] =
        &written(&mut client)[..]
    else {
        panic!()
    };
    let members = vec![Member { key: PEER, online: false }; 2];
    let entered =
        ServerFrame::Entered { request: *request, room: token.room(), created: true, ttl: 60_000, members };
    receive(&mut client, &entered, NOW);
    let [Output::Event(connected), Output::Event(Event::Entered { members, .. })] = &outputs(&mut client)[..]
    else {
        panic!()
    };
    assert_eq!((connected, members.len()), (&Event::Connected { restarted: false }, 2));
}

#[test]
fn a11_unconfirmed_sends_are_repeated_after_a_reconnect() {
    let mut client = opened();
    let first = client.send(PEER, vec![1], 10_000, NOW).unwrap();
    let second = client.send(PEER, vec![2], 10_000, NOW).unwrap();
    assert_eq!(written(&mut client).len(), 2);
    receive(&mut client, &ServerFrame::Stored { request: first.0 }, NOW);
    assert_eq!(outputs(&mut client), [Output::Event(Event::Stored { id: first })]);

    client.handle_disconnected(Disconnection::Closed, &mut rng(), NOW);
    open(&mut client, BOOT, false, NOW);
    let [ClientFrame::Send { request, bytes, .. }] = &written(&mut client)[..] else { panic!() };
    assert_eq!((*request, &bytes[..]), (second.0, &[2][..]));
    assert!(!client.is_flushed());
    receive(&mut client, &ServerFrame::Stored { request: second.0 }, NOW);
    assert!(client.is_flushed());
}

#[test]
fn a11_resumes_where_the_owner_acknowledged() {
    let mut client = opened();
    for cursor in [5, 6, 9] {
        assert!(!deliver(&mut client, cursor).is_empty());
    }
    client.ack(DeliveryId(2));
    assert_eq!(written(&mut client), [ClientFrame::Ack { room: client.room, cursor: Cursor(6) }]);
    client.ack(DeliveryId(1));
    assert_eq!(written(&mut client), [], "acknowledging again says nothing");

    client.handle_disconnected(Disconnection::Closed, &mut rng(), NOW);
    let enter = open(&mut client, BOOT, false, NOW);
    let ClientFrame::Enter { resume, .. } = enter else { panic!() };
    assert_eq!(resume, Some(Resume { boot: BOOT, cursor: Cursor(6) }));
    outputs(&mut client);
    assert_eq!(deliver(&mut client, 9), [], "a repeated delivery is recognised");
    assert_eq!(deliver(&mut client, 10), [delivery(4)]);
}

#[test]
fn a11_a_restarted_relay_is_told_and_its_cursors_start_anew() {
    let mut client = opened();
    deliver(&mut client, 500);
    client.handle_disconnected(Disconnection::Closed, &mut rng(), NOW);
    open(&mut client, BootId([2; 16]), true, NOW);
    assert_eq!(outputs(&mut client)[0], Output::Event(Event::Connected { restarted: true }));
    assert_eq!(deliver(&mut client, 3), [delivery(2)]);
    client.ack(DeliveryId(1));
    assert_eq!(
        written(&mut client),
        [],
        "a delivery of the lost mailbox acknowledges nothing in the new one"
    );
    client.ack(DeliveryId(2));
    assert_eq!(written(&mut client), [ClientFrame::Ack { room: client.room, cursor: Cursor(3) }]);
}

fn refuse(client: &mut RoomClient, request: u64, code: RefusalCode, retry: Millis) {
    let refused = ServerFrame::Refused { request: Some(request), code, retry, explanation: String::new() };
    receive(client, &refused, NOW);
}

#[test]
fn a_refusal_for_a_while_is_asked_again() {
    for code in [RefusalCode::RateLimited, RefusalCode::MailboxFull, RefusalCode::RelayFull] {
        let mut client = opened();
        let id = client.send(PEER, vec![1], 10_000, NOW).unwrap();
        outputs(&mut client);
        refuse(&mut client, id.0, code, 300);
        assert_eq!(client.next_deadline(), Some(NOW.after(300)));
        client.handle_tick(NOW.after(299));
        assert_eq!(outputs(&mut client), []);
        client.handle_tick(NOW.after(300));
        assert_eq!(written(&mut client).len(), 1, "{code:?}");
    }
}

#[test]
fn e1_a_relay_cannot_make_a_client_spin_or_sleep() {
    let mut client = opened();
    let id = client.send(PEER, vec![1], 100_000, NOW).unwrap();
    outputs(&mut client);
    refuse(&mut client, id.0, RefusalCode::RateLimited, 0);
    assert_eq!(client.next_deadline(), Some(NOW.after(RETRY_FLOOR)));
    client.handle_tick(NOW.after(RETRY_FLOOR));
    outputs(&mut client);
    refuse(&mut client, id.0, RefusalCode::RateLimited, Millis::MAX);
    assert_eq!(client.next_deadline(), Some(NOW.after(RETRY_CEILING)));
}

#[test]
fn what_is_for_an_absent_member_waits_for_it() {
    let mut client = opened();
    let stranger = MemberKey([8; 32]);
    let id = client.send(stranger, vec![1], 10_000, NOW).unwrap();
    outputs(&mut client);
    refuse(&mut client, id.0, RefusalCode::UnknownRecipient, 0);
    assert_eq!(written(&mut client), []);
    assert!(client.is_flushed(), "whoever leaves does not wait for it");
    let room = client.room;
    receive(&mut client, &ServerFrame::MemberJoined { room, key: stranger }, NOW);
    assert!(!client.is_flushed());
    assert_eq!(written(&mut client).len(), 1);
}

#[test]
fn what_is_not_stored_in_time_expires() {
    let mut client = opened();
    let id = client.send(PEER, vec![1], 500, NOW).unwrap();
    outputs(&mut client);
    client.handle_tick(NOW.after(500));
    assert_eq!(outputs(&mut client), [Output::Event(Event::Expired { id })]);
    assert!(client.is_flushed());
}

#[test]
fn only_a_window_is_on_its_way() {
    let mut client = opened();
    let ids: Vec<SendId> = (0..5).map(|n| client.send(PEER, vec![n], 10_000, NOW).unwrap()).collect();
    assert_eq!(written(&mut client).len(), 2);
    receive(&mut client, &ServerFrame::Stored { request: ids[0].0 }, NOW);
    assert_eq!(written(&mut client).len(), 1);
}

#[test]
fn k32_e2_the_outbox_is_bounded() {
    let mut client = client();
    assert_eq!(client.send(PEER, vec![], 1, NOW), Err(OutboxFull::BadLength(0)));
    assert_eq!(client.send(PEER, vec![0; 65_537], 1, NOW), Err(OutboxFull::BadLength(65_537)));
    let accepted = (0..600).filter(|_| client.send(PEER, vec![0; 65_536], 1, NOW).is_ok()).count();
    assert_eq!(accepted, 512);
}

#[test]
fn k32_e5_a_relay_that_floods_is_left() {
    let mut client = opened();
    let room = client.room;
    for cursor in 1..200 {
        let frame = ServerFrame::Deliver { room, from: PEER, cursor: Cursor(cursor), bytes: vec![0; 65_536] };
        receive(&mut client, &frame, NOW);
    }
    let flooded = |output: &Output| *output == Output::Disconnect(Disconnection::Flooded);
    let outputs = outputs(&mut client);
    assert!(outputs.iter().any(flooded));
    assert!(outputs.len() < 130, "{}", outputs.len());
}

#[test]
fn waits_longer_after_each_failure_and_at_most_ten_seconds() {
    let mut client = client();
    let mut waits = Vec::new();
    for _ in 0..12 {
        client.handle_disconnected(Disconnection::Unreachable, &mut rng(), NOW);
        waits.push(client.reconnect_at().unwrap().since(NOW));
    }
    assert!((50..=100).contains(&waits[0]), "{waits:?}");
    assert!((5000..=10_000).contains(&waits[11]), "{waits:?}");
    open(&mut client, BOOT, true, NOW);
    client.handle_disconnected(Disconnection::Closed, &mut rng(), NOW);
    assert!(client.reconnect_at().unwrap().since(NOW) <= 100, "a success starts anew");
}

#[test]
fn silence_is_probed_and_then_given_up() {
    let mut client = opened();
    client.handle_tick(NOW.after(14_999));
    assert_eq!(outputs(&mut client), []);
    client.handle_tick(NOW.after(15_000));
    assert_eq!(outputs(&mut client), [Output::Ping]);
    client.handle_alive(NOW.after(15_100));
    client.handle_tick(NOW.after(40_000));
    assert_eq!(outputs(&mut client), [Output::Ping]);
    client.handle_tick(NOW.after(55_100));
    assert_eq!(outputs(&mut client), [Output::Disconnect(Disconnection::Silent)]);
}

#[test]
fn each_step_of_opening_has_a_deadline() {
    let mut client = client();
    client.handle_connected(NOW);
    assert_eq!(client.next_deadline(), Some(NOW.after(10_000)));
    client.handle_tick(NOW.after(10_000));
    assert_eq!(outputs(&mut client), [Output::Disconnect(Disconnection::Silent)]);
}

#[test]
fn refusals_for_good_end_the_membership() {
    for code in [RefusalCode::RoomFull, RefusalCode::BadCapacity] {
        let mut client = client();
        client.handle_connected(NOW);
        receive(&mut client, &ServerFrame::Challenge { nonce: [3; 32] }, NOW);
        receive(&mut client, &ServerFrame::Welcome { boot: BOOT, idle: 1, max_ttl: 1 }, NOW);
        outputs(&mut client);
        let request = client.next_request;
        refuse(&mut client, request, code, 0);
        assert_eq!(outputs(&mut client)[0], Output::Event(Event::Refused { id: None, code }));
        assert!(client.is_closed() && client.reconnect_at().is_none());
    }
    let mut replaced = opened();
    let room = replaced.room;
    receive(&mut replaced, &ServerFrame::RoomClosed { room, reason: ClosedReason::Replaced }, NOW);
    assert_eq!(outputs(&mut replaced)[0], Output::Event(Event::Closed { reason: ClosedReason::Replaced }));
    assert!(replaced.is_closed());
}

#[test]
fn a2_garbage_and_frames_out_of_place_change_nothing_that_matters() {
    let mut client = opened();
    client.handle_bytes(b"garbage", NOW);
    assert_eq!(outputs(&mut client), [Output::Disconnect(Disconnection::Protocol)]);

    let mut client = opened();
    let other = RoomId([7; 32]);
    for frame in [
        ServerFrame::Challenge { nonce: [0; 32] },
        ServerFrame::Welcome { boot: BootId([9; 16]), idle: 0, max_ttl: 0 },
        ServerFrame::Stored { request: 999 },
        ServerFrame::MemberJoined { room: other, key: PEER },
        ServerFrame::RoomClosed { room: other, reason: ClosedReason::Deleted },
        ServerFrame::Deliver { room: other, from: PEER, cursor: Cursor(9), bytes: vec![1] },
        ServerFrame::Entered { request: 1, room: other, created: true, ttl: 0, members: vec![] },
    ] {
        receive(&mut client, &frame, NOW);
        assert_eq!(outputs(&mut client), [], "{frame:?}");
    }
    client.send(PEER, vec![1], 1000, NOW).unwrap();
    assert_eq!(written(&mut client).len(), 1);
}
