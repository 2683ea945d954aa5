//! How devices recognise each other and talk through a relay that neither trusts.
//!
//! Identity keys, the pairwise encrypted channel, padding to size classes, chunking to relay frames, the frames
//! that clients and the relay exchange, and the invite that brings a new device into a room. Byte layouts are in
//! `docs/formats/signaling.md` and `docs/formats/invite.md`.
//!
//! The crate is pure: sockets and clocks are in `quorate-net` and `quorate-signal`. It trusts nothing it decodes;
//! it never decides who belongs to a group, that is the roster of `quorate-session`.

pub mod channel;
pub mod chunk;
pub mod client;
mod hex;
pub mod identity;
pub mod invite;
mod kdf;
pub mod padding;
pub mod relay_key;
pub mod signaling;
pub mod url;

pub use channel::{ChannelError, PairKey, SharedKey};
pub use identity::{DeviceIdentity, Fingerprint, IdentityError, IdentityKey, Signature};
pub use invite::{Invite, InviteError};
pub use relay_key::{MemberKey, RelayKey};
pub use signaling::{ClientFrame, RefusalCode, RoomId, RoomToken, ServerFrame};
pub use url::{RelayOrigin, RelayUrl, UrlError};
