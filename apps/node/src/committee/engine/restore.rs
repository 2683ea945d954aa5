//! From the log to the machines, and from the machines to a shorter log.

use std::collections::BTreeMap;

use super::Engine;
use crate::committee::CommitteeError;
use crate::committee::group::{Group, Log};
use crate::committee::store::Record;
use crate::events::KeyEventId;

impl Engine {
    /// Takes up every key that the log knows.
    pub(super) fn restore(&mut self, records: Vec<Record>) -> Result<(), CommitteeError> {
        let mut logs: BTreeMap<[u8; 32], Log> = BTreeMap::new();
        for record in records {
            match record {
                Record::Key { event: (epoch, domain, attempt), roster } => {
                    let event = KeyEventId { epoch, domain, attempt };
                    let group = Group::new(event, roster, self.identity.clone())
                        .map_err(|error| damaged(event, &error))?;
                    self.tags.insert(*group.tag(), event);
                    self.groups.insert(event, group);
                }
                Record::Keygen(tag, step) => logs.entry(tag).or_default().keygen.push(step),
                Record::Made { tag, share, certificate } => {
                    logs.entry(tag).or_default().made = Some((share, certificate));
                }
                Record::Pair(tag, peer, step) => {
                    logs.entry(tag).or_default().pairs.entry(peer).or_default().push(step);
                }
                // What was released is out, and what it was made of was in memory.
                Record::Signing(..) => {}
            }
        }
        let (now, patience) = (self.clock.now(), self.settings.keygen_patience);
        for (tag, log) in logs {
            let Some(event) = self.tags.get(&tag).copied() else { continue };
            if let Some(group) = self.groups.get_mut(&event) {
                group.restore(log, patience, now).map_err(|error| damaged(event, &error))?;
            }
        }
        Ok(())
    }

    /// Writes the log anew without what is over. A key that is being made keeps the log as it is.
    pub(super) fn rewrite(&mut self) -> Result<(), CommitteeError> {
        if self.groups.values().any(Group::is_being_made) {
            return Ok(());
        }
        let records: Vec<Record> = self.groups.values().filter_map(Group::snapshot).flatten().collect();
        self.store.rewrite(&records)?;
        Ok(())
    }
}

fn damaged(event: KeyEventId, error: &dyn core::error::Error) -> CommitteeError {
    CommitteeError::Log { epoch: event.epoch, domain: event.domain, reason: error.to_string() }
}
