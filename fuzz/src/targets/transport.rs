//! Frames to and from the relay, pieces of messages, and what people paste.

use quorate_primitives::{Threshold, Timestamp};
use quorate_transport::chunk::Chunk;
use quorate_transport::{ClientFrame, DeviceIdentity, Invite, RelayOrigin, RelayUrl, ServerFrame};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::Target;
use crate::oracle::{canonical, stable, versioned};

pub const TARGETS: &[Target] = &[
    Target::new("transport_client_frame", versioned::<ClientFrame>),
    Target::new("transport_server_frame", versioned::<ServerFrame>),
    Target::new("transport_chunk", |bytes| canonical(bytes, Chunk::decode, Chunk::encode)),
    Target::new("transport_invite", |bytes| {
        stable(bytes, Invite::parse, |invite| invite.to_text().to_string())
    })
    .with_seeds(|| vec![an_invite().to_text().as_bytes().to_vec()]),
    Target::new("transport_invite_body", versioned::<Invite>)
        .with_seeds(|| vec![quorate_primitives::encoding::to_bytes(&an_invite())]),
    Target::new("transport_relay_url", |bytes| {
        stable(bytes, str::parse::<RelayUrl>, RelayUrl::to_string);
        stable(bytes, |text| RelayOrigin::parse(text, 80), |origin| origin.as_str().to_owned());
    })
    .with_seeds(|| {
        ["wss://relay.example/path", "ws://[::1]:8080", "ws://127.0.0.1:8080/", "relay.example:443"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec()
    }),
];

fn an_invite() -> Invite {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let identity = DeviceIdentity::generate(&mut rng);
    let threshold = Threshold::new(2, 3).expect("a possible threshold");
    let relay: RelayUrl = "wss://relay.example".parse().expect("a relay");
    Invite::generate(&mut rng, relay, identity.public().fingerprint(), threshold, Timestamp(1))
}
