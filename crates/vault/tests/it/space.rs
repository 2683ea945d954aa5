//! Full disks: simulated at every byte, and a real one in a mount namespace of its own.

use quorate_vault::{Operation, Recovery, SimulatedDisk, Vault, VaultError};

use crate::support::{key, plain, rng};

/// Everything up to the failure, in order: create, two commits, a rewrite, a commit.
fn work(disk: &SimulatedDisk) -> (Option<usize>, Result<(), VaultError>) {
    let mut done = None;
    let result = (|| {
        let mut vault = Vault::create_on(disk.storage(), key(), rng(3))?;
        done = Some(0);
        for step in 1..=4_u8 {
            let result = if step == 3 {
                vault.rewrite([[1; 50].as_slice(), &[2; 50]])
            } else {
                vault.append(&[step; 50])?;
                vault.commit()
            };
            if let Err(error) = result {
                assert_eq!(vault.append(b"x"), Err(VaultError::Poisoned));
                assert_eq!(vault.commit(), Err(VaultError::Poisoned));
                return Err(error);
            }
            done = Some(usize::from(step));
        }
        Ok(())
    })();
    (done, result)
}

fn after(done: usize) -> Vec<Vec<u8>> {
    [&[][..], &[1], &[1, 2], &[1, 2], &[1, 2, 4]][done].iter().map(|step: &u8| vec![*step; 50]).collect()
}

#[test]
fn c8_a_disk_that_fills_up_at_any_byte_loses_nothing() {
    let mut budget = 0;
    loop {
        let disk = SimulatedDisk::new();
        disk.set_space(Some(budget));
        let (done, result) = work(&disk);
        let Err(error) = result else { break };
        let VaultError::NoSpace { operation, .. } = &error else { panic!("{error:?} with {budget} bytes") };
        assert_eq!(*operation, Operation::Write);
        assert_eq!(error.to_string(), "no space left to write simulated disk");
        disk.kill();

        // Opening needs no space: what is cut off was never acknowledged.
        match (done, Vault::open_on(disk.storage(), &key(), rng(4))) {
            (None, Err(VaultError::NotFound { .. })) => {}
            (Some(done), Ok((_, records, _))) => assert_eq!(plain(&records), after(done), "{budget} bytes"),
            (done, opened) => panic!("{done:?} {opened:?} with {budget} bytes"),
        }
        // With space again the vault goes on.
        disk.set_space(None);
        if let Some(done) = done {
            let (mut vault, ..) = Vault::open_on(disk.storage(), &key(), rng(4)).unwrap();
            vault.append(b"again").unwrap();
            vault.commit().unwrap();
            drop(vault);
            let (_, records, report) = Vault::open_on(disk.storage(), &key(), rng(4)).unwrap();
            assert_eq!(plain(&records), [after(done), vec![b"again".to_vec()]].concat());
            assert_eq!(report.recovery, Recovery::Clean);
        } else {
            Vault::create_on(disk.storage(), key(), rng(4)).unwrap();
        }
        budget += 1;
    }
    assert!(budget > 800, "the sweep ended at {budget} bytes");
}

#[cfg(target_os = "linux")]
mod real {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use quorate_vault::FileStorage;

    use super::*;
    use crate::support::TempDir;

    const CHILD: &str = "QUORATE_VAULT_TEST_FULL_DISK";
    const PAGE: usize = 4096;

