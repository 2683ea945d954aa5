use super::*;

fn room_of_two(harness: &mut Harness) -> (ConnectionId, ConnectionId) {
    let (one, two) = (harness.client(1), harness.client(2));
    harness.enter(one);
    harness.enter(two);
    harness.take(one);
    (one, two)
}

#[test]
fn what_is_sent_is_stored_then_delivered_with_its_sender() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.send(one, 2, vec![1, 2, 3]);
    assert_eq!(harness.take(one), [ServerFrame::Stored { request: 2 }]);
    let delivered = deliveries(&harness.take(two));
    assert_eq!((delivered[0].0, &delivered[0].2[..]), (member(1), &[1, 2, 3][..]));
}

#[test]
fn mail_waits_for_who_is_away_and_until_it_is_acknowledged() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.disconnect(two);
    for byte in 1..=3 {
        harness.send(one, 2, vec![byte]);
    }
    let two = harness.client(2);
    let got = deliveries(&harness.enter(two));
    assert_eq!(got.iter().map(|(_, _, bytes)| bytes[0]).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(got.is_sorted_by_key(|(_, cursor, _)| *cursor));
    harness.say(two, ClientFrame::Ack { room: TOKEN.room(), cursor: got[1].1 });

    harness.disconnect(two);
    let two = harness.client(2);
    assert_eq!(payloads(&harness.enter(two)), [[3]]);
    harness.disconnect(two);
    let two = harness.client(2);
    let resume = Some(Resume { boot: harness.relay.boot(), cursor: got[2].1 });
    assert_eq!(payloads(&harness.enter_as(two, 3, resume)), Vec::<Vec<u8>>::new());
    assert_eq!(harness.relay.stats().stored_bytes, 0);
}

#[test]
fn a11_a_cursor_of_another_run_or_another_room_acknowledges_nothing() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.disconnect(two);
    harness.send(one, 2, vec![1]);
    let foreign = Some(Resume { boot: BootId([8; 16]), cursor: Cursor(u64::MAX) });
    let two = harness.client(2);
    assert_eq!(payloads(&harness.enter_as(two, 3, foreign)), [[1]]);

    let old = deliveries(&harness.enter_as(two, 3, None))[0].1;
    harness.wait(TTL);
    harness.take(two);
    harness.enter(one);
    harness.enter(two);
    harness.send(one, 2, vec![2]);
    let new = deliveries(&harness.take(two))[0].1;
    assert!(new > old, "a room made again repeats no cursor");
}

#[test]
fn mail_is_forgotten_at_its_deadline() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.disconnect(two);
    let room = TOKEN.room();
    for (byte, ttl) in [(1, 1000), (2, 500), (3, 2000)] {
        harness.say(one, ClientFrame::Send { request: 2, room, to: member(2), ttl, bytes: vec![byte] });
    }
    harness.wait(1000);
    assert_eq!(harness.relay.stats().expired_frames, 2);
    let two = harness.client(2);
    assert_eq!(payloads(&harness.enter(two)), [[3]]);
    harness.wait(1000);
    assert_eq!(harness.relay.stats().stored_bytes, 0);
}

#[test]
fn only_members_send_and_only_to_members() {
    let mut harness = Harness::new(Limits::default());
    let (one, _) = room_of_two(&mut harness);
    harness.send(one, 9, vec![1]);
    assert_eq!(refusals(&harness.take(one)), [RefusalCode::UnknownRecipient]);
    let stranger = harness.client(3);
    harness.send(stranger, 1, vec![1]);
    let room = TOKEN.room();
    harness.say(stranger, ClientFrame::Ack { room, cursor: Cursor(u64::MAX) });
    harness.say(stranger, ClientFrame::Leave { room });
    assert_eq!(refusals(&harness.take(stranger)), [RefusalCode::NotAMember; 3]);
    assert_eq!(harness.take(one), []);
}

#[test]
fn a_member_acknowledges_its_own_mail_only() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.disconnect(two);
    harness.send(one, 2, vec![1]);
    harness.say(one, ClientFrame::Ack { room: TOKEN.room(), cursor: Cursor(u64::MAX) });
    let two = harness.client(2);
    assert_eq!(payloads(&harness.enter(two)), [[1]]);
}

#[test]
fn leaving_forgets_the_mailbox() {
    let mut harness = Harness::new(Limits::default());
    let (one, two) = room_of_two(&mut harness);
    harness.disconnect(two);
    harness.send(one, 2, vec![1]);
    let two = harness.client(2);
    harness.enter(two);
    harness.say(two, ClientFrame::Leave { room: TOKEN.room() });
    assert_eq!(harness.relay.stats().stored_bytes, 0);
    assert_eq!(payloads(&harness.enter(two)), Vec::<Vec<u8>>::new());
}

#[test]
fn e5_who_does_not_read_gets_a_window_and_the_sender_is_told_when_the_mailbox_is_full() {
    let mut harness = Harness::new(Limits { mailbox: 1 << 20, ..Limits::default() });
    let (one, two) = room_of_two(&mut harness);
    harness.reads = false;
    let mut sent = 0;
    loop {
        harness.send(one, 2, vec![0; MAX_PAYLOAD]);
        let answer = harness.take(one);
        harness.relay.handle_written(one, usize::MAX);
        if !refusals(&answer).is_empty() {
            assert!(matches!(
                answer[..],
                [ServerFrame::Refused { code: RefusalCode::MailboxFull, retry: 250, request: Some(2), .. }]
            ));
            break;
        }
        sent += 1;
    }
    assert_eq!(sent, 15);
    let handed = harness.unwritten.remove(&two).unwrap();
    assert!(handed <= Limits::default().window, "{handed}");

    // Once it reads, everything comes, a window at a time.
    let mut got = payloads(&harness.take(two)).len();
    let mut written = handed;
    while written > 0 {
        harness.relay.handle_written(two, written);
        harness.settle();
        written = harness.unwritten.remove(&two).unwrap_or(0);
        assert!(written <= Limits::default().window);
        got += payloads(&harness.take(two)).len();
    }
    assert_eq!(got, sent);
}

#[test]
fn e5_who_asks_and_never_reads_the_answers_is_cut_off() {
    let mut harness = Harness::new(Limits { violations: u32::MAX, ..Limits::default() });
    let (one, two) = room_of_two(&mut harness);
    harness.reads = false;
    let mut rounds = 0;
    while !harness.closed.contains_key(&one) {
        harness.say(one, ClientFrame::Ack { room: RoomId([0; 32]), cursor: Cursor(0) });
        rounds += 1;
        assert!(rounds < 100_000);
    }
    assert_eq!(harness.closed[&one], CloseReason::Refused(RefusalCode::TooSlow));
    let limits = Limits::default();
    assert!(harness.unwritten[&one] <= limits.window + limits.control_slack);
    assert_eq!(harness.relay.stats().slow_consumers, 1);
    assert!(!harness.closed.contains_key(&two));
}
