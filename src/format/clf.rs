//! Common and combined log format, with or without the virtual host before them: the careful parser.
//!
//! `client ident user [time] "request" status bytes` and, combined, ` "referrer" "agent"`. Text behind a complete record
//! is allowed (nginx and Apache are often told to add fields).
//!
//! The user may hold anything but an unescaped quote, so the time is looked for from the first unescaped quote
//! backwards, where its place is fixed; but Apache writes an empty user as two quotes. Sources: Apache `mod_log_config`
//! (formats `common`, `combined`, `vhost_combined`), nginx `ngx_http_log_module` (format `combined`).

use super::clf_fast::ClfFast;
use super::fast::Fast;
use super::framed::{self, Read};
use super::record::{Access, NONE, Parsed, Reason};
use super::{LineFormat, client, request, time, value};
use bumpalo::Bump;

/// How Apache writes an empty user (`log_remote_user` of `mod_log_config`).
pub(super) const EMPTY_USER: &[u8] = b"\"\"";

/// The common log format and its relatives.
#[derive(Clone, Debug)]
pub struct Clf {
    vhost: bool,
    combined: bool,
    heartbeat: Vec<u8>,
}

impl Clf {
    /// With a virtual host before the client or without, with referrer and agent (`combined`) or without; a request
    /// that is exactly `heartbeat` is a sign of life.
    pub fn new(vhost: bool, combined: bool, heartbeat: &[u8]) -> Clf {
        Clf { vhost, combined, heartbeat: heartbeat.to_vec() }
    }

    /// The request that is a sign of life.
    pub(super) fn heartbeat(&self) -> &[u8] {
        &self.heartbeat
    }

    /// One record and the text behind it.
    pub(super) fn record<'line>(&self, line: &'line [u8]) -> Read<'line> {
        let mut opening =
            unescaped_quote(line, 0).ok_or(if line.contains(&b'[') { Reason::Request } else { Reason::Cut })?;
        let is_empty_user = line[opening..].starts_with(b"\"\" [");
        if is_empty_user {
            opening = unescaped_quote(line, opening + 2).ok_or(Reason::Request)?;
        }
        let bracket = opening.checked_sub(29).ok_or(Reason::Time)?;
        if line[bracket] != b'[' || !line[..opening].ends_with(b"] ") {
            return Err(Reason::Time);
        }
        let time = time::clf(&line[bracket + 1..opening - 2]).ok_or(Reason::Time)?;
        let mut access = Access { time, ..Access::default() };
        self.head(&line[..bracket], &mut access)?;
        if is_empty_user {
            access.user = if access.user == EMPTY_USER { NONE } else { return Err(Reason::Time) };
        }
        let closing = unescaped_quote(line, opening + 1).ok_or(Reason::Quote)?;
        let request = &line[opening + 1..closing];
        if !request.is_empty() && request == self.heartbeat {
            return Ok((Parsed::Heartbeat(Some(time)), &[]));
        }
        let taken = request::take_apart(request);
        (access.method, access.target, access.protocol) = (taken.method, taken.target, taken.protocol);
        let rest = &line[closing + 1..];
        let rest = rest.strip_prefix(b" ").ok_or(if rest.is_empty() { Reason::Cut } else { Reason::Shape })?;
        let (status, rest) = token(rest);
        let &[hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = status else {
            return Err(if status.is_empty() { Reason::Cut } else { Reason::Status });
        };
        let digit = |byte: u8| u16::from(byte - b'0');
        access.status = digit(hundreds) * 100 + digit(tens) * 10 + digit(ones);
        let rest = rest.strip_prefix(b" ").ok_or(Reason::Cut)?;
        let (bytes, mut rest) = token(rest);
        access.bytes_sent = match bytes {
            b"-" => None,
            b"" => return Err(Reason::Cut),
            digits => Some(number(digits).ok_or(Reason::Bytes)?),
        };
        if self.combined {
            (access.referrer, rest) = quoted(rest)?;
            (access.agent, rest) = quoted(rest)?;
        }
        Ok((Parsed::Access(access, 0), rest))
    }

    /// Virtual host, client and user before the time: `[vhost ]client ident user `.
    fn head<'line>(&self, head: &'line [u8], access: &mut Access<'line>) -> Result<(), Reason> {
        let mut rest = head.strip_suffix(b" ").ok_or(Reason::Shape)?;
        if self.vhost {
            let (name, behind) = token(rest);
            access.vhost = value::before_port(name).ok_or(Reason::Client)?;
            rest = behind.strip_prefix(b" ").ok_or(Reason::Cut)?;
            // Without a port, `192.0.2.1 - John Smith` must not pass for a virtual host and a client.
            if access.vhost.len() == name.len() && rest.starts_with(b"- ") {
                return Err(Reason::Client);
            }
        }
        let (mut first, mut behind) = token(rest);
        if first.is_empty() {
            return Err(Reason::Client);
        }
        access.client = client::normalise(first);
        // A forwarded-for list goes on as long as its elements end with a comma.
        while first.ends_with(b",") {
            (first, behind) = token(behind.strip_prefix(b" ").ok_or(Reason::Client)?);
        }
        let (ident, behind) = token(behind.strip_prefix(b" ").ok_or(Reason::Cut)?);
        if ident.is_empty() {
            return Err(Reason::Shape);
        }
        access.user = value::or_none(behind.strip_prefix(b" ").ok_or(Reason::Cut)?);
        Ok(())
    }
}

impl LineFormat for Clf {
    fn name(&self) -> &str {
        match (self.vhost, self.combined) {
            (false, false) => "common",
            (false, true) => "combined",
            (true, false) => "vhost_common",
            (true, true) => "vhost_combined",
        }
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        framed::parse(line, scratch, |text| self.record(text))
    }

    fn fast(&self) -> Option<Fast> {
        Some(Fast::Clf(ClfFast::new(self.vhost, self.combined, &self.heartbeat)))
    }
}

/// `inner` with every `mark`, a quote and a byte before it, as a quote alone.
pub(super) fn without_marks<'line>(inner: &[u8], mark: &[u8; 2], scratch: &'line Bump) -> &'line [u8] {
    let text = scratch.alloc_slice_copy(inner);
    let (mut from, mut to) = (0, 0);
    while from < inner.len() {
        from += usize::from(inner[from..].starts_with(mark));
        text[to] = inner[from];
        (from, to) = (from + 1, to + 1);
    }
    &text[..to]
}

/// The position of the first `"` from `from` on with an even run of backslashes before it.
pub(super) fn unescaped_quote(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// A field ` "text"`, and what is behind it.
pub(super) fn quoted(rest: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let Some(text) = rest.strip_prefix(b" \"") else {
        return Err(if rest.is_empty() || rest == b" " { Reason::Cut } else { Reason::Shape });
    };
    let end = unescaped_quote(text, 0).ok_or(Reason::Quote)?;
    Ok((value::or_none(&text[..end]), &text[end + 1..]))
}

/// The text up to the next space, and the rest from that space on.
pub(super) fn token(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len()))
}

/// A number of digits alone that fits 64 bits.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    })
}

#[cfg(test)]
#[path = "clf_tests.rs"]
mod tests;
