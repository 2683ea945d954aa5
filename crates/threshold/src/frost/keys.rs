//! Key packages: stored keys, checked and ready to sign.

mod consistency;

use core::fmt;

use frost_core::{Element, Scalar};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret};

use self::consistency::are_on_one_polynomial;
use super::scheme::Scheme;
use super::suite::{BySuite, for_suite, map_suite};
use super::{KeyError, SuiteId};
use crate::derive::{Derivation, DeriveChild, DeriveError, Tweak, derive_tweak, even_y};
use crate::key::{KeyShare, PublicKeys};
use crate::suite::{Curve, Ed25519, Secp256k1};

/// The public side of a Schnorr key, decoded and checked: as stored, or one of its children.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKeyPackage {
    pub(super) origin: Origin,
    pub(super) inner: BySuite<Points<Ed25519>, Points<Secp256k1>>,
}

/// One member's share of a Schnorr key, checked against the certified verifying share.
///
/// # Security
/// The share inside is wiped when dropped and never printed; the type has no copy.
pub struct KeyPackage {
    pub(super) participant: ParticipantId,
    pub(super) origin: Origin,
    pub(super) inner: BySuite<Share<Ed25519>, Share<Secp256k1>>,
}

/// Which key this is: the stored one, and the way down from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub stored_key: Vec<u8>,
    pub chain_code: [u8; 32],
    pub derivation: Derivation,
    pub min_signers: u16,
}

/// The points of a key; for BIP-340 with the sign that makes y even.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Points<C: Curve> {
    pub group_key: Element<C>,
    pub verifying_shares: Vec<Element<C>>,
    stored_key: Element<C>,
}

/// A share, with the sign of its [`Points`].
pub(super) struct Share<C: Curve> {
    pub signing_share: Secret<Scalar<C>>,
    pub group_key: Element<C>,
    stored_key: Element<C>,
}

impl PublicKeyPackage {
    /// Decodes the public side of a key.
    ///
    /// # Errors
    /// [`KeyError::NotSchnorr`] for an ECDSA key; the others for bytes that are no such key.
    pub fn new(keys: &PublicKeys) -> Result<Self, KeyError> {
        let inner = match SuiteId::of(keys.purpose)? {
            SuiteId::Ed25519 => BySuite::Ed25519(Points::new(keys)?),
            SuiteId::Bip340 => BySuite::Bip340(Points::new(keys)?),
        };
        Ok(Self { origin: Origin::stored(keys), inner })
    }

    /// Returns the public side of a child. Costs some point multiplications: keep it while it is in use.
    ///
    /// # Errors
    /// [`DeriveError`] when there is no such child, or when this is a child already.
    pub fn derive(&self, derivation: &Derivation) -> Result<Self, DeriveError> {
        let inner = map_suite!(&self.inner, points => {
            points.apply(&self.origin.tweak(self.purpose(), &points.stored_key, &points.group_key, derivation)?)
        });
        Ok(Self { origin: self.origin.child(derivation), inner })
    }

    /// Returns the purpose of the key.
    pub const fn purpose(&self) -> KeyPurpose {
        self.inner.purpose()
    }

    /// Returns how many must sign.
    pub const fn min_signers(&self) -> u16 {
        self.origin.min_signers
    }

    /// Returns the way from the stored key to this one.
    pub const fn derivation(&self) -> &Derivation {
        &self.origin.derivation
    }

    /// Returns the 32 bytes that signatures verify under: the x-coordinate for BIP-340, the point for Ed25519.
    pub fn verifying_key(&self) -> [u8; 32] {
        for_suite!(&self.inner, points => points.verifying_key())
    }

    /// Returns whether `participant` holds a share.
    pub fn contains(&self, participant: ParticipantId) -> bool {
        for_suite!(&self.inner, points => participant.position() < points.verifying_shares.len())
    }
}

impl KeyPackage {
    /// Decodes a share and checks it: share·G is the verifying share that the group certified.
    ///
    /// # Errors
    /// [`KeyError::ShareMismatch`] for another share; the others for bytes that are no such key.
    pub fn new(share: &KeyShare) -> Result<Self, KeyError> {
        let public = PublicKeyPackage::new(&share.public)?;
        let inner = map_suite!(&public.inner, points => Share::new(share, points)?);
        Ok(Self { participant: share.participant, origin: public.origin, inner })
    }

    /// Returns the share of a child. Costs some point multiplications: keep it while it is in use.
    ///
    /// # Errors
    /// [`DeriveError`] when there is no such child, or when this is a child already.
    pub fn derive(&self, derivation: &Derivation) -> Result<Self, DeriveError> {
        let inner = map_suite!(&self.inner, share => {
            share.apply(&self.origin.tweak(self.purpose(), &share.stored_key, &share.group_key, derivation)?)
        });
        Ok(Self { participant: self.participant, origin: self.origin.child(derivation), inner })
    }

