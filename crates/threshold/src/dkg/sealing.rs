//! Sealing what one dealer sends to one recipient.
//!
//! The recipient announced its key for this dealer alone, and the dealer makes one for this message alone. So every
//! cipher key seals one message, and its nonce is constant; and a recipient that opens its secret opens that one
//! message and nothing else, not even what it dealt in return.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
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

/// Returns whether a received key can be used: canonical, and not of small order, which would give the same secret
/// with everybody.
pub(super) fn is_usable(key: &[u8; 32]) -> bool {
    key.iter().rev().lt(PRIME.iter().rev()) && !SMALL_ORDER.contains(key)
}

/// 2²⁵⁵ − 19, little-endian.
const PRIME: [u8; 32] = with_ends(0xed, 0x7f);

/// The canonical u-coordinates of all points of order at most 8, on the curve and on its twist.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    with_ends(0xec, 0x7f),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

const fn with_ends(first: u8, last: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    #[test]
    fn b4_keys_of_small_order_and_other_spellings_are_unusable() {
        let twist = with_ends(0xec, 0x7f);
        let secret = StaticSecret::from([0x2a; 32]);
        for small in EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes()).chain([twist]) {
            assert!(!secret.diffie_hellman(&PublicKey::from(small)).was_contributory());
            assert!(!is_usable(&small), "{small:02x?}");
        }
        for offset in 0..=18 {
            assert!(!is_usable(&with_ends(0xed + offset, 0x7f)), "p + {offset}");
        }
        let key = PublicKey::from(&secret).to_bytes();
        assert!(is_usable(&key));
        let mut high_bit = key;
        high_bit[31] |= 0x80;
        assert!(!is_usable(&high_bit));
    }

    #[test]
    fn the_list_holds_nothing_else() {
        for small in SMALL_ORDER {
            let shared = StaticSecret::from([0x2a; 32]).diffie_hellman(&PublicKey::from(small));
            assert!(!shared.was_contributory(), "{small:02x?}");
        }
    }
}
