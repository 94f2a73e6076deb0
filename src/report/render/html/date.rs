//! When a page was made.
//!
//! Purpose: a date for readers, and the same page for the same input where SOURCE_DATE_EPOCH says the date
//! (<https://reproducible-builds.org/specs/source-date-epoch/>). Soundness direction: none; nothing is decided here.

use std::time::{SystemTime, UNIX_EPOCH};

/// The date in UTC to the minute: of SOURCE_DATE_EPOCH where it is set and a number, else now.
pub fn made() -> String {
    let stated = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = stated.and_then(|s| s.trim().parse().ok());
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs())
    };
    shown(seconds.unwrap_or_else(now))
}

/// Seconds since 1970 as `2026-11-28 12:39 UTC`, by the Gregorian calendar.
fn shown(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    // Four hundred years have the same number of days wherever they begin.
    let mut year = 1970 + 400 * (days / 146_097);
    days %= 146_097;
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    let mut month = 1;
    for n in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < n {
            break;
        }
        days -= n;
        month += 1;
    }
    let (hour, minute) = (rest / 3600, rest / 60 % 60);
    format!(
        "{year:04}-{month:02}-{:02} {hour:02}:{minute:02} UTC",
        days + 1
    )
}

/// Days of a year.
fn length(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(leap)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (68_169_599, "1972-02-28 23:59 UTC"),
            (68_169_600, "1972-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59 UTC"),
            (1_795_869_540, "2026-11-28 12:39 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(shown(seconds), date);
        }
    }
}
