//! BIP-32, public parent key to public child key.

use hmac::{Hmac, Mac};
use k256::Scalar;
use sha2::Sha512;

use super::taproot::tap_tweak;
use super::{Child, DeriveChild};
use crate::suite::{Curve, Secp256k1, Secp256k1Point};

impl DeriveChild for Secp256k1 {
    /// `I = HMAC-SHA512(chain code, serP(K) ‖ ser32(index))`: the left half is the tweak, the right half the
    /// child's chain code.
    fn child_tweak(point: &Secp256k1Point, chain_code: &[u8; 32], index: u32) -> Option<Child<Self>> {
        let parent = Self::point_to_bytes(point).ok()?;
        let mut mac = Hmac::<Sha512>::new_from_slice(chain_code).ok()?;
        mac.update(&parent);
        mac.update(&index.to_be_bytes());
        let digest: [u8; 64] = mac.finalize().into_bytes().into();
        let (left, right) = digest.split_first_chunk::<32>()?;
        Some(Child { tweak: Self::scalar_from_bytes(left).ok()?, chain_code: right.try_into().ok()? })
    }

    fn taproot_tweak(point: &Secp256k1Point) -> Option<Scalar> {
        tap_tweak(&point.x_only()?, None)
    }

    fn has_even_y(point: &Secp256k1Point) -> bool {
        point.has_even_y()
    }
}
