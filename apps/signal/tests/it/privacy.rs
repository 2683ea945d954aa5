//! What the relay writes down, and what its frames show.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use quorate_primitives::Secret;
use quorate_transport::{DeviceIdentity, ServerFrame};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::http::call;
use crate::support::{Client, TOKEN, member, relay, room};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every way in which bytes could show up in text.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let hex = hex::encode(bytes);
    let decimal = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let text = String::from_utf8_lossy(bytes).into_owned();
    vec![hex.to_uppercase(), hex, decimal, text]
}

#[tokio::test]
async fn a10_the_log_at_its_loudest_shows_no_payload_token_key_or_address() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry()
        .with(quorate_signal::log_filter(Level::TRACE))
        .with(tracing_subscriber::fmt::layer().with_writer(log.clone()).with_ansi(false));
    // For the whole process: what the relays of other tests log meanwhile must be as silent.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let relay = relay().await;
    let payload = b"payload-sentinel-payload";
    let (mut one, mut two) = (Client::enter(&relay, 1).await, Client::enter(&relay, 2).await);
    one.send(2, payload).await;
    two.delivery().await;
    one.send(9, payload).await;
    one.refusal().await;
    one.say_bytes(payload.to_vec()).await;
    one.closed().await;
    let session = format!("/api/v1/sessions/{}", hex::encode(TOKEN.0));
    assert_eq!(call(&relay, "GET", &session, "").await.status, 200);
    call(&relay, "POST", "/api/v1/sessions", "payload-sentinel-payload").await;
    relay.drain().await;

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("websocket opened") && text.contains("draining"), "nothing was logged: {text}");
    let secrets =
        [&payload[..], &TOKEN.0, &room().0, &member(1).0, &member(2).0, &member(1).0[..4], &room().0[..4]];
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!text.contains(&spelling), "{spelling} is in the log:\n{text}");
        }
    }
    assert!(!text.contains("127.0.0.1"), "{text}");
}

/// Messages of very different kinds and lengths travel in a handful of lengths, and nothing of them in clear.
#[tokio::test]
async fn a10_frames_have_few_lengths_and_show_nothing() {
    let relay = relay().await;
    let (mut one, mut two) = (Client::enter(&relay, 1).await, Client::enter(&relay, 2).await);
    let [alice, bob] = [1, 2].map(|seed| DeviceIdentity::from_seed(&Secret::new([seed; 32])));
    let channel = alice.agree(&bob.public(), b"test").unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut lengths = BTreeSet::new();
    for len in (0..4000).step_by(37) {
        let message = vec![b'S'; len];
        let sealed = channel.seal_padded(&mut rng, b"", &message).unwrap();
        one.send(2, &sealed).await;
        loop {
            let bytes = two.hear_bytes().await;
            if !matches!(ServerFrame::decode(&bytes), Ok(ServerFrame::Deliver { .. })) {
                continue;
            }
            lengths.insert(bytes.len());
            assert!(!bytes.windows(8).any(|window| window == [b'S'; 8]));
            assert!(!bytes.windows(32).any(|window| window == alice.public().signing));
            break;
        }
    }
    assert_eq!(lengths.len(), 3, "{lengths:?}");
}

#[tokio::test]
async fn a10_one_device_has_unrelated_keys_in_two_rooms() {
    let device = DeviceIdentity::from_seed(&Secret::new([1; 32]));
    let other = quorate_transport::RoomToken([6; 32]);
    let (here, there) = (device.relay_key(&room()).member(), device.relay_key(&other.room()).member());
    assert_ne!(here, there);
    assert_ne!(here.0, device.public().signing);
}
