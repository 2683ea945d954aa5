//! Round one: nonces and the commitments to them.

use core::fmt;

use frost_core::Scalar;
use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Transcript};
use rand_core::{CryptoRng, RngCore};

use super::scheme::{Commitments, Nonces, Scheme, generate_nonce};
use super::share::ShareScalar;
use super::suite::{BySuite, for_suite, map_suite};
use super::{KeyError, KeyPackage, SignError, SignatureShare, SigningPackage, SuiteId};
use crate::suite::{Curve, Ed25519, Secp256k1};

/// Two nonces of one signer, good for one signature.
///
/// # Security
/// They can not be copied, compared or printed, and [`SigningNonces::sign`] takes them away. Two different
/// signatures from the same nonces give the signer's share away.
///
/// ```compile_fail,E0599
/// fn twice(nonces: quorate_threshold::frost::SigningNonces) {
///     let copy = nonces.clone();
/// }
/// ```
///
/// ```compile_fail,E0382
/// use quorate_threshold::frost::{KeyPackage, SigningNonces, SigningPackage};
/// fn retry(nonces: SigningNonces, one: &SigningPackage, two: &SigningPackage, key: &KeyPackage) {
///     let first = nonces.sign(one, key);
///     let second = nonces.sign(two, key);
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn written_out<T: borsh::BorshSerialize>() {}
/// written_out::<quorate_threshold::frost::SigningNonces>();
/// ```
#[must_use]
pub struct SigningNonces {
    participant: ParticipantId,
    inner: BySuite<Nonces<Ed25519>, Nonces<Secp256k1>>,
}

/// The commitments to a signer's two nonces, as everybody sees them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SigningCommitments {
    pub(super) inner: BySuite<Commitments<Ed25519>, Commitments<Secp256k1>>,
}

/// The version of the sealed form.
const SEALED_VERSION: u8 = 1;

/// Version, purpose, participant, two scalars.
const SEALED_LEN: usize = 1 + 1 + 2 + 32 + 32;

impl KeyPackage {
    /// Draws nonces for one signature with this key or any of its children.
    ///
    /// `context` names this use and is never repeated: the session and a counter, for example. Fresh randomness, the
    /// share and the context are mixed, then RFC 9591's `nonce_generate` is applied: if the source of randomness
    /// stands still (a cloned machine), nonces of different contexts still differ.
    pub fn commit(&self, context: &[u8], rng: &mut (impl RngCore + CryptoRng)) -> SigningNonces {
        let mut entropy = Secret::new([0; 32]);
        rng.fill_bytes(entropy.expose_mut());
        let context = Transcript::new("frost-nonces")
            .field("purpose", self.purpose().label().as_bytes())
            .field("group key", &self.origin.stored_key)
            .number("participant", self.participant.get().into())
            .field("context", context)
            .finish();
        let inner = map_suite!(&self.inner, share => draw(share.signing_share.expose(), &entropy, &context));
        SigningNonces { participant: self.participant, inner }
    }
}

impl SigningNonces {
    /// Returns the commitments, which are for everybody.
    pub fn commitments(&self) -> SigningCommitments {
        SigningCommitments { inner: map_suite!(&self.inner, nonces => nonces.commitments) }
    }

    /// Returns whose nonces these are.
    pub const fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Returns the purpose of the key they sign with.
    pub const fn purpose(&self) -> KeyPurpose {
        self.inner.purpose()
    }

    /// Makes a signature share. The nonces are erased before it is returned, whatever the result.
    ///
    /// # Errors
    /// [`SignError`] when package, key and nonces do not belong together.
    ///
    /// # Security
    /// The caller records durably that these nonces are burned before the share leaves, and signs the share together
    /// with [`SigningPackage::hash`].
    pub fn sign(self, package: &SigningPackage, key: &KeyPackage) -> Result<SignatureShare, SignError> {
        let participant = key.participant;
        if self.participant != participant {
            return Err(SignError::OtherNonces);
        }
        let own = package.commitments(participant).ok_or(SignError::NotASigner { participant })?;
        if own != self.commitments() {
            return Err(SignError::OtherNonces);
        }
        if !package.is_for(key.purpose(), &key.origin) {
            return Err(SignError::OtherKey);
        }
        let ours = self.inner.as_ref().zip(key.inner.as_ref()).ok_or(SignError::OtherKey)?;
        let zipped = package.plan.as_ref().zip(ours).ok_or(SignError::OtherKey)?;
        let inner = map_suite!(zipped, (plan, (nonces, share)) => {
            plan.sign(participant, nonces, &share.signing_share)
                .map(ShareScalar)
                .ok_or(SignError::NotASigner { participant })?
        });
        Ok(SignatureShare { inner })
    }

