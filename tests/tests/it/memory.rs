//! What a device costs while it waits.

use std::time::Duration;

use crate::group::Group;

#[test]
fn a_device_stays_below_50_mb() {
    let Some(mut group) = Group::with_wallet("memory") else { return };
    group.devices[0].restart(None);
    std::thread::sleep(Duration::from_secs(5));
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", group.devices[0].pid())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    println!("a device, 5 s after unlock: {kib} KiB resident");
    assert!(kib < 50 * 1024, "{kib} KiB");
}
