//! Whether running times depend on secrets: dudect (Reparaz, Balasch, Verbauwhede, eprint 2016/1123).
//!
//! Every step runs with one fixed secret and with random ones, in random order; Welch's t-test compares the two classes,
//! over all samples and with the slowest cut off at several percentiles. |t| ≥ 5 twice, with fresh randomness, is a leak.
//! Steps that leak on purpose must be found, else nothing was measured. Arguments: `--samples N` of every step that is
//! not marked as slow, which get a twentieth; `--only WORDS` for the controls and the steps so named. `cargo xtask timing` builds it with `--cfg quorate_timing`.

#![forbid(unsafe_code)]

mod frost;
mod measure;
mod primitives;
mod steps;
mod welch;

use std::process::ExitCode;
use std::time::Instant;

use measure::measure;
use steps::{Cost, Kind, Path, paths};

/// From here on a difference is not chance: among 200 tests it happens once in ten thousand runs.
const LIMIT: f64 = 5.0;

/// What a deliberate leak must reach.
const CONTROL: f64 = 20.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (samples, only) = match arguments.as_slice() {
        [] => (Some(100_000), ""),
        [flag, samples] if flag == "--samples" => (number(samples), ""),
        [flag, samples, only_flag, only] if flag == "--samples" && only_flag == "--only" => {
            (number(samples), only.as_str())
        }
        _ => (None, ""),
    };
    let Some(samples) = samples else {
        eprintln!("usage: dudect [--samples N [--only WORDS]], N at least 10000");
        return ExitCode::FAILURE;
    };
    let start = Instant::now();
    println!("{:58} {:>9} {:>9} {:>8} {:>9}", "step", "samples", "mean ns", "differ", "max |t|");
    let failed: Vec<&str> = paths()
        .into_iter()
        .filter(|path| matches!(path.kind, Kind::Control) || path.label.contains(only))
        .filter_map(|path| judge(path, samples))
        .collect();
    println!("\n{:.0} s in all", start.elapsed().as_secs_f64());
    for label in &failed {
        println!("FAILED: {label}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(samples: &str) -> Option<usize> {
    samples.parse().ok().filter(|samples| *samples >= 10_000)
}

/// Measures a path, prints it, and returns its name if it is not what it should be.
fn judge(mut path: Path, samples: usize) -> Option<&'static str> {
    let samples = match path.cost {
        Cost::Fast => samples,
        Cost::Slow => samples / 20,
    };
    let mut attempt = |note: &str| {
        let measured = measure(path.step.as_mut(), samples);
        let t = measured.max_t();
        println!(
            "{:58} {samples:>9} {:>9.0} {:>8.2} {t:>9.2}{note}",
            path.label,
            measured.mean(),
            measured.difference()
        );
        t
    };
    let right = match path.kind {
        Kind::Control => attempt(" control") > CONTROL,
        Kind::Secret => attempt("") < LIMIT || attempt(" repeated") < LIMIT,
    };
    (!right).then_some(path.label)
}
