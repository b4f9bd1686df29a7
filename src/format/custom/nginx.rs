//! nginx's `log_format`.
//!
//! A variable is `$name` or `${name}`; names end where no letter, digit or underscore follows. What is not known is
//! looked over as one field.
//!
//! Sources: nginx `ngx_http_log_module` (`log_format`), `ngx_http_core_module`, `ngx_http_upstream_module` (variables).

use super::header;
use super::part::{Meaning, Parts};
use crate::text_error::TextError;

/// Adds the parts of a format string, which stands in `text` from `start` to `end`.
pub fn parse(text: &str, start: usize, end: usize, parts: &mut Parts) -> Result<(), TextError> {
    let mut at = start;
    while let Some(rest) = text.get(at..end).filter(|rest| !rest.is_empty()) {
        if rest.starts_with('$') {
            let (name, length) = variable(text, at, end)?;
            let (meaning, rank) = meaning(name);
            parts.field(meaning, rank, at..at + length);
            at += length;
        } else if let Some((literal, length)) = super::escape(rest) {
            parts.literal(literal);
            at += length;
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            parts.literal(&rest.as_bytes()[..length]);
            at += length;
        }
    }
    Ok(())
}

/// The name of the variable at `start`, and how long it is with all that belongs to it.
fn variable(text: &str, start: usize, end: usize) -> Result<(&str, usize), TextError> {
    let rest = text.get(start + 1..end).unwrap_or_default();
    let (inner, around) = match rest.strip_prefix('{') {
        Some(inner) => (inner, 3),
        None => (rest, 1),
    };
    let length = inner.bytes().position(|byte| !is_name(byte)).unwrap_or(inner.len());
    let name = inner.get(..length).unwrap_or_default();
    let wrong = |message: &str| {
        let at = start..start + around.min(2) + length;
        TextError::new(text, at, message, "a variable is $name or ${name}, as in $remote_addr")
    };
    if name.is_empty() {
        return Err(wrong("a name is missing behind the $"));
    }
    if around == 3 && !inner.get(length..).unwrap_or_default().starts_with('}') {
        return Err(wrong("a brace is not closed"));
    }
    Ok((name, length + around))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a variable says, and its rank.
fn meaning(name: &str) -> (Meaning, u8) {
    match name {
        "remote_addr" => (Meaning::Client, 0),
        "realip_remote_addr" | "proxy_protocol_addr" => (Meaning::Client, 1),
        "proxy_add_x_forwarded_for" => (Meaning::Client, 3),
        "remote_user" => (Meaning::User, 0),
        "server_name" => (Meaning::Vhost, 0),
        "host" => (Meaning::Vhost, 2),
        "server_port" | "remote_port" => (Meaning::Port, 0),
        "request" => (Meaning::Request, 0),
        "request_method" => (Meaning::Method, 0),
        "request_uri" => (Meaning::Target, 0),
        "uri" | "document_uri" => (Meaning::Path, 0),
        "args" | "query_string" => (Meaning::Query, 0),
        "is_args" => (Meaning::QueryMark, 0),
        "server_protocol" => (Meaning::Protocol, 0),
        "status" => (Meaning::Status, 0),
        "body_bytes_sent" => (Meaning::BytesSent, 0),
        "bytes_sent" => (Meaning::BytesSent, 1),
        "request_length" => (Meaning::BytesRead, 0),
        "request_time" => (Meaning::Latency(6), 0),
        "upstream_response_time" => (Meaning::Latencies, 1),
        "time_iso8601" => (Meaning::IsoTime, 0),
        "time_local" => (Meaning::ClfTime, 0),
        "msec" => (Meaning::EpochTime, 0),
        _ => match name.strip_prefix("http_") {
            Some(name) => header(&name.replace('_', "-")),
            None if name.starts_with("upstream_") => (Meaning::UnknownList, 0),
            None => (Meaning::Unknown, 0),
        },
    }
}
