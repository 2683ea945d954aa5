//! Whether running times depend on secrets: dudect (Reparaz, Balasch, Verbauwhede, eprint 2016/1123).
//!
//! Every step runs with one fixed secret and with random ones, in random order; Welch's t-test compares the two classes,
//! over all samples and with the slowest cut off at several percentiles. |t| ≥ 5 twice, with fresh randomness, is a leak.
//! Steps that leak on purpose must be found, else nothing was measured. Arguments: `--samples N` of every step that is
//! not marked as slow, which get a twentieth; `--only WORDS` for the controls and the steps so named; `--null` for random
//! secrets in both classes, where nothing must be found. `cargo xtask timing` builds it with `--cfg quorate_timing`.

#![forbid(unsafe_code)]

mod frost;
mod measure;
mod primitives;
mod steps;
mod welch;

use std::process::ExitCode;
use std::time::Instant;

use measure::{Classes, measure};
use steps::{Cost, Kind, Path, paths};

/// From here on a difference is not chance: among 200 tests it happens once in ten thousand runs.
const LIMIT: f64 = 5.0;

/// What a deliberate leak must reach.
const CONTROL: f64 = 20.0;

fn main() -> ExitCode {
    let Some(Arguments { samples, only, classes }) = Arguments::parse(std::env::args().skip(1)) else {
        eprintln!("usage: dudect [--samples N] [--only WORDS] [--null], N at least 10000");
        return ExitCode::FAILURE;
    };
    let start = Instant::now();
    println!("{:58} {:>9} {:>9} {:>8} {:>9}", "step", "samples", "mean ns", "differ", "max |t|");
    let failed: Vec<&str> = paths()
        .into_iter()
        .filter(|path| matches!(path.kind, Kind::Control) || path.label.contains(&only))
        .filter_map(|path| judge(path, samples, classes))
        .collect();
    println!("\n{:.0} s in all", start.elapsed().as_secs_f64());
    for label in &failed {
        println!("FAILED: {label}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Arguments {
    samples: usize,
    only: String,
    classes: Classes,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut parsed = Self { samples: 100_000, only: String::new(), classes: Classes::FixedAndRandom };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--samples" => {
                    parsed.samples = words.next()?.parse().ok().filter(|samples| *samples >= 10_000)?
                }
                "--only" => parsed.only = words.next()?,
                "--null" => parsed.classes = Classes::Null,
                _ => return None,
            }
        }
        Some(parsed)
    }
}

/// Measures a path, prints it, and returns its name if it is not what it should be.
fn judge(mut path: Path, samples: usize, classes: Classes) -> Option<&'static str> {
    let samples = match path.cost {
        Cost::Fast => samples,
        Cost::Slow => samples / 20,
    };
    let mut attempt = |note: &str| {
        let measured = measure(path.step.as_mut(), samples, classes);
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
        // Without classes a control has nothing to find.
        Kind::Control if matches!(classes, Classes::Null) => true,
        Kind::Control => attempt(" control") > CONTROL,
        Kind::Secret => attempt("") < LIMIT || attempt(" repeated") < LIMIT,
    };
    (!right).then_some(path.label)
}
