//! `cargo xtask <command>`: every developer command of this repository behind one entry.
//!
//! The commands hold no knowledge that the repository states elsewhere: licences and bans are read from
//! `deny.toml`, the dependency graph from `cargo metadata`, fuzz targets from the fuzz binary itself.
//! Every cargo call goes through [`command::cargo`], which adds `--locked`.

#![expect(clippy::print_stdout, reason = "a developer's tool talks on standard output")]
#![expect(clippy::print_stderr, reason = "a developer's tool reports failures on standard error")]

mod audit;
mod bench;
mod check;
mod command;
mod failure;
mod fuzz;
mod metadata;
mod mutants;
mod project;
mod taint;
mod tidy;
mod timing;
mod wasm;

use std::process::ExitCode;

use failure::{Failure, Result};
use project::Project;

const USAGE: &str = "\
usage: cargo xtask <command>

  check                        formatting, lints, tidy and the wasm32 check
  test [arguments]             workspace tests (nextest where installed) and documentation tests
  bench [name] [-- arguments]  benchmarks beside the peers, with their ratios
  fuzz --minutes N [target…]   all fuzz targets, or those named, share N minutes  (--keep: extend the corpora)
  fuzz --list                  the names of the fuzz targets
  taint                        whether a branch or an address depends on a secret, by memcheck
  timing [--samples N]         whether a running time depends on a secret, by a t-test
  tidy                         the rules of the tree that no compiler knows
  rows                         which test covers which row of the threat model
  budget [--write]             build scripts, procedural macros and unsafe code among the dependencies
  audit                        licences, bans, sources and known vulnerabilities of every lock file
  mutants                      planted defects, each of which a test must notice
  wasm                         the pure crates, checked for wasm32-unknown-unknown";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Failure::usage(USAGE));
    };
    let project = Project::find()?;
    match (name.as_str(), rest) {
        ("check", []) => check::check(&project),
        ("test", rest) => check::test(&project, rest),
        ("bench", rest) => bench::run(&project, rest),
        ("fuzz", rest) => fuzz::run(&project, &fuzz::Options::parse(rest)?),
        ("taint", []) => taint::run(&project),
        ("tidy", []) => tidy::run(&project),
        ("timing", rest) => timing::run(&project, rest),
        ("rows", []) => tidy::rows::print(&project),
        ("budget", []) => tidy::budget::print(&project),
        ("budget", [flag]) if flag == "--write" => tidy::budget::write(&project),
        ("audit", []) => audit::run(&project),
        ("wasm", []) => wasm::run(&project),
        ("mutants", []) => mutants::run(&project),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Failure::usage(USAGE)),
    }
}
