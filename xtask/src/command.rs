//! Running other programs: always echoed, always checked.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};

/// A cargo call in `folder` that may not change the lock file.
///
/// The subcommand comes first, so that `--locked` lands behind it and before anything after `--`.
pub fn cargo(folder: &Path, subcommand: &str) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).arg(subcommand);
    // Formatting reads no lock file, and cargo refuses the flag there.
    if subcommand != "fmt" {
        command.arg("--locked");
    }
    command
}

/// Runs `command` with its output going to the terminal.
///
/// # Errors
/// When it cannot be started or does not exit with zero.
pub fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    println!("$ {line}");
    let status = command.status().map_err(Failure::io(format!("starting `{line}`")))?;
    if status.success() { Ok(()) } else { Err(Failure::Program { command: line }) }
}

/// Runs `command` and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started, does not exit with zero, or writes something that is not UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(Failure::io(format!("starting `{line}`")))?;
    if !output.status.success() {
        return Err(Failure::Program { command: line });
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::unreadable(line, error))
}

/// Whether `cargo <name>` exists on this machine.
pub fn has_cargo_subcommand(name: &str) -> bool {
    Command::new("cargo")
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
