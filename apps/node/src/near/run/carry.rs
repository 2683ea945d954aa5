//! What the machines want, carried out.

use std::time::Instant;

use tracing::{info, warn};

use super::Shell;
use crate::events::{ChainCommand, ChainEvent, Finish, SubmitFault};
use crate::near::answers::{Action, Chunk, ReceiptBody};
use crate::near::hash::Hash;
use crate::near::submit::{Confirmation, Job, JobId};
use crate::near::upkeep::Wish;
use crate::near::{follow, requests, submit};
use crate::observe::add_line;

impl Shell {
    /// Carries out what the machines want, until none wants anything.
    pub(super) fn pump(&mut self) {
        loop {
            if let Some(output) = self.follower.poll_output() {
                self.carry_out_follow(output);
            } else if let Some(output) = self.requests.poll_output() {
                self.carry_out_requests(output);
            } else if let Some(output) = self.submitter.poll_output() {
                self.carry_out_submit(output);
            } else {
                break;
            }
        }
        if self.contract_stale && !self.asking_contract && self.height() > 0 {
            (self.asking_contract, self.contract_stale) = (true, false);
            self.asker.contract(&mut self.questions);
        }
    }

    fn carry_out_follow(&mut self, output: follow::Output) {
        match output {
            follow::Output::FetchBlock(hash) => self.asker.block(&mut self.questions, hash),
            follow::Output::FetchBody { block, chunks } => {
                self.asker.body(&mut self.questions, block, chunks);
            }
            follow::Output::Undo(block) => {
                info!(height = block.height, "a block is not part of the chain any more");
                self.contract_stale = true;
                self.requests.handle_undo(block);
            }
            follow::Output::Apply { block, timestamp, chunks } => {
                self.progressed = Instant::now();
                self.contract_stale |= touches_state(&chunks, &self.settings.contract);
                self.requests.handle_block(block, &chunks);
                self.upkeep.handle_block(timestamp);
                self.drain_requests();
                self.outgoing.push_back(ChainEvent::Height(block));
                let now = self.now();
                self.submitter.handle_tip(block.height, now);
                metrics::gauge!("mpc_indexer_latest_block_height").set(as_gauge(block.height));
                let receipts: usize = chunks.iter().map(|chunk| chunk.receipts.len()).sum();
                self.observed.update(|sight| {
                    sight.applied = Some((block, Instant::now()));
                    add_line(&mut sight.blocks, format!("{block:?} {receipts} receipts"));
                });
            }
            follow::Output::Skipped { from, to } => warn!(from, to, "blocks are skipped"),
        }
    }

    /// What a block brought is told before its height is.
    fn drain_requests(&mut self) {
        while let Some(output) = self.requests.poll_output() {
            self.carry_out_requests(output);
        }
    }

    fn carry_out_requests(&mut self, output: requests::Output) {
        match output {
            requests::Output::Ask(key) => self.asker.pending(&mut self.questions, key),
            requests::Output::Tell(event) => {
                self.count(&event);
                self.outgoing.push_back(event);
            }
        }
    }

    fn count(&mut self, event: &ChainEvent) {
        match event {
            ChainEvent::Requested(request) => {
                self.told.insert(request.id, (request.block.height, Instant::now()));
                metrics::counter!("mpc_num_signature_requests_indexed").increment(1);
            }
            ChainEvent::Finished { id, how } => {
                let told = self.told.remove(id);
                match (how, told) {
                    (Finish::Answered, Some((height, at))) => self.count_answer(height, at),
                    (Finish::TimedOut, _) => {
                        metrics::counter!("mpc_num_fail_on_timeout_indexed").increment(1)
                    }
                    (Finish::Answered, None) | (Finish::Orphaned, _) => {}
                }
                let now = self.now();
                self.submitter.handle_finished(*id, now);
            }
            ChainEvent::Contract(_) | ChainEvent::Height(_) | ChainEvent::Failed { .. } => {}
        }
    }

    fn count_answer(&self, height: u64, at: Instant) {
        metrics::counter!("mpc_num_signature_responses_indexed").increment(1);
        let blocks = as_gauge(self.height().saturating_sub(height));
        metrics::histogram!("mpc_signature_request_response_latency_blocks").record(blocks);
        metrics::histogram!("mpc_signature_request_response_latency_seconds")
            .record(at.elapsed().as_secs_f64());
    }

