//! A disk in memory that loses what was not synced, for simulators and tests.
//!
//! It keeps what a machine keeps: what is *durable*, and what the running system *sees*. A killed process loses its
//! lock only; a power cut also loses any part of what was not synced, sector by sector, and any number of the
//! latest changes of names. A sync may also fail the way it does on Linux: what was to be written counts as
//! written from then on, and is not.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::RngCore;

use crate::storage::{Operation, Storage, StorageError};

/// Smaller than any real sector, so that small files tear in many ways.
const SECTOR: usize = 16;

/// What happens instead of one operation of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It reports this kind of error and has no effect.
    Refuse(ErrorKind),
    /// It reports this kind of error after it had its whole effect.
    RefuseAfter(ErrorKind),
    /// A sync reports this kind of error, writes nothing, and forgets that there was something to write.
    LoseSync(ErrorKind),
    /// The process is gone before it.
    CrashBefore,
    /// The process is gone in the middle of it: a write reached half of its length.
    CrashWithin,
    /// The process is gone after it.
    CrashAfter,
}

/// One simulated disk with one vault on it; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// The disk as one process sees it.
#[derive(Debug)]
pub struct SimulatedStorage {
    disk: SimulatedDisk,
    process: u64,
    boot: u64,
}

#[derive(Clone, Debug, Default)]
struct Content {
    durable: Vec<u8>,
    seen: Vec<u8>,
    /// Which bytes of `seen` the next sync will write.
    dirty: Vec<bool>,
}

/// Which content each name stands for.
#[derive(Clone, Copy, Debug, Default)]
struct Names {
    current: Option<usize>,
    next: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct State {
    contents: Vec<Content>,
    /// The durable names first, then every change since, in order.
    names: Vec<Names>,
    space: Option<usize>,
    faults: Vec<(u64, Fault)>,
    operations: u64,
    processes: u64,
    boots: u64,
    locked_by: Option<u64>,
    crashed: bool,
}

impl SimulatedDisk {
    /// Makes an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a process that uses the disk.
    pub fn storage(&self) -> SimulatedStorage {
        let mut state = self.state();
        state.processes = state.processes.saturating_add(1);
        SimulatedStorage { disk: self.clone(), process: state.processes, boot: state.boots }
    }

    /// Makes a second disk in the same state, with the same processes and plans.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state().clone())))
    }

    /// Limits how many more bytes can be written, or lifts the limit.
    pub fn set_space(&self, bytes: Option<usize>) {
        self.state().space = bytes;
    }

    /// Plans a fault for the operation with this number, counted from 0 over the life of the disk.
    pub fn plan(&self, operation: u64, fault: Fault) {
        self.state().faults.push((operation, fault));
    }

    /// Returns how many operations there were.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Returns whether a planned crash has happened and nobody cleaned up after it.
    pub fn has_crashed(&self) -> bool {
        self.state().crashed
    }

    /// Ends all processes; what they wrote stays.
    pub fn kill(&self) {
        let mut state = self.state();
        state.locked_by = None;
        state.crashed = false;
        state.faults.clear();
        state.boots = state.boots.saturating_add(1);
    }

    /// Ends all processes and loses a part, chosen by `rng`, of everything that was not synced.
    pub fn cut_power(&self, rng: &mut impl RngCore) {
        self.kill();
        let mut state = self.state();
        let kept = state.names.get(below(rng, state.names.len())).copied().unwrap_or_default();
        state.names = vec![kept];
        for content in &mut state.contents {
            *content = Content::durable(&content.survivors(rng));
        }
    }

