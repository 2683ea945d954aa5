//! What an honest participant computes in private, for a member that makes something else of it.
//!
//! Written from `docs/protocols/dkg.md`, not from the code under test: a change of the wire format shows here.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use quorate_primitives::{ParticipantId, Transcript};
use quorate_threshold::dkg::{Commitment, Dealing, SealedShares};
use x25519_dalek::{PublicKey, StaticSecret};

/// The hash by which a list of broadcasts is echoed.
pub fn list_hash<'a>(
    label: &'static str,
    session: &[u8; 32],
    bodies: impl Iterator<Item = (ParticipantId, &'a [u8])>,
) -> [u8; 32] {
    bodies
        .fold(Transcript::new(label).field("session", session), |transcript, (sender, body)| {
            transcript.number("sender", u64::from(sender.get())).field("message", body)
        })
        .finish()
}

/// F1 for a dealing.
pub fn commitment(session: &[u8; 32], dealer: ParticipantId, dealing: &Dealing) -> Commitment {
    let hash = Transcript::new("dkg/commitment")
        .field("session", session)
        .number("dealer", u64::from(dealer.get()))
        .field("keys", &borsh::to_vec(&dealing.keys).expect("writing to memory"))
        .field("chain code", &dealing.chain_code_hash)
        .field("blind", &dealing.blind)
        .finish();
    Commitment { hash }
}

/// The way of F4 from a dealer to a recipient.
pub struct Lane {
    pub dealings_hash: [u8; 32],
    pub dealer: ParticipantId,
    pub recipient: ParticipantId,
    pub recipient_key: [u8; 32],
}

impl Lane {
    /// Opens what the dealer itself sealed.
    pub fn open(&self, dealer_secret: &StaticSecret, sealed: &SealedShares) -> Vec<u8> {
        let cipher = self.cipher(dealer_secret);
        cipher.decrypt(&Nonce::default(), sealed.ciphertext.as_slice()).expect("our own message")
    }

    /// Seals any content.
    pub fn seal(&self, dealer_secret: &StaticSecret, plaintext: &[u8]) -> SealedShares {
        let ciphertext =
            self.cipher(dealer_secret).encrypt(&Nonce::default(), plaintext).expect("a short text");
        SealedShares { dealer_key: PublicKey::from(dealer_secret).to_bytes(), ciphertext }
    }

    fn cipher(&self, dealer_secret: &StaticSecret) -> ChaCha20Poly1305 {
        let shared = dealer_secret.diffie_hellman(&PublicKey::from(self.recipient_key));
        let key = Transcript::new("dkg/lane")
            .field("dealings", &self.dealings_hash)
            .number("dealer", u64::from(self.dealer.get()))
            .number("recipient", u64::from(self.recipient.get()))
            .field("dealer key", PublicKey::from(dealer_secret).as_bytes())
            .field("recipient key", &self.recipient_key)
            .field("shared", shared.as_bytes())
            .finish();
        ChaCha20Poly1305::new(Key::from_slice(&key))
    }
}
