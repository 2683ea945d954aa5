//! The `quorate` command: a device of a group that holds keys together.
//!
//! [`main`] reads the command line and runs one command. Each command opens the device of one home, gives it
//! [`quorate_wallet::Command`]s and shows its [`quorate_wallet::View`]s; the `runner` module carries out what the device
//! asks for, over a vault file and a relay. What a command means is decided in the wallet, never here.

mod cli;
mod commands;
mod demo;
mod device;
mod error;
mod home;
mod password;
mod runner;
mod screen;
mod session;
mod show;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use error::{CliError, Kind};
use screen::Screen;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, &args),
    };
    let screen = Screen::new(cli.global.json, cli.global.quiet);
    match commands::run(cli, screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

/// Answers a command line that asks for help, or that can not be read.
fn not_understood(error: &clap::Error, args: &[OsString]) -> ExitCode {
    if !error.use_stderr() || !args.iter().any(|arg| arg == "--json") {
        // Without a terminal there is nobody left to tell.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Kind::Usage.exit_code()));
    }
    let text = error.render().to_string();
    let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let described = CliError::new(Kind::Usage, sentence).hint("`quorate --help` shows every command");
    Screen::new(true, false).error(&described);
    ExitCode::from(described.kind().exit_code())
}