    /// Returns the current file as it is seen, if there is one.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let state = self.state();
        state.current().and_then(|id| state.contents.get(id)).map(|content| content.seen.clone())
    }

    /// Puts bytes, durably, in the place of the current file: bit rot, an attacker, or an older image.
    pub fn set_bytes(&self, bytes: &[u8]) {
        let mut state = self.state();
        let id = state.contents.len();
        state.contents.push(Content::durable(bytes));
        state.names = vec![Names { current: Some(id), next: None }];
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn latest(&self) -> Names {
        self.names.last().copied().unwrap_or_default()
    }

    fn current(&self) -> Option<usize> {
        self.latest().current
    }

    fn rename(&mut self, names: Names) {
        if self.names.is_empty() {
            self.names.push(Names::default());
        }
        self.names.push(names);
    }

    /// Adds bytes to a content, as many as there is space for.
    fn write(&mut self, id: usize, bytes: &[u8]) -> Result<(), ErrorKind> {
        let content = self.contents.get_mut(id).ok_or(ErrorKind::NotFound)?;
        let fits = self.space.map_or(bytes.len(), |space| space.min(bytes.len()));
        self.space = self.space.map(|space| space.saturating_sub(fits));
        content.seen.extend(bytes.iter().take(fits));
        content.dirty.resize(content.seen.len(), true);
        if fits == bytes.len() { Ok(()) } else { Err(ErrorKind::StorageFull) }
    }
}

impl Content {
    fn durable(bytes: &[u8]) -> Self {
        Self { durable: bytes.to_vec(), seen: bytes.to_vec(), dirty: vec![false; bytes.len()] }
    }

    fn sync(&mut self) {
        self.durable.resize(self.seen.len(), 0);
        let written = self.durable.iter_mut().zip(&self.seen).zip(&mut self.dirty);
        for ((durable, seen), dirty) in written {
            if core::mem::take(dirty) {
                *durable = *seen;
            }
        }
    }

    /// Returns what a power cut leaves: each sector that is dirty is old or new; past the old end, old is zero.
    fn survivors(&self, rng: &mut impl RngCore) -> Vec<u8> {
        let (durable, seen) = (self.durable.len(), self.seen.len());
        let len = durable.min(seen).saturating_add(below(rng, durable.abs_diff(seen).saturating_add(1)));
        let mut keep_new = false;
        (0..len)
            .map(|at| {
                if at.is_multiple_of(SECTOR) {
                    keep_new = below(rng, 2) == 1;
                }
                let dirty = self.dirty.get(at).copied().unwrap_or(false);
                let old = self.durable.get(at).copied().unwrap_or(0);
                if keep_new && dirty { self.seen.get(at).copied().unwrap_or(old) } else { old }
            })
            .collect()
    }
}

impl SimulatedStorage {
    fn error(&self, operation: Operation, kind: ErrorKind) -> StorageError {
        StorageError::Io { operation, kind, path: self.location() }
    }

    /// Runs one operation unless a fault is planned for it; `action` gets the state and whether to do half of it.
    fn run<T>(
        &self,
        operation: Operation,
        action: impl FnOnce(&mut State, bool) -> Result<T, ErrorKind>,
    ) -> Result<T, StorageError> {
        let mut state = self.disk.state();
        if state.crashed || state.boots != self.boot {
            return Err(self.error(operation, ErrorKind::BrokenPipe));
        }
        let number = state.operations;
        state.operations = number.saturating_add(1);
        let fault = state.faults.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        let outcome = match fault {
            None => action(&mut state, false),
            Some(Fault::Refuse(kind)) => Err(kind),
            Some(Fault::LoseSync(kind)) => {
                if operation == Operation::Sync {
                    state.contents.iter_mut().for_each(|content| content.dirty.fill(false));
                }
                Err(kind)
            }
            Some(Fault::RefuseAfter(kind)) => action(&mut state, false).and(Err(kind)),
            Some(Fault::CrashBefore) => {
                state.crashed = true;
                Err(ErrorKind::BrokenPipe)
            }
            Some(fault @ (Fault::CrashWithin | Fault::CrashAfter)) => {
                let done = action(&mut state, fault == Fault::CrashWithin);
                state.crashed = true;
                done.and(Err(ErrorKind::BrokenPipe))
            }
        };
        outcome.map_err(|kind| self.error(operation, kind))
    }
}

