//! What operators see of the committee.

use super::contract::MemberId;

/// The committee as it sees itself. Counts and names only, nothing secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitteeStatus {
    /// What it is doing.
    pub progress: Progress,
    /// The epoch of the shares it signs with.
    pub epoch: Option<u64>,
    /// The other participants.
    pub peers: Vec<PeerStatus>,
    /// The keys it holds shares of.
    pub domains: Vec<DomainStatus>,
    /// What runs now, one line each, for `/debug/tasks`; the newest 200.
    pub tasks: Vec<String>,
    /// The latest signatures, one line each, for `/debug/signatures`; the newest 200.
    pub signatures: Vec<String>,
}

/// What the committee is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// It has not been told of a contract yet.
    #[default]
    Starting,
    /// It is no participant.
    Observing,
    /// It makes a key.
    Generating,
    /// It moves a key, and signs if it held the old one.
    Resharing,
    /// It signs.
    Signing,
}

impl Progress {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Starting, Self::Observing, Self::Generating, Self::Resharing, Self::Signing];
}

/// One other participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its number.
    pub id: MemberId,
    /// Its account.
    pub account: String,
    /// Whether a proven connection is open.
    pub connected: bool,
    /// The newest height it has told.
    pub height: Option<u64>,
}

/// One key that this node holds a share of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainStatus {
    /// The domain.
    pub domain: u64,
    /// How many participants a signature needs.
    pub threshold: u64,
    /// Own presignatures whose signers are all connected (ECDSA only).
    pub presignatures_online: u64,
    /// Own presignatures with a signer that is not connected (ECDSA only).
    pub presignatures_offline: u64,
    /// Whether signing needs presignatures at all.
    pub needs_presignatures: bool,
}
