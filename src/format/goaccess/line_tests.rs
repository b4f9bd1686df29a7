use super::*;

const LINE: &str = "9.9.9.9 - - [10/Oct/2023:13:55:36 +0000] \"GET /x HTTP/1.1\" 200 100 \"-\" \"UA\"";

fn pattern(name: &str) -> Pattern {
    Pattern::of(name).unwrap()
}

fn changed(from: &str, to: &str) -> Vec<u8> {
    assert!(LINE.contains(from), "{from}");
    LINE.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_pattern_is_its_format_string_taken_apart() {
    use Step::{Any, Field};
    let steps = pattern("vhost_common").steps;
    assert_eq!(steps[..4], [Field(b'v', Some(b':')), Any, Field(b'^', Some(b' ')), Any]);
    assert_eq!(steps.last(), Some(&Field(b'b', None)));
    assert!(Pattern::of("w3c").is_none());
}

/// GoAccess 1.7 and 1.11, run on each of these lines alone, say the same: valid or failed, and which request, host,
/// status and size.
#[test]
fn what_goaccess_takes_is_taken() {
    for (what, line, expected) in [
        ("the usual line", changed("", ""), ["9.9.9.9", "/x", "200", "100"]),
        ("a user with a space", changed("- - [", "- John Smith ["), ["9.9.9.9", "/x", "200", "100"]),
        ("no user at all", changed("- - [", "["), ["9.9.9.9", "/x", "200", "100"]),
        ("an address in brackets", changed("9.9.9.9", "[2001:db8::1]"), ["2001:db8::1", "/x", "200", "100"]),
        ("an address in brackets, with a port", changed("9.9.9.9", "[::1]:80"), ["::1", "/x", "200", "100"]),
        ("double spaces", changed(" - - ", "  -  -  "), ["9.9.9.9", "/x", "200", "100"]),
        ("an escaped quote", changed("/x", "/a\\\"b"), ["9.9.9.9", "/a\\\"b", "200", "100"]),
        ("no size", changed("100", "-"), ["9.9.9.9", "/x", "200", "0"]),
        ("a size with a point", changed("100", "1.5"), ["9.9.9.9", "/x", "200", "0"]),
        ("a size beyond 64 bits", changed("100", "18446744073709551616"), ["9.9.9.9", "/x", "200", "0"]),
        ("status 0, which Caddy writes", changed("200", "0"), ["9.9.9.9", "/x", "0", "100"]),
        ("zeros before a status", changed("200", "00200"), ["9.9.9.9", "/x", "200", "100"]),
        ("second 61", changed("36 +", "61 +"), ["9.9.9.9", "/x", "200", "100"]),
        (
            "short numbers in the time",
            changed("10/Oct/2023:13:55:36", "1/oct/2023:1:2:3"),
            ["9.9.9.9", "/x", "200", "100"],
        ),
        ("a month written out", changed("Oct", "October"), ["9.9.9.9", "/x", "200", "100"]),
        ("any zone", changed("+0000", "nowhere"), ["9.9.9.9", "/x", "200", "100"]),
        ("a request that is none", changed("GET /x HTTP/1.1", "\\x16\\x03"), ["9.9.9.9", "\\x16\\x03", "200", "100"]),
        ("an empty request", changed("GET /x HTTP/1.1", ""), ["9.9.9.9", "", "200", "100"]),
        ("nothing behind the referrer", changed(" \"UA\"", ""), ["9.9.9.9", "/x", "200", "100"]),
        ("a cut agent", changed("UA\"", "U"), ["9.9.9.9", "/x", "200", "100"]),
        ("a cut referrer", changed("-\" \"UA\"", "http"), ["9.9.9.9", "/x", "200", "100"]),
        ("more fields", changed("\"UA\"", "\"UA\" 0.003"), ["9.9.9.9", "/x", "200", "100"]),
    ] {
        let scratch = Bump::new();
        let access = pattern("combined").record(&line, &scratch).unwrap_or_else(|reason| panic!("{what}: {reason:?}"));
        let (status, size) = (access.status.to_string(), access.bytes_sent.unwrap().to_string());
        let found = [access.client, access.target, status.as_bytes(), size.as_bytes()];
        assert_eq!(found, expected.map(str::as_bytes), "{what}");
    }
}

#[test]
fn what_goaccess_refuses_is_refused() {
    for (what, line, reason) in [
        ("a host name", changed("9.9.9.9", "host.example"), Reason::Client),
        ("a port", changed("9.9.9.9", "9.9.9.9:80"), Reason::Client),
        ("a zone of IPv6", changed("9.9.9.9", "fe80::1%eth0"), Reason::Client),
        ("leading zeros", changed("9.9.9.9", "010.1.2.3"), Reason::Client),
        ("a list", changed("9.9.9.9", "1.2.3.4, 5.6.7.8"), Reason::Client),
        ("a space before", changed("9.9.9.9", " 9.9.9.9"), Reason::Client),
        ("tabs between", LINE.replace(' ', "\t").into_bytes(), Reason::Client),
        ("a bracket in the user", changed("- - [", "- [foo] ["), Reason::Time),
        ("hour 24", changed("13:55", "24:55"), Reason::Time),
        ("a foreign month", changed("Oct", "Okt"), Reason::Time),
        ("a month cut short", changed("Oct", "Octo"), Reason::Time),
        ("milliseconds", changed("36 +", "36.123 +"), Reason::Time),
        ("no zone", changed(" +0000]", "]"), Reason::Time),
        ("an unknown status", changed("200", "425"), Reason::Status),
        ("no status", changed("200", "-"), Reason::Status),
        ("a NUL in the request", changed("/x", "/x\0y"), Reason::Request),
        ("nothing behind the size", changed(" \"-\" \"UA\"", ""), Reason::Bytes),
        ("nothing behind the time", changed("\"GET /x HTTP/1.1\" 200 100 \"-\" \"UA\"", ""), Reason::Request),
        ("something else", b"garbage".to_vec(), Reason::Client),
    ] {
        assert_eq!(pattern("combined").record(&line, &Bump::new()).unwrap_err(), reason, "{what}");
    }
}

#[test]
fn where_goaccess_is_not_followed_the_line_fails() {
    for (what, line, reason) in [
        ("a date that there is not", changed("10/Oct/2023", "31/Feb/2023"), Reason::Time),
        ("a line that ends behind its request", changed(" 200 100 \"-\" \"UA\"", ""), Reason::Cut),
    ] {
        assert_eq!(pattern("combined").record(&line, &Bump::new()).unwrap_err(), reason, "{what}");
    }
}

#[test]
fn user_virtual_host_referrer_and_agent_are_as_goaccess_has_them() {
    let line = "www.example.org:443 ".to_string() + LINE;
    for (what, name, line, expected) in [
        ("no user, no host", "combined", LINE.to_string(), ["-", "-", "-", "UA"]),
        ("a user", "combined", LINE.replace("- -", "- J Smith"), ["J Smith", "-", "-", "UA"]),
        ("an empty user", "combined", LINE.replace("- -", "- "), ["", "-", "-", "UA"]),
        ("no ident", "combined", LINE.replace("- - ", ""), ["-", "-", "-", "UA"]),
        ("a host", "vhost_combined", line.clone(), ["-", "www.example.org", "-", "UA"]),
        ("an empty referrer and agent", "combined", LINE.replace("\"-\" \"UA\"", "\"\" \"\""), ["-", "-", "-", ""]),
        ("a dash as agent", "combined", LINE.replace("UA", "-"), ["-", "-", "-", "-"]),
        ("no such fields", "common", LINE.replace(" \"-\" \"UA\"", ""), ["-", "-", "", ""]),
        ("an escaped agent", "combined", LINE.replace("UA", "a%20b"), ["-", "-", "-", "a b"]),
        ("a quote in the agent", "combined", LINE.replace("UA", "Moz \"q\" x"), ["-", "-", "-", "Moz"]),
    ] {
        let scratch = Bump::new();
        let access =
            pattern(name).record(line.as_bytes(), &scratch).unwrap_or_else(|reason| panic!("{what}: {reason:?}"));
        let found = [access.user, access.vhost, access.referrer, access.agent];
        assert_eq!(found, expected.map(str::as_bytes), "{what}");
    }
    let without_port = "www.example.org ".to_string() + LINE;
    assert!(pattern("vhost_combined").record(without_port.as_bytes(), &Bump::new()).is_err());
}

#[test]
fn no_text_makes_a_panic() {
    let pieces: [&[u8]; 12] = [b"\\", b"\"", b"[", b"]", b" ", b":", b"/", b"%", b"9", b"\0", b"\xff", LINE.as_bytes()];
    for name in ["combined", "vhost_combined", "common", "vhost_common"] {
        for cut in 0..LINE.len() {
            for piece in pieces {
                let line = [&LINE.as_bytes()[..cut], piece, &LINE.as_bytes()[cut..]].concat();
                let _ = pattern(name).parse(&line, &Bump::new());
                let _ = pattern(name).parse(&line[..cut + piece.len()], &Bump::new());
            }
        }
    }
}
