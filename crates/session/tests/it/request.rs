//! A request at all members of a group, driven by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{KeyPurpose, Threshold, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::output::Output;
use quorate_session::signing::{Message, Mutation, Signing, Task, TaskKey};
use quorate_testkit::group::deal;
use quorate_threshold::KeyShare;
use quorate_threshold::derive::Derivation;

use crate::support::{Group, NOW, others, p, signed};

pub const DECISION: u8 = 1;
pub const PACKAGE: u8 = 2;
pub const SHARE: u8 = 3;
pub const OPENING: u8 = 7;

pub fn task() -> Task {
    Task {
        keys: vec![TaskKey { purpose: KeyPurpose::Ed25519, derivation: Derivation::root() }],
        chain: "test".to_owned(),
        payload: b"pay".to_vec(),
        messages: [b"one", b"two"].map(|bytes| Message { key: 0, bytes: bytes.to_vec() }).to_vec(),
        plain: false,
        policy_version: 0,
        note: String::new(),
        expires: Timestamp(NOW.0 + 30_000),
        nonce: [1; 32],
    }
}

pub fn shares() -> Vec<KeyShare> {
    deal(KeyPurpose::Ed25519, Threshold::new(2, 3).unwrap(), 60)
}

/// A request at all members; member 1 asks.
pub struct Request {
    pub group: Group,
    pub machines: BTreeMap<u16, Signing>,
    pub said: Vec<Envelope>,
    pub log: BTreeMap<u16, Vec<Mutation>>,
}

impl Request {
    pub fn ask(task: Task) -> Self {
        let group = Group::new(60, |_| {});
        let shares = shares();
        let proposer = Signing::propose(Arc::clone(group.seat(1)), &shares[..1], task, NOW).unwrap();
        let mut request = Self {
            machines: BTreeMap::from([(1, proposer)]),
            said: Vec::new(),
            log: (1..=3).map(|member| (member, Vec::new())).collect(),
            group,
        };
        request.drain(1);
        let proposal = request.said.remove(0);
        for member in 2..=3 {
            let seat = Arc::clone(request.group.seat(member));
            let opened =
                Signing::open(seat, &shares[usize::from(member) - 1..], proposal.clone(), NOW).unwrap();
            request.machines.insert(member, opened);
            request.drain(member);
        }
        request
    }

    pub fn machine(&mut self, member: u16) -> &mut Signing {
        self.machines.get_mut(&member).unwrap()
    }

    pub fn approve(&mut self, member: u16) {
        self.machine(member).approve(&[u8::try_from(member).unwrap(); 32], NOW);
        self.drain(member);
    }

    pub fn drain(&mut self, member: u16) {
        while let Some(output) = self.machines.get_mut(&member).unwrap().poll_output() {
            match output {
                Output::Persist(mutation) | Output::Append(mutation) => {
                    self.log.get_mut(&member).unwrap().push(mutation);
                }
                Output::Send(_, envelope) => self.said.push(envelope),
                Output::Event(_) | Output::WakeAt(_) => {}
            }
        }
    }

    pub fn deliver(&mut self, to: u16, envelope: &Envelope) {
        self.machine(to).handle_envelope(envelope.clone(), NOW);
        self.drain(to);
    }

    pub fn tell_others(&mut self, envelope: &Envelope) {
        for to in others(envelope.header.sender.get()) {
            self.deliver(to, envelope);
        }
    }

    pub fn run(&mut self) {
        while !self.said.is_empty() {
            for envelope in core::mem::take(&mut self.said) {
                self.tell_others(&envelope);
            }
        }
    }

    /// Takes what a member said last in a round, before it is delivered.
    pub fn take(&mut self, member: u16, round: u8) -> Envelope {
        let is_it = |e: &Envelope| e.header.sender == p(member) && e.header.round == round;
        let at = self.said.iter().position(is_it).expect("something said");
        self.said.remove(at)
    }

    /// Signs something else under a header.
    pub fn forge(&self, envelope: &Envelope, body: Vec<u8>) -> Envelope {
        signed(&self.group, envelope.header.sender.get(), envelope.header.clone(), &body)
    }

    pub fn burned(&self, member: u16) -> usize {
        self.log[&member].iter().filter(|mutation| matches!(mutation, Mutation::Burned { .. })).count()
    }

    pub fn is_signed(&self, member: u16) -> bool {
        self.machines[&member].signatures().is_some()
    }
}
