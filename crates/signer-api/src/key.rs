//! Public keys as NEAR writes them.

use core::fmt;
use core::str::FromStr;

use curve25519_dalek::edwards::CompressedEdwardsY;
use k256::elliptic_curve::sec1::FromEncodedPoint;
use k256::{AffinePoint, EncodedPoint};
use serde::{Deserialize, Serialize};

use crate::{Curve, ValueError};

/// No text of 64 bytes in base58 is longer.
const MAX_BASE58: usize = 88;

/// A public key: `secp256k1:` and base58 of x and y, or `ed25519:` and base58 of the compressed point.
///
/// A decoded one is a point of its curve, canonically written, and of no small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PublicKey {
    /// The coordinates x and y, big-endian.
    Secp256k1([u8; 64]),
    /// The compressed point.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Checks that the bytes are a point of secp256k1.
    ///
    /// # Errors
    /// [`ValueError::KeyPoint`]
    pub fn secp256k1(bytes: [u8; 64]) -> Result<Self, ValueError> {
        let encoded = EncodedPoint::from_untagged_bytes(&bytes.into());
        match Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&encoded)) {
            Some(_) => Ok(Self::Secp256k1(bytes)),
            None => Err(ValueError::KeyPoint(Curve::Secp256k1)),
        }
    }

    /// Checks that the bytes are a point of edwards25519, canonical and not of small order.
    ///
    /// # Errors
    /// [`ValueError::KeyPoint`]
    pub fn ed25519(bytes: [u8; 32]) -> Result<Self, ValueError> {
        let point = CompressedEdwardsY(bytes).decompress();
        match point.filter(|point| !point.is_small_order() && point.compress().0 == bytes) {
            Some(_) => Ok(Self::Ed25519(bytes)),
            None => Err(ValueError::KeyPoint(Curve::Edwards25519)),
        }
    }

    /// Returns the curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        match self {
            Self::Secp256k1(_) => Curve::Secp256k1,
            Self::Ed25519(_) => Curve::Edwards25519,
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secp256k1(bytes) => {
                write!(formatter, "secp256k1:{}", bs58::encode(bytes).into_string())
            }
            Self::Ed25519(bytes) => write!(formatter, "ed25519:{}", bs58::encode(bytes).into_string()),
        }
    }
}

impl FromStr for PublicKey {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Some(encoded) = text.strip_prefix("secp256k1:") {
            return Self::secp256k1(bytes_of(Curve::Secp256k1, encoded)?);
        }
        match text.strip_prefix("ed25519:") {
            Some(encoded) => Self::ed25519(bytes_of(Curve::Edwards25519, encoded)?),
            None => Err(ValueError::KeyPrefix),
        }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// Base58 keeps leading zero bytes as leading `1`s; the length is checked, never padded.
fn bytes_of<const N: usize>(curve: Curve, encoded: &str) -> Result<[u8; N], ValueError> {
    let wrong = ValueError::KeyLength { curve, expected: N };
    if encoded.len() > MAX_BASE58 {
        return Err(wrong);
    }
    let bytes = bs58::decode(encoded).into_vec().map_err(|_| wrong.clone())?;
    <[u8; N]>::try_from(bytes).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use k256::ProjectivePoint;
    use k256::elliptic_curve::sec1::ToEncodedPoint;

    use super::*;

    #[test]
    fn keys_whose_x_starts_with_zeros_survive() {
        let mut point = ProjectivePoint::GENERATOR;
        let mut zero_nibbles = 0;
        let mut zero_bytes = 0;
        for _ in 0..4096 {
            let encoded = point.to_affine().to_encoded_point(false);
            let key = PublicKey::secp256k1(encoded.as_bytes()[1..].try_into().unwrap()).unwrap();
            let PublicKey::Secp256k1(bytes) = key else { panic!("another curve") };
            zero_nibbles += u32::from(bytes[0] < 16);
            zero_bytes += u32::from(bytes[0] == 0);
            assert_eq!(key.to_string().parse(), Ok(key));
            point += ProjectivePoint::GENERATOR;
        }
        assert!(zero_nibbles > 100 && zero_bytes > 4, "{zero_nibbles} and {zero_bytes}");
    }

    #[test]
    fn refuses_what_is_no_key() {
        let generator = PublicKey::from_str("ed25519:6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq").unwrap();
        assert_eq!(generator.curve(), Curve::Edwards25519);
        let small_order = format!("ed25519:{}", bs58::encode([0_u8; 32]).into_string());
        let zeros = format!("secp256k1:{}", bs58::encode([0_u8; 64]).into_string());
        let short = format!("secp256k1:{}", bs58::encode([2_u8; 63]).into_string());
        for (text, error) in [
            ("6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq", ValueError::KeyPrefix),
            ("bls12381g2:abc", ValueError::KeyPrefix),
            (&small_order, ValueError::KeyPoint(Curve::Edwards25519)),
            (&zeros, ValueError::KeyPoint(Curve::Secp256k1)),
            (&short, ValueError::KeyLength { curve: Curve::Secp256k1, expected: 64 }),
            ("ed25519:0OIl", ValueError::KeyLength { curve: Curve::Edwards25519, expected: 32 }),
            (
                &format!("ed25519:{}", "z".repeat(100_000)),
                ValueError::KeyLength { curve: Curve::Edwards25519, expected: 32 },
            ),
        ] {
            assert_eq!(text.parse::<PublicKey>(), Err(error));
        }
    }
}
