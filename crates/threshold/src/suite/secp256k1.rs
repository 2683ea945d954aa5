//! FROST(secp256k1, SHA-256) with BIP-340 signatures: the suite `FROST-secp256k1-SHA256-TR-v1`.
//!
//! RFC 9591, section 6.5, with what BIP-340 asks for: the challenge is its tagged hash over x-coordinates, and
//! nonces and keys count as the one of ±P whose y-coordinate is even.

mod multiscalar;
mod point;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;

use frost_core::keys::{KeyPackage, PublicKeyPackage, SigningShare, VerifyingShare};
use frost_core::round1::{GroupCommitmentShare, Nonce, SigningNonces};
use frost_core::round2::SignatureShare;
use frost_core::{
    BindingFactor, Challenge, Ciphersuite, Error, Field, FieldError, Group, GroupCommitment, GroupError,
    Identifier, Signature, SigningKey, SigningPackage, VerifyingKey,
};
use k256::elliptic_curve::bigint::U512;
use k256::elliptic_curve::hash2curve::{ExpandMsgXmd, hash_to_field};
use k256::elliptic_curve::ops::{Invert, Reduce};
use k256::elliptic_curve::{Field as _, PrimeField};
use k256::{ProjectivePoint, Scalar, U256};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};

use self::multiscalar::multiscalar_vartime;
pub use self::point::Secp256k1Point;
use self::point::decode;
use self::table::mul_generator;
use super::{Curve, CurveError};

const CONTEXT: &[u8] = b"FROST-secp256k1-SHA256-TR-v1";

/// The ciphersuite FROST(secp256k1, SHA-256) with BIP-340 signatures; as a curve, it also carries ECDSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secp256k1;

/// The integers modulo the order of secp256k1's group.
#[derive(Clone, Copy, Debug)]
pub struct Secp256k1Field;

impl Field for Secp256k1Field {
    type Scalar = Scalar;
    type Serialization = [u8; 32];

    fn zero() -> Scalar {
        Scalar::ZERO
    }

    fn one() -> Scalar {
        Scalar::ONE
    }

    /// Varies in time: FROST inverts nothing but differences of participant indices.
    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        Option::from(scalar.invert_vartime()).ok_or(FieldError::InvalidZeroScalar)
    }

    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        Scalar::random(rng)
    }

    fn serialize(scalar: &Scalar) -> [u8; 32] {
        scalar.to_bytes().into()
    }

    fn little_endian_serialize(scalar: &Scalar) -> [u8; 32] {
        let mut bytes = Self::serialize(scalar);
        bytes.reverse();
        bytes
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Scalar, FieldError> {
        Option::from(Scalar::from_repr((*bytes).into())).ok_or(FieldError::MalformedScalar)
    }
}

/// The group of secp256k1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secp256k1Group;

impl Group for Secp256k1Group {
    type Field = Secp256k1Field;
    type Element = Secp256k1Point;
    type Serialization = [u8; 33];

    fn cofactor() -> Scalar {
        Scalar::ONE
    }

    fn identity() -> Secp256k1Point {
        Secp256k1Point::computed(ProjectivePoint::IDENTITY)
    }

    fn generator() -> Secp256k1Point {
        Secp256k1Point::generator()
    }

    fn serialize(element: &Secp256k1Point) -> Result<[u8; 33], GroupError> {
        element.encode().ok_or(GroupError::InvalidIdentityElement)
    }

