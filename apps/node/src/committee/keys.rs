//! Key events: when this node begins one, votes for its end, or gives it up.

use std::collections::BTreeMap;

use quorate_primitives::{Millis, Timestamp};

use crate::events::{ChainCommand, DomainKeyBytes, KeyEvent, KeyEventId, Member};

/// How long a command may take to show on the chain before it is asked for again.
const AGAIN: Millis = 10_000;

/// What was asked of the chain, and when.
#[derive(Debug, Default)]
pub struct Asked(BTreeMap<(u8, KeyEventId), Timestamp>);

/// What this node knows of the running attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing.
    Unknown,
    /// The ceremony runs.
    Running,
    /// The key is made, and durable here.
    Made(DomainKeyBytes),
    /// It came to nothing.
    Failed,
}

impl Asked {
    /// Returns what to ask for in a key generation, if it was not asked for just now.
    pub fn next(
        &mut self,
        event: &KeyEvent,
        (me, all_up): (&Member, bool),
        attempt: Attempt,
        now: Timestamp,
    ) -> Option<ChainCommand> {
        let leads = event.parameters.leader().is_some_and(|leader| leader.id == me.id);
        let command = match (&event.instance, event.running()) {
            (Some(instance), Some(id)) => match attempt {
                Attempt::Made(key) if !instance.completed.contains(&me.id) => {
                    ChainCommand::VotePublicKey { event: id, key }
                }
                Attempt::Failed => ChainCommand::AbortKeyEvent(id),
                Attempt::Made(_) | Attempt::Running | Attempt::Unknown => return None,
            },
            _ if leads && all_up => ChainCommand::StartKeygen(event.id_of(event.next_attempt)),
            _ => return None,
        };
        self.is_new(&command, now).then_some(command)
    }

    fn is_new(&mut self, command: &ChainCommand, now: Timestamp) -> bool {
        let of = match command {
            ChainCommand::StartKeygen(id) => (0, *id),
            ChainCommand::VotePublicKey { event, .. } => (1, *event),
            ChainCommand::AbortKeyEvent(id) => (2, *id),
            ChainCommand::StartReshare(id) => (3, *id),
            ChainCommand::VoteReshared(id) => (4, *id),
            ChainCommand::Respond { .. } => return true,
        };
        self.0.retain(|_, at| now.since(*at) < AGAIN);
        let is_new = !self.0.contains_key(&of);
        self.0.entry(of).or_insert(now);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Domain, Instance, MemberId, Parameters, Purpose, Scheme};

    fn member(id: u32) -> Member {
        Member {
            id: MemberId(id),
            account: format!("node{id}.test"),
            url: String::new(),
            tls_key: [u8::try_from(id).unwrap(); 32],
        }
    }

    fn event(instance: Option<Instance>) -> KeyEvent {
        let domain = Domain { id: 0, scheme: Scheme::Ed25519, purpose: Purpose::Sign, threshold: None };
        let parameters = Parameters { threshold: 2, members: (0..3).map(member).collect() };
        KeyEvent { epoch: 0, domain, parameters, instance, next_attempt: 4 }
    }

    fn running() -> Option<Instance> {
        Some(Instance { attempt: 3, started: 1, expires: 31, completed: vec![MemberId(1)], key: None })
    }

    const KEY: DomainKeyBytes = DomainKeyBytes::Ed25519([1; 32]);

    #[test]
    fn the_leader_begins_once_everybody_is_up_and_asks_again_later() {
        let mut asked = Asked::default();
        let mut next =
            |me, up, now| asked.next(&event(None), (&member(me), up), Attempt::Unknown, Timestamp(now));
        assert_eq!(next(1, true, 0), None);
        assert_eq!(next(0, false, 0), None);
        let start = ChainCommand::StartKeygen(KeyEventId { epoch: 0, domain: 0, attempt: 4 });
        assert_eq!(next(0, true, 0), Some(start.clone()));
        assert_eq!(next(0, true, AGAIN - 1), None);
        assert_eq!(next(0, true, AGAIN), Some(start));
    }

    #[test]
    fn who_has_the_key_votes_unless_its_vote_is_there() {
        let id = KeyEventId { epoch: 0, domain: 0, attempt: 3 };
        let next = |me, attempt| {
            Asked::default().next(&event(running()), (&member(me), true), attempt, Timestamp(0))
        };
        let vote = ChainCommand::VotePublicKey { event: id, key: KEY };
        assert_eq!(next(0, Attempt::Made(KEY)), Some(vote));
        assert_eq!(next(1, Attempt::Made(KEY)), None);
        assert_eq!(next(0, Attempt::Running), None);
        assert_eq!(next(0, Attempt::Failed), Some(ChainCommand::AbortKeyEvent(id)));
    }
}
