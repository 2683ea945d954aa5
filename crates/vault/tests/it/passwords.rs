//! Unlocking: exact passwords, one message, and no downgrade.

use proptest::prelude::*;
use quorate_vault::{KdfParams, Password, SimulatedDisk, Unlock, UnlockKey, Vault, VaultError};

use crate::support::{PASSWORD, disk_with, key, password, plain, rng};

fn open(disk: &SimulatedDisk, password: &Password) -> Result<Vec<Vec<u8>>, VaultError> {
    Vault::open_on(disk.storage(), password, rng(1)).map(|(_, records, _)| plain(&records))
}

/// The header at which a field begins, with another value in it.
fn with_header_field(disk: &SimulatedDisk, at: usize, value: &[u8]) -> SimulatedDisk {
    let mut bytes = disk.bytes().unwrap();
    bytes[at..at + value.len()].copy_from_slice(value);
    let changed = SimulatedDisk::new();
    changed.set_bytes(&bytes);
    changed
}

#[test]
fn f7_refuses_a_header_that_asks_for_less_than_the_floor_or_more_than_the_ceiling() {
    let disk = disk_with(&[&[b"share"]]);
    let right = password(PASSWORD);
    let out_of_range: [(usize, u32); 8] = [
        (16, 0),
        (16, (19 << 10) - 1),
        (16, (1 << 20) + 1),
        (16, u32::MAX),
        (20, 1),
        (20, 17),
        (24, 0),
        (24, 5),
    ];
    for (at, value) in out_of_range {
        let changed = with_header_field(&disk, at, &value.to_le_bytes());
        let error = open(&changed, &right).unwrap_err();
        assert!(matches!(error, VaultError::KdfOutOfRange { .. }), "{at} {value}: {error}");
    }
    // Inside the range the change is found by the seal, and only there.
    for (at, value) in [(16, 20_u32 << 10), (20, 3), (24, 2)] {
        let changed = with_header_field(&disk, at, &value.to_le_bytes());
        assert_eq!(open(&changed, &right), Err(VaultError::WrongPassword));
    }
}

#[test]
fn f7_refuses_other_derivations_and_versions() {
    let disk = disk_with(&[]);
    let right = password(PASSWORD);
    assert_eq!(open(&with_header_field(&disk, 15, &[0]), &right), Err(VaultError::UnsupportedKdf { id: 0 }));
    assert_eq!(open(&with_header_field(&disk, 15, &[2]), &right), Err(VaultError::UnsupportedKdf { id: 2 }));
    let refused = |version| Err(VaultError::UnsupportedVersion { version });
    assert_eq!(open(&with_header_field(&disk, 13, &[0, 0]), &right), refused(0));
    assert_eq!(open(&with_header_field(&disk, 13, &[2, 0]), &right), refused(2));
    assert_eq!(open(&with_header_field(&disk, 13, &[1, 1]), &right), refused(0x101));
    assert_eq!(open(&with_header_field(&disk, 0, b"q"), &right), Err(VaultError::NotAVault));
}

#[test]
fn f8_wrong_password_and_altered_header_are_one_message() {
    let disk = disk_with(&[&[b"share"]]);
    let wrong = open(&disk, &password("correct horse battery stapl")).unwrap_err();
    assert_eq!(wrong.to_string(), "wrong password or altered vault header");
    // Every byte behind the parameters: salt, nonce, wrapped key and tag.
    for at in 28..132 {
        let changed = disk.bytes().unwrap()[at] ^ (1 << (at % 8));
        let altered = open(&with_header_field(&disk, at, &[changed]), &password(PASSWORD)).unwrap_err();
        assert_eq!(altered, wrong, "byte {at}");
        assert_eq!(altered.to_string(), wrong.to_string());
    }
}

#[test]
fn f8_the_same_password_in_another_normal_form_opens() {
    let disk = SimulatedDisk::new();
    let composed = password("Zo\u{eb} \u{fb01}\u{2122}");
    let key = UnlockKey::derive(&composed, KdfParams::FLOOR, &mut rng(5)).unwrap();
    drop(Vault::create_on(disk.storage(), key, rng(5)).unwrap());
    assert!(open(&disk, &password("Zoe\u{308} fiTM")).is_ok());
    assert_eq!(open(&disk, &password("Zoe fiTM")), Err(VaultError::WrongPassword));
}

