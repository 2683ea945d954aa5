//! A device's place in a roster: who it is, who the others are, and what binds their words.

use std::sync::Arc;

use quorate_primitives::ParticipantId;
use quorate_transport::DeviceIdentity;
use thiserror::Error;

use crate::envelope::{Digest, Envelope, Header, NotSigned, Protocol};
use crate::roster::{Member, Roster, RosterError};

/// This device as a member of one roster.
#[derive(Debug)]
pub struct Seat {
    identity: Arc<DeviceIdentity>,
    roster: Roster,
    roster_hash: [u8; 32],
    me: ParticipantId,
}

/// Why a device has no place in a roster.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SeatError {
    /// The roster is not one.
    #[error("roster is not acceptable")]
    Roster(#[from] RosterError),
    /// This device is not in the roster.
    #[error("this device is not in the roster")]
    NotAMember,
}

impl Seat {
    /// Takes the place that the roster gives to this identity.
    ///
    /// # Errors
    /// Refuses rosters that do not hold this device, or that [`Roster::check`] refuses.
    pub fn new(identity: Arc<DeviceIdentity>, roster: Roster) -> Result<Self, SeatError> {
        roster.check()?;
        let me = roster.by_identity(&identity.public()).ok_or(SeatError::NotAMember)?;
        let roster_hash = roster.hash();
        Ok(Self { identity, roster, roster_hash, me })
    }

    /// Returns this device's identity.
    pub fn identity(&self) -> &DeviceIdentity {
        &self.identity
    }

    /// Returns the roster.
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns the roster's hash.
    pub const fn roster_hash(&self) -> &[u8; 32] {
        &self.roster_hash
    }

    /// Returns this device's index.
    pub const fn me(&self) -> ParticipantId {
        self.me
    }

    /// Returns everybody else.
    pub fn others(&self) -> impl Iterator<Item = (ParticipantId, &Member)> {
        self.roster.participants().filter(|(id, _)| *id != self.me)
    }

    /// Signs something that this device says; `sequence` counts what it said in this session.
    pub fn say(
        &self,
        protocol: Protocol,
        session: [u8; 32],
        (round, sequence): (u8, u32),
        recipient: Option<ParticipantId>,
        body: Vec<u8>,
    ) -> Envelope {
        let header = Header {
            protocol,
            session,
            epoch: self.roster.epoch,
            round,
            sender: self.me,
            recipient,
            sequence,
        };
        Envelope::sign(&self.identity, &self.roster_hash, header, body)
    }

    /// Checks that a message whose body is not at hand was signed by its sender for this roster and epoch.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verify_digest(&self, digest: &Digest) -> Result<(), NotSigned> {
        if digest.header.epoch != self.roster.epoch {
            return Err(NotSigned);
        }
        let member = self.roster.member(digest.header.sender).ok_or(NotSigned)?;
        digest.verify(&member.identity, &self.roster_hash)
    }

    /// Checks that an envelope was signed by its sender for this roster and epoch.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verify(&self, envelope: &Envelope) -> Result<(), NotSigned> {
        self.verify_digest(&envelope.digest())
    }
}
