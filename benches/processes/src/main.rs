//! Ceremonies, pairs and signatures among three device processes through a relay process, vaults on this disk.
//!
//! `cargo run --release -p bench-processes [--runs N]`, with `QUORATE_BIN` naming a release build: N signatures of a kind.
//! Beside each figure stands the time of one `fdatasync` of a 256-byte append on the same disk in the same run: a
//! signature has one on its path. Clocks: a ceremony from the last join to the last device's `ready` (certificate
//! durable), pairs from there to the last device's last pair; a signature from the approval to the signature on both
//! devices, as lines on their standard output. CPU and bytes are those of everything that a signature causes,
//! proposal, refilled pool and all, of the processes together and at the relay.

mod cost;
mod group;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use cost::Cost;
use group::{Group, Kind, Pool};
use quorate_tests::{binary, scratch};

/// A name, the times, the goal for their median, and what each cost.
type Row = (&'static str, Vec<f64>, Option<f64>, Option<Cost>);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runs = match arguments.as_slice() {
        [] => Some(101),
        [flag, runs] if flag == "--runs" => runs.parse().ok(),
        _ => None,
    };
    let (Some(runs), Some(binary)) = (runs, binary()) else {
        eprintln!("usage: bench-processes [--runs N], with QUORATE_BIN naming a release build");
        return ExitCode::FAILURE;
    };
    let dir = scratch("bench");
    let sync = syncs(&dir, 200);
    let made: Vec<(f64, f64)> =
        (0..runs / 5 + 1).map(|_| Group::start(&binary, Pool::None).make_wallet()).collect();
    let (ceremonies, pairs) = made.into_iter().unzip();
    let mut rows: Vec<Row> = vec![
        ("fdatasync of 256 bytes", sync, None, None),
        ("DKG of three keys, 2-of-3", ceremonies, Some(150.0), None),
        ("then all three pairs", pairs, Some(200.0), None),
    ];
    let signatures = [
        ("FROST Ed25519 signature", Pool::None, Kind::Schnorr, 15.0),
        ("ECDSA signature, from the pool", Pool::Full, Kind::Ecdsa, 15.0),
        ("ECDSA signature, without a pool", Pool::None, Kind::Ecdsa, 40.0),
    ];
    for (name, pool, kind, goal) in signatures {
        let (times, cost) = Group::with_wallet(&binary, pool).sign(kind, runs);
        rows.push((name, times, Some(goal), Some(cost)));
    }
    print(&mut rows);
    let _ = std::fs::remove_dir_all(dir);
    ExitCode::SUCCESS
}

fn print(rows: &mut [Row]) {
    println!(
        "{:32} {:>5} {:>9} {:>9} {:>9} {:>6} {:>9} {:>9} {:>9}",
        "milliseconds", "runs", "p50", "p99", "max", "goal", "CPU", "relay CPU", "bytes"
    );
    for (name, times, goal, cost) in rows {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let goal = goal.map_or_else(String::new, |goal| format!("{goal:.0}"));
        let cost = cost.as_ref().map_or_else(String::new, |cost| {
            format!("{:>9.2} {:>9.2} {:>9.0}", cost.devices_ms, cost.relay_ms, cost.bytes)
        });
        println!(
            "{name:32} {:>5} {:>9.2} {:>9.2} {:>9.2} {goal:>6} {cost}",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}

fn syncs(dir: &Path, count: usize) -> Vec<f64> {
    let path = dir.join("sync");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    (0..count)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&[7; 256]).and_then(|()| file.sync_data()).expect("a sync");
            millis(started)
        })
        .collect()
}

pub fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}
