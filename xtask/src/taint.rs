//! Whether a branch or an address depends on a secret: memcheck watches a run in which every secret is undefined.
//!
//! `benches/timing/taint` is that run (Langley's ctgrind). Everything that memcheck reports must be explained, with a
//! reason, in its `explained.toml`; a control whose planted branch or planted table index is not found is a finding too.
//! What it shows and what it cannot show is in `docs/timing.md`.

mod explained;
mod report;

use std::path::Path;
use std::process::Command;

use crate::command::{cargo, run as run_command};
use crate::failure::{Failure, Result};
use crate::project::Project;
use explained::Explanations;
use report::{Finding, findings};

const EXPLAINED: &str = "benches/timing/taint/explained.toml";

/// What the control must be found with, in its two functions.
const CONTROL: [&str; 2] = ["leaky_comparison", "leaky_table"];

/// Builds the run, and judges what memcheck reports of it.
///
/// # Errors
/// When valgrind is missing, the run fails, or a finding is not explained.
pub fn run(project: &Project) -> Result<()> {
    let target = project.target().join("taint");
    let mut build = cargo(&project.root().join("benches").join("timing"), "build");
    build.args(["--quiet", "--release", "--package", "taint"]).env("CARGO_TARGET_DIR", &target);
    run_command(&mut build)?;
    let program = target.join("release").join("taint");
    let control = watch(&program, "control")?;
    let missed = CONTROL.into_iter().filter(|name| !control.iter().any(|finding| finding.is_in(name)));
    let missed: Vec<_> = missed.collect();
    for name in &missed {
        println!("control: `{name}` was not found");
    }
    if !missed.is_empty() {
        return Err(Failure::Findings { check: "taint", count: missed.len() });
    }
    println!("control: the planted branch and the planted table index were found");
    let found = watch(&program, "run")?;
    let mut explanations = Explanations::parse(&project.read(EXPLAINED)?)?;
    let mut count = 0;
    for finding in &found {
        if !explanations.explain(project, finding)? {
            println!("{}\n", finding.describe(project)?);
            count += 1;
        }
    }
    // Not a failure: which line a branch is attributed to is the compiler's choice.
    for unused in explanations.unused() {
        println!("{EXPLAINED}: `{unused}` explains nothing here");
    }
    if count > 0 {
        return Err(Failure::Findings { check: "taint", count });
    }
    println!("taint: {} reports of memcheck, all explained:", found.len());
    explanations.used().for_each(|(at, times)| println!("{times:>5}  {at}"));
    Ok(())
}

/// Runs the program under memcheck and returns what it reports.
fn watch(program: &Path, mode: &str) -> Result<Vec<Finding>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--quiet",
        "--error-limit=no",
        "--num-callers=60",
        "--leak-check=no",
        "--fullpath-after=",
    ]);
    valgrind.arg(program).arg(mode);
    println!("$ valgrind … {} {mode}", program.display());
    let output =
        valgrind.output().map_err(Failure::io("starting `valgrind` (Debian: apt-get install valgrind)"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(findings(&text));
    }
    println!("{text}");
    Err(Failure::Program { command: format!("valgrind {} {mode}", program.display()) })
}
