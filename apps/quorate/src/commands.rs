//! One module per command: from options to the device's commands, from its views to words.

mod addresses;
mod approve;
mod files;
mod init;
mod requests;
mod sign;
mod verify;
mod waiting;
mod wallet;

use std::future::Future;

use quorate_wallet::chains::ContextFile;

use crate::cli::{Cli, Command, DemoArgs, DeviceArgs, SignalArgs};
use crate::error::{CliError, Kind};
use crate::home::Home;
use crate::screen::Screen;
use crate::session::Shell;
use crate::{demo, device};

/// Carries out a command line.
///
/// # Errors
/// Why it was not carried out, in one sentence.
pub fn run(cli: Cli, screen: Screen) -> Result<(), CliError> {
    match cli.command {
        Command::Signal(args) => return signal(args, cli.global.json),
        Command::Verify(args) => return verify::run(&args, &screen),
        Command::Demo(args) => return demo(&args, cli.global.json),
        _ => {}
    }
    let shell =
        Shell { home: Home::find(cli.global.home.as_deref())?, password: cli.global.password(), screen };
    match cli.command {
        Command::Init(args) => init::run(&shell, &args.name, args.kdf),
        Command::Wallet { command } => wallet::run(&shell, command),
        Command::Sign { command } => sign::run(&shell, command),
        Command::Requests(args) => requests::list(&shell, args.wait),
        Command::Approve(args) => block_on(approve::run(&shell, &args)),
        Command::Refuse(args) => block_on(requests::refuse(&shell, &args)),
        Command::Device(args) => run_device(&shell, &args),
        Command::Verify(_) | Command::Signal(_) | Command::Demo(_) => Ok(()),
    }
}

/// Runs to its end on a runtime of its own: one thread is enough for one device.
fn block_on(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CliError::process("quorate", &error))?.block_on(work)
}

fn signal(args: SignalArgs, json: bool) -> Result<(), CliError> {
    let mut config = args.config;
    config.json |= json;
    quorate_signal::init_logging(args.log, config.json);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::process("quorate", &error))?;
    runtime.block_on(quorate_signal::run(config)).map_err(|error| {
        let described = CliError::of(Kind::Relay, &error);
        match error.hint() {
            Some(hint) => described.hint(hint),
            None => described,
        }
    })
}

fn run_device(shell: &Shell, args: &DeviceArgs) -> Result<(), CliError> {
    if let Some(name) = &args.init {
        init::make(shell, name, args.kdf)?;
    }
    let runner = shell.open()?;
    block_on(device::run(runner, args.presignatures))
}

fn demo(args: &DemoArgs, json: bool) -> Result<(), CliError> {
    let context = match &args.context {
        Some(path) => Some(ContextFile::from_json(&files::read(path)?)?),
        None => None,
    };
    block_on(demo::run(demo::Options { json, keep: args.keep, context }))
}
