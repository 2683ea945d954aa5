//! `quorate-signal`, the rendezvous and blind relay.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use quorate_signal::{Config, RunError, init_logging, run};
use tracing::Level;

/// Rendezvous and blind relay for Quorate devices
#[derive(Parser)]
#[command(name = "quorate-signal", version)]
struct Command {
    #[command(flatten)]
    config: Config,

    /// How much to log: error, warn, info, debug or trace
    #[arg(long, env = "QUORATE_SIGNAL_LOG", default_value = "info", value_name = "LEVEL")]
    log: Level,
}

fn main() -> ExitCode {
    let command = Command::parse();
    init_logging(command.log, command.config.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&RunError::Terminal(error)),
    };
    match runtime.block_on(run(command.config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &RunError) -> ExitCode {
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
    ExitCode::FAILURE
}
