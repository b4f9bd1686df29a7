//! Syslog around any other format: the header is taken off and the message is given to the inner format.
//!
//! ```text
//! <190>Oct 21 04:01:45 web1 nginx: 192.0.2.1 - - [21/Oct/2025:04:01:45 +0000] "GET / HTTP/1.1" 200 5 "-" "-"   RFC 3164
//! Oct 21 04:01:45 web1 nginx[12]: ...                                                    as syslog daemons write it
//! 2025-10-21T04:01:45.123+02:00 web1 nginx[12]: ...                                      the same with a whole time
//! <190>1 2025-10-21T04:01:45.123Z web1 nginx 12 - [meta seq="7"] ...                     RFC 5424
//! ```
//!
//! In the older header the host or the tag may be missing (HAProxy sends no host); without `<PRI>` and with a whole time
//! the tag must be there, or other logs that begin with a time would pass for syslog.
//!
//! The inner line's own time counts. Where it has none, that of the header is taken; but the time
//! of RFC 3164 names no year, so that it is checked and then of no use.
//!
//! Sources: RFC 3164, 4.1; RFC 5424, 6.

use super::clf::token;
use super::fast::Fast;
use super::record::{Access, ErrorEntry, Parsed, Reason, Time};
use super::{LineFormat, decimal, moment, time};
use bumpalo::Bump;
use std::sync::Arc;

/// A line for `visor-fast formats`.
pub const EXAMPLE: &str = concat!(
    "<190>Oct 10 13:55:36 web1 nginx: 192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] ",
    "\"GET /a HTTP/1.1\" 200 2326 \"https://example.org/\" \"curl/8.5.0\""
);

/// Another format behind a syslog header.
#[derive(Clone, Debug)]
pub struct Syslog {
    name: String,
    heartbeat: Vec<u8>,
    inner: Arc<dyn LineFormat>,
}

impl Syslog {
    /// `syslog:` and the name of `inner`; a message that is exactly `heartbeat` is a sign of life.
    pub fn new(inner: Arc<dyn LineFormat>, heartbeat: &[u8]) -> Syslog {
        Syslog { name: format!("syslog:{}", inner.name()), heartbeat: heartbeat.to_vec(), inner }
    }
}

impl LineFormat for Syslog {
    fn name(&self) -> &str {
        &self.name
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        let Some(Header { time, message }) = header(line) else { return Parsed::Malformed(Reason::Shape) };
        if message.trim_ascii().is_empty() {
            return Parsed::Malformed(Reason::Cut);
        }
        if message == self.heartbeat {
            return Parsed::Heartbeat(time);
        }
        match self.inner.parse(message, scratch) {
            Parsed::Untimed(access, glued) => match time {
                Some(time) => Parsed::Access(Access { time, ..access }, glued),
                None => Parsed::Untimed(access, glued),
            },
            Parsed::Error(entry) => Parsed::Error(ErrorEntry { time: entry.time.or(time), ..entry }),
            Parsed::Heartbeat(own) => Parsed::Heartbeat(own.or(time)),
            parsed => parsed,
        }
    }

    fn fast(&self) -> Option<Fast> {
        // A regular line has quotes, so that it is not the heartbeat where that has none.
        let inner = self.inner.fast().filter(|_| !self.heartbeat.contains(&b'"'))?;
        Some(Fast::Syslog(Box::new(inner)))
    }
}

/// The message of a line that has a syslog header.
pub fn message(line: &[u8]) -> Option<&[u8]> {
    header(line).map(|header| header.message)
}

/// What a header says, and what it stands before.
struct Header<'line> {
    /// When; `None` where it names no year.
    time: Option<Time>,
    message: &'line [u8],
}

fn header(line: &[u8]) -> Option<Header<'_>> {
    match line.strip_prefix(b"<") {
        None => rfc_3164(line, false),
        Some(rest) => {
            let rest = behind_priority(rest)?;
            match rest.strip_prefix(b"1 ") {
                Some(rest) => rfc_5424(rest),
                None => rfc_3164(rest, true),
            }
        }
    }
}

/// The text behind the number 0 to 191 and `>` of a priority.
fn behind_priority(text: &[u8]) -> Option<&[u8]> {
    let (digits, behind) = text.split_at_checked(memchr::memchr(b'>', text.get(..4).unwrap_or(text))?)?;
    (decimal::integer(digits)? <= 191).then(|| behind.get(1..))?
}

/// `TIME [HOST] [TAG:] message`.
fn rfc_3164(line: &[u8], has_priority: bool) -> Option<Header<'_>> {
    let (time, rest) = match yearless(line) {
        Some(rest) => (None, rest),
        None => {
            let (text, rest) = token(line);
            (Some(moment::iso(text).filter(|_| text.contains(&b'T'))?), rest.strip_prefix(b" ")?)
        }
    };
    let (first, behind_first) = word(rest)?;
    if is_tag(first) {
        return Some(Header { time, message: behind_first });
    }
    match word(behind_first) {
        Some((second, behind_second)) if is_tag(second) => Some(Header { time, message: behind_second }),
        _ if has_priority || time.is_none() => Some(Header { time, message: behind_first }),
        _ => None,
    }
}

/// The text behind `Oct 21 04:01:45 `; the day may be `1`, ` 1` or `01`.
fn yearless(line: &[u8]) -> Option<&[u8]> {
    let (month, rest) = line.split_at_checked(4)?;
    time::month(month.strip_suffix(b" ")?)?;
    let (day, rest) = word(rest.strip_prefix(b" ").unwrap_or(rest))?;
    if day.len() > 2 || !(1..=31).contains(&time::number(day)?) {
        return None;
    }
    let (clock, rest) = word(rest)?;
    time::clock(clock).map(|_| rest)
}

/// `nginx:` or `haproxy[7]:`. The address `2001:db8::` of a client is none, nor is the first key of a JSON object.
fn is_tag(text: &[u8]) -> bool {
    let is_of_names = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:[]()@#~".contains(byte);
    text.len() > 1 && text.ends_with(b":") && !text.ends_with(b"::") && text.iter().all(is_of_names)
}

/// `TIME HOST APP PROCESS MESSAGE-ID STRUCTURED-DATA [message]`, behind priority and version.
fn rfc_5424(line: &[u8]) -> Option<Header<'_>> {
    let (time, mut rest) = word(line)?;
    let time = if time == b"-" { None } else { Some(moment::iso(time)?) };
    for _ in 0..4 {
        rest = word(rest)?.1;
    }
    let rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => behind_elements(rest)?,
    };
    let message = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    Some(Header { time, message: message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message) })
}

/// The text behind one or more elements `[id name="value" ...]`; in values a backslash escapes.
fn behind_elements(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    while let Some(element) = rest.strip_prefix(b"[") {
        let (mut at, mut is_value) = (0, false);
        loop {
            match element.get(at)? {
                b'\\' if is_value => at += 1,
                b'"' => is_value = !is_value,
                b']' if !is_value => break,
                _ => {}
            }
            at += 1;
        }
        rest = element.get(at + 1..)?;
    }
    (rest.len() < text.len()).then_some(rest)
}

/// The text up to a space, not empty, and the text behind that space.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, behind) = token(text);
    if word.is_empty() {
        return None;
    }
    Some((word, behind.strip_prefix(b" ").unwrap_or(behind)))
}

#[cfg(test)]
#[path = "syslog_tests.rs"]
mod tests;
