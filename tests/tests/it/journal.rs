//! What devices have burned, read from their vaults with their password, whatever they say.

use std::collections::BTreeMap;
use std::path::Path;

use quorate_session::signing::{Mutation, Package, Shares};
use quorate_tests::PASSWORD;
use quorate_vault::{Password, Unlock};

/// A record of a vault begins with its version and its kind: a step of a signing session (`crates/wallet/src/records.rs`).
const SIGNING: [u8; 2] = [1, 5];

type Hash = [u8; 32];

/// The one share that each device made of each presignature, and in which session.
#[derive(Default)]
pub struct Journals {
    burns: BTreeMap<(usize, Hash), (Hash, Vec<u8>)>,
    uses: BTreeMap<Hash, Hash>,
}

impl Journals {
    /// Reads a device's vault as it is now. S2: no presignature has released two shares, nor served two sessions.
    pub fn read(&mut self, device: usize, home: &Path) {
        let bytes = std::fs::read(home.join(quorate_vault::FILE_NAME)).expect("a vault");
        let password = Password::new(PASSWORD).expect("a password");
        let contents = quorate_vault::log::read(&bytes, Unlock::Password(&password)).expect("a whole vault");
        for record in contents.records.iter().filter_map(|record| record.expose().strip_prefix(&SIGNING)) {
            let (_wallet, session, mutation): (Hash, Hash, Mutation) =
                borsh::from_slice(record).expect("a step of a session");
            if let Mutation::Burned { package, share } = mutation {
                let fixed: Package = borsh::from_slice(&package.body).expect("a package");
                let said: Shares = borsh::from_slice(&share.body).expect("shares");
                assert_eq!(fixed.presignatures.len(), usize::from(said.shares[0].len() == 64));
                for id in fixed.presignatures {
                    self.add(device, id, &(session, share.body.clone()));
                }
            }
        }
    }

    fn add(&mut self, device: usize, id: Hash, burn: &(Hash, Vec<u8>)) {
        assert_eq!(*self.uses.entry(id).or_insert(burn.0), burn.0, "one presignature in two sessions");
        let first = self.burns.entry((device, id)).or_insert_with(|| burn.clone());
        assert!(first == burn, "device {device} made two shares of one presignature");
    }

    /// Returns how many presignatures devices have burned, each counted by itself.
    pub fn burned(&self) -> usize {
        self.burns.len()
    }
}
