//! Pending requests: who leads which, when this node acts, and which proposals of others it joins.
//!
//! Every node puts the participants of a request in an order that its id decides. The first that is connected proposes and
//! submits; each of the others takes over one turn later than the one before it, so that a leader that cannot sign or
//! cannot submit costs a turn and no request.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{Millis, Timestamp};
use sha2::{Digest, Sha256};

use super::mesh::PeerKey;
use crate::events::{KeyEventId, Request, RequestId, Signature};

/// How long a node leads before the next one takes over.
pub const TURN: Millis = 2_000;

/// Sessions that this node begins for one request at most.
const MAX_ATTEMPTS: u32 = 8;

/// Sessions of one request that this node takes part in at most.
const MAX_SESSIONS: usize = 32;

/// Requests that are kept at most; the contract has a limit of its own.
const MAX_REQUESTS: usize = 16 * 1024;

/// All requests that are told and not over.
#[derive(Debug, Default)]
pub struct Requests {
    pending: BTreeMap<RequestId, Pending>,
    sessions: BTreeMap<[u8; 32], RequestId>,
}

/// One request.
#[derive(Debug)]
pub struct Pending {
    /// As the chain has it.
    pub request: Arc<Request>,
    since: Timestamp,
    attempts: u32,
    next: Timestamp,
    own: Option<[u8; 32]>,
    sessions: Vec<[u8; 32]>,
    signature: Option<(Signature, bool)>,
    submitted: Option<Timestamp>,
}

/// What this node is to do now.
#[derive(Debug)]
pub enum Action {
    /// Begin a session.
    Propose(Arc<Request>),
    /// Submit an answer.
    Submit(RequestId, Signature),
}

impl Requests {
    /// Adds a request. Returns whether it is new.
    pub fn add(&mut self, request: &Arc<Request>, now: Timestamp) -> bool {
        if self.pending.len() >= MAX_REQUESTS || self.pending.contains_key(&request.id) {
            return false;
        }
        let pending = Pending {
            since: now,
            attempts: 0,
            next: now,
            own: None,
            sessions: Vec::new(),
            signature: None,
            submitted: None,
            request: Arc::clone(request),
        };
        self.pending.insert(request.id, pending);
        true
    }

    /// Forgets a request. Returns its domain and its sessions, which are over too.
    pub fn finish(&mut self, id: &RequestId) -> Option<(u64, Vec<[u8; 32]>)> {
        let pending = self.pending.remove(id)?;
        for session in &pending.sessions {
            self.sessions.remove(session);
        }
        Some((pending.request.domain, pending.sessions))
    }

    /// Returns a request.
    pub fn get(&self, id: &RequestId) -> Option<&Arc<Request>> {
        self.pending.get(id).map(|pending| &pending.request)
    }

