//! The invite: one line of text that brings a device into a room.
//!
//! `quorate1…` is Bech32m (BIP-350) with the human-readable part `quorate`, so a typing error is noticed, letter
//! case does not matter, and it makes a small QR code. It names the relay, a secret, the creator's fingerprint,
//! the threshold and an expiry. The relay only ever sees a hash of the secret.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize, io};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{DecodeError, Secret, Threshold, Timestamp};
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::channel::SharedKey;
use crate::identity::Fingerprint;
use crate::signaling::RoomToken;
use crate::url::{MAX_URL_LEN, RelayUrl};

#[cfg(test)]
mod tests;

/// The longest invite text that is read.
pub const MAX_TEXT_LEN: usize = 512;

const HRP: Hrp = Hrp::parse_unchecked("quorate");

/// Why text is no invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InviteError {
    /// More than [`MAX_TEXT_LEN`] bytes.
    #[error("invite of {0} characters where at most {MAX_TEXT_LEN} are possible")]
    TooLong(usize),
    /// It does not start with `quorate1`.
    #[error("text is not an invite: it does not start with quorate1")]
    NotAnInvite,
    /// The checksum does not fit: mistyped or cut off.
    #[error("invite is mistyped or cut off")]
    Mistyped,
    /// The text is whole, its content is not an invite this build reads.
    #[error("invite cannot be read")]
    Malformed(#[source] DecodeError),
}

/// What a creator hands to those who shall join.
///
/// # Security
/// Whoever has it can enter the room and read its lobby. It does not make anybody a member of the group: that
/// takes the creator's and the members' confirmation of identities.
#[derive(Debug, PartialEq, Eq)]
pub struct Invite {
    /// Where the room is.
    pub relay: RelayUrl,
    /// What the room token and the lobby key are derived from.
    pub secret: Secret<[u8; 32]>,
    /// The fingerprint of the creator's identity.
    pub creator: Fingerprint,
    /// The group to be made.
    pub threshold: Threshold,
    /// When joining ends.
    pub expires: Timestamp,
}

impl Invite {
    /// Makes an invite with a fresh secret.
    pub fn generate(
        rng: &mut (impl RngCore + CryptoRng),
        relay: RelayUrl,
        creator: Fingerprint,
        threshold: Threshold,
        expires: Timestamp,
    ) -> Self {
        let mut secret = Secret::new([0; 32]);
        rng.fill_bytes(secret.expose_mut());
        Self { relay, secret, creator, threshold, expires }
    }

    /// Returns the text, `quorate1…`. It holds the secret, so it is wiped on drop.
    #[expect(
        clippy::expect_used,
        reason = "the longest invite has 284 bytes, below the code's 1023 characters"
    )]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(encoding::to_bytes(self));
        Zeroizing::new(bech32::encode::<Bech32m>(HRP, &bytes).expect("an invite fits the code"))
    }

    /// Reads an invite; white space around it is ignored.
    ///
    /// # Errors
    /// Each kind of bad text has its [`InviteError`].
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim_ascii();
        if text.len() > MAX_TEXT_LEN {
            return Err(InviteError::TooLong(text.len()));
        }
        let prefix = text.get(..8).unwrap_or_default();
        if !prefix.eq_ignore_ascii_case("quorate1") {
            return Err(InviteError::NotAnInvite);
        }
        let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| InviteError::Mistyped)?;
        if checked.hrp() != HRP {
            return Err(InviteError::NotAnInvite);
        }
        let bytes = Zeroizing::new(checked.byte_iter().collect::<Vec<u8>>());
        let invite: Self = encoding::from_bytes(&bytes).map_err(InviteError::Malformed)?;
        // Bech32 pads to five bits; only the canonical spelling is an invite.
        if !invite.to_text().eq_ignore_ascii_case(text) {
            return Err(InviteError::Mistyped);
        }
        Ok(invite)
    }

    /// Returns the token that opens the room at the relay.
    pub fn room_token(&self) -> RoomToken {
        RoomToken::derive(&self.secret, "invite/room")
    }

    /// Returns the key that hides the lobby from the relay.
    pub fn lobby_key(&self) -> SharedKey {
        SharedKey::new(&self.secret, b"invite/lobby")
    }

    /// Returns whether joining has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }
}

impl Versioned for Invite {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 1 + 32 + 32 + 4 + 8 + 4 + MAX_URL_LEN;
    const NAME: &'static str = "invite";
}

impl BorshSerialize for Invite {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.secret.serialize(writer)?;
        self.creator.serialize(writer)?;
        self.threshold.serialize(writer)?;
        self.expires.serialize(writer)?;
        self.relay.to_string().serialize(writer)
    }
}

impl BorshDeserialize for Invite {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let secret = Secret::deserialize_reader(reader)?;
        let creator = Fingerprint::deserialize_reader(reader)?;
        let threshold = Threshold::deserialize_reader(reader)?;
        let expires = Timestamp::deserialize_reader(reader)?;
        let text = String::deserialize_reader(reader)?;
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "relay address");
        let relay: RelayUrl = text.parse().map_err(|_| invalid())?;
        if relay.to_string() != text {
            return Err(invalid());
        }
        Ok(Self { relay, secret, creator, threshold, expires })
    }
}
