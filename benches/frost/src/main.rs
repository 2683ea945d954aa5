//! FROST beside its peers: commit, share and aggregate, at 2-of-3 and 3-of-5.
//!
//! One thread; the clock is the thread's CPU time, so a busy machine disturbs little. Samples of all
//! implementations alternate, so what disturbs one disturbs all, and medians are compared. Making a commitment
//! includes encoding it; a share and an aggregate start from decoded commitments. Arguments: `--runs N`,
//! `--json FILE`.

mod givre_peer;
mod measure;
mod ours;
mod zf;

use std::process::ExitCode;

use measure::{Phase, Row, Suite, report, run};

const USAGE: &str = "usage: bench-frost [--runs N] [--json FILE]";

fn main() -> ExitCode {
    let (mut runs, mut json) = (401, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--runs", Some(value)) => match value.parse() {
                Ok(value) => runs = value,
                Err(_) => return usage(),
            },
            ("--json", Some(path)) => json = Some(path),
            _ => return usage(),
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for (t, n) in [(2, 3), (3, 5)] {
        rows.extend(ours::rows(Suite::Ed25519, t, n));
        rows.extend(zf::ed25519::rows(t, n));
        rows.extend(givre_peer::rows::<givre::ciphersuite::Ed25519>(Suite::Ed25519, t, n));
        rows.extend(ours::rows(Suite::Bip340, t, n));
        rows.extend(zf::bip340::rows(t, n));
        rows.extend(givre_peer::rows::<givre::ciphersuite::Bitcoin>(Suite::Bip340, t, n));
    }
    let results = run(rows, runs);
    println!("{}", report::table(&results));
    if let Some(path) = json
        && let Err(error) = std::fs::write(&path, report::json(&results, runs))
    {
        eprintln!("cannot write {path}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::FAILURE
}

/// What we want of our own rows, in microseconds at 2-of-3.
fn goal(suite: Suite, phase: Phase, t: u16, n: u16) -> Option<f64> {
    match (suite, phase, t, n) {
        (Suite::Ed25519, Phase::Commit, 2, 3) => Some(28.0),
        (Suite::Ed25519, Phase::Share, 2, 3) => Some(90.0),
        (Suite::Ed25519, Phase::Aggregate, 2, 3) => Some(110.0),
        (Suite::Bip340, Phase::Commit, 2, 3) => Some(46.0),
        (Suite::Bip340, Phase::Share, 2, 3) => Some(150.0),
        (Suite::Bip340, Phase::Aggregate, 2, 3) => Some(200.0),
        _ => None,
    }
}
