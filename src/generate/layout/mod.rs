//! What stands in a line, in order: a format string taken apart.
//!
//! A [`Layout`] is literals and [`Field`]s. It comes from a name ([`builtin`]), from Apache's `LogFormat` ([`apache`]) or from
//! nginx's `log_format` ([`nginx`]), and is compiled into pieces by [`super::printer`]. This reader of format strings is not the
//! one that parses logs, on purpose: what one of them misunderstands, the other tells.

pub(super) mod apache;
pub(super) mod builtin;
pub(super) mod nginx;
pub(super) mod source;

/// What is said at a place of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The client's address.
    Address,
    /// The address behind a proxy; the client's where no [`Field::Address`] stands in the line, else nothing.
    Forwarded,
    /// What is not there in any line; written as the style has it.
    Absent,
    /// The authenticated user.
    User,
    /// The `User-Agent` header.
    Agent,
    /// The client in an error log of Apache 2.4, with its port and a space: nothing where there is no client.
    ClientBrackets,
    /// The client in nginx's error log, with the comma before it.
    ClientNginx,
    /// The request line.
    Request,
    /// The method.
    Method,
    /// The target without its query.
    Path,
    /// The target with its query.
    Target,
    /// The query, with its question mark.
    Query,
    /// The query, without it.
    Arguments,
    /// The question mark of a query.
    QueryMark,
    /// The protocol.
    Protocol,
    /// The status.
    Status,
    /// The virtual host.
    Host,
    /// The port of the server.
    ServerPort,
    /// `http` or `https`.
    Scheme,
    /// Bytes of the request with its headers.
    BytesRead,
    /// The level of an entry of an error log.
    Level,
    /// The module that wrote it.
    Module,
    /// Its text.
    Message,
    /// What nginx's error log says behind the client.
    MessageTail,
    /// The `Referer` header.
    Referrer,
    /// The `Referer` header as one more member of Caddy's object of headers.
    ReferrerMember,
    /// Bytes of the body that was sent.
    Bytes {
        /// What is written where there was no body: `-`, or 0.
        has_dash: bool,
    },
    /// Bytes sent with the headers.
    BytesWithHeaders,
    /// The moment of the request: a text of strftime, in which [`FRACTION`] and a digit stand for so many decimals.
    Time(String),
    /// How long the request took.
    Latency(Unit),
    /// A process of the server.
    Process,
    /// A thread of the server.
    Thread,
    /// Random digits.
    Digits(u8),
    /// A port of a client.
    Port,
    /// The number of a connection.
    Connection,
    /// The same as nginx's error log has it, with a star and a space: nothing where there is no client.
    ConnectionStar,
    /// Random hexadecimal digits, an id of a request.
    RequestId,
}

/// Stands in the text of a [`Field::Time`] before the number of decimals of the second.
pub(super) const FRACTION: char = '\u{1}';

/// How a duration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Whole microseconds.
    Micros,
    /// Whole milliseconds.
    Millis,
    /// Whole seconds.
    Seconds,
    /// Seconds with three decimals.
    SecondsMillis,
    /// Seconds with six decimals.
    SecondsMicros,
}

/// A piece of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A text that is the same in each line.
    Text(Vec<u8>),
    /// What differs.
    Field(Field),
}

/// How a server writes what clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Apache: `\"`, `\\`, `\n`, `\xhh`; `-` for what is not there.
    Apache,
    /// nginx: `\xHH` for quote, backslash, control characters and what is beyond ASCII; `-` for what is not there.
    Nginx,
    /// JSON; nothing for what is not there.
    Json,
    /// As it is; nothing for what is not there. A newline would end the line, so it is a space.
    Plain,
}

/// What log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Requests.
    Access,
    /// Messages.
    Error,
}

/// A format.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Its name, or the format string.
    pub name: String,
    /// What log it is of.
    pub log: Log,
    /// What stands in a line.
    pub parts: Vec<Part>,
    /// What stands in a sign of life; `None` where such a line cannot be told.
    pub heartbeat: Option<Vec<Part>>,
    /// How values are written.
    pub style: Style,
    /// Whether a line cut behind its request, a garbled one and one with another behind it are known to be what they are.
    pub is_known: bool,
}

impl Layout {
    /// The format of a name or a format string, for this log.
    pub fn parse(text: &str, log: Log) -> Result<Layout, String> {
        if let Some(layout) = builtin::named(text) {
            return match layout.log == log {
                true => Ok(layout),
                false => Err(format!("{text} is a format of the other log; known here are {}", builtin::names(log))),
            };
        }
        if text.contains(['%', '$']) && log == Log::Access {
            return source::parse(text).map_err(|error| error.to_string());
        }
        Err(format!(
            "no format is called {text:?}; known are {}{}",
            builtin::names(log),
            if log == Log::Access { ", and any LogFormat of Apache or log_format of nginx" } else { "" }
        ))
    }

