//! A device's log: what is durable, and what a crash may take.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::{ParticipantId, Secret};
use quorate_session::certificate::Certificate;
use quorate_session::lobby::SignedRoster;
use quorate_session::roster::Roster;
use quorate_session::{keygen, pairing, signing};
use quorate_threshold::KeyShare;

/// One record of the log.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// The group that this device belongs to; the creator keeps what it signed, for those who missed it.
    Joined {
        /// The group.
        roster: Roster,
        /// The creator's signed list.
        signed: Option<SignedRoster>,
    },
    /// A step of the key ceremony.
    Keygen(keygen::Mutation),
    /// The keys, with their certificate: the ceremony is over.
    Keys {
        /// This device's shares.
        shares: Vec<KeyShare>,
        /// The proof that everybody has theirs; dealt keys have none.
        certificate: Option<Certificate>,
        /// What the certificate is about.
        statement: [u8; 32],
    },
    /// A step of a signing session.
    Signing {
        /// Which session.
        session: [u8; 32],
        /// The step.
        mutation: signing::Mutation,
    },
    /// A step of the pair with a member.
    Pair {
        /// Who.
        peer: ParticipantId,
        /// The step.
        mutation: pairing::Mutation,
    },
}

/// An append-only log in memory.
#[derive(Debug, Default)]
pub struct VirtualDisk {
    durable: Vec<Secret<Vec<u8>>>,
    appended: Vec<Secret<Vec<u8>>>,
}

impl VirtualDisk {
    /// Adds a record, which a crash may still take.
    pub fn append(&mut self, record: &Record) {
        self.appended.push(Secret::new(borsh::to_vec(record).expect("writing to memory")));
    }

    /// Makes everything appended durable.
    pub fn sync(&mut self) {
        self.durable.append(&mut self.appended);
    }

    /// Ends the process: of what was not synced, the first `kept` records survive.
    pub fn crash(&mut self, kept: usize) {
        self.appended.truncate(kept);
        self.sync();
    }

    /// Returns how many records a crash may take.
    pub const fn unsynced(&self) -> usize {
        self.appended.len()
    }

    /// Reads the log from its beginning.
    pub fn read(&self) -> Vec<Record> {
        let all = self.durable.iter().chain(&self.appended);
        all.map(|bytes| borsh::from_slice(bytes.expose()).expect("a record that was written")).collect()
    }
}
