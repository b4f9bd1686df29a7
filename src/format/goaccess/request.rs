//! The request line as GoAccess takes it apart.

use super::text;
use crate::format::record::NONE;
use bumpalo::Bump;

/// Methods by their beginning, in any case: RFC 9110, RFC 5789 (PATCH), RFC 5323 (SEARCH), QUERY, and those of WebDAV
/// (RFC 3253, RFC 3648, RFC 4918). The first that fits is taken, so that `GETX` is a GET.
const METHODS: [&str; 30] = [
    "OPTIONS",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PATCH",
    "SEARCH",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "VERSION-CONTROL",
    "REPORT",
    "CHECKOUT",
    "CHECKIN",
    "UNCHECKOUT",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "BASELINE-CONTROL",
    "MKACTIVITY",
    "ORDERPATCH",
];

/// Protocols by their beginning, in any case.
const PROTOCOLS: [&str; 4] = ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"];

/// The method that a text begins with.
pub fn method(text: &[u8]) -> Option<&'static [u8]> {
    beginning(&METHODS, text)
}

/// The protocol that a text begins with.
pub fn protocol(text: &[u8]) -> Option<&'static [u8]> {
    beginning(&PROTOCOLS, text)
}

fn beginning(known: &'static [&'static str], text: &[u8]) -> Option<&'static [u8]> {
    let fits = |name: &&&str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    known.iter().find(fits).map(|name| name.as_bytes())
}

/// Method, target and protocol of a request line. Without a known method the whole line is the target. With one and
/// without a known protocol behind the last space, or with nothing between, the target is `-`.
pub fn take_apart<'line>(line: &'line [u8], scratch: &'line Bump) -> [&'line [u8]; 3] {
    let Some(method) = method(line) else { return [NONE, target(line, false, scratch), NONE] };
    let none = [NONE, NONE, NONE];
    let rest = &line[method.len()..];
    let Some(space) = memchr::memrchr(b' ', rest) else { return none };
    let Some(protocol) = protocol(&rest[space + 1..]) else { return none };
    if space == 0 {
        return none;
    }
    [method, target(&rest[1..space], true, scratch), protocol]
}

/// The target, decoded. One of which decoding leaves nothing stays as it is, with the space behind it if a method stands
/// before it.
pub fn target<'line>(raw: &'line [u8], has_method: bool, scratch: &'line Bump) -> &'line [u8] {
    let decoded = text::decoded(raw, scratch);
    match (decoded, has_method) {
        ([], true) => scratch.alloc_slice_fill_with(raw.len() + 1, |at| raw.get(at).copied().unwrap_or(b' ')),
        ([], false) => raw,
        _ => decoded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_taken_apart_as_goaccess_does() {
        for (what, line, expected) in [
            ("the usual one", "GET /a?b HTTP/1.1", ["GET", "/a?b", "HTTP/1.1"]),
            ("in small letters", "get /a http/1.0", ["GET", "/a", "HTTP/1.0"]),
            ("a number behind HTTP/2", "GET / HTTP/2.0", ["GET", "/", "HTTP/2"]),
            ("spaces in the target", "GET /a b c HTTP/1.1", ["GET", "/a b c", "HTTP/1.1"]),
            ("more behind the method", "GETX /x HTTP/1.1", ["GET", "/x", "HTTP/1.1"]),
            ("only a space between", "GET  HTTP/1.1", ["GET", " ", "HTTP/1.1"]),
            ("nothing between", "GET HTTP/1.1", ["-", "-", "-"]),
            ("no protocol", "GET /", ["-", "-", "-"]),
            ("an unknown protocol", "GET /x HTTP/1.2", ["-", "-", "-"]),
            ("a method alone", "POST", ["-", "-", "-"]),
            ("no known method", "FOO /x HTTP/1.1", ["-", "FOO /x HTTP/1.1", "-"]),
            ("the preface of HTTP/2", "PRI * HTTP/2.0", ["-", "PRI * HTTP/2.0", "-"]),
            ("an escaped byte", "GET /%41%2F?q=%22 HTTP/1.1", ["GET", "/A/?q=\"", "HTTP/1.1"]),
            ("an escape of an escape", "GET /%2541 HTTP/1.1", ["GET", "/%41", "HTTP/1.1"]),
            ("an escaped NUL ends it", "GET /a%00b HTTP/1.1", ["GET", "/a", "HTTP/1.1"]),
            ("nothing but an escaped NUL", "GET %00 HTTP/1.1", ["GET", "%00 ", "HTTP/1.1"]),
            ("escaped line ends go", "GET /a%0D%0Ab HTTP/1.1", ["GET", "/ab", "HTTP/1.1"]),
            ("TLS", "\\x16\\x03\\x01", ["-", "\\x16\\x03\\x01", "-"]),
            ("a dash", "-", ["-", "-", "-"]),
            ("nothing", "", ["-", "", "-"]),
            ("nothing once decoded", "%00", ["-", "%00", "-"]),
        ] {
            let scratch = Bump::new();
            assert_eq!(take_apart(line.as_bytes(), &scratch), expected.map(str::as_bytes), "{what}: {line}");
        }
    }
}
