//! Threshold ECDSA beside its peers: set-up, what is made ahead, and the online step, of one party.
//!
//! All alike: one thread with all parties in it, thread CPU time, messages encoded by the sender and decoded by every
//! receiver, bytes without envelopes, a message for all counted once for every recipient. Set-up is the key ceremony
//! with pairs (or moduli); the online step ends with a signature that each party has verified. What other programs
//! measured (`--with`) stands in the same table; NEAR's figures are quoted.
//!
//! Arguments: `--runs N` (at most), `--with FILE`, `--online FILE` (measures our online step only, into a file).

mod cait_sith_peer;
mod dkls23_peer;
mod floor;
mod ours;
mod quoted;
mod table;
mod tsslib_peer;

use std::process::ExitCode;
use std::time::Duration;

use measured_rows::{Patience, Row};

const USAGE: &str = "usage: bench-dkls [--runs N] [--with FILE]… | --online FILE";

/// Groups that are measured.
const THRESHOLDS: [(usize, usize); 3] = [(2, 3), (3, 5), (5, 8)];

fn main() -> ExitCode {
    let mut patience = Patience { time: Duration::from_millis(1_500), least: 3, most: 201 };
    let mut rows = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        match (argument.as_str(), value) {
            ("--runs", Some(runs)) => match runs.parse() {
                Ok(runs) => patience.most = runs,
                Err(_) => return fail(USAGE),
            },
            ("--with", Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => rows.extend(text.lines().filter_map(Row::from_line)),
                Err(error) => return fail(&format!("cannot read {path}: {error}")),
            },
            ("--online", Some(path)) => return online(patience, &path),
            _ => return fail(USAGE),
        }
    }
    for threshold in THRESHOLDS {
        rows.extend(ours::rows(threshold, patience));
        rows.extend(tsslib_peer::rows(threshold, patience));
        rows.extend(dkls23_peer::rows(threshold, patience));
        rows.extend(cait_sith_peer::rows(threshold, patience));
    }
    rows.extend(quoted::rows());
    print!("{}\n{}", table::of(&rows, &THRESHOLDS), floor::table());
    ExitCode::SUCCESS
}

/// Measures our online step as this build makes it, for a table that another build prints.
fn online(patience: Patience, path: &str) -> ExitCode {
    if !cfg!(feature = "libsecp256k1") {
        return fail("this build has no libsecp256k1");
    }
    let rows = THRESHOLDS.map(|threshold| ours::online_row(ours::WITH_C, threshold, patience).to_line());
    match std::fs::write(path, rows.join("\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot write {path}: {error}")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
