//! Single values as several formats write them: absent texts, statuses, byte counts, durations and hosts.

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
    fn durations_below_zero_are_none() {
        assert_eq!(latency_micros(b"-1", 6), Ok(None));
        assert_eq!(latency_micros(b"-", 6), Ok(None));
        assert_eq!(latency_micros(b"0.001", 6), Ok(Some(1000)));
        assert_eq!(latency_micros(b"x", 6), Err(Reason::Latency));
        assert_eq!(latency_micros(b"-x", 6), Err(Reason::Latency));
    }
}
