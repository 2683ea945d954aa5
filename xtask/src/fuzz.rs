//! Coverage-guided fuzzing on the stable compiler.
//!
//! All targets live in one instrumented binary (`fuzz/`), which lists them and runs the one that
//! `QUORATE_FUZZ_TARGET` names. Runs start from the committed corpora and write what they find below the build
//! folder, so that a run leaves the repository as it was; `--keep` merges the inputs that reached new code into
//! the corpora.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::command::{cargo, run as run_command};
use crate::failure::{Failure, Result};
use crate::project::Project;

/// Counters and comparisons for libFuzzer, by compiler flags that the stable compiler takes.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// No decoder here reads more than a message; larger inputs only make runs slower.
const MAX_INPUT: u32 = 16 * 1024;

/// What to fuzz, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    minutes: u32,
    list: bool,
    keep: bool,
    targets: Vec<String>,
}

impl Options {
    /// Reads the words after `fuzz`.
    ///
    /// # Errors
    /// When they are not understood.
    pub fn parse(words: &[String]) -> Result<Self> {
        let usage = || Failure::usage("usage: cargo xtask fuzz --minutes N [--keep] [target…] | --list");
        let mut options = Self { minutes: 0, list: false, keep: false, targets: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => options.list = true,
                "--keep" => options.keep = true,
                "--minutes" => {
                    let value = words.next().and_then(|value| value.parse().ok());
                    options.minutes = value.ok_or_else(usage)?;
                }
                flag if flag.starts_with('-') => return Err(usage()),
                target => options.targets.push(target.to_owned()),
            }
        }
        if options.list || options.minutes > 0 { Ok(options) } else { Err(usage()) }
    }
}

/// Builds the targets and runs them.
///
/// # Errors
/// When they do not build, an unknown one is asked for, or one crashes.
pub fn run(project: &Project, options: &Options) -> Result<()> {
    let fuzzer = Fuzzer::build(project)?;
    let known = fuzzer.targets()?;
    if options.list {
        known.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        return Err(Failure::usage(format!(
            "there is no fuzz target `{unknown}`; `cargo xtask fuzz --list`"
        )));
    }
    let chosen = if options.targets.is_empty() { known } else { options.targets.clone() };
    fuzzer.write_seeds()?;
    let outcomes = fuzzer.run_all(&chosen, Duration::from_secs(u64::from(options.minutes) * 60))?;
    let crashed = print_table(&outcomes);
    if crashed > 0 {
        return Err(Failure::Findings { check: "fuzz", count: crashed });
    }
    if options.keep {
        for target in &chosen {
            fuzzer.merge(target)?;
        }
    }
    Ok(())
}

struct Fuzzer {
    binary: PathBuf,
    corpora: PathBuf,
    found: PathBuf,
    artifacts: PathBuf,
}

/// How the run of one target ended.
struct Outcome {
    target: String,
    executions: u64,
    edges: u64,
    corpus: usize,
    /// Where the crashing input and the log are.
    crash: Option<PathBuf>,
}

impl Fuzzer {
    fn build(project: &Project) -> Result<Self> {
        let folder = project.root().join("fuzz");
        let target = project.target().join("fuzz");
        // With an explicit triple the flags reach neither build scripts nor procedural macros.
        let mut build = cargo(&folder, "build");
        build
            .args(["--release", "--target", TRIPLE])
            .env("RUSTFLAGS", FLAGS)
            .env("CARGO_TARGET_DIR", &target);
        run_command(&mut build)?;
        Ok(Self {
            binary: target.join(TRIPLE).join("release").join("quorate-fuzz"),
            corpora: folder.join("corpus"),
            found: target.join("found"),
            artifacts: folder.join("artifacts"),
        })
    }

    fn targets(&self) -> Result<Vec<String>> {
        Ok(self.ask("--list")?.lines().map(str::to_owned).collect())
    }

    /// Lays the inputs that targets make by code beside those that earlier runs found.
    fn write_seeds(&self) -> Result<()> {
        self.ask("--seeds").map(drop)
    }

