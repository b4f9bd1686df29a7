use super::*;
use proptest::prelude::*;

fn masked(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    mask(message, &mut out);
    out
}

#[test]
fn variable_parts_are_masked_and_names_are_kept() {
    let cases = [
        ("numbers stand alone", "Found child 6725 in scoreboard slot 10", "Found child <n> in scoreboard slot <n>"),
        ("a sign belongs to its number", "child init 1 -2", "child init <n> <n>"),
        ("a hyphen between numbers is none", "lines 10-20", "lines <n>-<n>"),
        ("digits inside a word are its name", "jk2_init() of mod_jk2, worker1", "jk2_init() of mod_jk2, worker1"),
        ("a word's number behind a hyphen is not", "thread worker-12 died", "thread worker-<n> died"),
        ("Apache's message codes are kept", "AH00035: access denied", "AH00035: access denied"),
        ("the number of an error", "(13)Permission denied: x", "(<n>)Permission denied: x"),
        ("versions are kept", "HTTP/1.1 HTTP/2 PHP/5.3.2 TLSv1.2", "HTTP/1.1 HTTP/2 PHP/5.3.2 TLSv1.2"),
        ("numbers of processes are no versions", "proc/4711 core.4711", "proc/<n> core.<n>"),
        ("decimals are one number", "load 0.75, 1.2.3", "load <n>, <n>"),
        ("a unit stays", "took 12ms, 1.5s, 8KB, 3rd", "took <n>ms, <n>s, <n>KB, 3rd"),
        ("hexadecimal", "at 0x7f3C0a, 0xZZ", "at <n>, 0xZZ"),
        ("a long hexadecimal id", "id 9fceb02ad1, defaced, c0de", "id <n>, defaced, c0de"),
        ("key=value", "pid=12,tid=0x3", "pid=<n>,tid=<n>"),
        ("a date", "2023/10/11 14:32:52.123", "<n>/<n>/<n> <n>:<n>:<n>"),
        ("UUID", "id 123e4567-e89b-12d3-a456-426614174000!", "id <id>!"),
        ("a UUID too long is none", "123e4567-e89b-12d3-a456-426614174000a", "<n>-e89b-12d3-a456-<n>"),
        ("IPv4", "peer 10.0.0.1 and 10.0.0.2:80: reset", "peer <ip> and <ip>: reset"),
        ("256 is no octet", "10.0.0.256", "<n>"),
        ("five groups are no address", "1.2.3.4.5", "<n>"),
        ("IPv6", "peer 2001:db8::1 or ::1.", "peer <ip> or <ip>."),
        ("IPv6, a colon behind it", "connect to fe80::1%eth0: refused", "connect to <ip>: refused"),
        ("IPv6 in brackets with a port", "to [2001:db8::a1]:8443 failed", "to <ip> failed"),
        ("IPv6 with an IPv4 end", "to ::ffff:10.0.0.1 failed", "to <ip> failed"),
        ("a time of day is no IPv6", "at 12:30:45", "at <n>:<n>:<n>"),
        ("a name of a class is no IPv6", "Add::Face LWP::Simple", "Add::Face LWP::Simple"),
        ("a path", "forbidden by rule: /var/www/html/", "forbidden by rule: <path>"),
        ("the root alone", "access to / denied", "access to <path> denied"),
        ("a path with a line number", "in /srv/a.php:123", "in <path>:<n>"),
        ("a relative path is words", "cgi-bin/a.pl, either/or", "cgi-bin/a.pl, either/or"),
        ("a path in quotes may hold spaces", "open() \"/srv/a b\" failed", "open() \"<path>\" failed"),
        ("so may one with a drive", "script 'C:\\Program Files\\a' gone", "script '<path>' gone"),
        ("a drive outside quotes", "script not found: C:/www/cgi-bin/x", "script not found: <path>"),
        ("a share", "cannot read \\\\nas\\www now", "cannot read <path> now"),
        ("a URL, without the comma behind it", "referer: http://a.b/c?d=1,2, x", "referer: <url>, x"),
        ("a URL in quotes", "upstream: \"http://10.0.0.1:80/\"", "upstream: \"<url>\""),
        ("a scheme without more is no URL", "http:// is", "http:<path> is"),
        ("quotes are masked inside", "user 'u 12' \"id 7\"", "user 'u <n>' \"id <n>\""),
        ("an apostrophe opens nothing", "Can't find child 1 can't", "Can't find child <n> can't"),
        ("nothing", "", ""),
    ];
    for (what, message, key) in cases {
        assert_eq!(String::from_utf8_lossy(&masked(message.as_bytes())), key, "{what}: {message}");
    }
}

#[test]
fn a_key_ends_between_two_tokens() {
    let message = "word 1234 ".repeat(100);
    let key = masked(message.as_bytes());
    assert!(key.len() <= KEY_BYTES_MAX && key.len() > KEY_BYTES_MAX - 8);
    assert!(key.starts_with(b"word <n> word <n> "));
    assert_eq!(masked(&[b'x'; 65]), b"<id>", "a word of more than 64 bytes is an id");
    assert_eq!(masked(&[b'x'; 64]), [b'x'; 64]);
    assert_eq!(masked(&[0xFF, 0x00, b' ', b'7']), [0xFF, 0x00, b' ', b'<', b'n', b'>'], "any bytes");
}

#[test]
fn a_warm_buffer_does_not_grow() {
    let mut out = Vec::new();
    mask(b"warm", &mut out);
    let capacity = out.capacity();
    mask("/a 1 ".repeat(1000).as_bytes(), &mut out);
    assert_eq!(out.capacity(), capacity);
}

/// Messages made of the pieces that decide what a token is.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 29] = [
        b"/",
        b"'",
        b"\"",
        b" ",
        b":",
        b"::",
        b".",
        b"-",
        b"[",
        b"]",
        b"://",
        b"C:\\",
        b"http",
        b"1",
        b"255",
        b"0x",
        b"fe80",
        b"a",
        b"ms",
        b"<n>",
        b"<",
        b">",
        b"%",
        b"_",
        b"10.0.0.1",
        b"9fceb02a",
        b"\xFF",
        b",",
        b"123e4567-e89b-12d3-a456-426614174000",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn masking_twice_is_masking_once(message in messages()) {
        let key = masked(&message);
        prop_assert!(key.len() <= KEY_BYTES_MAX);
        prop_assert_eq!(masked(&key).escape_ascii().to_string(), key.escape_ascii().to_string());
    }

    #[test]
    fn any_bytes_make_a_bounded_key(message in proptest::collection::vec(any::<u8>(), 0..600)) {
        let key = masked(&message);
        prop_assert!(key.len() <= KEY_BYTES_MAX);
        prop_assert_eq!(masked(&key), key);
    }

    #[test]
    fn the_numbers_do_not_matter(a in 0u64.., b in 0u64..) {
        let message = |n| format!("child {n}: /srv/{n} took {n}ms at [2001:db8::{:x}]:80", n & 0xFFFF);
        prop_assert_eq!(masked(message(a).as_bytes()), masked(message(b).as_bytes()));
    }
}
