//! Requests: proposing them, joining what others propose, and answering the contract.

use quorate_primitives::Timestamp;
use quorate_session::envelope::Envelope;
use quorate_session::signing::Task;
use rand_core::{OsRng, RngCore};
use tracing::{debug, info, warn};

use super::{Engine, MAX_HELD};
use crate::committee::requests::Action;
use crate::committee::task::{is_of, proposed, signature, task};
use crate::events::{ChainCommand, KeyEventId, Request, RequestId};

/// What is to be done about a proposal.
enum Verdict {
    Join(Box<Task>, RequestId),
    /// The chain has not shown the request here yet.
    Wait,
    Ignore(&'static str),
}

impl Engine {
    /// Proposes and answers what is due.
    pub(super) async fn act_on_requests(&mut self, now: Timestamp) {
        let me = self.identity.public().signing;
        let (actions, wake) = self.requests.due(now, &me, |domain| {
            let group = self.signing_key(domain)?;
            let up = group.peers().keys().filter(|key| **key == me || self.online.contains(*key));
            Some((group.event(), up.copied().collect()))
        });
        self.wake = [self.wake, wake].into_iter().flatten().min();
        for action in actions {
            match action {
                Action::Propose(request) => self.propose(&request, now),
                Action::Submit(request, signature) => {
                    self.requests.note_submitted(&request, now);
                    self.command(ChainCommand::Respond { request, signature }).await;
                }
            }
        }
    }

    fn propose(&mut self, request: &Request, now: Timestamp) {
        let proposed = self.try_propose(request, now);
        match proposed {
            Some(Ok(session)) => self.requests.note_session(&request.id, session, true),
            Some(Err(reason)) => {
                warn!(request = %request.id, %reason, "a request cannot be signed");
                self.requests.note_failure(&request.id, None, now);
            }
            None => {}
        }
    }

    /// `None` while the domain has no key here.
    fn try_propose(&mut self, request: &Request, now: Timestamp) -> Option<Result<[u8; 32], String>> {
        let group = self.signing_key(request.domain)?;
        let (event, purpose) = (group.event(), group.key()?.purpose);
        let task = match task(request, purpose, fresh(), now) {
            Ok(task) => task,
            Err(fault) => return Some(Err(fault.to_string())),
        };
        let group = self.groups.get_mut(&event)?;
        Some(group.propose(task, now).map_err(|error| error.to_string()))
    }

    /// Joins a proposal that the chain shows the request of; one whose request is not known yet waits for it.
    pub(super) fn judge(&mut self, event: KeyEventId, proposal: Envelope, now: Timestamp) {
        match self.verdict(event, &proposal) {
            Verdict::Wait => {
                let sender = proposal.header.sender;
                let of_peer = self.held.iter().filter(|(_, _, held)| held.header.sender == sender).count();
                if of_peer < MAX_HELD {
                    self.held.push_back((now, event, proposal));
                }
            }
            Verdict::Ignore(reason) => {
                info!(participant = proposal.header.sender.get(), reason, "a proposal is not joined");
            }
            Verdict::Join(task, id) => {
                let Some(group) = self.groups.get_mut(&event) else { return };
                match group.join(proposal, &task, now) {
                    Ok(session) => self.requests.note_session(&id, session, false),
                    Err(error) => debug!(request = %id, %error, "a proposal is not joined"),
                }
            }
        }
    }

    fn verdict(&self, event: KeyEventId, proposal: &Envelope) -> Verdict {
        let Some(task) = proposed(&proposal.body) else { return Verdict::Ignore("it is no task") };
        let Ok(id) = <[u8; 32]>::try_from(task.payload.as_slice()) else {
            return Verdict::Ignore("it names no request");
        };
        let id = RequestId(id);
        let Some(request) = self.requests.get(&id) else { return Verdict::Wait };
        let Some(group) = self.signing_key(request.domain) else { return Verdict::Wait };
        let Some(keys) = group.key() else { return Verdict::Wait };
        if group.event() != event {
            return Verdict::Ignore("it is for another key");
        }
        if !is_of(&task, request, keys.purpose) {
            return Verdict::Ignore("it asks for something else than the request");
        }
        if !self.requests.may_join(&id) {
            return Verdict::Ignore("too many sessions of one request");
        }
        Verdict::Join(Box::new(task), id)
    }

    /// Judges what waited for its request.
    pub(super) fn judge_held(&mut self, now: Timestamp) {
        for (since, event, proposal) in core::mem::take(&mut self.held) {
            match self.verdict(event, &proposal) {
                Verdict::Wait => self.held.push_back((since, event, proposal)),
                Verdict::Join(..) | Verdict::Ignore(_) => self.judge(event, proposal, now),
            }
        }
    }

    pub(super) fn hear_signed(&mut self, event: KeyEventId, session: &[u8; 32], signatures: &[[u8; 64]]) {
        let Some(request) = self.requests.of_session(session).cloned() else { return };
        let keys = self.groups.get(&event).and_then(|group| group.key());
        let Some((keys, bytes)) = keys.zip(signatures.first()) else { return };
        match signature(&request, keys, bytes) {
            Some(signature) => {
                self.journal.note_signature(&request);
                self.requests.note_signature(session, signature);
            }
            None => warn!(request = %request.id, "a signature that the contract cannot take"),
        }
    }

    pub(super) fn hear_not_signed(
        &mut self,
        event: KeyEventId,
        session: &[u8; 32],
        reason: &str,
        now: Timestamp,
    ) {
        if let Some(group) = self.groups.get_mut(&event) {
            group.forget(session);
        }
        if let Some(id) = self.requests.id_of(session) {
            info!(request = %id, reason, "a session ended without a signature");
            self.requests.note_failure(&id, Some(session), now);
        }
    }
}

fn fresh() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}
