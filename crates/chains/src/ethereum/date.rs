//! Seconds since 1970 as a date, which people read; contracts count in seconds.

use super::uint::Uint256;

const DAY: u128 = 86_400;

/// The last second of the year 9999.
const LAST: u128 = 253_402_300_799;

/// Returns a time as a date in UTC; `None` beyond the year 9999.
pub(super) fn show(seconds: Uint256) -> Option<String> {
    let seconds = seconds.to_u128().filter(|seconds| *seconds <= LAST)?;
    let (mut days, rest) = (seconds / DAY, seconds % DAY);
    let mut year = 1970_u32;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1_u32;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    Some(format!("{year}-{month:02}-{:02} {hours:02}:{minutes:02}:{seconds:02} UTC", days + 1))
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const fn days_of_year(year: u32) -> u128 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: u32, month: u32) -> u128 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_dates() {
        for (seconds, date) in [
            (0_u64, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_900_000_000, "2030-03-17 17:46:40 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(show(Uint256::from(seconds)).as_deref(), Some(date));
        }
        assert_eq!(show(Uint256::from(253_402_300_800_u64)), None);
        assert_eq!(show(Uint256([0xff; 32])), None);
    }
}
