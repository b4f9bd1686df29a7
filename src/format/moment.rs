//! Moments in the shapes that structured logs write them: ISO 8601 and its cousins, W3C's date and time columns, the
//! common log's time with or without an offset, seconds since 1970, and syslog's date without a year.
//!
//! All of them check the calendar and the clock by [`super::time`]; second 60 is carried into the next minute.

use super::record::Time;
use super::{decimal, time};

/// A moment in any of these shapes; the first bytes tell which.
pub fn any(text: &[u8]) -> Option<Time> {
    match text {
        [_, _, _, _, b'-' | b'/', ..] => iso(text),
        [_, _, b'/', ..] => clf(text),
        number => epoch(number),
    }
}

/// `2025-10-21T04:01:45.123+02:00`: `T`, `t` or a space between; `Z`, an offset with or without colon, or none (UTC)
/// at the end; any number of digits after a point or comma. `2025/10/21 04:01:45` (Go's wall clock) likewise.
pub fn iso(text: &[u8]) -> Option<Time> {
    let (date, rest) = text.split_at_checked(10)?;
    let Some((b'T' | b't' | b' ', rest)) = rest.split_first() else { return None };
    let is_zone = |byte: &u8| matches!(byte, b'Z' | b'z' | b'+' | b'-' | b' ');
    let (clock, zone) = rest.split_at(rest.iter().position(is_zone).unwrap_or(rest.len()));
    let offset_seconds = match zone.strip_prefix(b" ").unwrap_or(zone) {
        b"" if zone.is_empty() => 0,
        b"Z" | b"z" => 0,
        zone => offset(zone)?,
    };
    Some(Time { offset_seconds, ..date_and_clock(date, clock)? })
}

/// W3C's columns `2025-10-21` and `04:01:45[.123]`, UTC.
pub fn date_and_clock(date: &[u8], clock: &[u8]) -> Option<Time> {
    let &[a, b, c, d, first, e, f, second, g, h] = date else { return None };
    if first != second || !matches!(first, b'-' | b'/') {
        return None;
    }
    let day = time::days(time::number(&[a, b, c, d])?, time::number(&[e, f])?, time::number(&[g, h])?)?;
    at(day, clock, 0)
}

/// `10/Oct/2025:13:55:36 +0200`, also with a fraction (HAProxy: `:36.143`) and without an offset, which then is 0.
pub fn clf(text: &[u8]) -> Option<Time> {
    let (date, rest) = text.split_at_checked(12)?;
    let &[a, b, b'/', ref month @ .., b'/', c, d, e, f, b':'] = date else { return None };
    let (clock, offset_seconds) = match memchr::memchr(b' ', rest).and_then(|space| rest.split_at_checked(space)) {
        Some((clock, zone)) => (clock, offset(zone.strip_prefix(b" ")?)?),
        None => (rest, 0),
    };
    let day = time::days(time::number(&[c, d, e, f])?, time::month(month)?, time::number(&[a, b])?)?;
    at(day, clock, offset_seconds)
}

/// A number since 1970, UTC: seconds, or milli-, micro- or nanoseconds where seconds would be after the
/// year 5138. A moment after the year 2554, which 64 bits of nanoseconds do not reach, is none.
pub fn epoch(text: &[u8]) -> Option<Time> {
    // Ten digits before a point are seconds from 2001 to 2286, as nearly all are.
    if let Some((seconds, rest)) = text.split_first_chunk::<10>()
        && let Some(wall_seconds) = decimal::integer(seconds)
        && let Some(nanos) = if rest.is_empty() { Some(0) } else { rest.strip_prefix(b".").and_then(time::fraction) }
        && rest.len() <= 18
    {
        return Some(Time { wall_seconds: wall_seconds as i64, offset_seconds: 0, nanos });
    }
    epoch_in_any_unit(text)
}

fn epoch_in_any_unit(text: &[u8]) -> Option<Time> {
    let power = match decimal::scaled(text, 0)? {
        0..100_000_000_000 => 0,
        100_000_000_000..100_000_000_000_000 => 3,
        100_000_000_000_000..100_000_000_000_000_000 => 6,
        _ => 9,
    };
    // The seconds and what is left of them are both cut from the digits: no float stands between.
    let wall_seconds = i64::try_from(decimal::scaled(text, -power)?).ok()?;
    let nanos = u32::try_from(decimal::scaled(text, 9 - power)? % 1_000_000_000).ok()?;
    Some(Time { wall_seconds, offset_seconds: 0, nanos })
}

