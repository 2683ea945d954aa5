//! Each thing that can happen to a transaction.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quorate_primitives::Secret;
use serde_json::{Value, json};

use super::*;
use crate::events::{ChainCommand, KeyEventId, Signature};
use crate::near::answers::{ExecutionStatus, TransactionResult};
use crate::near::client::{Handler, RpcError};
use crate::near::key::NearKey;

const BLOCK: Hash = Hash([9; 32]);

fn submitter() -> Submitter {
    let key = NearKey::from_seed(Secret::new([5; 32]));
    Submitter::new(Caller { account: "n.near".into(), key, contract: "v1.signer".into() })
}

fn respond(number: u8) -> Job {
    let signature = Signature::Ed25519([number; 64]);
    Job::Command(ChainCommand::Respond { request: RequestId([number; 32]), signature })
}

fn vote(attempt: u64) -> Job {
    Job::Command(ChainCommand::VoteReshared(KeyEventId { epoch: 1, domain: 0, attempt }))
}

fn call() -> Call {
    Call { method: "respond", args: b"{}".to_vec() }
}

fn outputs(submitter: &mut Submitter) -> Vec<Output> {
    core::iter::from_fn(|| submitter.poll_output()).collect()
}

fn sends(submitter: &mut Submitter) -> Vec<(JobId, Signed)> {
    outputs(submitter)
        .into_iter()
        .map(|output| match output {
            Output::Send { job, signed } => (job, signed),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The nonce in a transaction of this account: after its name and its key.
fn nonce(signed: &Signed) -> u64 {
    u64::from_le_bytes(signed.bytes[4 + 6 + 33..][..8].try_into().unwrap())
}

/// A submitter whose key has nonce 100, at height 1000.
fn ready() -> Submitter {
    let mut submitter = submitter();
    submitter.handle_tip(1000, 0);
    assert!(matches!(outputs(&mut submitter)[..], [Output::FetchKey]), "before anything is to be sent");
    submitter.handle_key(100, BLOCK, 0);
    submitter.handle_job(respond(0), call(), 1200, 0);
    let (job, signed) = sends(&mut submitter).remove(0);
    assert_eq!(nonce(&signed), 101);
    submitter.handle_sent(job, signed.hash, Outcome::Executed, 0);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::Done { result: Ok(()), .. }]));
    submitter
}

fn begin(submitter: &mut Submitter, job: Job) -> (JobId, Signed) {
    submitter.handle_job(job, call(), 1200, 0);
    sends(submitter).remove(0)
}

#[test]
fn nonces_rise_without_waiting_for_answers() {
    let mut submitter = ready();
    (1..=5).for_each(|number| submitter.handle_job(respond(number), call(), 1200, 0));
    let nonces: Vec<u64> = sends(&mut submitter).iter().map(|(_, signed)| nonce(signed)).collect();
    assert_eq!(nonces, [102, 103, 104, 105, 106]);
}

#[test]
fn a_job_under_way_is_not_begun_twice() {
    let mut submitter = ready();
    begin(&mut submitter, respond(1));
    submitter.handle_job(respond(1), call(), 1200, 0);
    assert!(outputs(&mut submitter).is_empty());
}

#[test]
fn answers_go_before_votes() {
    let mut submitter = submitter();
    submitter.handle_job(vote(1), call(), 1200, 0);
    submitter.handle_job(respond(1), call(), 1200, 0);
    outputs(&mut submitter);
    submitter.handle_key(100, BLOCK, 0);
    let jobs: Vec<JobId> = sends(&mut submitter).iter().map(|(job, _)| *job).collect();
    assert_eq!(jobs, [JobId(1), JobId(0)]);
}

#[test]
fn a_flood_of_jobs_is_sent_in_portions() {
    let mut submitter = ready();
    for attempt in 0..100 {
        submitter.handle_job(vote(attempt), call(), 1200, 0);
    }
    let sent = sends(&mut submitter);
    assert_eq!(sent.len(), MAX_IN_FLIGHT);
    submitter.handle_sent(sent[0].0, sent[0].1.hash, Outcome::Executed, 0);
    assert!(outputs(&mut submitter).iter().any(|output| matches!(output, Output::Send { .. })));
}

#[test]
fn a_nonce_that_was_overtaken_is_replaced() {
    let mut submitter = ready();
    let (first, signed) = begin(&mut submitter, respond(1));
    begin(&mut submitter, respond(2));
    submitter.handle_sent(first, signed.hash, Outcome::InvalidNonce { key_nonce: Some(103) }, 0);
    let (job, again) = sends(&mut submitter).remove(0);
    assert_eq!((job, nonce(&again)), (first, 104));
}

