//! The certificate: every member signed the same transcript, so the keys may be used.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::ParticipantId;
use quorate_primitives::encoding::Versioned;
use quorate_transport::{DeviceIdentity, Signature};
use thiserror::Error;

use crate::roster::Roster;

const SIGNING_DOMAIN: &str = "dkg-certificate";

/// n signatures of one transcript. Self-contained: with the roster, anybody can check it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// Hash of session, terms, commitments, dealings, public keys and chain codes.
    pub statement: [u8; 32],
    /// One signature of every member, in order.
    pub signatures: Vec<Signature>,
}

impl Versioned for Certificate {
    const VERSION: u8 = 1;
    const MAX_LEN: usize = 1 + 32 + 4 + 64 * 64;
    const NAME: &'static str = "certificate";
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// It is about another transcript.
    #[error("certificate is about another ceremony")]
    OtherStatement,
    /// It has not one signature of every member.
    #[error("certificate has {found} signatures where {expected} are needed")]
    Incomplete {
        /// Signatures present.
        found: usize,
        /// Members.
        expected: usize,
    },
    /// A signature is not its member's.
    #[error("certificate is not signed by participant {0}")]
    NotSigned(ParticipantId),
}

/// Signs a transcript: this member holds its shares durably.
pub fn certify(identity: &DeviceIdentity, statement: &[u8; 32]) -> Signature {
    identity.sign(SIGNING_DOMAIN, statement)
}

/// Checks one member's signature.
///
/// # Errors
/// [`CertificateError::NotSigned`].
pub fn verify_one(
    roster: &Roster,
    member: ParticipantId,
    statement: &[u8; 32],
    signature: &Signature,
) -> Result<(), CertificateError> {
    let identity = roster.member(member).map(|m| m.identity).ok_or(CertificateError::NotSigned(member))?;
    identity.verify(SIGNING_DOMAIN, statement, signature).map_err(|_| CertificateError::NotSigned(member))
}

impl Certificate {
    /// Checks that every member of the roster signed `statement`.
    ///
    /// # Errors
    /// [`CertificateError`] names what is missing.
    pub fn verify(&self, roster: &Roster, statement: &[u8; 32]) -> Result<(), CertificateError> {
        if self.statement != *statement {
            return Err(CertificateError::OtherStatement);
        }
        if self.signatures.len() != roster.members.len() {
            let (found, expected) = (self.signatures.len(), roster.members.len());
            return Err(CertificateError::Incomplete { found, expected });
        }
        let mut signatures = roster.threshold.participants().zip(&self.signatures);
        signatures.try_for_each(|(member, signature)| verify_one(roster, member, statement, signature))
    }
}
