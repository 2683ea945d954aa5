//! `quorate verify`: a signed transaction or message against a public key, without any device.

use quorate_wallet::chains::{AccountKeys, Chain, ChainError, Network, PublicKey, SignedTransaction, signer};
use serde::Serialize;

use super::files;
use crate::cli::VerifyArgs;
use crate::error::{CliError, Kind};
use crate::screen::Screen;

#[derive(Serialize)]
struct Verified<'a> {
    view: &'static str,
    chain: Chain,
    network: Network,
    address: &'a str,
    txid: &'a str,
}

/// Checks the signature and says whose it is.
///
/// # Errors
/// Bytes that are no signed transaction, a key that is none, or a signature that does not verify.
pub fn run(args: &VerifyArgs, screen: &Screen) -> Result<(), CliError> {
    let VerifyArgs { chain, network, .. } = *args;
    let key = public_key(chain, &args.key, "--key")?;
    let keys = account_keys(args, &key)?;
    let bytes = files::hex_or_file(&args.signed)?;
    let signed = SignedTransaction::from_bytes(chain, network, &bytes)
        .map_err(|error| CliError::from(error).hint("it reads what `quorate sign` calls `Signed`"))?;
    let address = signer(&signed, keys).map_err(|error| with_other_key(args, error))?;
    let txid = signed.txid();
    screen.value(&Verified { view: "verified", chain, network, address: address.as_str(), txid })?;
    let ok = screen.out().green("[ok]");
    screen.result(&format!("{ok} signed by {address} on {chain} {network}\n     id {txid}"))
}

/// Says that a transaction of both of an account's keys needs both.
fn with_other_key(args: &VerifyArgs, error: ChainError) -> CliError {
    let has_two = matches!(args.chain, Chain::Bitcoin | Chain::BitcoinSegwit);
    let error = CliError::from(error);
    if has_two && args.other_key.is_none() {
        let hint = "where it spends from both of the account's addresses, --other-key names the key of the other one";
        return error.hint(hint);
    }
    if error.kind() == Kind::Signature {
        return error.hint(
            "`quorate wallet addresses` shows the keys of accounts; a wallet's root keys sign nothing",
        );
    }
    error
}

fn public_key(chain: Chain, hex: &str, option: &str) -> Result<PublicKey, CliError> {
    let key = files::from_hex(hex.as_bytes()).and_then(|key| PublicKey::from_bytes(chain.purpose(), &key));
    key.ok_or_else(|| {
        CliError::new(Kind::Invalid, format!("{option} is not a public key of {chain} in hexadecimal"))
            .hint("`quorate sign` and `quorate wallet addresses` show it beside the address")
    })
}

/// Returns the keys that may have signed: on Bitcoin that of the account's other address too, where it is given.
fn account_keys(args: &VerifyArgs, key: &PublicKey) -> Result<AccountKeys, CliError> {
    let keys = AccountKeys::from(key);
    let Some(hex) = &args.other_key else { return Ok(keys) };
    let other = match args.chain {
        Chain::Bitcoin => Chain::BitcoinSegwit,
        Chain::BitcoinSegwit => Chain::Bitcoin,
        Chain::Solana | Chain::Near | Chain::Ethereum | Chain::Dogecoin | Chain::Cosmos | Chain::Xrp => {
            let text = format!("an account on {} has one key", args.chain);
            return Err(CliError::new(Kind::Usage, text).hint("leave --other-key out"));
        }
    };
    Ok(keys.beside(other.purpose(), public_key(other, hex, "--other-key")?))
}
