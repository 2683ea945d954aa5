//! Devices that tests hold in their hands.

use std::time::Duration;

use quorate_net::{NetEvent, OutboxLimits, RelayClient, RelayEvents, RelayOptions, RoomOptions};
use quorate_primitives::{Millis, Secret};
use quorate_signal::{Config, Running, start};
use quorate_transport::{MemberKey, RelayKey, RelayUrl, RoomToken};
use tokio::time::timeout;

pub const TTL: Millis = 600_000;

/// Long enough for any step on a busy machine; no test waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Device {
    pub client: RelayClient,
    pub events: RelayEvents,
}

pub fn key(number: u8) -> RelayKey {
    RelayKey::from_seed(&Secret::new([number; 32]))
}

pub fn member(number: u8) -> MemberKey {
    key(number).member()
}

pub fn room() -> RoomOptions {
    RoomOptions { token: RoomToken([5; 32]), capacity: 3, ttl: TTL, limits: OutboxLimits::default() }
}

pub async fn relay() -> Running {
    start(&Config::loopback()).await.unwrap()
}

pub fn options(url: &str) -> RelayOptions {
    RelayOptions::new(url.parse::<RelayUrl>().unwrap())
}

impl Device {
    pub fn start(options: &RelayOptions, number: u8) -> Self {
        let (client, events) = RelayClient::start(options, key(number), room()).unwrap();
        Self { client, events }
    }

    /// Starts a device and waits until it is in the room.
    pub async fn enter(url: &str, number: u8) -> Self {
        let mut device = Self::start(&options(url), number);
        device.wait_for(|event| matches!(event, NetEvent::Entered { .. })).await;
        device
    }

    pub async fn next(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.next())
            .await
            .expect("nothing happens")
            .expect("the membership has ended")
    }

    pub async fn wait_for(&mut self, wanted: impl Fn(&NetEvent) -> bool) -> NetEvent {
        loop {
            let event = self.next().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits for a frame, acknowledges it, and returns it.
    pub async fn frame(&mut self) -> (MemberKey, Vec<u8>) {
        loop {
            if let NetEvent::Frame { from, bytes, delivery, .. } = self.next().await {
                self.client.ack(delivery);
                return (from, bytes);
            }
        }
    }

    pub fn send(&self, to: u8, bytes: &[u8]) {
        self.client.send(member(to), bytes.to_vec(), TTL).unwrap();
    }
}
