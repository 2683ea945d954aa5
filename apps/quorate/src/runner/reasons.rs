//! What a relay's refusals mean to a person.

use quorate_net::{ClosedReason, RefusalCode};

/// Says why a relay does not let this device into a room.
pub(super) const fn refusal(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::RoomFull => "the group already has all its devices",
        RefusalCode::BadCapacity => "the relay knows this group with another number of devices",
        RefusalCode::QuotaExceeded | RefusalCode::RateLimited => "the relay limits this device or network",
        RefusalCode::RelayFull => "the relay is full",
        RefusalCode::Draining => "the relay is about to stop",
        RefusalCode::BadAnswer | RefusalCode::NotAuthenticated | RefusalCode::AlreadyAuthenticated => {
            "the relay did not accept this device's proof of its key"
        }
        RefusalCode::UnknownVersion => "the relay speaks another version",
        RefusalCode::Malformed | RefusalCode::BadPayload | RefusalCode::TooSlow => {
            "the relay refused what was sent"
        }
        RefusalCode::NotAMember | RefusalCode::UnknownRecipient | RefusalCode::MailboxFull => {
            "the relay could not deliver"
        }
    }
}

/// Says why a room ended.
pub(super) const fn closing(reason: ClosedReason) -> &'static str {
    match reason {
        ClosedReason::Expired => "the room's time is over",
        ClosedReason::Deleted => "somebody deleted the room",
        ClosedReason::Replaced => "another process uses this device",
    }
}
