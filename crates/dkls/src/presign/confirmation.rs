//! Confirmation (§4), receiving it: a presignature is ready when all have confirmed the same T.
//!
//! K_j of all signers are kept with it; who signed two confirmations with different K_j is told by them.

use core::fmt;

use k256::Scalar;
use quorate_primitives::{ParticipantId, Secret};
use quorate_threshold::suite::Secp256k1Point;

use super::presignature::{About, Presignature, PresignatureId};
use super::terms::Session;
use super::{Confirmation, Messages};
use crate::attribution::AttributionOpening;
use crate::{Fault, Obstacle, Offence, Part};

/// Waits for round 3.
pub struct AwaitingConfirmations {
    pub(super) session: Session,
    pub(super) presignatures: Vec<Unconfirmed>,
    pub(super) own: Confirmation,
}

/// A presignature that is not ready.
pub(super) struct Unconfirmed {
    pub id: PresignatureId,
    /// R.
    pub nonce_point: Secp256k1Point,
    /// φ_i, u_i, v_i.
    pub shares: Secret<[Scalar; 3]>,
    pub opening: AttributionOpening,
}

impl Unconfirmed {
    /// K_i.
    pub(super) fn commitment(&self, me: ParticipantId) -> [u8; 32] {
        self.opening.commitment(self.id, me)
    }
}

impl AwaitingConfirmations {
    /// Takes the confirmations of all counterparties: with equal transcripts, the batch is ready.
    ///
    /// # Errors
    /// [`Obstacle::SplitView`] names who saw something else, which is no offence of theirs: who signed two openings is.
    pub fn finish(self, messages: &Messages<Confirmation>) -> Result<Vec<Presignature>, Fault> {
        let Self { session, presignatures, own } = self;
        session.expect_all(messages, |confirmation| [&confirmation.session; 2])?;
        let expected = presignatures.len();
        for (peer, confirmation) in messages {
            let found = confirmation.commitments.len();
            if found != expected {
                let (found, expected) = (Confirmation::len_of(found), Confirmation::len_of(expected));
                return Err(Offence::Length { part: Part::Confirmation, found, expected }.of(*peer));
            }
        }
        let witnesses: Vec<_> = messages
            .iter()
            .filter(|(_, confirmation)| confirmation.transcript != own.transcript)
            .map(|(peer, _)| *peer)
            .collect();
        if !witnesses.is_empty() {
            return Err(Obstacle::SplitView { witnesses }.into());
        }
        let me = session.group.me();
        let ready = presignatures.into_iter().enumerate().map(|(index, one)| {
            let commitments = session
                .group
                .signers()
                .filter_map(|id| {
                    let confirmation = if id == me { &own } else { messages.get(&id)? };
                    Some((id, *confirmation.commitments.get(index)?))
                })
                .collect();
            let about = About {
                id: one.id,
                me,
                key: *session.group.key(),
                epoch: session.terms.epoch,
                nonce_point: one.nonce_point,
                commitments,
                message: session.message,
            };
            Presignature::new(about, one.shares, one.opening)
        });
        Ok(ready.collect())
    }
}

impl fmt::Debug for AwaitingConfirmations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwaitingConfirmations(<redacted>)")
    }
}
