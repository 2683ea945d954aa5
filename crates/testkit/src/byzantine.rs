//! Members that do not follow the protocol: each way has a name.
//!
//! A [`Liar`] runs the product's honest machines and changes what they say on its way out, with its own identity:
//! whatever it says is authentic. What it changes is a function of message and recipient, so it lies consistently
//! when it repeats itself.

mod ceremony;
mod dealing;
mod forge;
mod presigning;
mod signature;

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Secret};
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::seat::Seat;
use quorate_threshold::engine::Recipient;

/// The flights of the key ceremony, by their numbers in headers.
pub mod flight {
    /// F0.
    pub const ANNOUNCEMENT: u8 = 0;
    /// F1.
    pub const COMMITMENT: u8 = 1;
    /// F2.
    pub const DEALING: u8 = 2;
    /// F3.
    pub const ECHO: u8 = 3;
    /// F4.
    pub const SHARES: u8 = 4;
    /// F5.
    pub const CERTIFICATION: u8 = 5;
    /// A complaint.
    pub const COMPLAINT: u8 = 6;
    /// What proves something.
    pub const EVIDENCE: u8 = 7;
    /// A person's end of the ceremony.
    pub const CANCEL: u8 = 9;
}

/// The steps of a signature, by their numbers in headers.
pub mod step {
    /// What is asked for.
    pub const PROPOSAL: u8 = 0;
    /// An approval or a refusal.
    pub const DECISION: u8 = 1;
    /// The signers and their approvals.
    pub const PACKAGE: u8 = 2;
    /// A signature share.
    pub const SHARE: u8 = 3;
    /// Finished signatures.
    pub const RESULT: u8 = 4;
    /// Nonces are gone.
    pub const WITHDRAWAL: u8 = 5;
}

/// The rounds of a batch of presignatures, by their numbers in headers.
pub mod batch {
    /// The signers and how many.
    pub const PROPOSAL: u8 = 0;
    /// A commitment to nonce points.
    pub const COMMITMENT: u8 = 1;
    /// An extension.
    pub const EXTENSION: u8 = 2;
    /// The nonce points.
    pub const OPENING: u8 = 3;
    /// A multiplication.
    pub const MULTIPLICATION: u8 = 4;
    /// What everybody saw.
    pub const CONFIRMATION: u8 = 5;
    /// The end without presignatures.
    pub const FAILURE: u8 = 6;
}

/// Whom a lie is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The first of the others.
    One,
    /// All but the first of the others.
    AllButOne,
    /// Everybody.
    All,
    /// These participants: bit i for participant i.
    Only(u64),
}

