//! Sizes and durations as people write them: for filters and for every flag that takes one.
//!
//! Sizes: `k`, `M`, `G`, `T`, `P` are powers of 1000 and `Ki` to `Pi` powers of 1024, with or without a `B` behind them
//! and in any case, as IEC 80000-13 has them. Durations: `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w` and their longer
//! names, one after the other if need be (`1h30m`). Both take decimals, as long as what is meant is a whole number of
//! bytes or of nanoseconds: nothing is rounded.

use std::fmt;
use std::time::Duration;

/// Why a text is no size or duration: a sentence with what would be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError(String);

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

/// Longest text that is looked at, in bytes.
const TEXT_BYTES_MAX: usize = 64;

const SIZE_HELP: &str = "a size is written 4096, 64k, 10MB (powers of 1000) or 64KiB, 1MiB, 2GiB (powers of 1024)";

const DURATION_HELP: &str = "a duration is written 500ms, 10s, 1.5s, 15m, 1h30m, 2d";

const SIZE_UNITS: &[(&[&str], u64)] = &[
    (&["", "b"], 1),
    (&["k", "kb"], 1000),
    (&["m", "mb"], 1_000_000),
    (&["g", "gb"], 1_000_000_000),
    (&["t", "tb"], 1_000_000_000_000),
    (&["p", "pb"], 1_000_000_000_000_000),
    (&["ki", "kib"], 1 << 10),
    (&["mi", "mib"], 1 << 20),
    (&["gi", "gib"], 1 << 30),
    (&["ti", "tib"], 1 << 40),
    (&["pi", "pib"], 1 << 50),
];

const SECOND: u64 = 1_000_000_000;

/// Units of time in nanoseconds. Case counts: an upper-case `M` may be a month or a mega.
const DURATION_UNITS: &[(&[&str], u64)] = &[
    (&["ns"], 1),
    (&["us", "µs", "μs"], 1000),
    (&["ms"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], SECOND),
    (&["m", "min", "mins", "minute", "minutes"], 60 * SECOND),
    (&["h", "hour", "hours"], 3600 * SECOND),
    (&["d", "day", "days"], 86_400 * SECOND),
    (&["w", "week", "weeks"], 7 * 86_400 * SECOND),
];

/// A size in bytes: `1MiB`, `64k`, `1.5GB`, `4096`.
pub fn size(text: &str) -> Result<u64, UnitError> {
    let wrong = |why: &str| UnitError(format!("{:?} is not a size{why}; {SIZE_HELP}", clipped(text)));
    let (number, unit, rest) = part(text.trim()).ok_or_else(|| wrong(""))?;
    let lower = unit.to_ascii_lowercase();
    let bytes = unit_of(SIZE_UNITS, &lower).ok_or_else(|| wrong(&format!(": {unit:?} is no unit")))?;
    if !rest.is_empty() {
        return Err(wrong(""));
    }
    let bytes = number.times(bytes).ok_or_else(|| wrong(": it is no whole number of bytes"))?;
    u64::try_from(bytes).map_err(|_| wrong(": it is too large"))
}

/// A duration with its unit: `500ms`, `10s`, `1h30m`, `2 days`.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    duration_with(text, None)
}

/// A duration whose unit is seconds where none is written: `1.5`, `250ms`.
pub fn duration_or_seconds(text: &str) -> Result<Duration, UnitError> {
    duration_with(text, Some(SECOND))
}

fn duration_with(text: &str, bare_unit: Option<u64>) -> Result<Duration, UnitError> {
    let wrong = |why: &str| UnitError(format!("{:?} is not a duration{why}; {DURATION_HELP}", clipped(text)));
    let mut rest = text.trim();
    let mut sum: u128 = 0;
    let mut parts = 0;
    while parts == 0 || !rest.is_empty() {
        let (number, unit, after) = part(rest).ok_or_else(|| wrong(""))?;
        let nanos = match unit {
            // Only a number that stands alone is in seconds: `1h30` could be minutes.
            "" if parts == 0 && after.is_empty() => bare_unit.ok_or_else(|| wrong(": its unit is missing"))?,
            "" => return Err(wrong(": a unit is missing")),
            unit => unit_of(DURATION_UNITS, unit).ok_or_else(|| wrong(&format!(": {unit:?} is no unit")))?,
        };
        let nanos = number.times(nanos).ok_or_else(|| wrong(": it is no whole number of nanoseconds"))?;
        sum = sum.saturating_add(nanos);
        rest = after;
        parts += 1;
    }
    let sum = u64::try_from(sum).map_err(|_| wrong(": it is longer than 500 years"))?;
    Ok(Duration::from_nanos(sum))
}

