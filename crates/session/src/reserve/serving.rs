//! Giving requests the presignatures that they wait for, and ending their wait where there will be none.

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
                Some(Wants::Choice { signers, count }) => self.choose(request, &signers, count, rng, now),
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
        signers: &[ParticipantId],
        count: usize,
        rng: &mut (impl RngCore + CryptoRng),
        now: Timestamp,
    ) {
        let me = self.seat.me();
        if let Some(ids) = self.pool.choose(me, signers, count) {
            return request.choose(&ids, now);
        }
        let unable = self.unable(signers);
        if !unable.is_empty() {
            request.pass_over(&unable, now);
        } else if !self.is_making(me, signers) {
            // A pair that is not ready yet will be; the request waits for it until its deadline.
            let missing = count.saturating_sub(self.pool.available(me, signers));
            let _ = self.presign(signers, missing, rng, now);
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
