//! Judging a transaction and putting it into words.

use super::NearRefusal;
use super::account::{self, is_implicit};
use super::message::Nep413;
use super::model::{Action, FunctionCall, Transaction};
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;
use crate::text::{base58, escape};

/// The most gas that the actions of a transaction can have together.
const MAX_GAS: u64 = 300_000_000_000_000;

/// Longer names of methods do not exist.
const MAX_METHOD: usize = 256;

pub(super) fn of_words(network: Network, key: &[u8; 32], message: &Nep413) -> Result<Review, ChainError> {
    let mut review = Review::new(Chain::Near, network, "Sign words; nothing is paid");
    review.line("Key", format!("ed25519:{}", base58(key)));
    review.words("Words", &message.message);
    review.words("For", &message.recipient);
    if let Some(url) = &message.callback_url {
        review.words("Sent to", url);
    }
    review.line("Nonce", hex::encode(message.nonce));
    review.line("Form", "NEP-413");
    Ok(review)
}

pub(super) fn of_transaction(
    network: Network,
    key: &[u8; 32],
    transaction: &Transaction,
) -> Result<Review, ChainError> {
    check_signer(network, key, transaction)?;
    account::check(network, &transaction.receiver_id)?;
    let total = check_actions(&transaction.actions)?;
    let receiver = &transaction.receiver_id;
    let title = match transaction.actions.as_slice() {
        [Action::Transfer(deposit)] => format!("Send {} to {receiver}", near(*deposit)),
        [Action::FunctionCall(call)] => format!("Call {} of {receiver}", escape(&call.method_name)),
        several => format!("Do {} things at {receiver}", several.len()),
    };
    let mut review = Review::new(Chain::Near, network, "");
    review.title = title;
    review.line("From", &transaction.signer_id);
    for (index, action) in (1..).zip(&transaction.actions) {
        match action {
            Action::Transfer(deposit) => {
                review.line(&format!("{index}. Pay"), format!("{} to {receiver}", near(*deposit)));
            }
            Action::FunctionCall(call) => call_lines(&mut review, index, receiver, call),
        }
    }
    if transaction.actions.len() > 1 {
        review.line("Paid in all", near(total));
    }
    if *receiver == transaction.signer_id {
        review.warn("the receiver is the account itself");
    }
    review.line("Nonce", transaction.nonce.to_string());
    let hash = base58(&transaction.block_hash);
    review.line("Valid", format!("about a day, on the network that has block {hash}"));
    Ok(review)
}

/// The key is ours, and the account is not one that can only be another key's.
fn check_signer(network: Network, key: &[u8; 32], transaction: &Transaction) -> Result<(), ChainError> {
    let signer = &transaction.signer_id;
    account::check(network, signer)?;
    if transaction.public_key != *key {
        let found = format!("ed25519:{}", base58(&transaction.public_key));
        return Err(NearRefusal::ForeignKey { found }.into());
    }
    if is_implicit(signer) && *signer != account::implicit(key) {
        return Err(NearRefusal::ForeignSigner { found: signer.clone() }.into());
    }
    if transaction.nonce == 0 {
        return Err(NearRefusal::Nonce { nonce: 0 }.into());
    }
    Ok(())
}

/// Returns what all actions pay together.
fn check_actions(actions: &[Action]) -> Result<u128, ChainError> {
    if actions.is_empty() {
        return Err(NearRefusal::NoAction.into());
    }
    let mut total = 0_u128;
    let mut gas = 0_u128;
    for action in actions {
        let deposit = match action {
            Action::Transfer(deposit) => *deposit,
            Action::FunctionCall(call) => {
                gas = gas.saturating_add(call.gas.into());
                if !(1..=MAX_METHOD).contains(&call.method_name.len()) {
                    return Err(ChainError::InvalidField {
                        field: "method",
                        expected: "a name of 1 to 256 bytes",
                    });
                }
                call.deposit
            }
        };
        total = total.checked_add(deposit).ok_or(ChainError::Overflow { chain: Chain::Near })?;
    }
    if gas > MAX_GAS.into() {
        return Err(NearRefusal::Gas { gas, max: MAX_GAS }.into());
    }
    Ok(total)
}

fn call_lines(review: &mut Review, index: usize, receiver: &str, call: &FunctionCall) {
    let label = |what: &str| format!("{index}. {what}");
    review.words(&label("Call"), &call.method_name);
    review.line(&label("Contract"), receiver);
    match core::str::from_utf8(&call.args) {
        Ok("") => review.line(&label("Arguments"), "none"),
        Ok(args) => review.words(&label("Arguments"), args),
        Err(_) => {
            review.line(&label("Arguments"), format!("bytes {}", hex::encode(&call.args)));
            review.warn(format!("{}: not text; only the contract knows what they mean", label("Arguments")));
        }
    }
    review.line(&label("Pay"), near(call.deposit));
    review.line(&label("Gas"), format!("at most {} Tgas", format_amount(call.gas.into(), 12)));
}

fn near(yocto: u128) -> String {
    format!("{} {}", format_amount(yocto, Chain::Near.decimals()), Chain::Near.unit())
}