impl Storage for SimulatedStorage {
    fn lock(&mut self) -> Result<(), StorageError> {
        let process = self.process;
        let free = self.run(Operation::Lock, |state, _| {
            let free = state.locked_by.is_none_or(|owner| owner == process);
            if free {
                state.locked_by = Some(process);
            }
            Ok(free)
        })?;
        if free { Ok(()) } else { Err(StorageError::Locked { path: self.location() }) }
    }

    fn read(&mut self, limit: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let found = self.run(Operation::Read, |state, _| {
            Ok(state.current().and_then(|id| state.contents.get(id)).map(|content| content.seen.clone()))
        })?;
        let len = found.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if len > limit { Err(StorageError::TooLarge { len, max: limit }) } else { Ok(found) }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.run(Operation::Write, |state, half| {
            let id = state.current().ok_or(ErrorKind::NotFound)?;
            state.write(id, part(bytes, half))
        })
    }

    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.run(Operation::Write, |state, half| {
            let at = usize::try_from(at).map_err(|_| ErrorKind::InvalidInput)?;
            let id = state.current().ok_or(ErrorKind::NotFound)?;
            let content = state.contents.get_mut(id).ok_or(ErrorKind::NotFound)?;
            let targets = content.seen.iter_mut().zip(&mut content.dirty).skip(at);
            for ((seen, dirty), byte) in targets.zip(part(bytes, half)) {
                *seen = *byte;
                *dirty = true;
            }
            Ok(())
        })
    }

    fn truncate(&mut self, len: u64) -> Result<(), StorageError> {
        self.run(Operation::Truncate, |state, _| {
            let len = usize::try_from(len).map_err(|_| ErrorKind::InvalidInput)?;
            let id = state.current().ok_or(ErrorKind::NotFound)?;
            let content = state.contents.get_mut(id).ok_or(ErrorKind::NotFound)?;
            content.seen.truncate(len);
            content.dirty.truncate(len);
            Ok(())
        })
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.run(Operation::Sync, |state, half| sync(state, state.current(), half))
    }

    fn write_next(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.run(Operation::Write, |state, half| {
            let id = state.contents.len();
            state.contents.push(Content::default());
            let names = Names { next: Some(id), ..state.latest() };
            state.rename(names);
            state.write(id, part(bytes, half))
        })
    }

    fn sync_next(&mut self) -> Result<(), StorageError> {
        self.run(Operation::Sync, |state, half| sync(state, state.latest().next, half))
    }

    fn promote_next(&mut self) -> Result<(), StorageError> {
        self.run(Operation::Replace, |state, half| {
            let next = state.latest().next.ok_or(ErrorKind::NotFound)?;
            if !half {
                state.rename(Names { current: Some(next), next: None });
            }
            Ok(())
        })
    }

    fn remove_next(&mut self) -> Result<(), StorageError> {
        self.run(Operation::Remove, |state, half| {
            let names = state.latest();
            if names.next.is_some() && !half {
                state.rename(Names { next: None, ..names });
            }
            Ok(())
        })
    }

    fn sync_names(&mut self) -> Result<(), StorageError> {
        self.run(Operation::Sync, |state, half| {
            if !half {
                state.names = vec![state.latest()];
            }
            Ok(())
        })
    }

    fn location(&self) -> PathBuf {
        PathBuf::from("simulated disk")
    }
}

impl Drop for SimulatedStorage {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.locked_by == Some(self.process) {
            state.locked_by = None;
        }
    }
}

fn sync(state: &mut State, id: Option<usize>, half: bool) -> Result<(), ErrorKind> {
    let content = id.and_then(|id| state.contents.get_mut(id)).ok_or(ErrorKind::NotFound)?;
    if !half {
        content.sync();
    }
    Ok(())
}

fn part(bytes: &[u8], half: bool) -> &[u8] {
    let len = if half { bytes.len() / 2 } else { bytes.len() };
    bytes.get(..len).unwrap_or(bytes)
}

/// Draws a number below `bound`; the slight bias does not matter here.
fn below(rng: &mut impl RngCore, bound: usize) -> usize {
    let drawn = usize::try_from(rng.next_u32()).unwrap_or(0);
    drawn.checked_rem(bound).unwrap_or(0)
}
