//! Real processes: killed at any moment, and measured.
//!
//! A test here runs its own binary again with a variable set; the second process takes the other role.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use quorate_vault::{KdfParams, Vault};
use rand_core::{OsRng, RngCore};

use crate::support::{PASSWORD, TempDir, password, plain, rng};

const ROLE: &str = "QUORATE_VAULT_TEST_CHILD";

fn again(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(ROLE, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Appends numbers, acknowledging each once it is durable, and rewrites everything now and then. Never ends.
fn append_for_ever(dir: &Path) -> ! {
    let (mut vault, records, _) = Vault::open(dir, &password(PASSWORD)).unwrap();
    let mut all = plain(&records);
    loop {
        let number = all.len() as u64;
        let record = [number.to_le_bytes().as_slice(), &[0x5a; 100]].concat();
        vault.append(&record).unwrap();
        vault.commit().unwrap();
        println!("ack {number}");
        all.push(record);
        if all.len().is_multiple_of(9) {
            vault.rewrite(all.iter().map(Vec::as_slice)).unwrap();
        }
    }
}

#[test]
fn c1_kill_9_at_any_moment_loses_nothing_acknowledged() {
    if let Some(dir) = std::env::var_os(ROLE) {
        append_for_ever(Path::new(&dir));
    }
    let dir = TempDir::new();
    drop(Vault::create(dir.path(), &password(PASSWORD), KdfParams::FLOOR, OsRng).unwrap());
    let seed = OsRng.next_u64();
    println!("seed {seed}");
    let mut random = rng(seed);
    let mut acknowledged: Option<u64> = None;
    for cycle in 0..50 {
        let mut child = again("processes::c1_kill_9_at_any_moment_loses_nothing_acknowledged", dir.path());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let wanted = random.next_u32() % 12;
        let mut acks = Vec::new();
        while u32::try_from(acks.len()).unwrap() <= wanted {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the child ended in cycle {cycle}");
            acks.extend(parse_ack(&line));
        }
        // Somewhere inside one of the next commits or rewrites.
        for _ in 0..random.next_u32() % 2_000_000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        acks.extend(rest.lines().filter_map(parse_ack));
        acknowledged = acks.last().copied().or(acknowledged);

        let (_, records, _) = Vault::open(dir.path(), &password(PASSWORD)).unwrap();
        for (number, record) in records.iter().enumerate() {
            assert_eq!(record.expose()[..8], (number as u64).to_le_bytes(), "cycle {cycle}");
        }
        let last = acknowledged.unwrap();
        let present = records.len() as u64;
        assert!(present == last + 1 || present == last + 2, "{present} records, {last} acknowledged");
    }
}

fn parse_ack(line: &str) -> Option<u64> {
    line.trim().strip_prefix("ack ")?.parse().ok()
}

/// The memory of the key derivation goes back to the system: a device process stays small after unlocking.
#[test]
fn a_process_is_small_after_unlocking() {
    if let Some(dir) = std::env::var_os(ROLE) {
        let (_vault, records, _) = Vault::open(Path::new(&dir), &password(PASSWORD)).unwrap();
        assert_eq!(records.len(), 1);
        println!("peak {} now {}", status_kib("VmHWM:"), status_kib("VmRSS:"));
        return;
    }
    let dir = TempDir::new();
    let mut vault = Vault::create(dir.path(), &password(PASSWORD), KdfParams::DEVICE, OsRng).unwrap();
    vault.append(&[1; 1 << 20]).unwrap();
    vault.commit().unwrap();
    drop(vault);
    let output =
        again("processes::a_process_is_small_after_unlocking", dir.path()).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let (peak, now) = text.lines().find_map(parse_memory).expect("a line with figures");
    println!("peak {peak} KiB, after unlocking {now} KiB");
    assert!(peak > 64 << 10, "the derivation used 64 MiB: {peak} KiB");
    assert!(now < 50 << 10, "{now} KiB are resident");
}

fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn parse_memory(line: &str) -> Option<(u64, u64)> {
    let (peak, now) = line.trim().strip_prefix("peak ")?.split_once(" now ")?;
    Some((peak.parse().ok()?, now.parse().ok()?))
}
