//! HAProxy's HTTP log (`option httplog`), without the syslog header that usually stands before it.
//!
//! ```text
//! 192.0.2.1:53332 [25/Feb/2019:16:19:48.143] frontend~ backend/server 0/0/7/1457/1487 200 11394 - - ---- 2/1/0/0/0 0/0 {request headers} {response headers} "GET /a HTTP/1.1"
//! ```
//!
//! The duration is the last of the five timers, the bytes are those sent to the client; with `option logasap` both have
//! a `+` before them. A status of -1, an answer that never came, is taken for 000. The time names no offset. HTTP/2
//! clients send absolute targets: the host becomes the virtual host, and path and query stay. Which headers the braces
//! hold is not written in the line, so that no agent or referrer is taken from them.
//!
//! Source: HAProxy configuration manual, 8.2.3, "HTTP log format".

use super::clf::{quoted, token};
use super::record::{Access, Parsed, Reason};
use super::{LineFormat, client, moment, request, value};
use bumpalo::Bump;

/// A line for `visor-fast formats`.
pub const EXAMPLE: &str = "192.0.2.1:53332 [25/Feb/2025:16:19:48.143] web~ app/server1 0/0/7/1457/1487 200 11394 - - ---- \
                           2/1/0/0/0 0/0 {www.example.org} {} \"GET /a?b HTTP/1.1\"";

/// HAProxy's HTTP log.
#[derive(Clone, Debug)]
pub struct Haproxy {
    heartbeat: Vec<u8>,
}

impl Haproxy {
    /// A request that is exactly `heartbeat` is a sign of life.
    pub fn new(heartbeat: &[u8]) -> Haproxy {
        Haproxy { heartbeat: heartbeat.to_vec() }
    }

    fn read<'line>(&self, line: &'line [u8]) -> Result<Parsed<'line>, Reason> {
        let (address, rest) = field(line)?;
        let (time, mut rest) = field(rest)?;
        let time = time.strip_prefix(b"[").and_then(|time| time.strip_suffix(b"]")).and_then(moment::clf);
        let time = time.ok_or(Reason::Time)?;
        let mut fields: [&[u8]; 10] = [b""; 10];
        for text in &mut fields {
            (*text, rest) = field(rest)?;
        }
        let [_frontend, _server, timers, status, bytes, _cookie, _set_cookie, _state, _connections, _queues] = fields;
        let rest = behind_braces(behind_braces(rest)?)?;
        let (request, _) = quoted(rest)?;
        if !request.is_empty() && request == self.heartbeat {
            return Ok(Parsed::Heartbeat(Some(time)));
        }
        let request = request::take_apart(request);
        let (vhost, target) = value::absolute(request.target);
        let total = timers.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let access = Access {
            time,
            client: client::normalise(address),
            vhost,
            method: request.method,
            target,
            protocol: request.protocol,
            status: if status == b"-1" { 0 } else { value::status(status)? },
            bytes_sent: value::bytes(without_plus(bytes))?,
            latency_micros: value::latency_micros(without_plus(total), 3)?,
            ..Access::default()
        };
        Ok(Parsed::Access(access, 0))
    }
}

impl LineFormat for Haproxy {
    fn name(&self) -> &str {
        "haproxy"
    }

    fn parse<'line>(&self, line: &'line [u8], _: &'line Bump) -> Parsed<'line> {
        self.read(line).unwrap_or_else(Parsed::Malformed)
    }
}

/// The field behind the space that `text` may begin with, and what is behind it.
fn field(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let (field, behind) = token(text.strip_prefix(b" ").unwrap_or(text));
    if field.is_empty() { Err(Reason::Cut) } else { Ok((field, behind)) }
}

/// The text behind captured headers ` {...}`, where it begins with some. Braces inside are written `#7B` and `#7D`.
fn behind_braces(text: &[u8]) -> Result<&[u8], Reason> {
    if !text.starts_with(b" {") {
        return Ok(text);
    }
    let end = memchr::memchr(b'}', text).ok_or(Reason::Cut)?;
    Ok(text.get(end + 1..).unwrap_or_default())
}

fn without_plus(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"+").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::{NONE, Time};
    use proptest::prelude::*;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        Haproxy::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn requests_of_every_kind() {
        let default = Access {
            time: Time { wall_seconds: 1_740_500_388, offset_seconds: 0, nanos: 143_000_000 },
            client: b"192.0.2.1",
            method: b"GET",
            target: b"/a?b",
            protocol: b"HTTP/1.1",
            status: 200,
            bytes_sent: Some(11394),
            latency_micros: Some(1_487_000),
            ..Access::default()
        };
        let changed = |from: &str, to: &str| EXAMPLE.replacen(from, to, 1);
        for (what, line, expected) in [
            ("all", EXAMPLE.to_string(), default),
            ("no captured headers", changed(" {www.example.org} {}", ""), default),
            ("captured headers with spaces", changed("www.example.org", "Mozilla/5.0 (X11)|a b"), default),
            ("logasap", changed("1487 200 11394", "+1487 200 +11394"), default),
            ("four timers of old versions", changed("0/0/7/1457/1487", "0/0/7/1487"), default),
            (
                "an answer that never came",
                changed("0/0/7/1457/1487 200 11394", "-1/-1/-1/-1/-1 -1 0"),
                Access { status: 0, bytes_sent: Some(0), latency_micros: None, ..default },
            ),
            (
                "HTTP/2",
                changed("GET /a?b HTTP/1.1", "GET https://www.example.org/a?b HTTP/2.0"),
                Access { vhost: b"www.example.org", protocol: b"HTTP/2.0", ..default },
            ),
            (
                "a bad request",
                changed("GET /a?b HTTP/1.1", "<BADREQ>"),
                Access { method: NONE, target: NONE, protocol: NONE, ..default },
            ),
            ("a local client", changed("192.0.2.1:53332", "unix:1"), Access { client: b"unix:1", ..default }),
        ] {
            assert_eq!(parse(&line, &Bump::new()), Parsed::Access(expected, 0), "{what}: {line}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let changed = |from: &str, to: &str| EXAMPLE.replacen(from, to, 1);
        for (what, line, reason) in [
            ("a line of HAProxy itself", "Proxy web started.".to_string(), Reason::Time),
            ("an impossible date", changed("25/Feb", "31/Feb"), Reason::Time),
            ("a TCP log", changed("200 11394", "-- 11394"), Reason::Status),
            ("a size in words", changed("11394", "x"), Reason::Bytes),
            ("a timer in words", changed("1487", "x"), Reason::Latency),
            ("cut in the fields", EXAMPLE[..80].to_string(), Reason::Cut),
            ("cut in the headers", changed("www.example.org} {} \"GET /a?b HTTP/1.1\"", "www"), Reason::Cut),
            ("cut in the request", changed("HTTP/1.1\"", ""), Reason::Quote),
            ("no request", changed(" \"GET /a?b HTTP/1.1\"", ""), Reason::Cut),
        ] {
            assert_eq!(parse(&line, &Bump::new()), Parsed::Malformed(reason), "{what}: {line}");
        }
        let line = changed("GET /a?b HTTP/1.1", "HEARTBEAT");
        assert!(matches!(parse(&line, &Bump::new()), Parsed::Heartbeat(Some(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            Haproxy::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }

        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE.len(), byte in any::<u8>(), end in 0..=EXAMPLE.len()) {
            let mut line = EXAMPLE.as_bytes().to_vec();
            line[at] = byte;
            line.truncate(end);
            Haproxy::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }
    }
}
