//! Values of options: durations, chains, networks, unspent outputs.

use core::str::FromStr;

use clap::builder::RangedI64ValueParser;
use quorate_primitives::Millis;
use quorate_wallet::chains::{Chain, ChainError, Network, Utxo, escape};

const UNITS: [(&str, Millis); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];

/// The longest time that can be named: a week.
const MAX: Millis = 7 * 86_400_000;

/// Reads a time: a number and a unit.
pub fn duration(text: &str) -> Result<Millis, String> {
    let malformed = || "a time is a number and one of s, m, h, d, such as 90s".to_owned();
    let (_, millis) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(malformed)?;
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let number: u64 = digits.parse().map_err(|_| malformed())?;
    let time = number.checked_mul(*millis).filter(|time| *time <= MAX);
    time.ok_or_else(|| "at most 7d are possible".to_owned())
}

/// Writes a time for a person: the one or two largest units that say something.
pub fn show_duration(time: Millis) -> String {
    let mut rest = time;
    let mut parts = Vec::new();
    for (unit, (_, millis)) in ["d", "h", "min", "s"].into_iter().zip(UNITS) {
        let number = rest / millis;
        rest %= millis;
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        } else if !parts.is_empty() {
            break;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "less than 1 s".to_owned() } else { parts.join(" ") }
}

/// Reads the number of an account: those from 2³¹ on would need a secret that nobody has.
pub fn account() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..1 << 31)
}

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// Reads the name of a device or wallet: it must show as it is on every member's screen.
pub fn name(text: &str) -> Result<String, String> {
    let shows = escape(text) == text && text.trim() == text && !text.is_empty();
    if shows && text.len() <= MAX_NAME {
        return Ok(text.to_owned());
    }
    Err("a name has 1 to 64 visible characters, with spaces only between them".to_owned())
}

/// Reads a chain's name.
pub fn chain(name: &str) -> Result<Chain, ChainError> {
    Chain::from_str(name)
}

/// Reads a network's name, or what a chain calls its own.
pub fn network(name: &str) -> Result<Network, ChainError> {
    Network::from_str(name)
}

/// Reads an unspent output: `txid:vout:sats`.
pub fn utxo(text: &str) -> Result<Utxo, String> {
    let malformed = || "an unspent output is txid:vout:sats".to_owned();
    let mut parts = text.split(':');
    let (Some(txid), Some(vout), Some(value), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let (Ok(vout), Ok(value)) = (vout.parse(), value.parse()) else { return Err(malformed()) };
    Ok(Utxo { txid: txid.to_owned(), vout, value, transaction: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        for (text, millis) in [("0s", 0), ("30s", 30_000), ("10m", 600_000), ("24h", 86_400_000), ("7d", MAX)]
        {
            assert_eq!(duration(text), Ok(millis));
        }
        for text in ["", "s", "10", "+1s", "-1s", "1.5h", "1 s", "10ms", "8d", "99999999999999999999s", "٣s"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_shown_in_two_units_at_most() {
        for (millis, shown) in [
            (0, "less than 1 s"),
            (999, "less than 1 s"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (3_601_000, "1 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(show_duration(millis), shown);
        }
    }

    #[test]
    fn names_are_what_they_look_like() {
        for text in ["a", "laptop 2", "größe", &"x".repeat(64)] {
            assert_eq!(name(text), Ok(text.to_owned()));
        }
        for text in ["", " ", " a", "a ", "a\nb", "a\u{202e}b", "a\u{200b}", "\u{1b}[2J", &"x".repeat(65)] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn outputs_have_three_parts() {
        assert_eq!(
            utxo("ab:1:5000"),
            Ok(Utxo { txid: "ab".to_owned(), vout: 1, value: 5000, transaction: None })
        );
        for text in ["", "ab", "ab:1", "ab:1:2:3", "ab:-1:2", "ab:1:x", "ab:4294967296:1"] {
            assert!(utxo(text).is_err(), "{text}");
        }
    }
}
