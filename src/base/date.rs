//! A calendar day, for expiry dates.
//!
//! It must not know what time it is: whoever needs today is told. Start with [`Date::parse`].

use std::fmt;

/// A day of the Gregorian calendar, from 0001-01-01 to 9999-12-31. Days compare by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day, or nothing if there is no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Reads `2027-01-31`, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let shape =
            b.len() == 10 && b.iter().enumerate().all(|(i, c)| if i == 4 || i == 7 { *c == b'-' } else { c.is_ascii_digit() });
        if !shape {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }

    /// The day in UTC that is `seconds` after the Unix epoch; 9999-12-31 for everything later.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        const LAST: Date = Date { year: 9999, month: 12, day: 31 };
        let mut days = seconds / 86_400;
        let mut year = 1970;
        while year <= LAST.year {
            let length = if is_leap(year) { 366 } else { 365 };
            if days < length {
                return Self::from_day_of_year(year, days);
            }
            days -= length;
            year += 1;
        }
        LAST
    }

    /// Seconds from the Unix epoch to its start in UTC; negative for days before 1970.
    #[must_use]
    pub fn to_unix(self) -> i64 {
        let years = i64::from(self.year) - 1;
        let leap_days = years / 4 - years / 100 + years / 400;
        let months: i64 = (1..self.month).map(|month| i64::from(days_in(self.year, month))).sum();
        // Day 719,162 after 0001-01-01 is 1970-01-01.
        (years * 365 + leap_days + months + i64::from(self.day) - 1 - 719_162) * 86_400
    }

    fn from_day_of_year(year: u16, mut days: u64) -> Self {
        let mut month = 1;
        while days >= u64::from(days_in(year, month)) {
            days -= u64::from(days_in(year, month));
            month += 1;
        }
        Self { year, month, day: days as u8 + 1 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn reads_days_that_exist() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Date::parse(text).map(|d| d.to_string()).as_deref(), expected, "{text}")
        };
        for day in ["2027-01-31", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            check(day, Some(day));
        }
        for text in
            ["", "2027-1-31", "2027-13-01", "2027-00-10", "2027-04-31", "1900-02-29", "0000-01-01", "27-01-01", "2027/01/31"]
        {
            check(text, None);
        }
        for text in ["+027-01-31", "2027-01-31 ", "2027-01-3\u{661}", "2027-01-311"] {
            check(text, None);
        }
    }

    #[test]
    fn counts_from_the_epoch() {
        let check = |seconds: u64, expected: &str| assert_eq!(Date::from_unix(seconds).to_string(), expected);
        check(0, "1970-01-01");
        check(86_399, "1970-01-01");
        check(951_782_400, "2000-02-29");
        check(1_798_761_600, "2027-01-01");
        check(u64::MAX, "9999-12-31");
        for seconds in (0..10_000_u64).map(|n| n * 86_400 * 31) {
            assert_eq!(Date::from_unix(seconds).to_unix(), seconds as i64);
        }
        assert_eq!(Date::parse("1969-12-31").unwrap().to_unix(), -86_400);
        assert_eq!(Date::parse("0001-01-01").unwrap().to_unix(), -62_135_596_800);
    }

    #[test]
    fn days_compare_by_time() {
        let day = |text| Date::parse(text).unwrap();
        assert!(day("2026-12-31") < day("2027-01-01"));
        assert!(day("2027-01-31") < day("2027-02-01"));
    }
}
