//! Whose ECDSA share was wrong: all signers open what they committed to (`docs/protocols/dkls.md`, blame).
//!
//! Nobody opens before its own sum has failed. Openings are judged when all are here, or at the deadline those that are:
//! a device that restarted meanwhile has nothing to open, which proves nothing and saves nobody else.

use std::collections::BTreeMap;

use quorate_dkls::sign::OnlineShare;
use quorate_dkls::{AttributionOpening, Verdict};
use quorate_primitives::ParticipantId;
use quorate_threshold::engine::Recipient;

use super::messages::{Openings, Round, Shares, decode};
use super::{Blame, Failure, Fixed, Phase, Signing};
use crate::envelope::Envelope;
use crate::output::Output;

impl Signing {
    /// The shares of this device's own sum do not fit: opens, and waits for the others.
    pub(super) fn begin_attribution(&mut self) {
        let Phase::Signing(fixed) = core::mem::replace(&mut self.phase, Phase::Deciding) else { return };
        self.phase = Phase::Attributing(fixed);
        let openings = self.signed.iter().map(|one| one.opening().to_bytes()).collect();
        let opening = self.say(Round::Opening, None, &Openings { openings });
        self.sent.push(opening.clone());
        self.out.push(Output::Send(Recipient::All, opening.clone()));
        self.openings.insert(self.seat.me(), opening);
        self.attribute();
    }

    pub(super) fn handle_opening(&mut self, envelope: Envelope) {
        if let Some(signatures) = self.signatures() {
            // Somebody was told a wrong share; the signature ends its search.
            let result = self.say(Round::Result, None, &signatures.to_vec());
            self.out.push(Output::Send(Recipient::One(envelope.header.sender), result));
            return;
        }
        let (Phase::Signing(fixed) | Phase::Attributing(fixed)) = &self.phase else { return };
        if fixed.signers.contains(&envelope.header.sender) {
            self.openings.entry(envelope.header.sender).or_insert(envelope);
            self.attribute();
        }
    }

    fn attribute(&mut self) {
        let Phase::Attributing(fixed) = &self.phase else { return };
        if fixed.signers.iter().all(|signer| self.openings.contains_key(signer)) {
            self.conclude_attribution();
        }
    }

    /// All openings are here, or no more are awaited.
    pub(super) fn conclude_attribution(&mut self) {
        let Phase::Attributing(fixed) = &self.phase else { return };
        match self.judge(fixed) {
            Some((culprits, blame)) => {
                let said = self.shares.values().chain(self.openings.values()).cloned();
                let evidence = [fixed.envelope.clone()].into_iter().chain(said).collect();
                self.blame(culprits, blame, evidence);
            }
            None => {
                let (signers, missing) = (fixed.signers.clone(), self.missing());
                self.fail(Failure::Unattributed { signers, missing });
            }
        }
    }

    fn judge(&self, fixed: &Fixed) -> Option<(Vec<ParticipantId>, Blame)> {
        let count = self.signed.len();
        let mut by_message = vec![(BTreeMap::new(), BTreeMap::new()); count];
        for signer in &fixed.signers {
            let malformed = Some((vec![*signer], Blame::Malformed));
            let Some(shares) = self.ecdsa_shares_of(*signer, count) else { return malformed };
            for ((of_shares, _), share) in by_message.iter_mut().zip(shares) {
                of_shares.insert(*signer, share);
            }
            if !self.openings.contains_key(signer) {
                continue;
            }
            let Some(openings) = self.openings_of(*signer, count) else { return malformed };
            for ((_, of_openings), opening) in by_message.iter_mut().zip(openings) {
                of_openings.insert(*signer, opening);
            }
        }
        let verdicts = self.signed.iter().zip(&by_message).filter_map(|(one, (shares, openings))| {
            let valid = one.plan().combine(shares).is_ok();
            if valid { None } else { one.plan().attribute(shares, openings).ok() }
        });
        let mut culprits: Vec<ParticipantId> = verdicts
            .flat_map(|verdict| match verdict {
                Verdict::Culprits(culprits) => culprits.into_keys().collect(),
                Verdict::Withheld(_) | Verdict::NoCulprit => Vec::new(),
            })
            .collect();
        culprits.sort_unstable();
        culprits.dedup();
        (!culprits.is_empty()).then_some((culprits, Blame::WrongShare))
    }

    fn openings_of(&self, signer: ParticipantId, count: usize) -> Option<Vec<AttributionOpening>> {
        let said: Openings = decode(self.openings.get(&signer)?, Round::Opening)?;
        let read = |bytes: &Vec<u8>| AttributionOpening::from_bytes(bytes).ok();
        let openings: Vec<_> = said.openings.iter().map(read).collect::<Option<_>>()?;
        (openings.len() == count).then_some(openings)
    }

    fn ecdsa_shares_of(&self, signer: ParticipantId, count: usize) -> Option<Vec<OnlineShare>> {
        let said: Shares = decode(self.shares.get(&signer)?, Round::Share)?;
        let of_message = self.task.messages.iter().zip(&said.shares);
        let is_ecdsa = |message| self.key_of(message).is_some_and(super::scheme::Key::is_ecdsa);
        let ecdsa = of_message.filter(|(message, _)| is_ecdsa(message));
        let shares: Vec<_> =
            ecdsa.map(|(_, bytes)| OnlineShare::from_bytes(bytes).ok()).collect::<Option<_>>()?;
        (shares.len() == count).then_some(shares)
    }
}
