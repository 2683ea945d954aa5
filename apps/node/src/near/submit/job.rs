//! One call on its way.

use super::{CONFIRM_MILLIS, GRACE_BLOCKS, GRACE_MILLIS};
use crate::events::{ChainCommand, RequestId};
use crate::near::transaction::{Call, Signed};

/// Names a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What a call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// The committee wants it.
    Command(ChainCommand),
    /// The node attests its key.
    Attest,
    /// The contract looks through attestations.
    Verify,
}

impl Job {
    /// Returns the request that it answers.
    pub const fn answers(&self) -> Option<RequestId> {
        match self {
            Self::Command(ChainCommand::Respond { request, .. }) => Some(*request),
            Self::Command(_) | Self::Attest | Self::Verify => None,
        }
    }

    /// Whether it goes before votes.
    pub const fn is_answer(&self) -> bool {
        self.answers().is_some()
    }
}

/// A job and how far it is.
pub struct Task {
    pub job: Job,
    pub call: Call,
    /// The last block in which it is of use.
    pub deadline: u64,
    pub attempts: u32,
    pub state: State,
}

/// How far a job is.
pub enum State {
    /// It waits for room, or for the key.
    Waiting,
    /// Its transaction is under way; the client's own limit ends that.
    Sent { signed: Signed },
    /// The answer was lost, at this time and height.
    Lost { last: Signed, since: u64, height: u64 },
    /// The chain is being asked.
    Confirming { last: Signed, since: u64 },
}

impl Task {
    pub const fn new(job: Job, call: Call, deadline: u64) -> Self {
        Self { job, call, deadline, attempts: 0, state: State::Waiting }
    }

    /// Returns the last transaction, if it is time to ask what became of it.
    ///
    /// While no block is made nothing can have become of it, and sending again would help nobody.
    pub fn due(&self, height: u64, now: u64) -> Option<Signed> {
        match &self.state {
            State::Lost { last, since, height: lost } => (height >= lost.saturating_add(GRACE_BLOCKS)
                && now >= since.saturating_add(GRACE_MILLIS))
            .then(|| last.clone()),
            State::Confirming { last, since } => {
                (now >= since.saturating_add(CONFIRM_MILLIS)).then(|| last.clone())
            }
            State::Waiting | State::Sent { .. } => None,
        }
    }
}

/// Whether the contract says that a request is not pending.
pub fn is_of_no_request(text: &str) -> bool {
    text.contains("has timed out, was completed, or never existed")
}
