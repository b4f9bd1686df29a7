//! The request line, taken apart.

use super::record::NONE;

/// Method, target and protocol of a request line; all `-` where it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'line> {
    /// The method.
    pub method: &'line [u8],
    /// Path and query.
    pub target: &'line [u8],
    /// The protocol, `HTTP/0.9` where the line names none.
    pub protocol: &'line [u8],
}

const NOT_ONE: Request<'static> = Request { method: NONE, target: NONE, protocol: NONE };

/// Takes `METHOD SP TARGET SP PROTOCOL` apart (RFC 9112, 3). The target may hold spaces, since servers log what clients
/// send. Without a protocol, `METHOD SP /target` is a Simple-Request of HTTP/0.9 (RFC 1945, 4.1). Anything else, such as
/// the bytes of a TLS handshake, is no request line.
pub fn take_apart(line: &[u8]) -> Request<'_> {
    // The usual ones are known by their ends: a method, a target of a byte at least, a protocol.
    if let Some((rest, b" HTTP/1.1" | b" HTTP/2.0" | b" HTTP/1.0" | b" HTTP/3.0")) = line.split_last_chunk()
        && let Some((method, target)) = usual_method(rest)
        && !target.is_empty()
    {
        return Request { method, target, protocol: &line[line.len() - 8..] };
    }
    careful(line)
}

/// A usual method and what stands behind the space after it.
#[inline(always)]
fn usual_method(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = if text.starts_with(b"GET ") {
        3
    } else if text.starts_with(b"POST ") || text.starts_with(b"HEAD ") {
        4
    } else {
        return None;
    };
    Some((text.get(..length)?, text.get(length + 1..)?))
}

fn careful(line: &[u8]) -> Request<'_> {
    let Some(space) = memchr::memchr(b' ', line) else { return NOT_ONE };
    let (method, rest) = (&line[..space], &line[space + 1..]);
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
        return NOT_ONE;
    }
    if let Some(last) = memchr::memrchr(b' ', rest)
        && last > 0
        && is_protocol(&rest[last + 1..])
    {
        return Request { method, target: &rest[..last], protocol: &rest[last + 1..] };
    }
    if rest.first() == Some(&b'/') && !rest.contains(&b' ') {
        return Request { method, target: rest, protocol: b"HTTP/0.9" };
    }
    NOT_ONE
}

/// `HTTP/` and a number with one dot at the most.
fn is_protocol(text: &[u8]) -> bool {
    let Some(version) = text.strip_prefix(b"HTTP/") else { return false };
    let mut parts = version.split(|byte| *byte == b'.');
    let digits = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    digits(parts.next()) && (!version.contains(&b'.') || digits(parts.next())) && parts.next().is_none()
}

/// A token character (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_line_is_taken_apart_or_is_none() {
        for (what, line, expected) in [
            ("the usual one", "GET /a?b HTTP/1.1", ["GET", "/a?b", "HTTP/1.1"]),
            ("a short protocol", "GET /a HTTP/2", ["GET", "/a", "HTTP/2"]),
            ("an unknown protocol version", "GET /x HTTP/1.2", ["GET", "/x", "HTTP/1.2"]),
            ("spaces in the target", "GET /a b c HTTP/1.1", ["GET", "/a b c", "HTTP/1.1"]),
            ("HTTP/0.9", "GET /", ["GET", "/", "HTTP/0.9"]),
            ("an unknown method", "FOO /x HTTP/1.1", ["FOO", "/x", "HTTP/1.1"]),
            ("the preface of HTTP/2", "PRI * HTTP/2.0", ["PRI", "*", "HTTP/2.0"]),
            ("a tunnel", "CONNECT h:443 HTTP/1.1", ["CONNECT", "h:443", "HTTP/1.1"]),
            ("no target", "GET HTTP/1.1", ["-", "-", "-"]),
            ("an empty target", "GET  HTTP/1.1", ["-", "-", "-"]),
            ("a dash", "-", ["-", "-", "-"]),
            ("nothing", "", ["-", "-", "-"]),
            ("TLS", "\\x16\\x03\\x01", ["-", "-", "-"]),
            ("two words", "hello world", ["-", "-", "-"]),
            ("spaces without a protocol", "GET /a b", ["-", "-", "-"]),
            ("two dots", "GET / HTTP/1.1.1", ["-", "-", "-"]),
        ] {
            let Request { method, target, protocol } = take_apart(line.as_bytes());
            assert_eq!([method, target, protocol], expected.map(str::as_bytes), "{what}: {line}");
        }
    }

    proptest! {
        #[test]
        fn the_usual_requests_are_taken_apart_as_any_request_is(
            line in "(GET|POST|HEAD|GETS|) ?[/a ]{0,4} ?(HTTP/[0-3.]{0,4})?( HTTP/1.1)?",
        ) {
            prop_assert_eq!(take_apart(line.as_bytes()), careful(line.as_bytes()));
        }
    }
}
