//! `quorate device`: a device that stays, for programs. Commands come as JSON lines, views go as JSON lines.

use std::io::Write;

use quorate_wallet::{Command, View};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::error::CliError;
use crate::runner::Runner;

/// How many presignatures are kept for every signer set whose members are online, unless somebody says otherwise.
pub const PRESIGNATURES: u8 = 4;

/// The longest command that is read, in bytes.
const MAX_LINE: usize = 1024 * 1024;

/// Runs until standard input ends.
///
/// # Errors
/// A failing vault, or standard output that is closed.
pub async fn run(mut runner: Runner, presignatures: u8) -> Result<(), CliError> {
    runner.keep_presignatures(presignatures.into());
    runner.go_online();
    write_line(&json!({ "view": "device", "name": runner.device_name(), "recovered": runner.recovered() }))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = next_line(&mut lines) => match line {
                Some(line) => take_command(&mut runner, &line)?,
                None => {
                    write_pending(&mut runner)?;
                    return runner.close().await;
                }
            },
            view = runner.next_view(None) => {
                if let Some(view) = view? {
                    write_view(&view)?;
                }
            }
        }
    }
}

async fn next_line(lines: &mut Lines<BufReader<Stdin>>) -> Option<String> {
    lines.next_line().await.ok().flatten()
}

/// A command that is refused is answered with an error line; the device goes on.
fn take_command(runner: &mut Runner, line: &str) -> Result<(), CliError> {
    if line.len() > MAX_LINE {
        return write_line(&json!({ "error": "command", "message": "command is too long" }));
    }
    let command: Command = match serde_json::from_str(line) {
        Ok(command) => command,
        Err(error) => return write_line(&json!({ "error": "command", "message": error.to_string() })),
    };
    match runner.command(command) {
        Ok(()) => Ok(()),
        Err(error) => {
            write_pending(runner)?;
            write_line(&error.to_json())
        }
    }
}

/// Writes what earlier commands gave, so that an error or the end does not overtake it.
fn write_pending(runner: &mut Runner) -> Result<(), CliError> {
    runner.pending_views()?.iter().try_for_each(write_view)
}

fn write_view(view: &View) -> Result<(), CliError> {
    let value = serde_json::to_value(view).map_err(|error| CliError::internal(&error))?;
    write_line(&value)
}

fn write_line(value: &serde_json::Value) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{value}").and_then(|()| stdout.flush()).map_err(|error| CliError::output(&error))
}