/// One way not to follow the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Says something else in a flight (F0 to F3, F5) to some than to the others.
    Equivocate(u8, Audience),
    /// Says nothing in a flight, not even when asked.
    Withhold(u8, Audience),
    /// Stops talking for ever after a flight.
    FallSilentAfter(u8),
    /// Sends bytes that are no message of the flight.
    Garble(u8, Audience),
    /// Announces another threshold.
    AnnounceOtherThreshold(Audience),
    /// Announces another epoch.
    AnnounceOtherEpoch(Audience),
    /// Announces other keys.
    AnnounceOtherPurposes(Audience),
    /// Announces another roster.
    AnnounceOtherRoster(Audience),
    /// Announces another version of the protocol.
    AnnounceOtherVersion(Audience),
    /// Deals a polynomial with a coefficient too many.
    DealLongPolynomial,
    /// Deals a polynomial with a coefficient too few.
    DealShortPolynomial,
    /// Proves possession of nothing.
    DealWithoutPossession,
    /// Opens its commitment to another dealing.
    OpenSomethingElse,
    /// Echoes other commitments than it received, and shows what it received.
    EchoOtherCommitments,
    /// Echoes other dealings than it received, and shows what it received.
    EchoOtherDealings,
    /// Seals shares that do not open.
    SealNothing(Audience),
    /// Seals shares that are not on its polynomial.
    SealWrongShares(Audience),
    /// Seals another part of the chain code than it committed to.
    SealOtherChainCode(Audience),
    /// Complains about a dealer that did nothing wrong.
    ComplainFalsely(Audience),
    /// Complains about shares that the dealer never signed.
    ComplainAboutForgery(Audience),
    /// Complains and opens a secret that is not the announced one.
    ComplainWithOtherSecret(Audience),
    /// Certifies something else.
    CertifySomethingElse(Audience),
    /// Puts another member's number into every header.
    NameAnotherSender,
    /// Cancels as soon as shares are out.
    CancelLate,
    /// Sends a wrong signature share.
    SignWrongly,
    /// Sends a signature share that is no number below the group order.
    SignOutOfRange,
    /// Sends its share under the hash of another package.
    SignAnotherPackage,
    /// Names a package that the proposer never signed.
    InventPackage,
    /// Withholds its signature share.
    WithholdShare(Audience),
    /// Sends two different signature shares.
    SignTwice,
    /// Sends different approvals to different members.
    ApproveDifferently,
    /// Approves another statement.
    ApproveSomethingElse,
    /// Approves under another policy version.
    ApproveUnderOtherPolicy,
    /// Sends commitments that are no points.
    ApproveWithoutCommitments,
    /// Takes its approval back after its share is out.
    WithdrawLate,
    /// As proposer, fixes different signers for different members.
    FixTwoPackages,
    /// As proposer, fixes the signers with one approval too few.
    FixTooFew,
    /// As proposer, fixes an approval that somebody never gave.
    FixForgedApproval,
    /// As proposer, keeps the package to itself.
    WithholdPackage(Audience),
    /// Publishes signatures that are none.
    PublishGarbage,
    /// Extends its correlations with another choice in one block: the check fails.
    ExtendBadly,
    /// Multiplies something else than it announced.
    MultiplyGarbage,
    /// Opens its nonce points with another blind than it committed to.
    OpenWrongly(Audience),
    /// Commits to its nonce points twice, differently for one of the others, and opens each as it was committed.
    CommitTwice,
    /// As proposer, names presignatures that nobody made.
    NameUnknownPresignatures,
    /// As proposer, names presignatures that another member owns.
    NameForeignPresignatures,
    /// As proposer, names presignatures that its earlier package named.
    NameUsedPresignatures,
    /// Says what it said in earlier sessions again, before what it says now.
    RepeatEarlierSessions,
    /// Says what it said in an earlier session, as if it were said in this one.
    ReuseEarlierMessages,
}

/// What is done wrong in making presignatures, or with them.
const WITH_PRESIGNATURES: [Behaviour; 10] = [
    B::ExtendBadly,
    B::MultiplyGarbage,
    B::OpenWrongly(All),
    B::OpenWrongly(One),
    B::CommitTwice,
    B::NameUnknownPresignatures,
    B::NameForeignPresignatures,
    B::NameUsedPresignatures,
    B::RepeatEarlierSessions,
    B::ReuseEarlierMessages,
];

use Audience::{All, AllButOne, One};
use Behaviour as B;

