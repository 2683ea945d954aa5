//! Sealing shares to the ephemeral keys of one pair in one ceremony.
//!
//! The key is used for one message in one direction, so the nonce is constant. Opening the recipient's ephemeral
//! secret for one dealer opens that dealer's one message and nothing else.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use quorate_primitives::{ParticipantId, Transcript};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// One direction of one pair.
pub(super) struct Lane<'a> {
    pub(super) session: &'a [u8; 32],
    pub(super) dealer: ParticipantId,
    pub(super) recipient: ParticipantId,
    /// The dealer's ephemeral key for the recipient.
    pub(super) dealer_key: &'a [u8; 32],
    /// The recipient's ephemeral key for the dealer.
    pub(super) recipient_key: &'a [u8; 32],
}

impl Lane<'_> {
    /// Seals `plaintext` with the dealer's secret; `None` if the recipient's key is degenerate.
    pub(super) fn seal(&self, dealer_secret: &StaticSecret, plaintext: &[u8]) -> Option<Vec<u8>> {
        let cipher = self.cipher(dealer_secret, self.recipient_key)?;
        cipher.encrypt(&Nonce::default(), self.payload(plaintext)).ok()
    }

    /// Opens a ciphertext with the recipient's secret.
    pub(super) fn open(&self, recipient_secret: &StaticSecret, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = self.cipher(recipient_secret, self.dealer_key)?;
        cipher.decrypt(&Nonce::default(), self.payload(ciphertext)).ok().map(Zeroizing::new)
    }

    fn cipher(&self, secret: &StaticSecret, other: &[u8; 32]) -> Option<ChaCha20Poly1305> {
        let shared = secret.diffie_hellman(&PublicKey::from(*other));
        if !shared.was_contributory() {
            return None;
        }
        let key = Zeroizing::new(self.transcript("dkg/lane").field("shared", shared.as_bytes()).finish());
        Some(ChaCha20Poly1305::new(Key::from_slice(key.as_slice())))
    }

    fn payload<'m>(&self, message: &'m [u8]) -> Payload<'m, 'static> {
        Payload { msg: message, aad: b"quorate dkg shares" }
    }

    fn transcript(&self, label: &'static str) -> Transcript {
        Transcript::new(label)
            .field("session", self.session)
            .number("dealer", u64::from(self.dealer.get()))
            .number("recipient", u64::from(self.recipient.get()))
            .field("dealer key", self.dealer_key)
            .field("recipient key", self.recipient_key)
    }
}

/// Returns whether an announced key can be used: a key of small order gives the same secret with everybody.
pub(super) fn is_usable(key: &[u8; 32]) -> bool {
    StaticSecret::from([0x2a; 32]).diffie_hellman(&PublicKey::from(*key)).was_contributory()
}
