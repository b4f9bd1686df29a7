//! The time format of Apache's `%{FORMAT}t`: that of `strftime`, or one of Apache's own words.
//!
//! A format is taken apart into [`Piece`]s with the literal text between them, so that a time may also be written by
//! several directives: `%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t`.
//!
//! Sources: Apache `mod_log_config`, `%{format}t`; POSIX `strftime`, in the C locale.

use super::part::{Meaning, Parts, Piece};
use std::ops::Range;

/// Adds what `format` writes, which stands at `at`. The error is a conversion that is not known.
pub fn parse(format: &str, at: &Range<usize>, parts: &mut Parts) -> Result<(), String> {
    let format = format.strip_prefix("begin:").unwrap_or(format);
    // The time at which the request ended is as good; one of both is written, or the first of both is taken.
    let format = format.strip_prefix("end:").unwrap_or(format);
    let word = match format {
        "" => {
            parts.literal(b"[");
            parts.field(Meaning::ClfTime, 0, at.clone());
            parts.literal(b"]");
            return Ok(());
        }
        "sec" => Some(Piece::Epoch),
        "msec" => Some(Piece::EpochMillis),
        "usec" => Some(Piece::EpochMicros),
        "msec_frac" => Some(Piece::Millis),
        "usec_frac" => Some(Piece::Micros),
        _ => None,
    };
    match word {
        Some(piece) => parts.field(Meaning::Piece(piece), 0, at.clone()),
        None => conversions(format, at, parts)?,
    }
    Ok(())
}

/// What some conversions stand for.
fn long_form(conversion: char) -> Option<&'static str> {
    Some(match conversion {
        'T' => "%H:%M:%S",
        'R' => "%H:%M",
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'r' => "%I:%M:%S %p",
        'X' => "%H:%M:%S",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    })
}

fn conversions(format: &str, at: &Range<usize>, parts: &mut Parts) -> Result<(), String> {
    if format == "%d/%b/%Y:%H:%M:%S %z" || format == "%d/%b/%Y:%T %z" {
        parts.field(Meaning::ClfTime, 0, at.clone());
        return Ok(());
    }
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            parts.literal(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let conversion = chars.next().ok_or("a conversion is missing behind the last %")?;
        let piece = match conversion {
            'Y' => Piece::Year,
            'y' => Piece::YearOfCentury,
            'm' => Piece::Month,
            'b' | 'h' => Piece::MonthName,
            'B' => Piece::MonthWord,
            'd' | 'e' => Piece::Day,
            'j' => Piece::DayOfYear,
            'H' | 'k' => Piece::Hour,
            'I' | 'l' => Piece::HalfDayHour,
            'p' | 'P' => Piece::HalfDay,
            'M' => Piece::Minute,
            'S' => Piece::Second,
            'z' => Piece::Offset,
            's' => Piece::Epoch,
            'a' | 'A' | 'Z' | 'u' | 'w' => Piece::Word,
            'n' | 't' | '%' => {
                parts.literal(match conversion {
                    'n' => b"\n",
                    't' => b"\t",
                    _ => b"%",
                });
                continue;
            }
            other => match long_form(other) {
                Some(long) => {
                    conversions(long, at, parts)?;
                    continue;
                }
                None => return Err(format!("the conversion %{other} of a time is not known")),
            },
        };
        parts.field(Meaning::Piece(piece), 0, at.clone());
    }
    Ok(())
}
