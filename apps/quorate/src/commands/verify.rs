//! `quorate verify`: a signed transaction or message against a public key, without any device.

use quorate_wallet::chains::{AccountKeys, Chain, Network, PublicKey, SignedTransaction, address};
use quorate_wallet::verify_signed;
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
    verify_signed(chain, network, &bytes, keys)?;
    let address = address(chain, network, &key)?;
    let txid = signed.txid();
    screen.value(&Verified { view: "verified", chain, network, address: address.as_str(), txid })?;
    let ok = screen.out().green("[ok]");
    screen.result(&format!("{ok} signed by {address} on {chain} {network}\n     id {txid}"))
}

fn public_key(chain: Chain, hex: &str, option: &str) -> Result<PublicKey, CliError> {
    let key = files::from_hex(hex.as_bytes()).and_then(|key| PublicKey::from_bytes(chain.purpose(), &key));
    key.ok_or_else(|| {
        CliError::new(Kind::Invalid, format!("{option} is not a public key of {chain} in hexadecimal"))
            .hint("`quorate sign` shows it beside the address")
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
