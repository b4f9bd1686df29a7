//! Apache's `LogFormat`.
//!
//! A directive is `%`, then in any order statuses (`!200,304`), `<` or `>`, and an argument in braces, then a letter;
//! `%^` has two letters more. What is not known is looked over as one field, since modules add directives of their own.
//!
//! Source: Apache HTTP Server 2.4, `mod_log_config`, "Custom Log Formats", "Modifiers".

use super::part::{Meaning, Parts};
use super::{header, strftime};
use crate::text_error::TextError;

/// Adds the parts of a format string, which stands in `text` from `start` to `end`.
pub fn parse(text: &str, start: usize, end: usize, parts: &mut Parts) -> Result<(), TextError> {
    let mut at = start;
    while let Some(rest) = text.get(at..end).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('%') {
            at = directive(text, at, end, parts)?;
        } else if let Some((literal, length)) = super::escape(rest) {
            parts.literal(literal);
            at += length;
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            parts.literal(&rest.as_bytes()[..length]);
            at += length;
        }
    }
    Ok(())
}

/// Reads the directive at `start`; returns where it ends.
fn directive(text: &str, start: usize, end: usize, parts: &mut Parts) -> Result<usize, TextError> {
    let wrong = |to: usize, message: &str, help: &str| Err(TextError::new(text, start..to, message, help));
    let (mut at, mut argument, mut is_last) = (start + 1, None, false);
    loop {
        let rest = text.get(at..end).unwrap_or_default();
        let Some(c) = rest.chars().next() else {
            return wrong(at, "a directive is not complete", "a letter follows, as in %h; a percent sign itself is %%");
        };
        match c {
            '!' | ',' | '<' | '0'..='9' => at += 1,
            '>' => (at, is_last) = (at + 1, true),
            '{' => {
                let Some(length) = rest.find('}') else {
                    return wrong(end, "a brace is not closed", "an argument stands in braces, as in %{Referer}i");
                };
                argument = rest.get(1..length);
                at += length + 1;
            }
            _ => break,
        }
    }
    let rest = text.get(at..end).unwrap_or_default();
    let letters = match rest.strip_prefix('^') {
        Some(two) => two.chars().take(2).map(char::len_utf8).sum::<usize>() + 1,
        None => rest.chars().next().map_or(0, char::len_utf8),
    };
    let name = rest.get(..letters).unwrap_or_default();
    at += letters;
    match name {
        "%" => parts.literal(b"%"),
        "t" => {
            let told = strftime::parse(argument.unwrap_or_default(), &(start..at), parts);
            if let Err(message) = told {
                return wrong(
                    at,
                    &message,
                    "times are written with the conversions of strftime, as in %{%Y-%m-%d %T}t",
                );
            }
        }
        _ if name.bytes().any(|byte| !byte.is_ascii_alphabetic() && byte != b'^') => {
            return wrong(at, "this is no directive", "a letter follows, as in %h; a percent sign itself is %%");
        }
        _ => {
            let (meaning, rank) = meaning(name, argument, is_last);
            parts.field(meaning, rank, start..at);
        }
    }
    Ok(at)
}

/// What a directive says, and its rank. `is_last` is `%>`: of a request that was redirected inside the server, what became
/// of it in the end.
fn meaning(name: &str, argument: Option<&str>, is_last: bool) -> (Meaning, u8) {
    match (name, argument) {
        // `%{c}a` is the other end of the connection, which may be a proxy.
        ("a", Some("c")) => (Meaning::Client, 1),
        ("a" | "h", _) => (Meaning::Client, 0),
        ("l", _) => (Meaning::Ident, 0),
        ("u", _) => (Meaning::User, 0),
        ("v", _) => (Meaning::Vhost, 0),
        ("V", _) => (Meaning::Vhost, 2),
        ("p", _) => (Meaning::Port, 0),
        ("r", _) => (Meaning::Request, 0),
        ("m", _) => (Meaning::Method, 0),
        ("U", _) => (Meaning::Path, 0),
        ("q", _) => (Meaning::Query, 0),
        ("H", _) => (Meaning::Protocol, 0),
        ("s", _) => (Meaning::Status, u8::from(!is_last)),
        ("b" | "B", _) => (Meaning::BytesSent, 0),
        ("O", _) => (Meaning::BytesSent, 1),
        ("I", _) => (Meaning::BytesRead, 0),
        ("D", _) | ("T", Some("us")) => (Meaning::Latency(0), 0),
        ("T", Some("ms")) => (Meaning::Latency(3), 1),
        ("T", _) => (Meaning::Latency(6), 2),
        ("i", Some(name)) => header(name),
        _ => (Meaning::Unknown, 0),
    }
}