/// A clock `hh:mm:ss` with an optional fraction, on a day.
fn at(day: i64, clock: &[u8], offset_seconds: i32) -> Option<Time> {
    let (whole, fraction) = clock.split_at_checked(8)?;
    let nanos = match fraction.split_first() {
        None => 0,
        Some((b'.' | b',', digits)) => time::fraction(digits)?,
        Some(_) => return None,
    };
    Some(Time { wall_seconds: day * 86_400 + time::clock(whole)?, offset_seconds, nanos })
}

/// `+hhmm` or `+hh:mm`, in seconds.
fn offset(text: &[u8]) -> Option<i32> {
    match *text {
        [sign, a, b, b':', c, d] => time::offset(&[sign, a, b, c, d]),
        _ => time::offset(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn moments_of_every_shape() {
        let time = |wall_seconds, offset_seconds, nanos| Some(Time { wall_seconds, offset_seconds, nanos });
        let cases = [
            ("ISO, UTC", "2025-10-21T04:01:45Z", time(1_761_019_305, 0, 0)),
            ("ISO, no zone", "2025-10-21T04:01:45", time(1_761_019_305, 0, 0)),
            ("ISO, offset", "2025-10-21T04:01:45.5+02:00", time(1_761_019_305, 7200, 500_000_000)),
            ("ISO, offset without colon", "2025-10-21T04:01:45-0130", time(1_761_019_305, -5400, 0)),
            ("a space between, a comma", "2025-10-21 04:01:45,123", time(1_761_019_305, 0, 123_000_000)),
            ("a space before the zone", "2025-10-21 04:01:45 +0200", time(1_761_019_305, 7200, 0)),
            ("more digits than nanoseconds", "2025-10-21T04:01:45.1234567899Z", time(1_761_019_305, 0, 123_456_789)),
            ("Go's wall clock", "2025/10/21 04:01:45", time(1_761_019_305, 0, 0)),
            ("the common log", "21/Oct/2025:04:01:45 +0200", time(1_761_019_305, 7200, 0)),
            ("HAProxy", "21/Oct/2025:04:01:45.143", time(1_761_019_305, 0, 143_000_000)),
            ("seconds", "1761019305", time(1_761_019_305, 0, 0)),
            ("seconds and a fraction", "1761019822.3152757", time(1_761_019_822, 0, 315_275_700)),
            ("milliseconds", "1761019305123", time(1_761_019_305, 0, 123_000_000)),
            ("microseconds", "1761019305123456", time(1_761_019_305, 0, 123_456_000)),
            ("nanoseconds", "1761019305123456789", time(1_761_019_305, 0, 123_456_789)),
            ("a leap day", "2024-02-29T00:00:00Z", time(1_709_164_800, 0, 0)),
            ("second 60 is carried", "2016-12-31T23:59:60Z", time(1_483_228_800, 0, 0)),
            ("before 1970", "1969-12-31T23:59:59Z", time(-1, 0, 0)),
            ("no leap day", "2023-02-29T00:00:00Z", None),
            ("no such century's leap day", "1900-02-29T00:00:00Z", None),
            ("no such day", "2025-04-31T00:00:00Z", None),
            ("no such month", "2025-13-01T00:00:00Z", None),
            ("no such hour", "2025-01-01T24:00:00Z", None),
            ("no such minute", "2025-01-01T00:60:00Z", None),
            ("no such second", "2025-01-01T00:00:61Z", None),
            ("no such offset", "2025-01-01T00:00:00+24:00", None),
            ("a month in another case", "21/oct/2025:04:01:45 +0200", None),
            ("mixed separators", "2025-10/21 04:01:45", None),
            ("an empty fraction", "2025-10-21T04:01:45.Z", None),
            ("nothing", "", None),
            ("a word", "yesterday", None),
            ("below zero", "-5", None),
        ];
        for (what, text, expected) in cases {
            assert_eq!(any(text.as_bytes()), expected, "{what}: {text}");
        }
    }

    proptest! {
        #[test]
        fn the_usual_seconds_are_read_as_any_number_is(text in "[0-9]{9,11}(\\.[0-9]{0,20})?|[0-9.eE-]{0,14}") {
            prop_assert_eq!(epoch(text.as_bytes()), epoch_in_any_unit(text.as_bytes()));
        }
    }
}
