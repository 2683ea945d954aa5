//! F2 is out: waiting for everybody's dealing. All checks that need no secret happen here.

use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId};
use x25519_dalek::StaticSecret;

use super::super::dealer::chain_code_hash;
use super::super::dealt_key::{self, DealtKey};
use super::super::messages::list_hash;
use super::super::sealing::{DealtShares, Lane};
use super::super::{
    Announcement, Broadcast, Commitment, Dealing, Echo, Fault, Messages, Offence, SealedShares, Terms,
    counterparties,
};
use super::{AwaitingCommitments, AwaitingEchoes};

/// Waits for F2.
#[derive(Debug)]
pub struct AwaitingDealings {
    state: AwaitingCommitments,
    commitments: Messages<Commitment>,
    commitments_hash: [u8; 32],
}

impl AwaitingDealings {
    pub(super) const fn new(
        state: AwaitingCommitments,
        commitments: Messages<Commitment>,
        commitments_hash: [u8; 32],
    ) -> Self {
        Self { state, commitments, commitments_hash }
    }

    /// Takes the dealings of all counterparties, checks them, and returns F3: the echo of all F2.
    ///
    /// # Errors
    /// [`Fault::SplitView`] if somebody saw other commitments; [`Fault::Misbehaved`] names a dealer whose opening,
    /// degree, points or proof is wrong.
    pub fn finish(self, others: Messages<Dealing>) -> Result<(AwaitingEchoes, Echo), Fault> {
        let AwaitingCommitments { participant, announcements, session, dealing, .. } = self.state;
        participant.expect_all(&others, "one dealing of every counterparty")?;
        if let Some((witness, _)) = others.iter().find(|(_, d)| d.commitments_seen != self.commitments_hash) {
            return Err(Fault::SplitView { witness: *witness, broadcast: Broadcast::Commitments });
        }
        let mut dealings = others;
        dealings.insert(participant.me, dealing);
        for (dealer, dealing) in &dealings {
            check_dealing(&participant.terms, &session, *dealer, dealing, self.commitments.get(dealer))
                .map_err(|offence| Fault::Misbehaved { culprit: *dealer, offence })?;
        }
        let keys = participant.terms.purposes.iter().enumerate();
        let keys = keys
            .map(|(index, purpose)| check_key(&participant.terms, &session, *purpose, index, &dealings))
            .collect::<Result<_, _>>()?;
        let checked = Dealings {
            terms: participant.terms.clone(),
            session,
            announcements,
            chain_code_hashes: dealings.iter().map(|(dealer, d)| (*dealer, d.chain_code_hash)).collect(),
            keys,
            commitments_hash: self.commitments_hash,
            dealings_hash: list_hash("dkg/dealings", &session, &dealings),
        };
        let echo = Echo { dealings_seen: checked.dealings_hash };
        Ok((AwaitingEchoes::new(participant, Arc::new(checked)), echo))
    }
}

fn check_dealing(
    terms: &Terms,
    session: &[u8; 32],
    dealer: ParticipantId,
    dealing: &Dealing,
    commitment: Option<&Commitment>,
) -> Result<(), Offence> {
    if commitment != Some(&dealing.commitment(session, dealer)) {
        return Err(Offence::Opening);
    }
    if !dealing.keys.iter().map(|key| key.purpose).eq(terms.purposes.iter().copied()) {
        return Err(Offence::Purposes);
    }
    Ok(())
}

fn check_key(
    terms: &Terms,
    session: &[u8; 32],
    purpose: KeyPurpose,
    index: usize,
    dealings: &Messages<Dealing>,
) -> Result<Box<dyn DealtKey>, Fault> {
    let parts =
        dealings.iter().filter_map(|(dealer, d)| d.keys.get(index).map(|key| (*dealer, key))).collect();
    dealt_key::check(session, terms.threshold, purpose, &parts)
        .map_err(|(culprit, offence)| Fault::Misbehaved { culprit, offence })
}

/// Everything public of a ceremony after F2: enough to check shares and to judge complaints.
pub struct Dealings {
    terms: Terms,
    session: [u8; 32],
    announcements: Messages<Announcement>,
    chain_code_hashes: Messages<[u8; 32]>,
    keys: Vec<Box<dyn DealtKey>>,
    commitments_hash: [u8; 32],
    dealings_hash: [u8; 32],
}

impl Dealings {
    /// Returns the session id.
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }

    pub(in crate::dkg) const fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(in crate::dkg) const fn commitments_hash(&self) -> &[u8; 32] {
        &self.commitments_hash
    }

    pub(in crate::dkg) const fn dealings_hash(&self) -> &[u8; 32] {
        &self.dealings_hash
    }

    pub(in crate::dkg) fn keys(&self) -> &[Box<dyn DealtKey>] {
        &self.keys
    }

    /// Returns the key that `recipient` announced for what `dealer` seals.
    pub(in crate::dkg) fn ephemeral_key(
        &self,
        recipient: ParticipantId,
        dealer: ParticipantId,
    ) -> Option<&[u8; 32]> {
        let position = counterparties(self.terms.threshold, recipient).position(|other| other == dealer)?;
        self.announcements.get(&recipient)?.ephemeral_keys.get(position)
    }

    /// Returns the way from a dealer to a recipient.
    pub(in crate::dkg) fn lane(&self, dealer: ParticipantId, recipient: ParticipantId) -> Option<Lane<'_>> {
        let recipient_key = self.ephemeral_key(recipient, dealer)?;
        Some(Lane { dealings: &self.dealings_hash, dealer, recipient, recipient_key })
    }

    /// Opens what `dealer` sealed for `recipient`, and checks all of it but the shares.
    pub(in crate::dkg) fn open(
        &self,
        dealer: ParticipantId,
        recipient: ParticipantId,
        recipient_secret: &StaticSecret,
        sealed: &SealedShares,
    ) -> Result<DealtShares, Offence> {
        let opened = self
            .lane(dealer, recipient)
            .and_then(|lane| lane.open(recipient_secret, sealed))
            .filter(|opened| opened.shares.len() == self.keys.len())
            .ok_or(Offence::Ciphertext)?;
        let expected = chain_code_hash(&self.session, dealer, &opened.chain_code_part);
        if self.chain_code_hashes.get(&dealer) == Some(&expected) {
            Ok(opened)
        } else {
            Err(Offence::ChainCode)
        }
    }

    /// Returns whether all shares are on the dealer's polynomials.
    pub(in crate::dkg) fn accepts(
        &self,
        dealer: ParticipantId,
        recipient: ParticipantId,
        dealt: &DealtShares,
    ) -> bool {
        let mut keys = self.keys.iter().zip(&dealt.shares);
        keys.all(|(key, share)| key.accepts(dealer, recipient, share.expose()))
    }
}

impl core::fmt::Debug for Dealings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Dealings").field("terms", &self.terms).finish_non_exhaustive()
    }
}
