//! Views in words and tables, for people. Everything that somebody else wrote is escaped before it is shown.

mod request;
mod table;
mod wallet;

use quorate_primitives::Timestamp;
use quorate_wallet::chains::escape;

pub use request::{request, requests, review, signed};
pub use table::table;
pub use wallet::{addresses, addresses_and_keys, progress, safety_words, wallet, wallets};

use crate::cli::show_duration;

/// Returns text from elsewhere so that nothing in it is invisible or moves the cursor.
pub fn plain(text: &str) -> String {
    escape(text)
}

/// Returns names, as a person lists them.
pub fn names(names: &[String]) -> String {
    names.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ")
}

/// Returns how far away a time is.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    let rounded_up = at.since(now).saturating_add(999);
    if at > now { format!("in {}", show_duration(rounded_up)) } else { "over".to_owned() }
}

/// Returns the beginning of an id: what a person types to name it.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
