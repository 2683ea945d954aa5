//! Sealing what one dealer sends to one recipient.
//!
//! The recipient announced its key for this dealer alone, and the dealer makes one for this message alone. So every
//! cipher key seals one message, and its nonce is constant; and a recipient that opens its secret opens that one
//! message and nothing else, not even what it dealt in return.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use curve25519_dalek::montgomery::MontgomeryPoint;
use quorate_primitives::{ParticipantId, Secret, Transcript};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::SealedShares;

/// What a dealer deals to one participant.
pub(super) struct DealtShares {
    /// f(j) of every key, in the order of the terms.
    pub(super) shares: Vec<Secret<[u8; 32]>>,
    /// The dealer's part of the chain codes, the same for everybody.
    pub(super) chain_code_part: Secret<[u8; 32]>,
}

impl DealtShares {
    fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let mut plaintext = Zeroizing::new(Vec::with_capacity(32 * (self.shares.len() + 1)));
        for part in self.shares.iter().chain([&self.chain_code_part]) {
            plaintext.extend_from_slice(part.expose());
        }
        plaintext
    }

    fn from_plaintext(plaintext: &[u8]) -> Option<Self> {
        let (parts, []) = plaintext.as_chunks::<32>() else { return None };
        let (chain_code_part, shares) = parts.split_last()?;
        Some(Self {
            shares: shares.iter().copied().map(Secret::new).collect(),
            chain_code_part: Secret::new(*chain_code_part),
        })
    }
}

/// The way from one dealer to one recipient.
pub(super) struct Lane<'a> {
    /// Hash of all dealings, and so of the session: what the shares will be checked against.
    pub(super) dealings: &'a [u8; 32],
    pub(super) dealer: ParticipantId,
    pub(super) recipient: ParticipantId,
    /// The key that the recipient announced for the dealer.
    pub(super) recipient_key: &'a [u8; 32],
}

impl Lane<'_> {
    /// Seals shares with a secret that is used for nothing else; `None` if the recipient's key is degenerate.
    pub(super) fn seal(&self, dealer_secret: &StaticSecret, shares: &DealtShares) -> Option<SealedShares> {
        let dealer_key = PublicKey::from(dealer_secret).to_bytes();
        let cipher = self.cipher(&dealer_key, dealer_secret, self.recipient_key)?;
        let ciphertext = cipher.encrypt(&Nonce::default(), shares.to_plaintext().as_slice()).ok()?;
        Some(SealedShares { dealer_key, ciphertext })
    }

    /// Opens a message with the recipient's secret.
    pub(super) fn open(&self, recipient_secret: &StaticSecret, sealed: &SealedShares) -> Option<DealtShares> {
        let cipher = self.cipher(&sealed.dealer_key, recipient_secret, &sealed.dealer_key)?;
        let plaintext =
            cipher.decrypt(&Nonce::default(), sealed.ciphertext.as_slice()).ok().map(Zeroizing::new)?;
        DealtShares::from_plaintext(&plaintext)
    }

    fn cipher(
        &self,
        dealer_key: &[u8; 32],
        secret: &StaticSecret,
        other: &[u8; 32],
    ) -> Option<ChaCha20Poly1305> {
        let shared = is_usable(other).then(|| secret.diffie_hellman(&PublicKey::from(*other)))?;
        let transcript = Transcript::new("dkg/lane")
            .field("dealings", self.dealings)
            .number("dealer", u64::from(self.dealer.get()))
            .number("recipient", u64::from(self.recipient.get()))
            .field("dealer key", dealer_key)
            .field("recipient key", self.recipient_key)
            .field("shared", shared.as_bytes());
        let key = Zeroizing::new(transcript.finish());
        Some(ChaCha20Poly1305::new(Key::from_slice(key.as_slice())))
    }
}

/// Returns whether a received key can be used: the canonical encoding of a point of the curve, not on its twist and
/// not of small order (which would give the same secret with everybody).
pub(super) fn is_usable(key: &[u8; 32]) -> bool {
    let point = MontgomeryPoint(*key).to_edwards(0);
    point.is_some_and(|point| !point.is_small_order() && point.to_montgomery().as_bytes() == key)
}
