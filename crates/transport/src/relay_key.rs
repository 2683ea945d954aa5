//! The key with which a device is a member of one room at a relay.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signer, SigningKey};
use quorate_primitives::Secret;

use crate::identity::{self, IdentityError, Signature};
use crate::url::RelayOrigin;

/// The secret key of one membership; see [`DeviceIdentity::relay_key`](crate::DeviceIdentity::relay_key).
///
/// It proves who fetches a mailbox and nothing else: what travels in the mailbox is protected by identities.
pub struct RelayKey(SigningKey);

/// The public key of one membership: how a relay and the other members call it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct MemberKey(pub [u8; 32]);

impl RelayKey {
    /// Makes the key that has this seed.
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// Returns the public key.
    pub fn member(&self) -> MemberKey {
        MemberKey(self.0.verifying_key().to_bytes())
    }

    /// Answers a relay's challenge; `origin` is the relay that this client dialled.
    pub fn answer(&self, challenge: &[u8; 32], origin: &RelayOrigin) -> Signature {
        let message = crate::signaling::auth_message(challenge, origin, &self.member());
        Signature(self.0.sign(&identity::signed_hash(AUTH_DOMAIN, &message)).to_bytes())
    }
}

impl MemberKey {
    /// Verifies the answer to a challenge.
    ///
    /// # Errors
    /// Refuses keys that are not canonical points of prime order, and signatures that answer another challenge or
    /// were made for another relay or protocol version.
    pub fn verify_answer(
        &self,
        challenge: &[u8; 32],
        origin: &RelayOrigin,
        answer: &Signature,
    ) -> Result<(), IdentityError> {
        identity::check_signing(&self.0)?;
        let message = crate::signaling::auth_message(challenge, origin, self);
        identity::verify(&self.0, AUTH_DOMAIN, &message, answer)
    }
}

const AUTH_DOMAIN: &str = "relay-auth";

impl fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write_short(f, &self.0)
    }
}
