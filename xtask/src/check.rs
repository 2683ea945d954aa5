//! The short commands: check, test.

use crate::command::{cargo, has_cargo_subcommand, run};
use crate::failure::Result;
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

/// Adds `--workspace` unless the caller chose packages.
fn scope<'a>(command: &'a mut std::process::Command, arguments: &[String]) -> &'a mut std::process::Command {
    let chosen = arguments.iter().any(|argument| argument == "-p" || argument.starts_with("--package"));
    if chosen { command } else { command.arg("--workspace") }
}
