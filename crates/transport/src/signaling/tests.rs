use proptest::prelude::*;

use super::*;
use crate::relay_key::RelayKey;
use crate::url::RelayUrl;

fn key(number: u8) -> RelayKey {
    RelayKey::from_seed(&Secret::new([number; 32]))
}

fn origin(url: &str) -> RelayOrigin {
    url.parse::<RelayUrl>().unwrap().origin()
}

/// One frame of every kind with its bytes: the format is fixed.
fn client_frames() -> Vec<(ClientFrame, String)> {
    let (ones, twos) = ("01".repeat(32), "02".repeat(32));
    vec![
        (
            ClientFrame::Authenticate { key: MemberKey([1; 32]), answer: Signature([2; 64]) },
            format!("0100{ones}{}", "02".repeat(64)),
        ),
        (
            ClientFrame::Enter {
                request: 7,
                token: RoomToken([1; 32]),
                capacity: 3,
                ttl: 1000,
                resume: None,
            },
            format!("01010700000000000000{ones}03e80300000000000000"),
        ),
        (
            ClientFrame::Enter {
                request: 7,
                token: RoomToken([1; 32]),
                capacity: 3,
                ttl: 1000,
                resume: Some(Resume { boot: BootId([2; 16]), cursor: Cursor(5) }),
            },
            format!("01010700000000000000{ones}03e80300000000000001{}0500000000000000", "02".repeat(16)),
        ),
        (ClientFrame::Leave { room: RoomId([1; 32]) }, format!("0102{ones}")),
        (
            ClientFrame::Send {
                request: 7,
                room: RoomId([1; 32]),
                to: MemberKey([2; 32]),
                ttl: 1000,
                bytes: vec![9, 9],
            },
            format!("01030700000000000000{ones}{twos}e803000000000000020000000909"),
        ),
        (
            ClientFrame::Ack { room: RoomId([1; 32]), cursor: Cursor(5) },
            format!("0104{ones}0500000000000000"),
        ),
    ]
}

fn server_frames() -> Vec<(ServerFrame, String)> {
    let (ones, twos) = ("01".repeat(32), "02".repeat(32));
    let (room, key) = (RoomId([1; 32]), MemberKey([2; 32]));
    vec![
        (ServerFrame::Challenge { nonce: [1; 32] }, format!("0100{ones}")),
        (
            ServerFrame::Welcome { boot: BootId([1; 16]), idle: 2, max_ttl: 3 },
            format!("0101{}02000000000000000300000000000000", "01".repeat(16)),
        ),
        (
            ServerFrame::Entered {
                request: 7,
                room,
                created: true,
                ttl: 9,
                members: vec![Member { key, online: true }],
            },
            format!("01020700000000000000{ones}01090000000000000001000000{twos}01"),
        ),
        (ServerFrame::MemberJoined { room, key }, format!("0103{ones}{twos}")),
        (ServerFrame::MemberLeft { room, key, forgotten: true }, format!("0104{ones}{twos}01")),
        (ServerFrame::Stored { request: 7 }, "01050700000000000000".into()),
        (
            ServerFrame::Deliver { room, from: key, cursor: Cursor(5), bytes: vec![9] },
            format!("0106{ones}{twos}05000000000000000100000009"),
        ),
        (ServerFrame::RoomClosed { room, reason: ClosedReason::Replaced }, format!("0107{ones}03")),
        (
            ServerFrame::Refused {
                request: Some(7),
                code: RefusalCode::MailboxFull,
                retry: 250,
                explanation: "full".into(),
            },
            "01080107000000000000000cfa000000000000000400000066756c6c".into(),
        ),
        (ServerFrame::Draining, "0109".into()),
    ]
}

#[test]
fn frames_have_the_documented_bytes() {
    for (frame, expected) in client_frames() {
        assert_eq!(hex::encode(frame.encode()), expected, "{frame:?}");
        assert_eq!(ClientFrame::decode(&hex::decode(expected).unwrap()), Ok(frame));
    }
    for (frame, expected) in server_frames() {
        assert_eq!(hex::encode(frame.encode()), expected, "{frame:?}");
        assert_eq!(ServerFrame::decode(&hex::decode(expected).unwrap()), Ok(frame));
    }
}