impl Behaviour {
    /// Every behaviour, with every audience that makes a difference.
    pub const ALL: [Self; 70] = [
        B::Equivocate(flight::ANNOUNCEMENT, One),
        B::Equivocate(flight::ANNOUNCEMENT, AllButOne),
        B::Equivocate(flight::COMMITMENT, One),
        B::Equivocate(flight::COMMITMENT, AllButOne),
        B::Equivocate(flight::DEALING, One),
        B::Equivocate(flight::DEALING, AllButOne),
        B::Equivocate(flight::ECHO, One),
        B::Equivocate(flight::ECHO, AllButOne),
        B::Equivocate(flight::CERTIFICATION, One),
        B::Equivocate(flight::CERTIFICATION, AllButOne),
        B::Withhold(flight::ANNOUNCEMENT, All),
        B::Withhold(flight::COMMITMENT, One),
        B::Withhold(flight::DEALING, One),
        B::Withhold(flight::ECHO, One),
        B::Withhold(flight::SHARES, One),
        B::Withhold(flight::CERTIFICATION, One),
        B::Withhold(flight::CERTIFICATION, All),
        B::FallSilentAfter(flight::ANNOUNCEMENT),
        B::FallSilentAfter(flight::COMMITMENT),
        B::FallSilentAfter(flight::DEALING),
        B::FallSilentAfter(flight::ECHO),
        B::FallSilentAfter(flight::SHARES),
        B::Garble(flight::ANNOUNCEMENT, One),
        B::Garble(flight::COMMITMENT, All),
        B::Garble(flight::DEALING, One),
        B::Garble(flight::ECHO, All),
        B::Garble(flight::SHARES, One),
        B::Garble(flight::CERTIFICATION, All),
        B::AnnounceOtherThreshold(One),
        B::AnnounceOtherThreshold(All),
        B::AnnounceOtherEpoch(All),
        B::AnnounceOtherPurposes(All),
        B::AnnounceOtherRoster(All),
        B::AnnounceOtherVersion(All),
        B::DealLongPolynomial,
        B::DealShortPolynomial,
        B::DealWithoutPossession,
        B::OpenSomethingElse,
        B::EchoOtherCommitments,
        B::EchoOtherDealings,
        B::SealNothing(One),
        B::SealNothing(All),
        B::SealWrongShares(One),
        B::SealWrongShares(All),
        B::SealOtherChainCode(One),
        B::ComplainFalsely(One),
        B::ComplainFalsely(All),
        B::ComplainAboutForgery(All),
        B::ComplainWithOtherSecret(All),
        B::CertifySomethingElse(All),
        B::NameAnotherSender,
        B::CancelLate,
        B::SignWrongly,
        B::SignOutOfRange,
        B::SignAnotherPackage,
        B::InventPackage,
        B::WithholdShare(One),
        B::WithholdShare(All),
        B::SignTwice,
        B::ApproveDifferently,
        B::ApproveSomethingElse,
        B::ApproveUnderOtherPolicy,
        B::ApproveWithoutCommitments,
        B::WithdrawLate,
        B::FixTwoPackages,
        B::FixTooFew,
        B::FixForgedApproval,
        B::WithholdPackage(One),
        B::WithholdPackage(All),
        B::PublishGarbage,
    ];

    /// Returns what can be done wrong with the ECDSA key: its presignatures, and signing.
    pub fn of_ecdsa() -> Vec<Self> {
        let signing = Self::ALL.into_iter().filter(Self::is_in_signatures);
        WITH_PRESIGNATURES.into_iter().chain(signing).collect()
    }

    /// Returns whether it shows in a signing session.
    pub const fn is_in_signatures(&self) -> bool {
        matches!(
            self,
            B::NameAnotherSender
                | B::SignWrongly
                | B::SignOutOfRange
                | B::SignAnotherPackage
                | B::InventPackage
                | B::WithholdShare(_)
                | B::SignTwice
                | B::ApproveDifferently
                | B::ApproveSomethingElse
                | B::ApproveUnderOtherPolicy
                | B::ApproveWithoutCommitments
                | B::WithdrawLate
                | B::FixTwoPackages
                | B::FixTooFew
                | B::FixForgedApproval
                | B::WithholdPackage(_)
                | B::PublishGarbage
        )
    }
}

/// A member that lies.
pub struct Liar {
    behaviour: Behaviour,
    seat: Option<Arc<Seat>>,
    seed: Option<Secret<[u8; 32]>>,
    heard: BTreeMap<(Protocol, [u8; 32], u8, ParticipantId), Envelope>,
    /// Presignatures that it holds, with their owners.
    presignatures: Vec<(ParticipantId, [u8; 32])>,
    is_silent: bool,
    lies: u64,
}

impl Liar {
    /// Prepares to misbehave in one way.
    pub fn new(behaviour: Behaviour) -> Self {
        let (heard, presignatures) = (BTreeMap::new(), Vec::new());
        Self { behaviour, seat: None, seed: None, heard, presignatures, is_silent: false, lies: 0 }
    }

    /// Returns how many lies were told.
    pub const fn lies(&self) -> u64 {
        self.lies
    }

    /// Learns its place.
    pub fn sit_down(&mut self, seat: &Arc<Seat>) {
        self.seat = Some(Arc::clone(seat));
    }

    /// Learns the source of its own secrets.
    pub fn remember_seed(&mut self, seed: &Secret<[u8; 32]>) {
        self.seed = Some(seed.duplicate());
    }

    /// Learns which presignatures it holds.
    pub fn remember_presignatures(&mut self, owner: ParticipantId, ids: &[[u8; 32]]) {
        self.presignatures.extend(ids.iter().map(|id| (owner, *id)));
    }

