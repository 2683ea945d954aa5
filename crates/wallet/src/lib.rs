//! The wallet without a face: commands in, views out.
//!
//! One [`Device`] holds an identity and any number of wallets. A shell feeds it commands, what relays deliver, and the
//! time; it answers with [`Effect`]s to carry out in order: make records durable, enter rooms, send frames, show views.
//! Its state is the fold of its records ([`Device::replay`]). Every co-signer decodes a request itself, from the bytes
//! that will be signed; what does not decode is refused by the device, not shown to a person.
//!
//! User interfaces see this crate only; it calls protocols and chains, and knows no socket, file or clock.

mod accounts;
mod command;
mod device;

mod error;
mod lobbies;
mod making;
mod records;
mod requests;
mod reserve;
mod rooms;
mod tasks;
mod view;
mod wallet;

pub use accounts::{Account, addresses_on, verify_signed};
pub use command::{Command, Content, Request};
pub use device::{Device, Effect, RoomEvent};
pub use error::CommandError;
pub use quorate_chains as chains;
pub use quorate_primitives::{KeyPurpose, Millis, Secret, Threshold, Timestamp};
pub use quorate_transport::{Invite, MemberKey, RelayKey, RelayUrl, RoomId, RoomToken};
pub use records::{ReplayError, new_device};
pub use rooms::Room;
pub use view::{Address, InviteView, MemberView, RequestView, SignedView, View, WalletView};
