//! Words of a filter -> numbers, in the units of [`Number`].

use super::field::Number;
use super::units;
use crate::format::record::Level;
use jiff::Timestamp;

/// What a word means to a field with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `-`: no value.
    Absent,
    /// One number.
    One(i128),
    /// From one to another, both included. Where hours and days go round, the first may be the greater.
    Range(i128, i128),
}

/// Why a word is no value: what is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
}

/// The names of the days, Monday first; three letters are enough.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The value of a word.
pub fn value(field: Number, text: &str) -> Result<Value, Wrong> {
    if matches!(text, "" | "-") {
        return Ok(Value::Absent);
    }
    if field == Number::Status
        && let Some(class) = class(text)
    {
        return Ok(class);
    }
    let Some((low, high)) = text.split_once("..") else {
        return Ok(Value::One(number(field, text)?));
    };
    let (low, high) = (number(field, low)?, number(field, high)?);
    if low > high && !goes_round(field) {
        let message = format!("the range {:?} is empty: its first end is above its last", super::parse::clipped(text));
        return Err(Wrong { message, help: "a range is written from..to, and both ends belong to it" });
    }
    Ok(Value::Range(low, high))
}

/// The numbers of a range, in order, whether it goes round or not.
pub fn spans(low: i128, high: i128) -> Vec<(i128, i128)> {
    if low <= high { vec![(low, high)] } else { vec![(low, i128::MAX), (i128::MIN, high)] }
}

/// Whether after the last value comes the first.
fn goes_round(field: Number) -> bool {
    matches!(field, Number::Hour | Number::Weekday)
}

/// `5xx`: the statuses of a class.
fn class(text: &str) -> Option<Value> {
    match *text.as_bytes() {
        [digit @ b'0'..=b'9', b'x' | b'X', b'x' | b'X'] => {
            let low = i128::from(digit - b'0') * 100;
            Some(Value::Range(low, low + 99))
        }
        _ => None,
    }
}

fn number(field: Number, text: &str) -> Result<i128, Wrong> {
    let wrong = |what: &str, help| Wrong { message: format!("{:?} is not {what}", super::parse::clipped(text)), help };
    let by_unit = |error: units::UnitError, help| Wrong { message: error.to_string(), help };
    match field {
        Number::Status => digits(text)
            .filter(|status| *status <= 999)
            .ok_or_else(|| wrong("a status", "a status is 0 to 999, a class such as 5xx, or a range such as 500..599")),
        Number::Bytes | Number::BytesRead => units::size(text)
            .map(i128::from)
            .map_err(|error| by_unit(error, "ranges are written from..to, such as 1k..10MiB")),
        Number::Latency => units::duration_or_seconds(text)
            .map(|latency| latency.as_nanos() as i128)
            .map_err(|error| by_unit(error, "a number without a unit is in seconds; ranges are written 100ms..2s")),
        Number::Hour => digits(text)
            .filter(|hour| *hour <= 23)
            .ok_or_else(|| wrong("an hour", "an hour is 0 to 23, or a range such as 9..16 or 22..5")),
        Number::Weekday => DAYS
            .iter()
            .position(|day| {
                text.eq_ignore_ascii_case(day) || day.get(..3).is_some_and(|d| text.eq_ignore_ascii_case(d))
            })
            .map(|day| day as i128 + 1)
            .ok_or_else(|| wrong("a weekday", "weekdays are mon tue wed thu fri sat sun, or a range such as mon..fri")),
        Number::Time => text.parse::<Timestamp>().map(Timestamp::as_nanosecond).map_err(|_| {
            let help = "a time is written with its offset, such as 2024-10-10T13:55:36Z or 2024-10-10T15:55:36+02:00";
            wrong("a time (RFC 3339)", help)
        }),
        Number::Level => Level::parse(text.as_bytes()).map(gravity).ok_or_else(|| {
            wrong("a level", "levels are debug info notice warn error crit alert emerg, the gravest last")
        }),
    }
}

/// The number of a level: the graver, the greater.
pub fn gravity(level: Level) -> i128 {
    7 - i128::from(level as u8)
}

/// A number of digits and nothing else.
fn digits(text: &str) -> Option<i128> {
    let short = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Value::{Absent, One, Range};

    #[test]
    fn words_have_their_values() {
        let cases = [
            (Number::Status, "500", Some(One(500))),
            (Number::Status, "5xx", Some(Range(500, 599))),
            (Number::Status, "4XX", Some(Range(400, 499))),
            (Number::Status, "500..599", Some(Range(500, 599))),
            (Number::Status, "599..500", None),
            (Number::Status, "1000", None),
            (Number::Status, "+5", None),
            (Number::Status, "50x", None),
            (Number::Status, "5xx..6xx", None),
            (Number::Status, "500..", None),
            (Number::Status, "-", Some(Absent)),
            (Number::Bytes, "10MiB", Some(One(10 << 20))),
            (Number::Bytes, "1k..1Ki", Some(Range(1000, 1024))),
            (Number::BytesRead, "", Some(Absent)),
            (Number::Latency, "250ms", Some(One(250_000_000))),
            (Number::Latency, "1.5", Some(One(1_500_000_000))),
            (Number::Latency, "0.5us..1", Some(Range(500, 1_000_000_000))),
            (Number::Hour, "0", Some(One(0))),
            (Number::Hour, "24", None),
            (Number::Hour, "22..5", Some(Range(22, 5))),
            (Number::Weekday, "Mon", Some(One(1))),
            (Number::Weekday, "sunday", Some(One(7))),
            (Number::Weekday, "sun..mon", Some(Range(7, 1))),
            (Number::Weekday, "mo", None),
            (Number::Time, "1970-01-01T00:00:01Z", Some(One(1_000_000_000))),
            (Number::Time, "1970-01-01T02:00:00.5+02:00", Some(One(500_000_000))),
            (Number::Time, "1970-01-01T00:00:00", None),
            (Number::Time, "2024-02-30T00:00:00Z", None),
            (Number::Level, "error", Some(One(4))),
            (Number::Level, "WARNING..emerg", Some(Range(3, 7))),
            (Number::Level, "emerg..debug", None),
            (Number::Level, "grave", None),
        ];
        for (field, text, expected) in cases {
            assert_eq!(value(field, text).ok(), expected, "{field:?} {text}");
        }
    }

    #[test]
    fn levels_grow_with_gravity() {
        assert_eq!(Level::ALL.map(gravity), [7, 6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn a_range_that_goes_round_is_two() {
        assert_eq!(spans(1, 5), [(1, 5)]);
        assert_eq!(spans(22, 5), [(22, i128::MAX), (i128::MIN, 5)]);
    }
}
