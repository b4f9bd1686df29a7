//! Apache's error log: 2.0, 2.2 and 2.4 in one format, `apache-error`.
//!
//! ```text
//! [Sun Dec 04 04:47:44 2005] [error] [client 192.0.2.7] message                                        2.0, 2.2
//! [Wed Oct 11 14:32:52.123456 2023] [core:error] [pid 12:tid 34] [client 192.0.2.7:5678] AH00035: ...  2.4
//! ```
//!
//! Client, process and thread may be missing, and the module may be empty or `-`. What else stands in front of the text
//! stays in the message: `[remote 192.0.2.9:80]`, the system's error `(13)Permission denied: `, the place
//! `mod_proxy.c(123): `; so does `, referer: ...` behind it. Apache 2.4 writes the latter two before the client, which
//! is taken from there, and the message is then the whole from the error or the place on.
//!
//! Apache 2.4 writes an IPv6 client as `[client 2001:db8::1:5678]`, address and port without brackets. The port is
//! always there (`log_remote_address` in its `server/log.c`), so in lines with a module it is cut off.
//!
//! A level is written in lower case: `[ERROR]` is Visor's ([`super::error_visor`]), and so no line fits both formats.
//! A line that does not start with `[`, such as one of a stack trace or of a script's own output, does not fit.
//!
//! Source: Apache HTTP Server, `ErrorLogFormat` in the documentation of its core features.

use super::record::{ErrorEntry, Level, NONE, Parsed, Reason};
use super::{LineFormat, client, time};
use bumpalo::Bump;

/// A line of 2.4 for `visor-fast formats`.
pub const EXAMPLE: &str = "[Wed Oct 11 14:32:52.123456 2023] [core:error] [pid 12:tid 34] [client 192.0.2.7:5678] \
                           AH00035: access to /icons/ denied, referer: http://example.com/";

/// Apache's error log.
#[derive(Clone, Debug)]
pub struct ApacheError {
    heartbeat: Vec<u8>,
}

impl ApacheError {
    /// A line whose message is exactly `heartbeat` is a heartbeat.
    pub fn new(heartbeat: &[u8]) -> ApacheError {
        ApacheError { heartbeat: heartbeat.to_vec() }
    }

    fn read<'line>(&self, line: &'line [u8]) -> Result<Parsed<'line>, Reason> {
        let (time, rest) = bracketed(line)?;
        let time = time::apache_error(time).ok_or(Reason::Time)?;
        let (level, mut message) = bracketed(after_space(rest)?)?;
        let (module, level) = match memchr::memchr(b':', level) {
            Some(colon) => (level.get(..colon), level.get(colon + 1..).unwrap_or_default()),
            None => (None, level),
        };
        if level.iter().any(u8::is_ascii_uppercase) {
            return Err(Reason::Level);
        }
        let level = Level::parse(level).ok_or(Reason::Level)?;

        message = after_space(message)?;
        if message.starts_with(b"[pid ") {
            message = skip_space(bracketed(message)?.1);
        }
        let mut client = NONE;
        if message.starts_with(b"[client ") {
            let (field, rest) = bracketed(message)?;
            (client, message) = (client_of(field, module.is_some()), skip_space(rest));
        } else if let Some(field) = prefixed_client(message) {
            client = client_of(field, module.is_some());
        }
        if message == self.heartbeat {
            return Ok(Parsed::Heartbeat(Some(time)));
        }
        let module = or_none(module.unwrap_or_default());
        Ok(Parsed::Error(ErrorEntry { time: Some(time), level, module, client, message: or_none(message) }))
    }
}

impl LineFormat for ApacheError {
    fn name(&self) -> &str {
        "apache-error"
    }

    fn parse<'line>(&self, line: &'line [u8], _: &'line Bump) -> Parsed<'line> {
        self.read(line).unwrap_or_else(Parsed::Malformed)
    }
}

/// The text in the brackets that `text` starts with, and what is behind them.
pub(super) fn bracketed(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let inside = text.strip_prefix(b"[").ok_or(if text.is_empty() { Reason::Cut } else { Reason::Shape })?;
    let end = memchr::memchr(b']', inside).ok_or(Reason::Cut)?;
    let (field, behind) = inside.split_at_checked(end).ok_or(Reason::Cut)?;
    Ok((field, behind.get(1..).unwrap_or_default()))
}

