//! The server's own format string, compiled once: Apache's `LogFormat` and nginx's `log_format`.
//!
//! A string is taken apart by its server's rules ([`apache`], [`nginx`], [`config`] for whole lines of a configuration)
//! into literal text and fields. These are compiled ([`mod@compile`]) to a [`mod@program`]: for each field how its end is found,
//! what its text is taken for, and the literal text behind it. A string that is exactly the common or combined format is
//! read by the parser of those, which is faster; one that writes a JSON object ([`json`]) by the JSON parser, since then
//! order, spacing and further keys do not matter.
//!
//! # How fields are delimited
//!
//! Literal text between two fields ends the first.
//!
//! - A field in double quotes ends at the first quote that is not escaped (`\"`).
//! - Addresses, hosts, numbers and the like end at the first byte of the text behind them; the last of a line at a space
//!   or the line's end. A client may be a list (`192.0.2.1, 10.0.0.1`), an IPv6 address may be in brackets.
//! - Users, targets, agents without quotes and everything unknown may hold spaces: they end where the whole text behind
//!   them stands and the next field can begin. So the user in `%u %t` ends where ` [` and a time are. As last field they
//!   take what is left of the line.
//! - Outside quotes no field holds an unescaped double quote, as servers escape it; `escape=none` lifts that.
//! - Text behind a complete record is passed over, or counted as a glued record where it is one.
//!
//! # What fields say
//!
//! Absent values are `-`, in nginx also nothing. Where several fields say the same, the best is taken: the last status
//! (`%>s`) over the first, the canonical host over the `Host` header, the connection's address over what a header claims,
//! the finest duration, the request's time over the upstream's. `$upstream_response_time` is a list where several servers
//! were asked (`0.1, 0.2 : 0.3`); the times are added up, since they were asked one after the other. `%U%q`,
//! `$uri$is_args$args` are the target, `%m %U%q %H` and the like a request line. A field may also be missing: a request
//! without a time takes that of its arrival, one without a status has none.

mod apache;
mod compile;
mod config;
mod fuse;
mod json;
mod moment;
mod nginx;
mod part;
mod program;
#[cfg(test)]
mod properties;
mod shape;
mod strftime;
#[cfg(test)]
mod tests;

use super::LineFormat;
use super::clf::Clf;
use super::clf_fast::ClfFast;
use super::fast::Fast;
use super::tailed::Tailed;
use crate::text_error::TextError;
use config::{Server, Source};
use part::{Meaning, Part, Parts};
pub use program::Program;
use std::sync::{Arc, LazyLock};

/// How a server writes values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Style {
    /// Whether quotes in values are escaped.
    has_escapes: bool,
    /// Whether a value that is absent may be nothing at all.
    may_be_empty: bool,
}

/// Whether a text is meant as a format string and not as a name.
pub fn is_format_string(text: &str) -> bool {
    text.contains(['%', '$'])
}

/// The format that a format string describes; a request that is exactly `heartbeat` is a sign of life.
pub fn format(text: &str, heartbeat: &[u8]) -> Result<Arc<dyn LineFormat>, TextError> {
    let source = config::source(text)?;
    let parts = parts(text, &source)?;
    if let Some(json) = json::format(&parts, heartbeat) {
        return Ok(Arc::new(json));
    }
    let program = compile::compile(text, parts, source.style, heartbeat)?;
    Ok(match STANDARD.iter().find(|(standard, ..)| standard.is_same(&program)) {
        Some((_, has_vhost, is_combined)) => Arc::new(Clf::new(*has_vhost, *is_combined, heartbeat)),
        None => Arc::new(program),
    })
}

/// The program of a format string, even if it is a standard one.
pub(super) fn program(text: &str, heartbeat: &[u8]) -> Result<Program, TextError> {
    let source = config::source(text)?;
    compile::compile(text, parts(text, &source)?, source.style, heartbeat)
}

/// The program of what stands behind a combined record in the logs of nginx; times have three decimals there.
pub(super) fn tail(text: &str) -> Result<Program, TextError> {
    let mut parts = Parts::default();
    nginx::parse(text, 0, text.len(), &mut parts)?;
    for part in &mut parts.0 {
        if let Part::Field(field) = part {
            field.meaning = match field.meaning {
                Meaning::Latency(_) => Meaning::LatencyMillis,
                Meaning::Latencies => Meaning::LatenciesMillis,
                meaning => meaning,
            };
        }
    }
    compile::compile(text, parts.0, config::NGINX, b"")
}

fn parts(text: &str, source: &Source) -> Result<Vec<Part>, TextError> {
    let mut parts = Parts::default();
    for piece in &source.pieces {
        match source.server {
            Server::Apache => apache::parse(text, piece.start, piece.end, &mut parts)?,
            Server::Nginx => nginx::parse(text, piece.start, piece.end, &mut parts)?,
        }
    }
    Ok(parts.0)
}

/// The formats that have a parser of their own, as format strings: with a virtual host or without, combined or not.
static STANDARD: LazyLock<Vec<(Program, bool, bool)>> = LazyLock::new(|| {
    let compiled = |&(text, has_vhost, is_combined): &(&str, bool, bool)| {
        program(text, b"").ok().map(|program| (program, has_vhost, is_combined))
    };
    STANDARD_STRINGS.iter().filter_map(compiled).collect()
});

/// A reader of the regular lines of a program that adds something to a combined format.
fn behind_standard(program: &Program) -> Option<Fast> {
    let mut combined = STANDARD.iter().filter(|(.., is_combined)| *is_combined);
    let (head, tail, has_vhost) =
        combined.find_map(|(head, has_vhost, _)| Some((head, program.behind(head)?, *has_vhost)))?;
    let has_dash = head.steps.first().is_some_and(|client| *client.until == *b" - ");
    let fast = ClfFast::new(has_vhost, true, &program.heartbeat);
    Some(Fast::Tailed(Box::new(Tailed::new(fast, has_dash, tail))))
}

const STANDARD_STRINGS: [(&str, bool, bool); 6] = [
    (r#"%h %l %u %t "%r" %>s %b"#, false, false),
    (r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#, false, true),
    (r#"%v:%p %h %l %u %t "%r" %>s %b"#, true, false),
    (r#"%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#, true, true),
    (r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent"#, false, false),
    (
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
        false,
        true,
    ),
];

/// What a request header says, and its rank. Names of headers have no case.
fn header(name: &str) -> (Meaning, u8) {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("Referer") {
        (Meaning::Referrer, 0)
    } else if is("User-Agent") {
        (Meaning::Agent, 0)
    } else if is("Host") {
        (Meaning::Vhost, 1)
    } else if is("X-Real-IP") || is("True-Client-IP") || is("CF-Connecting-IP") {
        (Meaning::Client, 2)
    } else if is("X-Forwarded-For") {
        (Meaning::Client, 3)
    } else {
        (Meaning::Unknown, 0)
    }
}

/// What an escape at the start of `text` stands for in a configuration, and its length.
fn escape(text: &str) -> Option<(&'static [u8], usize)> {
    let literal: &[u8] = match text.as_bytes() {
        [b'\\', b'"', ..] => b"\"",
        [b'\\', b'\'', ..] => b"'",
        [b'\\', b'\\', ..] => b"\\",
        [b'\\', b't', ..] => b"\t",
        [b'\\', b'n', ..] => b"\n",
        [b'\\', b'r', ..] => b"\r",
        _ => return None,
    };
    Some((literal, 2))
}
