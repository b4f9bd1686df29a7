//! nginx's error log, `nginx-error`.
//!
//! ```text
//! 2023/10/11 14:32:52 [error] 12#34: *56 message, client: 192.0.2.7, server: example.com, request: "GET / HTTP/1.1"
//! ```
//!
//! Behind the level stand process, thread, and, where there is one, the number of the connection. The message is what
//! follows, up to `, client: `; what stands behind the client (server, request, upstream, host, referrer) repeats the
//! access log and is left out, so that like messages are equal. Without a client the message is the whole rest.
//!
//! A file's name in the message may hold `, client: ` too, as whoever asked for the file likes: within double quotes it
//! is passed over, unless there is no other.
//!
//! The time is that of the server's own zone, which the line does not name; the offset is 0. Lines of other shape, such
//! as those of a stack trace that a script wrote, do not fit.
//!
//! Source: nginx, `src/core/ngx_log.c` (the head) and `src/http/ngx_http_request.c`, `ngx_http_log_error` (the tail).

use super::error_apache::{after_space, bracketed, or_none};
use super::record::{ErrorEntry, Level, NONE, Parsed, Reason, Time};
use super::{LineFormat, client};
use bumpalo::Bump;
use memchr::{memchr, memchr_iter, memmem};

/// A line for `visor-fast formats`.
pub const EXAMPLE: &str = "2023/10/11 14:32:52 [error] 12#34: *56 open() \"/srv/a\" failed (2: No such file or directory), \
                           client: 192.0.2.7, server: example.com, request: \"GET /a HTTP/1.1\", host: \"example.com\"";

/// Bytes of the time, `2023/10/11 14:32:52`.
const TIME_BYTES: usize = 19;

const CLIENT: &[u8] = b", client: ";

/// nginx's error log.
#[derive(Clone, Debug)]
pub struct NginxError {
    heartbeat: Vec<u8>,
}

impl NginxError {
    /// A line whose message is exactly `heartbeat` is a heartbeat.
    pub fn new(heartbeat: &[u8]) -> NginxError {
        NginxError { heartbeat: heartbeat.to_vec() }
    }

    fn read<'line>(&self, line: &'line [u8]) -> Result<Parsed<'line>, Reason> {
        if !line.first().is_some_and(u8::is_ascii_digit) {
            return Err(Reason::Shape);
        }
        let (time, rest) = line.split_at_checked(TIME_BYTES).ok_or(Reason::Cut)?;
        let time = wall_clock(time).ok_or(Reason::Time)?;
        let (level, rest) = bracketed(after_space(rest)?)?;
        let level = Level::parse(level).ok_or(Reason::Level)?;

        let text = behind_process(after_space(rest)?)?;
        let (message, client) = match client_at(text).and_then(|at| text.split_at_checked(at)) {
            Some((message, tail)) => {
                let client = tail.get(CLIENT.len()..).unwrap_or_default();
                let end = memchr(b',', client).unwrap_or(client.len());
                (message, or_none(client::normalise(client.get(..end).unwrap_or_default())))
            }
            None => (text, NONE),
        };
        if message == self.heartbeat {
            return Ok(Parsed::Heartbeat(Some(time)));
        }
        Ok(Parsed::Error(ErrorEntry { time: Some(time), level, module: NONE, client, message: or_none(message) }))
    }
}

impl LineFormat for NginxError {
    fn name(&self) -> &str {
        "nginx-error"
    }

    fn parse<'line>(&self, line: &'line [u8], _: &'line Bump) -> Parsed<'line> {
        self.read(line).unwrap_or_else(Parsed::Malformed)
    }
}

/// The time in `2023/10/11 14:32:52`. Second 60 is carried into the next minute.
fn wall_clock(text: &[u8]) -> Option<Time> {
    let pairs = |at: usize| match *text.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok(),
        _ => None,
    };
    let marks = [(4, b'/'), (7, b'/'), (10, b' '), (13, b':'), (16, b':')];
    if text.len() != TIME_BYTES || marks.iter().any(|&(at, mark)| text.get(at) != Some(&mark)) {
        return None;
    }
    let year = i16::from(pairs(0)?) * 100 + i16::from(pairs(2)?);
    let date = jiff::civil::Date::new(year, pairs(5)?, pairs(8)?).ok()?;
    let (hour, minute, second) = (pairs(11)?, pairs(14)?, pairs(17)?);
    let minute_start = date.to_datetime(jiff::civil::Time::new(hour, minute, 0, 0).ok()?);
    let minute_start = jiff::tz::Offset::UTC.to_timestamp(minute_start).ok()?;
    (second <= 60).then(|| Time { wall_seconds: minute_start.as_second() + i64::from(second), ..Time::default() })
}

/// What follows `12#34: ` and, if there is one, the connection `*56 `.
fn behind_process(text: &[u8]) -> Result<&[u8], Reason> {
    let (process, rest) = number(text);
    let (thread, rest) = number(rest.strip_prefix(b"#").ok_or(missing(rest))?);
    let rest = rest.strip_prefix(b":").ok_or(missing(rest))?;
    if process == 0 || thread == 0 {
        return Err(Reason::Shape);
    }
    let message = after_space(rest)?;
    let connection = message.strip_prefix(b"*").map(number).filter(|(digits, _)| *digits > 0);
    Ok(connection.and_then(|(_, rest)| rest.strip_prefix(b" ")).unwrap_or(message))
}

/// Why a sign is not there: the line ends, or it says something else.
fn missing(rest: &[u8]) -> Reason {
    if rest.is_empty() { Reason::Cut } else { Reason::Shape }
}