    /// Listens, and perhaps misunderstands: returns what its own machine hears.
    pub fn listen(&mut self, envelope: Envelope) -> Envelope {
        self.hear(&envelope);
        self.mishear(envelope)
    }

    /// Listens.
    pub fn hear(&mut self, envelope: &Envelope) {
        let header = &envelope.header;
        let key = (header.protocol, header.session, header.round, header.sender);
        self.heard.entry(key).or_insert_with(|| envelope.clone());
    }

    /// Says something else, to each recipient apart, or nothing.
    pub fn speak(&mut self, to: Recipient, envelope: Envelope) -> Vec<(Recipient, Envelope)> {
        let recipients: Vec<ParticipantId> = match to {
            Recipient::One(id) => vec![id],
            Recipient::All => self.seat().others().map(|(id, _)| id).collect(),
        };
        self.hear(&envelope);
        let mut said = Vec::new();
        for recipient in recipients {
            let versions = self.versions(recipient, &envelope);
            self.lies += u64::from(versions != [envelope.clone()]);
            said.extend(versions.into_iter().map(|version| (Recipient::One(recipient), version)));
        }
        said
    }

    fn versions(&mut self, to: ParticipantId, envelope: &Envelope) -> Vec<Envelope> {
        let honest = || vec![envelope.clone()];
        if self.is_silent {
            return Vec::new();
        }
        if self.behaviour == B::NameAnotherSender {
            let another = self.seat().others().map(|(id, _)| id).find(|id| *id != to);
            let header = Header { sender: another.unwrap_or(to), ..envelope.header.clone() };
            return vec![self.sign(header, envelope.body.clone())];
        }
        let versions = match envelope.header.protocol {
            Protocol::Keygen => self.in_ceremony(to, envelope),
            Protocol::Signing => self.in_signature(to, envelope),
            Protocol::Presigning => self.in_presigning(to, envelope),
            Protocol::Pairing => self.repeat(to, envelope),
        };
        versions.unwrap_or_else(honest)
    }

    fn seat(&self) -> &Arc<Seat> {
        self.seat.as_ref().expect("a liar with a place")
    }

    fn others(&self) -> Vec<ParticipantId> {
        self.seat().others().map(|(id, _)| id).collect()
    }

    /// Returns whether a lie is meant for this member.
    fn is_victim(&self, audience: Audience, member: ParticipantId) -> bool {
        let first = self.others().first() == Some(&member);
        match audience {
            One => first,
            AllButOne => !first,
            All => true,
            Audience::Only(set) => set >> member.get() & 1 == 1,
        }
    }

    fn sign(&self, header: Header, body: Vec<u8>) -> Envelope {
        let seat = self.seat();
        Envelope::sign(seat.identity(), seat.roster_hash(), header, body)
    }

    /// Signs another body under the same header.
    fn instead(&self, envelope: &Envelope, body: Vec<u8>) -> Envelope {
        self.sign(envelope.header.clone(), body)
    }

    /// Changes a decoded body.
    fn edit<M: BorshDeserialize + BorshSerialize>(
        &self,
        envelope: &Envelope,
        edit: impl FnOnce(&mut M),
    ) -> Envelope {
        let mut message: M = borsh::from_slice(&envelope.body).expect("an honest body");
        edit(&mut message);
        self.instead(envelope, borsh::to_vec(&message).expect("writing to memory"))
    }

    /// Says something that the honest machine would not, in the same session.
    fn beside(&self, envelope: &Envelope, round: u8, body: &impl BorshSerialize) -> Envelope {
        let header = Header { round, sequence: u32::from(round), recipient: None, ..envelope.header.clone() };
        self.sign(header, borsh::to_vec(body).expect("writing to memory"))
    }

    /// Returns what everybody said in a round of a session, this member included.
    fn all_said(&self, of: &Envelope, round: u8) -> Vec<Envelope> {
        let ids = self.seat().roster().threshold.participants();
        let said = |id| self.heard.get(&(of.header.protocol, of.header.session, round, id)).cloned();
        ids.filter_map(said).collect()
    }

    /// Returns what one member said in a round of a session.
    fn said_by(&self, of: &Envelope, round: u8, member: ParticipantId) -> Option<&Envelope> {
        self.heard.get(&(of.header.protocol, of.header.session, round, member))
    }
}
