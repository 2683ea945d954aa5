//! Exact amounts: decimal text to base units and back, without floating point.

use thiserror::Error;

/// The longest amount that is read.
const MAX_LEN: usize = 64;

/// Why text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmountFault {
    /// Something other than digits with at most one point between them.
    #[error("only digits with at most one point between them are read")]
    Characters,
    /// A zero in front of another digit of the whole part.
    #[error("a leading zero")]
    LeadingZero,
    /// More decimal places than the unit has.
    #[error("more than {decimals} decimal places")]
    TooPrecise {
        /// Places the unit has.
        decimals: u8,
    },
    /// More than the chain can express.
    #[error("more than can exist")]
    TooLarge,
    /// Nothing at all.
    #[error("zero")]
    Zero,
}

/// Reads decimal text in the main unit as base units, exactly.
///
/// # Errors
/// Anything but digits with at most one point between them, a leading zero, more than `decimals` places, or more
/// than 2¹²⁸ − 1 base units.
pub fn parse_amount(text: &str, decimals: u8) -> Result<u128, AmountFault> {
    if text.len() > MAX_LEN {
        return Err(AmountFault::TooLarge);
    }
    let (whole, fraction) = match text.split_once('.') {
        None => (text, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !fraction.is_none_or(is_digits) {
        return Err(AmountFault::Characters);
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(AmountFault::LeadingZero);
    }
    let fraction = fraction.unwrap_or_default();
    let missing = usize::from(decimals).checked_sub(fraction.len());
    let missing = missing.ok_or(AmountFault::TooPrecise { decimals })?;
    let digits = whole.bytes().chain(fraction.bytes()).chain(core::iter::repeat_n(b'0', missing));
    digits.map(|digit| u128::from(digit - b'0')).try_fold(0_u128, |sum, digit| {
        sum.checked_mul(10).and_then(|sum| sum.checked_add(digit)).ok_or(AmountFault::TooLarge)
    })
}

/// Reads an amount that must be more than zero and fit into 64 bits.
pub(crate) fn parse_amount_u64(text: &str, decimals: u8) -> Result<u64, AmountFault> {
    let amount = u64::try_from(parse_amount(text, decimals)?).map_err(|_| AmountFault::TooLarge)?;
    if amount == 0 { Err(AmountFault::Zero) } else { Ok(amount) }
}

/// Writes base units as decimal text in the main unit, exactly and without zeros at the end.
pub fn format_amount(units: u128, decimals: u8) -> String {
    place_point(&units.to_string(), decimals)
}

/// Puts a point before the last places of a number's digits, and takes zeros at the end away.
pub(crate) fn place_point(digits: &str, decimals: u8) -> String {
    let digits = format!("{digits:0>width$}", width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(usize::from(decimals)));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_exact_decimals() {
        for (text, decimals, units) in [
            ("0", 9, 0),
            ("1", 9, 1_000_000_000),
            ("0.000000001", 9, 1),
            ("18446744073.709551615", 9, u128::from(u64::MAX)),
            ("0.1", 24, 100_000_000_000_000_000_000_000),
            ("340282366920938.463463374607431768211455", 24, u128::MAX),
            ("21000000", 8, 2_100_000_000_000_000),
            ("1.50", 2, 150),
        ] {
            assert_eq!(parse_amount(text, decimals), Ok(units), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_an_exact_decimal() {
        use AmountFault::{Characters, LeadingZero, TooLarge, TooPrecise};
        for (text, fault) in [
            ("", Characters),
            (".5", Characters),
            ("5.", Characters),
            ("1.2.3", Characters),
            ("-1", Characters),
            ("+1", Characters),
            ("1e3", Characters),
            ("1,5", Characters),
            (" 1", Characters),
            ("1 ", Characters),
            ("0x10", Characters),
            ("٣", Characters),
            ("1_000", Characters),
            ("NaN", Characters),
            ("01", LeadingZero),
            ("00", LeadingZero),
            ("0.0000000001", TooPrecise { decimals: 9 }),
            ("0.0000000000", TooPrecise { decimals: 9 }),
            ("340282366920938463463374607432", TooLarge),
            (&"9".repeat(65), TooLarge),
        ] {
            assert_eq!(parse_amount(text, 9), Err(fault), "{text}");
        }
        assert_eq!(parse_amount("340282366920938.463463374607431768211456", 24), Err(TooLarge));
        assert_eq!(parse_amount_u64("18446744073.709551616", 9), Err(TooLarge));
        assert_eq!(parse_amount_u64("0.0", 9), Err(AmountFault::Zero));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(units: u128, decimals in 0_u8..=24) {
            prop_assert_eq!(parse_amount(&format_amount(units, decimals), decimals), Ok(units));
        }

        #[test]
        fn any_text_is_an_answer(text in "[0-9.]{0,70}|.{0,70}", decimals: u8) {
            if let Ok(units) = parse_amount(&text, decimals) {
                prop_assert_eq!(parse_amount(&format_amount(units, decimals), decimals), Ok(units));
            }
        }
    }
}
