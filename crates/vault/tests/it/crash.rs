//! Crashes at every operation of the disk, with and without a power cut, and syncs that fail.

use std::io::ErrorKind;

use quorate_vault::{Fault, KdfParams, Recovery, SimulatedDisk, Unlock, Vault, VaultError};
use rand_core::RngCore;

use crate::support::{PASSWORD, SimulatedVault, key, password, plain, rng};

type Records = Vec<Vec<u8>>;

const FAULTS: [Fault; 6] = [
    Fault::CrashBefore,
    Fault::CrashWithin,
    Fault::CrashAfter,
    Fault::Refuse(ErrorKind::Other),
    Fault::RefuseAfter(ErrorKind::Other),
    Fault::LoseSync(ErrorKind::Other),
];

#[derive(Clone, Debug)]
enum Step {
    Commit(Records),
    Rewrite(Records),
    Reopen,
}

/// What may be on the disk: nothing, or these records.
#[derive(Debug)]
struct Expectation {
    /// What was acknowledged last.
    acknowledged: Option<Records>,
    /// What the step that failed, if one did, would have led to.
    attempted: Option<Records>,
}

fn commit(vault: &mut SimulatedVault, records: &[Vec<u8>]) -> Result<(), VaultError> {
    records.iter().try_for_each(|record| vault.append(record))?;
    vault.commit()
}

/// Creates a vault and takes the steps until one fails; a vault that failed must refuse everything from then on.
fn run(disk: &SimulatedDisk, steps: &[Step], seed: u64) -> Expectation {
    let mut vault = match Vault::create_on(disk.storage(), key(), rng(seed)) {
        Ok(vault) => vault,
        Err(_) => return Expectation { acknowledged: None, attempted: Some(Vec::new()) },
    };
    let mut state = Records::new();
    for (number, step) in steps.iter().enumerate() {
        let mut after = state.clone();
        let result = match step {
            Step::Commit(records) => {
                after.extend(records.iter().cloned());
                commit(&mut vault, records)
            }
            Step::Rewrite(records) => {
                after.clone_from(records);
                vault.rewrite(records.iter().map(Vec::as_slice))
            }
            Step::Reopen => {
                drop(vault);
                match Vault::open_on(disk.storage(), &key(), rng(seed ^ number as u64)) {
                    Ok((opened, records, _)) => {
                        assert_eq!(plain(&records), state);
                        vault = opened;
                        Ok(())
                    }
                    Err(_) => return Expectation { acknowledged: Some(state), attempted: None },
                }
            }
        };
        if result.is_err() {
            assert_poisoned(&mut vault);
            return Expectation { acknowledged: Some(state), attempted: Some(after) };
        }
        state = after;
    }
    Expectation { acknowledged: Some(state), attempted: None }
}

fn assert_poisoned(vault: &mut SimulatedVault) {
    assert!(vault.is_poisoned());
    assert_eq!(vault.append(b"x"), Err(VaultError::Poisoned));
    assert_eq!(vault.commit(), Err(VaultError::Poisoned));
    assert_eq!(vault.rewrite([]), Err(VaultError::Poisoned));
    let changed = vault.change_password(&password("a"), &password("b"), KdfParams::FLOOR);
    assert_eq!(changed, Err(VaultError::Poisoned));
}

