//! The network shell of a device: a room at a relay, over WebSocket.
//!
//! All decisions are in [`quorate_transport::client`]; this crate owns the socket, the clock and the task. What it
//! carries is sealed already: TLS only hides from others which relay and how much.

mod dial;
mod relay;
mod tls;

pub use dial::RelayOptions;
pub use quorate_transport::client::{
    DeliveryId, Disconnection, Event as NetEvent, OutboxFull, OutboxLimits, SendId,
};
pub use quorate_transport::signaling::{ClosedReason, RefusalCode};
pub use relay::{RelayClient, RelayEvents, RoomOptions};
pub use tls::NetError;