#[test]
fn somebody_elses_nonce_is_named_and_jumped_over() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::InvalidNonce { key_nonce: Some(500) }, 0);
    let found = outputs(&mut submitter);
    assert!(matches!(found[0], Output::Trouble(Trouble::ForeignNonce { found: 500, used: 102 })));
    assert!(matches!(&found[1], Output::Send { signed, .. } if nonce(signed) == 501));
}

#[test]
fn a_lost_answer_is_asked_about_when_blocks_have_passed_and_then_sent_again() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::Lost, 0);
    submitter.handle_tip(1000, 60_000);
    assert!(outputs(&mut submitter).is_empty(), "no block was made");
    submitter.handle_tip(1002, 60_000);
    let asked = outputs(&mut submitter);
    assert!(matches!(&asked[..], [Output::Confirm { id, last, .. }] if *id == job && *last == signed.hash));
    submitter.handle_confirmed(job, Confirmation::Open, 60_000);
    assert_eq!(nonce(&sends(&mut submitter)[0].1), 103);
}

#[test]
fn a_lost_answer_whose_call_landed_is_done() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::Lost, 0);
    submitter.handle_tip(1002, 2_000);
    outputs(&mut submitter);
    submitter.handle_confirmed(job, Confirmation::Over(Ok(())), 2_000);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::Done { result: Ok(()), .. }]));
    assert_eq!(submitter.open(), 0);
}

#[test]
fn a_used_nonce_after_a_second_attempt_is_asked_about() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::Lost, 0);
    submitter.handle_tip(1002, 2_000);
    outputs(&mut submitter);
    submitter.handle_confirmed(job, Confirmation::Open, 2_000);
    let (_, again) = sends(&mut submitter).remove(0);
    submitter.handle_sent(job, again.hash, Outcome::InvalidNonce { key_nonce: Some(103) }, 3_000);
    submitter.handle_tip(1003, 6_000);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::Confirm { .. }]));
}

#[test]
fn a_confirmation_that_does_not_come_is_asked_for_again() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::Lost, 0);
    submitter.handle_tip(1002, 2_000);
    outputs(&mut submitter);
    submitter.handle_confirmed(job, Confirmation::Unknown, 2_500);
    submitter.handle_tip(1004, 4_500);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::Confirm { .. }]));
    submitter.handle_tip(1005, 4_500 + CONFIRM_MILLIS);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::Confirm { .. }]));
}

#[test]
fn an_expired_hash_is_replaced() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    submitter.handle_sent(job, signed.hash, Outcome::Expired, 0);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::FetchKey]));
    submitter.handle_key(100, Hash([8; 32]), 0);
    let (again, signed) = sends(&mut submitter).remove(0);
    assert_eq!((again, nonce(&signed)), (job, 103), "the nonce does not go back");
    assert!(signed.bytes.windows(32).any(|window| window == [8; 32]));
}

#[test]
fn a_hash_is_replaced_before_anything_waits_for_it() {
    let mut submitter = ready();
    submitter.handle_tip(1000 + HASH_BLOCKS, 0);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::FetchKey]));
    submitter.handle_job(respond(1), call(), 1200, 0);
    assert_eq!(sends(&mut submitter).len(), 1, "the old one still serves");
    submitter.handle_tip(1000 + MAX_HASH_BLOCKS, 1);
    submitter.handle_job(respond(2), call(), 1200, 1);
    assert!(outputs(&mut submitter).is_empty(), "too old to be used");
    submitter.handle_key(101, Hash([8; 32]), 2);
    assert_eq!(sends(&mut submitter).len(), 1);
}

#[test]
fn a_key_that_cannot_be_read_is_asked_for_again_and_a_wrong_one_is_named() {
    let mut submitter = submitter();
    submitter.handle_job(respond(1), call(), 1200, 0);
    outputs(&mut submitter);
    submitter.handle_no_key(&SubmitFault::Unreachable, 100);
    submitter.handle_tip(1, 100 + KEY_RETRY_MILLIS);
    assert!(matches!(&outputs(&mut submitter)[..], [Output::FetchKey]));
    submitter.handle_no_key(&SubmitFault::BadKey, 5_000);
    let found = outputs(&mut submitter);
    assert!(matches!(found[0], Output::Trouble(Trouble::BadKey)));
    assert!(matches!(&found[1], Output::Done { result: Err(SubmitFault::BadKey), .. }));
}

