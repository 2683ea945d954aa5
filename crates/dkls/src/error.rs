//! Faults (§6 of `docs/protocols/dkls.md`): what can go wrong, whose fault it is, and what others may be told.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_threshold::derive::DeriveError;
use thiserror::Error;

use crate::Tombstone;

/// Two different participants, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Pair {
    low: ParticipantId,
    high: ParticipantId,
}

impl Pair {
    /// Puts two participants in order; `None` if they are one.
    pub fn new(one: ParticipantId, other: ParticipantId) -> Option<Self> {
        (one != other).then(|| Self { low: one.min(other), high: one.max(other) })
    }

    /// Returns the participant with the lower index.
    pub const fn low(self) -> ParticipantId {
        self.low
    }

    /// Returns the participant with the higher index.
    pub const fn high(self) -> ParticipantId {
        self.high
    }

    /// Returns the one who is not `participant`, if that is one of the two.
    pub fn peer_of(self, participant: ParticipantId) -> Option<ParticipantId> {
        if participant == self.low {
            Some(self.high)
        } else if participant == self.high {
            Some(self.low)
        } else {
            None
        }
    }
}

impl BorshDeserialize for Pair {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (low, high) = <(ParticipantId, ParticipantId)>::deserialize_reader(reader)?;
        if low < high {
            Ok(Self { low, high })
        } else {
            Err(borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "a pair out of order"))
        }
    }
}

/// Why a protocol run can not go on. The run is over whatever the kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Ours: the caller gave things that do not belong together. Nobody is to blame.
    #[error("{0}")]
    Local(#[from] Misuse),
    /// Nobody's: another run, with another session id, may do.
    #[error("{0}")]
    Retry(#[from] Obstacle),
    /// A message of the culprit breaks the protocol.
    #[error("participant {culprit} {offence}")]
    Blame {
        /// Who sent it.
        culprit: ParticipantId,
        /// What is wrong with it.
        offence: Offence,
    },
    /// An extension check failed, which may have told the peer something about our long-term secret.
    ///
    /// # Security
    /// The caller makes every tombstone durable before any other reaction (reply, abort, log line), erases the pairs'
    /// keys and all presignatures made with them, and needs a new generation for each pair.
    #[error("the extension check failed with {0:?}")]
    Ban(Vec<Tombstone>),
}

/// What may be told to those who did not see a fault themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// That the run ended.
    Nothing,
    /// Who broke the protocol, with the signed message as evidence.
    Culprit(ParticipantId),
    /// That something failed between two, one of whom says so.
    Pair(Pair),
}

impl Fault {
    /// Returns what `me` may tell the others: what only the two of a pair can judge is never told as one's guilt.
    pub fn disclosures(&self, me: ParticipantId) -> Vec<Disclosure> {
        match self {
            Self::Local(_) | Self::Retry(_) => vec![Disclosure::Nothing],
            Self::Blame { culprit, offence } if offence.is_evident() => vec![Disclosure::Culprit(*culprit)],
            Self::Blame { culprit, .. } => {
                vec![Pair::new(*culprit, me).map_or(Disclosure::Nothing, Disclosure::Pair)]
            }
            Self::Ban(tombstones) => tombstones.iter().map(|one| Disclosure::Pair(one.pair())).collect(),
        }
    }
}

