//! Distributed key generation: independent keys for several purposes in one ceremony, nobody ever holding one.
//!
//! Feldman sharing by every participant with commit-then-reveal, proofs of possession and an echo of everything
//! broadcast (Pedersen DKG; DKLs23 §"key generation", RFC 9591 appendix C; the signed success certificate is
//! ChillDKG's). `docs/protocols/dkg.md` has the flights F0 to F5, the notation, and every deviation.
//!
//! A [`Participant`] is driven through typed rounds; the caller authenticates senders, makes the seed and the
//! messages durable, and signs [`Outcome::statement`]. Nothing is output on a fault. It refuses to judge what it
//! cannot prove: a fault names a culprit only when the offending message itself shows it.

mod complaint;
mod dealer;
mod dealt_key;
mod messages;
mod outcome;
mod polynomial;
mod proof;
mod rounds;
mod sealing;

use quorate_primitives::{ParticipantId, Threshold};
use thiserror::Error;

pub use complaint::{Complaint, Verdict};
pub use messages::{
    Announcement, Commitment, Dealing, Echo, KeyDealing, MAX_DEALING_LEN, PossessionProof, SealedShares,
    Terms,
};
pub use outcome::Outcome;
pub use rounds::{
    AwaitingAnnouncements, AwaitingCommitments, AwaitingDealings, AwaitingEchoes, AwaitingShares, Dealings,
    Participant, ShareFault,
};

/// One message of every participant, in order.
pub type Messages<M> = std::collections::BTreeMap<ParticipantId, M>;

/// Why a ceremony can not go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// A participant works with other terms than we do: nobody's fault, but no key.
    #[error("participant {participant} has other terms: {what}")]
    TermsDiffer {
        /// Who.
        participant: ParticipantId,
        /// The first term that differs.
        what: Term,
    },
    /// A message that its sender is answerable for breaks the protocol.
    #[error("participant {culprit} {offence}")]
    Misbehaved {
        /// The sender.
        culprit: ParticipantId,
        /// What is wrong with the message.
        offence: Offence,
    },
    /// Participants saw different broadcasts. The signed originals tell who said two things.
    #[error("participant {witness} saw other {broadcast}")]
    SplitView {
        /// Whose echo differs from ours.
        witness: ParticipantId,
        /// What was broadcast.
        broadcast: Broadcast,
    },
    /// The caller gave messages of the wrong participants, or terms that do not fit.
    #[error("misuse: {0}")]
    Misuse(&'static str),
}

/// A term that all must share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Term {
    /// The protocol's version.
    #[error("protocol version")]
    Version,
    /// The members and their identities.
    #[error("roster")]
    Roster,
    /// How many sign.
    #[error("threshold")]
    Threshold,
    /// Which keys are made.
    #[error("key purposes")]
    Purposes,
    /// The epoch that the keys begin.
    #[error("epoch")]
    Epoch,
}

/// What is echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Broadcast {
    /// F1, or F0: the hash of F1 is bound to the session, which is a hash of F0.
    #[error("commitments")]
    Commitments,
    /// F2.
    #[error("dealings")]
    Dealings,
}

/// How a message breaks the protocol, provably from the message and what went before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Offence {
    /// The announcement holds another number of ephemeral keys than there are counterparties.
    #[error("announced a wrong number of ephemeral keys")]
    EphemeralKeyCount,
    /// An ephemeral key is no canonical point of the curve, of small order, or used twice.
    #[error("announced a degenerate ephemeral key")]
    EphemeralKey,
    /// The dealing is not the one committed to.
    #[error("opened a commitment to something else")]
    Opening,
    /// The dealing has other keys than the terms ask for.
    #[error("dealt for other key purposes")]
    Purposes,
    /// A polynomial has not exactly t coefficients.
    #[error("dealt a polynomial of the wrong degree")]
    Degree,
    /// A point is not canonical, not in the group, or the identity.
    #[error("sent an invalid point")]
    Point,
    /// The proof of possession does not hold.
    #[error("sent an invalid proof of possession")]
    Proof,
    /// The sealed shares do not open.
    #[error("sent shares that do not decrypt")]
    Ciphertext,
    /// The share is not on the dealt polynomial.
    #[error("sent a share that is not on its polynomial")]
    Share,
    /// The chain-code part is not the one committed to.
    #[error("sent a chain-code part it had not committed to")]
    ChainCode,
    /// A complaint that is not true.
    #[error("complained about a dealer without reason")]
    FalseComplaint,
}

/// The protocol's version: part of every session id.
pub const VERSION: u16 = 1;

/// Returns the counterparties of `me`, in order.
fn counterparties(threshold: Threshold, me: ParticipantId) -> impl Iterator<Item = ParticipantId> + Clone {
    threshold.participants().filter(move |other| *other != me)
}
