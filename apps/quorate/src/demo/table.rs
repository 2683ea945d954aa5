//! What the demo prints.

use std::io::Write;

use quorate_wallet::chains::Network;

use super::{Report, Signature};
use crate::error::CliError;

/// Says what is happening, on standard error.
pub(super) fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "  {line}");
}

/// Prints the report as one JSON object.
pub(super) fn print_json(report: &Report) -> Result<(), CliError> {
    let line = serde_json::to_string(report).map_err(|error| CliError::internal(&error))?;
    writeln!(std::io::stdout(), "{line}").map_err(|error| CliError::output(&error))
}

/// Prints the report as a table.
pub(super) fn print(report: &Report) -> Result<(), CliError> {
    write_table(&mut std::io::stdout().lock(), report).map_err(|error| CliError::output(&error))
}

fn write_table(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    writeln!(out)?;
    writeln!(out, "A {} wallet that nobody holds, made in {} ms.", report.threshold, report.ceremony_ms)?;
    writeln!(
        out,
        "Its pairs were set up {} ms later; the devices then held {} presignatures.",
        report.pairing_ms,
        report.presignatures.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
    )?;
    writeln!(out, "Safety words: {}", report.words.join(" "))?;
    writeln!(out)?;
    let rows: Vec<[String; 5]> = report.chains.iter().map(row).collect();
    let header = ["chain", "address", "txid", "signed by", "time"].map(str::to_owned);
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().chain([&header]);
            cells.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in [&header].into_iter().chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out)?;
    writeln!(out, "Each signature was verified with ed25519-dalek or k256. Nothing was broadcast.")?;
    match &report.home {
        Some(home) => writeln!(
            out,
            "The devices are kept in {}, each with its password in a file `password`:\n  quorate --home {}/alice --password-file {}/alice/password wallet show",
            home.display(),
            home.display(),
            home.display()
        ),
        None => Ok(()),
    }
}

fn row(signature: &Signature) -> [String; 5] {
    let name = match signature.network {
        network @ Network::Evm(_) => network.to_string(),
        Network::Mainnet | Network::Testnet | Network::Regtest => signature.chain.to_string(),
    };
    let chain = match signature.kind.as_str() {
        "transfer" => name,
        kind => format!("{name} {kind}"),
    };
    [
        chain,
        signature.address.clone(),
        shorten(&signature.txid),
        signature.signers.join(" + "),
        format!("{} ms", signature.elapsed),
    ]
}

/// Keeps both ends of a long id.
fn shorten(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    match chars.as_slice() {
        [head @ .., _, _, _, _, _, _, _, _] if chars.len() > 28 => {
            let tail: String = chars.iter().skip(chars.len() - 8).collect();
            format!("{}…{tail}", head.iter().take(16).collect::<String>())
        }
        _ => id.to_owned(),
    }
}