fn unit_of(units: &[(&[&str], u64)], name: &str) -> Option<u64> {
    units.iter().find(|(names, _)| names.contains(&name)).map(|(_, factor)| *factor)
}

fn clipped(text: &str) -> &str {
    let text = text.trim();
    text.char_indices().nth(TEXT_BYTES_MAX).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// A decimal number: `digits / 10^decimals`.
struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Decimal {
    /// The number times a factor, where that is whole.
    fn times(&self, factor: u64) -> Option<u128> {
        let product = self.digits.checked_mul(u128::from(factor))?;
        let scale = 10u128.checked_pow(self.decimals)?;
        (product % scale == 0).then_some(product / scale)
    }
}

/// The number and unit that a text begins with, and what follows them.
fn part(text: &str) -> Option<(Decimal, &str, &str)> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let number_bytes = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, rest) = text.split_at(number_bytes);
    let rest = rest.trim_start();
    let unit_bytes = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_bytes);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Zeros at the end say nothing; without them `0.50` of an odd unit is as whole as `0.5`.
    let fraction_read = fraction.trim_end_matches('0');
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') || whole.len() + fraction_read.len() > 20 {
        return None;
    }
    let digits = format!("{whole}{fraction_read}").parse().ok()?;
    Some((Decimal { digits, decimals: fraction_read.len() as u32 }, unit, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        let cases = [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("1b", Some(1)),
            ("64k", Some(64_000)),
            ("64K", Some(64_000)),
            ("64kB", Some(64_000)),
            ("64Ki", Some(65_536)),
            ("64kib", Some(65_536)),
            ("1MiB", Some(1 << 20)),
            ("10 MiB", Some(10 << 20)),
            ("1.5GiB", Some(3 << 29)),
            ("0.50k", Some(500)),
            (" 2TB ", Some(2_000_000_000_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999P", None),
            ("1.1KiB", None),
            ("0.5", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("+1", None),
            (".5k", None),
            ("1.k", None),
            ("1.2.3k", None),
            ("1kk", None),
            ("1k1", None),
            ("1e3", None),
            ("1_000", None),
            ("１k", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        let millis = |millis| Some(Duration::from_millis(millis));
        let cases = [
            ("500ms", millis(500)),
            ("10s", millis(10_000)),
            ("1.5s", millis(1500)),
            ("15m", millis(900_000)),
            ("1h30m", millis(5_400_000)),
            ("1h 30m", millis(5_400_000)),
            ("2 hours", millis(7_200_000)),
            ("1d", millis(86_400_000)),
            ("1w", millis(604_800_000)),
            ("3us", Some(Duration::from_micros(3))),
            ("3µs", Some(Duration::from_micros(3))),
            ("7ns", Some(Duration::from_nanos(7))),
            ("0s", millis(0)),
            ("0.5ns", None),
            ("10", None),
            ("1h30", None),
            ("1M", None),
            ("1S", None),
            ("", None),
            ("s", None),
            ("-1s", None),
            ("1s,", None),
            ("600000d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
        assert_eq!(duration_or_seconds("1.5").ok(), millis(1500));
        assert_eq!(duration_or_seconds("250ms").ok(), millis(250));
        assert_eq!(duration_or_seconds("1h30").ok(), None);
        assert_eq!(duration_or_seconds("1 2s").ok(), None);
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        let cases = [
            (size("10Q").map(|_| ()), r#""10Q" is not a size: "Q" is no unit; "#),
            (size("1.1KiB").map(|_| ()), r#""1.1KiB" is not a size: it is no whole number of bytes; "#),
            (size("20000000T").map(|_| ()), r#""20000000T" is not a size: it is too large; "#),
            (size("ten").map(|_| ()), r#""ten" is not a size; "#),
            (duration("10").map(|_| ()), r#""10" is not a duration: its unit is missing; "#),
            (duration("1h30").map(|_| ()), r#""1h30" is not a duration: a unit is missing; "#),
            (duration("1 month").map(|_| ()), r#""1 month" is not a duration: "month" is no unit; "#),
        ];
        for (result, expected) in cases {
            let error = result.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(error.ends_with(SIZE_HELP) || error.ends_with(DURATION_HELP), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", numbers in "[0-9.kKmMiBsh ]{0,70}") {
            for text in [text, numbers] {
                let _ = (size(&text), duration(&text), duration_or_seconds(&text));
            }
        }
    }
}
