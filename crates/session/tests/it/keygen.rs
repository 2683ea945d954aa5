//! The key ceremony, message by message.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::Secret;
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::keygen::{Event, Keygen, Mutation};
use quorate_session::output::Output;

use crate::support::{Group, NOW, others, p, signed};

const PATIENCE: u64 = 60_000;

/// All members of a group, and what they put out.
struct Ceremony {
    group: Group,
    machines: BTreeMap<u16, Keygen>,
    said: Vec<Envelope>,
    log: BTreeMap<u16, Vec<Mutation>>,
    events: BTreeMap<u16, Vec<Event>>,
}

impl Ceremony {
    fn begin() -> Self {
        let group = Group::new(60, |_| {});
        let machine = |member: u16| {
            let seed = Secret::new([u8::try_from(member).unwrap(); 32]);
            (member, Keygen::start(Arc::clone(group.seat(member)), seed, PATIENCE, NOW).unwrap())
        };
        let machines = (1..=3).map(machine).collect();
        let mut ceremony = Self {
            group,
            machines,
            said: Vec::new(),
            log: (1..=3).map(|member| (member, Vec::new())).collect(),
            events: (1..=3).map(|member| (member, Vec::new())).collect(),
        };
        (1..=3).for_each(|member| ceremony.drain(member));
        ceremony
    }

    /// Takes what a member puts out, and returns how many words it said.
    fn drain(&mut self, member: u16) {
        let machine = self.machines.get_mut(&member).unwrap();
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Persist(mutation) | Output::Append(mutation) => {
                    self.log.get_mut(&member).unwrap().push(mutation);
                }
                Output::Send(_, envelope) => self.said.push(envelope),
                Output::Event(event) => self.events.get_mut(&member).unwrap().push(event),
                Output::WakeAt(_) => {}
            }
        }
    }

    fn deliver(&mut self, to: u16, envelope: &Envelope) {
        self.machines.get_mut(&to).unwrap().handle_envelope(envelope.clone(), NOW);
        self.drain(to);
    }

    /// Delivers everything said so far to whom it is for.
    fn exchange(&mut self) {
        for envelope in core::mem::take(&mut self.said) {
            for to in others(envelope.header.sender.get()) {
                if envelope.header.recipient.is_none_or(|recipient| recipient == p(to)) {
                    self.deliver(to, &envelope);
                }
            }
        }
    }

    fn run(&mut self) {
        while !self.said.is_empty() {
            self.exchange();
        }
    }

    fn finished(&self, member: u16) -> bool {
        self.machines[&member].finished().is_some()
    }
}

#[test]
fn three_members_get_one_certificate() {
    let mut ceremony = Ceremony::begin();
    ceremony.run();
    let statements: Vec<_> =
        (1..=3).map(|member| ceremony.machines[&member].finished().unwrap().0.statement).collect();
    assert!(statements.iter().all(|statement| *statement == statements[0]));
    assert!(ceremony.events.values().all(|events| events.last() == Some(&Event::Finished)));
}

/// A signed message counts in its own place only: every other protocol, session, round, sequence and recipient.
#[test]
fn b7_messages_of_another_place_change_nothing() {
    let mut ceremony = Ceremony::begin();
    for _ in 0..6 {
        let current = ceremony.said.clone();
        for envelope in &current {
            let said = &envelope.header;
            let sender = said.sender.get();
            let mut places = vec![
                Header { protocol: Protocol::Signing, ..said.clone() },
                Header { session: [0; 32], ..said.clone() },
                Header { sequence: said.sequence + 1, ..said.clone() },
                Header { round: 200, sequence: 200, ..said.clone() },
            ];
            for round in (0..=5).filter(|round| *round > said.round) {
                // A later flight with an earlier sequence: the two must agree.
                places.push(Header { round, ..said.clone() });
            }
            let wrong_recipient = if said.recipient.is_some() { None } else { Some(p(1)) };
            places.push(Header { recipient: wrong_recipient, ..said.clone() });
            for header in places {
                let moved = signed(&ceremony.group, sender, header, &envelope.body);
                for to in others(sender) {
                    let before = ceremony.said.len();
                    ceremony.deliver(to, &moved);
                    assert_eq!(ceremony.said.len(), before, "{:?}", moved.header);
                }
            }
        }
        ceremony.exchange();
    }
    assert!((1..=3).all(|member| ceremony.finished(member)));
}

/// The same message again, in any flight, changes nothing.
#[test]
fn a1_repeated_messages_change_nothing() {
    let mut ceremony = Ceremony::begin();
    let mut all = Vec::new();
    while !ceremony.said.is_empty() {
        all.extend(ceremony.said.clone());
        ceremony.exchange();
        let before = ceremony.said.len();
        for envelope in &all {
            for to in others(envelope.header.sender.get()) {
                ceremony.deliver(to, envelope);
            }
        }
        assert_eq!(ceremony.said.len(), before);
    }
    assert!((1..=3).all(|member| ceremony.finished(member)));
}

/// Messages of all flights may come in any order: each waits for its flight.
#[test]
fn a1_messages_of_later_flights_wait() {
    let mut reference = Ceremony::begin();
    let mut said = Vec::new();
    while !reference.said.is_empty() {
        said.extend(reference.said.clone());
        reference.exchange();
    }
    let mut ceremony = Ceremony::begin();
    ceremony.said.clear();
    for envelope in said.iter().rev().filter(|envelope| envelope.header.sender != p(1)) {
        if envelope.header.recipient.is_none_or(|recipient| recipient == p(1)) {
            ceremony.deliver(1, envelope);
        }
    }
    assert!(ceremony.finished(1));
}

