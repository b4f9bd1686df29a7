//! nginx's `log_format`.
//!
//! Variables are `$name` or `${name}`. Headers and variables of modules that we do not make up are absent, which nginx writes
//! as `-`, or as nothing in JSON; a name that nginx does not know is wrong, as it is to nginx.
//!
//! Sources: nginx `ngx_http_log_module`, `ngx_http_core_module`, `ngx_http_upstream_module`, `ngx_http_ssl_module`.

use super::source::literal;
use super::{FRACTION, Field, Parts, Unit};
use crate::text_error::TextError;
use std::ops::Range;

/// Adds the parts of a format string, which stands in `text` at `piece`.
pub fn parse(text: &str, piece: Range<usize>, parts: &mut Parts) -> Result<(), TextError> {
    let mut at = piece.start;
    while let Some(rest) = text.get(at..piece.end).filter(|rest| !rest.is_empty()) {
        let Some(behind) = rest.strip_prefix('$') else {
            let (bytes, length) = literal(rest);
            parts.text(&bytes);
            at += length;
            continue;
        };
        let (inner, braces) = behind.strip_prefix('{').map_or((behind, 0), |inner| (inner, 2));
        let length =
            inner.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'_').unwrap_or(inner.len());
        let name = inner.get(..length).unwrap_or_default();
        let end = at + 1 + braces + length;
        let wrong = |message: &str| {
            let help = "a variable is $name or ${name}, as in $remote_addr; nginx's documentation lists them";
            Err(TextError::new(text, at..end.min(piece.end), message, help))
        };
        if braces > 0 && !inner.get(length..).is_some_and(|rest| rest.starts_with('}')) {
            return wrong("a brace is not closed");
        }
        match variable(name) {
            Some(Meaning::Field(field)) => parts.field(field),
            Some(Meaning::Text(text)) => parts.text(text.as_bytes()),
            Some(Meaning::Absent) => parts.field(Field::Absent),
            None => return wrong("this variable is not known"),
        }
        at = end;
    }
    Ok(())
}

/// What a variable says.
enum Meaning {
    Field(Field),
    Text(&'static str),
    Absent,
}

fn variable(name: &str) -> Option<Meaning> {
    let field = match name {
        "remote_addr" | "realip_remote_addr" | "proxy_protocol_addr" => Field::Address,
        "proxy_add_x_forwarded_for" => Field::Forwarded,
        "remote_port" => Field::Port,
        "remote_user" => Field::User,
        "request" => Field::Request,
        "request_method" => Field::Method,
        "request_uri" => Field::Target,
        "uri" | "document_uri" => Field::Path,
        "args" | "query_string" => Field::Arguments,
        "is_args" => Field::QueryMark,
        "server_protocol" => Field::Protocol,
        "status" => Field::Status,
        "body_bytes_sent" => Field::Bytes { has_dash: false },
        "bytes_sent" => Field::BytesWithHeaders,
        "request_length" => Field::BytesRead,
        "request_time" => Field::Latency(Unit::SecondsMillis),
        "time_local" => Field::Time("%d/%b/%Y:%H:%M:%S %z".to_owned()),
        "time_iso8601" => Field::Time("%Y-%m-%dT%H:%M:%S%:z".to_owned()),
        "msec" => Field::Time(format!("%s.{FRACTION}3")),
        "host" | "http_host" | "server_name" => Field::Host,
        "server_port" => Field::ServerPort,
        "scheme" => Field::Scheme,
        "pid" => Field::Process,
        "connection" => Field::Connection,
        "request_id" => Field::RequestId,
        "http_referer" => Field::Referrer,
        "http_user_agent" => Field::Agent,
        "http_x_forwarded_for" => Field::Forwarded,
        "upstream_response_time" | "upstream_header_time" => Field::Latency(Unit::SecondsMillis),
        _ => return other(name),
    };
    Some(Meaning::Field(field))
}

fn other(name: &str) -> Option<Meaning> {
    let text = match name {
        "connection_requests" => "1",
        "pipe" => ".",
        "upstream_addr" => "10.0.0.21:8080",
        "upstream_connect_time" => "0.000",
        "server_addr" => "10.0.0.5",
        "hostname" => "web-1",
        "nginx_version" => "1.26.2",
        "ssl_protocol" => "TLSv1.3",
        "ssl_cipher" => "TLS_AES_256_GCM_SHA384",
        "https" => "on",
        "request_completion" => "OK",
        "upstream_status"
        | "upstream_cache_status"
        | "gzip_ratio"
        | "content_length"
        | "content_type"
        | "request_body"
        | "realip_remote_port"
        | "proxy_host"
        | "proxy_port"
        | "upstream_bytes_received"
        | "upstream_bytes_sent"
        | "upstream_response_length"
        | "connection_time"
        | "limit_rate"
        | "request_filename"
        | "document_root" => {
            return Some(Meaning::Absent);
        }
        _ => {
            let prefixes = [
                "http_",
                "sent_http_",
                "sent_trailer_",
                "cookie_",
                "arg_",
                "upstream_http_",
                "upstream_",
                "ssl_",
                "geoip",
                "tcpinfo_",
                "jwt_",
                "proxy_",
            ];
            return prefixes.iter().any(|prefix| name.starts_with(prefix)).then_some(Meaning::Absent);
        }
    };
    Some(Meaning::Text(text))
}
