//! The number that leads from the network's key to an account's.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

/// What the derivation of version 0.1.0 begins with.
const PREFIX: &[u8] = b"near-mpc-recovery v0.1.0 epsilon derivation:";

/// The order of secp256k1, big-endian.
const SECP256K1_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// SHA3-256 over the requesting account and its path: added to the network's key, it gives the account's key.
///
/// The domain is not part of it: different root keys separate the domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tweak([u8; 32]);

impl Tweak {
    /// Wraps bytes that a request carries.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Derives the tweak of `predecessor`, the account that calls `sign`, and `path`.
    ///
    /// # Security
    /// Account names have no comma, so no two pairs have the same input.
    #[must_use]
    pub fn derive(predecessor: &str, path: &str) -> Self {
        let hash = Sha3_256::new()
            .chain_update(PREFIX)
            .chain_update(predecessor)
            .chain_update(",")
            .chain_update(path);
        Self(hash.finalize().into())
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Whether the big-endian number is below the order of secp256k1.
pub fn is_secp256k1_scalar(bytes: &[u8; 32]) -> bool {
    bytes.cmp(&SECP256K1_ORDER) == Ordering::Less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors_hold() {
        for (predecessor, path, tweak) in [
            ("dwefqwg", "frwewegwegweg", "ad2d6fc1f445a1b43830415e7e6e3d03cd077673047848a085f130c24f53ee00"),
            ("dwefqwg", "fwei2.3f230", "5f76eba48a20e3dd355e38f512c142ab8c8da4999f6b32ecd326d227b44ac05a"),
            ("dwefqwg", "f23fjwef8232", "d133f73abcb3c7cb944dcc0dd3bf72dd89fdc3cf988c9f025af571a205c9b730"),
            ("dwefqwg", "fwefwo23fewfw", "3dd0192c45be59eee3dd0ba62776864245f7aac29514314b80baab2057453ec7"),
            (
                "qfweqwgwegqw",
                "frwewegwegweg",
                "510cd39f09b3c1bdc1fd655ce57ab29eb20dfce647584727fcca0e483163a8d0",
            ),
            (
                "fnwef0942534",
                "fwefwo23fewfw",
                "91da4d8973ea3ccaad9c7b71cb81fa512c4cc939c5157cdbf6a9605d3d1ce4a2",
            ),
            ("hello", "my-path", "da30fae7557313c718e04d4691596618ce0f4d2d31d5c23cbc216ad0a86d2818"),
        ] {
            assert_eq!(
                hex::encode(Tweak::derive(predecessor, path).as_bytes()),
                tweak,
                "{predecessor},{path}"
            );
        }
    }

    #[test]
    fn a_scalar_is_below_the_order() {
        let mut below = SECP256K1_ORDER;
        below[31] -= 1;
        assert!(is_secp256k1_scalar(&below));
        assert!(!is_secp256k1_scalar(&SECP256K1_ORDER));
        assert!(!is_secp256k1_scalar(&[0xff; 32]));
    }

    #[test]
    fn h6_other_accounts_and_paths_have_other_tweaks() {
        let accounts = ["alice.near", "bob.near", "a", "alice.near2"];
        let mut seen: Vec<Tweak> = accounts
            .iter()
            .flat_map(|account| (0..2000).map(move |path| Tweak::derive(account, &format!("p{path}"))))
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4 * 2000);
    }
}
