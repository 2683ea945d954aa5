//! Driving the reserve of pairs and presignatures that the ECDSA key needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId};
use quorate_session::output::Output;
use quorate_session::pairing;
use quorate_session::reserve::{Ahead, Event, Mutation, Reserve};
use quorate_session::signing::Signing;
use quorate_threshold::KeyShare;
use quorate_transport::MemberKey;
use rand_core::{CryptoRng, RngCore};

use crate::device::{Context, Effect};
use crate::records::Record;
use crate::view::View;
use crate::wallet::{Keys, Stage, Wallet};

fn ecdsa_share(keys: &Keys) -> Option<&KeyShare> {
    keys.shares.iter().find(|share| share.public.purpose == KeyPurpose::EcdsaSecp256k1)
}

impl Wallet {
    /// Takes up the pairs with all other members, from their logs.
    pub(crate) fn start_reserve<R: RngCore + CryptoRng>(
        &mut self,
        logs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
        context: &mut Context<R>,
    ) {
        let Stage::Ready(keys) = &self.stage else { return };
        self.reserve = ecdsa_share(keys).map(|share| {
            let seat = Arc::clone(&self.seat);
            Reserve::start(seat, share.duplicate(), logs, &mut context.rng, context.now)
        });
    }

    /// Returns the records of all pairs.
    pub(crate) fn pair_records(&self) -> Vec<Record> {
        let steps = self.reserve.as_ref().map_or_else(Vec::new, Reserve::snapshot);
        steps.into_iter().map(|step| self.pair_record(step)).collect()
    }

    fn pair_record(&self, Mutation { peer, step }: Mutation) -> Record {
        Record::Pair { wallet: self.id(), peer, mutation: step }
    }

    /// The relay says who is there.
    pub(crate) fn hear_who_is_online(&mut self, members: &[MemberKey], is_all: bool) {
        if is_all {
            self.online.clear();
        }
        let known = members.iter().filter_map(|key| self.seat.roster().by_relay_key(key));
        self.online.extend(known);
    }

    /// The relay says who has gone.
    pub(crate) fn hear_who_left(&mut self, member: MemberKey) {
        if let Some(id) = self.seat.roster().by_relay_key(&member) {
            self.online.remove(&id);
        }
    }

    /// Gives requests what they wait for, and carries out what the reserve puts out.
    pub(crate) fn settle_reserve<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let Some(reserve) = &mut self.reserve else { return };
        let mut requests: Vec<&mut Signing> =
            self.sessions.values_mut().map(|session| &mut session.signing).collect();
        let ahead = Ahead { target: context.presignatures_ahead, online: &self.online };
        reserve.serve(&mut requests, ahead, &mut context.rng, context.now);
        while let Some(output) = self.reserve.as_mut().and_then(Reserve::poll_output) {
            match output {
                Output::Persist(step) => context.persist(&self.pair_record(step)),
                Output::Append(step) => context.append(&self.pair_record(step)),
                Output::Send(to, envelope) => self.send(to, &envelope, context),
                Output::WakeAt(at) => context.push(Effect::WakeAt(at)),
                Output::Event(event) => self.handle_reserve_event(event, context),
            }
        }
    }

    fn handle_reserve_event<R: RngCore + CryptoRng>(&self, event: Event, context: &mut Context<R>) {
        let Some(reserve) = &self.reserve else { return };
        let wallet = self.name().to_owned();
        match event {
            Event::Pair(_, pairing::Event::Ready) => {
                let (ready, of) = reserve.pairs().ready();
                context.view(View::Pairs { wallet, ready, of });
            }
            Event::Pair(peer, pairing::Event::Failed { reason }) => {
                let member = self.member_name(peer);
                context.view(View::PairFailed { wallet, member, reason });
            }
            Event::Made { .. } => context.view(View::Presignatures { wallet, held: reserve.held() }),
            // The erased secrets are still in the old log.
            Event::Banned(_) => context.compact = true,
            Event::Pair(_, pairing::Event::Ended) | Event::NotMade(_) => {}
        }
    }
}
