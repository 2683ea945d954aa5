//! F3 and F4: no secret leaves before everybody has echoed the same dealings.

use std::sync::Arc;

use quorate_primitives::{ParticipantId, Secret, Transcript};

use super::super::sealing::DealtShares;
use super::super::{Broadcast, Complaint, Dealings, Echo, Fault, Messages, Outcome, SealedShares};
use super::Participant;
use crate::KeyShare;

/// Waits for F3.
#[derive(Debug)]
pub struct AwaitingEchoes {
    participant: Participant,
    dealings: Arc<Dealings>,
}

/// Waits for F4.
#[derive(Debug)]
pub struct AwaitingShares {
    participant: Participant,
    dealings: Arc<Dealings>,
}

impl AwaitingEchoes {
    pub(super) const fn new(participant: Participant, dealings: Arc<Dealings>) -> Self {
        Self { participant, dealings }
    }

    /// Takes the echoes of all counterparties; if all saw what we saw, returns F4 for each of them.
    ///
    /// # Errors
    /// [`Fault::SplitView`] names a witness, not a culprit.
    pub fn finish(self, others: &Messages<Echo>) -> Result<(AwaitingShares, Messages<SealedShares>), Fault> {
        let Self { participant, dealings } = self;
        participant.expect_all(others, "one echo of every counterparty")?;
        if let Some((witness, _)) = others.iter().find(|(_, e)| e.dealings_seen != *dealings.dealings_hash())
        {
            return Err(Fault::SplitView { witness: *witness, broadcast: Broadcast::Dealings });
        }
        let dealer = participant.dealer(dealings.session());
        let seal = |recipient| Some((recipient, dealer.seal(&dealings.lane(participant.me, recipient)?)?));
        let sealed = others
            .keys()
            .copied()
            .map(seal)
            .collect::<Option<_>>()
            .ok_or(Fault::Misuse("an announced key that was checked can not be used"))?;
        Ok((AwaitingShares { participant, dealings }, sealed))
    }
}

impl AwaitingShares {
    /// Returns the public side, with which complaints are judged.
    pub fn dealings(&self) -> Arc<Dealings> {
        Arc::clone(&self.dealings)
    }

    /// Takes the sealed shares of all counterparties and returns this member's shares, pending.
    ///
    /// # Errors
    /// The first wrong one, as a [`Complaint`]; [`Fault::Misuse`] for messages of the wrong participants.
    pub fn finish(self, others: &Messages<SealedShares>) -> Result<Outcome, ShareFault> {
        let Self { participant, dealings } = &self;
        let me = participant.me;
        participant.expect_all(others, "sealed shares of every counterparty")?;
        let mut dealt = Messages::new();
        for (dealer, sealed) in others {
            let secret = participant.ephemeral_secret(*dealer);
            let opened = dealings.open(*dealer, me, &secret, sealed).map_err(|_| self.complain(*dealer))?;
            dealt.insert(*dealer, opened);
        }
        dealt.insert(me, participant.dealer(dealings.session()).shares(me));
        // Right sums are all that the keys need; only wrong ones are taken apart to find who made them wrong.
        if let Some(shares) = dealings.key_shares(me, &dealt) {
            return Ok(Outcome::new(dealings, shares));
        }
        let wrong = dealt.iter().find(|(dealer, shares)| !dealings.accepts(**dealer, me, shares));
        Err(match wrong {
            Some((dealer, _)) if *dealer != me => self.complain(*dealer),
            Some(_) => Fault::Misuse("our own share is wrong").into(),
            None => Fault::Misuse("the dealt points cancel out").into(),
        })
    }

    fn complain(&self, dealer: ParticipantId) -> ShareFault {
        let opened_secret = Secret::new(self.participant.ephemeral_secret(dealer).to_bytes());
        ShareFault::Complaint(Complaint { dealer, opened_secret })
    }
}

/// Why shares were not accepted.
#[derive(Debug)]
pub enum ShareFault {
    /// A dealer sent something wrong: broadcast this.
    Complaint(Complaint),
    /// The ceremony can not go on.
    Fault(Fault),
}

impl From<Fault> for ShareFault {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Dealings {
    /// Adds up what all dealt to `me`.
    fn key_shares(&self, me: ParticipantId, dealt: &Messages<DealtShares>) -> Option<Vec<KeyShare>> {
        let parts: Vec<_> = dealt.values().map(|dealt| dealt.chain_code_part.expose()).collect();
        let keys = self.keys().iter().zip(&self.terms().purposes).enumerate();
        keys.map(|(index, (key, purpose))| {
            let chain_code = Transcript::new("dkg/chain-code")
                .field("session", self.session())
                .field("purpose", purpose.label().as_bytes())
                .list("parts", &parts)
                .finish();
            let shares: Vec<_> =
                dealt.values().map(|dealt| dealt.shares.get(index)).collect::<Option<_>>()?;
            key.key_share(me, &shares, chain_code)
        })
        .collect()
    }
}