    /// Returns the request of a session.
    pub fn of_session(&self, session: &[u8; 32]) -> Option<&Arc<Request>> {
        self.get(self.sessions.get(session)?)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns whether this node may take part in one more session of a request.
    pub fn may_join(&self, id: &RequestId) -> bool {
        self.pending.get(id).is_some_and(|pending| pending.sessions.len() < MAX_SESSIONS)
    }

    /// Notes a session of a request; `own` if this node proposed it.
    pub fn note_session(&mut self, id: &RequestId, session: [u8; 32], own: bool) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.sessions.push(session);
            self.sessions.insert(session, *id);
            if own {
                pending.own = Some(session);
                pending.attempts += 1;
            }
        }
    }

    /// A session ended with a signature.
    pub fn note_signature(&mut self, session: &[u8; 32], signature: Signature) {
        let Some(id) = self.sessions.get(session) else { return };
        if let Some(pending) = self.pending.get_mut(id) {
            let own = pending.own.as_ref() == Some(session);
            pending.signature.get_or_insert((signature, own));
        }
    }

    /// A session ended without, or could not begin: this node's own is repeated later.
    pub fn note_failure(&mut self, id: &RequestId, session: Option<&[u8; 32]>, now: Timestamp) {
        if let Some(pending) = self.pending.get_mut(id)
            && pending.own.as_ref() == session
        {
            pending.own = None;
            pending.attempts += u32::from(session.is_none());
            pending.next = now.after(TURN / 2);
        }
    }

    /// Returns the request of a session that failed.
    pub fn id_of(&self, session: &[u8; 32]) -> Option<RequestId> {
        self.sessions.get(session).copied()
    }

    /// An answer did not get to the contract.
    pub fn note_not_submitted(&mut self, id: &RequestId) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.submitted = None;
            pending.next = pending.next.after(TURN);
        }
    }

    /// Returns what is due, and when to ask again. `group` tells, for a domain, who is up to sign with this node.
    pub fn due(
        &self,
        now: Timestamp,
        me: &PeerKey,
        group: impl Fn(u64) -> Option<(KeyEventId, Vec<PeerKey>)>,
    ) -> (Vec<Action>, Option<Timestamp>) {
        let mut actions = Vec::new();
        let mut wake: Option<Timestamp> = None;
        let mut groups: BTreeMap<u64, Option<(KeyEventId, Vec<PeerKey>)>> = BTreeMap::new();
        for pending in self.pending.values() {
            let domain = pending.request.domain;
            let up = groups.entry(domain).or_insert_with(|| group(domain));
            let Some((_, up)) = up else { continue };
            if self.is_served_by_another(pending) {
                continue;
            }
            let Some((at, action)) = pending.next_step(me, up) else { continue };
            if at <= now {
                actions.push(action);
            } else {
                wake = Some(wake.map_or(at, |other| other.min(at)));
            }
        }
        (actions, wake)
    }

    /// An earlier identical request is answered first, and its answer answers both.
    fn is_served_by_another(&self, pending: &Pending) -> bool {
        pending.request.same_as.is_some_and(|other| self.pending.contains_key(&other))
    }

    /// Notes that an answer was handed over.
    pub fn note_submitted(&mut self, id: &RequestId, now: Timestamp) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.submitted = Some(now);
        }
    }
}

impl Pending {
    fn next_step(&self, me: &PeerKey, up: &[PeerKey]) -> Option<(Timestamp, Action)> {
        let position = position(&self.request.id, me, up);
        let turn = self.since.after(TURN.saturating_mul(position));
        match (&self.signature, self.own) {
            (Some(_), _) if self.submitted.is_some() => None,
            (Some((signature, own)), _) => {
                // Who signed as a helper gives the leader a turn to submit.
                let at = if *own { self.since } else { turn.after(TURN) };
                Some((at.max(self.next_submission()), Action::Submit(self.request.id, signature.clone())))
            }
            (None, None) if self.attempts < MAX_ATTEMPTS => {
                Some((turn.max(self.next), Action::Propose(Arc::clone(&self.request))))
            }
            (None, _) => None,
        }
    }

    fn next_submission(&self) -> Timestamp {
        if self.next > self.since { self.next } else { self.since }
    }
}

