use super::*;
use crate::format::fast::ReadRegular;
use crate::scan::{Kernel, Marks};
use proptest::prelude::*;

fn parse_with<R>(format: &Clf, line: &[u8], see: impl FnOnce(Parsed<'_>) -> R) -> R {
    see(format.parse(line, &Bump::new()))
}

fn combined() -> Clf {
    Clf::new(false, true, b"HEARTBEAT")
}

/// A combined line with one part changed.
fn line(client: &str, user: &str, request: &str, numbers: &str, agent: &str) -> String {
    format!("{client} - {user} [10/Oct/2023:13:55:36 +0000] \"{request}\" {numbers} \"-\" \"{agent}\"")
}

#[test]
fn every_trap_comes_out_right() {
    let get = "GET /x HTTP/1.1";
    let ua = "UA";
    // What the row shows, the line, and of the record: client, user, target, status, bytes, agent.
    let rows: &[(&str, String, [&str; 4], u16, Option<u64>)] = &[
        ("a regular line", line("192.0.2.1", "-", get, "200 5", ua), ["192.0.2.1", "-", "/x", "UA"], 200, Some(5)),
        (
            "an escaped quote in the agent",
            line("192.0.2.1", "-", get, "200 5", r#"a \"b\" c"#),
            ["192.0.2.1", "-", "/x", r#"a \"b\" c"#],
            200,
            Some(5),
        ),
        (
            "an escaped quote in the request",
            line("192.0.2.1", "-", r#"GET /a\"b HTTP/1.1"#, "200 5", ua),
            ["192.0.2.1", "-", r#"/a\"b"#, "UA"],
            200,
            Some(5),
        ),
        (
            "an escaped backslash before the quote",
            line("192.0.2.1", "-", get, "200 5", r"UA\\"),
            ["192.0.2.1", "-", "/x", r"UA\\"],
            200,
            Some(5),
        ),
        (
            "spaces in the user",
            line("192.0.2.1", "John Smith", get, "200 5", ua),
            ["192.0.2.1", "John Smith", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "brackets in the user",
            line("192.0.2.1", "[foo]", get, "200 5", ua),
            ["192.0.2.1", "[foo]", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "a time in the user",
            line("192.0.2.1", "x [10/Oct/2023:13:55:36 +0000] y", get, "200 5", ua),
            ["192.0.2.1", "x [10/Oct/2023:13:55:36 +0000] y", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "TLS bytes",
            line("192.0.2.1", "-", r"\x16\x03\x01\x00", "400 157", "-"),
            ["192.0.2.1", "-", "-", "-"],
            400,
            Some(157),
        ),
        ("an empty request", line("192.0.2.1", "-", "", "400 0", ua), ["192.0.2.1", "-", "-", "UA"], 400, Some(0)),
        ("a dash for the request", line("192.0.2.1", "-", "-", "408 -", "-"), ["192.0.2.1", "-", "-", "-"], 408, None),
        ("HTTP/0.9", line("192.0.2.1", "-", "GET /", "200 5", ua), ["192.0.2.1", "-", "/", "UA"], 200, Some(5)),
        (
            "spaces in the URL",
            line("192.0.2.1", "-", "GET /a b c HTTP/1.1", "200 5", ua),
            ["192.0.2.1", "-", "/a b c", "UA"],
            200,
            Some(5),
        ),
        (
            "IPv6 with a zone",
            line("fe80::1%eth0", "-", get, "200 5", ua),
            ["fe80::1%eth0", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "an address with a port",
            line("192.0.2.1:5678", "-", get, "200 5", ua),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "a host name",
            line("host.example.org", "-", get, "200 5", ua),
            ["host.example.org", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "a forwarded-for list",
            line("192.0.2.1, 198.51.100.2", "-", get, "200 5", ua),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        ("an unusual status", line("192.0.2.1", "-", get, "999 5", ua), ["192.0.2.1", "-", "/x", "UA"], 999, Some(5)),
        (
            "a size beyond 32 bits",
            line("192.0.2.1", "-", get, "200 18446744073709551615", ua),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(u64::MAX),
        ),
        (
            "text behind the record",
            line("192.0.2.1", "-", get, "200 5", ua) + " 0.003 \"x",
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "one more pair of quotes",
            format!("\"{}\"", line("192.0.2.1", "-", get, "200 5", ua)),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "the same, doubled inside",
            format!("\"{}\"", line("192.0.2.1", "-", get, "200 5", ua).replace('"', "\"\"")),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
        (
            "the same, escaped inside",
            format!("\"{}\"", line("192.0.2.1", "-", get, "200 5", ua).replace('"', "\\\"")),
            ["192.0.2.1", "-", "/x", "UA"],
            200,
            Some(5),
        ),
    ];
    for (what, line, [client, user, target, agent], status, bytes) in rows {
        parse_with(&combined(), line.as_bytes(), |parsed| {
            let Parsed::Access(access, glued) = parsed else { panic!("{what}: {parsed:?}") };
            let texts = [access.client, access.user, access.target, access.agent];
            assert_eq!(texts, [client, user, target, agent].map(|text| text.as_bytes()), "{what}");
            assert_eq!((access.status, access.bytes_sent, glued), (*status, *bytes, 0), "{what}");
        });
    }
}

#[test]
fn a_bad_line_names_its_reason() {
    let get = "GET / HTTP/1.1";
    for (what, line, reason) in [
        ("an empty line of words", "no log line".to_string(), Reason::Cut),
        ("cut in the time", "192.0.2.1 - - [10/Oct/2023:13:55".to_string(), Reason::Request),
        ("no such day", line("192.0.2.1", "-", get, "200 5", "a").replace("10/Oct", "31/Feb"), Reason::Time),
        ("a status of two digits", line("192.0.2.1", "-", get, "20 5", "a"), Reason::Status),
        ("a dash for the status", line("192.0.2.1", "-", get, "- 5", "a"), Reason::Status),
        ("a negative size", line("192.0.2.1", "-", get, "200 -5", "a"), Reason::Bytes),
        ("a size beyond 64 bits", line("192.0.2.1", "-", get, "200 18446744073709551616", "a"), Reason::Bytes),
        (
            "a common line",
            "192.0.2.1 - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 5".to_string(),
            Reason::Cut,
        ),
        (
            "an agent not closed",
            line("192.0.2.1", "-", get, "200 5", "a").trim_end_matches('"').to_string(),
            Reason::Quote,
        ),
        (
            "no user",
            "192.0.2.1 [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a\"".to_string(),
            Reason::Cut,
        ),
    ] {
        parse_with(&combined(), line.as_bytes(), |parsed| {
            assert_eq!(parsed, Parsed::Malformed(reason), "{what}: {line}");
        });
    }
}

#[test]
fn glued_records_are_counted() {
    let one = line("192.0.2.1", "-", "GET /x HTTP/1.1", "200 5", "UA");
    for (text, expected) in [(format!("{one}{one}"), 1), (format!("{one} {one}{one}"), 2), (format!("{one} rest"), 0)] {
        parse_with(&combined(), text.as_bytes(), |parsed| {
            assert!(matches!(parsed, Parsed::Access(_, glued) if glued == expected), "{text}: {parsed:?}");
        });
    }
}

#[test]
fn a_heartbeat_is_one_whatever_its_numbers() {
    let text = b"- - - [15/Jan/2017:18:10:10 -0700] \"HEARTBEAT\" - -";
    let heartbeat = |parsed: Parsed<'_>| matches!(parsed, Parsed::Heartbeat(Some(_)));
    assert!(parse_with(&Clf::new(false, false, b"HEARTBEAT"), text, heartbeat));
    assert!(!parse_with(&Clf::new(false, false, b"PING"), text, heartbeat));
}

#[test]
fn a_virtual_host_stands_before_the_client() {
    let format = Clf::new(true, true, b"HEARTBEAT");
    for (prefix, vhost) in
        [("example.com:80 ", "example.com"), ("[2001:db8::1]:443 ", "[2001:db8::1]"), ("a.b ", "a.b")]
    {
        let text = prefix.to_string() + &line("192.0.2.1", "-", "GET /x HTTP/1.1", "200 5", "UA");
        parse_with(&format, text.as_bytes(), |parsed| {
            let Parsed::Access(access, 0) = parsed else { panic!("{text}: {parsed:?}") };
            assert_eq!((access.vhost, access.client), (vhost.as_bytes(), &b"192.0.2.1"[..]), "{text}");
        });
    }
    let plain = line("192.0.2.1", "John Smith", "GET /x HTTP/1.1", "200 5", "UA");
    assert!(parse_with(&format, plain.as_bytes(), |parsed| matches!(parsed, Parsed::Malformed(_))));
}

/// What the fast path says of a line, if it takes it; and what the careful parser says.
fn both(format: &Clf, text: &[u8]) {
    let with_end = [text, b"\n"].concat();
    let mut marks = Marks::default();
    Kernel::choose(None).unwrap().structure(&with_end, &mut marks);
    // Behind the line stands what a further chunk would hold, so that the fast path has its words.
    let padded = [with_end.as_slice(), &[b'x'; 32]].concat();
    let mut fast = format.fast().unwrap();
    // Twice: with the hour not yet known, and known.
    for _ in 0..2 {
        let scratch = Bump::new();
        let Some(regular) = fast.regular(&padded, 0, marks.as_slice(), &scratch) else { continue };
        assert_eq!(regular.newline, text.len());
        let stripped = text.strip_suffix(b"\r").unwrap_or(text);
        parse_with(format, stripped, |careful| assert_eq!(Parsed::Access(regular.access, 0), careful));
    }
}

proptest! {
    #[test]
    fn the_fast_path_says_what_the_careful_parser_says(
        vhost in "(|www.example.org:443 |[a-z0-9:.\\[\\]-]{0,6} )",
        client in "([0-9.]{1,16}|[0-9a-f:]{2,20}|[a-z.,:\\[\\] -]{0,12})",
        user in "(-|[a-z \\[\\]]{0,8})",
        date in "(10/Oct/2023|29/Feb/2023|[0-3][0-9]/(Jan|Feb|Xxx)/[0-9]{4})",
        clock in "([0-2][0-9]:[0-6][0-9]:[0-6][0-9]|..:..:..)",
        request in "(GET /[a-z?]{0,9} HTTP/1.[01]|[A-Z]{0,7} [/a-z]{0,4} ?(HTTP/2)?|HEARTBEAT|.{0,6})",
        status in "([0-9]{3}|[0-9-]{0,4})",
        bytes in "([0-9]{1,9}|-|[0-9:x]{0,21})",
        agent in "[ -~]{0,12}",
        end in "(|\r| x)",
        is_combined in any::<bool>(),
    ) {
        let mut text = format!("{vhost}{client} - {user} [{date}:{clock} +0100] \"{request}\" {status} {bytes}");
        if is_combined {
            text += &format!(" \"-\" \"{agent}\"");
        }
        text += &end;
        for (vhost, combined) in [(false, true), (false, false), (true, true), (true, false)] {
            let format = Clf::new(vhost, combined, b"HEARTBEAT");
            both(&format, text.replace('\n', "").as_bytes());
        }
    }

    #[test]
    fn one_changed_byte_makes_both_paths_change_alike(at in 0usize..100, byte in any::<u8>()) {
        let mut text = line("192.0.2.1", "-", "GET /x HTTP/1.1", "200 512", "Mozilla/5.0 (X11)").into_bytes();
        let at = at % text.len();
        text[at] = if byte == b'\n' { b'N' } else { byte };
        both(&combined(), &text);
    }
}