/// How many digits the text starts with, and what is behind them.
fn number(text: &[u8]) -> (usize, &[u8]) {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (digits, text.get(digits..).unwrap_or_default())
}

/// Where `, client: ` starts: the first outside double quotes, else the first.
fn client_at(text: &[u8]) -> Option<usize> {
    let mut quotes = 0;
    let mut counted = 0;
    let mut first = None;
    for at in memmem::find_iter(text, CLIENT) {
        quotes += memchr_iter(b'"', text.get(counted..at)?).count();
        counted = at;
        if quotes % 2 == 0 {
            return Some(at);
        }
        first = first.or(Some(at));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2023-10-11T14:32:52.
    const SECONDS: i64 = 1_697_034_772;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        NginxError::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn entries() {
        let cases = [
            (
                "all fields",
                EXAMPLE,
                Level::Error,
                "192.0.2.7",
                "open() \"/srv/a\" failed (2: No such file or directory)",
            ),
            (
                "no connection, no client",
                "2023/10/11 14:32:52 [notice] 1#1: using the \"epoll\" event method",
                Level::Notice,
                "-",
                "using the \"epoll\" event method",
            ),
            (
                "the client at the end",
                "2023/10/11 14:32:52 [info] 1#0: *5 closed, client: 2001:db8::1",
                Level::Info,
                "2001:db8::1",
                "closed",
            ),
            (
                "a unix socket",
                "2023/10/11 14:32:52 [info] 1#0: *5 closed, client: unix:, server: a",
                Level::Info,
                "unix:",
                "closed",
            ),
            (
                "a client in a file's name",
                r#"2023/10/11 14:32:52 [crit] 1#0: *5 open() "/a, client: 192.0.2.9, b" failed, client: 192.0.2.7, server: a"#,
                Level::Critical,
                "192.0.2.7",
                r#"open() "/a, client: 192.0.2.9, b" failed"#,
            ),
            (
                "a quote that is not closed",
                r#"2023/10/11 14:32:52 [alert] 1#0: odd " quote, client: 192.0.2.7"#,
                Level::Alert,
                "192.0.2.7",
                r#"odd " quote"#,
            ),
            (
                "a client later, in the request, is not it",
                r#"2023/10/11 14:32:52 [emerg] 1#0: *5 x, client: 192.0.2.7, request: "GET /, client: 192.0.2.9""#,
                Level::Emergency,
                "192.0.2.7",
                "x",
            ),
            ("a star without a number is text", "2023/10/11 14:32:52 [warn] 1#0: *a b", Level::Warning, "-", "*a b"),
            ("an empty message", "2023/10/11 14:32:52 [debug] 1#0: ", Level::Debug, "-", "-"),
        ];
        let scratch = Bump::new();
        for (what, line, level, client, message) in cases {
            let Parsed::Error(entry) = parse(line, &scratch) else { panic!("{what}: {:?}", parse(line, &scratch)) };
            let texts = [entry.module, entry.client, entry.message].map(|text| str::from_utf8(text).unwrap());
            assert_eq!((entry.level, texts), (level, ["-", client, message]), "{what}: {line}");
            assert_eq!(entry.time.map(|time| time.unix_seconds()), Some(SECONDS), "{what}: {line}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let cases = [
            ("a line of a stack trace", "#0 /srv/a.php(12): f()", Reason::Shape),
            ("an impossible month", "2023/13/11 14:32:52 [error] 1#0: x", Reason::Time),
            ("30 February", "2023/02/30 14:32:52 [error] 1#0: x", Reason::Time),
            ("hour 24", "2023/10/11 24:32:52 [error] 1#0: x", Reason::Time),
            ("second 61", "2023/10/11 14:32:61 [error] 1#0: x", Reason::Time),
            ("another time", "2023-10-11 14:32:52 [error] 1#0: x", Reason::Time),
            ("a level that is none", "2023/10/11 14:32:52 [bad] 1#0: x", Reason::Level),
            ("no process", "2023/10/11 14:32:52 [error] x", Reason::Shape),
            ("no number of a process", "2023/10/11 14:32:52 [error] #0: x", Reason::Shape),
            ("no level", "2023/10/11 14:32:52 1#0: x", Reason::Shape),
            ("cut in the time", "2023/10/11 14:3", Reason::Cut),
            ("cut in the level", "2023/10/11 14:32:52 [err", Reason::Cut),
            ("cut in the process", "2023/10/11 14:32:52 [error] 1", Reason::Cut),
            ("cut behind the thread", "2023/10/11 14:32:52 [error] 1#0", Reason::Cut),
        ];
        let scratch = Bump::new();
        for (what, line, reason) in cases {
            assert_eq!(parse(line, &scratch), Parsed::Malformed(reason), "{what}: {line}");
        }
    }

    #[test]
    fn second_60_is_the_next_minute() {
        let scratch = Bump::new();
        let Parsed::Error(entry) = parse("2016/12/31 23:59:60 [warn] 1#0: leap", &scratch) else { panic!() };
        assert_eq!(entry.time, Some(Time { wall_seconds: 1_483_228_800, offset_seconds: 0, nanos: 0 }));
    }

    #[test]
    fn a_message_that_is_the_heartbeat_is_one() {
        let scratch = Bump::new();
        let line = "2023/10/11 14:32:52 [info] 1#0: HEARTBEAT";
        assert!(matches!(parse(line, &scratch), Parsed::Heartbeat(Some(time)) if time.unix_seconds() == SECONDS));
    }

    proptest! {
        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE.len(), byte in any::<u8>(), end in 0..EXAMPLE.len()) {
            let mut line = EXAMPLE.as_bytes().to_vec();
            line[at] = byte;
            line.truncate(end);
            NginxError::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }
    }
}
