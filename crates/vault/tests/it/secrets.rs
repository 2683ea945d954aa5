//! Nothing secret on the disk or in any output.

use quorate_vault::{KdfParams, Password, SimulatedDisk, Unlock, Vault, VaultError};

use crate::support::{PASSWORD, TempDir, disk_with, key, password, rng};

const SENTINEL: &[u8] = b"SENTINEL-SHARE-4f1d";

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn f1_no_file_of_the_vault_holds_a_secret() {
    let dir = TempDir::new();
    let mut vault = Vault::create(dir.path(), &password(PASSWORD), KdfParams::FLOOR, rng(1)).unwrap();
    vault.append(SENTINEL).unwrap();
    vault.commit().unwrap();
    vault.rewrite([SENTINEL, SENTINEL]).unwrap();
    vault.append(SENTINEL).unwrap();
    vault.commit().unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        seen += bytes.len();
        assert!(!holds(&bytes, SENTINEL) && !holds(&bytes, PASSWORD.as_bytes()));
    }
    assert!(seen > 3 * SENTINEL.len());
}

#[test]
fn f2_no_type_prints_a_secret() {
    let disk = disk_with(&[&[SENTINEL]]);
    let secret = password(PASSWORD);
    let (mut vault, records, report) = Vault::open_on(disk.storage(), &secret, rng(1)).unwrap();
    vault.append(SENTINEL).unwrap();
    let contents = quorate_vault::log::read(&disk.bytes().unwrap(), Unlock::Key(&key())).unwrap();
    let printed = format!(
        "{vault:?} {records:?} {report:?} {secret:?} {:?} {contents:?} {:?}",
        Unlock::Password(&secret),
        key()
    );
    for text in [SENTINEL, PASSWORD.as_bytes()] {
        assert!(!holds(printed.as_bytes(), text), "{printed}");
        assert!(!printed.contains(&format!("{text:?}")), "{printed}");
    }
    assert!(printed.contains("<redacted>"));
}

/// What a rewrite left out is not readable in the new file, and the old data key is not in it.
#[test]
fn f4_a_rewrite_forgets_what_it_leaves_out() {
    let disk = disk_with(&[&[SENTINEL], &[b"kept"]]);
    let before = disk.bytes().unwrap();
    let (mut vault, ..) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    vault.rewrite([b"kept".as_slice()]).unwrap();
    let after = disk.bytes().unwrap();
    assert_ne!(before[84..132], after[84..132], "the wrapped data key");
    // No old frame opens under the new header.
    let mixed = SimulatedDisk::new();
    mixed.set_bytes(&[&after[..132], &before[132..]].concat());
    let error = Vault::open_on(mixed.storage(), &key(), rng(1)).unwrap_err();
    assert_eq!(error, VaultError::Damaged { record: 0 });
}

#[test]
fn f15_refuses_to_start_without_randomness() {
    use rand_core::{CryptoRng, Error, RngCore};

    struct Stuck;
    impl RngCore for Stuck {
        fn next_u32(&mut self) -> u32 {
            7
        }
        fn next_u64(&mut self) -> u64 {
            7
        }
        fn fill_bytes(&mut self, dest: &mut [u8]) {
            dest.fill(7);
        }
        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
            dest.fill(7);
            Ok(())
        }
    }
    impl CryptoRng for Stuck {}

    let disk = SimulatedDisk::new();
    assert_eq!(Vault::create_on(disk.storage(), key(), Stuck).unwrap_err(), VaultError::Randomness);
    assert_eq!(disk.bytes(), None);
    let disk = disk_with(&[&[b"x"]]);
    assert_eq!(Vault::open_on(disk.storage(), &key(), Stuck).unwrap_err(), VaultError::Randomness);
    let dir = TempDir::new();
    let secret: Password = password(PASSWORD);
    let error = Vault::create(dir.path(), &secret, KdfParams::FLOOR, Stuck).unwrap_err();
    assert_eq!(error.to_string(), "the source of randomness is broken");
}
