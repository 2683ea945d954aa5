//! A complaint opens one dealer's sealed share to everybody, so that all reach the same verdict.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Secret};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{Dealings, Offence, SealedShares};

/// A recipient's claim that what a dealer sealed for it is wrong.
///
/// It opens the recipient's secret for what that one dealer sealed. Everything else that was sealed stays closed,
/// in both directions.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Complaint {
    /// Who is accused.
    pub dealer: ParticipantId,
    /// The X25519 secret of the key that the recipient announced for this dealer.
    pub opened_secret: Secret<[u8; 32]>,
}

/// Who is at fault, the same for everybody who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The dealer, or the accuser.
    pub culprit: ParticipantId,
    /// What it did.
    pub offence: Offence,
}

impl Dealings {
    /// Judges a complaint by `accuser` about the message that its dealer signed for it.
    ///
    /// Returns the dealer as culprit if the message does not open, or opens to something wrong; otherwise the
    /// accuser, for a false complaint.
    ///
    /// # Security
    /// An honest dealer can be blamed for what it did not send. The caller must have checked its signature on
    /// `sealed`, as F4 of this session, for `accuser`, and nobody else's word.
    pub fn judge(&self, accuser: ParticipantId, complaint: &Complaint, sealed: &SealedShares) -> Verdict {
        let dealer = complaint.dealer;
        let false_complaint = Verdict { culprit: accuser, offence: Offence::FalseComplaint };
        let secret = StaticSecret::from(*complaint.opened_secret.expose());
        let announced = self.ephemeral_key(accuser, dealer);
        if announced != Some(PublicKey::from(&secret).as_bytes()) {
            return false_complaint;
        }
        match self.open(dealer, accuser, &secret, sealed) {
            Ok(opened) if self.accepts(dealer, accuser, &opened) => false_complaint,
            Ok(_) => Verdict { culprit: dealer, offence: Offence::Share },
            Err(offence) => Verdict { culprit: dealer, offence },
        }
    }
}
