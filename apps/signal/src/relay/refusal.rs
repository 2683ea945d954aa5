//! Saying no, and when to ask again.

use quorate_primitives::Millis;
use quorate_transport::signaling::{RefusalCode, ServerFrame};

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub code: RefusalCode,
    /// When it makes sense to ask again; zero where waiting does not help.
    pub retry: Millis,
}

impl Refusal {
    /// Makes a refusal that names no time.
    pub const fn new(code: RefusalCode) -> Self {
        Self { code, retry: 0 }
    }

    /// Returns the frame that tells the client.
    pub fn frame(self, request: Option<u64>) -> ServerFrame {
        let explanation = explanation(self.code).to_owned();
        ServerFrame::Refused { request, code: self.code, retry: self.retry, explanation }
    }
}

/// Returns the refusal in words. Nothing a client sent is repeated in it.
pub const fn explanation(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::UnknownVersion => "this relay does not speak that version of the protocol",
        RefusalCode::Malformed => "the frame cannot be read",
        RefusalCode::NotAuthenticated => {
            "the challenge was not answered in time, or something else came first"
        }
        RefusalCode::BadAnswer => {
            "the answer does not fit the challenge, or was made for a relay of another name"
        }
        RefusalCode::AlreadyAuthenticated => "the challenge is answered already",
        RefusalCode::RateLimited => "too many frames or bytes in a short time",
        RefusalCode::QuotaExceeded => "too many connections or rooms",
        RefusalCode::RoomFull => "the room has as many members as it can have",
        RefusalCode::BadCapacity => "the room has another capacity, or that capacity is impossible",
        RefusalCode::NotAMember => "this connection is not in that room",
        RefusalCode::UnknownRecipient => "the recipient is not in that room",
        RefusalCode::MailboxFull => "the recipient's mailbox is full",
        RefusalCode::RelayFull => "the relay's memory for mailboxes is full",
        RefusalCode::BadPayload => "a send carries 1 to 65536 bytes",
        RefusalCode::Draining => "the relay is about to stop",
        RefusalCode::TooSlow => "the client does not read fast enough",
    }
}
