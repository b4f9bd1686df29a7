//! Common and combined lines, read by GoAccess's own format strings.
//!
//! A format string is walked beside the line. A character of it that belongs to no field passes over one character of
//! the line, *whichever that is*; a field takes the text up to the next unescaped occurrence of the one character behind
//! its name, and trims it. So some lines pass here that are damaged, and some fail that are not; that is the point. A
//! line that ends early is complete where it ends before a character to pass over, and damaged within a field, but for
//! referrer and agent, which then are not there.

use super::{is_address, request, status, text};
use crate::format::LineFormat;
use crate::format::record::{Access, NONE, Parsed, Reason, Time};
use crate::format::time;
use bumpalo::Bump;

/// The predefined formats, as GoAccess's manual gives them, by the names they have here. In them stands `%e`, the user,
/// for the first `%^`, "skip": what GoAccess passes over on its way to the time is ident and user.
const FORMATS: [(&str, &str); 4] = [
    ("combined", "%h %e[%d:%t %z] \"%r\" %s %b \"%R\" \"%u\""),
    ("vhost_combined", "%v:%^ %h %e[%d:%t %z] \"%r\" %s %b \"%R\" \"%u\""),
    ("common", "%h %e[%d:%t %z] \"%r\" %s %b"),
    ("vhost_common", "%v:%^ %h %e[%d:%t %z] \"%r\" %s %b"),
];

/// One step along a format string.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// Passes over one character.
    Any,
    /// Takes the field of this name, up to this character or to the end.
    Field(u8, Option<u8>),
}

/// A format string, taken apart.
#[derive(Debug)]
pub struct Pattern {
    name: &'static str,
    steps: Vec<Step>,
}

impl Pattern {
    /// GoAccess's pattern for a format, where it has one.
    pub fn of(name: &str) -> Option<Pattern> {
        let &(name, text) = FORMATS.iter().find(|(known, _)| *known == name)?;
        let mut steps = Vec::new();
        let mut rest = text.bytes().peekable();
        while let Some(byte) = rest.next() {
            let field = if byte == b'%' { rest.next() } else { None };
            steps.push(field.map_or(Step::Any, |field| Step::Field(field, rest.peek().copied())));
        }
        Some(Pattern { name, steps })
    }

    /// What a line says. Of a status there must be one, and the date must be one of the calendar: the two points in
    /// which GoAccess is not followed.
    fn record<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Result<Access<'line>, Reason> {
        let mut rest = Rest::new(line);
        let mut access = Access { referrer: b"", agent: b"", bytes_sent: Some(0), ..Access::default() };
        let (mut midnight, mut seconds) = (None, None);
        let (mut has_client, mut has_request, mut has_status) = (false, false, false);
        for step in &self.steps {
            match rest.next() {
                None => return Err(Reason::Cut),
                Some(b'\n') => break,
                Some(_) => {}
            }
            let &Step::Field(field, end) = step else {
                rest.pass(1);
                continue;
            };
            match field {
                b'^' => {
                    rest.skip(end);
                }
                b'v' => access.vhost = rest.take(end).ok_or(Reason::Client)?,
                b'h' => {
                    let bracket = rest.next() == Some(b'[');
                    rest.pass(usize::from(bracket));
                    let end = if bracket { Some(b']') } else { end };
                    access.client = rest.take(end).filter(|text| is_address(text)).ok_or(Reason::Client)?;
                    has_client = true;
                }
                b'e' => access.user = user(rest.skip(end)),
                b'd' => midnight = Some(rest.take(end).and_then(date).ok_or(Reason::Time)?),
                b't' => seconds = Some(rest.take(end).and_then(clock).ok_or(Reason::Time)?),
                b'z' => access.time.offset_seconds = time::offset(rest.skip(end)).unwrap_or(0),
                b'r' => {
                    let line = rest.take(end).ok_or(Reason::Request)?;
                    [access.method, access.target, access.protocol] = request::take_apart(line, scratch);
                    has_request = true;
                }
                b's' => {
                    access.status = rest.take(end).and_then(status::parse).ok_or(Reason::Status)?;
                    has_status = true;
                }
                b'b' => access.bytes_sent = Some(size(rest.take(end).ok_or(Reason::Bytes)?)),
                b'R' => {
                    let written = rest.take(end).filter(|text| !text.is_empty()).unwrap_or(NONE);
                    access.referrer = text::referrer(written);
                }
                _ => access.agent = rest.take(end).map_or(&b""[..], |agent| text::decoded(agent, scratch)),
            }
        }
        let (Some(midnight), Some(seconds)) = (midnight, seconds) else { return Err(Reason::Time) };
        match (has_client, has_request, has_status) {
            (false, ..) => Err(Reason::Client),
            (_, false, _) => Err(Reason::Request),
            (.., false) => Err(Reason::Cut),
            _ => Ok(Access { time: Time { wall_seconds: midnight + seconds, ..access.time }, ..access }),
        }
    }
}

