//! The site of a referrer.

/// The host of a referrer's URL, without user, password and port; `None` where the text is no URL with a host.
///
/// Source: RFC 3986, 3.2 (`authority = [userinfo "@"] host [":" port]`).
pub fn site(referrer: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(referrer, b"//")? + 2;
    let rest = &referrer[start..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    let host = if host.first() == Some(&b'[') {
        memchr::memchr(b']', host).map_or(host, |at| &host[..=at])
    } else {
        memchr::memchr(b':', host).map_or(host, |at| &host[..at])
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_the_host_alone() {
        for (referrer, expected) in [
            ("https://example.com/a?b", Some("example.com")),
            ("http://example.com", Some("example.com")),
            ("http://example.com:8080/", Some("example.com")),
            ("https://user:secret@example.com/", Some("example.com")),
            ("https://[2001:db8::1]:443/", Some("[2001:db8::1]")),
            ("https://example.com?q=//other", Some("example.com")),
            ("//example.com/x", Some("example.com")),
            ("android-app://com.example/", Some("com.example")),
            ("-", None),
            ("/local", None),
            ("http:///x", None),
        ] {
            assert_eq!(site(referrer.as_bytes()), expected.map(str::as_bytes), "{referrer}");
        }
    }
}
