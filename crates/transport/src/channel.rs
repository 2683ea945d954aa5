//! Authenticated encryption between two devices, or within a room.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce in front: `nonce ‖ ciphertext ‖ tag`. A [`PairKey`] holds one
//! key for each direction, so a sealed message can never be reflected to its sender. A [`SharedKey`] is known to
//! everybody who holds an invite: it hides a lobby from the relay and proves nothing about who wrote.

use core::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use quorate_primitives::{Secret, Transcript};
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::identity::IdentityKey;
use crate::{kdf, padding};

#[cfg(test)]
mod tests;

/// What sealing adds: the nonce and the tag.
pub const SEAL_OVERHEAD: usize = NONCE_LEN + TAG_LEN;

const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// Why sealed bytes were not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChannelError {
    /// Fewer bytes than a nonce and a tag.
    #[error("{0} bytes are too few for a sealed message")]
    TooShort(usize),
    /// Not sealed with this key for this associated data, or changed on the way.
    #[error("message is not authentic")]
    NotAuthentic,
    /// Authentic, but not padded to a size class in the one allowed way.
    #[error("padding is not canonical")]
    BadPadding,
}

/// The two keys between this device and one peer.
///
/// # Security
/// Wiped on drop, printed as `<redacted>`. Both keys are bound to both whole identities and to a context.
pub struct PairKey {
    sending: Secret<[u8; 32]>,
    receiving: Secret<[u8; 32]>,
}

impl PairKey {
    pub(crate) fn new(shared: &[u8; 32], own: &IdentityKey, peer: &IdentityKey, context: &[u8]) -> Self {
        let direction = |sender: &IdentityKey, recipient: &IdentityKey| {
            let info = Transcript::new("pair-key")
                .field("sender", &sender.to_bytes())
                .field("recipient", &recipient.to_bytes())
                .field("context", context)
                .finish();
            kdf::derive(shared, &[b"pair-key", &info])
        };
        Self { sending: direction(own, peer), receiving: direction(peer, own) }
    }

    /// Encrypts `plaintext` to the peer and authenticates it together with `aad`.
    pub fn seal(&self, rng: &mut (impl RngCore + CryptoRng), aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.sending, rng, aad, plaintext)
    }

    /// Opens what the peer sealed with the same `aad`.
    ///
    /// # Errors
    /// [`ChannelError::TooShort`] or [`ChannelError::NotAuthentic`].
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        open(&self.receiving, aad, sealed)
    }

    /// Pads `plaintext` to its size class, then seals it.
    ///
    /// # Errors
    /// [`padding::PaddingError`] if it is longer than [`padding::MAX_CONTENT`].
    pub fn seal_padded(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, padding::PaddingError> {
        Ok(self.seal(rng, aad, &padding::pad(plaintext)?))
    }

    /// Opens what the peer sealed with [`PairKey::seal_padded`].
    ///
    /// # Errors
    /// As [`PairKey::open`], and [`ChannelError::BadPadding`].
    pub fn open_padded(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        unpad(self.open(aad, sealed)?)
    }
}

/// A key that everybody in a room knows.
///
/// # Security
/// Opening proves that the writer knows the room's secret, not which member it was.
pub struct SharedKey(Secret<[u8; 32]>);

impl SharedKey {
    /// Derives the key for the use that `context` names.
    pub fn new(secret: &Secret<[u8; 32]>, context: &[u8]) -> Self {
        let info = Transcript::new("shared-key").field("context", context).finish();
        Self(kdf::derive(secret.expose(), &[b"shared-key", &info]))
    }

    /// Encrypts `plaintext` to everybody in the room and authenticates it together with `aad`.
    pub fn seal(&self, rng: &mut (impl RngCore + CryptoRng), aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal(&self.0, rng, aad, plaintext)
    }

    /// Opens what somebody in the room sealed with the same `aad`.
    ///
    /// # Errors
    /// [`ChannelError::TooShort`] or [`ChannelError::NotAuthentic`].
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        open(&self.0, aad, sealed)
    }

    /// Pads `plaintext` to its size class, then seals it.
    ///
    /// # Errors
    /// [`padding::PaddingError`] if it is longer than [`padding::MAX_CONTENT`].
    pub fn seal_padded(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, padding::PaddingError> {
        Ok(self.seal(rng, aad, &padding::pad(plaintext)?))
    }

    /// Opens what somebody in the room sealed with [`SharedKey::seal_padded`].
    ///
    /// # Errors
    /// As [`SharedKey::open`], and [`ChannelError::BadPadding`].
    pub fn open_padded(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        unpad(self.open(aad, sealed)?)
    }
}

#[expect(
    clippy::expect_used,
    reason = "the cipher only refuses more than 256 GiB, which no buffer here can hold"
)]
fn seal(key: &Secret<[u8; 32]>, rng: &mut (impl RngCore + CryptoRng), aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let ciphertext = cipher(key)
        .encrypt(XNonce::from_slice(&nonce), Payload { msg, aad })
        .expect("a message that fits in memory fits the cipher");
    let mut sealed = Vec::with_capacity(NONCE_LEN + ciphertext.len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    sealed
}

fn open(key: &Secret<[u8; 32]>, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
    if sealed.len() < SEAL_OVERHEAD {
        return Err(ChannelError::TooShort(sealed.len()));
    }
    let (nonce, msg) = sealed.split_at(NONCE_LEN);
    cipher(key)
        .decrypt(XNonce::from_slice(nonce), Payload { msg, aad })
        .map(Zeroizing::new)
        .map_err(|_| ChannelError::NotAuthentic)
}

fn cipher(key: &Secret<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

fn unpad(mut padded: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
    let len = padding::unpad(&padded).map_err(|_| ChannelError::BadPadding)?.len();
    padded.truncate(len);
    Ok(padded)
}

impl fmt::Debug for PairKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
