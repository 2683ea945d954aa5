//! What the chain says: the contract's state, requests, and what became of commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::Timestamp;
use tracing::{info, warn};

use super::Engine;
use crate::committee::CommitteeError;
use crate::committee::group::Group;
use crate::committee::keys::Attempt;
use crate::committee::mesh::PeerKey;
use crate::committee::roster::roster;
use crate::committee::store::Record;
use crate::committee::task::key_bytes;
use crate::events::{
    ChainCommand, ChainEvent, ContractView, DomainKey, Initializing, KeyEvent, KeyEventId, Keyset, Member,
    Parameters, Phase, SubmitFault,
};

impl Engine {
    pub(super) fn handle_chain(&mut self, event: ChainEvent, now: Timestamp) -> Result<(), CommitteeError> {
        match event {
            ChainEvent::Contract(view) => self.handle_contract(&view, now)?,
            ChainEvent::Requested(request) => {
                if self.requests.add(&request, now) {
                    self.judge_held(now);
                }
            }
            ChainEvent::Finished { id, .. } => {
                if let Some((domain, sessions)) = self.requests.finish(&id) {
                    let groups = self.groups.values_mut().filter(|group| group.event().domain == domain);
                    groups.for_each(|group| sessions.iter().for_each(|session| group.forget(session)));
                }
            }
            ChainEvent::Height(_) => {}
            ChainEvent::Failed { command, fault } => self.handle_failed(&command, &fault),
        }
        Ok(())
    }

    fn handle_failed(&mut self, command: &ChainCommand, fault: &SubmitFault) {
        info!(?command, %fault, "a command came to nothing");
        if let ChainCommand::Respond { request, .. } = command
            && *fault != SubmitFault::NotPending
        {
            self.requests.note_not_submitted(request);
        }
    }

    fn handle_contract(&mut self, view: &Arc<ContractView>, now: Timestamp) -> Result<(), CommitteeError> {
        self.contract = Some(Arc::clone(view));
        let me = self.identity.public().signing;
        let mut peers: BTreeMap<PeerKey, String> =
            all_members(&view.phase).map(|member| (member.tls_key, member.url.clone())).collect();
        let takes_part = peers.remove(&me).is_some();
        if !takes_part {
            peers.clear();
        }
        self.mesh.set_peers(&peers)?;
        if !self.announced {
            self.announced = true;
            self.groups.values_mut().for_each(|group| group.announce(now));
        }
        self.take_early(now);
        Ok(())
    }

    /// Does what the contract's key events ask of this node.
    pub(super) async fn follow_keys(&mut self, now: Timestamp) -> Result<(), CommitteeError> {
        let Some(view) = self.contract.clone() else { return Ok(()) };
        let Phase::Initializing(Initializing { event, .. }) = &view.phase else { return Ok(()) };
        let Some(me) = event.parameters.member(&self.settings.account).cloned() else { return Ok(()) };
        if me.tls_key != self.identity.public().signing {
            return Ok(());
        }
        if let Some(id) = event.running() {
            self.join_keygen(event, id, now)?;
        }
        let attempt = event.running().map_or(Attempt::Unknown, |id| self.attempt(id));
        let all_up = self.all_up(&event.parameters);
        if let Some(command) = self.asked.next(event, (&me, all_up), attempt, now) {
            self.command(command).await;
        }
        Ok(())
    }

    /// Begins this node's part in an attempt, once.
    fn join_keygen(
        &mut self,
        event: &KeyEvent,
        id: KeyEventId,
        now: Timestamp,
    ) -> Result<(), CommitteeError> {
        if self.groups.contains_key(&id) || self.failed.contains(&id) {
            return Ok(());
        }
        let roster = match roster(&self.settings.contract, id, &event.domain, &event.parameters) {
            Ok(roster) => roster,
            Err(fault) => {
                warn!(epoch = id.epoch, domain = id.domain, %fault, "no part in a key");
                self.failed.insert(id);
                return Ok(());
            }
        };
        // An earlier attempt at the same key will not be finished.
        let before =
            |other: &KeyEventId| (other.epoch, other.domain) == (id.epoch, id.domain) && *other != id;
        self.groups.retain(|other, group| !(before(other) && group.is_being_made()));
        let Ok(mut group) = Group::new(id, roster.clone(), Arc::clone(&self.identity)) else { return Ok(()) };
        if group.begin(self.settings.keygen_patience, now).is_err() {
            self.failed.insert(id);
            return Ok(());
        }
        info!(epoch = id.epoch, domain = id.domain, attempt = id.attempt, "a key is being made");
        self.store.append(&Record::of(id, roster))?;
        let groups = &self.groups;
        self.tags.retain(|_, event| groups.contains_key(event));
        self.tags.insert(*group.tag(), id);
        self.groups.insert(id, group);
        self.take_early(now);
        Ok(())
    }

    fn attempt(&self, id: KeyEventId) -> Attempt {
        match self.groups.get(&id) {
            Some(group) => match group.key().and_then(key_bytes) {
                Some(key) => Attempt::Made(key),
                None => Attempt::Running,
            },
            None if self.failed.contains(&id) => Attempt::Failed,
            None => Attempt::Unknown,
        }
    }

    fn all_up(&self, parameters: &Parameters) -> bool {
        let me = self.identity.public().signing;
        parameters.members.iter().all(|member| member.tls_key == me || self.online.contains(&member.tls_key))
    }

    /// Returns the key that signs for a domain now: the contract's, and held here.
    pub(super) fn signing_key(&self, domain: u64) -> Option<&Group> {
        let keyset = keyset(&self.contract.as_ref()?.phase)?;
        let key = keyset.keys.iter().find(|key| key.domain.id == domain)?;
        let group = self.groups.get(&event_of(keyset, key))?;
        // A share of another key would sign under an address that nobody asked for.
        (group.key().and_then(key_bytes) == Some(key.key)).then_some(group)
    }

    pub(super) async fn command(&self, command: ChainCommand) {
        // The NEAR side ends with the node.
        let _ = self.side.commands.send(command).await;
    }
}

/// Returns the keys that sign.
pub(super) fn keyset(phase: &Phase) -> Option<&Keyset> {
    match phase {
        Phase::NotInitialized => None,
        Phase::Running(running) => Some(&running.keyset),
        Phase::Initializing(initializing) => Some(&initializing.keyset),
        Phase::Resharing(resharing) => Some(&resharing.previous.keyset),
    }
}

/// Returns the attempt that made a key.
pub(super) fn event_of(keyset: &Keyset, key: &DomainKey) -> KeyEventId {
    KeyEventId { epoch: keyset.epoch, domain: key.domain.id, attempt: key.attempt }
}

/// Returns everybody who takes part in anything.
pub(super) fn all_members(phase: &Phase) -> impl Iterator<Item = &Member> {
    let (one, other) = match phase {
        Phase::NotInitialized => (None, None),
        Phase::Running(running) => (Some(&running.parameters), None),
        Phase::Initializing(initializing) => (Some(&initializing.event.parameters), None),
        Phase::Resharing(resharing) => {
            (Some(&resharing.previous.parameters), Some(&resharing.event.parameters))
        }
    };
    one.into_iter().chain(other).flat_map(|parameters| &parameters.members)
}