    /// Returns whose share this is.
    pub const fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Returns the purpose of the key.
    pub const fn purpose(&self) -> KeyPurpose {
        self.inner.purpose()
    }

    /// Returns how many must sign.
    pub const fn min_signers(&self) -> u16 {
        self.origin.min_signers
    }

    /// Returns the way from the stored key to this one.
    pub const fn derivation(&self) -> &Derivation {
        &self.origin.derivation
    }
}

impl fmt::Debug for PublicKeyPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKeyPackage")
            .field("purpose", &self.purpose())
            .field("derivation", self.derivation())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPackage")
            .field("purpose", &self.purpose())
            .field("participant", &self.participant)
            .field("derivation", self.derivation())
            .field("signing_share", &"<redacted>")
            .finish_non_exhaustive()
    }
}

impl Origin {
    fn stored(keys: &PublicKeys) -> Self {
        Self {
            stored_key: keys.group_key.clone(),
            chain_code: keys.chain_code,
            derivation: Derivation::root(),
            min_signers: keys.threshold.min_signers(),
        }
    }

    fn child(&self, derivation: &Derivation) -> Self {
        Self { derivation: derivation.clone(), ..self.clone() }
    }

    /// Returns the map to a child from `held`, which is the stored key or its negative.
    fn tweak<C: DeriveChild>(
        &self,
        purpose: KeyPurpose,
        stored: &Element<C>,
        held: &Element<C>,
        derivation: &Derivation,
    ) -> Result<Tweak<C>, DeriveError> {
        if self.derivation != Derivation::root() {
            return Err(DeriveError::AlreadyDerived);
        }
        let (tweak, _) = derive_tweak(purpose, stored, &self.chain_code, derivation)?;
        Ok(if held == stored { tweak } else { tweak.of_negated() })
    }
}

impl<C: Scheme> Points<C> {
    fn verifying_key(&self) -> [u8; 32] {
        C::verifying_key(&self.group_key)
    }

    fn new(keys: &PublicKeys) -> Result<Self, KeyError> {
        let expected = usize::from(keys.threshold.max_signers());
        if keys.verifying_shares.len() != expected {
            return Err(KeyError::ShareCount { found: keys.verifying_shares.len(), expected });
        }
        let point = |what, bytes: &Vec<u8>| {
            C::point_from_bytes(bytes).map_err(|source| KeyError::Curve { what, source })
        };
        let stored_key = point("group key", &keys.group_key)?;
        let verifying_shares = keys
            .verifying_shares
            .iter()
            .map(|share| point("verifying share", share))
            .collect::<Result<Vec<_>, _>>()?;
        if !are_on_one_polynomial::<C>(&stored_key, &verifying_shares, keys) {
            return Err(KeyError::Inconsistent);
        }
        let stored = Self { group_key: stored_key, verifying_shares, stored_key };
        Ok(stored.apply(&even_y(keys.purpose, &stored_key)))
    }

    fn apply(&self, tweak: &Tweak<C>) -> Self {
        let mut points = self.verifying_shares.clone();
        points.push(self.group_key);
        tweak.apply_to_points(&mut points);
        let group_key = points.pop().unwrap_or(self.group_key);
        Self { group_key, verifying_shares: points, stored_key: self.stored_key }
    }
}

impl<C: DeriveChild> Share<C> {
    /// Takes a stored share, checks it against `points`, and gives it their sign.
    fn new(share: &KeyShare, points: &Points<C>) -> Result<Self, KeyError> {
        let participant = share.participant;
        let scalar = C::scalar_from_bytes(share.signing_share.expose())
            .map_err(|source| KeyError::Curve { what: "signing share", source })?;
        let stored = Self {
            signing_share: Secret::new(scalar),
            group_key: points.stored_key,
            stored_key: points.stored_key,
        };
        let signed = stored.apply(&even_y(share.public.purpose, &points.stored_key));
        let certified = points
            .verifying_shares
            .get(participant.position())
            .ok_or(KeyError::UnknownParticipant { participant })?;
        if C::mul_base(signed.signing_share.expose()) != *certified {
            return Err(KeyError::ShareMismatch { participant });
        }
        Ok(signed)
    }

    fn apply(&self, tweak: &Tweak<C>) -> Self {
        let mut group_key = [self.group_key];
        tweak.apply_to_points(&mut group_key);
        let [group_key] = group_key;
        Self {
            signing_share: Secret::new(tweak.apply_to_scalar(*self.signing_share.expose())),
            group_key,
            stored_key: self.stored_key,
        }
    }
}