#[test]
fn changes_the_password_and_keeps_the_records() {
    let disk = disk_with(&[&[b"one"], &[b"two", b"three"]]);
    let (old, new) = (password(PASSWORD), password("new"));
    let stronger = KdfParams::new(20 << 10, 2, 1).unwrap();
    let (mut vault, ..) = Vault::open_on(disk.storage(), &old, rng(1)).unwrap();
    let id = vault.vault_id();
    assert_eq!(vault.change_password(&new, &new, stronger), Err(VaultError::WrongPassword));
    vault.change_password(&old, &new, stronger).unwrap();
    vault.append(b"four").unwrap();
    vault.commit().unwrap();
    drop(vault);
    assert_eq!(open(&disk, &old), Err(VaultError::WrongPassword));
    let (vault, records, report) = Vault::open_on(disk.storage(), &new, rng(1)).unwrap();
    assert_eq!(plain(&records), [b"one".as_slice(), b"two", b"three", b"four"]);
    assert_eq!((vault.vault_id(), report.generation), (id, 2));
    assert_eq!(disk.bytes().unwrap()[16..20], (20_u32 << 10).to_le_bytes());
}

/// The vault goes on under the new password, also when it is rewritten before it is closed.
#[test]
fn a_rewrite_after_a_change_of_password_keeps_the_new_one() {
    let disk = disk_with(&[&[b"one"]]);
    let (old, new) = (password(PASSWORD), password("new"));
    let (mut vault, ..) = Vault::open_on(disk.storage(), &old, rng(1)).unwrap();
    vault.change_password(&old, &new, KdfParams::FLOOR).unwrap();
    vault.rewrite([b"two".as_slice()]).unwrap();
    assert_eq!(vault.change_password(&old, &new, KdfParams::FLOOR), Err(VaultError::WrongPassword));
    drop(vault);
    assert_eq!(open(&disk, &old), Err(VaultError::WrongPassword));
    assert_eq!(open(&disk, &new), Ok(vec![b"two".to_vec()]));
}

/// Whoever has an old header and the old password gets nothing that was written after the change.
#[test]
fn f7_the_old_header_opens_nothing_written_after_a_change_of_password() {
    let disk = disk_with(&[&[b"one"]]);
    let before = disk.bytes().unwrap();
    let old = password(PASSWORD);
    let (mut vault, ..) = Vault::open_on(disk.storage(), &old, rng(1)).unwrap();
    vault.change_password(&old, &password("new"), KdfParams::FLOOR).unwrap();
    drop(vault);
    let after = disk.bytes().unwrap();
    disk.set_bytes(&[&before[..132], &after[132..]].concat());
    assert_eq!(open(&disk, &old), Err(VaultError::Damaged { record: 0 }));
}

#[test]
fn a_key_of_another_vault_is_a_wrong_password() {
    let disk = disk_with(&[]);
    let other = UnlockKey::derive(&password(PASSWORD), KdfParams::FLOOR, &mut rng(77)).unwrap();
    let error = Vault::open_on(disk.storage(), Unlock::Key(&other), rng(1)).unwrap_err();
    assert_eq!(error, VaultError::WrongPassword);
    assert!(Vault::open_on(disk.storage(), Unlock::Key(&key()), rng(1)).is_ok());
    assert!(key().is_of(&password(PASSWORD)).unwrap());
    assert!(!key().is_of(&password("another")).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Truncated, padded, doubled or changed: only the password itself opens.
    #[test]
    fn f8_no_variation_of_a_password_opens(text in "\\PC{1,20}", cut in any::<prop::sample::Index>(), extra in "\\PC{1,3}") {
        let Ok(right) = Password::new(&text) else { return Ok(()) };
        let disk = SimulatedDisk::new();
        let key = UnlockKey::derive(&right, KdfParams::FLOOR, &mut rng(5)).unwrap();
        drop(Vault::create_on(disk.storage(), key, rng(5)).unwrap());
        prop_assert!(open(&disk, &right).is_ok());
        let short: String = text.chars().take(cut.index(text.chars().count())).collect();
        for other in [short, format!("{text}{extra}"), format!("{extra}{text}"), format!("{text}\0")] {
            let Ok(other) = Password::new(&other) else { continue };
            prop_assert_eq!(open(&disk, &other), Err(VaultError::WrongPassword));
        }
    }
}
