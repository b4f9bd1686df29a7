//! Apache's `LogFormat`.
//!
//! `%`, then modifiers (`!200,304`, `<`, `>`), perhaps an argument in braces, then the letters. What depends on modules or
//! on headers that we do not make up is `-`, as Apache writes it where there is none.
//!
//! Source: Apache HTTP Server 2.4, `mod_log_config`, "Custom Log Formats".

use super::source::literal;
use super::{FRACTION, Field, Parts, Unit};
use crate::text_error::TextError;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::ops::Range;

/// Adds the parts of a format string, which stands in `text` at `piece`.
pub fn parse(text: &str, piece: Range<usize>, parts: &mut Parts) -> Result<(), TextError> {
    let mut at = piece.start;
    while let Some(rest) = text.get(at..piece.end).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('%') {
            at = directive(text, at, piece.end, parts)?;
        } else {
            let (bytes, length) = literal(rest);
            parts.text(&bytes);
            at += length;
        }
    }
    Ok(())
}

/// Adds what the directive at `start` says; returns where it ends.
fn directive(text: &str, start: usize, end: usize, parts: &mut Parts) -> Result<usize, TextError> {
    let wrong = |to: usize, message: &str, help: &str| Err(TextError::new(text, start..to, message, help));
    let modifiers = |c: char| matches!(c, '!' | ',' | '<' | '>' | '0'..='9');
    let skip = |at: usize| {
        let rest = text.get(at..end).unwrap_or_default();
        at + rest.find(|c| !modifiers(c)).unwrap_or(rest.len())
    };
    let mut at = skip(start + 1);
    let mut argument = None;
    if let Some(inner) = text.get(at..end).and_then(|rest| rest.strip_prefix('{')) {
        let Some(length) = inner.find('}') else {
            return wrong(end, "a brace is not closed", "an argument stands in braces, as in %{Referer}i");
        };
        argument = inner.get(..length);
        at = skip(at + length + 2);
    }
    let rest = text.get(at..end).unwrap_or_default();
    let length = match rest.chars().next() {
        Some('^') => rest.char_indices().nth(3).map_or(rest.len(), |(at, _)| at),
        Some(c) => c.len_utf8(),
        None => {
            return wrong(
                end,
                "a directive is not complete",
                "a letter follows, as in %h; a percent sign itself is %%",
            );
        }
    };
    let name = rest.get(..length).unwrap_or_default();
    at += length;
    match (name, argument) {
        ("%", _) => parts.text(b"%"),
        ("a" | "h", _) => parts.field(Field::Address),
        ("u", _) => parts.field(Field::User),
        ("r", _) => parts.field(Field::Request),
        ("m", _) => parts.field(Field::Method),
        ("U", _) => parts.field(Field::Path),
        ("q", _) => parts.field(Field::Query),
        ("H", _) => parts.field(Field::Protocol),
        ("s", _) => parts.field(Field::Status),
        ("b", _) => parts.field(Field::Bytes { has_dash: true }),
        ("B", _) => parts.field(Field::Bytes { has_dash: false }),
        ("O" | "S", _) => parts.field(Field::BytesWithHeaders),
        ("I", _) => parts.field(Field::BytesRead),
        ("D", _) | ("T", Some("us")) => parts.field(Field::Latency(Unit::Micros)),
        ("T", Some("ms")) => parts.field(Field::Latency(Unit::Millis)),
        ("T", _) => parts.field(Field::Latency(Unit::Seconds)),
        ("v" | "V", _) => parts.field(Field::Host),
        ("p", Some("remote")) => parts.field(Field::Port),
        ("p", _) => parts.field(Field::ServerPort),
        ("P", Some("tid" | "hextid")) => parts.field(Field::Thread),
        ("P", _) => parts.field(Field::Process),
        ("k", _) => parts.text(b"0"),
        ("X", _) => parts.text(b"+"),
        ("A", _) => parts.text(b"10.0.0.5"),
        ("L", _) => parts.field(Field::RequestId),
        ("i", Some(header)) if header.eq_ignore_ascii_case("Referer") => parts.field(Field::Referrer),
        ("i", Some(header)) if header.eq_ignore_ascii_case("User-Agent") => parts.field(Field::Agent),
        ("i", Some(header)) if header.eq_ignore_ascii_case("Host") => parts.field(Field::Host),
        ("i", Some(header)) if header.eq_ignore_ascii_case("X-Forwarded-For") => parts.field(Field::Forwarded),
        ("e", Some("UNIQUE_ID")) | ("n", Some("UNIQUE_ID")) => parts.field(Field::RequestId),
        ("t", argument) => match time(argument.unwrap_or_default()) {
            Some(format) if argument.is_none() => {
                parts.text(b"[");
                parts.field(Field::Time(format));
                parts.text(b"]");
            }
            Some(format) => parts.field(Field::Time(format)),
            None => {
                return wrong(at, "this time cannot be written", "times are conversions of strftime, as in %{%F %T}t");
            }
        },
        ("l" | "f" | "R" | "i" | "o" | "e" | "n" | "x" | "c" | "C" | "^ti" | "^to", _) => parts.text(b"-"),
        _ => {
            return wrong(
                at,
                "this directive is not known",
                "known are those of mod_log_config and mod_logio, as %h %>s %O",
            );
        }
    }
    Ok(at)
}

/// The argument of `%{...}t` as a text of strftime; `None` where one of its conversions is not known.
fn time(argument: &str) -> Option<String> {
    // When the request began or ended is the same to us.
    let format = argument.strip_prefix("begin:").or_else(|| argument.strip_prefix("end:")).unwrap_or(argument);
    let format = match format {
        "" | "begin" | "end" => "%d/%b/%Y:%H:%M:%S %z".to_owned(),
        "sec" => "%s".to_owned(),
        "msec" => format!("%s{FRACTION}3"),
        "usec" => format!("%s{FRACTION}6"),
        "msec_frac" => format!("{FRACTION}3"),
        "usec_frac" => format!("{FRACTION}6"),
        format => format.to_owned(),
    };
    let sample = Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC);
    jiff::fmt::strtime::format(&format, &sample).is_ok().then_some(format)
}