/// Opens what the crash left, checks it, and checks that the vault goes on and that nothing seen is lost later.
fn verify(disk: &SimulatedDisk, expected: &Expectation, seed: u64, context: &str) {
    let (mut vault, records, _) = match Vault::open_on(disk.storage(), &key(), rng(seed)) {
        Ok(opened) => opened,
        Err(VaultError::NotFound { .. }) => {
            assert!(expected.acknowledged.is_none(), "lost: {context}");
            Vault::create_on(disk.storage(), key(), rng(seed)).unwrap();
            return;
        }
        Err(error) => panic!("{error}: {context}"),
    };
    let seen = Some(plain(&records));
    assert!(seen == expected.acknowledged || seen == expected.attempted, "{context}: {seen:?} {expected:?}");

    // Whatever this process was shown is durable, even if the one that wrote it never synced.
    let cut = disk.fork();
    cut.cut_power(&mut rng(seed));
    let (_, again, report) = Vault::open_on(cut.storage(), &key(), rng(seed)).unwrap();
    assert_eq!(Some(plain(&again)), seen, "vanished: {context}");
    assert_eq!(report.recovery, Recovery::Clean, "{context}");

    vault.append(b"onwards").unwrap();
    vault.commit().unwrap();
    drop(vault);
    disk.cut_power(&mut rng(seed));
    let (_, records, _) = Vault::open_on(disk.storage(), &key(), rng(seed)).unwrap();
    assert_eq!(records.last().unwrap().expose(), b"onwards", "{context}");
}

fn verify_all_ends(disk: &SimulatedDisk, expected: &Expectation, context: &str) {
    let killed = disk.fork();
    killed.kill();
    verify(&killed, expected, 1, &format!("{context}, killed"));
    for seed in 0..12 {
        let cut = disk.fork();
        cut.cut_power(&mut rng(seed));
        verify(&cut, expected, seed, &format!("{context}, power cut {seed}"));
    }
}

#[test]
fn c1_a_crash_at_any_operation_loses_nothing_acknowledged() {
    let steps = [
        Step::Commit(vec![b"share".to_vec(), vec![0xaa; 90]]),
        Step::Commit(vec![b"burn 1".to_vec()]),
        Step::Reopen,
        Step::Commit(vec![b"burn 2".to_vec(), Vec::new(), vec![0xbb; 33]]),
        Step::Rewrite(vec![b"share'".to_vec(), b"burn 2".to_vec()]),
        Step::Commit(vec![b"burn 3".to_vec()]),
        Step::Reopen,
        Step::Commit(vec![b"burn 4".to_vec()]),
    ];
    let whole = SimulatedDisk::new();
    let unharmed = run(&whole, &steps, 5);
    assert!(unharmed.attempted.is_none());
    let operations = whole.operations();
    assert!(operations > 25);
    for operation in 0..operations {
        for fault in FAULTS {
            let disk = SimulatedDisk::new();
            disk.plan(operation, fault);
            let expected = run(&disk, &steps, 5);
            assert!(
                expected.acknowledged != unharmed.acknowledged,
                "the fault at {operation} did not happen"
            );
            verify_all_ends(&disk, &expected, &format!("{fault:?} at {operation}"));
        }
    }
}

#[test]
fn c1_random_histories_with_random_crashes_lose_nothing_acknowledged() {
    for seed in 0..1500_u64 {
        let mut rng = rng(seed);
        let mut below = |bound: u32| rng.next_u32() % bound;
        let steps: Vec<Step> = (0..=below(7))
            .map(|_| {
                let records = (0..below(4))
                    .map(|_| vec![u8::try_from(below(256)).unwrap(); usize::try_from(below(120)).unwrap()])
                    .collect();
                match below(5) {
                    0 => Step::Rewrite(records),
                    1 => Step::Reopen,
                    _ => Step::Commit(records),
                }
            })
            .collect();
        let disk = SimulatedDisk::new();
        let operation = u64::from(below(40));
        let fault = FAULTS[usize::try_from(below(6)).unwrap()];
        disk.plan(operation, fault);
        let expected = run(&disk, &steps, seed);
        let context = format!("seed {seed}: {fault:?} at {operation} of {steps:?}");
        if below(4) == 0 {
            disk.kill();
        } else {
            disk.cut_power(&mut rng);
        }
        verify(&disk, &expected, seed, &context);
    }
}

