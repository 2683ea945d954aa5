//! Runs a whole ceremony in memory. Puppets speak last in every flight, and any delivery can be rewritten.

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold, Transcript};
use quorate_threshold::dkg::{
    Announcement, AwaitingAnnouncements, AwaitingCommitments, AwaitingDealings, AwaitingEchoes,
    AwaitingShares, Commitment, Complaint, Dealing, Dealings, Echo, Fault, Messages, Offence, Outcome,
    Participant, SealedShares, ShareFault, Terms, Verdict,
};

use super::puppet::Puppet;

pub const FLIGHTS: u8 = 5;

pub fn p(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).unwrap()
}

pub fn terms(t: u16, n: u16) -> Terms {
    Terms::new([0x52; 32], Threshold::new(t, n).unwrap(), &KeyPurpose::ALL, 0)
}

/// Returns 32 bytes that are different for every seed and name.
pub fn bytes(seed: u64, name: &str) -> [u8; 32] {
    Transcript::new("test").number("seed", seed).field("name", name.as_bytes()).finish()
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    Announcement(Announcement),
    Commitment(Commitment),
    Dealing(Dealing),
    Echo(Echo),
    Shares(SealedShares),
}

/// Returns every subset of 1 to `n`, without `except`, that is not empty.
pub fn subsets(n: u16, except: &[u16]) -> Vec<Vec<u16>> {
    let members: Vec<u16> = (1..=n).filter(|member| !except.contains(member)).collect();
    (1..1_u32 << members.len())
        .map(|mask| (0..members.len()).filter(|bit| mask >> bit & 1 == 1).map(|bit| members[bit]).collect())
        .collect()
}

/// Lets `$message` be of one kind and returns what is in it.
macro_rules! only {
    ($message:expr, $kind:ident) => {
        match $message {
            $crate::dkg::harness::Message::$kind(content) => content,
            other => panic!("not this flight's message: {other:?}"),
        }
    };
}
pub(super) use only;

/// Every message as it was delivered, by flight, sender and recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World(pub BTreeMap<(u8, ParticipantId, ParticipantId), Message>);

impl World {
    pub fn get(&self, flight: u8, from: u16, to: u16) -> &Message {
        &self.0[&(flight, p(from), p(to))]
    }

    pub fn dealing(&self, from: u16, to: u16) -> &Dealing {
        only!(self.get(2, from, to), Dealing)
    }

    /// Returns a whole flight as one member sees it, its own message included.
    pub fn seen_by(&self, member: ParticipantId, flight: u8) -> BTreeMap<ParticipantId, Message> {
        let own = self.0.iter().find(|((f, from, _), _)| *f == flight && *from == member);
        let own = own.map(|(_, message)| (member, message.clone()));
        let received = self.0.iter().filter(|((f, _, to), _)| *f == flight && *to == member);
        received.map(|((_, from, _), message)| (*from, message.clone())).chain(own).collect()
    }
}

/// How it ended for one member.
#[derive(Debug)]
pub enum End {
    Keys(Outcome),
    Fault(Fault),
    Complaint(Complaint),
    /// A message is missing.
    Waiting,
}

enum State {
    New(Participant),
    Announced(AwaitingAnnouncements),
    Committed(AwaitingCommitments),
    Dealt(AwaitingDealings),
    Echoed(AwaitingEchoes),
    Sealed(AwaitingShares),
}

type Tamper<'a> = dyn FnMut(u8, ParticipantId, ParticipantId, &World, &mut Message) -> bool + 'a;

/// A ceremony to be run.
pub struct Ceremony<'a> {
    terms: BTreeMap<ParticipantId, Terms>,
    seed: u64,
    seeds: BTreeMap<ParticipantId, [u8; 32]>,
    puppets: BTreeMap<ParticipantId, Puppet>,
    tamper: Box<Tamper<'a>>,
}

/// A ceremony that was run.
pub struct Run {
    pub ends: BTreeMap<ParticipantId, End>,
    pub world: World,
    pub dealings: BTreeMap<ParticipantId, Arc<Dealings>>,
}

impl<'a> Ceremony<'a> {
    pub fn new(t: u16, n: u16, seed: u64) -> Self {
        println!("seed {seed}: {t}-of-{n}");
        let terms = terms(t, n);
        let members = terms.threshold.participants();
        Self {
            seed,
            seeds: members.clone().map(|id| (id, bytes(seed, &id.to_string()))).collect(),
            terms: members.map(|id| (id, terms.clone())).collect(),
            puppets: BTreeMap::new(),
            tamper: Box::new(|_, _, _, _, _| true),
        }
    }

