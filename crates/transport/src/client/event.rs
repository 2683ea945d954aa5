//! What a client tells its owner.

use quorate_primitives::Millis;
use thiserror::Error;

use crate::relay_key::MemberKey;
use crate::signaling::{ClosedReason, Member, RefusalCode, RoomId};

/// Names one `send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub u64);

/// Names one delivery; grows with every delivery of one client, also across a relay's restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// What a client tells its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The room is open, for the first time or again.
    Connected {
        /// The relay lost what it had stored: what peers have not confirmed must be sent again.
        restarted: bool,
    },
    /// The connection ended or was not made; the client tries again by itself.
    Disconnected {
        /// Why.
        why: Disconnection,
        /// When it tries again.
        retry_in: Millis,
    },
    /// The members of the room, after each [`Event::Connected`].
    Entered {
        /// The room.
        room: RoomId,
        /// In the order in which they first came, this client among them.
        members: Vec<Member>,
    },
    /// A member came, for the first time or back.
    MemberJoined {
        /// The member.
        key: MemberKey,
    },
    /// A member's connection ended, or it gave up its membership.
    MemberLeft {
        /// The member.
        key: MemberKey,
        /// Whether it gave up its membership.
        forgotten: bool,
    },
    /// Bytes from a member; acknowledge them when they are safe.
    Frame {
        /// The room.
        room: RoomId,
        /// The member, as the relay claims.
        from: MemberKey,
        /// What to acknowledge.
        delivery: DeliveryId,
        /// What was sent.
        bytes: Vec<u8>,
    },
    /// The relay has stored what was sent.
    Stored {
        /// Which one.
        id: SendId,
    },
    /// What was sent could not be stored in time.
    Expired {
        /// Which one.
        id: SendId,
    },
    /// The relay refuses for good: one message, or (without an id) the membership.
    Refused {
        /// Which message.
        id: Option<SendId>,
        /// Why.
        code: RefusalCode,
    },
    /// The room has ended for this client.
    Closed {
        /// Why.
        reason: ClosedReason,
    },
}

/// Why a connection ended or was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Disconnection {
    /// Nobody listens there, or the network does not reach it.
    #[error("the relay cannot be reached")]
    Unreachable,
    /// The host name is unknown.
    #[error("the relay's host name cannot be resolved")]
    UnknownHost,
    /// The relay's certificate is not valid for its name, or it speaks no TLS 1.3.
    #[error("the relay's certificate is not accepted")]
    Tls,
    /// The server answered the WebSocket request with an HTTP error.
    #[error("the server at this address answered with HTTP status {0}")]
    Http(u16),
    /// The relay closed the connection, or it broke.
    #[error("the connection to the relay ended")]
    Closed,
    /// Nothing came for too long.
    #[error("the relay does not answer")]
    Silent,
    /// What came is not this protocol.
    #[error("the relay does not speak this protocol")]
    Protocol,
    /// The relay is about to stop.
    #[error("the relay is about to stop")]
    Draining,
    /// The relay refused the connection for now.
    #[error("the relay refused the connection: {0:?}")]
    Refused(RefusalCode),
    /// The relay delivers more than a mailbox holds.
    #[error("the relay delivers more than a mailbox holds")]
    Flooded,
    /// The membership has ended.
    #[error("the membership has ended")]
    Finished,
}

impl Disconnection {
    /// Returns what a person can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Unreachable => "check that the relay runs and that its address and port are right",
            Self::UnknownHost => "check the relay's host name and this machine's name service",
            Self::Tls => "check the relay's address, or name its certificate authority's file",
            Self::Http(_) => "check that the address is a Quorate relay's and not another server's",
            Self::Closed | Self::Silent | Self::Draining => "waiting is enough: the client connects again",
            Self::Protocol => "check that the address is a relay's, and that its version fits this one",
            Self::Refused(RefusalCode::BadAnswer) => {
                "dial the relay by a name it knows; its operator sets them with --name"
            }
            Self::Refused(_) => "wait, or ask the relay's operator about its limits",
            Self::Flooded => "use another relay: this one does not keep to the protocol",
            Self::Finished => "enter the room again to go on",
        }
    }
}
