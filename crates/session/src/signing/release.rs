//! Burn, release, add up.

use std::collections::BTreeMap;

use quorate_primitives::{ParticipantId, Timestamp};
use quorate_threshold::engine::Recipient;
use quorate_threshold::frost::{self, AggregateError, SignatureShare, SigningNonces};

use super::messages::{Mutation, Round, Shares, decode};
use super::{Blame, Event, Failure, Fixed, Phase, Signing};
use crate::envelope::{Digest, Envelope};
use crate::output::Output;

impl Signing {
    /// S2: consumes the nonces for the one package of this session, makes the burn durable, then sends the share.
    pub(super) fn release(&mut self) {
        let Phase::Signing(fixed) = &self.phase else { return };
        if !fixed.signers.contains(&self.seat.me()) {
            self.nonces = None;
            return;
        }
        let nonces = self.nonces.take();
        let Some(shares) = nonces.and_then(|nonces| self.make_shares(fixed, nonces)) else {
            return self.withdraw();
        };
        let package = fixed.envelope.clone();
        let said = Shares { named: package.digest(), package: fixed.hash, shares };
        let share = self.say(Round::Share, None, &said);
        self.out.push(Output::Persist(Mutation::Burned { package, share: share.clone() }));
        self.out.push(Output::Send(Recipient::All, share.clone()));
        self.sent.push(share.clone());
        self.shares.insert(self.seat.me(), share);
    }

    fn make_shares(&self, fixed: &Fixed, nonces: Vec<SigningNonces>) -> Option<Vec<[u8; 32]>> {
        if nonces.len() != fixed.packages.len() {
            return None;
        }
        let signed = nonces.into_iter().zip(&fixed.packages);
        signed
            .map(|(nonce, package)| nonce.sign(package, &self.key).ok().map(|share| share.to_bytes()))
            .collect()
    }

    pub(super) fn handle_share(&mut self, envelope: Envelope, now: Timestamp) {
        let sender = envelope.header.sender;
        if !self.is_open() {
            return;
        }
        // The first one counts; what it is worth shows when it is added up.
        if self.shares.contains_key(&sender) {
            return;
        }
        self.shares.insert(sender, envelope);
        self.resend.restart(now);
        self.aggregate();
    }

    /// Adds up the shares when all are there; anybody can, so nobody can withhold the result.
    pub(super) fn aggregate(&mut self) {
        let Phase::Signing(fixed) = &self.phase else { return };
        if !fixed.signers.iter().all(|signer| self.shares.contains_key(signer)) {
            return;
        }
        match self.add_up(fixed) {
            Ok(signatures) => self.finish(signatures),
            Err((culprits, _)) if culprits.is_empty() => {
                self.fail(Failure::Internal("every share fits and the signature does not verify"));
            }
            Err((culprits, blame)) => {
                let package = fixed.envelope.clone();
                let shares = self.shares.values().cloned();
                let evidence = [package].into_iter().chain(shares).collect();
                self.blame(culprits, blame, evidence);
            }
        }
    }

    fn add_up(&self, fixed: &Fixed) -> Result<Vec<[u8; 64]>, (Vec<ParticipantId>, Blame)> {
        let mut by_message = vec![BTreeMap::new(); fixed.packages.len()];
        for signer in &fixed.signers {
            let shares =
                self.read_shares(fixed, *signer).map_err(|(culprit, blame)| (vec![culprit], blame))?;
            for (message, share) in by_message.iter_mut().zip(shares) {
                message.insert(*signer, share);
            }
        }
        let messages = fixed.packages.iter().zip(&by_message);
        let results: Vec<_> =
            messages.map(|(package, shares)| frost::aggregate(package, shares, &self.public)).collect();
        let mut culprits: Vec<ParticipantId> = results
            .iter()
            .filter_map(|result| match result {
                Err(AggregateError::InvalidShares { culprits }) => Some(culprits.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        culprits.sort_unstable();
        culprits.dedup();
        results.into_iter().collect::<Result<_, _>>().map_err(|_| (culprits, Blame::WrongShare))
    }

    fn read_shares(
        &self,
        fixed: &Fixed,
        signer: ParticipantId,
    ) -> Result<Vec<SignatureShare>, (ParticipantId, Blame)> {
        let malformed = (signer, Blame::Malformed);
        let envelope = self.shares.get(&signer).ok_or(malformed)?;
        let said: Shares = decode(envelope, Round::Share).ok_or(malformed)?;
        if said.named != fixed.envelope.digest() {
            return Err(self.judge_package(fixed, signer, &said.named));
        }
        if said.package != fixed.hash {
            return Err((signer, Blame::OtherPackage));
        }
        if said.shares.len() != fixed.packages.len() {
            return Err(malformed);
        }
        let read =
            |bytes: &[u8; 32]| SignatureShare::from_bytes(self.task.purpose, bytes).map_err(|_| malformed);
        said.shares.iter().map(read).collect()
    }

    /// A signer names another package than ours: either the proposer signed two, or the signer invented one.
    fn judge_package(&self, fixed: &Fixed, signer: ParticipantId, named: &Digest) -> (ParticipantId, Blame) {
        if named.header == fixed.envelope.header && self.seat.verify_digest(named).is_ok() {
            (self.proposer, Blame::Equivocated)
        } else {
            (signer, Blame::OtherPackage)
        }
    }

    /// Takes finished signatures from somebody who has them, also after this device gave up: they prove themselves.
    pub(super) fn handle_result(&mut self, envelope: &Envelope) {
        if matches!(self.phase, Phase::Finished(_)) {
            return;
        }
        let Some(signatures) = decode::<Vec<[u8; 64]>>(envelope, Round::Result) else { return };
        let key = self.public.verifying_key();
        let valid = signatures.len() == self.task.messages.len()
            && self.task.messages.iter().zip(&signatures).all(|(message, signature)| {
                frost::verify(self.task.purpose, &key, message, signature).is_ok()
            });
        if valid {
            self.finish(signatures);
        }
    }

    fn finish(&mut self, signatures: Vec<[u8; 64]>) {
        self.nonces = None;
        self.out.push(Output::Append(Mutation::Finished { signatures: signatures.clone() }));
        self.out.push(Output::Event(Event::Signed { signatures: signatures.clone() }));
        self.phase = Phase::Finished(signatures);
    }
}