#[test]
fn low_balance_and_wrong_keys_are_named_and_end_the_job() {
    for (outcome, trouble, fault) in [
        (Outcome::LowBalance, Trouble::LowBalance, SubmitFault::LowBalance),
        (Outcome::BadKey, Trouble::BadKey, SubmitFault::BadKey),
    ] {
        let mut submitter = ready();
        let (job, signed) = begin(&mut submitter, respond(1));
        submitter.handle_sent(job, signed.hash, outcome, 0);
        let found = outputs(&mut submitter);
        assert!(matches!(&found[0], Output::Trouble(one) if *one == trouble));
        assert!(matches!(&found[1], Output::Done { result: Err(one), .. } if *one == fault));
    }
}

#[test]
fn h2_an_answer_to_what_is_answered_is_harmless() {
    let mut submitter = ready();
    let (job, signed) = begin(&mut submitter, respond(1));
    let text = "Smart contract panicked: This sign request has timed out, was completed, or never existed.";
    submitter.handle_sent(job, signed.hash, Outcome::Failed(text.into()), 0);
    assert!(matches!(
        &outputs(&mut submitter)[..],
        [Output::Done { result: Err(SubmitFault::NotPending), .. }]
    ));
}

#[test]
fn a_finished_request_is_not_answered_any_more() {
    let mut submitter = submitter();
    submitter.handle_job(respond(1), call(), 1200, 0);
    submitter.handle_finished(RequestId([1; 32]), 0);
    outputs(&mut submitter);
    submitter.handle_key(100, BLOCK, 0);
    assert!(outputs(&mut submitter).is_empty());
    assert_eq!(submitter.open(), 0);
}

#[test]
fn no_job_outlives_its_deadline() {
    let mut submitter = ready();
    begin(&mut submitter, vote(1));
    submitter.handle_tip(1201, 1);
    assert!(matches!(&outputs(&mut submitter)[0], Output::Done { result: Err(SubmitFault::GaveUp), .. }));
}

#[test]
fn no_job_is_tried_for_ever() {
    let mut submitter = ready();
    let (job, mut signed) = begin(&mut submitter, respond(1));
    for attempt in 1.. {
        submitter.handle_sent(job, signed.hash, Outcome::Expired, 0);
        match outputs(&mut submitter).remove(0) {
            Output::FetchKey => submitter.handle_key(100, BLOCK, 0),
            Output::Done { result, .. } => {
                assert_eq!((attempt, result), (MAX_ATTEMPTS, Err(SubmitFault::GaveUp)));
                break;
            }
            other => panic!("{other:?}"),
        }
        signed = sends(&mut submitter).remove(0).1;
    }
}

#[test]
fn jobs_are_bounded() {
    let mut submitter = submitter();
    for attempt in 0..=u64::try_from(MAX_JOBS).unwrap() {
        submitter.handle_job(vote(attempt), call(), 1200, 0);
    }
    assert_eq!(submitter.open(), MAX_JOBS);
    assert!(matches!(
        outputs(&mut submitter).last(),
        Some(Output::Done { result: Err(SubmitFault::GaveUp), .. })
    ));
}

fn refused(invalid: &Value) -> Outcome {
    let error = json!({"name": "HANDLER_ERROR", "cause": {"name": "INVALID_TRANSACTION", "info": {}},
        "code": -32000, "message": "Server error", "data": {"TxExecutionError": {"InvalidTxError": invalid}}});
    outcome_of(&Err(RpcError::Handler(Handler::read(&error, 200))))
}

#[test]
fn refusals_are_told_apart() {
    let nonce = json!({"InvalidNonce": {"tx_nonce": 3, "ak_nonce": 7}});
    assert_eq!(refused(&nonce), Outcome::InvalidNonce { key_nonce: Some(7) });
    assert_eq!(refused(&json!("Expired")), Outcome::Expired);
    assert_eq!(refused(&json!({"NotEnoughBalance": {}})), Outcome::LowBalance);
    let allowance = json!({"InvalidAccessKeyError": {"NotEnoughAllowance": {}}});
    assert_eq!(refused(&allowance), Outcome::LowBalance);
    assert_eq!(refused(&json!({"InvalidAccessKeyError": {"AccessKeyNotFound": {}}})), Outcome::BadKey);
    assert_eq!(refused(&json!({"ShardCongested": {}})), Outcome::Lost);
    assert!(matches!(refused(&json!({"ActionsValidation": {}})), Outcome::Refused(_)));
}

