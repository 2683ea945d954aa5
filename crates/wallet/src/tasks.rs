//! Between requests and bytes: what is proposed is built here, what others propose is checked here.

use quorate_chains::{self as chains, Chain, ChainError, Network, PublicKey, Review, UnsignedTransaction};
use quorate_primitives::Timestamp;
use quorate_session::signing::Task;
use quorate_threshold::KeyShare;
use thiserror::Error;

use crate::accounts::{Account, share_for};
use crate::command::{Content, Request};
use crate::error::CommandError;

/// A task whose bytes this device decoded itself: what is shown is what is signed.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) account: Account,
    pub(crate) key: PublicKey,
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
}

/// Builds what a request asks for.
pub(crate) fn prepare(
    shares: &[KeyShare],
    request: &Request,
) -> Result<(Verified, Vec<Vec<u8>>), CommandError> {
    let share = share_for(shares, request.chain)?;
    let account = Account { chain: request.chain, network: request.network, number: request.account };
    let key = account.public_key(&share.public)?;
    let unsigned = match &request.content {
        Content::Build { intent, context } => {
            chains::build(request.chain, request.network, &key, intent, context)?
        }
        Content::Import { bytes } => {
            let bytes = hex::decode(bytes).map_err(|_| CommandError::NotHexadecimal)?;
            chains::import(request.chain, request.network, &bytes)?
        }
    };
    let (review, messages) = decode(&unsigned, &key)?;
    Ok((Verified { account, key, unsigned, review }, messages))
}

/// Makes the task that travels to the other members.
pub(crate) fn task(
    verified: &Verified,
    messages: Vec<Vec<u8>>,
    note: String,
    expires: Timestamp,
    nonce: [u8; 32],
) -> Task {
    Task {
        purpose: verified.account.chain.purpose(),
        derivation: verified.account.derivation(),
        chain: format!("{}:{}", verified.account.chain, verified.account.network),
        payload: verified.unsigned.bytes.clone(),
        messages,
        policy_version: 0,
        note,
        expires,
        nonce,
    }
}

/// Decodes another member's task from its bytes, and checks that these are what would be signed.
pub(crate) fn verify(shares: &[KeyShare], task: &Task) -> Result<Verified, Unacceptable> {
    let unknown = || Unacceptable::UnknownChain(task.chain.clone());
    let (chain, network) = task.chain.split_once(':').ok_or_else(unknown)?;
    let chain: Chain = chain.parse().map_err(|_| unknown())?;
    let network: Network = network.parse().map_err(|_| unknown())?;
    if task.policy_version != 0 {
        return Err(Unacceptable::OtherPolicy(task.policy_version));
    }
    let account =
        Account::from_derivation(chain, network, &task.derivation).ok_or(Unacceptable::UnknownAccount)?;
    let share = share_for(shares, chain).map_err(|_| Unacceptable::NoKey)?;
    let key = account.public_key(&share.public).map_err(|_| Unacceptable::UnknownAccount)?;
    let unsigned = UnsignedTransaction { chain, network, bytes: task.payload.clone() };
    let (review, messages) = decode(&unsigned, &key)?;
    if messages != task.messages || task.purpose != chain.purpose() {
        return Err(Unacceptable::OtherMessages);
    }
    Ok(Verified { account, key, unsigned, review })
}

/// Decodes unsigned bytes to what a person reads and what the key signs.
fn decode(unsigned: &UnsignedTransaction, key: &PublicKey) -> Result<(Review, Vec<Vec<u8>>), ChainError> {
    let decoded = chains::decode(unsigned, key)?;
    Ok((decoded.review, decoded.requests.into_iter().map(|request| request.payload).collect()))
}