    /// Gives one member other terms.
    pub fn terms(mut self, member: u16, terms: Terms) -> Self {
        self.terms.insert(p(member), terms);
        self
    }

    /// Gives one member another seed.
    pub fn reseed(mut self, member: u16, seed: u64) -> Self {
        self.seeds.insert(p(member), bytes(seed, "other"));
        self
    }

    /// Puts a puppet in one member's place, prepared by `prepare`.
    pub fn puppet(mut self, member: u16, prepare: impl FnOnce(&mut Puppet)) -> Self {
        let mut puppet = Puppet::new(p(member), self.terms[&p(member)].clone(), self.seed);
        prepare(&mut puppet);
        self.puppets.insert(p(member), puppet);
        self
    }

    /// Rewrites deliveries of (flight, sender, recipient); `false` withholds one.
    pub fn tamper(
        mut self,
        tamper: impl FnMut(u8, ParticipantId, ParticipantId, &World, &mut Message) -> bool + 'a,
    ) -> Self {
        self.tamper = Box::new(tamper);
        self
    }

    pub fn run(mut self) -> Run {
        let honest = self.terms.keys().filter(|id| !self.puppets.contains_key(id));
        let mut run = Run { ends: BTreeMap::new(), world: World::default(), dealings: BTreeMap::new() };
        let mut states: BTreeMap<_, _> = honest
            .map(|id| {
                let seed = Secret::new(self.seeds[id]);
                (*id, State::New(Participant::new(self.terms[id].clone(), *id, seed).unwrap()))
            })
            .collect();
        for flight in 0..=FLIGHTS {
            let work = std::mem::take(&mut states).into_iter().map(|(id, state)| {
                let last = flight.checked_sub(1);
                let inbox = run.world.0.iter().filter(|((f, _, to), _)| Some(*f) == last && *to == id);
                let inbox = inbox.map(|((_, from, _), message)| (*from, message.clone())).collect();
                (id, state, inbox)
            });
            let everybody: Vec<_> = self.terms.keys().copied().collect();
            for (id, step) in in_parallel(work.collect(), &everybody) {
                match step {
                    Ok((next, said)) => {
                        if let State::Sealed(round) = &next {
                            run.dealings.insert(id, round.dealings());
                        }
                        states.insert(id, next);
                        self.deliver(&mut run.world, flight, id, said);
                    }
                    Err(end) => assert!(run.ends.insert(id, end).is_none(), "one end each"),
                }
            }
            let puppets: Vec<_> = self.puppets.iter().map(|(id, puppet)| (*id, puppet.clone())).collect();
            for (id, puppet) in puppets {
                let say = |to: &ParticipantId| Some((*to, puppet.say(flight, *to, &run.world)?));
                let said = states.keys().filter_map(say).collect();
                self.deliver(&mut run.world, flight, id, said);
            }
        }
        run
    }

    fn deliver(&mut self, world: &mut World, flight: u8, from: ParticipantId, said: Messages<Message>) {
        for (to, mut message) in said {
            if (self.tamper)(flight, from, to, world, &mut message) {
                world.0.insert((flight, from, to), message);
            }
        }
    }
}

type Step = Result<(State, Messages<Message>), End>;
type Work = (ParticipantId, State, Messages<Message>);

/// Lets everybody take a step; a large group on two threads.
fn in_parallel(mut work: Vec<Work>, everybody: &[ParticipantId]) -> Vec<(ParticipantId, Step)> {
    let step = |work: Vec<Work>| -> Vec<_> {
        let step = |(id, state, inbox): Work| (id, state.step(inbox, &without(everybody, id)));
        work.into_iter().map(step).collect()
    };
    if work.len() < 8 {
        return step(work);
    }
    let rest = work.split_off(work.len() / 2);
    std::thread::scope(|scope| {
        let rest = scope.spawn(|| step(rest));
        let mut done = step(work);
        done.extend(rest.join().unwrap());
        done
    })
}

fn without(everybody: &[ParticipantId], me: ParticipantId) -> Vec<ParticipantId> {
    everybody.iter().copied().filter(|id| *id != me).collect()
}

/// Finishes a round with messages of one kind.
macro_rules! finish {
    ($round:expr, $inbox:expr, $kind:ident) => {
        $round
            .finish($inbox.into_iter().map(|(from, m)| (from, only!(m, $kind))).collect())
            .map_err(End::Fault)?
    };
}