/// Returns how many of those who are up come before this node.
fn position(id: &RequestId, me: &PeerKey, up: &[PeerKey]) -> u64 {
    let rank =
        |key: &PeerKey| -> [u8; 32] { Sha256::new().chain_update(id.0).chain_update(key).finalize().into() };
    let mine = rank(me);
    up.iter().filter(|key| *key != me && rank(key) < mine).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{BlockRef, Payload};

    const NODES: [PeerKey; 3] = [[1; 32], [2; 32], [3; 32]];

    const EVENT: KeyEventId = KeyEventId { epoch: 0, domain: 0, attempt: 0 };

    fn request(number: u8, same_as: Option<u8>) -> Arc<Request> {
        Arc::new(Request {
            id: RequestId([number; 32]),
            predecessor: "alice.test".to_owned(),
            path: "path".to_owned(),
            tweak: [0; 32],
            payload: Payload::Ecdsa([7; 32]),
            domain: 0,
            block: BlockRef { height: 1, hash: [0; 32] },
            expires: 201,
            same_as: same_as.map(|number| RequestId([number; 32])),
        })
    }

    fn due(requests: &Requests, now: u64, me: usize, up: &[usize]) -> (Vec<Action>, Option<Timestamp>) {
        let up: Vec<PeerKey> = up.iter().map(|node| NODES[*node]).collect();
        requests.due(Timestamp(now), &NODES[me], |_| Some((EVENT, up.clone())))
    }

    fn proposals(requests: &Requests, now: u64, me: usize, up: &[usize]) -> usize {
        due(requests, now, me, up).0.iter().filter(|action| matches!(action, Action::Propose(_))).count()
    }

    fn first_leader(requests: &Requests) -> usize {
        (0..3).find(|me| proposals(requests, 0, *me, &[0, 1, 2]) == 1).unwrap()
    }

    #[test]
    fn one_node_leads_and_each_of_the_others_takes_over_a_turn_later() {
        for number in 0..50 {
            let mut requests = Requests::default();
            assert!(requests.add(&request(number, None), Timestamp(0)));
            assert!(!requests.add(&request(number, None), Timestamp(5)));
            let at = |now| (0..3).map(|me| proposals(&requests, now, me, &[0, 1, 2])).sum::<usize>();
            assert_eq!([at(0), at(TURN - 1), at(TURN), at(2 * TURN)], [1, 1, 2, 3]);
        }
    }

    #[test]
    fn all_nodes_lead_alike_often() {
        let mut led = [0; 3];
        for number in 0..=255 {
            let mut requests = Requests::default();
            requests.add(&request(number, None), Timestamp(0));
            led[first_leader(&requests)] += 1;
        }
        assert!(led.iter().all(|led| *led > 50), "{led:?}");
    }

    /// A leader that is away leads nothing.
    #[test]
    fn c12_the_next_node_leads_at_once_where_the_leader_is_away() {
        let mut requests = Requests::default();
        requests.add(&request(1, None), Timestamp(0));
        let leader = first_leader(&requests);
        let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
        let leads = others.iter().filter(|me| proposals(&requests, 0, **me, &others) == 1).count();
        assert_eq!(leads, 1);
    }

    #[test]
    fn identical_requests_are_signed_once() {
        let mut requests = Requests::default();
        requests.add(&request(1, None), Timestamp(0));
        requests.add(&request(2, Some(1)), Timestamp(0));
        let all = |requests: &Requests| proposals(requests, 9 * TURN, 0, &[0, 1, 2]);
        assert_eq!(all(&requests), 1);
        assert!(requests.finish(&RequestId([1; 32])).is_some());
        assert_eq!(all(&requests), 1);
    }

    fn answer() -> Signature {
        Signature::Ed25519([1; 64])
    }

    fn submissions(requests: &Requests, now: u64, me: usize) -> usize {
        let (actions, _) = due(requests, now, me, &[0, 1, 2]);
        actions.iter().filter(|action| matches!(action, Action::Submit(..))).count()
    }

    #[test]
    fn the_leader_submits_at_once_and_a_helper_only_if_it_does_not() {
        let id = RequestId([1; 32]);
        let mut requests = Requests::default();
        requests.add(&request(1, None), Timestamp(0));
        let leader = first_leader(&requests);
        requests.note_session(&id, [9; 32], true);
        assert_eq!(proposals(&requests, 9 * TURN, leader, &[0, 1, 2]), 0);
        requests.note_signature(&[9; 32], answer());
        assert_eq!(submissions(&requests, 1, leader), 1);
        requests.note_submitted(&id, Timestamp(1));
        assert_eq!(submissions(&requests, 9 * TURN, leader), 0);

        let helper = (leader + 1) % 3;
        let mut requests = Requests::default();
        requests.add(&request(1, None), Timestamp(0));
        requests.note_session(&id, [9; 32], false);
        requests.note_signature(&[9; 32], answer());
        assert_eq!(submissions(&requests, TURN, helper), 0);
        assert_eq!(submissions(&requests, 4 * TURN, helper), 1);
    }

    #[test]
    fn a_failed_session_is_repeated_and_not_for_ever() {
        let id = RequestId([1; 32]);
        let mut requests = Requests::default();
        requests.add(&request(1, None), Timestamp(0));
        let leader = first_leader(&requests);
        let mut now = 0;
        let mut sessions = 0_u8;
        while proposals(&requests, now, leader, &[0, 1, 2]) == 1 {
            sessions += 1;
            requests.note_session(&id, [sessions; 32], true);
            requests.note_failure(&id, Some(&[sessions; 32]), Timestamp(now));
            assert_eq!(proposals(&requests, now, leader, &[0, 1, 2]), 0);
            now += TURN;
        }
        assert_eq!(u32::from(sessions), MAX_ATTEMPTS);
    }
}
