//! The HTTP interface, byte by byte: no client library smooths anything over.

use std::net::SocketAddr;

use quorate_signal::Running;
use quorate_transport::RoomToken;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, member, relay, relay_with, room};

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }

    /// Checks that it is a problem of this status and returns its detail.
    #[track_caller]
    fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has seen enough may answer and close before everything is written.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

pub async fn call(relay: &Running, method: &str, path: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    raw(relay.address(), request.as_bytes()).await
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let relay = relay().await;
    let _client = Client::enter(&relay, 1).await;
    let health = call(&relay, "GET", "/api/v1/health", "").await;
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    assert_eq!(call(&relay, "GET", "/healthz", "").await.body, "ok\n");
    assert_eq!(call(&relay, "GET", "/readyz", "").await.body, "ready\n");
    let metrics = call(&relay, "GET", "/metrics", "").await;
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"));
    assert!(metrics.body.contains("\nquorate_signal_rooms 1\n"), "{}", metrics.body);
}

#[tokio::test]
async fn a_session_is_made_shown_joined_and_deleted_by_its_token() {
    let relay = relay().await;
    let made = call(&relay, "POST", "/api/v1/sessions", r#"{"capacity":1,"ttl_seconds":60}"#).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 64);
    assert_eq!(made["expires_at"].as_u64().unwrap() - made["created_at"].as_u64().unwrap(), 60);

    let path = format!("/api/v1/sessions/{token}");
    let shown = call(&relay, "GET", &path, "").await.json();
    assert_eq!((&shown["capacity"], &shown["members"]), (&json!(1), &json!(0)));
    assert_eq!(shown.get("token"), None);
    assert_eq!(call(&relay, "POST", &format!("{path}/join"), "").await.status, 200);

    let mut bytes = [0; 32];
    hex::decode_to_slice(&token, &mut bytes).unwrap();
    let mut client = Client::connect(&relay, 1).await;
    let enter = quorate_transport::ClientFrame::Enter {
        request: 1,
        token: RoomToken(bytes),
        capacity: 1,
        ttl: 1000,
        resume: None,
    };
    client.say(&enter).await;
    client.hear().await;
    let full = call(&relay, "POST", &format!("{path}/join"), "").await;
    full.problem(409);
    let shown = call(&relay, "GET", &path, "").await;
    assert_eq!(shown.json()["online"], 1);
    assert!(!shown.body.contains(&hex::encode(member(1).0)), "no keys");

    assert_eq!(call(&relay, "DELETE", &path, "").await.status, 204);
    call(&relay, "GET", &path, "").await.problem(404);
    call(&relay, "DELETE", &path, "").await.problem(404);
}

#[tokio::test]
async fn sessions_are_never_listed_nor_found_by_the_relays_own_names() {
    let relay = relay().await;
    let _client = Client::enter(&relay, 1).await;
    call(&relay, "GET", "/api/v1/sessions", "").await.problem(405);
    call(&relay, "GET", "/api/v1/sessions/", "").await.problem(404);
    let by_room_id = format!("/api/v1/sessions/{}", hex::encode(room().0));
    call(&relay, "GET", &by_room_id, "").await.problem(404);
    for token in ["x", "..", "%00", &"0".repeat(63), &"0".repeat(65), &"A".repeat(64), &"g".repeat(64)] {
        call(&relay, "GET", &format!("/api/v1/sessions/{token}"), "").await.problem(404);
    }
}

#[tokio::test]
async fn bad_requests_are_problems_that_repeat_nothing() {
    let relay = relay().await;
    for (body, status) in [
        ("", 400),
        ("sentinel", 400),
        (r#"{"capacity":2"#, 400),
        ("{}", 422),
        (r#"{"capacity":0}"#, 422),
        (r#"{"capacity":65}"#, 422),
        (r#"{"capacity":-1}"#, 422),
        (r#"{"capacity":2.0}"#, 422),
        (r#"{"capacity":"sentinel"}"#, 422),
        (r#"{"capacity":2,"sentinel":1}"#, 422),
        (r#"{"capacity":2,"capacity":3}"#, 422),
        (r#"[2]"#, 422),
    ] {
        let answer = call(&relay, "POST", "/api/v1/sessions", body).await;
        answer.problem(status);
        assert!(!answer.body.contains("sentinel"), "{}", answer.body);
    }
    let no_type =
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    raw(relay.address(), no_type).await.problem(415);
    call(&relay, "PATCH", "/api/v1/sessions/x", "").await.problem(405);
    call(&relay, "GET", "/nothing", "").await.problem(404);
    call(&relay, "GET", "/ws", "").await.problem(426);
}

#[tokio::test]
async fn e3_json_bombs_are_refused() {
    let relay = relay().await;
    let depth = "[".repeat(100_000);
    let nested = format!(r#"{{"capacity":{depth}"#);
    let number = format!(r#"{{"capacity":{}}}"#, "9".repeat(200_000));
    let exponent = r#"{"capacity":1e999999999}"#.to_owned();
    let wide = format!("{{{}}}", (0..10_000).map(|n| format!(r#""{n}":1"#)).collect::<Vec<_>>().join(","));
    let escapes = format!(r#"{{"{}":1}}"#, "\\u0000".repeat(40_000));
    for body in [depth, nested, number, exponent, wide, escapes] {
        let answer = call(&relay, "POST", "/api/v1/sessions", &body).await;
        assert!(matches!(answer.status, 400 | 422), "{} for {} bytes", answer.status, body.len());
    }
    let huge = format!(r#"{{"capacity":2,{}}}"#, " ".repeat(256 * 1024));
    call(&relay, "POST", "/api/v1/sessions", &huge).await.problem(413);
    let chunked = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{";
    let answer = raw(relay.address(), chunked).await;
    assert!(matches!(answer.status, 0 | 400 | 413), "{}", answer.status);
    assert_eq!(call(&relay, "GET", "/healthz", "").await.status, 200);
}

#[tokio::test]
async fn e1_heads_without_end_are_refused() {
    let relay = relay().await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(10_000));
    for request in [long, many] {
        let answer = raw(relay.address(), request.as_bytes()).await;
        assert!(matches!(answer.status, 0 | 400 | 414 | 431), "{}", answer.status);
    }
}

#[tokio::test]
async fn e4_calls_above_the_rate_wait() {
    let relay = relay_with(|config| config.frames_per_second = 4000).await;
    let mut refused = None;
    for _ in 0..300 {
        let answer = call(&relay, "GET", "/api/v1/sessions/x", "").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("300 calls at once were let through");
    refused.problem(429);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
}
