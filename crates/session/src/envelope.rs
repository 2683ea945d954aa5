//! What one member says: a body, and everything it is bound to.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding::{self, Versioned};
use quorate_primitives::{ParticipantId, Transcript};
use quorate_threshold::engine::Recipient;
use quorate_transport::{DeviceIdentity, IdentityKey, Signature};
use thiserror::Error;

/// The longest body, in bytes; a message is at most 4 MiB with everything around it.
pub const MAX_BODY_LEN: usize = 4 * 1024 * 1024 - 4096;

const SIGNING_DOMAIN: &str = "envelope";

/// Which machine a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Protocol {
    /// Key generation.
    Keygen = 1,
    /// Signing.
    Signing = 2,
    /// The set-up of one pair.
    Pairing = 3,
    /// A batch of presignatures.
    Presigning = 4,
}

/// What a message is bound to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// The machine.
    pub protocol: Protocol,
    /// The run of the protocol.
    pub session: [u8; 32],
    /// The epoch of the roster.
    pub epoch: u32,
    /// The step.
    pub round: u8,
    /// Who speaks. Checked against the channel: a message never says who sent it.
    pub sender: ParticipantId,
    /// Whom it is for; `None` is everybody.
    pub recipient: Option<ParticipantId>,
    /// Counts what the sender said in this session.
    pub sequence: u32,
}

/// A signed message. Two different ones with equal headers are evidence against their sender.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Envelope {
    /// What it is bound to.
    pub header: Header,
    /// What it says.
    pub body: Vec<u8>,
    /// The sender's signature of roster, header and body.
    pub signature: Signature,
}

impl Versioned for Envelope {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = MAX_BODY_LEN + 256;
    const NAME: &'static str = "envelope";
}

/// The signature is not the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("envelope is not signed by its sender")]
pub struct NotSigned;

impl Envelope {
    /// Signs a message of this device in the group with this roster hash.
    pub fn sign(identity: &DeviceIdentity, roster: &[u8; 32], header: Header, body: Vec<u8>) -> Self {
        let signature = identity.sign(SIGNING_DOMAIN, &signed_bytes(roster, &header, &hash_body(&body)));
        Self { header, body, signature }
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verify(&self, sender: &IdentityKey, roster: &[u8; 32]) -> Result<(), NotSigned> {
        self.digest().verify(sender, roster)
    }

    /// Returns header, body hash and signature: enough to prove what was said, without saying it again.
    pub fn digest(&self) -> Digest {
        Digest { header: self.header.clone(), body_hash: hash_body(&self.body), signature: self.signature }
    }

    /// Returns whom it is for.
    pub const fn recipient(&self) -> Recipient {
        match self.header.recipient {
            None => Recipient::All,
            Some(id) => Recipient::One(id),
        }
    }
}

/// A signed message without its body.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Digest {
    /// What it is bound to.
    pub header: Header,
    /// Hash of the body.
    pub body_hash: [u8; 32],
    /// The sender's signature.
    pub signature: Signature,
}

impl Digest {
    /// Checks the signature.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verify(&self, sender: &IdentityKey, roster: &[u8; 32]) -> Result<(), NotSigned> {
        let message = signed_bytes(roster, &self.header, &self.body_hash);
        sender.verify(SIGNING_DOMAIN, &message, &self.signature).map_err(|_| NotSigned)
    }
}

fn hash_body(body: &[u8]) -> [u8; 32] {
    Transcript::new("envelope/body").field("body", body).finish()
}

fn signed_bytes(roster: &[u8; 32], header: &Header, body_hash: &[u8; 32]) -> [u8; 32] {
    Transcript::new("envelope")
        .field("roster", roster)
        .field("header", &encoding::body_bytes(header))
        .field("body hash", body_hash)
        .finish()
}