/// Replaying a log at any length gives the machine that wrote it: it says the same, and ends the same.
#[test]
fn replaying_the_mutations_gives_the_live_state() {
    let mut reference = Ceremony::begin();
    let mut said = Vec::new();
    while !reference.said.is_empty() {
        said.extend(reference.said.clone());
        reference.exchange();
    }
    let written = reference.log[&1].len();
    for kept in 1..=written {
        let mut ceremony = Ceremony::begin();
        ceremony.run();
        let log = ceremony.log.remove(&1).unwrap().into_iter().take(kept);
        let seat = Arc::clone(ceremony.group.seat(1));
        let mut machine = Keygen::replay(seat, log, PATIENCE, NOW).unwrap();
        assert!(machine.poll_output().is_none(), "a replay says nothing by itself");
        machine.handle_reconnected(NOW);
        ceremony.log.insert(1, Vec::new());
        ceremony.machines.insert(1, machine);
        ceremony.drain(1);
        for envelope in said.iter().filter(|envelope| envelope.header.sender != p(1)) {
            if envelope.header.recipient.is_none_or(|recipient| recipient == p(1)) {
                ceremony.deliver(1, envelope);
            }
        }
        assert!(ceremony.finished(1), "after {kept} of {written} mutations");
        let original: Vec<_> = said.iter().filter(|envelope| envelope.header.sender == p(1)).collect();
        let repeated = ceremony.said.iter().filter(|e| e.header.sender == p(1) && e.header.round <= 5);
        assert!(repeated.into_iter().all(|envelope| original.contains(&envelope)));
    }
}

#[test]
fn a_log_out_of_order_is_refused() {
    let ceremony = || {
        let mut ceremony = Ceremony::begin();
        ceremony.run();
        ceremony
    };
    let replay =
        |log: Vec<Mutation>| Keygen::replay(Arc::clone(ceremony().group.seat(1)), log, PATIENCE, NOW);
    let log = || ceremony().log.remove(&1).unwrap();
    assert!(replay(log()).is_ok());
    assert!(replay(Vec::new()).is_err());
    assert!(replay(log().into_iter().skip(1).collect()).is_err());
    let mut swapped = log();
    swapped.swap(1, 2);
    assert!(replay(swapped).is_err());
    let mut certified_early = log();
    certified_early.drain(1..4);
    assert!(replay(certified_early).is_err());
}

/// A certificate with a signature too few, of another statement or of a wrong key ends nothing.
#[test]
fn b16_only_a_whole_certificate_ends_the_wait() {
    let mut ceremony = Ceremony::begin();
    // Everything but the last flight reaches member 1.
    let mut last = Vec::new();
    while !ceremony.said.is_empty() {
        let (fives, earlier) =
            ceremony.said.drain(..).partition(|envelope: &Envelope| envelope.header.round == 5);
        last.extend::<Vec<_>>(fives);
        ceremony.said = earlier;
        ceremony.exchange();
    }
    for envelope in &last {
        others(envelope.header.sender.get())
            .filter(|to| *to != 1)
            .for_each(|to| ceremony.deliver(to, envelope));
    }
    assert!(ceremony.machines[&1].is_pending() && ceremony.finished(2));
    let whole = ceremony.machines[&2].finished().unwrap().1.clone();
    let hand_over = |ceremony: &mut Ceremony, certificate: &quorate_session::certificate::Certificate| {
        let header = Header { round: 8, sequence: 8, ..last[0].header.clone() };
        let header = Header { sender: p(2), ..header };
        let body = borsh::to_vec(certificate).unwrap();
        let envelope = signed(&ceremony.group, 2, header, &body);
        ceremony.deliver(1, &envelope);
    };
    let spoil: [&dyn Fn(&mut quorate_session::certificate::Certificate); 5] = [
        &|c| c.signatures.truncate(2),
        &|c| c.signatures.swap(0, 1),
        &|c| c.statement[0] ^= 1,
        &|c| c.signatures[2].0[0] ^= 1,
        &|c| c.signatures.push(c.signatures[0]),
    ];
    for change in spoil {
        let mut certificate = whole.clone();
        change(&mut certificate);
        hand_over(&mut ceremony, &certificate);
        assert!(ceremony.machines[&1].is_pending());
    }
    hand_over(&mut ceremony, &whole);
    assert!(ceremony.finished(1));
}

#[test]
fn c5_two_ceremonies_with_one_seed_have_nothing_in_common() {
    let first = |group: &Group, member: u16| {
        let seat = Arc::clone(group.seat(member));
        let mut machine = Keygen::start(seat, Secret::new([0; 32]), PATIENCE, NOW).unwrap();
        let Some(Output::Persist(Mutation::Started { seed, sent })) = machine.poll_output() else {
            panic!("a ceremony starts with its seed")
        };
        (*seed.expose(), sent[0].body.clone())
    };
    let (one, other) = (Group::new(60, |_| {}), Group::new(60, |roster| roster.group = [4; 32]));
    let starts = [first(&one, 1), first(&one, 2), first(&other, 1)];
    for (index, start) in starts.iter().enumerate() {
        assert!(starts[..index].iter().all(|earlier| earlier.0 != start.0 && earlier.1 != start.1));
    }
}

#[test]
fn nothing_printed_holds_a_secret() {
    let mut ceremony = Ceremony::begin();
    ceremony.run();
    let machine = &ceremony.machines[&1];
    let printed = format!("{machine:?} {:?} {:?}", ceremony.log[&1], machine.finished().unwrap());
    let share = &machine.finished().unwrap().0.shares[0].signing_share;
    let needle = format!("{:?}", &share.expose()[..8]);
    assert!(!printed.contains(needle.trim_matches(['[', ']'])));
    assert!(printed.contains("<redacted>"));
}
