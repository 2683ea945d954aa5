//! A payment, as both sign modes say it.

use crate::context::CosmosKey;

/// A transaction with one `MsgSend`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) chain_id: String,
    pub(super) account_number: u64,
    pub(super) sequence: u64,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) amount: Vec<Coin>,
    pub(super) memo: String,
    /// The last block that may take it; 0 for none.
    pub(super) timeout_height: u64,
    pub(super) fee: Vec<Coin>,
    pub(super) gas: u64,
    pub(super) key_type: CosmosKey,
    /// The key, which only SIGN_MODE_DIRECT commits to: without it the mode is SIGN_MODE_LEGACY_AMINO_JSON.
    pub(super) key: Option<[u8; 33]>,
}

/// An amount of one denomination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coin {
    pub(super) denom: String,
    pub(super) amount: u128,
}

/// The longest list of coins that is signed.
const MAX_COINS: usize = 8;

/// Whether coins are as the SDK takes them: by denomination in ascending order, each once, none of nothing.
pub(super) fn are_coins(coins: &[Coin]) -> bool {
    let ascend = coins.is_sorted_by(|a, b| a.denom < b.denom);
    ascend && coins.len() <= MAX_COINS && coins.iter().all(|coin| coin.amount > 0 && is_denom(&coin.denom))
}

/// Whether text is a denomination: three to 128 characters, the first a letter.
fn is_denom(denom: &str) -> bool {
    let is_character =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b':' | b'.' | b'_' | b'-');
    (3..=128).contains(&denom.len())
        && denom.starts_with(|first: char| first.is_ascii_alphabetic())
        && denom.bytes().all(is_character)
}

/// Reads an amount in its only spelling.
pub(super) fn amount(text: &str) -> Option<u128> {
    text.parse().ok().filter(|amount: &u128| amount.to_string() == text)
}
