//! Starting, stopping, dying and coming back.

use quorate_signal::{Config, StartError, start};
use quorate_transport::ServerFrame;
use tokio_tungstenite::tungstenite::Error;

use crate::http::call;
use crate::support::{Client, enter, relay, relay_with};

#[tokio::test]
async fn two_devices_talk() {
    let relay = relay().await;
    let (mut one, mut two) = (Client::enter(&relay, 1).await, Client::enter(&relay, 2).await);
    one.send(2, b"hello").await;
    assert_eq!(two.delivery().await.2, b"hello");
    two.send(1, b"hello yourself").await;
    assert_eq!(one.delivery().await.2, b"hello yourself");
}

#[tokio::test]
async fn a_busy_port_is_named_with_the_option_that_changes_it() {
    let relay = relay().await;
    let config = Config { listen: relay.address(), ..Config::loopback() };
    let error = start(&config).await.err().unwrap();
    assert!(matches!(error, StartError::Listen { address, .. } if address == relay.address()));
    assert!(error.to_string().contains(&relay.address().to_string()) && error.hint().contains("--listen"));
}

#[tokio::test]
async fn listening_for_others_needs_a_name() {
    let config = Config { listen: "0.0.0.0:0".parse().unwrap(), ..Config::loopback() };
    let error = start(&config).await.err().unwrap();
    assert!(matches!(error, StartError::NoName { .. }) && error.hint().contains("--name"));
}

#[tokio::test]
async fn draining_tells_clients_turns_not_ready_and_ends_when_they_have_gone() {
    let relay = relay_with(|config| config.drain = 60).await;
    let (mut one, mut two) = (Client::enter(&relay, 1).await, Client::enter(&relay, 2).await);
    let address = relay.address();
    let drained = tokio::spawn(relay.drain());
    assert!(matches!(one.hear().await, ServerFrame::MemberJoined { .. }));
    assert_eq!((one.hear().await, two.hear().await), (ServerFrame::Draining, ServerFrame::Draining));

    let ready =
        crate::http::raw(address, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!((ready.status, &ready.body[..]), (503, "draining\n"));
    one.send(2, b"last words").await;
    assert_eq!(two.delivery().await.2, b"last words");
    drop((one, two));
    drained.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn draining_cuts_off_who_stays() {
    let relay = relay_with(|config| config.drain = 0).await;
    let mut client = Client::enter(&relay, 1).await;
    let drained = tokio::spawn(relay.drain());
    assert_eq!(client.closed().await, Some(1001));
    drained.await.unwrap();
}

#[tokio::test]
async fn draining_refuses_newcomers() {
    let relay = relay_with(|config| config.drain = 60).await;
    let stays = Client::connect(&relay, 1).await;
    let address = relay.address();
    let url = relay.url();
    let drained = tokio::spawn(relay.drain());
    let refused = loop {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        match tokio_tungstenite::client_async(format!("{url}/ws"), stream).await {
            Err(Error::Http(response)) => break response.status().as_u16(),
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(refused, 503);
    drop(stays);
    drained.await.unwrap();
}

#[tokio::test]
async fn a11_a_connection_that_breaks_resumes_at_its_cursor() {
    let relay = relay().await;
    let (mut one, mut two) = (Client::enter(&relay, 1).await, Client::enter(&relay, 2).await);
    for byte in 1..=3 {
        one.send_stored(2, &[byte]).await;
    }
    let first = two.delivery().await;
    two.delivery().await;
    two.say(&quorate_transport::ClientFrame::Ack { room: crate::support::room(), cursor: first.1 }).await;
    // Read on until the relay has handled the acknowledgement, then break without a goodbye.
    two.send_stored(2, b"mark").await;
    drop(two);
    let mut two = Client::connect(&relay, 2).await;
    two.say(&enter(3)).await;
    let mut again = Vec::new();
    for _ in 0..3 {
        again.push(two.delivery().await.2);
    }
    assert_eq!(again, [&[2][..], &[3], b"mark"]);
}

#[tokio::test]
async fn a11_a_killed_relay_comes_back_with_another_boot_id_on_the_same_port() {
    let relay = relay().await;
    let mut one = Client::dial(&relay).await.unwrap();
    one.challenge().await;
    let config = Config { listen: relay.address(), ..Config::loopback() };
    relay.kill().await;
    assert_eq!(one.closed().await, None, "a crash says no goodbye");

    let relay = start(&config).await.unwrap();
    let mut one = Client::connect(&relay, 1).await;
    one.say(&enter(3)).await;
    let ServerFrame::Entered { created, .. } = one.hear().await else { panic!() };
    assert!(created);
    assert_eq!(call(&relay, "GET", "/healthz", "").await.status, 200);
}
