//! Visor's error log, `visor-error`: what its generator writes and its users have.
//!
//! ```text
//! [Sun Jan 15 18:06:29 2017] [ERROR] [pid 68996:tid 6718435613] [client 192.0.2.7] message
//! [Sun Jan 15 18:06:29 2017] [INFO] [-] [-] HEARTBEAT
//! [-] [-] HEARTBEAT
//! [Sun Jan 15 18:10:10 2017] [INFO] 192.0.2.7 - Curt [15/Jan/2017:18:10:10 -0700] "GET /doc HTTP/2.0" 200 4838
//! [Sun Jan 15 18:10:10 2017] [INFO] - - - [15/Jan/2017:18:10:10 -0700] "HEARTBEAT" - -
//! ```
//!
//! The last two are lines of the access log that Visor's logger put an error log's head before. The line is an entry of
//! the error log: its time, its level, and as message the access line as it stands; the client of the error log's own
//! field is `-`. It is a heartbeat where the access line is one, that is, where its request is exactly the heartbeat
//! text. A bare heartbeat has no time; any other line without a time or a level does not fit.
//!
//! A level is written in upper case, by which the lines differ from those of Apache 2.2 ([`super::error_apache`]).

use super::error_apache::{after_space, bracketed, client_of, or_none, skip_space};
use super::record::{ErrorEntry, Level, NONE, Parsed, Reason};
use super::{LineFormat, time};
use bumpalo::Bump;

/// A line for `visor-fast formats`.
pub const EXAMPLE: &str =
    "[Sun Jan 15 18:06:29 2017] [ERROR] [pid 68996:tid 6718435613] [client 192.0.2.7] File does not exist";

/// Visor's error log.
#[derive(Clone, Debug)]
pub struct VisorError {
    heartbeat: Vec<u8>,
}

impl VisorError {
    /// A line whose message, or the request of the access line in it, is exactly `heartbeat` is a heartbeat.
    pub fn new(heartbeat: &[u8]) -> VisorError {
        VisorError { heartbeat: heartbeat.to_vec() }
    }

    fn read<'line>(&self, line: &'line [u8]) -> Result<Parsed<'line>, Reason> {
        if line.strip_prefix(b"[-] [-] ") == Some(&self.heartbeat) {
            return Ok(Parsed::Heartbeat(None));
        }
        let (time, rest) = bracketed(line)?;
        let time = time::apache_error(time).ok_or(Reason::Time)?;
        let (level, rest) = bracketed(after_space(rest)?)?;
        if level.iter().any(u8::is_ascii_lowercase) {
            return Err(Reason::Level);
        }
        let level = Level::parse(level).ok_or(Reason::Level)?;

        let mut message = after_space(rest)?;
        let mut client = NONE;
        if message.starts_with(b"[pid ") || message.starts_with(b"[-] ") {
            message = skip_space(bracketed(message)?.1);
        }
        if message.starts_with(b"[client ") || message.starts_with(b"[-] ") {
            let (field, rest) = bracketed(message)?;
            (client, message) = (client_of(field, false), skip_space(rest));
        }
        if message == self.heartbeat || self.is_access_heartbeat(message) {
            return Ok(Parsed::Heartbeat(Some(time)));
        }
        Ok(Parsed::Error(ErrorEntry { time: Some(time), level, module: NONE, client, message: or_none(message) }))
    }

    /// Whether the message is `- - - [15/Jan/2017:18:10:10 -0700] "HEARTBEAT" - -`.
    fn is_access_heartbeat(&self, message: &[u8]) -> bool {
        let request = message
            .strip_prefix(b"- - - ")
            .and_then(|rest| bracketed(rest).ok())
            .and_then(|(_, rest)| rest.strip_prefix(b" \""))
            .and_then(|rest| rest.strip_suffix(b"\" - -"));
        request == Some(&self.heartbeat)
    }
}

impl LineFormat for VisorError {
    fn name(&self) -> &str {
        "visor-error"
    }

    fn parse<'line>(&self, line: &'line [u8], _: &'line Bump) -> Parsed<'line> {
        self.read(line).unwrap_or_else(Parsed::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2017-01-15T18:06:29.
    const SECONDS: i64 = 1_484_503_589;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        VisorError::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn entries() {
        let access = r#"192.0.2.7 - Curt [15/Jan/2017:18:06:29 -0700] "GET /doc HTTP/2.0" 200 4838"#;
        let wrapped = format!("[Sun Jan 15 18:06:29 2017] [INFO] {access}");
        let cases = [
            ("all fields", EXAMPLE, Level::Error, "192.0.2.7", "File does not exist"),
            ("dashes for fields", "[Sun Jan 15 18:06:29 2017] [WARNING] [-] [-] text", Level::Warning, "-", "text"),
            ("no fields", "[Sun Jan 15 18:06:29 2017] [CRITICAL] text", Level::Critical, "-", "text"),
            ("a client alone", "[Sun Jan 15 18:06:29 2017] [ERROR] [client ::1] text", Level::Error, "::1", "text"),
            ("an access line is a message", &wrapped, Level::Info, "-", access),
            (
                "a heartbeat and more",
                "[Sun Jan 15 18:06:29 2017] [INFO] [-] [-] HEARTBEATS",
                Level::Info,
                "-",
                "HEARTBEATS",
            ),
            ("an empty message", "[Sun Jan 15 18:06:29 2017] [INFO] ", Level::Info, "-", "-"),
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
    fn heartbeats() {
        let cases = [
            ("in the error log", "[Sun Jan 15 18:06:29 2017] [INFO] [-] [-] HEARTBEAT", Some(SECONDS)),
            ("bare", "[-] [-] HEARTBEAT", None),
            (
                "of the access log",
                r#"[Sun Jan 15 18:06:29 2017] [INFO] - - - [15/Jan/2017:18:06:29 -0700] "HEARTBEAT" - -"#,
                Some(SECONDS),
            ),
        ];
        let scratch = Bump::new();
        for (what, line, seconds) in cases {
            let Parsed::Heartbeat(time) = parse(line, &scratch) else { panic!("{what}: {line}") };
            assert_eq!(time.map(|time| time.unix_seconds()), seconds, "{what}: {line}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let cases = [
            ("a line of a stack trace", "  at org.example.Main", Reason::Shape),
            ("a bare line that is no heartbeat", "[-] [-] text", Reason::Time),
            ("Apache's level", "[Sun Jan 15 18:06:29 2017] [error] text", Reason::Level),
            ("a level that is none", "[Sun Jan 15 18:06:29 2017] [BAD] text", Reason::Level),
            ("an impossible hour", "[Sun Jan 15 24:06:29 2017] [INFO] text", Reason::Time),
            ("cut behind the level", "[Sun Jan 15 18:06:29 2017] [INFO]", Reason::Cut),
            ("cut in the client", "[Sun Jan 15 18:06:29 2017] [INFO] [pid 1:tid 2] [client 192", Reason::Cut),
        ];
        let scratch = Bump::new();
        for (what, line, reason) in cases {
            assert_eq!(parse(line, &scratch), Parsed::Malformed(reason), "{what}: {line}");
        }
    }

    proptest! {
        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE.len(), byte in any::<u8>(), end in 0..EXAMPLE.len()) {
            let mut line = EXAMPLE.as_bytes().to_vec();
            line[at] = byte;
            line.truncate(end);
            VisorError::new(b"HEARTBEAT").parse(&line, &Bump::new());
        }
    }
}
