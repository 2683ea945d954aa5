//! Driving the product's reserve of pairs and presignatures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId, Timestamp};
use quorate_session::output::Output;
use quorate_session::pairing::{self, Pairing};
use quorate_session::reserve::{Ahead, Event, Mutation, Reserve};
use quorate_session::signing::{self, Signing};
use quorate_threshold::KeyShare;

use super::{Device, Effect, Hands, Step, Told};
use crate::disk::Record;
use crate::report::PairEnd;

/// Returns where every pair is.
pub fn pair_ends(reserve: &Reserve) -> BTreeMap<ParticipantId, PairEnd> {
    let end = |pairing: &Pairing| match pairing.keys() {
        Some(keys) => PairEnd::Ready(*keys.statement()),
        None if pairing.is_banned() => PairEnd::Banned,
        None if pairing.is_under_way() => PairEnd::Waiting,
        None => PairEnd::Failed,
    };
    reserve.pairs().iter().map(|pairing| (pairing.peer(), end(pairing))).collect()
}

impl Device {
    /// Takes up the pairs, if this run needs them.
    pub(super) fn start_reserve(
        &mut self,
        logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        now: Timestamp,
    ) {
        let Self { process, entropy, needs_pairs: true, .. } = self else { return };
        let Some(membership) = process.as_mut().and_then(|process| process.membership.as_mut()) else {
            return;
        };
        let is_ecdsa = |share: &&KeyShare| share.public.purpose == KeyPurpose::EcdsaSecp256k1;
        let share = membership.keys.as_ref().and_then(|keys| keys.shares.iter().find(is_ecdsa));
        let seat = Arc::clone(&membership.seat);
        let peers = seat.others().count();
        membership.reserve = share.map(|share| {
            let reserve = Reserve::start(seat, share.duplicate(), logs, entropy, now);
            assert_eq!(reserve.pairs().ready().1, peers, "a log that was written is replayed");
            reserve
        });
    }

    /// Gives requests what they wait for, and carries out what the reserve puts out.
    pub(super) fn drain_reserve(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let Self { process, entropy, ahead, .. } = self;
        let Some(membership) = process.as_mut().and_then(|process| process.membership.as_mut()) else {
            return Ok(());
        };
        // Nobody says who is connected: everybody is asked.
        let online: BTreeSet<ParticipantId> = membership.seat.others().map(|(id, _)| id).collect();
        let Some(reserve) = &mut membership.reserve else { return Ok(()) };
        let mut requests: Vec<&mut Signing> = membership.signings.values_mut().collect();
        reserve.serve(&mut requests, Ahead { target: *ahead, online: &online }, entropy, now);
        let next = |device: &mut Self| device.membership_mut()?.reserve.as_mut()?.poll_output();
        while let Some(output) = next(self) {
            hands.watch.shows(self.index, &output);
            match output {
                Output::Persist(Mutation { peer, step }) => {
                    self.persist(Record::Pair { peer, mutation: step }, hands)?;
                }
                Output::Append(Mutation { peer, step }) => {
                    self.append(&Record::Pair { peer, mutation: step }, hands)?;
                }
                Output::Send(to, envelope) => self.send(to, envelope, hands)?,
                Output::WakeAt(at) => hands.effects.push(Effect::Wake(at)),
                Output::Event(event) => self.hear_of_the_reserve(event, hands),
            }
        }
        Ok(())
    }

    /// A signature that nobody can be blamed for costs what was made along with it.
    pub(super) fn hear_of_malformed(&mut self, session: &[u8; 32], event: &signing::Event, now: Timestamp) {
        let Some(membership) = self.membership_mut() else { return };
        let owner = membership.signings.get(session).map(Signing::proposer);
        if let (Some(owner), Some(reserve)) = (owner, &mut membership.reserve)
            && let signing::Event::Failed(signing::Failure::Unattributed { signers, .. }) = event
        {
            reserve.handle_malformed(owner, signers, now);
        }
    }

    fn hear_of_the_reserve(&mut self, event: Event, hands: &mut Hands<'_>) {
        match event {
            Event::Pair(peer, event) => hands.effects.push(Effect::Told(Told::Pair(peer, event))),
            Event::NotMade(failure) => hands.effects.push(Effect::Told(Told::Presigning(failure))),
            Event::Banned(tombstones) => hands.watch.must_ban(self.index, &tombstones),
            Event::Made { owner, ids } => {
                let ids: Vec<[u8; 32]> = ids.iter().map(|id| *id.as_bytes()).collect();
                hands.watch.makes(self.index, owner, &ids);
                if let Some(liar) = &mut self.liar {
                    liar.remember_presignatures(owner, &ids);
                }
            }
        }
    }
}
