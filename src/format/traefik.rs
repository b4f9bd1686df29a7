//! Traefik's access log in its common format: the combined log format and four more fields.
//!
//! ```text
//! 192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] "GET /a HTTP/1.1" 200 2326 "-" "curl/8.5.0" 17 "web@docker" "http://10.0.0.1:80" 12ms
//! ```
//!
//! They are the number of the request, the router, the server's URL, and the duration in milliseconds. The router is
//! what tells sites apart here, and is taken for the virtual host. (Traefik's JSON is read by `json`.)
//!
//! Source: Traefik, "Access Logs", `CommonLogFormatter` in `pkg/middlewares/accesslog`.

use super::clf::{Clf, quoted, token};
use super::framed::{self, Read};
use super::record::{Access, Parsed, Reason};
use super::{LineFormat, decimal, value};
use bumpalo::Bump;

/// A line for `visor-fast formats`.
pub const EXAMPLE: &str = concat!(
    "192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\" 17 ",
    "\"web@docker\" \"http://10.0.0.1:80\" 12ms"
);

/// Traefik's common format.
#[derive(Clone, Debug)]
pub struct Traefik {
    combined: Clf,
}

impl Traefik {
    /// A request that is exactly `heartbeat` is a sign of life.
    pub fn new(heartbeat: &[u8]) -> Traefik {
        Traefik { combined: Clf::new(false, true, heartbeat) }
    }

    /// One record and the text behind it.
    fn record<'line>(&self, line: &'line [u8]) -> Read<'line> {
        let (parsed, rest) = self.combined.record(line)?;
        let Parsed::Access(access, _) = parsed else { return Ok((parsed, rest)) };
        let (number, rest) = token(rest.strip_prefix(b" ").ok_or(Reason::Cut)?);
        if number != b"-" && decimal::integer(number).is_none() {
            return Err(Reason::Shape);
        }
        let (router, rest) = quoted(rest)?;
        let (_server, rest) = quoted(rest)?;
        let rest = rest.strip_prefix(b" ").ok_or(Reason::Cut)?;
        let end = memchr::memmem::find(rest, b"ms").ok_or(Reason::Latency)?;
        let (duration, rest) = rest.split_at(end);
        let latency_micros = value::latency_micros(duration, 3)?;
        let rest = rest.strip_prefix(b"ms").unwrap_or(rest);
        Ok((Parsed::Access(Access { vhost: router, latency_micros, ..access }, 0), rest))
    }
}

impl LineFormat for Traefik {
    fn name(&self) -> &str {
        "traefik"
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        framed::parse(line, scratch, |text| self.record(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        Traefik::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn the_fields_behind_the_combined_ones() {
        let changed = |from: &str, to: &str| EXAMPLE.replacen(from, to, 1);
        for (what, line, router, latency_micros, glued) in [
            ("all", EXAMPLE.to_string(), "web@docker", Some(12_000), 0),
            ("no router", changed("\"web@docker\" \"http://10.0.0.1:80\"", "\"-\" \"-\""), "-", Some(12_000), 0),
            ("a quote in the router", changed("web@", "w\\\"b@"), "w\\\"b@docker", Some(12_000), 0),
            ("no number", changed(" 17 ", " - "), "web@docker", Some(12_000), 0),
            ("no time at all", changed("12ms", "0ms"), "web@docker", Some(0), 0),
            ("text behind it", format!("{EXAMPLE} more"), "web@docker", Some(12_000), 0),
            ("glued lines", format!("{EXAMPLE}{EXAMPLE} {EXAMPLE}"), "web@docker", Some(12_000), 2),
        ] {
            let scratch = Bump::new();
            let Parsed::Access(access, found) = parse(&line, &scratch) else { panic!("{what}: {line}") };
            assert_eq!(
                (access.vhost, access.latency_micros, found),
                (router.as_bytes(), latency_micros, glued),
                "{what}"
            );
            assert_eq!((access.client, access.user, access.status), (&b"192.0.2.1"[..], &b"frank"[..], 200), "{what}");
            assert_eq!((access.target, access.agent), (&b"/a"[..], &b"curl/8.5.0"[..]), "{what}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let changed = |from: &str, to: &str| EXAMPLE.replacen(from, to, 1);
        for (what, line, reason) in [
            ("combined alone", changed(" 17 \"web@docker\" \"http://10.0.0.1:80\" 12ms", ""), Reason::Cut),
            (
                "nginx with a request time",
                changed("17 \"web@docker\" \"http://10.0.0.1:80\" 12ms", "0.012"),
                Reason::Shape,
            ),
            (
                "nginx with forwarded-for",
                changed("17 \"web@docker\" \"http://10.0.0.1:80\" 12ms", "\"-\""),
                Reason::Shape,
            ),
            ("no unit", changed("12ms", "12"), Reason::Latency),
            ("a duration in words", changed("12ms", "xms"), Reason::Latency),
            ("cut", changed("\"http://10.0.0.1:80\" 12ms", "\"http"), Reason::Quote),
            ("a bad status", changed("200", "2000"), Reason::Status),
        ] {
            assert_eq!(parse(&line, &Bump::new()), Parsed::Malformed(reason), "{what}: {line}");
        }
        let line = changed("GET /a HTTP/1.1", "HEARTBEAT");
        assert!(matches!(parse(&line, &Bump::new()), Parsed::Heartbeat(Some(_))));
    }

    proptest! {
        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE.len(), byte in any::<u8>(), end in 0..=EXAMPLE.len()) {
            let mut line = EXAMPLE.as_bytes().to_vec();
            line[at] = byte;
            line.truncate(end);
            Traefik::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }
    }
}