#[test]
fn silence_of_any_kind_means_lost() {
    let timeout = json!({"name": "HANDLER_ERROR", "cause": {"name": "TIMEOUT_ERROR"}});
    let internal = json!({"name": "INTERNAL_ERROR", "cause": {"name": "INTERNAL_ERROR"}});
    for (error, status) in [(timeout, 408), (internal, 500), (json!({}), 408)] {
        assert_eq!(outcome_of(&Err(RpcError::Handler(Handler::read(&error, status)))), Outcome::Lost);
    }
    let status = RpcError::Status { address: String::new(), status: 502 };
    assert_eq!(outcome_of(&Err(status)), Outcome::Lost);
    let pending = TransactionResult { final_execution_status: Some("NONE".into()), status: None };
    assert_eq!(outcome_of(&Ok(pending)), Outcome::Lost);
}

#[test]
fn a_failed_call_gives_the_contracts_words() {
    let failure =
        json!({"ActionError": {"index": 0, "kind": {"FunctionCallError": {"ExecutionError": "no\u{7}pe"}}}});
    let result =
        TransactionResult { final_execution_status: None, status: Some(ExecutionStatus::Failure(failure)) };
    assert_eq!(outcome_of(&Ok(result)), Outcome::Failed("nope".into()));
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Executed),
        Just(Outcome::Failed("no".into())),
        (0_u64..2000).prop_map(|key_nonce| Outcome::InvalidNonce { key_nonce: Some(key_nonce) }),
        Just(Outcome::InvalidNonce { key_nonce: None }),
        Just(Outcome::Expired),
        Just(Outcome::LowBalance),
        Just(Outcome::Refused("no".into())),
        Just(Outcome::Lost),
    ]
}

fn any_confirmation() -> impl Strategy<Value = Confirmation> {
    prop_oneof![Just(Confirmation::Open), Just(Confirmation::Unknown), Just(Confirmation::Over(Ok(()))),]
}

proptest! {
    /// Whatever becomes of transactions, in whichever order: every job ends exactly once, no nonce is given out twice while the key
    /// is known, and no more are under way than there is room for.
    #[test]
    fn every_job_ends_once(
        jobs in 1_u64..100,
        outcomes in prop::collection::vec((any_outcome(), any_confirmation(), any::<prop::sample::Index>()), 0..400),
    ) {
        let mut submitter = ready();
        let (mut done, mut nonces) = (Vec::new(), BTreeSet::new());
        let (mut under_way, mut asked) = (Vec::new(), Vec::new());
        let mut now = 0;
        let mut fresh_key = 103;
        (0..jobs).for_each(|attempt| submitter.handle_job(vote(attempt), call(), 1_300, 0));
        let mut script = outcomes.into_iter();
        for step in 0.. {
            for output in outputs(&mut submitter) {
                match output {
                    Output::FetchKey => {
                        fresh_key = nonces.last().map_or(fresh_key, |last: &u64| fresh_key.max(*last));
                        submitter.handle_key(fresh_key, BLOCK, now);
                    }
                    Output::Send { job, signed } => {
                        prop_assert!(nonces.insert(nonce(&signed)));
                        under_way.push((job, signed.hash));
                    }
                    Output::Confirm { id, .. } => asked.push(id),
                    Output::Done { job, .. } => done.push(job),
                    Output::Trouble(_) => {}
                }
            }
            prop_assert!(under_way.len() <= MAX_IN_FLIGHT);
            let Some((outcome, confirmation, which)) = script.next() else { break };
            if !under_way.is_empty() {
                let (job, hash) = under_way.swap_remove(which.index(under_way.len()));
                submitter.handle_sent(job, hash, outcome, now);
            }
            if let Some(id) = asked.pop() {
                submitter.handle_confirmed(id, confirmation, now);
            }
            now += 1_500;
            submitter.handle_tip(1_000 + step / 2, now);
        }
        submitter.handle_tip(1_301, now);
        done.extend(outputs(&mut submitter).into_iter().filter_map(|output| match output {
            Output::Done { job, .. } => Some(job),
            _ => None,
        }));
        prop_assert_eq!(submitter.open(), 0);
        for attempt in 0..jobs {
            prop_assert_eq!(done.iter().filter(|job| **job == vote(attempt)).count(), 1);
        }
    }
}
