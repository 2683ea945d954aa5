//! Keys as they are stored: the public side that every member has, and one member's share.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};

/// The public side of one threshold key.
///
/// Points are canonical encodings on the curve of [`PublicKeys::purpose`]: 33 bytes compressed on secp256k1, 32
/// bytes on Ed25519. A BIP-340 key is stored untweaked and with its full point.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PublicKeys {
    /// The one purpose of the key.
    pub purpose: KeyPurpose,
    /// How many sign, of how many.
    pub threshold: Threshold,
    /// The group's public key X.
    pub group_key: Vec<u8>,
    /// X_j for every participant j, in order.
    pub verifying_shares: Vec<Vec<u8>>,
    /// The chain code for derived keys, drawn jointly. Not a secret that signs, but never published: with it,
    /// all addresses of the wallet can be linked.
    pub chain_code: [u8; 32],
}

impl PublicKeys {
    /// Returns the verifying share of one participant.
    pub fn verifying_share(&self, participant: ParticipantId) -> Option<&[u8]> {
        self.verifying_shares.get(participant.position()).map(Vec::as_slice)
    }
}

/// One member's share of one key, with the public side it belongs to.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyShare {
    /// The public side.
    pub public: PublicKeys,
    /// Whose share this is.
    pub participant: ParticipantId,
    /// The share: a scalar in the curve's canonical 32-byte encoding.
    pub signing_share: Secret<[u8; 32]>,
}

impl KeyShare {
    /// Makes a second copy, visibly.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            public: self.public.clone(),
            participant: self.participant,
            signing_share: self.signing_share.duplicate(),
        }
    }
}
