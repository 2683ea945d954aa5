//! Accounts: types of keys, what they hash with, and addresses in bech32.

use bech32::primitives::decode::{CheckedHrpstring, CheckedHrpstringError};
use bech32::{Bech32, Hrp};
use k256::elliptic_curve::sec1::ToEncodedPoint;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use crate::context::CosmosKey;
use crate::error::AddressFault;
use crate::hash::hash160;

/// Longer addresses do not exist.
const MAX_LEN: usize = 90;
/// Longer prefixes do not exist.
const MAX_PREFIX: usize = 20;

/// What the type of a key decides.
pub(super) trait KeyOf: Sized {
    /// The byte that stands for the type.
    fn code(self) -> u8;
    fn of_code(code: u8) -> Option<Self>;
    /// The name in protobuf.
    fn type_url(self) -> &'static str;
    fn of_type_url(url: &str) -> Option<Self>;
    /// The name in amino's JSON.
    fn amino(self) -> &'static str;
    /// The account of a key, 20 bytes.
    fn account(self, key: &k256::PublicKey) -> Vec<u8>;
    /// The digest of what is signed.
    fn digest(self, bytes: &[u8]) -> [u8; 32];
}

const ALL: [CosmosKey; 4] =
    [CosmosKey::Secp256k1, CosmosKey::Ethermint, CosmosKey::CosmosEvm, CosmosKey::Injective];

impl KeyOf for CosmosKey {
    fn code(self) -> u8 {
        match self {
            Self::Secp256k1 => 0,
            Self::Ethermint => 1,
            Self::CosmosEvm => 2,
            Self::Injective => 3,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        ALL.into_iter().find(|key_type| key_type.code() == code)
    }

    fn type_url(self) -> &'static str {
        match self {
            Self::Secp256k1 => "/cosmos.crypto.secp256k1.PubKey",
            Self::Ethermint => "/ethermint.crypto.v1.ethsecp256k1.PubKey",
            Self::CosmosEvm => "/cosmos.evm.crypto.v1.ethsecp256k1.PubKey",
            Self::Injective => "/injective.crypto.v1beta1.ethsecp256k1.PubKey",
        }
    }

    fn of_type_url(url: &str) -> Option<Self> {
        ALL.into_iter().find(|key_type| key_type.type_url() == url)
    }

    fn amino(self) -> &'static str {
        match self {
            Self::Secp256k1 => "tendermint/PubKeySecp256k1",
            Self::Ethermint => "ethermint/PubKeyEthSecp256k1",
            Self::CosmosEvm => "os/PubKeyEthSecp256k1",
            Self::Injective => "injective/PubKeyEthSecp256k1",
        }
    }

    fn account(self, key: &k256::PublicKey) -> Vec<u8> {
        match self {
            Self::Secp256k1 => hash160(key.to_encoded_point(true).as_bytes()).to_vec(),
            Self::Ethermint | Self::CosmosEvm | Self::Injective => {
                // Both coordinates, without the byte in front that says so.
                let point = key.to_encoded_point(false);
                Keccak256::digest(point.as_bytes().get(1..).unwrap_or_default())
                    .iter()
                    .skip(12)
                    .copied()
                    .collect()
            }
        }
    }

    fn digest(self, bytes: &[u8]) -> [u8; 32] {
        match self {
            Self::Secp256k1 => sha256(bytes),
            Self::Ethermint | Self::CosmosEvm | Self::Injective => Keccak256::digest(bytes).into(),
        }
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns an address; `None` for a prefix that none is.
pub(super) fn encode(prefix: &str, account: &[u8]) -> Option<String> {
    if !is_prefix(prefix) || !is_account(account) {
        return None;
    }
    bech32::encode::<Bech32>(Hrp::parse(prefix).ok()?, account).ok()
}

/// Reads an address of any chain and returns its prefix and its account.
pub(super) fn parse(text: &str) -> Result<(String, Vec<u8>), AddressFault> {
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(AddressFault::Length);
    }
    let parsed = CheckedHrpstring::new::<Bech32>(text).map_err(|error| match error {
        CheckedHrpstringError::Checksum(_) => AddressFault::Checksum,
        _ => AddressFault::Characters,
    })?;
    let (prefix, account) = (parsed.hrp().to_lowercase(), parsed.byte_iter().collect::<Vec<_>>());
    if !is_account(&account) {
        return Err(AddressFault::Length);
    }
    if !is_prefix(&prefix) {
        return Err(AddressFault::Characters);
    }
    let canonical = encode(&prefix, &account);
    // The bits that fill up the last character are zero, or there are two spellings.
    if canonical.is_none_or(|canonical| canonical != text.to_ascii_lowercase()) {
        return Err(AddressFault::Spelling);
    }
    Ok((prefix, account))
}

/// Accounts of keys have 20 bytes, those of modules and contracts 32.
fn is_account(account: &[u8]) -> bool {
    matches!(account.len(), 20 | 32)
}

fn is_prefix(prefix: &str) -> bool {
    let is_character = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=MAX_PREFIX).contains(&prefix.len()) && prefix.bytes().all(is_character)
}
