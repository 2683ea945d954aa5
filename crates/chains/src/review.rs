//! What a person reads before saying yes.

use serde::Serialize;

use crate::chain::Chain;
use crate::network::Network;
use crate::text::escape;

/// The meaning of a transaction, in words, taken from the decoded model alone.
///
/// Every text in it is escaped: no character in it is invisible, a control, or reorders the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The chain.
    pub chain: Chain,
    /// The network.
    pub network: Network,
    /// One sentence that says what signing does.
    pub title: String,
    /// Every fact, in the order of the transaction.
    pub lines: Vec<ReviewLine>,
    /// What deserves a second look.
    pub warnings: Vec<String>,
    /// The most that is paid for processing, with its unit, where the bytes determine it.
    pub fee: Option<String>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewLine {
    /// What it is about.
    pub label: String,
    /// The fact.
    pub value: String,
}

impl Review {
    pub(crate) fn new(chain: Chain, network: Network, title: &str) -> Self {
        Self { chain, network, title: escape(title), lines: Vec::new(), warnings: Vec::new(), fee: None }
    }

    pub(crate) fn line(&mut self, label: &str, value: impl AsRef<str>) {
        self.lines.push(ReviewLine { label: escape(label), value: escape(value.as_ref()) });
    }

    pub(crate) fn warn(&mut self, warning: impl AsRef<str>) {
        self.warnings.push(escape(warning.as_ref()));
    }

    /// Adds words that somebody else chose, and says so when they are not plain.
    pub(crate) fn words(&mut self, label: &str, words: &str) {
        self.line(label, words);
        // Words of several lines are ordinary; a carriage return without its line feed hides what is before it.
        let plain = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\t');
        if !words.replace("\r\n", "\n").bytes().all(plain) {
            self.warn(format!("{label}: has characters other than plain ASCII; invisible ones are escaped"));
        }
        if crate::text::reads_like_data(words) {
            self.warn(format!("{label}: reads like encoded data, not like words"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g7_words_of_several_lines_are_plain_and_other_controls_are_not() {
        let warnings = |words: &str| {
            let mut review = Review::new(Chain::Ethereum, Network::Mainnet, "");
            review.words("Words", words);
            review.warnings.len()
        };
        for plain in ["one", "one\ntwo", "one\r\ntwo\r\n", "one\ttwo"] {
            assert_eq!(warnings(plain), 0, "{plain:?}");
        }
        for other in
            ["one\rtwo", "one\r\r\ntwo", "\u{1b}[2J", "gr\u{fc}n", "a\u{202e}b", "\u{7f}", "\0", "\u{b}"]
        {
            assert_eq!(warnings(other), 1, "{other:?}");
        }
    }
}
