//! Judging a document and putting it into words.

use super::CosmosRefusal;
use super::account::{self, KeyOf};
use super::model::{Coin, Transaction, are_coins};
use super::registry::{self, Known};
use super::words::Words;
use crate::adapter::Account;
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::context::CosmosKey;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;

/// The most gas that a payment is given; it uses about 100,000.
const MAX_GAS: u64 = 10_000_000;
/// The longest memo that chains take unless they were told otherwise.
const MAX_MEMO: usize = 256;
/// Longer chain ids do not exist.
const MAX_CHAIN_ID: usize = 50;
/// Above this share of what is paid, in percent, a fee is pointed out.
const HIGH_FEE_PERCENT: u128 = 10;

pub(super) fn of_words(account: Account<'_>, words: &Words) -> Result<Review, ChainError> {
    check_own(account, words.key_type, "signer", &words.signer)?;
    let mut review = Review::new(Chain::Cosmos, account.network, "Sign words; nothing is paid");
    review.line("Account", &words.signer);
    review.words("Words", &words.words);
    review.line("Form", "ADR-036");
    review.line("Key", words.key_type.type_url());
    Ok(review)
}

pub(super) fn of_transaction(account: Account<'_>, transaction: &Transaction) -> Result<Review, ChainError> {
    account.key.secp256k1(Chain::Cosmos)?;
    if transaction.key.is_some_and(|key| account.key.as_bytes() != key) {
        return Err(CosmosRefusal::ForeignKey.into());
    }
    let prefix = check_own(account, transaction.key_type, "from_address", &transaction.from)?;
    let (found, _) = canonical("to_address", &transaction.to)?;
    if found != prefix {
        return Err(CosmosRefusal::OtherPrefix { expected: prefix, found }.into());
    }
    let known = check_chain(account.network, transaction, &prefix)?;
    check_contents(transaction)?;
    check_fee(known, transaction)?;
    Ok(describe(account, known, transaction))
}

/// Returns the prefix of an address that must be the account's.
fn check_own(
    account: Account<'_>,
    key_type: CosmosKey,
    field: &'static str,
    address: &str,
) -> Result<String, ChainError> {
    let key = account.key.secp256k1(Chain::Cosmos)?;
    let (prefix, found) = canonical(field, address)?;
    if found == key_type.account(&key) { Ok(prefix) } else { Err(CosmosRefusal::ForeignAccount.into()) }
}

/// Reads an address in its canonical spelling.
fn canonical(field: &'static str, address: &str) -> Result<(String, Vec<u8>), ChainError> {
    let parsed = account::parse(address).ok();
    let parsed =
        parsed.filter(|(prefix, account)| account::encode(prefix, account).as_deref() == Some(address));
    parsed.ok_or(CosmosRefusal::Address { field }.into())
}

/// A chain that is known has its own prefix, type of key and network.
fn check_chain(
    network: Network,
    transaction: &Transaction,
    prefix: &str,
) -> Result<Option<&'static Known>, ChainError> {
    let chain_id = &transaction.chain_id;
    let is_character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(1..=MAX_CHAIN_ID).contains(&chain_id.len()) || !chain_id.bytes().all(is_character) {
        return Err(CosmosRefusal::ChainId.into());
    }
    let Some(known) = registry::known(chain_id) else { return Ok(None) };
    let chain_id = chain_id.clone();
    if known.network != network {
        return Err(CosmosRefusal::OtherNetwork { chain_id, network: known.network }.into());
    }
    if known.prefix != prefix {
        let (expected, found) = (known.prefix.to_owned(), prefix.to_owned());
        return Err(CosmosRefusal::Prefix { chain_id, expected, found }.into());
    }
    if known.key_type != transaction.key_type {
        return Err(CosmosRefusal::KeyOfChain { chain_id }.into());
    }
    Ok(Some(known))
}

