//! Single values as several formats write them: absent texts, statuses, byte counts, durations, hosts and absolute targets.

use super::decimal;
use super::record::{NONE, Reason};

/// The text, or `-` for an empty one.
pub fn or_none(text: &[u8]) -> &[u8] {
    if text.is_empty() { NONE } else { text }
}

/// A status: exactly three digits.
pub fn status(text: &[u8]) -> Result<u16, Reason> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Ok([a, b, c].into_iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        }
        _ => Err(Reason::Status),
    }
}

/// A byte count: digits, or `-` (or nothing) for none.
pub fn bytes(text: &[u8]) -> Result<Option<u64>, Reason> {
    match text {
        b"" | b"-" => Ok(None),
        digits => decimal::integer(digits).map(Some).ok_or(Reason::Bytes),
    }
}

/// A duration in units of ten to the `power` microseconds, or `-` (or nothing) for none. One below zero is none too:
/// load balancers write -1 where a request was not served to its end.
pub fn latency_micros(text: &[u8], power: i32) -> Result<Option<u64>, Reason> {
    match text {
        b"" | b"-" => Ok(None),
        [b'-', rest @ ..] => decimal::scaled(rest, power).map(|_| None).ok_or(Reason::Latency),
        number => decimal::scaled(number, power).map(Some).ok_or(Reason::Latency),
    }
}

/// The items of a list as nginx writes it of several servers: with commas between, and colons with spaces around them.
pub fn listed(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let comma = memchr::memchr(b',', text);
        let colon = memchr::memmem::find(text, b" : ").map(|at| at + 1);
        let end = comma.into_iter().chain(colon).min();
        rest = end.and_then(|end| text.get(end + 1..));
        Some(text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim_ascii())
    })
}

/// The sum of a list of durations, in units of ten to the `power` microseconds; those that are none are left out, and the
/// sum of nothing is none.
pub fn latencies_micros(text: &[u8], power: i32) -> Result<Option<u64>, Reason> {
    let mut sum = None;
    for item in listed(text) {
        if let Some(micros) = latency_micros(item, power)? {
            sum = Some(sum.unwrap_or(0u64).checked_add(micros).ok_or(Reason::Latency)?);
        }
    }
    Ok(sum)
}

/// Microseconds of seconds as nginx writes durations: up to six digits (which is eleven days), a point, three digits.
pub fn nginx_micros(text: &[u8]) -> Option<u64> {
    let [whole @ .., b'.', a, b, c] = text else { return None };
    if !(1..=6).contains(&whole.len()) {
        return None;
    }
    let mut digits = whole.iter().chain([a, b, c]);
    let millis = digits.try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')));
    millis.map(|millis| millis * 1000)
}

/// The name in `name`, `name:port` or `[ip]:port`; `None` where it is empty.
pub fn before_port(text: &[u8]) -> Option<&[u8]> {
    let name = match memchr::memrchr(b':', text).and_then(|colon| text.split_at_checked(colon)) {
        Some((name, port)) if port.iter().skip(1).all(u8::is_ascii_digit) => name,
        _ => text,
    };
    (!name.is_empty()).then_some(name)
}

/// A host without its port: `example.org:8080`, `[2001:db8::1]:443`. A bare IPv6 address is not cut.
pub fn host(text: &[u8]) -> &[u8] {
    let host = match memchr::memrchr(b':', text).and_then(|at| text.split_at_checked(at)) {
        Some((host, port)) => {
            let is_port = port.len() > 1 && port.iter().skip(1).all(u8::is_ascii_digit);
            let is_cut = is_port && (host.ends_with(b"]") || !host.contains(&b':'));
            if is_cut { host } else { text }
        }
        None => text,
    };
    or_none(host)
}

/// Host and path with query of an absolute target (RFC 9112, 3.2.2) such as `https://example.org:443/a?b`; a target
/// without a scheme has no host and is its own path.
pub fn absolute(target: &[u8]) -> (&[u8], &[u8]) {
    let after_scheme = memchr::memmem::find(target, b"://").filter(|&at| {
        at > 0 && target.iter().take(at).all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    let Some(rest) = after_scheme.and_then(|at| target.get(at + 3..)) else { return (NONE, target) };
    let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    (host(authority), if path.is_empty() { b"/" } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lose_their_ports() {
        let cases = [
            ("example.org:8080", "example.org"),
            ("example.org", "example.org"),
            ("[2001:db8::1]:443", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("2001:db8::1", "2001:db8::1"),
            ("host:", "host:"),
            ("", "-"),
            (":80", "-"),
        ];
        for (text, expected) in cases {
            assert_eq!(host(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn absolute_targets_are_host_and_path() {
        let cases = [
            ("https://a.example:443/b?c", "a.example", "/b?c"),
            ("http://a.example", "a.example", "/"),
            ("http://a.example?c", "a.example", "?c"),
            ("/go?to=https://a.example/", "-", "/go?to=https://a.example/"),
            ("*", "-", "*"),
            ("a.example:443", "-", "a.example:443"),
            ("://x", "-", "://x"),
        ];
        for (target, host, path) in cases {
            assert_eq!(absolute(target.as_bytes()), (host.as_bytes(), path.as_bytes()), "{target}");
        }
    }

    #[test]
    fn durations_of_several_servers_are_added_up() {
        for (text, expected) in [
            ("0.100", Ok(Some(100_000))),
            ("0.100, 0.200 : 0.300", Ok(Some(600_000))),
            ("0.100 : -, 0.001", Ok(Some(101_000))),
            ("-", Ok(None)),
            ("", Ok(None)),
            ("0.1, x", Err(Reason::Latency)),
            ("18446744073709.0, 18446744073709.0", Err(Reason::Latency)),
        ] {
            assert_eq!(latencies_micros(text.as_bytes(), 6), expected, "{text}");
        }
        for (text, expected) in [
            ("0.012", Some(12_000)),
            ("999999.999", Some(999_999_999_000)),
            ("1000000.000", None),
            (".012", None),
            ("0.01", None),
            ("-0.012", None),
            ("0.0x2", None),
        ] {
            assert_eq!(nginx_micros(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn durations_below_zero_are_none() {
        assert_eq!(latency_micros(b"-1", 6), Ok(None));
        assert_eq!(latency_micros(b"-", 6), Ok(None));
        assert_eq!(latency_micros(b"0.001", 6), Ok(Some(1000)));
        assert_eq!(latency_micros(b"x", 6), Err(Reason::Latency));
        assert_eq!(latency_micros(b"-x", 6), Err(Reason::Latency));
    }
}
