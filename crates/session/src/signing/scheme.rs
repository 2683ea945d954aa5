//! What FROST and ECDSA do differently within one session.
//!
//! FROST commits to fresh nonces with every approval and its shares are 32 bytes. ECDSA commits to nothing: the
//! proposer names presignatures that all signers hold, every approval's entropy goes into their re-randomisation, and
//! its shares are 64 bytes.

use std::collections::BTreeMap;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_dkls::presign::{Presignature, PresignatureId};
use quorate_dkls::sign::{
    CombineError, MessageHash, OnlineShare, Signing as Signed, SigningPlan, Statement, TweakedKey,
};
use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_threshold::KeyShare;
use quorate_threshold::frost::{
    self, AggregateError, KeyPackage, PublicKeyPackage, SignatureShare, SigningCommitments, SigningNonces,
    SigningPackage,
};
use rand_core::{CryptoRng, RngCore};

use super::OpenError;
use super::task::TaskKey;

/// The length of a digest that ECDSA signs.
pub(super) const DIGEST_LEN: usize = 32;

/// One key of a task, derived.
pub(super) enum Key {
    Frost(Box<(KeyPackage, PublicKeyPackage)>),
    Ecdsa(Box<TweakedKey>),
}

/// What an approval keeps for one message.
pub(super) enum Nonce {
    Frost(Box<SigningNonces>),
    Ecdsa,
}

/// What the signers of one message sign.
pub(super) enum Signable {
    Frost(Box<SigningPackage>),
    Ecdsa(Box<Statement>),
}

/// What a share of one message is made of: consumed by it.
pub(super) enum Material {
    Frost(Box<SigningNonces>),
    Ecdsa(Box<Presignature>),
}

/// Why the shares of one message are no signature.
pub(super) enum Unsigned {
    /// A share is not the encoding of one.
    Malformed(ParticipantId),
    /// These shares are wrong.
    Wrong(Vec<ParticipantId>),
    /// ECDSA shares do not add up; only openings tell whose fault it is.
    Unattributed,
    /// It can not be added up here: this device does not hold the presignature.
    NotHere,
    /// A bug.
    Internal,
}

impl Key {
    pub(super) fn new(share: &KeyShare, key: &TaskKey) -> Result<Self, OpenError> {
        match key.purpose {
            KeyPurpose::EcdsaSecp256k1 => {
                let derived = TweakedKey::derive(&share.public, &key.derivation)?;
                Ok(Self::Ecdsa(Box::new(derived)))
            }
            KeyPurpose::Bip340Secp256k1 | KeyPurpose::Ed25519 => Ok(Self::Frost(Box::new((
                KeyPackage::new(share)?.derive(&key.derivation)?,
                PublicKeyPackage::new(&share.public)?.derive(&key.derivation)?,
            )))),
        }
    }

    pub(super) const fn is_ecdsa(&self) -> bool {
        matches!(self, Self::Ecdsa(_))
    }

    /// Returns what plain mode binds; `None` for a key that knows no such thing.
    pub(super) fn message_hash(&self, digest: &[u8]) -> Option<MessageHash> {
        let Self::Ecdsa(key) = self else { return None };
        Some(MessageHash::new(key, digest.try_into().ok()?))
    }

    /// Draws what one message needs beside the approval.
    pub(super) fn commit(&self, context: &[u8], rng: &mut (impl RngCore + CryptoRng)) -> Nonce {
        match self {
            Self::Frost(keys) => Nonce::Frost(Box::new(keys.0.commit(context, rng))),
            Self::Ecdsa(_) => Nonce::Ecdsa,
        }
    }

    /// Returns whether a commitment in an approval is one.
    pub(super) fn accepts(&self, commitment: &[u8]) -> bool {
        match self {
            Self::Frost(_) => self.read_commitment(commitment).is_some(),
            Self::Ecdsa(_) => commitment.is_empty(),
        }
    }

    fn read_commitment(&self, bytes: &[u8]) -> Option<SigningCommitments> {
        match self {
            Self::Frost(keys) => SigningCommitments::from_bytes(keys.0.purpose(), bytes).ok(),
            Self::Ecdsa(_) => None,
        }
    }

    /// Puts a FROST package together from the approvals' commitments.
    pub(super) fn frost_package(
        &self,
        message: &[u8],
        commitments: impl IntoIterator<Item = (ParticipantId, Vec<u8>)>,
    ) -> Option<Signable> {
        let Self::Frost(keys) = self else { return None };
        let read = |(id, bytes): (ParticipantId, Vec<u8>)| Some((id, self.read_commitment(&bytes)?));
        let commitments: Vec<_> = commitments.into_iter().map(read).collect::<Option<_>>()?;
        let package = SigningPackage::new(&keys.1, message, commitments).ok()?;
        Some(Signable::Frost(Box::new(package)))
    }

