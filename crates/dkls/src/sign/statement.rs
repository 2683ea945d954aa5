//! Signing, *statement* (§5): what is signed, and the δ that everything in it goes into.
//!
//! Groth–Shoup (2021/1330), additively. It trusts that ρ was unpredictable when digest and tweak were fixed.

use borsh::{BorshDeserialize, BorshSerialize};
use hkdf::Hkdf;
use k256::Scalar;
use k256::elliptic_curve::bigint::U512;
use k256::elliptic_curve::ops::Reduce;
use quorate_primitives::{KeyPurpose, ParticipantId, Transcript};
use quorate_threshold::PublicKeys;
use quorate_threshold::derive::{Derivation, additive_tweak};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use sha2::Sha256;

use crate::Misuse;
use crate::hash::narrow_scalar;
use crate::presign::PresignatureId;
use crate::wire::{POINT_LEN, point_bytes, scalar_bytes};

/// A stored key X, a public tweak τ, and the key X' = X + τ·G that signs. Worth keeping: X' costs a multiplication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TweakedKey {
    /// X.
    stored: [u8; POINT_LEN],
    /// τ.
    tweak: Scalar,
    /// X'.
    point: Secp256k1Point,
    /// X', compressed.
    public_key: [u8; POINT_LEN],
}

/// The hash of a digest and the key that signs it: what plain mode binds before its first round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct MessageHash(pub [u8; 32]);

/// What t members approved: the digest under a tweaked key, with one presignature of one signer set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The key that signs.
    pub key: TweakedKey,
    /// h: the 32-byte digest of the message.
    pub digest: [u8; 32],
    /// The presignature.
    pub presignature: PresignatureId,
    /// P, in order.
    pub signers: Vec<ParticipantId>,
    /// The epoch of the key.
    pub epoch: u64,
    /// ρ: fresh, and unpredictable to everybody when digest and tweak were fixed. Every signer obtains it itself.
    pub entropy: [u8; 32],
}

impl TweakedKey {
    /// Adds a tweak of 32 bytes, big-endian, below the group order.
    ///
    /// # Errors
    /// [`Misuse`] for a key of another purpose, a tweak out of range, or one that leads to the identity.
    pub fn new(keys: &PublicKeys, tweak: &[u8; 32]) -> Result<Self, Misuse> {
        if keys.purpose != KeyPurpose::EcdsaSecp256k1 {
            return Err(Misuse::OtherPurpose { purpose: keys.purpose });
        }
        let tweak = Secp256k1::scalar_from_bytes(tweak).map_err(|_| Misuse::TweakRange)?;
        let malformed = Misuse::Key("the public key is invalid");
        let stored = Secp256k1::point_from_bytes(&keys.group_key).map_err(|_| malformed)?;
        let mut points = [stored + Secp256k1::mul_base(&tweak)];
        Secp256k1::normalize(&mut points);
        let [point] = points;
        let public_key = Secp256k1::point_to_bytes(&point)
            .map_err(|_| Misuse::Key("the tweaked key is the identity"))?
            .try_into()
            .map_err(|_| malformed)?;
        Ok(Self { stored: point_bytes(&stored), tweak, point, public_key })
    }

    /// Derives a child by BIP-32's non-hardened steps.
    ///
    /// # Errors
    /// [`Misuse`] for a key of another purpose, or a path without a key.
    pub fn derive(keys: &PublicKeys, derivation: &Derivation) -> Result<Self, Misuse> {
        if keys.purpose != KeyPurpose::EcdsaSecp256k1 {
            return Err(Misuse::OtherPurpose { purpose: keys.purpose });
        }
        Self::new(keys, &additive_tweak(keys, derivation)?)
    }

    /// Returns the key that signs, compressed.
    pub const fn public_key(&self) -> &[u8; POINT_LEN] {
        &self.public_key
    }

    pub(crate) const fn stored_key(&self) -> &[u8; POINT_LEN] {
        &self.stored
    }

    pub(crate) const fn tweak(&self) -> &Scalar {
        &self.tweak
    }

    pub(crate) const fn point(&self) -> &Secp256k1Point {
        &self.point
    }
}

impl MessageHash {
    /// Hashes the key, the tweak and the digest.
    pub fn new(key: &TweakedKey, digest: &[u8; 32]) -> Self {
        let hash = Transcript::new("dkls/message")
            .field("key", &key.stored)
            .field("tweak", &scalar_bytes(&key.tweak))
            .field("digest", digest)
            .finish();
        Self(hash)
    }
}

impl Statement {
    /// Returns the hash that shares are bound to: everything in the statement, ρ included.
    pub fn hash(&self) -> [u8; 32] {
        Transcript::new("dkls/statement")
            .field("key", &self.key.stored)
            .field("tweak", &scalar_bytes(&self.key.tweak))
            .field("digest", &self.digest)
            .field("presignature", self.presignature.as_bytes())
            .list("signers", self.signers.iter().map(|id| id.get().to_be_bytes()))
            .number("epoch", self.epoch)
            .field("entropy", &self.entropy)
            .finish()
    }

    /// Returns the hash of what is signed, whatever it is signed with.
    pub fn message(&self) -> MessageHash {
        MessageHash::new(&self.key, &self.digest)
    }

    /// h modulo the group order. Not zero: anybody can make a signature of that.
    pub(crate) fn digest_scalar(&self) -> Result<Scalar, Misuse> {
        let scalar = narrow_scalar(self.digest);
        if scalar == Scalar::ZERO { Err(Misuse::ZeroDigest) } else { Ok(scalar) }
    }

    /// δ = wide-reduce(HKDF-SHA256(ρ, enc(label, X, τ, h, R, P, id, epoch), 48 bytes)).
    pub(crate) fn delta(&self, nonce_point: &Secp256k1Point) -> Scalar {
        // Everything but the signers has a fixed length, and they are counted.
        let mut info = b"quorate/v1/dkls/delta".to_vec();
        info.extend_from_slice(&self.key.stored);
        info.extend_from_slice(&scalar_bytes(&self.key.tweak));
        info.extend_from_slice(&self.digest);
        info.extend_from_slice(&point_bytes(nonce_point));
        info.extend_from_slice(&(self.signers.len() as u64).to_be_bytes());
        info.extend(self.signers.iter().flat_map(|id| id.get().to_be_bytes()));
        info.extend_from_slice(self.presignature.as_bytes());
        info.extend_from_slice(&self.epoch.to_be_bytes());
        let mut wide = [0; 64];
        let expanded = Hkdf::<Sha256>::new(None, &self.entropy).expand(&info, wide.split_at_mut(16).1);
        debug_assert!(expanded.is_ok(), "48 bytes are within the bounds of the expansion");
        <Scalar as Reduce<U512>>::reduce_bytes(&wide.into())
    }
}
