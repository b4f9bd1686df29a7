//! What may stand around a record on its line: one more pair of quotes, and further records glued on by lost newlines.

use super::clf::without_marks;
use super::record::{Parsed, Reason};
use bumpalo::Bump;

/// A record at the start of a text, and what is behind it.
pub type Read<'line> = Result<(Parsed<'line>, &'line [u8]), Reason>;

/// Parses a whole line with `record`, which reads one record from the start of a text.
#[inline(always)]
pub fn parse<'line>(
    line: &'line [u8],
    scratch: &'line Bump,
    record: impl Fn(&'line [u8]) -> Read<'line>,
) -> Parsed<'line> {
    match record(line) {
        Ok((parsed, [])) => parsed,
        Ok((parsed, rest)) => parsed.with_glued(glued(rest, &record)),
        Err(reason) => match wrapped(line, scratch, &record) {
            Some((parsed, rest)) => parsed.with_glued(glued(rest, &record)),
            None => Parsed::Malformed(reason),
        },
    }
}

/// The record of a line that is wrapped in one more pair of quotes, its own quotes as they are, doubled (CSV) or
/// escaped.
fn wrapped<'line>(
    line: &'line [u8],
    scratch: &'line Bump,
    record: &impl Fn(&'line [u8]) -> Read<'line>,
) -> Option<(Parsed<'line>, &'line [u8])> {
    let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    record(inner)
        .or_else(|_| record(without_marks(inner, b"\"\"", scratch)))
        .or_else(|_| record(without_marks(inner, b"\\\"", scratch)))
        .ok()
}

/// How many complete records stand one behind the other in the text behind a record.
#[cold]
fn glued<'line>(mut rest: &'line [u8], record: &impl Fn(&'line [u8]) -> Read<'line>) -> u32 {
    let mut glued = 0;
    while !rest.is_empty() {
        match record(rest.strip_prefix(b" ").unwrap_or(rest)) {
            Ok((_, behind)) => (glued, rest) = (glued + 1, behind),
            Err(_) => break,
        }
    }
    glued
}
