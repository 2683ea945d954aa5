//! `quorate-signal`: where devices find each other, and a blind relay between them.
//!
//! [`relay`] holds all decisions and is pure; around it are the WebSocket loop, the HTTP routes, TLS and the
//! command line. The relay sees ciphertext, sizes and times; it is trusted with nothing but delivery. It depends
//! on the transport crate alone, so no code that touches a share is linked into it.

mod api;
mod config;
mod hub;
mod metrics;
pub mod relay;
mod run;
mod server;
mod socket;
mod tls;

pub use config::{Config, Times};
pub use run::{RunError, init_logging, log_filter, run};
pub use server::{Running, StartError, start};
pub use tls::TlsError;