fn check_contents(transaction: &Transaction) -> Result<(), ChainError> {
    if transaction.memo.len() > MAX_MEMO || transaction.memo.chars().any(char::is_control) {
        return Err(CosmosRefusal::Memo.into());
    }
    if transaction.amount.is_empty() || !are_coins(&transaction.amount) {
        return Err(CosmosRefusal::Coins { field: "amount" }.into());
    }
    if !are_coins(&transaction.fee) {
        return Err(CosmosRefusal::Coins { field: "fee" }.into());
    }
    if !(1..=MAX_GAS).contains(&transaction.gas) {
        return Err(CosmosRefusal::Gas { gas: transaction.gas, max: MAX_GAS }.into());
    }
    Ok(())
}

/// The fee is capped in the denomination that is known; of others the review says that they are not.
fn check_fee(known: Option<&Known>, transaction: &Transaction) -> Result<(), ChainError> {
    for coin in &transaction.fee {
        let Some(known) = known.filter(|known| known.denom == coin.denom) else { continue };
        let max = 10_u128.saturating_pow(known.decimals.into()).saturating_mul(known.max_fee);
        if coin.amount > max {
            let text = |amount| format!("{} {}", format_amount(amount, known.decimals), known.unit);
            return Err(CosmosRefusal::Fee { fee: text(coin.amount), max: text(max) }.into());
        }
    }
    Ok(())
}

fn describe(account: Account<'_>, known: Option<&Known>, transaction: &Transaction) -> Review {
    let pay = words_of(known, &transaction.amount);
    let title = format!("Send {pay} to {}", transaction.to);
    let mut review = Review::new(Chain::Cosmos, account.network, &title);
    review.line("Chain id", &transaction.chain_id);
    review.line("From", &transaction.from);
    review.line("To", &transaction.to);
    review.line("Pay", &pay);
    if transaction.memo.is_empty() {
        review.line("Memo", "none");
    } else {
        review.words("Memo", &transaction.memo);
    }
    let fee = if transaction.fee.is_empty() { "none".to_owned() } else { words_of(known, &transaction.fee) };
    review.line("Fee", &fee);
    review.line("Gas", format!("at most {}", transaction.gas));
    review.line("Account number", transaction.account_number.to_string());
    review.line("Sequence", transaction.sequence.to_string());
    if transaction.timeout_height > 0 {
        review.line("Valid", format!("up to block {}", transaction.timeout_height));
    }
    let form = if transaction.key.is_some() { "SIGN_MODE_DIRECT" } else { "SIGN_MODE_LEGACY_AMINO_JSON" };
    review.line("Form", form);
    review.line("Key", transaction.key_type.type_url());
    warn(&mut review, known, transaction);
    review.fee = Some(fee);
    review
}

fn warn(review: &mut Review, known: Option<&Known>, transaction: &Transaction) {
    if known.is_none() && review.network == Network::Mainnet {
        review.warn("this chain id is not known here: make sure that it is the chain you mean");
    }
    if transaction.from == transaction.to {
        review.warn("the account pays itself");
    }
    for fee in &transaction.fee {
        if known.is_none_or(|known| known.denom != fee.denom) {
            review.warn(format!("the fee has no cap: {} is not known here", fee.denom));
        }
        let paid = transaction.amount.iter().find(|coin| coin.denom == fee.denom);
        let percent = paid.and_then(|paid| fee.amount.saturating_mul(100).checked_div(paid.amount));
        if let Some(percent) = percent.filter(|percent| *percent >= HIGH_FEE_PERCENT) {
            review.warn(format!("the fee is {percent} % of what is paid"));
        }
    }
}

/// Returns coins in base units, and in main units where those are known.
fn words_of(known: Option<&Known>, coins: &[Coin]) -> String {
    let coin = |coin: &Coin| match known.filter(|known| known.denom == coin.denom) {
        Some(known) => {
            let main = format_amount(coin.amount, known.decimals);
            format!("{main} {} ({} {})", known.unit, coin.amount, coin.denom)
        }
        None => format!("{} {}", coin.amount, coin.denom),
    };
    coins.iter().map(coin).collect::<Vec<_>>().join(" and ")
}
