//! The client's address or name, as reports show it.

/// The client in a token: of a list the first, without the port of `ip:port` and `[ip]:port`, without brackets. IPv6
/// without brackets, zones, host names and `unix:` stay as written.
pub fn normalise(token: &[u8]) -> &[u8] {
    // Most are IPv4 addresses. Of these bytes (digits, the dot and the slash between them) all stay.
    if !token.is_empty() && token.iter().all(|byte| matches!(byte, b'.'..=b'9')) {
        return token;
    }
    let first = memchr::memchr(b',', token).map_or(token, |at| &token[..at]);
    let first = first.trim_ascii();
    if let Some(inner) = first.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', inner) else { return value(first) };
        let behind = &inner[end + 1..];
        let port = behind.is_empty() || behind.strip_prefix(b":").is_some_and(is_port);
        return if port { value(&inner[..end]) } else { value(first) };
    }
    match memchr::memchr(b':', first) {
        Some(colon) if is_v4_like(&first[..colon]) && is_port(&first[colon + 1..]) => &first[..colon],
        _ => value(first),
    }
}

/// The client of `client:port`, where the port is always there: IPv6 with brackets or without, a host name.
pub fn with_port(text: &[u8]) -> &[u8] {
    let address = match memchr::memrchr(b':', text).and_then(|colon| text.split_at_checked(colon)) {
        Some((address, port)) if !text.starts_with(b"[") && port.get(1..).is_some_and(is_port) => address,
        _ => text,
    };
    normalise(address)
}

fn value(text: &[u8]) -> &[u8] {
    if text.is_empty() { super::record::NONE } else { text }
}

fn is_port(text: &[u8]) -> bool {
    (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

/// Four numbers with dots between.
fn is_v4_like(text: &[u8]) -> bool {
    let part = |part: &[u8]| (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    text.split(|byte| *byte == b'.').count() == 4 && text.split(|byte| *byte == b'.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_and_brackets_go_and_the_rest_stays() {
        for (token, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5678", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("host.example", "host.example"),
            ("host.example:80", "host.example:80"),
            ("192.0.2.1, 198.51.100.2", "192.0.2.1"),
            ("192.0.2.1:80,198.51.100.2", "192.0.2.1"),
            ("unix:", "unix:"),
            ("[broken", "[broken"),
            ("010.1.2.3", "010.1.2.3"),
            ("-", "-"),
            ("", "-"),
        ] {
            assert_eq!(normalise(token.as_bytes()), expected.as_bytes(), "{token}");
        }
    }
}
