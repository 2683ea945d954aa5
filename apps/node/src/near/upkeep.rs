//! When the node attests its keys: a pure machine.
//!
//! Versions of the contract listen only to the key that sent `submit_participant_info`, and let attestations expire by block
//! time. So it is sent when the contract does not have it, every hour, and after the chain's clock has jumped; then, by a
//! participant, `verify_tee`, so that a contract that stopped over an expired attestation goes on.

use crate::near::submit::Job;

/// Block time between submissions: an hour.
const INTERVAL_NANOS: u64 = 3_600_000_000_000;

/// A jump of block time between two blocks that counts as one: ten minutes.
const JUMP_NANOS: u64 = 600_000_000_000;

/// Milliseconds between looks at the contract's list.
const LOOK_MILLIS: u64 = 30_000;

/// Milliseconds after which a submission that failed is tried again.
const RETRY_MILLIS: u64 = 15_000;

/// What the shell has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Ask for the contract's list of attested accounts.
    Look,
    /// Send `submit_participant_info`.
    Attest,
    /// Send `verify_tee`.
    Verify,
}

/// What the node knows of its attestation.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// Whether there is a contract that takes attestations.
    contract: bool,
    participant: bool,
    attested: Option<bool>,
    /// Block time of the newest block, and of the last submission.
    time: Option<u64>,
    submitted: Option<u64>,
    under_way: bool,
    /// A submission renews an old one, so attestations are to be looked through after it.
    verify_after: bool,
    due: bool,
    looked: Option<u64>,
    tried: Option<u64>,
}

impl Upkeep {
    /// Returns whether the contract has this node's keys; `None` while that is not known.
    #[must_use]
    pub const fn attested(&self) -> Option<bool> {
        self.attested
    }

    /// Takes whether the contract is initialised, and whether this node is a participant.
    pub const fn handle_contract(&mut self, initialised: bool, participant: bool) {
        self.contract = initialised;
        self.participant = participant;
    }

    /// Takes the block time of a new block.
    pub fn handle_block(&mut self, time: u64) {
        let jumped = self.time.is_some_and(|last| time.saturating_sub(last) > JUMP_NANOS);
        let old = self.submitted.is_none_or(|last| time.saturating_sub(last) >= INTERVAL_NANOS);
        self.time = Some(time);
        if jumped || old {
            self.due = true;
            self.verify_after |= jumped || self.submitted.is_some();
        }
    }

    /// Takes whether the contract's list has this node's keys.
    pub const fn handle_attested(&mut self, attested: bool) {
        self.attested = Some(attested);
        if !attested {
            self.due = true;
        }
    }

    /// Takes how a submission ended.
    pub fn handle_done(&mut self, job: &Job, succeeded: bool) -> Option<Wish> {
        if *job != Job::Attest {
            return None;
        }
        self.under_way = false;
        if !succeeded {
            return None;
        }
        self.due = false;
        self.attested = Some(true);
        self.submitted = self.time;
        let verify = self.verify_after && self.participant;
        self.verify_after = false;
        verify.then_some(Wish::Verify)
    }

    /// Returns what to do at `now` milliseconds of a monotonic clock.
    pub fn wish(&mut self, now: u64) -> Option<Wish> {
        let passed = |since: Option<u64>, limit| since.is_none_or(|since| now.saturating_sub(since) >= limit);
        if !self.contract {
            return None;
        }
        if self.due && self.time.is_some() && !self.under_way && passed(self.tried, RETRY_MILLIS) {
            self.tried = Some(now);
            self.under_way = true;
            return Some(Wish::Attest);
        }
        if passed(self.looked, LOOK_MILLIS) {
            self.looked = Some(now);
            return Some(Wish::Look);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = INTERVAL_NANOS;

    fn attested() -> Upkeep {
        let mut upkeep = Upkeep::default();
        upkeep.handle_contract(true, true);
        upkeep.handle_block(HOUR);
        assert_eq!(upkeep.wish(0), Some(Wish::Attest));
        assert_eq!(upkeep.handle_done(&Job::Attest, true), None, "the first is nobody's renewal");
        assert_eq!(upkeep.wish(0), Some(Wish::Look));
        upkeep.handle_attested(true);
        assert_eq!(upkeep.wish(1), None);
        upkeep
    }

    #[test]
    fn nothing_is_sent_before_the_contract_is_initialised() {
        let mut upkeep = Upkeep::default();
        upkeep.handle_block(HOUR);
        assert_eq!(upkeep.wish(0), None);
    }

    #[test]
    fn an_hour_of_block_time_renews_and_verifies() {
        let mut upkeep = attested();
        for minute in 1..60 {
            upkeep.handle_block(HOUR + minute * HOUR / 60);
        }
        assert_eq!(upkeep.wish(20_000), None);
        upkeep.handle_block(2 * HOUR);
        assert_eq!(upkeep.wish(20_000), Some(Wish::Attest));
        assert_eq!(upkeep.wish(29_000), None, "it is under way");
        assert_eq!(upkeep.handle_done(&Job::Attest, true), Some(Wish::Verify));
    }

    #[test]
    fn a_jump_of_block_time_renews_and_verifies() {
        let mut upkeep = attested();
        upkeep.handle_block(HOUR + JUMP_NANOS + 1);
        assert_eq!(upkeep.wish(20_000), Some(Wish::Attest));
        assert_eq!(upkeep.handle_done(&Job::Attest, true), Some(Wish::Verify));
    }

    #[test]
    fn a_missing_attestation_is_sent_and_a_failure_tried_again() {
        let mut upkeep = attested();
        upkeep.handle_attested(false);
        assert_eq!(upkeep.wish(RETRY_MILLIS), Some(Wish::Attest));
        assert_eq!(upkeep.handle_done(&Job::Attest, false), None);
        assert_eq!(upkeep.wish(RETRY_MILLIS + 1), None);
        assert_eq!(upkeep.wish(2 * RETRY_MILLIS), Some(Wish::Attest));
    }

    #[test]
    fn who_is_no_participant_does_not_verify() {
        let mut upkeep = attested();
        upkeep.handle_contract(true, false);
        upkeep.handle_block(3 * HOUR);
        assert_eq!(upkeep.wish(20_000), Some(Wish::Attest));
        assert_eq!(upkeep.handle_done(&Job::Attest, true), None);
    }
}