    /// Turns the nonces into the one form in which they may be stored: sealed in a vault, for a pool of a signer
    /// who is offline between the rounds. 68 bytes: version, purpose, participant, two scalars.
    ///
    /// # Security
    /// The vault deletes the entry durably before it hands the nonces out again. An old backup must never bring
    /// them back.
    pub fn into_sealed_bytes(self) -> Secret<Vec<u8>> {
        let mut bytes = Secret::new(Vec::with_capacity(SEALED_LEN));
        let out = bytes.expose_mut();
        out.push(SEALED_VERSION);
        out.push(self.purpose() as u8);
        out.extend_from_slice(&self.participant.get().to_be_bytes());
        for_suite!(&self.inner, nonces => {
            for scalar in [&nonces.hiding, &nonces.binding] {
                out.extend_from_slice(Secret::new(scalar_to_bytes(nonces, scalar)).expose());
            }
        });
        bytes
    }

    /// Takes nonces out of a vault's entry, which is gone by then.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] and [`KeyError::Curve`] for anything but what
    /// [`SigningNonces::into_sealed_bytes`] returned.
    #[expect(clippy::needless_pass_by_value, reason = "the stored form is consumed and wiped")]
    pub fn from_sealed_bytes(bytes: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let malformed = KeyError::Malformed { what: "sealed nonces" };
        let bytes: &[u8; SEALED_LEN] = bytes.expose().as_slice().try_into().map_err(|_| malformed)?;
        let [SEALED_VERSION, purpose, high, low, scalars @ ..] = bytes else { return Err(malformed) };
        let participant =
            ParticipantId::try_from(u16::from_be_bytes([*high, *low])).map_err(|_| malformed)?;
        let (hiding, binding) = scalars.split_first_chunk::<32>().ok_or(malformed)?;
        let binding = binding.first_chunk::<32>().ok_or(malformed)?;
        let purpose = KeyPurpose::ALL.into_iter().find(|known| *known as u8 == *purpose).ok_or(malformed)?;
        let inner = match SuiteId::of(purpose)? {
            SuiteId::Ed25519 => BySuite::Ed25519(restore(hiding, binding)?),
            SuiteId::Bip340 => BySuite::Bip340(restore(hiding, binding)?),
        };
        Ok(Self { participant, inner })
    }
}

impl SigningCommitments {
    /// Returns the length of the encoding: two points.
    pub const fn len(suite: SuiteId) -> usize {
        2 * suite.point_len()
    }

    /// Returns the purpose of the key they are for.
    pub const fn purpose(&self) -> KeyPurpose {
        self.inner.purpose()
    }

    /// Encodes the two points, hiding first.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Commitments are never the identity, which alone has no encoding.
        for_suite!(&self.inner, commitments => commitments.to_bytes().unwrap_or_default())
    }

    /// Decodes two points: canonical, in the prime-order group, not the identity.
    ///
    /// # Errors
    /// [`KeyError`] for anything else, and for an ECDSA key.
    pub fn from_bytes(purpose: KeyPurpose, bytes: &[u8]) -> Result<Self, KeyError> {
        let curve = |source| KeyError::Curve { what: "signing commitments", source };
        let inner = match SuiteId::of(purpose)? {
            SuiteId::Ed25519 => BySuite::Ed25519(Commitments::from_bytes(bytes).map_err(curve)?),
            SuiteId::Bip340 => BySuite::Bip340(Commitments::from_bytes(bytes).map_err(curve)?),
        };
        Ok(Self { inner })
    }
}

impl fmt::Debug for SigningNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningNonces(<redacted>)")
    }
}

impl fmt::Debug for SigningCommitments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningCommitments").field("purpose", &self.purpose()).finish_non_exhaustive()
    }
}

fn draw<C: Scheme>(share: &Scalar<C>, entropy: &Secret<[u8; 32]>, context: &[u8; 32]) -> Nonces<C> {
    let secret = Secret::new(C::scalar_to_bytes(share));
    let mut hedged = HedgedRng::new(entropy.expose(), secret.expose(), context);
    loop {
        let [hiding, binding] = [(); 2].map(|()| {
            let mut random = Secret::new([0; 32]);
            hedged.fill_bytes(random.expose_mut());
            generate_nonce::<C>(share, random.expose())
        });
        if let Some(nonces) = Nonces::new(hiding, binding) {
            return nonces;
        }
    }
}

fn scalar_to_bytes<C: Curve>(_: &Nonces<C>, scalar: &Secret<Scalar<C>>) -> [u8; 32] {
    C::scalar_to_bytes(scalar.expose())
}

fn restore<C: Scheme>(hiding: &[u8; 32], binding: &[u8; 32]) -> Result<Nonces<C>, KeyError> {
    let scalar = |bytes| {
        C::scalar_from_bytes(bytes)
            .map(Secret::new)
            .map_err(|source| KeyError::Curve { what: "sealed nonce", source })
    };
    Nonces::new(scalar(hiding)?, scalar(binding)?).ok_or(KeyError::Malformed { what: "sealed nonces" })
}
