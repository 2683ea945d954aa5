//! Logs of pairs: wherever a crash cuts one, what is left goes on by itself.

use std::collections::VecDeque;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::output::Output;
use quorate_session::pairing::{Mutation, Pairing};
use quorate_testkit::group::deal;

use crate::support::{Group, NOW, p};

/// The round of confirmations.
const CONFIRMATION: u8 = 2;

/// Two members, and everything that each persisted.
struct Two {
    group: Group,
    key: Vec<u8>,
    pairs: Vec<Pairing>,
    logs: Vec<Vec<Vec<u8>>>,
    history: Vec<Envelope>,
    now: Timestamp,
}

impl Two {
    fn new(seed: u64) -> Self {
        let group = Group::new(seed, |roster| roster.purposes = vec![KeyPurpose::EcdsaSecp256k1]);
        let key = deal(KeyPurpose::EcdsaSecp256k1, group.roster.threshold, seed)[0].public.group_key.clone();
        let mut two =
            Self { group, key, pairs: Vec::new(), logs: vec![Vec::new(); 2], history: Vec::new(), now: NOW };
        two.pairs = vec![two.start(0, Vec::new()), two.start(1, Vec::new())];
        two.run();
        two
    }

    fn start(&self, index: u16, log: Vec<Mutation>) -> Pairing {
        let (seat, peer) = (Arc::clone(self.group.seat(index + 1)), p(2 - index));
        Pairing::start(seat, peer, &self.key, log, &[0x30; 32], self.now).unwrap()
    }

    fn drain(&mut self, index: usize) -> Vec<Envelope> {
        let mut said = Vec::new();
        while let Some(output) = self.pairs[index].poll_output() {
            match output {
                Output::Persist(mutation) | Output::Append(mutation) => {
                    self.logs[index].push(borsh::to_vec(&mutation).unwrap());
                }
                Output::Send(_, envelope) => said.push(envelope),
                Output::Event(_) | Output::WakeAt(_) => {}
            }
        }
        self.history.extend(said.iter().cloned());
        said
    }

    fn run(&mut self) {
        let mut mail: VecDeque<(usize, Envelope)> = VecDeque::new();
        loop {
            for index in 0..2 {
                mail.extend(self.drain(index).into_iter().map(|envelope| (1 - index, envelope)));
            }
            let Some((to, envelope)) = mail.pop_front() else { return };
            self.now = self.now.after(600);
            self.pairs[to].handle_envelope(&envelope, self.now);
        }
    }

    fn generations(&self) -> Vec<Option<u64>> {
        self.pairs.iter().map(|pair| pair.keys().map(|keys| keys.generation())).collect()
    }

    fn replay(&self, index: usize, length: usize) -> Pairing {
        let read = |bytes: &Vec<u8>| borsh::from_slice(bytes).unwrap();
        let log = self.logs[index][..length].iter().map(read).collect();
        self.start(u16::try_from(index).unwrap(), log)
    }
}

#[test]
fn a_crash_between_any_two_records_of_a_renewal_leaves_a_pair_that_goes_on() {
    for who in 0..2 {
        let mut two = Two::new(90);
        assert_eq!(two.generations(), [Some(0); 2]);
        let now = two.now;
        two.pairs[who].renew(now);
        two.run();
        assert_eq!(two.generations(), [Some(1); 2], "renewed by {who}");
        for index in 0..2 {
            for length in 0..=two.logs[index].len() {
                let pair = two.replay(index, length);
                assert!(
                    pair.keys().is_some() || pair.is_under_way(),
                    "member {index} after {length} records"
                );
            }
        }
    }
}

#[test]
fn a_late_confirmation_of_an_earlier_generation_changes_nothing() {
    let mut two = Two::new(93);
    let is_confirmation = |one: &&Envelope| one.header.sender == p(1) && one.header.round == CONFIRMATION;
    let late = two.history.iter().find(is_confirmation).unwrap().clone();
    let now = two.now.after(600);
    two.pairs[0].renew(now);
    let begun = two.drain(0);
    begun.iter().for_each(|envelope| two.pairs[1].handle_envelope(envelope, now));
    let answer = two.drain(1);
    two.pairs[1].handle_envelope(&late, now);
    assert!(two.drain(1).is_empty());
    answer.iter().for_each(|envelope| two.pairs[0].handle_envelope(envelope, now));
    two.run();
    assert_eq!(two.generations(), [Some(1); 2]);
}

/// What a snapshot stands for is what the log stood for, after every record.
#[test]
fn a_snapshot_replays_to_the_same_pair() {
    let mut two = Two::new(91);
    let now = two.now;
    two.pairs[1].renew(now);
    two.run();
    let state = |pair: &Pairing| (pair.keys().map(|keys| *keys.statement()), pair.is_under_way());
    for index in 0..2 {
        for length in 0..=two.logs[index].len() {
            let pair = two.replay(index, length);
            let again = two.start(u16::try_from(index).unwrap(), pair.snapshot());
            assert_eq!(state(&again), state(&pair));
            assert_eq!(borsh::to_vec(&again.snapshot()).unwrap(), borsh::to_vec(&pair.snapshot()).unwrap());
        }
    }
}
