//! What operators see.

use std::collections::VecDeque;

use super::Engine;
use super::chain::{all_members, event_of, keyset};
use crate::events::{CommitteeStatus, DomainStatus, PeerStatus, Phase, Progress, Request};

/// Lines that are kept.
const MAX_LINES: usize = 200;

/// The latest signatures.
#[derive(Debug, Default)]
pub(super) struct Journal(VecDeque<String>);

impl Journal {
    pub(super) fn note_signature(&mut self, request: &Request) {
        if self.0.len() >= MAX_LINES {
            self.0.pop_front();
        }
        self.0.push_back(format!("{} domain {} block {}", request.id, request.domain, request.block.height));
    }
}

impl Engine {
    /// Publishes what changed.
    pub(super) fn publish(&self) {
        let status = self.status();
        self.side.status.send_if_modified(|old| {
            let changed = *old != status;
            *old = status;
            changed
        });
    }

    fn status(&self) -> CommitteeStatus {
        let Some(view) = &self.contract else { return CommitteeStatus::default() };
        let me = self.identity.public().signing;
        let takes_part = all_members(&view.phase).any(|member| member.tls_key == me);
        let progress = match &view.phase {
            _ if !takes_part => Progress::Observing,
            Phase::NotInitialized => Progress::Starting,
            Phase::Running(_) => Progress::Signing,
            Phase::Initializing(_) => Progress::Generating,
            Phase::Resharing(_) => Progress::Resharing,
        };
        let peers = all_members(&view.phase).filter(|member| member.tls_key != me).map(|member| PeerStatus {
            id: member.id,
            account: member.account.clone(),
            connected: self.online.contains(&member.tls_key),
            height: None,
        });
        let domains = self.domains();
        CommitteeStatus {
            progress,
            epoch: keyset(&view.phase).map(|keyset| keyset.epoch).filter(|_| !domains.is_empty()),
            peers: peers.collect(),
            domains,
            tasks: self.tasks(),
            signatures: self.journal.0.iter().cloned().collect(),
        }
    }

    fn domains(&self) -> Vec<DomainStatus> {
        let keyset = self.contract.as_ref().and_then(|view| keyset(&view.phase));
        let held = keyset.into_iter().flat_map(|keyset| {
            keyset.keys.iter().filter_map(|key| Some((key, self.groups.get(&event_of(keyset, key))?)))
        });
        held.filter(|(_, group)| group.key().is_some())
            .map(|(key, group)| DomainStatus {
                domain: key.domain.id,
                threshold: group.seat().roster().threshold.min_signers().into(),
                presignatures_online: group.presignatures() as u64,
                presignatures_offline: 0,
                needs_presignatures: group.needs_presignatures(),
            })
            .collect()
    }

    fn tasks(&self) -> Vec<String> {
        let making = self.groups.values().filter(|group| group.is_being_made());
        let mut tasks: Vec<String> = making
            .map(|group| {
                let event = group.event();
                format!("key of epoch {} domain {} attempt {}", event.epoch, event.domain, event.attempt)
            })
            .collect();
        tasks.push(format!("{} requests pending", self.requests.len()));
        tasks
    }
}
