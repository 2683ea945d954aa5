//! F3 and F4: no secret leaves before everybody has echoed the same dealings.

use std::sync::Arc;

use quorate_primitives::{ParticipantId, Secret, Transcript};
use zeroize::Zeroizing;

use super::super::dealt_key::{Dealer, DealtKey};
use super::super::{
    Broadcast, Complaint, Dealings, Echo, Fault, Messages, Outcome, SealedShares, counterparties,
};
use super::Participant;
use super::dealings::OpenedShares;
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
        if !others.keys().copied().eq(counterparties(participant.terms.threshold, participant.me)) {
            return Err(Fault::Misuse("one echo of every counterparty"));
        }
        if let Some((witness, _)) = others.iter().find(|(_, e)| e.dealings_seen != *dealings.dealings_hash()) {
            return Err(Fault::SplitView { witness: *witness, broadcast: Broadcast::Dealings });
        }
        let sealed = others
            .keys()
            .map(|recipient| participant.seal_shares(&dealings, *recipient).map(|sealed| (*recipient, sealed)))
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

    /// Checks what one dealer sent, as soon as it is there.
    ///
    /// # Errors
    /// The complaint to broadcast if it is wrong.
    pub fn check(&self, dealer: ParticipantId, sealed: &SealedShares) -> Result<(), Complaint> {
        self.open(dealer, sealed).map(drop)
    }

    /// Takes the sealed shares of all counterparties and returns this member's shares, pending.
    ///
    /// # Errors
    /// The first wrong one, as a [`Complaint`]; [`Fault::Misuse`] for messages of the wrong participants.
    pub fn finish(self, others: &Messages<SealedShares>) -> Result<Outcome, ShareFault> {
        let me = self.participant.me;
        if !others.keys().copied().eq(counterparties(self.participant.terms.threshold, me)) {
            return Err(Fault::Misuse("sealed shares of every counterparty").into());
        }
        let mut opened = Messages::new();
        for (dealer, sealed) in others {
            opened.insert(*dealer, self.open(*dealer, sealed).map_err(ShareFault::Complaint)?);
        }
        opened.insert(me, self.participant.own_shares(&self.dealings));
        let parts: Vec<_> = opened.values().map(|o| o.chain_code_part.expose()).collect();
        let keys = self.dealings.keys().iter().enumerate();
        let shares = keys
            .map(|(index, key)| {
                let purpose = self.dealings.terms().purposes.get(index)?;
                let chain_code = Transcript::new("dkg/chain-code")
                    .field("session", self.dealings.session())
                    .field("purpose", purpose.label().as_bytes())
                    .list("parts", &parts)
                    .finish();
                key_share(key.as_ref(), me, index, &opened, chain_code)
            })
            .collect::<Option<_>>()
            .ok_or(Fault::Misuse("the dealt points cancel out"))?;
        Ok(Outcome::new(&self.dealings, shares))
    }

    fn open(&self, dealer: ParticipantId, sealed: &SealedShares) -> Result<OpenedShares, Complaint> {
        let secret = self.participant.ephemeral_secret(dealer);
        self.dealings.open(dealer, self.participant.me, &secret, sealed).map_err(|_offence| Complaint {
            dealer,
            opened_secret: Secret::new(secret.to_bytes()),
        })
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

impl Participant {
    fn dealer<'a>(&'a self, dealings: &'a Dealings) -> Dealer<'a> {
        Dealer {
            session: dealings.session(),
            threshold: self.terms.threshold,
            me: self.me,
            seed: &self.seed,
        }
    }

    /// Seals this member's shares for one recipient.
    fn seal_shares(&self, dealings: &Dealings, recipient: ParticipantId) -> Option<SealedShares> {
        let dealer = self.dealer(dealings);
        let mut plaintext = Zeroizing::new(Vec::with_capacity(32 * (self.terms.purposes.len() + 1)));
        for purpose in &self.terms.purposes {
            plaintext.extend_from_slice(dealer.share(*purpose, recipient).expose());
        }
        plaintext.extend_from_slice(self.chain_code_part().expose());
        let lane = dealings.lane(self.me, recipient)?;
        lane.seal(&self.ephemeral_secret(recipient), &plaintext).map(|ciphertext| SealedShares { ciphertext })
    }

    /// Returns what this member dealt to itself.
    fn own_shares(&self, dealings: &Dealings) -> OpenedShares {
        let dealer = self.dealer(dealings);
        OpenedShares {
            shares: self.terms.purposes.iter().map(|purpose| dealer.share(*purpose, self.me)).collect(),
            chain_code_part: self.chain_code_part(),
        }
    }
}

/// Adds up one key's shares and checks the sum against the public side.
fn key_share(
    key: &dyn DealtKey,
    me: ParticipantId,
    index: usize,
    opened: &Messages<OpenedShares>,
    chain_code: [u8; 32],
) -> Option<KeyShare> {
    let shares = opened
        .iter()
        .map(|(dealer, o)| o.shares.get(index).map(|share| (*dealer, share.duplicate())))
        .collect::<Option<_>>()?;
    let signing_share = key.combine(&shares)?;
    let public = key.public_keys(chain_code)?;
    Some(KeyShare { public, participant: me, signing_share })
}
