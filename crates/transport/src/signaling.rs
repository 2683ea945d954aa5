//! What clients and the relay say to each other.
//!
//! One frame is one binary WebSocket message: a version byte, then the `borsh` encoding of [`ClientFrame`] or
//! [`ServerFrame`]. The relay speaks first with a challenge; a client answers it with a member key and may then
//! enter rooms and send. A room is found by an unguessable token, of which the relay keeps only a hash. What is
//! sent is opaque to the relay. The byte tables are in `docs/formats/signaling.md`.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{DecodeError, Millis, Secret, Transcript};

use crate::identity::Signature;
use crate::relay_key::MemberKey;
use crate::url::RelayOrigin;

#[cfg(test)]
mod tests;

/// The version of the protocol, in front of every frame and inside every answer to a challenge.
pub const PROTOCOL_VERSION: u8 = 1;

/// The most bytes that one `Send` carries.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// The longest frame in either direction, version byte included.
pub const MAX_FRAME: usize = MAX_PAYLOAD + 256;

/// The most members a room can have.
pub const MAX_CAPACITY: u8 = 64;

/// The most bytes that wait for one recipient in one room.
pub const MAX_MAILBOX: usize = 4 * 1024 * 1024;

/// The longest explanation in a refusal.
pub const MAX_EXPLANATION: usize = 160;

/// The secret that opens a room. Only those who have it can enter; a relay keeps its hash.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RoomToken(pub [u8; 32]);

/// The relay's name for a room: a hash of its token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct RoomId(pub [u8; 32]);

/// One run of a relay process. A relay that restarted has forgotten its rooms and says so by another boot id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct BootId(pub [u8; 16]);

/// A position in one recipient's mailbox; grows with every frame, with gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Cursor(pub u64);

/// Where a client resumes: everything up to `cursor` of that run has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Resume {
    /// The run the cursor belongs to; the relay ignores the cursor if it is another.
    pub boot: BootId,
    /// The last frame that arrived.
    pub cursor: Cursor,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ClientFrame {
    /// Answers the challenge.
    Authenticate {
        /// Who the client is.
        key: MemberKey,
        /// [`RelayKey::answer`](crate::RelayKey::answer).
        answer: Signature,
    },
    /// Enters a room as the authenticated key; the first to come creates it.
    Enter {
        /// The client's number for this request.
        request: u64,
        /// What opens the room.
        token: RoomToken,
        /// The most members, `1 ..= 64`; must be the same for all who enter.
        capacity: u8,
        /// How long the room shall exist from now; the relay may shorten it.
        ttl: Millis,
        /// What need not be delivered again.
        resume: Option<Resume>,
    },
    /// Gives up the membership: place, mailbox and all.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Puts bytes into a member's mailbox.
    Send {
        /// The client's number for this request.
        request: u64,
        /// The room.
        room: RoomId,
        /// The member.
        to: MemberKey,
        /// How long to keep the bytes; at most until the room ends.
        ttl: Millis,
        /// At most [`MAX_PAYLOAD`] bytes.
        bytes: Vec<u8>,
    },
    /// Says that everything up to `cursor` has arrived and may be forgotten.
    Ack {
        /// The room.
        room: RoomId,
        /// The last frame that arrived.
        cursor: Cursor,
    },
}

/// What the relay says.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ServerFrame {
    /// The first frame on every connection.
    Challenge {
        /// Fresh random bytes to be signed.
        nonce: [u8; 32],
    },
    /// The challenge was answered.
    Welcome {
        /// This run of the relay.
        boot: BootId,
        /// After how much silence from the client (pongs count) the relay hangs up.
        idle: Millis,
        /// The longest a room can be asked to exist.
        max_ttl: Millis,
    },
    /// The client is in the room.
    Entered {
        /// The number of the request.
        request: u64,
        /// The relay's name for the room.
        room: RoomId,
        /// Whether this request created it: mailboxes of an earlier room with this token are gone.
        created: bool,
        /// When the room ends.
        ttl: Millis,
        /// All members in the order in which they first came, this client among them.
        members: Vec<Member>,
    },
    /// A member came, for the first time or back.
    MemberJoined {
        /// The room.
        room: RoomId,
        /// The member.
        key: MemberKey,
    },
    /// A member's connection ended, or it gave up its membership.
    MemberLeft {
        /// The room.
        room: RoomId,
        /// The member.
        key: MemberKey,
        /// Whether it gave up its membership.
        forgotten: bool,
    },
    /// The bytes of one `Send` are in the recipient's mailbox.
    Stored {
        /// The number of the request.
        request: u64,
    },
    /// Bytes from a member.
    Deliver {
        /// The room.
        room: RoomId,
        /// The member that sent them, as the relay claims.
        from: MemberKey,
        /// The position in this client's mailbox.
        cursor: Cursor,
        /// What was sent.
        bytes: Vec<u8>,
    },
    /// The client is no longer in the room.
    RoomClosed {
        /// The room.
        room: RoomId,
        /// Why.
        reason: ClosedReason,
    },
    /// The relay did not do what was asked.
    Refused {
        /// The number of the request, where it had one.
        request: Option<u64>,
        /// Why.
        code: RefusalCode,
        /// When it makes sense to ask again; zero where waiting does not help.
        retry: Millis,
        /// The same in words, at most [`MAX_EXPLANATION`] bytes.
        explanation: String,
    },
    /// The relay is about to stop; what is stored in it is lost.
    Draining,
}

