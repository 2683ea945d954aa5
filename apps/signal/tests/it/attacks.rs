//! Clients that do not keep to the rules.

use std::time::Duration;

use futures_util::StreamExt;
use quorate_signal::{Config, Running};
use quorate_transport::signaling::{MAX_FRAME, MAX_PAYLOAD, RoomToken};
use quorate_transport::{ClientFrame, RefusalCode, RelayOrigin, ServerFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Client, PATIENCE, enter, key, member, relay, relay_with, room};

fn origin(relay: &Running) -> RelayOrigin {
    RelayOrigin::parse(&relay.address().to_string(), 443).unwrap()
}

#[tokio::test]
async fn a6_registering_another_devices_key_needs_its_secret() {
    let relay = relay().await;
    let mut owner = Client::enter(&relay, 1).await;
    let mut thief = Client::dial(&relay).await.unwrap();
    let nonce = thief.challenge().await;
    let answer = key(2).answer(&nonce, &origin(&relay));
    thief.say(&ClientFrame::Authenticate { key: member(1), answer }).await;
    assert_eq!(thief.refusal().await, RefusalCode::BadAnswer);
    assert_eq!(thief.closed().await, Some(1008));

    let mut other = Client::enter(&relay, 2).await;
    other.send(1, b"still yours").await;
    assert_eq!(owner.delivery().await.2, b"still yours");
}

#[tokio::test]
async fn a7_a_recorded_answer_opens_nothing() {
    let relay = relay().await;
    let mut victim = Client::dial(&relay).await.unwrap();
    let nonce = victim.challenge().await;
    let answer = key(1).answer(&nonce, &origin(&relay));
    let recorded = ClientFrame::Authenticate { key: member(1), answer }.encode();
    victim.say_bytes(recorded.clone()).await;
    assert!(matches!(victim.hear().await, ServerFrame::Welcome { .. }));

    let mut replayer = Client::dial(&relay).await.unwrap();
    assert_ne!(replayer.challenge().await, nonce);
    replayer.say_bytes(recorded.clone()).await;
    assert_eq!(replayer.refusal().await, RefusalCode::BadAnswer);
    assert_eq!(replayer.closed().await, Some(1008));

    victim.say_bytes(recorded).await;
    assert_eq!(victim.refusal().await, RefusalCode::AlreadyAuthenticated, "nor twice on its own connection");
}

/// A relay in the middle passes on the challenge of the true one; the victim's answer names the relay it dialled.
#[tokio::test]
async fn a7_an_answer_made_for_another_relay_is_refused() {
    let relay = relay().await;
    let mut middle = Client::dial(&relay).await.unwrap();
    let nonce = middle.challenge().await;
    for name in ["evil.example.org", "127.0.0.1:1"] {
        let elsewhere = RelayOrigin::parse(name, 443).unwrap();
        let answer = key(1).answer(&nonce, &elsewhere);
        let mut middle = Client::dial(&relay).await.unwrap();
        middle.challenge().await;
        middle.say(&ClientFrame::Authenticate { key: member(1), answer }).await;
        assert_eq!(middle.refusal().await, RefusalCode::BadAnswer);
    }
    let elsewhere = RelayOrigin::parse("evil.example.org", 443).unwrap();
    let answer = key(1).answer(&nonce, &elsewhere);
    middle.say(&ClientFrame::Authenticate { key: member(1), answer }).await;
    assert_eq!(middle.refusal().await, RefusalCode::BadAnswer);
}

#[tokio::test]
async fn a8_another_protocol_version_is_refused() {
    let relay = relay().await;
    let mut client = Client::dial(&relay).await.unwrap();
    client.challenge().await;
    client.say_bytes(vec![2; 100]).await;
    assert_eq!(client.refusal().await, RefusalCode::UnknownVersion);
    assert_eq!(client.closed().await, Some(1002));
}

/// Upgrades by hand and returns the raw connection, behind the challenge.
async fn raw_websocket(relay: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        relay.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let mut challenge = [0; 2 + 34];
    timeout(PATIENCE, stream.read_exact(&mut challenge)).await.unwrap().unwrap();
    assert_eq!(challenge[..4], [0x82, 34, 1, 0]);
    stream
}

