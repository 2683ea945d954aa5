//! What makes a signature one: s⁻¹·(h·G + r'·X') = R' as a full point. Everything in it is public.
//!
//! With the feature `libsecp256k1` and outside wasm, the C library of that name computes it. What it recovers from
//! (h, r', s) and the number of R' among the points with this r' is r'⁻¹·(s·R' − h·G), which is X' exactly if the
//! equation holds. No share, nonce or secret key ever reaches that library.

use k256::Scalar;
use quorate_threshold::suite::{Curve, Secp256k1};

use super::SigningPlan;

impl SigningPlan {
    /// Whether s, which is not zero and whose inverse is given, makes a signature.
    pub(super) fn accepts(&self, s: &Scalar, s_inverse: &Scalar) -> bool {
        self.recovers_key(s).unwrap_or_else(|| self.has_nonce_point(s_inverse))
    }

    fn has_nonce_point(&self, s_inverse: &Scalar) -> bool {
        let of_key = Secp256k1::multiscalar_vartime(&[(self.nonce_x * s_inverse, *self.key.point())]);
        Secp256k1::mul_base(&(self.digest * s_inverse)) + of_key == self.nonce_point
    }

    /// Asks the C library; `None` where there is none.
    #[cfg(not(all(feature = "libsecp256k1", not(target_family = "wasm"))))]
    const fn recovers_key(&self, _s: &Scalar) -> Option<bool> {
        None
    }

    /// Asks the C library; `None` for numbers that it does not take.
    #[cfg(all(feature = "libsecp256k1", not(target_family = "wasm")))]
    fn recovers_key(&self, s: &Scalar) -> Option<bool> {
        use secp256k1::Message;
        use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

        use crate::wire::scalar_bytes;

        let [r, s] = [&self.nonce_x, s].map(scalar_bytes);
        let nonce_id = RecoveryId::from_u8_masked(self.nonce_id);
        let signature = RecoverableSignature::from_compact(&[r, s].concat(), nonce_id).ok()?;
        let digest = Message::from_digest(scalar_bytes(&self.digest));
        Some(signature.recover_ecdsa(digest).is_ok_and(|key| key.serialize() == *self.key.public_key()))
    }
}

#[cfg(test)]
#[cfg(all(feature = "libsecp256k1", not(target_family = "wasm")))]
mod tests;