/// A member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    /// Its key.
    pub key: MemberKey,
    /// Whether it is connected now.
    pub online: bool,
}

/// Why a client is out of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ClosedReason {
    /// The room's time is over.
    Expired = 1,
    /// Somebody with the token deleted the room.
    Deleted = 2,
    /// Another connection entered it with the same key.
    Replaced = 3,
}

/// Why the relay refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum RefusalCode {
    /// The frame is of a version the relay does not speak.
    UnknownVersion = 1,
    /// The frame is no frame.
    Malformed = 2,
    /// Something other than an answer to the challenge came first.
    NotAuthenticated = 3,
    /// The answer to the challenge is wrong.
    BadAnswer = 4,
    /// The connection has answered its challenge already.
    AlreadyAuthenticated = 5,
    /// Too many frames or bytes in a short time.
    RateLimited = 6,
    /// This client or its network has too many connections or rooms.
    QuotaExceeded = 7,
    /// The room has as many members as it can have.
    RoomFull = 8,
    /// The room exists with another capacity, or the capacity is impossible.
    BadCapacity = 9,
    /// The client is not in that room.
    NotAMember = 10,
    /// The recipient is not in that room.
    UnknownRecipient = 11,
    /// The recipient's mailbox is full.
    MailboxFull = 12,
    /// The relay's memory for mailboxes is full.
    RelayFull = 13,
    /// More than [`MAX_PAYLOAD`] bytes, or none.
    BadPayload = 14,
    /// The relay is about to stop.
    Draining = 15,
    /// The client does not read fast enough.
    TooSlow = 16,
}

impl RoomToken {
    /// Derives the token for the use that `label` names from a secret that the relay never sees.
    pub fn derive(secret: &Secret<[u8; 32]>, label: &'static str) -> Self {
        Self(
            Transcript::new("room-token")
                .field("label", label.as_bytes())
                .field("secret", secret.expose())
                .finish(),
        )
    }

    /// Returns the relay's name for the room.
    pub fn room(&self) -> RoomId {
        RoomId(Transcript::new("room-id").field("token", &self.0).finish())
    }
}

impl ClientFrame {
    /// Returns the bytes of the frame.
    pub fn encode(&self) -> Vec<u8> {
        encoding::to_bytes(self)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`DecodeError`], before more than the frame's own length is allocated.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::from_bytes(bytes)
    }
}

impl ServerFrame {
    /// Returns the bytes of the frame.
    pub fn encode(&self) -> Vec<u8> {
        encoding::to_bytes(self)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`DecodeError`], before more than the frame's own length is allocated.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::from_bytes(bytes)
    }
}

impl Versioned for ClientFrame {
    const VERSION: u8 = PROTOCOL_VERSION;
    const MAX_LEN: usize = MAX_FRAME;
    const NAME: &'static str = "client frame";
}

impl Versioned for ServerFrame {
    const VERSION: u8 = PROTOCOL_VERSION;
    const MAX_LEN: usize = MAX_FRAME;
    const NAME: &'static str = "server frame";
}

/// Returns what the answer to a challenge signs: version, relay, challenge and key.
pub(crate) fn auth_message(challenge: &[u8; 32], origin: &RelayOrigin, key: &MemberKey) -> [u8; 32] {
    Transcript::new("relay-auth")
        .number("version", u64::from(PROTOCOL_VERSION))
        .field("origin", origin.as_str().as_bytes())
        .field("challenge", challenge)
        .field("key", &key.0)
        .finish()
}

impl fmt::Debug for RoomToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write_short(f, &self.0)
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write_short(f, &self.0)
    }
}
