//! The short commands: check, test, bench.

use crate::command::{cargo, has_cargo_subcommand, run};
use crate::failure::{Failure, Result};
use crate::metadata::Metadata;
use crate::project::Project;
use crate::{tidy, wasm};

/// Everything that can be said without running a test.
///
/// # Errors
/// At the first step that fails.
pub fn check(project: &Project) -> Result<()> {
    run(cargo(project.root(), "fmt").args(["--all", "--", "--check"]))?;
    run(cargo(project.root(), "clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    tidy::run(project)?;
    wasm::run(project)
}

/// The workspace's tests, then the examples in its documentation.
///
/// # Errors
/// When a test fails or does not build.
pub fn test(project: &Project, arguments: &[String]) -> Result<()> {
    if has_cargo_subcommand("nextest") {
        // nextest takes `--locked` behind its own subcommand.
        let mut nextest = std::process::Command::new("cargo");
        nextest.current_dir(project.root()).args(["nextest", "run", "--locked"]);
        run(scope(&mut nextest, arguments).args(arguments))?;
    } else {
        run(scope(cargo(project.root(), "test").arg("--all-targets"), arguments).args(arguments))?;
    }
    // A filter names tests, and examples have no names to filter by.
    if arguments.is_empty() {
        run(cargo(project.root(), "test").args(["--workspace", "--doc"]))?;
    }
    Ok(())
}

/// The benchmarks, all or the one named: `cargo xtask bench frost -- --runs 101`.
///
/// `benches/` is a workspace of its own, because the peers it measures are dependencies. Its programs find the
/// product's release binary, built first, by `QUORATE_BIN`.
///
/// # Errors
/// When they do not build, the one named does not exist, or one reports a failure.
pub fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    let folder = project.root().join("benches");
    let words = arguments.iter().position(|argument| argument == "--");
    let (names, rest) = arguments.split_at(words.unwrap_or(arguments.len()));
    let known: Vec<String> = Metadata::of(&folder)?
        .ours()
        .filter_map(|package| package.name.strip_prefix("bench-").map(str::to_owned))
        .collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(Failure::usage(format!(
            "there is no benchmark `{unknown}`; there are: {}",
            known.join(", ")
        )));
    }
    run(cargo(project.root(), "build").args(["--release", "--package", "quorate"]))?;
    let chosen = if names.is_empty() { &known } else { names };
    for name in chosen {
        let mut bench = cargo(&folder, "run");
        bench.args(["--quiet", "--release", "--package", &format!("bench-{name}")]).args(rest);
        bench.env("CARGO_TARGET_DIR", project.target().join("benches"));
        bench.env("QUORATE_BIN", project.target().join("release").join("quorate"));
        run(&mut bench)?;
    }
    Ok(())
}

/// Adds `--workspace` unless the caller chose packages.
fn scope<'a>(command: &'a mut std::process::Command, arguments: &[String]) -> &'a mut std::process::Command {
    let chosen = arguments.iter().any(|argument| argument == "-p" || argument.starts_with("--package"));
    if chosen { command } else { command.arg("--workspace") }
}
