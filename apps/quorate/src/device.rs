//! `quorate device`: a device that stays, for programs. Commands come as JSON lines, views go as JSON lines.

mod lines;

use std::io::Write;

use crate::error::{CliError, Kind};
use crate::runner::Runner;
use quorate_wallet::{Command, View};
use serde_json::json;

use self::lines::{Line, Lines, MAX_LINE};

/// How many presignatures are kept for every signer set whose members are online, unless somebody says otherwise.
pub const PRESIGNATURES: u8 = 4;

/// Runs until standard input ends.
///
/// # Errors
/// A failing vault, or standard output that is closed.
pub async fn run(mut runner: Runner, presignatures: u8) -> Result<(), CliError> {
    runner.keep_presignatures(presignatures.into());
    runner.go_online();
    write_line(&json!({ "view": "device", "name": runner.device_name(), "recovered": runner.recovered() }))?;
    let mut lines = Lines::new(tokio::io::stdin());
    loop {
        tokio::select! {
            line = lines.next() => match line {
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

/// A command that is refused is answered with an error line; the device goes on.
fn take_command(runner: &mut Runner, line: &Line) -> Result<(), CliError> {
    match read(line).and_then(|command| runner.command(command)) {
        Ok(()) => Ok(()),
        Err(error) => {
            write_pending(runner)?;
            write_line(&error.to_json())
        }
    }
}

fn read(line: &Line) -> Result<Command, CliError> {
    let Line::Whole(line) = line else {
        return Err(CliError::new(Kind::Usage, format!("command is longer than {MAX_LINE} bytes")));
    };
    serde_json::from_slice(line).map_err(|error| {
        CliError::new(Kind::Usage, "command can not be read")
            .because(Some(&error))
            .hint("docs/formats/device.md has every command")
    })
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