    /// Puts an ECDSA statement together.
    pub(super) fn ecdsa_statement(
        &self,
        digest: &[u8],
        presignature: [u8; 32],
        (signers, epoch): (&[ParticipantId], u32),
        entropy: [u8; 32],
    ) -> Option<Signable> {
        let Self::Ecdsa(key) = self else { return None };
        let statement = Statement {
            key: key.as_ref().clone(),
            digest: digest.try_into().ok()?,
            presignature: PresignatureId::from(presignature),
            signers: signers.to_vec(),
            epoch: epoch.into(),
            entropy,
        };
        Some(Signable::Ecdsa(Box::new(statement)))
    }

    /// Verifies a signature, with a verifier that had no part in making it.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        match self {
            Self::Frost(keys) => {
                frost::verify(keys.0.purpose(), &keys.1.verifying_key(), message, signature).is_ok()
            }
            Self::Ecdsa(key) => verify_ecdsa(key.public_key(), message, signature),
        }
    }

    /// Makes this device's share. What it was made of is gone.
    pub(super) fn sign(&self, material: Material, signable: &Signable) -> Option<(Vec<u8>, Option<Signed>)> {
        match (self, material, signable) {
            (Self::Frost(keys), Material::Frost(nonces), Signable::Frost(package)) => {
                Some((nonces.sign(package, &keys.0).ok()?.to_bytes().to_vec(), None))
            }
            (Self::Ecdsa(_), Material::Ecdsa(presignature), Signable::Ecdsa(statement)) => {
                let (share, kept) = presignature.sign(statement).ok()?;
                Some((share.to_bytes().to_vec(), Some(kept)))
            }
            _ => None,
        }
    }

    /// Adds up one message's shares. `plan` is what an ECDSA signer knows of the signature to be.
    pub(super) fn add_up(
        &self,
        signable: &Signable,
        plan: Option<&SigningPlan>,
        shares: &BTreeMap<ParticipantId, Vec<u8>>,
    ) -> Result<[u8; 64], Unsigned> {
        match (self, signable) {
            (Self::Frost(keys), Signable::Frost(package)) => {
                let purpose = keys.0.purpose();
                let shares = read_all(shares, |bytes| {
                    let bytes: [u8; 32] = bytes.try_into().ok()?;
                    SignatureShare::from_bytes(purpose, &bytes).ok()
                })?;
                frost::aggregate(package, &shares, &keys.1).map_err(|error| match error {
                    AggregateError::InvalidShares { culprits } => Unsigned::Wrong(culprits),
                    _ => Unsigned::Internal,
                })
            }
            (Self::Ecdsa(_), Signable::Ecdsa(_)) => {
                let shares = read_all(shares, |bytes| OnlineShare::from_bytes(bytes).ok())?;
                let plan = plan.ok_or(Unsigned::NotHere)?;
                let signature = plan.combine(&shares).map_err(|error| match error {
                    CombineError::Invalid => Unsigned::Unattributed,
                    CombineError::Shares => Unsigned::Internal,
                })?;
                Ok(signature.to_bytes())
            }
            _ => Err(Unsigned::Internal),
        }
    }
}

impl Nonce {
    /// Returns what an approval says of it.
    pub(super) fn commitment(&self) -> Vec<u8> {
        match self {
            Self::Frost(nonces) => nonces.commitments().to_bytes(),
            Self::Ecdsa => Vec::new(),
        }
    }
}

impl Signable {
    pub(super) fn hash(&self) -> [u8; 32] {
        match self {
            Self::Frost(package) => *package.hash(),
            Self::Ecdsa(statement) => statement.hash(),
        }
    }
}

fn read_all<S>(
    shares: &BTreeMap<ParticipantId, Vec<u8>>,
    read: impl Fn(&[u8]) -> Option<S>,
) -> Result<BTreeMap<ParticipantId, S>, Unsigned> {
    shares.iter().map(|(id, bytes)| Ok((*id, read(bytes).ok_or(Unsigned::Malformed(*id))?))).collect()
}

/// Only low s: the other half of signatures is nobody's here.
fn verify_ecdsa(key: &[u8; 33], digest: &[u8], signature: &[u8; 64]) -> bool {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(key);
    let signature = k256::ecdsa::Signature::from_slice(signature);
    let (Ok(key), Ok(signature)) = (key, signature) else { return false };
    signature.normalize_s().is_none() && key.verify_prehash(digest, &signature).is_ok()
}
