//! How the end of a field is found.

use super::part::Piece;
use crate::format::clf::{EMPTY_USER, unescaped_quote};
use crate::format::record::Reason;

/// Bytes of the time of the common log format.
pub const CLF_TIME_BYTES: usize = 26;

/// How the end of a field is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// At the first quote that is not escaped.
    Quoted,
    /// At this byte, or at the end of the line where the flag is set.
    Word(u8),
    /// The same; what is in brackets at its start belongs to it.
    Host(u8),
    /// The same; goes on behind a comma and a space.
    Client(u8),
    /// Values with `, ` and ` : ` between them, up to this byte.
    List(u8),
    /// Where the text behind it stands and the next field can begin.
    Text,
    /// At the end of the line.
    Rest,
    /// Behind 26 bytes.
    ClfTime,
    /// Where the piece of a time ends.
    Piece(Piece),
}

/// What the start of the next field must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Anything.
    Any,
    /// `10/Oct/2000:13:55:36 -0700`.
    ClfTime,
    /// A digit.
    Digit,
    /// A digit, or a dash for none.
    Number,
    /// `HTTP/`, or a dash for none.
    Protocol,
}

impl Start {
    /// Whether `text` can be the start of such a field, behind which `until` stands.
    #[inline]
    pub fn is_at(self, text: &[u8], until: &[u8]) -> bool {
        match self {
            Start::Any => true,
            Start::ClfTime => {
                matches!(text, [_, _, b'/', _, _, _, b'/', _, _, _, _, b':', ..])
                    && text.get(CLF_TIME_BYTES..).is_some_and(|behind| behind.starts_with(until))
            }
            Start::Digit => text.first().is_some_and(u8::is_ascii_digit),
            Start::Number => text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-'),
            Start::Protocol => text.starts_with(b"HTTP/") || text.starts_with(b"-"),
        }
    }

    /// Why a line does not fit in which no such field follows.
    fn reason(self) -> Reason {
        match self {
            Start::ClfTime => Reason::Time,
            Start::Any | Start::Digit | Start::Number | Start::Protocol => Reason::Shape,
        }
    }
}

/// The length of a word that ends at `end` or with the line. Outside quotes a quote is escaped where `has_escapes`.
#[inline]
pub fn word(text: &[u8], end: u8, has_escapes: bool) -> Result<usize, Reason> {
    for (at, &byte) in text.iter().enumerate() {
        if byte == end {
            return Ok(at);
        }
        if byte == b'"' && has_escapes && !is_escaped(text, at) {
            return Err(Reason::Shape);
        }
    }
    Ok(text.len())
}

/// The length of a host; an IPv6 address in brackets is one whatever it holds.
#[inline]
pub fn host(text: &[u8], end: u8, has_escapes: bool) -> Result<usize, Reason> {
    let from = match text.first() {
        Some(b'[') => memchr::memchr3(b']', b' ', b'"', text).filter(|at| text.get(*at) == Some(&b']')).unwrap_or(0),
        _ => 0,
    };
    Ok(from + word(text.get(from..).unwrap_or_default(), end, has_escapes)?)
}

/// The length of a client, or of a list of them.
#[inline]
pub fn client(text: &[u8], end: u8, has_escapes: bool) -> Result<usize, Reason> {
    let mut length = host(text, end, has_escapes)?;
    while length > 0 && text.get(length - 1) == Some(&b',') && text.get(length) == Some(&b' ') {
        let next = text.get(length + 1..).unwrap_or_default();
        length += 1 + host(next, end, has_escapes)?;
    }
    Ok(length)
}

/// The length of a list.
pub fn list(text: &[u8], end: u8) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest {
            [b',', b' ', ..] => 2,
            [b' ', b':', b' ', ..] => 3,
            [byte, ..] if *byte == end || *byte == b' ' => break,
            _ => 1,
        };
    }
    at
}

/// The length of a text behind which `until` stands, and behind that something that starts a field: `next`.
#[inline]
pub fn text(
    text: &[u8],
    until: &[u8],
    has_escapes: bool,
    next: impl Fn(&[u8]) -> bool,
    start: Start,
) -> Result<usize, Reason> {
    let Some(&first) = until.first() else { return Ok(text.len()) };
    let mut is_near = false;
    if has_escapes
        && let Some(behind) = text.strip_prefix(EMPTY_USER).and_then(|behind| behind.strip_prefix(until))
        && next(behind)
    {
        return Ok(EMPTY_USER.len());
    }
    for (at, &byte) in text.iter().enumerate() {
        if byte == first
            && !(byte == b'"' && has_escapes && is_escaped(text, at))
            && let Some(behind) = text.get(at..).and_then(|rest| rest.strip_prefix(until))
        {
            is_near = true;
            if next(behind) {
                return Ok(at);
            }
        }
        if byte == b'"' && has_escapes && !is_escaped(text, at) {
            break;
        }
    }
    Err(if is_near { start.reason() } else { Reason::Cut })
}

/// The length of a quoted text; its opening quote was read.
#[inline]
pub fn quoted(text: &[u8]) -> Result<usize, Reason> {
    unescaped_quote(text, 0).ok_or(Reason::Quote)
}

/// Whether an odd number of backslashes stands before `at`.
#[cold]
fn is_escaped(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}