/// What the caller got wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Misuse {
    /// The key is for signatures of another kind.
    #[error("a key for {purpose} makes no ECDSA signatures")]
    OtherPurpose {
        /// The purpose of the key.
        purpose: KeyPurpose,
    },
    /// The stored key, or a public key derived from it, is malformed or inconsistent.
    #[error("the key is malformed: {0}")]
    Key(&'static str),
    /// The key has no such child.
    #[error("no such derived key")]
    Derive(#[from] DeriveError),
    /// The signers are not exactly t members in order, this one among them.
    #[error("the signers are not exactly the threshold's number of members in order, this one among them")]
    Signers,
    /// A participant was paired with itself.
    #[error("a participant has no pair with itself")]
    SelfPair,
    /// A batch is empty or too large.
    #[error("{0} presignatures in one batch")]
    Batch(u16),
    /// The owner of a session is not among its signers.
    #[error("the session's owner is not among the signers")]
    Owner,
    /// The session names other generations than the pairs' keys have, or not exactly those of its pairs.
    #[error("the generations of the pairs are not those of the session")]
    Generations,
    /// The generation was banned or used before.
    #[error("generation {generation} of this pair is over")]
    DeadGeneration {
        /// The generation asked for.
        generation: u64,
    },
    /// The messages are not exactly one of each counterparty.
    #[error("not exactly one message of every counterparty")]
    Messages,
    /// A message belongs to another session: it was delivered to the wrong one.
    #[error("a message of participant {participant} for another session")]
    OtherSession {
        /// Who sent it.
        participant: ParticipantId,
    },
    /// The counterparty sent our own message back.
    #[error("our own message came back")]
    Reflected,
    /// What is to be signed is for another key, presignature, signer set or epoch.
    #[error("the statement is for another {0}")]
    OtherStatement(&'static str),
    /// The digest is zero modulo the group order: anybody can forge such a signature.
    #[error("the digest is zero")]
    ZeroDigest,
    /// A number is not below the group order.
    #[error("the tweak is not below the group order")]
    TweakRange,
    /// Stored bytes are not what was stored.
    #[error("malformed {0}")]
    Stored(&'static str),
}

/// What stands in the way of one run, with nobody to blame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Two nonce points are equal.
    #[error("two nonce points are equal")]
    DuplicateNonce,
    /// Points cancel each other out, or a number is zero: negligible for random ones.
    #[error("a degenerate nonce")]
    Degenerate,
    /// These participants confirmed another transcript. Their signed openings tell who said two things.
    #[error("participants {witnesses:?} saw another transcript")]
    SplitView {
        /// Whose confirmation differs from ours.
        witnesses: Vec<ParticipantId>,
    },
}

/// A part of the protocol's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Part {
    /// The first flight of pair set-up.
    #[error("base transfers")]
    BaseTransfers,
    /// The second flight of pair set-up.
    #[error("trees")]
    Trees,
    /// Round 1, for all.
    #[error("commitment")]
    Commitment,
    /// Round 1, for one.
    #[error("extension")]
    Extension,
    /// Round 2, for all.
    #[error("opening")]
    Opening,
    /// Round 2, for one.
    #[error("multiplication")]
    Multiplication,
    /// Round 3, for all.
    #[error("confirmation")]
    Confirmation,
    /// The signature share.
    #[error("signature share")]
    Share,
    /// What attributes a wrong signature share.
    #[error("attribution opening")]
    Attribution,
}

impl Part {
    /// Returns whether the part is signed once for everybody, so that it is evidence by itself.
    pub const fn is_for_all(self) -> bool {
        match self {
            Self::Commitment | Self::Opening | Self::Confirmation | Self::Share | Self::Attribution => true,
            Self::BaseTransfers | Self::Trees | Self::Extension | Self::Multiplication => false,
        }
    }
}

/// How a message breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Offence {
    /// The message has another length than every honest one.
    #[error("sent a {part} of {found} bytes where {expected} are right")]
    Length {
        /// Which message.
        part: Part,
        /// Bytes received.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A point in the message is not canonical, not on the curve, or the identity.
    #[error("sent an invalid point in its {part}")]
    Point {
        /// Which message.
        part: Part,
    },
    /// A number in the message is not below the group order.
    #[error("sent an invalid scalar in its {part}")]
    Scalar {
        /// Which message.
        part: Part,
    },
    /// The nonce points are not those committed to.
    #[error("opened a commitment to something else")]
    Opening,
    /// Base transfers with repeated points, or points that cancel out.
    #[error("sent degenerate base transfers")]
    DegenerateTransfer,
    /// The trees of seeds do not pass their check.
    #[error("sent inconsistent trees")]
    Trees,
    /// The masked inputs of the multiplication are inconsistent.
    #[error("sent inconsistent multiplication inputs")]
    Multiplication,
    /// The multiplication's inputs are not the committed nonce and the certified share.
    #[error("multiplied other values than its nonce and its share")]
    Exponent,
}

impl Offence {
    /// Returns whether the culprit's signed messages prove the offence to everybody.
    pub const fn is_evident(self) -> bool {
        match self {
            Self::Length { part, .. } | Self::Point { part } | Self::Scalar { part } => part.is_for_all(),
            Self::Opening => true,
            Self::DegenerateTransfer | Self::Trees | Self::Multiplication | Self::Exponent => false,
        }
    }

    /// Returns the fault of the participant that sent the message.
    pub const fn of(self, culprit: ParticipantId) -> Fault {
        Fault::Blame { culprit, offence: self }
    }
}
