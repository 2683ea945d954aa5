//! `quorate verify`: a signed transaction or message against a public key, without any device.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_wallet::chains::{Chain, Network, PublicKey, SignedTransaction, address};
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
    let key =
        files::from_hex(args.key.as_bytes()).and_then(|key| PublicKey::from_bytes(chain.purpose(), &key));
    let key = key.ok_or_else(|| {
        CliError::new(Kind::Invalid, format!("--key is not a public key of {chain} in hexadecimal"))
            .hint("`quorate sign` shows it beside the address")
    })?;
    let bytes = signed_bytes(&args.signed)?;
    let signed = SignedTransaction::from_bytes(chain, network, &bytes)
        .map_err(|error| CliError::from(error).hint("it reads what `quorate sign` calls `Signed`"))?;
    verify_signed(chain, network, &bytes, &key)?;
    let address = address(chain, network, &key)?;
    let txid = signed.txid();
    screen.value(&Verified { view: "verified", chain, network, address: address.as_str(), txid })?;
    let ok = screen.out().green("[ok]");
    screen.result(&format!("{ok} signed by {address} on {chain} {network}\n     id {txid}"))
}

/// Takes the hexadecimal itself, or a file of bytes, hexadecimal or base64.
fn signed_bytes(named: &str) -> Result<Vec<u8>, CliError> {
    let path = Path::new(named);
    if named != "-"
        && !path.exists()
        && let Some(bytes) = files::from_hex(named.as_bytes())
    {
        return Ok(bytes);
    }
    let bytes = files::read(path)?;
    let text = bytes.trim_ascii();
    let decoded = files::from_hex(text).or_else(|| STANDARD.decode(text).ok());
    Ok(decoded.unwrap_or(bytes))
}
