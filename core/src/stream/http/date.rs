//! When to come back, as a response says it.

use super::head::decimal;
use super::message::Fields;
use crate::policy::Hint;
use crate::time::Duration;

/// Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
///
/// A machine has no clock, so a date counts from the response's own `Date`: both are the server's time. A
/// date without that field is ignored, and so is one in a format that servers must not generate (RFC 9110
/// section 5.6.7). A date in the past means at once.
pub(super) fn retry_after(fields: &Fields) -> Option<Hint> {
    let value = fields.first("Retry-After")?;
    let seconds = match decimal(value) {
        Some(seconds) => seconds,
        // More digits than a number has: a time that never comes.
        None if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => u64::MAX,
        None => date(value)?.saturating_sub(date(fields.first("Date")?)?),
    };
    Some(Hint::After(Duration::from_secs(seconds)))
}

/// Reads a date of the form `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since the year 1.
fn date(text: &[u8]) -> Option<u64> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    const DAYS: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    if text.len() != 29 || &text[3..5] != b", " || &text[25..] != b" GMT" {
        return None;
    }
    let number = |from: usize, to: usize| decimal(&text[from..to]);
    let separators = [text[7], text[11], text[16], text[19], text[22]];
    let month = MONTHS.iter().position(|month| *month == &text[8..11])?;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    let valid = (1..=31).contains(&day) && year > 0 && hour < 24 && minute < 60 && second <= 60;
    if separators != *b"   ::" || !valid {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = leaps(year) > leaps(year - 1);
    let days = (year - 1) * 365 + leaps(year - 1) + DAYS[month] + day - 1;
    let days = days + u64::from(is_leap && month > 1);
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}