impl LineFormat for Pattern {
    fn name(&self) -> &str {
        self.name
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        if line.first() == Some(&b'#') {
            return Parsed::Directive;
        }
        match self.record(line, scratch) {
            Ok(access) => Parsed::Access(access, 0),
            Err(reason) => Parsed::Malformed(reason),
        }
    }
}

/// What is left of a line, as a C string: up to its first NUL, or with the newline that ends it.
struct Rest<'line> {
    text: &'line [u8],
    at: usize,
    has_newline: bool,
}

impl<'line> Rest<'line> {
    fn new(line: &'line [u8]) -> Rest<'line> {
        let nul = memchr::memchr(0, line);
        Rest { text: &line[..nul.unwrap_or(line.len())], at: 0, has_newline: nul.is_none() }
    }

    /// The next character; `None` at the end.
    fn next(&self) -> Option<u8> {
        let newline = (self.has_newline && self.at == self.text.len()).then_some(b'\n');
        self.text.get(self.at).copied().or(newline)
    }

    fn pass(&mut self, count: usize) {
        self.at += count;
    }

    fn left(&self) -> &'line [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over what stands before the next `end`, if there is one; returns it.
    fn skip(&mut self, end: Option<u8>) -> &'line [u8] {
        let left = self.left();
        let length = end.and_then(|end| memchr::memchr(end, left)).unwrap_or(0);
        self.pass(length);
        &left[..length]
    }

    /// Takes the text before the next `end` that no backslash escapes, trimmed. Where all are escaped it is all that is
    /// left, and `None` where there is none.
    fn take(&mut self, end: Option<u8>) -> Option<&'line [u8]> {
        let left = self.left();
        let length = end.map_or(Some(left.len()), |end| until(left, end))?;
        self.pass(length + usize::from(length == left.len() && self.has_newline));
        Some(text::trimmed(&left[..length]))
    }
}

/// Bytes before the first `end` that no backslash escapes; all, where there are only escaped ones.
fn until(text: &[u8], end: u8) -> Option<usize> {
    let first = memchr::memchr(end, text)?;
    if memchr::memchr(b'\\', &text[..first]).is_none() {
        return Some(first);
    }
    let mut at = 0;
    while let Some(found) = memchr::memchr2(end, b'\\', text.get(at..).unwrap_or_default()) {
        if text[at + found] == end {
            return Some(at + found);
        }
        at += found + 2;
    }
    Some(text.len())
}

/// The user in `ident user `, as `%^ %e` before the bracket takes it: what stands behind the first space, be it nothing.
fn user(text: &[u8]) -> &[u8] {
    memchr::memchr(b' ', text).map_or(NONE, |space| text::trimmed(&text[space..]))
}

/// The second at which a day `10/Oct/2025` begins: `strptime` with `%d/%b/%Y`, to which months may be written out and
/// numbers be short.
fn date(text: &[u8]) -> Option<i64> {
    const LONG: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut parts = text.split(|byte| *byte == b'/');
    let (day, month, year) = (number(parts.next()?, 2)?, parts.next()?, number(parts.next()?, 4)?);
    let is_month = |name: &str| [&name[..3], name].iter().any(|name| name.as_bytes().eq_ignore_ascii_case(month));
    let month = LONG.into_iter().position(is_month)? as u32 + 1;
    let days = time::days(year, month, day)?;
    parts.next().is_none().then_some(days * 86_400)
}

/// The second of the day of `13:55:36`. Seconds 60 and 61 stay in their minute, so that hour and day are as written.
fn clock(text: &[u8]) -> Option<i64> {
    let mut parts = text.split(|byte| *byte == b':');
    let mut next = |most| number(parts.next()?, 2).filter(|value| *value <= most);
    let (hour, minute, second) = (next(23)?, next(59)?, next(61)?);
    parts.next().is_none().then_some(i64::from(hour * 3600 + minute * 60 + second.min(59)))
}

/// A number of a time: blanks, then at most so many digits.
fn number(text: &[u8], digits: usize) -> Option<u32> {
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    let text = &text[blanks..];
    (text.len() <= digits).then(|| time::number(text)).flatten()
}

/// A size: digits, a plus before them or not; anything else, and what is beyond 64 bits, is 0.
fn size(text: &[u8]) -> u64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
