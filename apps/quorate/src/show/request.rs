//! Requests: what a person reads before saying yes, and what came of it.

use quorate_primitives::Timestamp;
use quorate_wallet::chains::Review;
use quorate_wallet::{RequestView, SignedView};

use super::{plain, short, table, until};
use crate::screen::Ink;

/// Returns one line per request.
pub fn requests(requests: &[RequestView], now: Timestamp) -> String {
    if requests.is_empty() {
        return "No requests.".to_owned();
    }
    let header = ["ID", "WALLET", "FROM", "WHAT", "APPROVED", "STATE"].map(str::to_owned);
    let row = |request: &RequestView| {
        let approved = match request.state.as_str() {
            // Who did not sign hears of the signature, not of every approval.
            "signed" => "yes".to_owned(),
            "failed" => "-".to_owned(),
            _ => format!("{} of {}", request.approved.len(), request.needed),
        };
        let state = match request.state.as_str() {
            "failed" => request.reason.as_deref().map_or_else(|| "failed".to_owned(), plain),
            "open" if request.undecided => format!("needs your answer, ends {}", until(request.expires, now)),
            "open" => format!("open, ends {}", until(request.expires, now)),
            other => other.to_owned(),
        };
        let what = format!("{}: {}", plain(&request.chain), request.review.title);
        [
            short(&request.id).to_owned(),
            plain(&request.wallet),
            plain(&request.proposer),
            what,
            approved,
            state,
        ]
    };
    let rows: Vec<[String; 6]> = [header].into_iter().chain(requests.iter().map(row)).collect();
    table("", &rows)
}

/// Returns a request of somebody, with everything that this device decoded of it.
pub fn request(request: &RequestView, now: Timestamp, ink: Ink) -> String {
    let title = format!(
        "Request {} of {}, wallet {}",
        short(&request.id),
        plain(&request.proposer),
        plain(&request.wallet)
    );
    let mut rows = Vec::new();
    if !request.note.is_empty() {
        rows.push(["Note".to_owned(), format!("\"{}\" (not signed)", plain(&request.note))]);
    }
    if request.plain {
        rows.push(["Mode".to_owned(), "plain: no presignature made ahead is used".to_owned()]);
    }
    let proposer = plain(&request.proposer);
    rows.push(["Needs".to_owned(), format!("{} approvals, that of {proposer} included", request.needed)]);
    rows.push(["Ends".to_owned(), until(request.expires, now)]);
    format!("{}\n{}\n{}", ink.bold(&title), review(&request.review, ink), table("  ", &rows))
}

/// Returns what a transaction does, as decoded from the bytes that would be signed. A review is escaped where it is
/// made; escaping it again would double every backslash.
pub fn review(review: &Review, ink: Ink) -> String {
    let mut parts =
        vec![format!("  {}: {}", ink.bold(&format!("{} {}", review.chain, review.network)), review.title)];
    let lines = review.lines.iter().map(|line| [line.label.clone(), line.value.clone()]);
    parts.push(table("  ", &lines.collect::<Vec<_>>()));
    parts.extend(review.warnings.iter().map(|warning| format!("  {} {warning}", ink.yellow("[!]"))));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// Returns a finished signature and how to check it.
pub fn signed(signed: &SignedView, ink: Ink) -> String {
    let rows = [
        ["Chain", &format!("{} {}", signed.chain, signed.network)],
        ["Address", &signed.address],
        ["Key", &signed.public_key],
        ["Id", &signed.txid],
        ["Send", &signed.encoded],
        ["Signed", &signed.signed],
    ];
    let rows = rows.map(|row| row.map(|cell| cell.to_owned()));
    format!("{} signed and verified\n{}", ink.green("[ok]"), table("  ", &rows))
}
