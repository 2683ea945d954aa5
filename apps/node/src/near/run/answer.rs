//! What the RPC said, on its way to the machine that asked.

use thiserror::Error;
use tracing::{debug, warn};

use super::{Shell, wall_clock};
use crate::events::{BlockRef, ContractView, SubmitFault};
use crate::near::answers::{AccessKey, Account, Block, Chunk, Permission, TransactionResult};
use crate::near::client::RpcError;
use crate::near::contract::ViewFault;
use crate::near::hash::Hash;
use crate::near::requests::RequestKey;
use crate::near::submit::{Confirmation, JobId, Outcome, Trouble, outcome_of};

/// An answer, and what it answers.
pub enum Answer {
    Head(Result<Block, RpcError>),
    Block(Hash, Result<Block, RpcError>),
    Body(BlockRef, Result<Vec<Chunk>, RpcError>),
    Pending(RequestKey, Result<(Option<Hash>, u64), Unread>),
    StillPending(JobId, Result<(Option<Hash>, u64), Unread>),
    Landed(JobId, Result<TransactionResult, RpcError>),
    Key(Result<(AccessKey, Block), RpcError>),
    Sent(JobId, Hash, Result<TransactionResult, RpcError>),
    Contract(Result<ContractView, Unread>),
    Attested(Result<bool, Unread>),
    Balance(Result<Account, RpcError>),
}

/// A view that was not read.
#[derive(Debug, Error)]
pub enum Unread {
    /// The RPC did not answer it.
    #[error("{0}")]
    Rpc(#[from] RpcError),
    /// The contract answered something else.
    #[error("{0}")]
    View(#[from] ViewFault),
}

impl Shell {
    pub(super) fn handle_answer(&mut self, answer: Answer) {
        let now = self.now();
        match answer {
            Answer::Head(result) => self.handle_head(result),
            Answer::Block(hash, result) => self.handle_block(hash, result),
            Answer::Body(block, result) => self.handle_body(block, result),
            Answer::Pending(key, Ok((data, height))) => self.requests.handle_pending(&key, data, height),
            Answer::Pending(key, Err(error)) => {
                debug!("a request cannot be asked about: {error}");
                self.requests.handle_unanswered(&key);
            }
            Answer::StillPending(id, result) => {
                let confirmation = match result {
                    Ok((Some(_), _)) => Confirmation::Open,
                    Ok((None, _)) => Confirmation::Over(Ok(())),
                    Err(_) => Confirmation::Unknown,
                };
                self.submitter.handle_confirmed(id, confirmation, now);
            }
            Answer::Landed(id, result) => {
                self.submitter.handle_confirmed(id, landed(&result), now);
            }
            Answer::Key(result) => self.handle_key(result),
            Answer::Sent(id, hash, result) => {
                if let Err(error) = &result {
                    debug!("a transaction has no result: {error}");
                }
                self.submitter.handle_sent(id, hash, outcome_of(&result), now);
            }
            Answer::Contract(result) => {
                self.asking_contract = false;
                match result {
                    Ok(view) => {
                        self.contract_read = Some(std::time::Instant::now());
                        self.handle_contract(view);
                    }
                    Err(error) => {
                        self.contract_stale = true;
                        self.observed.update(|sight| sight.contract_fault = Some(error.to_string()));
                    }
                }
            }
            Answer::Attested(Ok(attested)) => self.upkeep.handle_attested(attested),
            Answer::Attested(Err(error)) => debug!("attestations cannot be read: {error}"),
            Answer::Balance(Ok(account)) => {
                self.observed.update(|sight| sight.balance = account.amount.parse().ok());
            }
            Answer::Balance(Err(error)) => debug!("the balance cannot be read: {error}"),
        }
    }

    fn handle_head(&mut self, result: Result<Block, RpcError>) {
        self.asking_head = false;
        match result {
            Ok(block) => match self.follower.handle_head(&block, wall_clock()) {
                Ok(()) => self.observed.update(|sight| (sight.rpc_fault, sight.clock_fault) = (None, None)),
                Err(fault) => self.handle_follow_fault(fault),
            },
            Err(error) => self.observed.update(|sight| sight.rpc_fault = Some(error.to_string())),
        }
    }

    fn handle_block(&mut self, hash: Hash, result: Result<Block, RpcError>) {
        match result {
            Ok(block) => {
                if let Err(fault) = self.follower.handle_block(hash, &block) {
                    self.handle_follow_fault(fault);
                }
            }
            Err(error) if error.cause() == Some("UNKNOWN_BLOCK") => self.follower.handle_absent(hash),
            Err(error) => {
                debug!("a block cannot be read: {error}");
                self.follower.handle_failure(hash);
            }
        }
    }

    fn handle_body(&mut self, block: BlockRef, result: Result<Vec<Chunk>, RpcError>) {
        let hash = Hash(block.hash);
        match result {
            Ok(chunks) => {
                if let Err(fault) = self.follower.handle_body(hash, chunks) {
                    self.handle_follow_fault(fault);
                }
            }
            Err(error) if matches!(error.cause(), Some("UNKNOWN_CHUNK" | "UNKNOWN_BLOCK")) => {
                self.follower.handle_absent(hash);
            }
            Err(error) => {
                debug!("a chunk cannot be read: {error}");
                self.follower.handle_failure(hash);
            }
        }
    }

    fn handle_key(&mut self, result: Result<(AccessKey, Block), RpcError>) {
        let now = self.now();
        match result {
            Ok((key, block)) if self.may_call(&key) => {
                let mended = Trouble::BadKey.to_string();
                self.observed.update(|sight| {
                    sight.account_fault.take_if(|fault| *fault == mended);
                });
                self.submitter.handle_key(key.nonce, block.header.hash, now);
            }
            Ok(_) | Err(RpcError::Query { .. }) => self.submitter.handle_no_key(&SubmitFault::BadKey, now),
            Err(error) if error.cause() == Some("UNKNOWN_ACCOUNT") => {
                self.submitter.handle_no_key(&SubmitFault::BadKey, now);
            }
            Err(error) => {
                warn!("the node's key cannot be read: {error}");
                self.submitter.handle_no_key(&SubmitFault::Unreachable, now);
            }
        }
    }

    fn may_call(&self, key: &AccessKey) -> bool {
        match &key.permission {
            Permission::FullAccess => true,
            Permission::FunctionCall { receiver_id, .. } => *receiver_id == self.settings.contract,
            Permission::Other => false,
        }
    }
}

/// What a transaction that was asked about by its hash says of its job.
fn landed(result: &Result<TransactionResult, RpcError>) -> Confirmation {
    match outcome_of(result) {
        Outcome::Executed => Confirmation::Over(Ok(())),
        Outcome::Failed(text) => Confirmation::Over(Err(SubmitFault::Refused(text))),
        _ if result.as_ref().is_err_and(|error| error.cause() == Some("UNKNOWN_TRANSACTION")) => {
            Confirmation::Open
        }
        _ => Confirmation::Unknown,
    }
}
