//! How a run ended.

use std::collections::BTreeMap;

use quorate_primitives::{Millis, ParticipantId};
use quorate_session::certificate::Certificate;
use quorate_session::{keygen, signing};
use quorate_threshold::KeyShare;

use crate::device::Told;
use crate::network::{Mischief, Packet};

/// The end of a key ceremony at one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeygenEnd {
    /// It never began.
    Never,
    /// The keys may be used.
    Finished,
    /// There are no keys.
    Failed(keygen::Failure),
    /// Shares are durable, the certificate is awaited; and whether the person was told.
    Pending(bool),
    /// A flight is awaited.
    Waiting,
}

/// The end of a signing session at one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// There are signatures.
    Signed(Vec<[u8; 64]>),
    /// There are none.
    Failed(signing::Failure),
    /// It still waits.
    Open,
}

/// One pair at one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairEnd {
    /// Both have confirmed this.
    Ready([u8; 32]),
    /// It goes on.
    Waiting,
    /// It failed.
    Failed,
    /// This device banned it.
    Banned,
}

/// One device at the end.
#[derive(Debug)]
pub struct DeviceReport {
    /// Who it is in its group.
    pub participant: Option<ParticipantId>,
    /// The ceremony.
    pub keygen: KeygenEnd,
    /// Its shares, if they may be used.
    pub shares: Vec<KeyShare>,
    /// What was certified.
    pub statement: Option<[u8; 32]>,
    /// The certificate.
    pub certificate: Option<Certificate>,
    /// The sessions.
    pub sessions: BTreeMap<[u8; 32], SessionEnd>,
    /// Its pairs, if the run needed any.
    pub pairs: BTreeMap<ParticipantId, PairEnd>,
    /// How many presignatures it holds.
    pub presignatures: usize,
    /// How many presignatures it was given, in all its lives.
    pub made: usize,
    /// Of how many of them a share left.
    pub used: usize,
    /// How many batches of presignatures are at work.
    pub batches: usize,
    /// What its person was told, and when.
    pub told: Vec<(Millis, Told)>,
    /// Points between effects that it passed.
    pub points: u64,
    /// How often it crashed.
    pub crashes: u64,
    /// Frames it dropped since it was last switched on.
    pub dropped: u64,
    /// Lies it told.
    pub lies: u64,
}

/// A whole run at its end.
#[derive(Debug)]
pub struct Report {
    /// The devices.
    pub devices: Vec<DeviceReport>,
    /// What was done to frames.
    pub mischief: Mischief,
    /// Every frame as it was sent.
    pub sent: Vec<Packet>,
    /// The hash over everything that happened.
    pub trace: [u8; 32],
    /// How much happened.
    pub events: u64,
    /// Rules that were broken.
    pub violations: Vec<String>,
    /// The last events in words, if they were wanted.
    pub words: String,
}

impl Report {
    /// Returns how the ceremony ended at each device.
    pub fn ceremonies(&self) -> Vec<&KeygenEnd> {
        self.devices.iter().map(|device| &device.keygen).collect()
    }

    /// Returns whom a device blames, in the ceremony or in any session.
    pub fn blamed_by(&self, device: usize) -> Vec<ParticipantId> {
        let mut all: Vec<_> = self.devices[device].told.iter().flat_map(|(_, told)| told.blamed()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns how the one session that a run had ended at a device.
    pub fn only_session(&self, device: usize) -> &SessionEnd {
        let sessions = &self.devices[device].sessions;
        assert_eq!(sessions.len(), 1, "one session at device {device}");
        sessions.values().next().expect("one session")
    }
}
