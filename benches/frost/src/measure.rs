//! Sampling: alternate, take medians, print.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A signature scheme that several implementations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    Ed25519,
    Bip340,
}

/// A step of one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Two nonces and their encoded commitments.
    Commit,
    /// Everything from decoded commitments and a message to one signature share.
    Share,
    /// Everything from decoded commitments, message and shares to a verified signature.
    Aggregate,
    /// Decoding the commitments of one co-signer, with every check.
    Decode,
    /// As aggregate, by somebody who has just made a share of the same package.
    OwnAggregate,
}

/// One thing to measure: `sample` returns the CPU time of one execution.
pub struct Row {
    pub name: &'static str,
    pub suite: Suite,
    pub phase: Phase,
    pub threshold: (u16, u16),
    pub sample: Box<dyn FnMut() -> Duration>,
}

/// A row, measured.
pub struct Measured {
    pub name: &'static str,
    pub suite: Suite,
    pub phase: Phase,
    pub threshold: (u16, u16),
    pub median_us: f64,
    pub fastest_us: f64,
}

/// Runs `work` once and returns its result with the CPU time of this thread that it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = std::hint::black_box(work());
    (result, now() - start)
}

/// Samples every row `runs` times, in turn. Each sample follows one that is not counted, so that nobody pays for
/// the caches that somebody else emptied.
pub fn run(mut rows: Vec<Row>, runs: usize) -> Vec<Measured> {
    let mut samples = vec![Vec::with_capacity(runs); rows.len()];
    for _ in 0..runs {
        for (row, samples) in rows.iter_mut().zip(&mut samples) {
            (row.sample)();
            samples.push((row.sample)().as_secs_f64() * 1e6);
        }
    }
    rows.iter()
        .zip(samples)
        .map(|(row, mut samples)| {
            samples.sort_by(f64::total_cmp);
            Measured {
                name: row.name,
                suite: row.suite,
                phase: row.phase,
                threshold: row.threshold,
                median_us: samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN),
                fastest_us: samples.first().copied().unwrap_or(f64::NAN),
            }
        })
        .collect()
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

pub mod report {
    //! Figures as text and as JSON.

    use std::fmt::Write;

    use serde_json::{Value, json};

    use super::Measured;
    use crate::goal;

    /// The implementation whose rows are compared with the others.
    pub const OURS: &str = "quorate";

    pub fn table(results: &[Measured]) -> String {
        let mut text = format!(
            "{:8} {:7} {:13} {:28} {:>9} {:>9} {:>7} {:>7}\n",
            "suite", "t-of-n", "phase", "implementation", "median µs", "best µs", "ratio", "goal"
        );
        for row in results {
            let ours = ours(results, row);
            let ratio = match ours {
                Some(ours) if row.name != OURS => format!("{:.2}", row.median_us / ours.median_us),
                Some(_) | None => String::new(),
            };
            let goal = goal_of(row).map_or(String::new(), |goal| {
                format!("{}{goal:.0}", if row.median_us <= goal { "≤" } else { ">" })
            });
            let (t, n) = row.threshold;
            let (suite, phase) = (format!("{:?}", row.suite), format!("{:?}", row.phase));
            let _ = writeln!(
                text,
                "{suite:8} {:7} {phase:13} {:28} {:>9.1} {:>9.1} {ratio:>7} {goal:>7}",
                format!("{t}-of-{n}"),
                row.name,
                row.median_us,
                row.fastest_us,
            );
        }
        text.push_str("ratio: the peer's median over ours\n");
        text
    }

    pub fn json(results: &[Measured], runs: usize) -> String {
        let rows: Vec<Value> = results
            .iter()
            .map(|row| {
                json!({
                    "suite": format!("{:?}", row.suite),
                    "phase": format!("{:?}", row.phase),
                    "min_signers": row.threshold.0,
                    "max_signers": row.threshold.1,
                    "implementation": row.name,
                    "median_us": row.median_us,
                    "fastest_us": row.fastest_us,
                    "ratio_to_ours": ours(results, row).map(|ours| row.median_us / ours.median_us),
                    "goal_us": goal_of(row),
                })
            })
            .collect();
        let report = json!({
            "bench": "frost",
            "clock": "thread CPU time, microseconds",
            "runs": runs,
            "rows": rows,
        });
        format!("{report:#}\n")
    }

    fn ours<'a>(results: &'a [Measured], row: &Measured) -> Option<&'a Measured> {
        results.iter().find(|other| {
            other.name == OURS
                && (other.suite, other.phase, other.threshold) == (row.suite, row.phase, row.threshold)
        })
    }

    fn goal_of(row: &Measured) -> Option<f64> {
        let (t, n) = row.threshold;
        if row.name == OURS { goal(row.suite, row.phase, t, n) } else { None }
    }
}
