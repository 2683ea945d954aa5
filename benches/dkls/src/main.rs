//! Threshold ECDSA with 2 of 3: CPU time of one party for pair set-up, presignatures and the online step.
//!
//! One thread; the clock is the thread's CPU time, medians of many runs. Presigning includes encoding by the sender and
//! decoding by the receiver; the online step starts from decoded shares and ends with an accepted signature, with the
//! derived key kept. Argument: `--runs N`.

mod group;

use std::process::ExitCode;
use std::time::Duration;

use group::Group;
use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runs = match arguments.as_slice() {
        [] => 51,
        [flag, runs] if flag == "--runs" => match runs.parse() {
            Ok(runs) => runs,
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    let mut group = Group::deal();
    println!("{:44} {:>10} {:>10}", "one party, 2-of-3", "median µs", "goal");
    print("pair set-up, both directions", median(runs / 5 + 1, || group.set_up()), "25000");
    for batch in [1, 4, 16] {
        let time = median(runs / usize::from(batch) + 3, || group.presign(batch));
        print(&format!("presignature, in a batch of {batch}"), time / f64::from(batch), "1160");
    }
    print("online: share and verified signature", median(runs, || group.online()), "140");
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: bench-dkls [--runs N]");
    ExitCode::FAILURE
}

fn print(what: &str, median: f64, goal: &str) {
    println!("{what:44} {median:>10.1} {goal:>10}");
}

/// Samples what `run` says one party took, in microseconds.
fn median(runs: usize, mut run: impl FnMut() -> Duration) -> f64 {
    run();
    let mut samples: Vec<f64> = (0..runs.max(1)).map(|_| run().as_secs_f64() * 1e6).collect();
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs `work` and adds the CPU time of this thread to `spent`.
pub fn timed<T>(spent: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = now();
    let result = std::hint::black_box(work());
    *spent += now() - start;
    result
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
