//! Which relays a client talks to.

use std::path::PathBuf;

use quorate_net::{Disconnection, NetError, NetEvent, RelayClient, RelayOptions};
use quorate_signal::{Config, Running, start};
use quorate_transport::{RefusalCode, RelayOrigin};

use crate::support::{Device, key, options, room};

/// A relay with a certificate of its own for one name.
struct Tls {
    folder: PathBuf,
    relay: Running,
}

impl Tls {
    async fn start(test: &str, name: &str) -> Self {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("net-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let config = Config { tls_cert: Some(cert), tls_key: Some(key), ..Config::loopback() };
        Self { folder, relay: start(&config).await.unwrap() }
    }

    fn options(&self) -> RelayOptions {
        let mut options = options(&format!("wss://localhost:{}", self.relay.address().port()));
        options.authorities = Some(self.folder.join("cert.pem"));
        options
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn reason(options: &RelayOptions) -> Disconnection {
    match Device::start(options, 1).next().await {
        NetEvent::Disconnected { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wss_works_with_an_authority_that_the_user_names() {
    let tls = Tls::start("good", "localhost").await;
    let mut device = Device::start(&tls.options(), 1);
    assert_eq!(device.next().await, NetEvent::Connected { restarted: false });
}

#[tokio::test]
async fn a4_unknown_authorities_and_other_names_are_refused() {
    let tls = Tls::start("unknown", "localhost").await;
    let stranger = RelayOptions { authorities: None, ..tls.options() };
    assert_eq!(reason(&stranger).await, Disconnection::Tls);
    let other = Tls::start("name", "relay.example.org").await;
    assert_eq!(reason(&other.options()).await, Disconnection::Tls);
    let plain = options(&format!("ws://localhost:{}", tls.relay.address().port()));
    assert!(matches!(reason(&plain).await, Disconnection::Protocol | Disconnection::Closed));
}

#[test]
fn plain_connections_leave_the_machine_only_when_told() {
    let options = options("ws://relay.example.org");
    let error = RelayClient::start(&options, key(1), room()).err().unwrap();
    assert!(matches!(&error, NetError::Plaintext { host } if host == "relay.example.org"));
    assert!(error.hint().contains("wss://"));
}

#[test]
fn unusable_authorities_are_named() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let empty = folder.join(format!("empty-{}.pem", std::process::id()));
    std::fs::write(&empty, "").unwrap();
    for path in [folder.join("missing.pem"), empty.clone()] {
        let mut options = options("wss://relay.example.org");
        options.authorities = Some(path.clone());
        let error = RelayClient::start(&options, key(1), room()).err().unwrap();
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    std::fs::remove_file(empty).unwrap();
}

/// The answer to a challenge names the relay that was dialled; one that calls itself otherwise refuses it.
#[tokio::test]
async fn a7_a_relay_reached_under_a_foreign_name_refuses() {
    let names = vec![RelayOrigin::parse("relay.example.org", 443).unwrap()];
    let relay = start(&Config { names, ..Config::loopback() }).await.unwrap();
    let mut device = Device::start(&options(&relay.url()), 1);
    assert_eq!(device.next().await, NetEvent::Refused { id: None, code: RefusalCode::BadAnswer });
    assert_eq!(device.events.next().await, None, "it does not try again");
}
