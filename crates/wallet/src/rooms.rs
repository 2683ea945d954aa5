//! Rooms at relays: where a lobby or a wallet gets its mail.

use quorate_transport::{DeviceIdentity, Invite, MemberKey, RelayKey, RelayUrl, RoomId, RoomToken};

/// A room that the shell keeps this device in.
#[derive(Debug)]
pub struct Room {
    /// The relay.
    pub relay: RelayUrl,
    /// What opens the room.
    pub token: RoomToken,
    /// The key under which this device is a member.
    pub key: RelayKey,
    /// How many members there can be.
    pub capacity: u8,
}

impl Room {
    pub(crate) fn of(identity: &DeviceIdentity, invite: &Invite) -> Self {
        let token = invite.room_token();
        let key = identity.relay_key(&token.room());
        let capacity = u8::try_from(invite.threshold.max_signers()).unwrap_or(u8::MAX);
        Self { relay: invite.relay.clone(), token, key, capacity }
    }

    /// Returns the room's name at the relay.
    pub fn id(&self) -> RoomId {
        self.token.room()
    }

    /// Returns the public key of this membership.
    pub fn member(&self) -> MemberKey {
        self.key.member()
    }
}
