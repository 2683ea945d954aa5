//! Burn, release, add up.

use std::collections::BTreeMap;

use quorate_dkls::presign::Presignature;
use quorate_dkls::sign::Signing as Signed;
use quorate_primitives::{ParticipantId, Timestamp};
use quorate_threshold::engine::Recipient;

use super::messages::{Mutation, Round, Shares, decode};
use super::scheme::{Material, Nonce, Unsigned};
use super::{Blame, Event, Failure, Fixed, Phase, Signing};
use crate::envelope::{Digest, Envelope, Header};
use crate::output::Output;

impl Signing {
    /// Signs if nothing but nonces is needed; presignatures are asked for (`Signing::wants`).
    pub(super) fn release(&mut self) {
        let Phase::Signing(fixed) = &self.phase else { return };
        if !fixed.signers.contains(&self.seat.me()) {
            self.nonces = None;
        } else if self.nonces.is_none() {
            self.withdraw();
        } else if fixed.presignatures.is_empty() {
            self.release_with(Vec::new());
        }
    }

    /// S2: consumes what there is for the one package of this session, makes the burn durable, then sends the share.
    pub(super) fn release_with(&mut self, presignatures: Vec<Presignature>) {
        let Phase::Signing(fixed) = &self.phase else { return };
        let nonces = self.nonces.take();
        let made = nonces.and_then(|nonces| self.make_shares(fixed, nonces, presignatures));
        let Some((shares, signed)) = made else {
            return self.withdraw();
        };
        let package = fixed.envelope.clone();
        self.signed = signed;
        let said = Shares { named: package.digest(), package: fixed.hash, shares };
        let share = self.say(Round::Share, None, &said);
        self.out.push(Output::Persist(Mutation::Burned { package, share: share.clone() }));
        self.out.push(Output::Send(Recipient::All, share.clone()));
        self.sent.push(share.clone());
        self.shares.insert(self.seat.me(), share);
    }

    fn make_shares(
        &self,
        fixed: &Fixed,
        nonces: Vec<Nonce>,
        presignatures: Vec<Presignature>,
    ) -> Option<(Vec<Vec<u8>>, Vec<Signed>)> {
        let count = (nonces.len(), presignatures.len());
        if count != (fixed.packages.len(), fixed.presignatures.len()) {
            return None;
        }
        let mut presignatures = presignatures.into_iter();
        let mut kept = Vec::new();
        let mut shares = Vec::new();
        for ((nonce, signable), message) in nonces.into_iter().zip(&fixed.packages).zip(&self.task.messages) {
            let material = match nonce {
                Nonce::Frost(nonces) => Material::Frost(nonces),
                Nonce::Ecdsa => Material::Ecdsa(Box::new(presignatures.next()?)),
            };
            let (share, signed) = self.key_of(message)?.sign(material, signable)?;
            shares.push(share);
            kept.extend(signed);
        }
        Some((shares, kept))
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
            Err(Sum::NotHere) => {}
            Err(Sum::Unattributed) => self.begin_attribution(),
            Err(Sum::Wrong(culprits, blame)) => {
                let package = fixed.envelope.clone();
                let shares = self.shares.values().cloned();
                let evidence = [package].into_iter().chain(shares).collect();
                self.blame(culprits, blame, evidence);
            }
            Err(Sum::Internal) => {
                self.fail(Failure::Internal("every share fits and the signature does not verify"));
            }
        }
    }

    fn add_up(&self, fixed: &Fixed) -> Result<Vec<[u8; 64]>, Sum> {
        let mut by_message = vec![BTreeMap::new(); fixed.packages.len()];
        for signer in &fixed.signers {
            let shares = self
                .read_shares(fixed, *signer)
                .map_err(|(culprit, blame)| Sum::Wrong(vec![culprit], blame))?;
            for (message, share) in by_message.iter_mut().zip(shares) {
                message.insert(*signer, share);
            }
        }
        let mut signed = self.signed.iter();
        let mut results = Vec::new();
        for ((message, signable), shares) in self.task.messages.iter().zip(&fixed.packages).zip(&by_message) {
            let key = self.key_of(message).ok_or(Sum::Internal)?;
            let plan = if key.is_ecdsa() { signed.next().map(Signed::plan) } else { None };
            results.push(key.add_up(signable, plan, shares));
        }
        judged(results)
    }

    fn read_shares(
        &self,
        fixed: &Fixed,
        signer: ParticipantId,
    ) -> Result<Vec<Vec<u8>>, (ParticipantId, Blame)> {
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
        Ok(said.shares)
    }

    /// A signer names another package than ours: either the proposer signed two, or the signer invented one.
    fn judge_package(&self, fixed: &Fixed, signer: ParticipantId, named: &Digest) -> (ParticipantId, Blame) {
        let same_step = Header { sequence: fixed.envelope.header.sequence, ..named.header.clone() };
        if same_step == fixed.envelope.header && self.seat.verify_digest(named).is_ok() {
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
        let valid = signatures.len() == self.task.messages.len()
            && self.task.messages.iter().zip(&signatures).all(|(message, signature)| {
                self.key_of(message).is_some_and(|key| key.verify(&message.bytes, signature))
            });
        if valid {
            self.finish(signatures);
        }
    }

    fn finish(&mut self, signatures: Vec<[u8; 64]>) {
        self.nonces = None;
        self.signed.clear();
        if self.ecdsa_messages().next().is_some() && self.proposer == self.seat.me() {
            // Whoever did not sign holds no presignature, and can add nothing up.
            let result = self.say(Round::Result, None, &signatures);
            self.out.push(Output::Send(Recipient::All, result));
        }
        self.out.push(Output::Append(Mutation::Finished { signatures: signatures.clone() }));
        self.out.push(Output::Event(Event::Signed { signatures: signatures.clone() }));
        self.phase = Phase::Finished(signatures);
    }
}

/// Why there are no signatures.
enum Sum {
    /// These are to blame.
    Wrong(Vec<ParticipantId>, Blame),
    /// Only openings can tell who is.
    Unattributed,
    /// Others add up.
    NotHere,
    /// A bug.
    Internal,
}

/// All signatures, or what stands in the way of the first that is missing; wrong shares come before all else.
fn judged(results: Vec<Result<[u8; 64], Unsigned>>) -> Result<Vec<[u8; 64]>, Sum> {
    let mut culprits: Vec<ParticipantId> = results
        .iter()
        .flat_map(|result| match result {
            Err(Unsigned::Wrong(culprits)) => culprits.clone(),
            _ => Vec::new(),
        })
        .collect();
    if !culprits.is_empty() {
        culprits.sort_unstable();
        culprits.dedup();
        return Err(Sum::Wrong(culprits, Blame::WrongShare));
    }
    let sum = |unsigned| match unsigned {
        Unsigned::Malformed(signer) => Sum::Wrong(vec![signer], Blame::Malformed),
        Unsigned::Wrong(culprits) => Sum::Wrong(culprits, Blame::WrongShare),
        Unsigned::Unattributed => Sum::Unattributed,
        Unsigned::NotHere => Sum::NotHere,
        Unsigned::Internal => Sum::Internal,
    };
    results.into_iter().map(|result| result.map_err(sum)).collect()
}
