//! The long-term identity of a device: an Ed25519 key that signs and an X25519 key that agrees.
//!
//! Both are derived from one 32-byte seed with distinct labels, so that a vault keeps one secret. Signatures are
//! over a transcript hash with a domain, never over raw bytes, so a signature for one use means nothing in
//! another.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::{Signer, SigningKey};
use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::channel::PairKey;
use crate::kdf;
use crate::relay_key::RelayKey;
use crate::signaling::RoomId;

mod public;
#[cfg(test)]
mod tests;

pub use public::{Fingerprint, IdentityKey};
pub(crate) use public::{check_signing, verify};

/// Why an identity key or its use was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// The signing half is no canonical point of the prime-order group, or its identity element.
    #[error("signing key is not a canonical point of prime order")]
    MalformedSigningKey,
    /// The agreement half is no canonical point of the prime-order group, or its identity element.
    #[error("agreement key is not a canonical point of prime order")]
    MalformedAgreementKey,
    /// The signature is not this key's signature of this message in this domain.
    #[error("signature does not verify")]
    BadSignature,
    /// A device tried to open a channel to itself.
    #[error("a device has no channel to itself")]
    OwnKey,
}

/// An Ed25519 signature over a domain-separated message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write_short(f, &self.0)
    }
}

/// The secret identity of this device.
///
/// # Security
/// Holds the seed and both derived keys, all wiped on drop. It is neither `Clone` nor serializable; a vault
/// stores [`DeviceIdentity::seed`].
pub struct DeviceIdentity {
    seed: Secret<[u8; 32]>,
    signing: SigningKey,
    agreement: StaticSecret,
    public: IdentityKey,
}

impl DeviceIdentity {
    /// Makes a new identity.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = Secret::new([0; 32]);
        rng.fill_bytes(seed.expose_mut());
        Self::from_seed(&seed)
    }

    /// Restores the identity that has this seed.
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Self {
        let signing = SigningKey::from_bytes(kdf::derive(seed.expose(), &[b"identity/ed25519"]).expose());
        let agreement = StaticSecret::from(*kdf::derive(seed.expose(), &[b"identity/x25519"]).expose());
        let public = IdentityKey {
            signing: signing.verifying_key().to_bytes(),
            agreement: PublicKey::from(&agreement).to_bytes(),
        };
        Self { seed: seed.duplicate(), signing, agreement, public }
    }

    /// The identity of a member whom others know by an Ed25519 key alone, such as a node that a contract lists: it signs
    /// with that key and agrees with the same key's image on Curve25519 (RFC 7748, section 4.1), so that
    /// [`IdentityKey::from_ed25519`] is all that others need.
    ///
    /// `secret` is the 32-byte secret of RFC 8032. It is also the identity's seed, from which [`Self::from_seed`] makes
    /// another identity.
    pub fn from_ed25519(secret: &Secret<[u8; 32]>) -> Self {
        let signing = SigningKey::from_bytes(secret.expose());
        let agreement = StaticSecret::from(*Zeroizing::new(signing.to_scalar_bytes()));
        let public = IdentityKey {
            signing: signing.verifying_key().to_bytes(),
            agreement: PublicKey::from(&agreement).to_bytes(),
        };
        Self { seed: secret.duplicate(), signing, agreement, public }
    }

    /// Returns the seed, for the vault.
    pub const fn seed(&self) -> &Secret<[u8; 32]> {
        &self.seed
    }

    /// Returns the public half.
    pub const fn public(&self) -> IdentityKey {
        self.public
    }

    /// Signs `message` for the use that `domain` names.
    pub fn sign(&self, domain: &'static str, message: &[u8]) -> Signature {
        Signature(self.signing.sign(&signed_hash(domain, message)).to_bytes())
    }

    /// Derives the channel keys shared with `peer` for the use that `context` names.
    ///
    /// Both sides derive the same two keys, one for each direction, bound to both whole identities.
    ///
    /// # Errors
    /// Refuses malformed keys of the peer and this device's own key.
    pub fn agree(&self, peer: &IdentityKey, context: &[u8]) -> Result<PairKey, IdentityError> {
        peer.check()?;
        if peer.signing == self.public.signing || peer.agreement == self.public.agreement {
            return Err(IdentityError::OwnKey);
        }
        let shared = self.agreement.diffie_hellman(&PublicKey::from(peer.agreement));
        if !shared.was_contributory() {
            return Err(IdentityError::MalformedAgreementKey);
        }
        let shared = Zeroizing::new(shared.to_bytes());
        Ok(PairKey::new(&shared, &self.public, peer, context))
    }

    /// Derives the key with which this device authenticates to a relay for one room.
    ///
    /// # Security
    /// Keys of different rooms have nothing visible in common: a relay cannot tell that they are one device.
    pub fn relay_key(&self, room: &RoomId) -> RelayKey {
        RelayKey::from_seed(&kdf::derive(self.seed.expose(), &[b"relay-key", &room.0]))
    }
}

impl fmt::Debug for DeviceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Returns what is signed: a hash over the domain and the message.
pub(crate) fn signed_hash(domain: &'static str, message: &[u8]) -> [u8; 32] {
    Transcript::new("sign").field("domain", domain.as_bytes()).field("message", message).finish()
}
