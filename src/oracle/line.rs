//! A line of an access log, by regular expression.

use super::Options;
use regex::bytes::{Captures, Regex};
use std::sync::LazyLock;

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing.
    Blank,
    /// A sign of life.
    Heartbeat,
    /// A request, and how many more stand behind it on the line.
    Record(Box<Record>, u64),
    /// None of these.
    Malformed,
}

/// A request. Texts that are not there are `-`.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Record {
    pub client: Vec<u8>,
    pub user: Vec<u8>,
    pub wall_seconds: i64,
    pub offset_seconds: i64,
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub protocol: Vec<u8>,
    pub status: u16,
    pub bytes: Option<u64>,
    pub referrer: Vec<u8>,
    pub agent: Vec<u8>,
}

/// A quoted text: anything but a quote, or a backslash and whatever follows it.
const QUOTED: &str = r#"((?:[^"\\]|\\.)*)"#;

/// What stands before the request.
fn head() -> String {
    // A character of a word: no space, no quote but an escaped one.
    let c = r#"(?:[^ "\\]|\\[^ ])"#;
    let word = format!(r"(?:{c}+\\?|\\)");
    // Words that end with a comma go on with the next.
    let client = format!(r#"(?:{c}*\\?, )*(?:{c}*(?:[^ ",\\]|\\[^ ,])\\?|\\)"#);
    let time = r"\[(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]";
    // A user is quoted only where it is empty; a backslash before the space behind it is the user's.
    let user = r#"(""|(?:[^"\\]|\\.)*\\?)"#;
    format!(r#"(?s-u)^({client}) ({word}) {user} {time} "#)
}

fn pattern(combined: bool) -> Regex {
    let tail = if combined { format!(r#" "{QUOTED}" "{QUOTED}""#) } else { r"(?: |$)".to_string() };
    let whole = format!(r#"{}"{QUOTED}" (\d\d\d) (\d+|-){tail}"#, head());
    Regex::new(&whole).expect("the pattern is right")
}

static HEARTBEAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("{}\"HEARTBEAT\"", head())).expect("the pattern is right"));

static COMMON: LazyLock<Regex> = LazyLock::new(|| pattern(false));
static COMBINED: LazyLock<Regex> = LazyLock::new(|| pattern(true));
static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    let token = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    Regex::new(&format!(r"(?s-u)^({token}) (.+) (HTTP/\d+(?:\.\d+)?)$|^({token}) (/[^ ]*)$")).expect("it is right")
});

/// What a line is, given without its ending.
pub fn parse(line: &[u8], options: &Options) -> Kind {
    let nuls = line.iter().take_while(|byte| **byte == 0).count();
    let line = &line[nuls..];
    if line.len() > options.max_line_bytes {
        return Kind::Malformed;
    }
    if line.iter().all(|byte| *byte == b' ' || *byte == b'\t') {
        return Kind::Blank;
    }
    if let Some(kind) = plain(line, options) {
        return kind;
    }
    // One more pair of quotes around it all, those inside as they are, doubled, or escaped.
    let inner = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
    let unquoted = |inner: &[u8], mark: &[u8]| {
        let text = inner.iter().map(|byte| char::from(*byte)).collect::<String>();
        let mark = mark.iter().map(|byte| char::from(*byte)).collect::<String>();
        text.replace(&mark, "\"").chars().map(|c| c as u8).collect::<Vec<u8>>()
    };
    inner
        .and_then(|inner| {
            plain(inner, options)
                .or_else(|| plain(&unquoted(inner, b"\"\""), options))
                .or_else(|| plain(&unquoted(inner, b"\\\""), options))
        })
        .unwrap_or(Kind::Malformed)
}

fn plain(line: &[u8], options: &Options) -> Option<Kind> {
    let (record, heartbeat, mut rest) = one(line, options)?;
    if heartbeat {
        return Some(Kind::Heartbeat);
    }
    let mut glued = 0;
    while let Some((_, _, behind)) = one(rest.strip_prefix(b" ").unwrap_or(rest), options) {
        (glued, rest) = (glued + 1, behind);
    }
    Some(Kind::Record(Box::new(record), glued))
}

/// A record, whether it is a heartbeat, and what stands behind it.
fn one<'line>(line: &'line [u8], options: &Options) -> Option<(Record, bool, &'line [u8])> {
    // A sign of life is one whatever follows.
    if let Some(found) = HEARTBEAT.captures(line) {
        return wall_seconds(&found).zip(offset_seconds(&found)).map(|_| (Record::default(), true, &[][..]));
    }
    let pattern = if options.combined { &COMBINED } else { &COMMON };
    let found = pattern.captures(line)?;
    let text = |group: usize| found.get(group).map_or(&b""[..], |text| text.as_bytes());
    let request = text(13);
    let mut record = Record {
        client: client(text(1)),
        user: or_none(if text(3) == b"\"\"" { b"" } else { text(3) }),
        wall_seconds: wall_seconds(&found)?,
        offset_seconds: offset_seconds(&found)?,
        method: b"-".to_vec(),
        target: b"-".to_vec(),
        protocol: b"-".to_vec(),
        status: number(text(14))?.try_into().ok()?,
        bytes: if text(15) == b"-" { None } else { Some(number(text(15))?) },
        referrer: or_none(text(16)),
        agent: or_none(text(17)),
    };
    if let Some(parts) = REQUEST.captures(request) {
        let part = |group: usize| parts.get(group).map(|part| part.as_bytes().to_vec());
        record.method = part(1).or(part(4))?;
        record.target = part(2).or(part(5))?;
        record.protocol = part(3).unwrap_or_else(|| b"HTTP/0.9".to_vec());
    }
    let whole = found.get(0)?.end();
    // Of a common line the space behind it belongs to what follows.
    let end = if options.combined || whole == line.len() { whole } else { whole - 1 };
    Some((record, false, &line[end..]))
}

fn or_none(text: &[u8]) -> Vec<u8> {
    if text.is_empty() { b"-".to_vec() } else { text.to_vec() }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn client(text: &[u8]) -> Vec<u8> {
    static V4: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$").expect("it is right"));
    static V6: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?s-u)^\[([^\]]*)\](?::\d{1,5})?$").expect("it is right"));
    let first = text.split(|byte| *byte == b',').next().unwrap_or(text).trim_ascii();
    let bare = V4.captures(first).or_else(|| V6.captures(first));
    or_none(bare.and_then(|bare| bare.get(1).map(|inner| inner.as_bytes())).unwrap_or(first))
}

fn wall_seconds(found: &Captures<'_>) -> Option<i64> {
    let text = |group: usize| found.get(group).map_or(&b""[..], |text| text.as_bytes());
    let part = |group: usize| number(text(group)).and_then(|number| i8::try_from(number).ok());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| month.as_bytes() == text(5))? as i8 + 1;
    let date = jiff::civil::Date::new(number(text(6))?.try_into().ok()?, month, part(4)?).ok()?;
    let (hour, minute, second) = (part(7)?, part(8)?, part(9)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let midnight = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second();
    Some(midnight + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
}

fn offset_seconds(found: &Captures<'_>) -> Option<i64> {
    let part = |group: usize| number(found.get(group)?.as_bytes()).map(|number| number as i64);
    let (hours, minutes) = (part(11)?, part(12)?);
    let sign = if found.get(10)?.as_bytes() == b"-" { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}