/// What follows the space between two fields.
pub(super) fn after_space(text: &[u8]) -> Result<&[u8], Reason> {
    text.strip_prefix(b" ").ok_or(if text.is_empty() { Reason::Cut } else { Reason::Shape })
}

/// The text without the space that separates it from the field before.
pub(super) fn skip_space(text: &[u8]) -> &[u8] {
    text.strip_prefix(b" ").unwrap_or(text)
}

/// The text, `-` if it is empty.
pub(super) fn or_none(text: &[u8]) -> &[u8] {
    if text.is_empty() { NONE } else { text }
}

/// The client of `client 192.0.2.7:5678`. With `has_port` the port of an IPv6 address is cut off though the address
/// has no brackets.
pub(super) fn client_of(field: &[u8], has_port: bool) -> &[u8] {
    let text = field.strip_prefix(b"client ").unwrap_or_default();
    let is_bare_ipv6 = memchr::memchr_iter(b':', text).nth(1).is_some() && !text.starts_with(b"[");
    let address = match memchr::memrchr(b':', text) {
        Some(colon) if has_port && is_bare_ipv6 => text.get(..colon).unwrap_or_default(),
        _ => text,
    };
    or_none(client::normalise(address))
}

/// The client field behind `(13)Permission denied: ` or `mod_proxy.c(123): `, or both.
///
/// Only what Apache itself puts in front of it is passed over: text that a client chose must not name another client.
fn prefixed_client(message: &[u8]) -> Option<&[u8]> {
    let (prefix, fields) = message.split_at_checked(memchr::memchr(b'[', message)?)?;
    let is_error = matches!(prefix, [b'(', digit, ..] if digit.is_ascii_digit());
    let place = prefix.get(..memchr::memchr(b' ', prefix)?)?;
    let is_place = place.ends_with(b"):") && memchr::memmem::find(place, b".c(").is_some();
    if !(prefix.ends_with(b": ") && (is_error || is_place) && fields.starts_with(b"[client ")) {
        return None;
    }
    bracketed(fields).ok().map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2023-10-11T14:32:52, and 2005-12-04T04:47:44.
    const SECONDS_24: i64 = 1_697_034_772;
    const SECONDS_20: i64 = 1_133_671_664;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        ApacheError::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn lines_of_every_version() {
        type Row = (&'static str, &'static str, Level, &'static str, &'static str, &'static str);
        let cases: &[Row] = &[
            (
                "2.0",
                "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
                Level::Error,
                "-",
                "-",
                "mod_jk child workerEnv in error state 6",
            ),
            (
                "2.2 with a client",
                "[Sun Dec 04 04:47:44 2005] [warn] [client 192.0.2.7] text",
                Level::Warning,
                "-",
                "192.0.2.7",
                "text",
            ),
            (
                "2.2, IPv6 has no port",
                "[Sun Dec 04 04:47:44 2005] [warn] [client 2001:db8::1] text",
                Level::Warning,
                "-",
                "2001:db8::1",
                "text",
            ),
            (
                "2.4",
                "[Wed Oct 11 14:32:52.123456 2023] [core:error] [pid 12:tid 34] [client 192.0.2.7:5678] AH00035: a, referer: b",
                Level::Error,
                "core",
                "192.0.2.7",
                "AH00035: a, referer: b",
            ),
            (
                "2.4, IPv6 has a port",
                "[Wed Oct 11 14:32:52.123456 2023] [core:error] [pid 12] [client 2001:db8::1:5678] text",
                Level::Error,
                "core",
                "2001:db8::1",
                "text",
            ),
            (
                "2.4 without a client",
                "[Wed Oct 11 14:32:52.123456 2023] [mpm_event:notice] [pid 12:tid 34] AH00489: configured",
                Level::Notice,
                "mpm_event",
                "-",
                "AH00489: configured",
            ),
            (
                "2.4, an empty module",
                "[Wed Oct 11 14:32:52.123456 2023] [:error] [pid 12] text",
                Level::Error,
                "-",
                "-",
                "text",
            ),
            (
                "2.4, a dash for the module",
                "[Wed Oct 11 14:32:52.123456 2023] [-:emerg] text",
                Level::Emergency,
                "-",
                "-",
                "text",
            ),
            (
                "2.4, trace1 to trace8",
                "[Wed Oct 11 14:32:52.123456 2023] [ssl:trace3] text",
                Level::Debug,
                "ssl",
                "-",
                "text",
            ),
            (
                "remote stays in the message",
                "[Wed Oct 11 14:32:52.123456 2023] [proxy:error] [pid 12] [remote 192.0.2.9:80] AH01: x",
                Level::Error,
                "proxy",
                "-",
                "[remote 192.0.2.9:80] AH01: x",
            ),
            (
                "the system's error before the client",
                "[Wed Oct 11 14:32:52.123456 2023] [core:error] [pid 12] (13)Permission denied: [client 192.0.2.7:5] x",
                Level::Error,
                "core",
                "192.0.2.7",
                "(13)Permission denied: [client 192.0.2.7:5] x",
            ),
            (
                "the place before the client",
                "[Wed Oct 11 14:32:52.123456 2023] [ssl:info] [pid 12] ssl_io.c(12): [client 192.0.2.7:5] x",
                Level::Info,
                "ssl",
                "192.0.2.7",
                "ssl_io.c(12): [client 192.0.2.7:5] x",
            ),
            (
                "a client in the text is text",
                "[Wed Oct 11 14:32:52.123456 2023] [core:error] script said: [client 192.0.2.8:5] x",
                Level::Error,
                "core",
                "-",
                "script said: [client 192.0.2.8:5] x",
            ),
            ("an empty message", "[Sun Dec 04 04:47:44 2005] [error] ", Level::Error, "-", "-", "-"),
            (
                "a host name",
                "[Sun Dec 04 04:47:44 2005] [error] [client host.example] x",
                Level::Error,
                "-",
                "host.example",
                "x",
            ),
        ];
        let scratch = Bump::new();
        for (what, line, level, module, client, message) in cases {
            let Parsed::Error(entry) = parse(line, &scratch) else { panic!("{what}: {:?}", parse(line, &scratch)) };
            let texts = [entry.module, entry.client, entry.message].map(|text| str::from_utf8(text).unwrap());
            assert_eq!((entry.level, texts), (*level, [*module, *client, *message]), "{what}: {line}");
            let time = entry.time.unwrap();
            let expected = if line.contains("2005") { (SECONDS_20, 0) } else { (SECONDS_24, 123_456_000) };
            assert_eq!((time.unix_seconds(), time.nanos), expected, "{what}: {line}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let cases = [
            ("a line of a stack trace", "\tat org.example.Main", Reason::Shape),
            ("a script's own output", "Premature end", Reason::Shape),
            ("an impossible date", "[Sun Feb 31 04:47:44 2005] [error] x", Reason::Time),
            ("no time", "[error] x", Reason::Time),
            ("a level that is none", "[Sun Dec 04 04:47:44 2005] [bad] x", Reason::Level),
            ("Visor's level", "[Sun Dec 04 04:47:44 2005] [ERROR] x", Reason::Level),
            ("no level", "[Sun Dec 04 04:47:44 2005] x", Reason::Shape),
            ("cut in the time", "[Sun Dec 04 04:47", Reason::Cut),
            ("cut behind the time", "[Sun Dec 04 04:47:44 2005]", Reason::Cut),
            ("cut in the level", "[Sun Dec 04 04:47:44 2005] [err", Reason::Cut),
            ("cut behind the level", "[Sun Dec 04 04:47:44 2005] [error]", Reason::Cut),
            ("cut in the client", "[Sun Dec 04 04:47:44 2005] [error] [client 192.0", Reason::Cut),
        ];
        let scratch = Bump::new();
        for (what, line, reason) in cases {
            assert_eq!(parse(line, &scratch), Parsed::Malformed(reason), "{what}: {line}");
        }
    }

    #[test]
    fn a_message_that_is_the_heartbeat_is_one() {
        let scratch = Bump::new();
        let line = "[Sun Dec 04 04:47:44 2005] [info] HEARTBEAT";
        assert!(matches!(parse(line, &scratch), Parsed::Heartbeat(Some(time)) if time.unix_seconds() == SECONDS_20));
        assert!(matches!(parse("[Sun Dec 04 04:47:44 2005] [info] HEARTBEAT!", &scratch), Parsed::Error(_)));
        assert!(matches!(parse(EXAMPLE, &scratch), Parsed::Error(entry) if entry.client == b"192.0.2.7"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            ApacheError::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }

        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE.len(), byte in any::<u8>(), end in 0..EXAMPLE.len()) {
            let mut line = EXAMPLE.as_bytes().to_vec();
            line[at] = byte;
            line.truncate(end);
            ApacheError::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }
    }
}