    fn carry_out_submit(&mut self, output: submit::Output) {
        match output {
            submit::Output::FetchKey => self.asker.key(&mut self.questions),
            submit::Output::Send { job, signed } => {
                let line = format!("sent {}", signed.hash);
                self.observed.update(|sight| add_line(&mut sight.transactions, line));
                self.asker.send(&mut self.questions, job, signed);
            }
            submit::Output::Confirm { id, job, last } => self.confirm(id, &job, last),
            submit::Output::Done { job, result } => self.handle_done(job, result),
            submit::Output::Trouble(trouble) => {
                let text = trouble.to_string();
                if self.observed.sight().account_fault.as_ref() != Some(&text) {
                    warn!("{text}");
                }
                self.observed.update(|sight| sight.account_fault = Some(text));
            }
        }
    }

    fn confirm(&mut self, id: JobId, job: &Job, last: Hash) {
        match job.answers() {
            Some(request) => match self.requests.waiting(request).cloned() {
                Some(key) => self.asker.still_pending(&mut self.questions, id, key),
                None => {
                    let now = self.now();
                    self.submitter.handle_confirmed(id, Confirmation::Over(Ok(())), now);
                }
            },
            None => self.asker.landed(&mut self.questions, id, last),
        }
    }

    fn handle_done(&mut self, job: Job, result: Result<(), SubmitFault>) {
        let outcome = if result.is_ok() { "success" } else { "failure" };
        metrics::counter!("mpc_outgoing_transaction_outcomes", "outcome" => outcome).increment(1);
        let line = match &result {
            Ok(()) => format!("done {}", name_of(&job)),
            Err(fault) => format!("failed {}: {fault}", name_of(&job)),
        };
        let succeeded = result.is_ok();
        self.observed.update(|sight| {
            add_line(&mut sight.transactions, line);
            if succeeded {
                sight.account_fault = None;
            }
        });
        if let Some(Wish::Verify) = self.upkeep.handle_done(&job, succeeded) {
            self.submit_own(Job::Verify);
        }
        match (job, result) {
            (Job::Command(command), Err(fault)) => self.fail(command, fault),
            (Job::Attest | Job::Verify, Err(fault)) => warn!("a call of the node's upkeep failed: {fault}"),
            (_, Ok(())) => {}
        }
    }
}

/// The name of a job, without what it carries.
fn name_of(job: &Job) -> String {
    match job {
        Job::Attest => "submit_participant_info".to_owned(),
        Job::Verify => "verify_tee".to_owned(),
        Job::Command(ChainCommand::Respond { request, .. }) => format!("respond {request}"),
        Job::Command(ChainCommand::VotePublicKey { event, .. }) => format!("vote_pk {event:?}"),
        Job::Command(ChainCommand::StartKeygen(event)) => format!("start_keygen_instance {event:?}"),
        Job::Command(ChainCommand::StartReshare(event)) => format!("start_reshare_instance {event:?}"),
        Job::Command(ChainCommand::VoteReshared(event)) => format!("vote_reshared {event:?}"),
        Job::Command(ChainCommand::AbortKeyEvent(event)) => {
            format!("vote_abort_key_event_instance {event:?}")
        }
    }
}

/// Whether anything but requests and their answers ran in the contract.
fn touches_state(chunks: &[Chunk], contract: &str) -> bool {
    let changes = |actions: &[Action]| {
        actions.iter().any(|action| match action {
            Action::Call { call } => !matches!(call.method_name.as_str(), "sign" | "respond"),
            Action::Other(_) => true,
        })
    };
    chunks.iter().any(|chunk| {
        let receipts = chunk.receipts.iter().filter(|receipt| receipt.receiver_id == contract);
        let local = chunk.transactions.iter().filter(|one| one.receiver_id == contract);
        receipts.into_iter().any(|receipt| match &receipt.receipt {
            ReceiptBody::Action { action } => changes(&action.actions),
            ReceiptBody::Data { .. } | ReceiptBody::Other(_) => false,
        }) || local.into_iter().any(|one| one.signer_id == contract && changes(&one.actions))
    })
}

fn as_gauge(height: u64) -> f64 {
    // Exact up to 2^53, which no chain reaches.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
    let number = height as f64;
    number
}