    /// Whether a field stands in the line.
    pub fn has(&self, holds: impl Fn(&Field) -> bool) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field(field) if holds(field)))
    }
}

/// A sign of life as these parts have it: the message where the request or the text of an entry is, `-` for all that is of
/// a client. `None` where there is no such place, or where a dash is not a value.
pub(super) fn heartbeat(parts: &[Part], style: Style) -> Option<Vec<Part>> {
    let mut heartbeat = Parts::default();
    let mut has_place = false;
    for part in parts {
        match part {
            Part::Text(text) => heartbeat.text(text),
            Part::Field(Field::Time(_) | Field::Process | Field::Thread) => heartbeat.0.push(part.clone()),
            Part::Field(Field::Request | Field::Message) => {
                has_place = true;
                heartbeat.field(Field::Message);
            }
            // Whose log it is, not who asked.
            Part::Field(Field::Host) => heartbeat.field(Field::Host),
            Part::Field(Field::ServerPort) => heartbeat.text(b"443"),
            Part::Field(Field::Level) => heartbeat.text(b"info"),
            Part::Field(Field::Module) => heartbeat.text(b"core"),
            Part::Field(Field::ClientBrackets | Field::ClientNginx | Field::ConnectionStar | Field::MessageTail) => {}
            Part::Field(_) => heartbeat.text(b"-"),
        }
    }
    (has_place && style != Style::Json).then_some(heartbeat.0)
}

/// Collects parts, joining literals.
#[derive(Debug, Default)]
pub(super) struct Parts(pub Vec<Part>);

impl Parts {
    pub fn text(&mut self, text: &[u8]) {
        match self.0.last_mut() {
            Some(Part::Text(last)) => last.extend_from_slice(text),
            _ => self.0.push(Part::Text(text.to_vec())),
        }
    }

    pub fn field(&mut self, field: Field) {
        self.0.push(Part::Field(field));
    }
}

/// Writes a value as a server of this style does.
pub(super) fn escape(value: &[u8], style: Style, out: &mut Vec<u8>) {
    for byte in value {
        let hex = |out: &mut Vec<u8>, lower: bool| {
            let text = if lower { format!("\\x{byte:02x}") } else { format!("\\x{byte:02X}") };
            out.extend_from_slice(text.as_bytes());
        };
        match (style, byte) {
            // Apache, `ap_escape_logitem`.
            (Style::Apache, b'"' | b'\\') => out.extend([b'\\', *byte]),
            (Style::Apache, b'\n') => out.extend(b"\\n"),
            (Style::Apache, b'\r') => out.extend(b"\\r"),
            (Style::Apache, b'\t') => out.extend(b"\\t"),
            (Style::Apache, 0..=31 | 127..) => hex(out, true),
            // nginx, `ngx_http_log_escape`.
            (Style::Nginx, b'"' | b'\\' | 0..=31 | 127..) => hex(out, false),
            // nginx, `ngx_escape_json`; Caddy writes the same for these.
            (Style::Json, b'"' | b'\\') => out.extend([b'\\', *byte]),
            (Style::Json, b'\n') => out.extend(b"\\n"),
            (Style::Json, b'\r') => out.extend(b"\\r"),
            (Style::Json, b'\t') => out.extend(b"\\t"),
            (Style::Json, 0..=31) => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            (Style::Plain, b'\n' | b'\r') => out.push(b' '),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_the_servers_do() {
        let value = b"a\"b\\c\x16\n\xc3\xa9";
        let cases: [(Style, &[u8]); 4] = [
            (Style::Apache, br#"a\"b\\c\x16\n\xc3\xa9"#),
            (Style::Nginx, br"a\x22b\x5Cc\x16\x0A\xC3\xA9"),
            (Style::Json, b"a\\\"b\\\\c\\u0016\\n\xc3\xa9"),
            (Style::Plain, b"a\"b\\c\x16 \xc3\xa9"),
        ];
        for (style, expected) in cases {
            let mut out = Vec::new();
            escape(value, style, &mut out);
            assert_eq!(out, expected, "{style:?}: {}", String::from_utf8_lossy(&out));
        }
    }

    #[test]
    fn a_format_that_is_not_there_is_told_with_those_that_are() {
        let error = Layout::parse("combind", Log::Access).unwrap_err();
        assert!(error.contains("\"combind\"") && error.contains("combined") && error.contains("LogFormat"), "{error}");
        let error = Layout::parse("combined", Log::Error).unwrap_err();
        assert!(error.contains("apache-error"), "{error}");
    }
}
