//! What the NEAR side and the committee tell each other.
//!
//! Plain values over bounded channels, nothing else: [`channels`] makes both ends. The NEAR side tells [`ChainEvent`]s, in
//! the order of the chain; the committee asks by [`ChainCommand`]s and publishes a [`CommitteeStatus`] for operators.
//!
//! A request is told once it is confirmed: the contract waits for its answer. It is told once per sign receipt, under an id
//! that every honest node computes alike. Numbers (`epoch`, `domain`, `attempt`, member ids) are the contract's.

mod contract;
mod request;
mod status;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

pub use self::contract::{
    ContractView, Domain, DomainKey, DomainKeyBytes, Initializing, Instance, KeyEvent, KeyEventId, Keyset,
    Member, MemberId, Parameters, Phase, Purpose, Resharing, Running, Scheme,
};
pub use self::request::{BlockRef, Finish, Payload, Request, RequestId, Signature, SubmitFault};
pub use self::status::{CommitteeStatus, DomainStatus, PeerStatus, Progress};

/// Events that wait for the committee at most; a full channel stops the follower, which catches up afterwards.
const EVENTS: usize = 1024;

/// Commands that wait for the NEAR side at most.
const COMMANDS: usize = 1024;

/// What the chain did.
#[derive(Clone, Debug)]
pub enum ChainEvent {
    /// The contract's state changed, or is known for the first time. Always told before requests of that state.
    Contract(Arc<ContractView>),
    /// The contract waits for the answer to this request.
    Requested(Arc<Request>),
    /// A request that was told is over: no more work is to be spent on it.
    Finished {
        /// The request.
        id: RequestId,
        /// How it ended.
        how: Finish,
    },
    /// The follower acted on this block. Told once per followed block, after what the block brought.
    Height(BlockRef),
    /// A command came to nothing. The request or key event may still be open, so another node may have to act.
    Failed {
        /// What was asked.
        command: ChainCommand,
        /// Why it came to nothing.
        fault: SubmitFault,
    },
}

/// What the committee wants on the chain. Each is safe to ask twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainCommand {
    /// Answer a request. Identical requests share the answer.
    Respond {
        /// The request.
        request: RequestId,
        /// The signature, verified by the committee.
        signature: Signature,
    },
    /// Vote for the key that a key generation ended with.
    VotePublicKey {
        /// The key event.
        event: KeyEventId,
        /// The key.
        key: DomainKeyBytes,
    },
    /// Begin an attempt of key generation, as its leader.
    StartKeygen(KeyEventId),
    /// Begin an attempt of resharing, as its leader.
    StartReshare(KeyEventId),
    /// Say that this node holds its new share durably.
    VoteReshared(KeyEventId),
    /// Give up an attempt, so that the next can begin.
    AbortKeyEvent(KeyEventId),
}

/// The committee's ends.
#[derive(Debug)]
pub struct CommitteeSide {
    /// What the chain did, in order.
    pub events: mpsc::Receiver<ChainEvent>,
    /// What the committee wants on the chain.
    pub commands: mpsc::Sender<ChainCommand>,
    /// What operators see of the committee.
    pub status: watch::Sender<CommitteeStatus>,
}

/// The NEAR side's ends.
#[derive(Debug)]
pub struct NearSide {
    /// What the chain did, in order.
    pub events: mpsc::Sender<ChainEvent>,
    /// What the committee wants on the chain.
    pub commands: mpsc::Receiver<ChainCommand>,
    /// What the committee says of itself.
    pub status: watch::Receiver<CommitteeStatus>,
}

/// Makes the channels between the two sides.
#[must_use]
pub fn channels() -> (NearSide, CommitteeSide) {
    let (event_sender, event_receiver) = mpsc::channel(EVENTS);
    let (command_sender, command_receiver) = mpsc::channel(COMMANDS);
    let (status_sender, status_receiver) = watch::channel(CommitteeStatus::default());
    (
        NearSide { events: event_sender, commands: command_receiver, status: status_receiver },
        CommitteeSide { events: event_receiver, commands: command_sender, status: status_sender },
    )
}
