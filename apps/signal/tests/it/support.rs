//! A client that says exactly what a test wants said.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use quorate_primitives::Secret;
use quorate_signal::{Config, Running, start};
use quorate_transport::signaling::{Cursor, RoomId, RoomToken};
use quorate_transport::{ClientFrame, MemberKey, RefusalCode, RelayKey, RelayUrl, ServerFrame};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::CloseFrame};
use tokio_tungstenite::{WebSocketStream, client_async};

pub const TOKEN: RoomToken = RoomToken([5; 32]);

/// Long enough for any step on a busy machine; no test waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    url: RelayUrl,
}

pub fn key(number: u8) -> RelayKey {
    RelayKey::from_seed(&Secret::new([number; 32]))
}

pub fn member(number: u8) -> MemberKey {
    key(number).member()
}

pub fn room() -> RoomId {
    TOKEN.room()
}

pub async fn relay() -> Running {
    start(&Config::loopback()).await.unwrap()
}

pub async fn relay_with(change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config::loopback();
    change(&mut config);
    start(&config).await.unwrap()
}

impl Client {
    /// Opens a WebSocket and does nothing more.
    pub async fn dial(relay: &Running) -> Result<Self, Error> {
        Self::over(relay, TcpStream::connect(relay.address()).await?).await
    }

    /// Opens a WebSocket over a connection that the test has prepared.
    pub async fn over(relay: &Running, stream: TcpStream) -> Result<Self, Error> {
        let url: RelayUrl = relay.url().parse().unwrap();
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("{url}/ws"), stream).await?;
        Ok(Self { socket, url })
    }

    /// Opens a WebSocket and answers the challenge.
    pub async fn connect(relay: &Running, number: u8) -> Self {
        let mut client = Self::dial(relay).await.unwrap();
        client.authenticate(number).await;
        client
    }

    pub async fn authenticate(&mut self, number: u8) {
        let nonce = self.challenge().await;
        let answer = key(number).answer(&nonce, &self.url.origin());
        self.say(&ClientFrame::Authenticate { key: member(number), answer }).await;
        assert!(matches!(self.hear().await, ServerFrame::Welcome { .. }));
    }

    /// Connects and enters the room.
    pub async fn enter(relay: &Running, number: u8) -> Self {
        let mut client = Self::connect(relay, number).await;
        client.say(&enter(3)).await;
        assert!(matches!(client.hear().await, ServerFrame::Entered { .. }));
        client
    }

    pub async fn challenge(&mut self) -> [u8; 32] {
        let ServerFrame::Challenge { nonce } = self.hear().await else { panic!("no challenge") };
        nonce
    }

    pub async fn say(&mut self, frame: &ClientFrame) {
        self.say_bytes(frame.encode()).await;
    }

    pub async fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    pub async fn hear(&mut self) -> ServerFrame {
        let bytes = self.hear_bytes().await;
        ServerFrame::decode(&bytes).unwrap()
    }

    pub async fn hear_bytes(&mut self) -> Vec<u8> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the relay is silent") {
                Some(Ok(Message::Binary(bytes))) => return bytes.to_vec(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns the next frame that is a refusal.
    pub async fn refusal(&mut self) -> RefusalCode {
        loop {
            if let ServerFrame::Refused { code, .. } = self.hear().await {
                return code;
            }
        }
    }

    /// Reads until the connection is closed and returns the code, if one was given.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the relay does not close") {
                Some(Ok(Message::Close(frame))) => {
                    return frame.map(|CloseFrame { code, .. }| u16::from(code));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Returns the next delivery.
    pub async fn delivery(&mut self) -> (MemberKey, Cursor, Vec<u8>) {
        loop {
            if let ServerFrame::Deliver { from, cursor, bytes, .. } = self.hear().await {
                return (from, cursor, bytes);
            }
        }
    }

    pub async fn send(&mut self, to: u8, bytes: &[u8]) {
        let (room, to, bytes) = (room(), member(to), bytes.to_vec());
        self.say(&ClientFrame::Send { request: 7, room, to, ttl: 60_000, bytes }).await;
    }

    /// Sends and waits until it is stored.
    pub async fn send_stored(&mut self, to: u8, bytes: &[u8]) {
        self.send(to, bytes).await;
        while !matches!(self.hear().await, ServerFrame::Stored { request: 7 }) {}
    }
}

pub fn enter(capacity: u8) -> ClientFrame {
    ClientFrame::Enter { request: 1, token: TOKEN, capacity, ttl: 60_000, resume: None }
}
