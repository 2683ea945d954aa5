//! Giving requests the presignatures that they wait for, and ending their wait where there will be none.

use quorate_dkls::presign::MAX_BATCH;
use quorate_dkls::sign::MessageHash;
use quorate_primitives::{Millis, ParticipantId, Timestamp};
use rand_core::{CryptoRng, RngCore};

use super::making::REST;
use super::{Ahead, Reserve};
use crate::presigning;
use crate::signing::{Signing, Wants};

/// So many signatures that nobody can be blamed for stop a signer set: each may cost a little of the key's strength
/// (`docs/protocols/dkls.md`, what an opening tells).
const MAX_MALFORMED: u8 = 3;

/// For how long.
const LONG_REST: Millis = 3_600_000;

impl Reserve {
    /// Carries out what pairs and sessions put out, gives requests what they wait for, and makes presignatures ahead.
    pub fn serve(
        &mut self,
        requests: &mut [&mut Signing],
        ahead: Ahead<'_>,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        self.settle_pairs();
        self.settle_presignings(requests, now);
        for request in requests.iter_mut() {
            self.feed(request, rng, now);
        }
        self.make_ahead(ahead, rng, now);
        self.settle_presignings(requests, now);
        self.forget_presignings(now);
        self.tidy(requests);
    }

    /// A signature failed and nobody can be blamed: what was made along with its presignatures goes, and after some of
    /// them the signer set rests for long each time.
    pub fn handle_malformed(&mut self, owner: ParticipantId, signers: &[ParticipantId], now: Timestamp) {
        self.pool.erase_set(owner, signers);
        let count = self.malformed.entry(signers.to_vec()).or_default();
        *count = count.saturating_add(1);
        let rest = if *count >= MAX_MALFORMED { LONG_REST } else { REST };
        self.rest(signers.to_vec(), now.after(rest));
    }

    fn feed(&mut self, request: &mut Signing, rng: &mut (impl RngCore + CryptoRng), now: Timestamp) {
        // The choice of a device that signs too is followed by its own supply.
        for _ in 0..2 {
            match request.wants() {
                Some(Wants::Choice { signers, count, messages }) => {
                    self.choose(request, (&signers, count), &messages, rng, now);
                }
                Some(Wants::Presignatures { owner, signers, ids }) => {
                    match self.pool.take(owner, &signers, &ids) {
                        Some(taken) => request.supply(taken),
                        None if self.is_making(owner, &signers) => {}
                        None => request.give_up_presignatures("not here"),
                    }
                }
                None => return,
            }
        }
    }

    fn choose(
        &mut self,
        request: &mut Signing,
        (signers, count): (&[ParticipantId], usize),
        messages: &[MessageHash],
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        let me = self.seat.me();
        let chosen = if messages.is_empty() {
            self.pool.choose(me, signers, count)
        } else {
            self.pool.choose_for(me, signers, messages)
        };
        if let Some(ids) = chosen {
            return request.choose(&ids, now);
        }
        let unable = self.unable(signers);
        if !unable.is_empty() {
            request.pass_over(&unable, now);
        } else if !self.is_making(me, signers) {
            // A pair that is not ready yet will be; the request waits for it until its deadline.
            let message = self.not_made_for(signers, messages);
            let missing = count.saturating_sub(self.pool.available(me, signers));
            let batch = if message.is_some() { 1 } else { u16::try_from(missing).unwrap_or(MAX_BATCH) };
            let _ = self.presign((signers, batch, message), rng, now);
        }
    }

    /// Returns the first of a plain request's messages that no presignature was made for.
    fn not_made_for(&self, signers: &[ParticipantId], messages: &[MessageHash]) -> Option<MessageHash> {
        let me = self.seat.me();
        let is_missing = |message: &&MessageHash| {
            let needed = messages.iter().filter(|other| other == message).count();
            self.pool.made_for(me, signers, **message) < needed
        };
        messages.iter().find(is_missing).copied()
    }

    /// What was made for one message goes when nobody asks to sign that any more.
    fn tidy(&mut self, requests: &[&mut Signing]) {
        if self.pool.holds_any_for_one() {
            let asked: Vec<MessageHash> =
                requests.iter().flat_map(|request| request.plain_messages()).collect();
            self.pool.keep_only_for(&asked);
        }
    }

    /// Returns who of the signers can make no presignatures with this device until somebody acts, or for long.
    fn unable(&self, signers: &[ParticipantId]) -> Vec<ParticipantId> {
        let malformed = self.malformed.get(signers).is_some_and(|count| *count >= MAX_MALFORMED);
        match self.pairs.hopeless(signers) {
            Some(peer) => vec![peer],
            None if malformed && self.resting.contains_key(signers) => {
                signers.iter().copied().filter(|id| *id != self.seat.me()).collect()
            }
            None => Vec::new(),
        }
    }

    /// Requests that wait for presignatures of these signers are signed by others, if there are any.
    pub(super) fn try_others(
        &mut self,
        signers: &[ParticipantId],
        failure: &presigning::Failure,
        requests: &mut [&mut Signing],
        now: Timestamp,
    ) {
        let with = failure.with(self.seat.me());
        for request in requests {
            let waits = matches!(request.wants(), Some(Wants::Choice { signers: s, .. }) if s == signers);
            match (waits, with.is_empty()) {
                (true, false) => request.pass_over(&with, now),
                (true, true) => request.give_up_presignatures(&failure.to_string()),
                (false, _) => {}
            }
        }
    }
}
