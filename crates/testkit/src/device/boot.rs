//! Switching a device on: from its log back to where it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{ParticipantId, Timestamp};
use quorate_session::courier::Courier;
use quorate_session::keygen::{self, Keygen};
use quorate_session::lobby::{Lobby, SignedRoster};
use quorate_session::pairing;
use quorate_session::roster::Roster;
use quorate_session::seat::Seat;
use quorate_session::signing::{self, Signing};

use super::{Device, Effect, Hands, Keys, Membership, Origin, Process, Step, Told};
use crate::disk::Record;

/// What a log says.
#[derive(Default)]
struct Log {
    joined: Option<(Roster, Option<SignedRoster>)>,
    keygen: Vec<keygen::Mutation>,
    keys: Option<Keys>,
    signings: BTreeMap<[u8; 32], Vec<signing::Mutation>>,
    pairs: BTreeMap<ParticipantId, Vec<pairing::Mutation>>,
}

impl Device {
    /// Starts the process, at first or after a crash.
    pub fn boot(&mut self, now: Timestamp, hands: &mut Hands<'_>) -> Step {
        let log = Log::read(self.disk.read());
        self.process = Some(Process { lobby: self.open_lobby(&log, now), membership: None });
        match (log.joined, &self.origin) {
            (None, Origin::Invited(..)) => {}
            (None, Origin::Member(roster)) => {
                let roster = roster.clone();
                self.persist(Record::Joined { roster: roster.clone(), signed: None }, hands)?;
                self.join(roster, now);
            }
            (Some((roster, _)), _) if log.keygen.is_empty() && log.keys.is_none() => self.join(roster, now),
            (Some((roster, _)), _) => {
                let membership = self.restore(roster, log.keygen, log.keys, log.signings, now);
                for signing in membership.signings.values().filter(|signing| signing.is_undecided()) {
                    hands.effects.push(Effect::Told(Told::Asked(*signing.session())));
                }
                if let Some(process) = &mut self.process {
                    process.membership = Some(membership);
                }
                self.start_reserve(log.pairs, now);
            }
        }
        self.reconnect(now, hands)
    }

    fn open_lobby(&mut self, log: &Log, now: Timestamp) -> Option<Lobby> {
        let name = format!("device {}", self.index + 1);
        let entropy = self.entropy.fresh();
        let identity = Arc::clone(&self.identity);
        let Origin::Invited(invite, plan) = &self.origin else { return None };
        let invite = quorate_transport::Invite::parse(&invite.to_text()).expect("an invite");
        let lobby = match (plan, &log.joined) {
            (Some(plan), None) => Lobby::create(identity, invite, &name, plan.clone(), &entropy, now),
            (Some(_), Some((_, Some(signed)))) => {
                Lobby::restore(identity, invite, &name, signed.clone(), &entropy, now)
            }
            (None, None) => Lobby::join(identity, invite, &name, &entropy, now),
            (Some(_), Some((_, None))) | (None, Some(_)) => return None,
        };
        Some(lobby.expect("an invite that has not expired"))
    }

    fn restore(
        &mut self,
        roster: Roster,
        mutations: Vec<keygen::Mutation>,
        keys: Option<Keys>,
        signings: BTreeMap<[u8; 32], Vec<signing::Mutation>>,
        now: Timestamp,
    ) -> Membership {
        let seat =
            Arc::new(Seat::new(Arc::clone(&self.identity), roster).expect("a roster that holds this device"));
        if let Some(liar) = &mut self.liar {
            liar.sit_down(&seat);
        }
        let courier = Courier::new(Arc::clone(&seat)).expect("identities that were checked");
        let keygen = keys.is_none().then(|| {
            Keygen::replay(Arc::clone(&seat), mutations, self.patience, now).expect("a log that was written")
        });
        let signings = signings
            .into_iter()
            .map(|(session, mutations)| {
                let shares = keys.as_ref().map_or(&[][..], |keys| &keys.shares);
                let signing = Signing::replay(Arc::clone(&seat), shares, mutations, now);
                (session, signing.expect("a log that was written"))
            })
            .collect();
        Membership::new(seat, courier, keygen, keys, signings)
    }
}

impl Log {
    fn read(records: Vec<Record>) -> Self {
        let mut log = Self::default();
        for record in records {
            match record {
                Record::Joined { roster, signed } => log.joined = Some((roster, signed)),
                Record::Keygen(mutation) => log.keygen.push(mutation),
                Record::Keys { shares, certificate, statement } => {
                    log.keys = Some(Keys { shares, statement, certificate });
                }
                Record::Signing { session, mutation } => {
                    log.signings.entry(session).or_default().push(mutation)
                }
                Record::Pair { peer, mutation } => log.pairs.entry(peer).or_default().push(mutation),
            }
        }
        log
    }
}
