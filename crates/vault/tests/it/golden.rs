//! Files that every build must open for ever. They are never written again.
//!
//! `vault-v1.bin` was written by this crate. `vault-v1-independent.bin` was written from `docs/formats/vault.md` by
//! `tests/data/independent.py`, with libraries that share no code with this crate.

use quorate_vault::{Recovery, SimulatedDisk, Vault};

use crate::support::{password, plain, rng};

fn open(bytes: &[u8]) -> (Vec<Vec<u8>>, [u8; 16], u64) {
    let disk = SimulatedDisk::new();
    disk.set_bytes(bytes);
    let (mut vault, records, report) =
        Vault::open_on(disk.storage(), &password("Zo\u{eb}'s vault, 2\u{207f}\u{1d48}"), rng(1)).unwrap();
    assert_eq!(report.recovery, Recovery::Clean);
    vault.append(b"written by a later build").unwrap();
    vault.commit().unwrap();
    (plain(&records), report.vault_id, report.generation)
}

#[test]
fn c13_opens_version_1_as_this_crate_wrote_it() {
    let (records, _, generation) = open(include_bytes!("../data/vault-v1.bin"));
    assert_eq!(generation, 2);
    assert_eq!(records, expected());
}

#[test]
fn c13_opens_version_1_as_another_implementation_wrote_it() {
    let (records, vault_id, generation) = open(include_bytes!("../data/vault-v1-independent.bin"));
    assert_eq!(vault_id, core::array::from_fn(|i| u8::try_from(i).unwrap()));
    assert_eq!(generation, 2);
    assert_eq!(records, expected());
}

fn expected() -> Vec<Vec<u8>> {
    vec![
        b"snapshot".to_vec(),
        Vec::new(),
        (0..=255).collect(),
        b"first commit".to_vec(),
        b"second commit".to_vec(),
    ]
}
