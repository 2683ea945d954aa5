//! `quorate-node`, one member of a Chain Signatures network.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use quorate_node::command::{Command, CommandError};
use quorate_node::committee::sit;

fn main() -> ExitCode {
    match Command::parse().run(sit) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &CommandError) -> ExitCode {
    let mut out = io::stderr().lock();
    let mut cause: Option<&dyn core::error::Error> = Some(error);
    let mut prefix = "error: ";
    while let Some(error) = cause {
        // Without a standard error there is nobody left to tell.
        let _ = writeln!(out, "{prefix}{error}");
        prefix = "  because: ";
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(out, "hint: {hint}");
    }
    ExitCode::from(error.exit_code())
}