    fn deserialize(bytes: &[u8; 33]) -> Result<Secp256k1Point, GroupError> {
        decode(bytes).map_err(|_| GroupError::MalformedElement)
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// RFC 9380's `hash_to_field` with the context and `tag` as domain.
fn hash_to_scalar(tag: &[u8], message: &[u8]) -> Scalar {
    let mut output = [Scalar::ZERO];
    let done = hash_to_field::<ExpandMsgXmd<Sha256>, Scalar>(&[message], &[CONTEXT, tag], &mut output);
    debug_assert!(
        done.is_ok(),
        "the domain is not empty and 48 bytes are within the bounds of the expansion"
    );
    let [scalar] = output;
    scalar
}

/// The tagged hash of BIP-340, as a scalar modulo the group order.
pub(crate) fn tagged_hash(tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let tag = Sha256::digest(tag);
    let mut hasher = Sha256::new();
    hasher.update(tag);
    hasher.update(tag);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl Secp256k1 {
    /// Verifies a BIP-340 signature under a key with an even y-coordinate. Varies in time: all of it is public.
    pub(crate) fn verify_bip340(key: &Secp256k1Point, message: &[u8], signature: &[u8; 64]) -> bool {
        let (Some(key_x), Some((nonce_x, proof))) = (key.x_only(), signature.split_first_chunk::<32>())
        else {
            return false;
        };
        let Some(Ok(proof)) = proof.first_chunk().map(Secp256k1Field::deserialize) else { return false };
        let challenge = Self::H2(&[nonce_x, &key_x, message].concat());
        let nonce = Self::mul_base(&proof) - Self::multiscalar_vartime(&[(challenge, *key)]);
        nonce.x_only().is_some_and(|x| x == *nonce_x) && nonce.has_even_y()
    }
}

fn even_key(key: &VerifyingKey<Secp256k1>) -> (bool, VerifyingKey<Secp256k1>) {
    let point = key.to_element();
    if point.has_even_y() { (true, *key) } else { (false, VerifyingKey::new(-point)) }
}

fn minus(nonces: &SigningNonces<Secp256k1>) -> SigningNonces<Secp256k1> {
    let negate = |nonce: &Nonce<Secp256k1>| Nonce::from_scalar(-nonce.to_scalar());
    SigningNonces::from_nonces(negate(nonces.hiding()), negate(nonces.binding()))
}

fn x_only(point: &Secp256k1Point) -> Result<[u8; 32], Error<Secp256k1>> {
    point.x_only().ok_or(Error::GroupError(GroupError::InvalidIdentityElement))
}

impl Ciphersuite for Secp256k1 {
    const ID: &'static str = "FROST-secp256k1-SHA256-TR-v1";

    type Group = Secp256k1Group;
    type HashOutput = [u8; 32];
    type SignatureSerialization = [u8; 64];

    fn H1(message: &[u8]) -> Scalar {
        hash_to_scalar(b"rho", message)
    }

    /// The challenge of BIP-340. SHA-256 is as close to uniform modulo the order as 2⁻¹²⁸.
    fn H2(message: &[u8]) -> Scalar {
        let hash = tagged_hash(b"BIP0340/challenge", &[message]);
        <Scalar as Reduce<U256>>::reduce_bytes(&hash.into())
    }

    fn H3(message: &[u8]) -> Scalar {
        hash_to_scalar(b"nonce", message)
    }

    fn H4(message: &[u8]) -> [u8; 32] {
        hash(&[CONTEXT, b"msg", message])
    }

    fn H5(message: &[u8]) -> [u8; 32] {
        hash(&[CONTEXT, b"com", message])
    }

    fn HDKG(message: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar(b"dkg", message))
    }

    fn HID(message: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar(b"id", message))
    }

    fn single_sign<R: RngCore + CryptoRng>(
        key: &SigningKey<Self>,
        rng: R,
        message: &[u8],
    ) -> Signature<Self> {
        let secret = key.clone().to_scalar();
        let even = Self::mul_base(&secret).has_even_y();
        match (even, SigningKey::from_scalar(-secret)) {
            (false, Ok(negated)) => negated.default_sign(rng, message),
            (false, Err(_)) | (true, _) => key.default_sign(rng, message),
        }
    }

    fn verify_signature(
        message: &[u8],
        signature: &Signature<Self>,
        public_key: &VerifyingKey<Self>,
    ) -> Result<(), Error<Self>> {
        let (_, key) = even_key(public_key);
        let nonce = *signature.R();
        let nonce = if nonce.has_even_y() { nonce } else { -nonce };
        let challenge = Self::challenge(&nonce, &key, message)?.to_scalar();
        let keyed = Self::multiscalar_vartime(&[(challenge, key.to_element())]);
        if Self::mul_base(signature.z()) - keyed == nonce { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    fn pre_sign<'a>(
        package: &'a SigningPackage<Self>,
        nonces: &'a SigningNonces<Self>,
        key: &'a KeyPackage<Self>,
    ) -> Result<
        (Cow<'a, SigningPackage<Self>>, Cow<'a, SigningNonces<Self>>, Cow<'a, KeyPackage<Self>>),
        Error<Self>,
    > {
        let key = match even_key(key.verifying_key()) {
            (true, _) => Cow::Borrowed(key),
            (false, group_key) => Cow::Owned(KeyPackage::new(
                *key.identifier(),
                SigningShare::new(-key.signing_share().to_scalar()),
                VerifyingShare::new(-key.verifying_share().to_element()),
                group_key,
                *key.min_signers(),
            )),
        };
        Ok((Cow::Borrowed(package), Cow::Borrowed(nonces), key))
    }

    fn pre_aggregate<'a>(
        package: &'a SigningPackage<Self>,
        shares: &'a BTreeMap<Identifier<Self>, SignatureShare<Self>>,
        keys: &'a PublicKeyPackage<Self>,
    ) -> Result<
        (
            Cow<'a, SigningPackage<Self>>,
            Cow<'a, BTreeMap<Identifier<Self>, SignatureShare<Self>>>,
            Cow<'a, PublicKeyPackage<Self>>,
        ),
        Error<Self>,
    > {
        let keys = match even_key(keys.verifying_key()) {
            (true, _) => Cow::Borrowed(keys),
            (false, group_key) => {
                let negated = keys
                    .verifying_shares()
                    .iter()
                    .map(|(id, share)| (*id, VerifyingShare::new(-share.to_element())))
                    .collect();
                Cow::Owned(PublicKeyPackage::new_internal(negated, group_key, keys.min_signers()))
            }
        };
        Ok((Cow::Borrowed(package), Cow::Borrowed(shares), keys))
    }

    fn generate_nonce<R: RngCore + CryptoRng>(rng: &mut R) -> (Scalar, Secp256k1Point) {
        let nonce = Self::random_scalar(rng);
        let commitment = Self::mul_base(&nonce);
        if commitment.has_even_y() { (nonce, commitment) } else { (-nonce, -commitment) }
    }

    fn challenge(
        commitment: &Secp256k1Point,
        key: &VerifyingKey<Self>,
        message: &[u8],
    ) -> Result<Challenge<Self>, Error<Self>> {
        let preimage = [&x_only(commitment)?, &x_only(&key.to_element())?, message].concat();
        Ok(Challenge::from_scalar(Self::H2(&preimage)))
    }

    fn compute_signature_share(
        commitment: &GroupCommitment<Self>,
        nonces: &SigningNonces<Self>,
        binding_factor: BindingFactor<Self>,
        lambda: Scalar,
        key: &KeyPackage<Self>,
        challenge: Challenge<Self>,
    ) -> SignatureShare<Self> {
        if commitment.clone().to_element().has_even_y() {
            frost_core::round2::compute_signature_share(nonces, binding_factor, lambda, key, challenge)
        } else {
            let nonces = minus(nonces);
            frost_core::round2::compute_signature_share(&nonces, binding_factor, lambda, key, challenge)
        }
    }

    fn verify_share(
        commitment: &GroupCommitment<Self>,
        share: &SignatureShare<Self>,
        identifier: Identifier<Self>,
        commitment_share: &GroupCommitmentShare<Self>,
        verifying_share: &VerifyingShare<Self>,
        lambda: Scalar,
        challenge: &Challenge<Self>,
    ) -> Result<(), Error<Self>> {
        let commitment_share = if commitment.clone().to_element().has_even_y() {
            *commitment_share
        } else {
            GroupCommitmentShare::from_element(-commitment_share.to_element())
        };
        share.verify(identifier, &commitment_share, verifying_share, lambda, challenge)
    }

    fn serialize_signature(signature: &Signature<Self>) -> Result<Vec<u8>, Error<Self>> {
        Ok([x_only(signature.R())?, Secp256k1Field::serialize(signature.z())].concat())
    }

    fn deserialize_signature(bytes: &[u8]) -> Result<Signature<Self>, Error<Self>> {
        let Some((x, z)) = bytes.split_first_chunk::<32>() else { return Err(Error::MalformedSignature) };
        let z: &[u8; 32] = z.try_into().map_err(|_| Error::MalformedSignature)?;
        let mut commitment = [2; 33];
        commitment[1..].copy_from_slice(x);
        Ok(Signature::new(Secp256k1Group::deserialize(&commitment)?, Secp256k1Field::deserialize(z)?))
    }
}

impl Curve for Secp256k1 {
    const POINT_LEN: usize = 33;

    fn point_to_bytes(point: &Secp256k1Point) -> Result<Vec<u8>, CurveError> {
        point.encode().map(Vec::from).ok_or(CurveError::Identity)
    }

    fn point_from_bytes(bytes: &[u8]) -> Result<Secp256k1Point, CurveError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| CurveError::Length { found: bytes.len(), expected: Self::POINT_LEN })?;
        decode(bytes)
    }

    fn normalize(points: &mut [Secp256k1Point]) {
        Secp256k1Point::normalize(points);
    }

    fn scalar_to_bytes(scalar: &Scalar) -> [u8; 32] {
        Secp256k1Field::serialize(scalar)
    }

    fn scalar_from_bytes(bytes: &[u8; 32]) -> Result<Scalar, CurveError> {
        Secp256k1Field::deserialize(bytes).map_err(|_| CurveError::ScalarRange)
    }

    fn hash_to_scalar(uniform: &[u8; 64]) -> Scalar {
        <Scalar as Reduce<U512>>::reduce_bytes(&(*uniform).into())
    }

    fn mul_base(scalar: &Scalar) -> Secp256k1Point {
        Secp256k1Point::computed(mul_generator(scalar))
    }

    fn negate(point: Secp256k1Point) -> Secp256k1Point {
        -point
    }

    fn multiscalar_vartime(terms: &[(Scalar, Secp256k1Point)]) -> Secp256k1Point {
        let known = terms.iter().map(|(scalar, point)| (*scalar, point.to_projective()));
        Secp256k1Point::computed(multiscalar_vartime(known))
    }

    fn scalar_from_u16(number: u16) -> Scalar {
        Scalar::from(u32::from(number))
    }
}