    /// Runs itself again in a mount namespace, with a file system of 256 KiB mounted on a directory.
    #[test]
    fn c8_a_real_disk_that_fills_up_loses_nothing() {
        if let Some(dir) = std::env::var_os(CHILD) {
            let dir = PathBuf::from(dir);
            fill_up(&dir);
            turn_read_only(&dir);
            println!("full disk: done");
            return;
        }
        let dir = TempDir::new();
        let mount = "mount -t tmpfs -o size=256k none \"$1\" && exec \"$2\" --exact --nocapture \"$3\"";
        let name = "space::real::c8_a_real_disk_that_fills_up_loses_nothing";
        let child = |unshare: &[&str]| {
            Command::new("unshare")
                .args(unshare)
                .args(["sh", "-c", mount, "sh"])
                .arg(dir.path())
                .arg(std::env::current_exe().unwrap())
                .arg(name)
                .env(CHILD, dir.path())
                .output()
        };
        let allowed = |unshare: &[&str]| {
            let probe =
                Command::new("unshare").args(unshare).args(["sh", "-c", "mount -t tmpfs none /mnt"]).output();
            probe.is_ok_and(|output| output.status.success())
        };
        let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
        let Some(way) = ways.into_iter().find(|way| allowed(way)) else {
            assert!(std::env::var_os("QUORATE_CI").is_none(), "cannot mount a file system in a namespace");
            eprintln!("SKIPPED: cannot mount a file system in a namespace");
            return;
        };
        let output = child(way).unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && stdout.contains("full disk: done"), "{stdout}\n{stderr}");
    }

    fn fill_up(dir: &Path) {
        let filler = dir.join("filler");
        for pages in 0..40 {
            // Take everything, then give back so many pages.
            let _ = std::fs::write(&filler, vec![0; 1 << 20]);
            let taken = usize::try_from(std::fs::metadata(&filler).unwrap().len()).unwrap();
            std::fs::OpenOptions::new()
                .write(true)
                .open(&filler)
                .unwrap()
                .set_len((taken - (pages * PAGE).min(taken)) as u64)
                .unwrap();
            let (acknowledged, error) = work_until_full(dir);
            assert!(matches!(error, VaultError::NoSpace { .. }), "{error:?} with {pages} pages");

            // Still full: everything is there.
            if let Some(acknowledged) = acknowledged {
                let (_, records, _) = Vault::open_on(FileStorage::new(dir), &key(), rng(4)).unwrap();
                assert_eq!(records.len(), acknowledged, "{pages} pages");
            }
            std::fs::remove_file(&filler).unwrap();
            if let Some(acknowledged) = acknowledged {
                let (mut vault, records, _) = Vault::open_on(FileStorage::new(dir), &key(), rng(4)).unwrap();
                assert_eq!(records.len(), acknowledged);
                vault.append(b"again").unwrap();
                vault.commit().unwrap();
                drop(vault);
                let (_, records, _) = Vault::open_on(FileStorage::new(dir), &key(), rng(4)).unwrap();
                assert_eq!(records.len(), acknowledged + 1);
                std::fs::remove_file(dir.join("vault")).unwrap();
            }
        }
    }

    /// Returns how many records were acknowledged, if a vault could be created at all.
    fn work_until_full(dir: &Path) -> (Option<usize>, VaultError) {
        let mut vault = match Vault::create_on(FileStorage::new(dir), key(), rng(3)) {
            Ok(vault) => vault,
            Err(error) => return (None, error),
        };
        let mut records: Vec<Vec<u8>> = Vec::new();
        loop {
            let record = vec![7; 1500];
            let result = vault.append(&record).and_then(|()| vault.commit()).and_then(|()| {
                records.push(record);
                if records.len().is_multiple_of(8) {
                    vault.rewrite(records.iter().map(Vec::as_slice))
                } else {
                    Ok(())
                }
            });
            if let Err(error) = result {
                assert_eq!(vault.append(b"x"), Err(VaultError::Poisoned));
                return (Some(records.len()), error);
            }
        }
    }

    fn turn_read_only(dir: &Path) {
        let mut vault = Vault::create_on(FileStorage::new(dir), key(), rng(3)).unwrap();
        vault.append(b"before").unwrap();
        vault.commit().unwrap();
        drop(vault);
        let remount = |how: &str| {
            assert!(Command::new("mount").args(["-o", how]).arg(dir).status().unwrap().success());
        };
        remount("remount,ro");
        let error = Vault::open_on(FileStorage::new(dir), &key(), rng(4)).unwrap_err();
        assert!(error.to_string().contains("read-only"), "{error}");
        remount("remount,rw");
        let (_, records, _) = Vault::open_on(FileStorage::new(dir), &key(), rng(4)).unwrap();
        assert_eq!(plain(&records), [b"before".to_vec()]);
    }
}
