//! The public half of an identity, and what makes one acceptable.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize, io};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::VerifyingKey;
use quorate_primitives::Transcript;

use super::{IdentityError, Signature, signed_hash};

/// The public identity of a device.
///
/// Decoding checks both points (see [`IdentityKey::check`]), so a decoded key is always acceptable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct IdentityKey {
    /// The Ed25519 verifying key.
    pub signing: [u8; 32],
    /// The X25519 public key.
    pub agreement: [u8; 32],
}

/// A collision-resistant name for an [`IdentityKey`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl IdentityKey {
    /// Checks that both halves are canonical encodings of points in the prime-order group, and not its identity.
    ///
    /// # Errors
    /// Names the half that is not. Low-order, torsioned, twisted and non-canonical encodings are all refused: an
    /// honest device never has one, and each would give one key several spellings or a predictable secret.
    pub fn check(&self) -> Result<(), IdentityError> {
        check_signing(&self.signing)?;
        check_agreement(&self.agreement)
    }

    /// Returns the identity of the member with this Ed25519 key, who has
    /// [`DeviceIdentity::from_ed25519`](super::DeviceIdentity::from_ed25519).
    ///
    /// # Errors
    /// [`IdentityError::MalformedSigningKey`].
    pub fn from_ed25519(signing: [u8; 32]) -> Result<Self, IdentityError> {
        check_signing(&signing)?;
        let key = VerifyingKey::from_bytes(&signing).map_err(|_| IdentityError::MalformedSigningKey)?;
        Ok(Self { signing, agreement: key.to_montgomery().to_bytes() })
    }

    /// Verifies a signature that [`DeviceIdentity::sign`](super::DeviceIdentity::sign) made.
    ///
    /// # Errors
    /// [`IdentityError::MalformedSigningKey`] or [`IdentityError::BadSignature`].
    pub fn verify(
        &self,
        domain: &'static str,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), IdentityError> {
        verify(&self.signing, domain, message, signature)
    }

    /// Returns the name of this key: what an invite carries and what a person is shown.
    pub fn fingerprint(&self) -> Fingerprint {
        let hash = Transcript::new("identity-fingerprint")
            .field("signing", &self.signing)
            .field("agreement", &self.agreement)
            .finish();
        Fingerprint(hash)
    }

    /// Returns both halves, one after the other.
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (signing, agreement) = bytes.split_at_mut(32);
        signing.copy_from_slice(&self.signing);
        agreement.copy_from_slice(&self.agreement);
        bytes
    }
}

/// Verifies `signature` strictly (RFC 8032 with canonical encodings, no cofactor) under an Ed25519 key.
pub(crate) fn verify(
    key: &[u8; 32],
    domain: &'static str,
    message: &[u8],
    signature: &Signature,
) -> Result<(), IdentityError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| IdentityError::MalformedSigningKey)?;
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(&signed_hash(domain, message), &signature).map_err(|_| IdentityError::BadSignature)
}

/// Checks an Ed25519 verifying key.
pub(crate) fn check_signing(key: &[u8; 32]) -> Result<(), IdentityError> {
    let compressed = CompressedEdwardsY(*key);
    let point = compressed.decompress().ok_or(IdentityError::MalformedSigningKey)?;
    // Decompression reduces y, so a non-canonical encoding shows by changing when written again.
    if point.compress() != compressed || point.is_identity() || !point.is_torsion_free() {
        return Err(IdentityError::MalformedSigningKey);
    }
    Ok(())
}

fn check_agreement(key: &[u8; 32]) -> Result<(), IdentityError> {
    // A u-coordinate belongs to ±P; both are in the prime-order group or neither is.
    let point = MontgomeryPoint(*key).to_edwards(0).ok_or(IdentityError::MalformedAgreementKey)?;
    if point.to_montgomery().to_bytes() != *key || point.is_identity() || !point.is_torsion_free() {
        return Err(IdentityError::MalformedAgreementKey);
    }
    Ok(())
}

impl BorshDeserialize for IdentityKey {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let key = Self {
            signing: <[u8; 32]>::deserialize_reader(reader)?,
            agreement: <[u8; 32]>::deserialize_reader(reader)?,
        };
        key.check().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "identity key"))?;
        Ok(key)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(")?;
        crate::hex::write_short(f, &self.signing)?;
        f.write_str(")")
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write_short(f, &self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, &self.0)
    }
}