#[test]
fn the_largest_frames_fit() {
    let bytes = vec![0; MAX_PAYLOAD];
    let send = ClientFrame::Send {
        request: 0,
        room: RoomId([0; 32]),
        to: MemberKey([0; 32]),
        ttl: 0,
        bytes: bytes.clone(),
    };
    assert!(send.encode().len() <= MAX_FRAME);
    assert!(ClientFrame::decode(&send.encode()).is_ok());
    let deliver =
        ServerFrame::Deliver { room: RoomId([0; 32]), from: MemberKey([0; 32]), cursor: Cursor(0), bytes };
    assert!(deliver.encode().len() <= MAX_FRAME);
    let members = vec![Member { key: MemberKey([0; 32]), online: false }; usize::from(MAX_CAPACITY)];
    let entered = ServerFrame::Entered { request: 0, room: RoomId([0; 32]), created: false, ttl: 0, members };
    assert!(entered.encode().len() <= MAX_FRAME);
}

#[test]
fn e3_truncated_extended_and_bombed_frames_are_refused() {
    for (frame, _) in client_frames() {
        let bytes = frame.encode();
        for cut in 0..bytes.len() {
            assert!(ClientFrame::decode(&bytes[..cut]).is_err());
        }
        assert!(ClientFrame::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
    for (frame, _) in server_frames() {
        let bytes = frame.encode();
        for cut in 0..bytes.len() {
            assert!(ServerFrame::decode(&bytes[..cut]).is_err());
        }
    }
    let bomb = [&[1, 3][..], &[0; 80], &[0xff; 4]].concat();
    assert_eq!(ClientFrame::decode(&bomb), Err(DecodeError::Malformed { what: "client frame" }));
    let long = vec![1; MAX_FRAME + 1];
    assert_eq!(ClientFrame::decode(&long), Err(DecodeError::TooLong { len: MAX_FRAME + 1, max: MAX_FRAME }));
}

#[test]
fn a6_an_answer_proves_its_key_only() {
    let origin = origin("ws://127.0.0.1:8080");
    let answer = key(1).answer(&[9; 32], &origin);
    assert_eq!(key(1).member().verify_answer(&[9; 32], &origin, &answer), Ok(()));
    assert!(key(2).member().verify_answer(&[9; 32], &origin, &answer).is_err());
    let small_order = MemberKey([0; 32]);
    assert!(small_order.verify_answer(&[9; 32], &origin, &Signature([0; 64])).is_err());
}

#[test]
fn a7_an_answer_fits_one_challenge_at_one_relay() {
    let here = origin("wss://relay.example.org");
    let answer = key(1).answer(&[9; 32], &here);
    let member = key(1).member();
    assert!(member.verify_answer(&[8; 32], &here, &answer).is_err());
    for other in ["wss://relay.example.com", "wss://relay.example.org:8443", "ws://relay.example.org"] {
        assert!(member.verify_answer(&[9; 32], &origin(other), &answer).is_err(), "{other}");
    }
}

#[test]
fn a10_printing_shows_no_token() {
    let token = RoomToken([0xab; 32]);
    let enter = ClientFrame::Enter { request: 0, token, capacity: 2, ttl: 0, resume: None };
    assert!(!format!("{enter:?}").to_lowercase().contains("ab, ") && !format!("{enter:?}").contains("171"));
    assert!(format!("{enter:?}").contains("<redacted>"));
}

proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        tag in 0_u8..12,
        body in proptest::collection::vec(any::<u8>(), 0..180),
    ) {
        let bytes = [&[1, tag][..], &body].concat();
        if let Ok(frame) = ClientFrame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), &bytes[..]);
        }
        if let Ok(frame) = ServerFrame::decode(&bytes) {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }
}
