//! The real files: names, permissions, locks, and what the limits say.

use std::fs;
use std::io::ErrorKind;

use quorate_vault::{
    DeviceVault, FileStorage, KdfParams, Operation, Recovery, SimulatedDisk, Vault, VaultError,
};
use rand_core::OsRng;

use crate::support::{PASSWORD, TempDir, disk_with, key, password, plain, rng};

fn create(dir: &TempDir) -> DeviceVault {
    Vault::create(dir.path(), &password(PASSWORD), KdfParams::FLOOR, OsRng).unwrap()
}

#[test]
fn creates_commits_and_opens_again() {
    let dir = TempDir::new();
    let mut vault = create(&dir);
    let id = vault.vault_id();
    vault.append(b"one").unwrap();
    vault.append(b"two").unwrap();
    vault.commit().unwrap();
    vault.append(b"never committed").unwrap();
    assert_eq!(vault.file_len(), fs::metadata(dir.vault()).unwrap().len());
    drop(vault);

    let (mut vault, records, report) = Vault::open(dir.path(), &password(PASSWORD)).unwrap();
    assert_eq!(plain(&records), [b"one", b"two"]);
    assert_eq!((report.vault_id, report.generation, report.recovery), (id, 1, Recovery::Clean));
    vault.rewrite([b"only".as_slice()]).unwrap();
    assert_eq!((vault.vault_id(), vault.generation()), (id, 2));
    vault.append(b"three").unwrap();
    vault.commit().unwrap();
    assert_eq!(vault.file_len(), fs::metadata(dir.vault()).unwrap().len());
    drop(vault);

    let (_, records, report) = Vault::open(dir.path(), &password(PASSWORD)).unwrap();
    assert_eq!(plain(&records), [b"only".as_slice(), b"three"]);
    assert_eq!((report.vault_id, report.generation), (id, 2));
}

#[test]
fn a_second_process_is_told_that_the_vault_is_in_use() {
    let dir = TempDir::new();
    let mut vault = create(&dir);
    let locked = || Vault::open(dir.path(), &password(PASSWORD)).unwrap_err();
    assert_eq!(locked(), VaultError::Locked { path: dir.vault() });
    assert_eq!(
        locked().to_string(),
        format!("the vault at {} is in use by another process", dir.vault().display())
    );
    // A rewrite puts another file in place; the lock must not stay with the old one.
    vault.rewrite([]).unwrap();
    assert!(matches!(locked(), VaultError::Locked { .. }));
    drop(vault);
    assert!(Vault::open(dir.path(), &password(PASSWORD)).is_ok());
}

#[test]
fn an_open_vault_can_move_to_another_thread() {
    let dir = TempDir::new();
    let mut vault = create(&dir);
    let committed =
        std::thread::spawn(move || vault.append(b"x").and_then(|()| vault.commit())).join().unwrap();
    assert_eq!(committed, Ok(()));
}

#[test]
fn never_overwrites_a_vault() {
    let dir = TempDir::new();
    drop(create(&dir));
    let before = fs::read(dir.vault()).unwrap();
    let again = Vault::create(dir.path(), &password("other"), KdfParams::FLOOR, OsRng).unwrap_err();
    assert_eq!(again, VaultError::AlreadyExists { path: dir.vault() });
    assert_eq!(fs::read(dir.vault()).unwrap(), before);
}

#[test]
fn names_what_is_missing() {
    let dir = TempDir::new();
    let error = Vault::open(dir.path(), &password(PASSWORD)).unwrap_err();
    assert_eq!(error, VaultError::NotFound { path: dir.vault() });
    let nowhere = dir.path().join("nowhere");
    let error = Vault::open(&nowhere, &password(PASSWORD)).unwrap_err();
    let path = nowhere.join("vault.lock");
    assert_eq!(error, VaultError::Io { operation: Operation::Lock, kind: ErrorKind::NotFound, path });
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let dir = TempDir::new();
    let mut vault = create(&dir);
    vault.rewrite([b"x".as_slice()]).unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn removes_what_a_crashed_rewrite_left() {
    let dir = TempDir::new();
    drop(create(&dir));
    let leftover = dir.path().join("vault.next");
    fs::write(&leftover, b"half of a new vault").unwrap();
    drop(Vault::open(dir.path(), &password(PASSWORD)).unwrap());
    assert!(!leftover.exists());
    fs::write(&leftover, b"half of a new vault").unwrap();
    let (mut vault, ..) = Vault::open(dir.path(), &password(PASSWORD)).unwrap();
    vault.rewrite([b"x".as_slice()]).unwrap();
    assert!(!leftover.exists());
}

#[test]
fn refuses_what_is_no_regular_file() {
    let dir = TempDir::new();
    fs::create_dir(dir.vault()).unwrap();
    let error = Vault::open(dir.path(), &password(PASSWORD)).unwrap_err();
    let path = dir.vault();
    assert_eq!(error, VaultError::Io { operation: Operation::Read, kind: ErrorKind::InvalidInput, path });
}

#[test]
fn e3_a_file_beyond_the_limit_is_refused_before_it_is_read() {
    let dir = TempDir::new();
    drop(create(&dir));
    fs::OpenOptions::new().write(true).open(dir.vault()).unwrap().set_len(1 << 40).unwrap();
    let error = Vault::open(dir.path(), &password(PASSWORD)).unwrap_err();
    assert_eq!(error, VaultError::FileTooLarge { len: 1 << 40, max: 256 << 20 });
}

#[test]
fn e3_records_and_commits_are_bounded() {
    let disk = disk_with(&[]);
    let (mut vault, ..) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    let longest = vec![5; 8 << 20];
    let too_long = vec![5; (8 << 20) + 1];
    let refused = Err(VaultError::RecordTooLarge { len: (8 << 20) + 1, max: 8 << 20 });
    assert_eq!(vault.append(&too_long), refused);
    assert_eq!(vault.rewrite([too_long.as_slice()]), refused);
    vault.append(&longest).unwrap();
    assert_eq!(vault.append(&longest), Err(VaultError::BatchFull));
    assert_eq!(vault.rewrite([]), Err(VaultError::Uncommitted));
    let changed = vault.change_password(&password("a"), &password("b"), KdfParams::FLOOR);
    assert_eq!(changed, Err(VaultError::Uncommitted));
    // None of these refusals poisons.
    vault.commit().unwrap();
    vault.append(&longest).unwrap();
    vault.commit().unwrap();
    drop(vault);
    let (_, records, _) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    assert_eq!(plain(&records), [longest.clone(), longest]);
}

#[test]
fn the_file_shell_and_the_simulated_disk_hold_the_same_bytes() {
    let dir = TempDir::new();
    let disk = SimulatedDisk::new();
    let mut real = Vault::create_on(FileStorage::new(dir.path()), key(), rng(6)).unwrap();
    let mut simulated = Vault::create_on(disk.storage(), key(), rng(6)).unwrap();
    for step in 0..20_u8 {
        let record = vec![step; usize::from(step) * 7];
        real.append(&record).unwrap();
        simulated.append(&record).unwrap();
        if step % 3 == 0 {
            real.commit().unwrap();
            simulated.commit().unwrap();
        } else if step == 11 {
            real.commit().unwrap();
            simulated.commit().unwrap();
            real.rewrite([record.as_slice()]).unwrap();
            simulated.rewrite([record.as_slice()]).unwrap();
        }
        assert_eq!(fs::read(dir.vault()).unwrap(), disk.bytes().unwrap(), "step {step}");
    }
}
