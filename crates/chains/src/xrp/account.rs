//! Accounts: the hash of a key, and its address in base58 with XRP's own alphabet.

use k256::elliptic_curve::sec1::ToEncodedPoint;

use crate::error::AddressFault;
use crate::hash::hash160;
use crate::transaction::Address;

/// What an address begins with before it is base58, which makes it begin with `r`.
const CLASSIC: u8 = 0;
/// What X-addresses begin with, on the main and on the test network.
const X_ADDRESS: [[u8; 2]; 2] = [[0x05, 0x44], [0x04, 0x93]];
/// An X-address is its beginning, an account, a flag and a tag.
const X_ADDRESS_LEN: usize = 31;
/// Longer addresses do not exist.
const MAX_LEN: usize = 64;

pub(super) type AccountId = [u8; 20];

/// The accounts that everybody knows to have no key.
pub(super) const NOBODY: [AccountId; 2] =
    [[0; 20], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]];

pub(super) fn of_key(key: &k256::PublicKey) -> AccountId {
    hash160(key.to_encoded_point(true).as_bytes())
}

pub(super) fn address(account: &AccountId) -> Address {
    let bytes = [&[CLASSIC], account.as_slice()].concat();
    Address::new(bs58::encode(bytes).with_alphabet(bs58::Alphabet::RIPPLE).with_check().into_string())
}

/// Reads a classic address.
pub(super) fn parse(text: &str) -> Result<AccountId, AddressFault> {
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(AddressFault::Length);
    }
    let decoded = bs58::decode(text).with_alphabet(bs58::Alphabet::RIPPLE).with_check(None).into_vec();
    let bytes = decoded.map_err(|error| match error {
        bs58::decode::Error::InvalidChecksum { .. } | bs58::decode::Error::NoChecksum => {
            AddressFault::Checksum
        }
        _ => AddressFault::Characters,
    })?;
    match bytes.split_first() {
        Some((&CLASSIC, account)) => account.try_into().map_err(|_| AddressFault::Length),
        _ if bytes.len() == X_ADDRESS_LEN && X_ADDRESS.iter().any(|start| bytes.starts_with(start)) => {
            Err(AddressFault::Tagged)
        }
        _ => Err(AddressFault::UnknownKind),
    }
}
