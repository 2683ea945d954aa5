//! `quorate wallet addresses`: where an account is paid, offline.

use quorate_wallet::{Command, View, addresses_on};

use crate::cli::AddressesArgs;
use crate::error::CliError;
use crate::session::Shell;
use crate::show;

/// Shows an account's addresses, of one network if one is named.
///
/// # Errors
/// No such wallet or account, a chain id that no network has, or a vault that can not be opened.
pub fn run(shell: &Shell, args: AddressesArgs) -> Result<(), CliError> {
    let mut runner = shell.open()?;
    runner.command(Command::Addresses { wallet: args.wallet, account: args.account })?;
    for view in runner.pending_views()? {
        if let View::Addresses { addresses } = view {
            let addresses = match args.network {
                Some(network) => addresses_on(&addresses, network)?,
                None => addresses,
            };
            shell.screen.result(&show::addresses_and_keys(&addresses))?;
            shell.screen.view(&View::Addresses { addresses })?;
        }
    }
    Ok(())
}