/// Reads the code of the closing frame, if the relay sends one before it ends the connection.
async fn raw_close_code(stream: &mut TcpStream) -> Option<u16> {
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the relay keeps the connection");
    (rest.len() >= 4 && rest[0] == 0x88).then(|| u16::from_be_bytes([rest[2], rest[3]]))
}

fn header(opcode: u8, len: u64) -> Vec<u8> {
    let mut frame = vec![opcode];
    match len {
        0..126 => frame.push(0x80 | u8::try_from(len).unwrap()),
        126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend(len.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame
}

#[tokio::test]
async fn e2_lengths_above_the_limit_are_refused_before_their_bytes_come() {
    let relay = relay().await;
    let limit = MAX_FRAME as u64;
    for len in [limit + 1, 1 << 20, 1 << 32, i64::MAX as u64, 1 << 63, u64::MAX] {
        let mut stream = raw_websocket(&relay).await;
        stream.write_all(&header(0x82, len)).await.unwrap();
        let code = raw_close_code(&mut stream).await;
        assert!(matches!(code, Some(1009 | 1002)), "{len:#x}: {code:?}");
    }
}

#[tokio::test]
async fn e2_fragments_add_up_to_the_same_limit() {
    let relay = relay().await;
    let mut stream = raw_websocket(&relay).await;
    let part = vec![0; 1000];
    let mut opcode = 0x02;
    // The relay may close before the last fragment is written.
    for _ in 0..=MAX_FRAME / part.len() {
        if stream.write_all(&[header(opcode, 1000), part.clone()].concat()).await.is_err() {
            break;
        }
        opcode = 0x00;
    }
    assert_eq!(raw_close_code(&mut stream).await, Some(1009));
}

#[tokio::test]
async fn e2_frames_that_break_the_websocket_protocol_end_the_connection() {
    let relay = relay().await;
    let unmasked = vec![0x82, 1, 7];
    let reserved_bits = [header(0xf2, 1), vec![7]].concat();
    let reserved_opcode = [header(0x83, 1), vec![7]].concat();
    let long_ping = header(0x89, 126);
    let fragmented_ping = [header(0x09, 1), vec![7]].concat();
    let stray_continuation = [header(0x80, 1), vec![7]].concat();
    for bytes in [unmasked, reserved_bits, reserved_opcode, long_ping, fragmented_ping, stray_continuation] {
        let mut stream = raw_websocket(&relay).await;
        stream.write_all(&bytes).await.unwrap();
        let code = raw_close_code(&mut stream).await;
        assert!(matches!(code, Some(1002) | None), "{bytes:02x?}: {code:?}");
    }
}

#[tokio::test]
async fn text_messages_are_no_frames() {
    let relay = relay().await;
    let mut client = Client::dial(&relay).await.unwrap();
    client.challenge().await;
    futures_util::SinkExt::send(&mut client.socket, Message::text("{}")).await.unwrap();
    assert_eq!(client.closed().await, Some(1002));
}

#[tokio::test]
async fn e3_frames_with_impossible_lengths_inside_are_refused() {
    let relay = relay().await;
    let mut client = Client::connect(&relay, 1).await;
    client.say_bytes([&[1, 3][..], &[0; 80], &[0xff; 4]].concat()).await;
    assert_eq!(client.refusal().await, RefusalCode::Malformed);
    assert_eq!(client.closed().await, Some(1002));
}

/// A connection that takes next to nothing off the wire before it is read from.
async fn slow_client(relay: &Running, number: u8) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(relay.address()).await.unwrap();
    let mut client = Client::over(relay, stream).await.unwrap();
    client.authenticate(number).await;
    client.say(&enter(3)).await;
    assert!(matches!(client.hear().await, ServerFrame::Entered { .. }));
    client
}

#[tokio::test]
async fn e5_a_slow_consumer_is_cut_off_and_loses_nothing() {
    let relay = relay_with(|config| config.times.write = Duration::from_millis(300)).await;
    let mut slow = slow_client(&relay, 2).await;
    let mut sender = Client::enter(&relay, 1).await;
    let mut stored = 0;
    // It fills its mailbox at most: the relay keeps no more than that, whatever the sender does.
    let refused = loop {
        sender.send(2, &[stored; MAX_PAYLOAD]).await;
        match sender.hear().await {
            ServerFrame::Stored { .. } => stored += 1,
            ServerFrame::Refused { code, .. } => break code,
            _ => {}
        }
    };
    assert_eq!((refused, stored), (RefusalCode::MailboxFull, 63));
    loop {
        if let ServerFrame::MemberLeft { key, forgotten: false, .. } = sender.hear().await {
            assert_eq!(key, member(2));
            break;
        }
    }
    // What was in the socket's buffers still arrives, then the end.
    while let Ok(Some(Ok(_))) = timeout(PATIENCE, slow.socket.next()).await {}

    let mut back = Client::connect(&relay, 2).await;
    back.say(&enter(3)).await;
    for number in 0..stored {
        assert_eq!(back.delivery().await.2, [number; MAX_PAYLOAD]);
    }
}

#[tokio::test]
async fn e4_frames_above_the_rate_are_refused_and_named() {
    let relay = relay_with(|config| config.frames_per_second = 5).await;
    let mut client = Client::enter(&relay, 1).await;
    for _ in 0..30 {
        client.send(1, b"x").await;
    }
    let retry = loop {
        if let ServerFrame::Refused { code: RefusalCode::RateLimited, retry, request: Some(7), .. } =
            client.hear().await
        {
            break retry;
        }
    };
    assert!((1..=200).contains(&retry), "{retry}");
}

#[tokio::test]
async fn e4_connections_above_the_quota_are_told_so() {
    let relay = relay_with(|config| config.max_connections_per_ip = 2).await;
    let _one = Client::connect(&relay, 1).await;
    let _two = Client::connect(&relay, 2).await;
    let Err(Error::Http(response)) = Client::dial(&relay).await else {
        panic!("a third connection was taken")
    };
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn e4_rooms_above_the_quota_are_refused() {
    let relay = relay_with(|config| config.max_rooms_per_ip = 1).await;
    let mut client = Client::enter(&relay, 1).await;
    let token = RoomToken([9; 32]);
    client.say(&ClientFrame::Enter { request: 2, token, capacity: 2, ttl: 1000, resume: None }).await;
    assert_eq!(client.refusal().await, RefusalCode::QuotaExceeded);
}

#[tokio::test]
async fn e4_who_knows_a_room_but_not_its_token_gets_nothing() {
    let relay = relay().await;
    let mut one = Client::enter(&relay, 1).await;
    let mut stranger = Client::connect(&relay, 9).await;
    let (to, bytes) = (member(1), b"let me in".to_vec());
    stranger.say(&ClientFrame::Send { request: 7, room: room(), to, ttl: 1000, bytes }).await;
    assert_eq!(stranger.refusal().await, RefusalCode::NotAMember);
    one.send(1, b"to myself").await;
    assert_eq!(one.delivery().await.2, b"to myself");
}

/// Half-open in every way: no byte, half a head, an upgrade without an answer.
#[tokio::test]
async fn e1_connections_that_never_get_ready_are_closed() {
    let short = |config: &mut Config| config.times.handshake = Duration::from_millis(200);
    let relay = relay_with(short).await;
    let mut silent = TcpStream::connect(relay.address()).await.unwrap();
    let mut half = TcpStream::connect(relay.address()).await.unwrap();
    half.write_all(b"GET /ws HTTP/1.1\r\nHost:").await.unwrap();
    let mut body = TcpStream::connect(relay.address()).await.unwrap();
    let head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    body.write_all(head).await.unwrap();
    let mut unanswered = Client::dial(&relay).await.unwrap();
    for stream in [&mut silent, &mut half, &mut body] {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("kept open");
    }
    assert_eq!(unanswered.refusal().await, RefusalCode::NotAuthenticated);
    assert_eq!(unanswered.closed().await, Some(1008));
}

#[tokio::test]
async fn silent_clients_are_given_up_and_answering_ones_are_not() {
    let relay = relay_with(|config| {
        config.times.ping = Duration::from_millis(50);
        config.times.idle = Duration::from_millis(400);
    })
    .await;
    let mut mute = Client::connect(&relay, 2).await.socket.into_inner();
    let mut alive = Client::connect(&relay, 1).await;
    let answering = async { while let Some(Ok(_)) = alive.socket.next().await {} };
    let given_up = async {
        let mut rest = Vec::new();
        let _ = mute.read_to_end(&mut rest).await;
    };
    tokio::select! {
        () = answering => panic!("a client that answers pings was given up"),
        outcome = timeout(PATIENCE, given_up) => outcome.expect("a silent client was kept"),
    }
}
