//! Between requests and bytes: what is proposed is built here, what others propose is checked here.

use quorate_chains::{self as chains, AccountKeys, Chain, ChainError, Network, Review, UnsignedTransaction};
use quorate_primitives::{KeyPurpose, Timestamp};
use quorate_session::signing::{Message, OpenError, Task, TaskKey};
use quorate_threshold::KeyShare;
use thiserror::Error;

use crate::accounts::Account;
use crate::command::{Content, Request};
use crate::error::CommandError;

/// A task whose bytes this device decoded itself: what is shown is what is signed.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) account: Account,
    pub(crate) keys: AccountKeys,
    pub(crate) unsigned: UnsignedTransaction,
    pub(crate) review: Review,
}

/// Why this device refuses a request by itself.
#[derive(Debug, Error)]
pub(crate) enum Unacceptable {
    #[error("request names a chain or network this device does not know: {0:?}")]
    UnknownChain(String),
    #[error("request is for a key path that belongs to no account")]
    UnknownAccount,
    #[error("request is under policy version {0}, and this device has version 0")]
    OtherPolicy(u32),
    #[error("what would be signed is not what the transaction says")]
    OtherMessages,
    #[error("{0}")]
    Chain(#[from] ChainError),
    #[error("wallet has no key for this chain")]
    NoKey,
    #[error("{0}")]
    Open(#[from] OpenError),
}

/// Builds what a request asks for.
pub(crate) fn prepare(shares: &[KeyShare], request: &Request) -> Result<(Verified, Signing), CommandError> {
    let account = Account { chain: request.chain, network: request.network, number: request.account };
    let keys = account.keys(shares)?;
    let unsigned = match &request.content {
        Content::Build { intent, context } => {
            let key = account.public_key(shares)?;
            chains::build(request.chain, request.network, &key, intent, context)?
        }
        Content::Import { bytes } => {
            let bytes = hex::decode(bytes).map_err(|_| CommandError::NotHexadecimal)?;
            chains::import(request.chain, request.network, &bytes)?
        }
    };
    let (review, signing) = decode(&unsigned, account, keys)?;
    Ok((Verified { account, keys, unsigned, review }, signing))
}

/// Builds what a request asks for and returns its review, for the proposer alone: with what the context claims about
/// tokens, which the others are not told.
pub(crate) fn preview(shares: &[KeyShare], request: &Request) -> Result<Review, CommandError> {
    let (verified, _) = prepare(shares, request)?;
    match &request.content {
        Content::Build { context, .. } => {
            Ok(chains::decode_with(&verified.unsigned, verified.keys, context)?.review)
        }
        Content::Import { .. } => Ok(verified.review),
    }
}

/// What is signed, and with which keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signing {
    pub(crate) keys: Vec<TaskKey>,
    pub(crate) messages: Vec<Message>,
}

/// Returns the session's task for a prepared request.
pub(crate) fn task(
    verified: &Verified,
    signing: Signing,
    plain: bool,
    note: String,
    expires: Timestamp,
    nonce: [u8; 32],
) -> Task {
    Task {
        keys: signing.keys,
        chain: format!("{}:{}", verified.account.chain, verified.account.network),
        payload: verified.unsigned.bytes.clone(),
        messages: signing.messages,
        plain,
        policy_version: 0,
        note,
        expires,
        nonce,
    }
}

/// Decodes a task that anybody may have made, and insists that its messages are those of its transaction.
pub(crate) fn verify(shares: &[KeyShare], task: &Task) -> Result<Verified, Unacceptable> {
    let unknown = || Unacceptable::UnknownChain(task.chain.clone());
    let (chain, network) = task.chain.split_once(':').ok_or_else(unknown)?;
    let chain: Chain = chain.parse().map_err(|_| unknown())?;
    let network: Network = network.parse().map_err(|_| unknown())?;
    if task.policy_version != 0 {
        return Err(Unacceptable::OtherPolicy(task.policy_version));
    }
    let key = task.keys.first().ok_or(Unacceptable::UnknownAccount)?;
    let account = Account::from_key(chain, network, key).ok_or(Unacceptable::UnknownAccount)?;
    let keys = account.keys(shares).map_err(|_| Unacceptable::NoKey)?;
    let unsigned = UnsignedTransaction { chain, network, bytes: task.payload.clone() };
    let (review, signing) = decode(&unsigned, account, keys)?;
    if (&signing.messages, &signing.keys) != (&task.messages, &task.keys) {
        return Err(Unacceptable::OtherMessages);
    }
    Ok(Verified { account, keys, unsigned, review })
}

/// Understands the transaction, and returns what each of the account's keys signs: keys in the order of first use.
fn decode(
    unsigned: &UnsignedTransaction,
    account: Account,
    keys: AccountKeys,
) -> Result<(Review, Signing), ChainError> {
    let decoded = chains::decode(unsigned, keys)?;
    let mut purposes: Vec<KeyPurpose> = Vec::new();
    let mut messages = Vec::new();
    for request in decoded.requests {
        let purpose = request.purpose();
        let position = purposes.iter().position(|known| *known == purpose).unwrap_or_else(|| {
            purposes.push(purpose);
            purposes.len() - 1
        });
        // There are three purposes.
        let key = u8::try_from(position).unwrap_or(u8::MAX);
        messages.push(Message { key, bytes: request.payload });
    }
    let keys = purposes.into_iter().map(|purpose| account.task_key(purpose)).collect();
    Ok((decoded.review, Signing { keys, messages }))
}