/// The system says once that a sync failed and then takes the lost bytes for written.
#[test]
fn c8_a_failed_sync_is_never_believed_later() {
    for seed in 0..40 {
        let disk = SimulatedDisk::new();
        let mut vault = Vault::create_on(disk.storage(), key(), rng(3)).unwrap();
        commit(&mut vault, &[b"durable".to_vec()]).unwrap();
        disk.plan(disk.operations() + 1, Fault::LoseSync(ErrorKind::Other));
        assert!(matches!(commit(&mut vault, &[b"burn".to_vec()]), Err(VaultError::Io { .. })));
        assert_poisoned(&mut vault);
        drop(vault);
        let (vault, records, _) = Vault::open_on(disk.storage(), &key(), rng(4)).unwrap();
        assert_eq!(plain(&records), [b"durable".to_vec(), b"burn".to_vec()]);
        // This process may now act on the burn; it must still be there after a power cut.
        drop(vault);
        disk.cut_power(&mut rng(seed));
        let (_, records, _) = Vault::open_on(disk.storage(), &key(), rng(4)).unwrap();
        assert_eq!(plain(&records), [b"durable".to_vec(), b"burn".to_vec()], "seed {seed}");
    }
}

/// Fails the first two operations of opening, over and over: opening is itself safe to repeat.
#[test]
fn c1_a_crash_during_recovery_loses_nothing() {
    let disk = SimulatedDisk::new();
    let mut vault = Vault::create_on(disk.storage(), key(), rng(3)).unwrap();
    commit(&mut vault, &[b"one".to_vec()]).unwrap();
    disk.plan(disk.operations(), Fault::CrashWithin);
    assert!(commit(&mut vault, &[vec![1; 200]]).is_err());
    drop(vault);
    disk.kill();
    let start = disk.operations();
    let expected = Expectation { acknowledged: Some(vec![b"one".to_vec()]), attempted: None };
    let unharmed = disk.fork();
    Vault::open_on(unharmed.storage(), &key(), rng(4)).unwrap();
    for operation in start..unharmed.operations() {
        for fault in FAULTS {
            let disk = disk.fork();
            disk.plan(operation, fault);
            assert!(Vault::open_on(disk.storage(), &key(), rng(4)).is_err());
            verify_all_ends(&disk, &expected, &format!("{fault:?} at {operation}"));
        }
    }
}

#[test]
fn c1_a_crash_while_the_password_changes_leaves_one_password_that_opens_everything() {
    let (old, new) = (password(PASSWORD), password("another password"));
    let disk = SimulatedDisk::new();
    let mut vault = Vault::create_on(disk.storage(), key(), rng(3)).unwrap();
    commit(&mut vault, &[b"one".to_vec(), b"two".to_vec()]).unwrap();
    drop(vault);
    let changed = disk.fork();
    let start = {
        let (mut vault, ..) = Vault::open_on(changed.storage(), &key(), rng(4)).unwrap();
        let start = changed.operations();
        vault.change_password(&old, &new, KdfParams::FLOOR).unwrap();
        start
    };
    for operation in start..changed.operations() {
        for fault in [Fault::CrashBefore, Fault::CrashWithin, Fault::CrashAfter] {
            let disk = disk.fork();
            let (mut vault, ..) = Vault::open_on(disk.storage(), &key(), rng(4)).unwrap();
            disk.plan(operation, fault);
            assert!(vault.change_password(&old, &new, KdfParams::FLOOR).is_err());
            drop(vault);
            for seed in 0..4 {
                let cut = disk.fork();
                cut.cut_power(&mut rng(seed));
                let opened = match Vault::open_on(cut.storage(), &key(), rng(5)) {
                    Err(VaultError::WrongPassword) => Vault::open_on(cut.storage(), &new, rng(5)),
                    other => other,
                };
                assert_eq!(plain(&opened.unwrap().1), [b"one".to_vec(), b"two".to_vec()]);
            }
        }
    }
    assert!(matches!(
        Vault::open_on(changed.storage(), Unlock::Password(&old), rng(5)),
        Err(VaultError::WrongPassword)
    ));
}