    /// Has the binary do something other than fuzzing; libFuzzer's own remarks are dropped.
    fn ask(&self, what: &str) -> Result<String> {
        let mut command = Command::new(&self.binary);
        command.env("QUORATE_FUZZ_TARGET", what).env("QUORATE_FUZZ_SEEDS", &self.found);
        let answer = command.output().map_err(Failure::io(format!("starting {}", self.binary.display())))?;
        if !answer.status.success() {
            return Err(Failure::unreadable(what, String::from_utf8_lossy(&answer.stderr)));
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// Runs the targets, as many at a time as there are processors, each for an equal share of `total`.
    fn run_all(&self, targets: &[String], total: Duration) -> Result<Vec<Outcome>> {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(targets.len()).max(1);
        let rounds = u64::try_from(targets.len().div_ceil(workers)).unwrap_or(u64::MAX);
        let seconds = (total.as_secs() / rounds).max(1);
        println!("{} targets, {seconds} s each, {workers} at a time", targets.len());
        let queue = Mutex::new(targets.iter().collect::<VecDeque<_>>());
        let outcomes = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    // A worker that panicked while holding a lock has already failed the command.
                    while let Some(target) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) {
                        let outcome = self.run_one(target, seconds);
                        let Ok(mut outcomes) = outcomes.lock() else { return };
                        outcomes.push(outcome);
                    }
                });
            }
        });
        let outcomes = outcomes.into_inner().map_err(|_| Failure::usage("a fuzz worker panicked"))?;
        let mut outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
        outcomes.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(outcomes)
    }

    fn run_one(&self, target: &str, seconds: u64) -> Result<Outcome> {
        let found = self.found.join(target);
        let corpus = self.corpora.join(target);
        let artifacts = self.artifacts.join(target);
        for folder in [&found, &corpus, &artifacts] {
            fs::create_dir_all(folder).map_err(Failure::io(format!("making {}", folder.display())))?;
        }
        let mut fuzz = Command::new(&self.binary);
        fuzz.env("QUORATE_FUZZ_TARGET", target)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .args(["-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=256", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args([&found, &corpus])
            .stdin(Stdio::null());
        let result = fuzz.output().map_err(Failure::io(format!("starting {}", self.binary.display())))?;
        let log = String::from_utf8_lossy(&result.stderr);
        let crash = (!result.status.success()).then(|| artifacts.join("log.txt"));
        if let Some(path) = &crash {
            fs::write(path, log.as_bytes()).map_err(Failure::io(format!("writing {}", path.display())))?;
        }
        Ok(Outcome {
            target: target.to_owned(),
            executions: statistic(&log, "stat::number_of_executed_units:"),
            edges: coverage(&log),
            corpus: file_count(&corpus)? + file_count(&found)?,
            crash,
        })
    }

    /// Adds the fewest found inputs that reach all code the committed ones do not. What only repeats a loop more often
    /// stays below the build folder.
    fn merge(&self, target: &str) -> Result<()> {
        let mut merge = Command::new(&self.binary);
        merge.env("QUORATE_FUZZ_TARGET", target).args(["-set_cover_merge=1", "-use_counters=0"]);
        merge.arg(format!("-max_len={MAX_INPUT}"));
        merge.args([self.corpora.join(target), self.found.join(target)]);
        let result = merge.output().map_err(Failure::io(format!("starting {}", self.binary.display())))?;
        if !result.status.success() {
            return Err(Failure::unreadable(target, String::from_utf8_lossy(&result.stderr)));
        }
        println!("{target}: {} inputs committed", file_count(&self.corpora.join(target))?);
        Ok(())
    }
}

fn print_table(outcomes: &[Outcome]) -> usize {
    println!("{:<40} {:>12} {:>8} {:>8}  result", "target", "executions", "edges", "inputs");
    for one in outcomes {
        let result =
            one.crash.as_ref().map_or("ok".to_owned(), |log| format!("CRASH, see {}", log.display()));
        println!("{:<40} {:>12} {:>8} {:>8}  {result}", one.target, one.executions, one.edges, one.corpus);
    }
    let crashed = outcomes.iter().filter(|one| one.crash.is_some()).count();
    let executions: u64 = outcomes.iter().map(|one| one.executions).sum();
    println!("{executions} executions: {} targets passed, {crashed} failed", outcomes.len() - crashed);
    crashed
}

fn statistic(log: &str, name: &str) -> u64 {
    let line = log.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// The number after the last `cov:` in libFuzzer's log.
fn coverage(log: &str) -> u64 {
    let last = log.rmatch_indices(" cov: ").next().and_then(|(at, mark)| log.get(at + mark.len()..));
    last.and_then(|rest| rest.split_whitespace().next()).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn file_count(folder: &Path) -> Result<usize> {
    let entries = fs::read_dir(folder).map_err(Failure::io(format!("reading {}", folder.display())))?;
    Ok(entries.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn minutes_are_needed_and_targets_may_follow() {
        let options = parse("--minutes 3 a b").unwrap();
        assert_eq!((options.minutes, options.targets.len(), options.keep), (3, 2, false));
        assert!(parse("--minutes 1 --keep").unwrap().keep);
        assert!(parse("--list").unwrap().list);
        for line in ["", "a", "--minutes", "--minutes x", "--minutes 0", "--minutes 1 --fast"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn figures_are_read_from_the_log_of_the_fuzzer() {
        let log = "#2\tINITED cov: 8 ft: 8 corp: 1/1b\n#9\tDONE   cov: 11 ft: 12 corp: 4/28b\n\
                   Done 49 runs in 21 second(s)\nstat::number_of_executed_units: 49\n";
        assert_eq!(coverage(log), 11);
        assert_eq!(statistic(log, "stat::number_of_executed_units:"), 49);
        assert_eq!((coverage(""), statistic("", "stat::x:")), (0, 0));
    }
}
