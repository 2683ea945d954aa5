//! The key of an account and a path, from the network's key and the tweak.

use curve25519_dalek::constants::ED25519_BASEPOINT_TABLE;
use curve25519_dalek::edwards::CompressedEdwardsY;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::group::Group;
use k256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use k256::{AffinePoint, EncodedPoint, ProjectivePoint, Scalar};

use crate::{Curve, PublicKey, Tweak, ValueError};

impl PublicKey {
    /// Returns this key plus the tweak times the curve's base point.
    ///
    /// On secp256k1 the tweak is read big-endian and is not reduced; on edwards25519 it is read little-endian and reduced.
    ///
    /// # Errors
    /// [`ValueError::Tweak`] when the tweak is no scalar of secp256k1, [`ValueError::ChildKey`] when the sum is no key.
    pub fn child(&self, tweak: &Tweak) -> Result<Self, ValueError> {
        match self {
            Self::Secp256k1(root) => secp256k1_child(root, tweak),
            Self::Ed25519(root) => ed25519_child(root, tweak),
        }
    }
}

fn secp256k1_child(root: &[u8; 64], tweak: &Tweak) -> Result<PublicKey, ValueError> {
    let epsilon =
        Option::<Scalar>::from(Scalar::from_repr((*tweak.as_bytes()).into())).ok_or(ValueError::Tweak)?;
    let encoded = EncodedPoint::from_untagged_bytes(&(*root).into());
    let root = Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&encoded))
        .ok_or(ValueError::KeyPoint(Curve::Secp256k1))?;
    let child = ProjectivePoint::GENERATOR * epsilon + root;
    if bool::from(child.is_identity()) {
        return Err(ValueError::ChildKey);
    }
    let encoded = child.to_affine().to_encoded_point(false);
    let coordinates = encoded.as_bytes().get(1..).and_then(|bytes| bytes.try_into().ok());
    coordinates.map(PublicKey::Secp256k1).ok_or(ValueError::ChildKey)
}

fn ed25519_child(root: &[u8; 32], tweak: &Tweak) -> Result<PublicKey, ValueError> {
    let epsilon = curve25519_dalek::Scalar::from_bytes_mod_order(*tweak.as_bytes());
    let root = CompressedEdwardsY(*root).decompress().ok_or(ValueError::KeyPoint(Curve::Edwards25519))?;
    let child = ED25519_BASEPOINT_TABLE * &epsilon + root;
    if child.is_small_order() {
        Err(ValueError::ChildKey)
    } else {
        Ok(PublicKey::Ed25519(child.compress().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_child_of_secp256k1_holds() {
        let root: PublicKey =
            "secp256k1:3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu"
                .parse()
                .unwrap();
        assert_eq!(
            root.child(&Tweak::derive("hello", "my-path")).unwrap().to_string(),
            "secp256k1:4zvzanBjPrvRWAr3mjdPX9sSkS8GZTZ11L6V2pcAbmHRd3HHbTyboHdWauExDmHrEoWnbhDkUwnzVEa8hg52C55p"
        );
        assert_eq!(root.child(&Tweak::from_bytes([0xff; 32])), Err(ValueError::Tweak));
    }

    #[test]
    fn published_child_of_ed25519_holds() {
        let root: PublicKey = "ed25519:6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq".parse().unwrap();
        let PublicKey::Ed25519(child) = root.child(&Tweak::derive("hello", "my-path")).unwrap() else {
            panic!("another curve")
        };
        assert_eq!(hex::encode(child), "14a5f4002b886dffd3962c252a475ff17149ee4aa4f6049406c2817cb9a16aaa");
    }

    #[test]
    fn a_child_is_never_the_neutral_element() {
        let minus_generator = (-ProjectivePoint::GENERATOR).to_affine().to_encoded_point(false);
        let root = PublicKey::secp256k1(minus_generator.as_bytes()[1..].try_into().unwrap()).unwrap();
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(root.child(&Tweak::from_bytes(one)), Err(ValueError::ChildKey));
    }
}