impl State {
    fn step(self, inbox: Messages<Message>, others: &[ParticipantId]) -> Step {
        let to_all = |message: Message| others.iter().map(|to| (*to, message.clone())).collect();
        if !matches!(self, Self::New(_)) && !inbox.keys().eq(others) {
            return Err(End::Waiting);
        }
        match self {
            Self::New(participant) => {
                let (next, said) = participant.announce();
                Ok((Self::Announced(next), to_all(Message::Announcement(said))))
            }
            Self::Announced(round) => {
                let (next, said) = finish!(round, inbox, Announcement);
                Ok((Self::Committed(next), to_all(Message::Commitment(said))))
            }
            Self::Committed(round) => {
                let (next, said) = finish!(round, inbox, Commitment);
                Ok((Self::Dealt(next), to_all(Message::Dealing(said))))
            }
            Self::Dealt(round) => {
                let (next, said) = finish!(round, inbox, Dealing);
                Ok((Self::Echoed(next), to_all(Message::Echo(said))))
            }
            Self::Echoed(round) => {
                let inbox = inbox.into_iter().map(|(from, m)| (from, only!(m, Echo))).collect();
                let (next, said) = round.finish(&inbox).map_err(End::Fault)?;
                Ok((Self::Sealed(next), said.into_iter().map(|(to, m)| (to, Message::Shares(m))).collect()))
            }
            Self::Sealed(round) => {
                let inbox = inbox.into_iter().map(|(from, m)| (from, only!(m, Shares))).collect();
                Err(match round.finish(&inbox) {
                    Ok(outcome) => End::Keys(outcome),
                    Err(ShareFault::Complaint(complaint)) => End::Complaint(complaint),
                    Err(ShareFault::Fault(fault)) => End::Fault(fault),
                })
            }
        }
    }
}

impl Run {
    /// Fails the test if anybody but these is blamed, or if two members have different keys.
    pub fn assert_blames_only(&self, culprits: &[u16]) {
        for end in self.ends.values() {
            if let End::Fault(Fault::Misbehaved { culprit, offence }) = end {
                assert!(culprits.contains(&culprit.get()), "{culprit} is blamed: {offence}");
            }
        }
        for (accuser, complaint) in self.complaints() {
            let verdict = self.verdict(accuser, complaint);
            assert!(culprits.contains(&verdict.culprit.get()), "{verdict:?}");
        }
        let mut statements = self.ends.values().filter_map(|end| match end {
            End::Keys(outcome) => Some(outcome.statement),
            End::Fault(_) | End::Complaint(_) | End::Waiting => None,
        });
        if let Some(first) = statements.next() {
            assert!(statements.all(|statement| statement == first), "different keys");
        }
    }

    /// Fails the test unless every honest member blames `culprit` for this.
    pub fn assert_all_blame(&self, culprit: u16, offence: Offence, what: &str) {
        let expected = Fault::Misbehaved { culprit: p(culprit), offence };
        for fault in self.faults() {
            assert_eq!(*fault, expected, "{what}");
        }
    }

    /// Returns everybody's keys; fails the test if somebody has none.
    pub fn outcomes(&self) -> Vec<&Outcome> {
        self.ends
            .iter()
            .map(|(id, end)| match end {
                End::Keys(outcome) => outcome,
                other => panic!("{id} has no keys: {other:?}"),
            })
            .collect()
    }

    /// Returns the faults of all honest members, in order; fails the test if somebody ended in another way.
    pub fn faults(&self) -> Vec<&Fault> {
        self.ends
            .iter()
            .map(|(id, end)| match end {
                End::Fault(fault) => fault,
                other => panic!("{id} found nothing wrong: {other:?}"),
            })
            .collect()
    }

    /// Fails the test if anybody has keys.
    pub fn assert_no_keys(&self) {
        for (id, end) in &self.ends {
            assert!(!matches!(end, End::Keys(_)), "{id} has keys");
        }
    }

    /// Returns the complaints of all honest members who have one.
    pub fn complaints(&self) -> BTreeMap<ParticipantId, &Complaint> {
        let complaints = self.ends.iter().map(|(id, end)| match end {
            End::Complaint(complaint) => Some((*id, complaint)),
            End::Keys(_) | End::Fault(_) | End::Waiting => None,
        });
        complaints.flatten().collect()
    }

    /// Returns the verdict of all honest members, which must be the same.
    pub fn verdict(&self, accuser: ParticipantId, complaint: &Complaint) -> Verdict {
        let nothing = SealedShares { dealer_key: [0; 32], ciphertext: Vec::new() };
        let sealed = match self.world.0.get(&(4, complaint.dealer, accuser)) {
            Some(message) => only!(message, Shares),
            None => &nothing,
        };
        let mut verdicts = self.dealings.values().map(|dealings| dealings.judge(accuser, complaint, sealed));
        let first = verdicts.next().expect("an honest judge");
        assert!(verdicts.all(|verdict| verdict == first), "judges disagree");
        first
    }
}
