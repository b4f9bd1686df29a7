//! Compiled strings against what was written, and against the careful parser of the common log format.

use super::*;
use crate::format::record::{Access, Parsed, Time};
use bumpalo::Bump;
use jiff::Timestamp;
use proptest::prelude::*;

/// A field of a random format string: its directive, what it writes into a line, what that says.
#[derive(Clone, Debug)]
struct Case {
    apache: &'static str,
    nginx: &'static str,
    text: String,
    says: Says,
    is_quoted: bool,
}

#[derive(Clone, Debug)]
enum Says {
    Nothing,
    Time(i64),
    Client,
    User,
    Vhost,
    Request,
    Status(u16),
    Sent(Option<u64>),
    Read(Option<u64>),
    Micros(u64),
    Referrer,
    Agent,
}

/// A text as servers write it: quotes and backslashes escaped, and no separator of the strings below.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just(r#"\""#), Just(r"\\"), Just(r"\xe4"), Just("a"), Just("[1]"), Just("é"), Just("/"), Just("=")],
        1..12,
    )
    .prop_map(|pieces| pieces.concat())
}

fn case() -> impl Strategy<Value = Case> {
    let field = |apache, nginx| move |(text, says)| Case { apache, nginx, text, says, is_quoted: false };
    let number = || proptest::option::of(any::<u64>());
    let dashed = |number: Option<u64>| number.map_or("-".to_string(), |number| number.to_string());
    let time = |seconds| {
        let time = Timestamp::from_second(seconds).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
        (format!("[{time}]"), Says::Time(seconds))
    };
    prop_oneof![
        (0..4_000_000_000i64).prop_map(time).prop_map(field("%t", "[$time_local]")),
        any::<[u8; 4]>()
            .prop_map(|[a, b, c, d]| (format!("{a}.{b}.{c}.{d}"), Says::Client))
            .prop_map(field("%a", "$remote_addr")),
        text().prop_map(|text| (text, Says::User)).prop_map(field("%u", "$remote_user")),
        "[a-z]{1,9}(\\.[a-z]{2,3})?".prop_map(|text| (text, Says::Vhost)).prop_map(field("%v", "$server_name")),
        ("(GET|POST)", text())
            .prop_map(|(method, path)| (format!("{method} /{path} HTTP/1.1"), Says::Request))
            .prop_map(field("%r", "$request")),
        (0..1000u16)
            .prop_map(|status| (format!("{status:03}"), Says::Status(status)))
            .prop_map(field("%>s", "$status")),
        number().prop_map(move |n| (dashed(n), Says::Sent(n))).prop_map(field("%b", "$body_bytes_sent")),
        number().prop_map(move |n| (dashed(n), Says::Read(n))).prop_map(field("%I", "$request_length")),
        (0..1_000_000_000u64)
            .prop_map(|ms| (format!("{}.{:03}", ms / 1000, ms % 1000), Says::Micros(ms * 1000)))
            .prop_map(field("%T", "$request_time")),
        text().prop_map(|text| (text, Says::Referrer)).prop_map(field("%{Referer}i", "$http_referer")),
        text().prop_map(|text| (text, Says::Agent)).prop_map(field("%{user-agent}i", "${http_user_agent}")),
        text().prop_map(|text| (text, Says::Nothing)).prop_map(field("%{Accept}i", "$http_accept")),
    ]
}

/// Fields, each kind once, and the text between them.
fn cases() -> impl Strategy<Value = (Vec<Case>, &'static str)> {
    let separators = proptest::sample::select(&[" ", "\t", "|", ";", " - ", "}{", ", "][..]);
    (proptest::collection::vec((case(), any::<bool>()), 1..10), separators).prop_map(|(cases, separator)| {
        let mut kinds = Vec::new();
        let mut kept = Vec::new();
        for (case, is_quoted) in cases {
            let kind = std::mem::discriminant(&case.says);
            if !kinds.contains(&kind) {
                kinds.push(kind);
                // A request without quotes needs separators that it does not hold; a time has brackets of its own.
                let is_quoted =
                    (is_quoted || matches!(case.says, Says::Request)) && !matches!(case.says, Says::Time(_));
                kept.push(Case { is_quoted, ..case });
            }
        }
        (kept, separator)
    })
}

/// The strings of all fields, one behind the other.
fn joined(cases: &[Case], separator: &str, text: impl Fn(&Case) -> String) -> String {
    let quoted = |case: &Case| if case.is_quoted { format!("\"{}\"", text(case)) } else { text(case) };
    cases.iter().map(quoted).collect::<Vec<_>>().join(separator)
}

proptest! {
    #[test]
    fn what_is_written_is_read((cases, separator) in cases(), is_nginx in any::<bool>()) {
        let format_string = joined(&cases, separator, |case| if is_nginx { case.nginx } else { case.apache }.to_string());
        let line = joined(&cases, separator, |case| case.text.clone());
        let mut expected = Access::default();
        let mut has_time = false;
        for case in &cases {
            let text = case.text.as_bytes();
            match case.says {
                Says::Nothing => {}
                Says::Time(seconds) => {
                    expected.time = Time { wall_seconds: seconds, ..Time::default() };
                    has_time = true;
                }
                Says::Client => expected.client = text,
                Says::User => expected.user = text,
                Says::Vhost => expected.vhost = text,
                Says::Request => {
                    let mut words = case.text.splitn(2, ' ');
                    expected.method = words.next().unwrap().as_bytes();
                    expected.target = words.next().unwrap().strip_suffix(" HTTP/1.1").unwrap().as_bytes();
                    expected.protocol = b"HTTP/1.1";
                }
                Says::Status(status) => expected.status = status,
                Says::Sent(bytes) => expected.bytes_sent = bytes,
                Says::Read(bytes) => expected.bytes_read = bytes,
                Says::Micros(micros) => expected.latency_micros = Some(micros),
                Says::Referrer => expected.referrer = text,
                Says::Agent => expected.agent = text,
            }
        }
        match format(&format_string, b"HEARTBEAT") {
            // Nothing but the header that nobody knows.
            Err(error) => prop_assert!(cases.iter().all(|case| matches!(case.says, Says::Nothing)), "{}", error),
            Ok(format) => {
                let scratch = Bump::new();
                let parsed = format.parse(line.as_bytes(), &scratch);
                let expected = if has_time { Parsed::Access(expected, 0) } else { Parsed::Untimed(expected, 0) };
                prop_assert_eq!(parsed, expected, "{}\n{}", format_string, line);
            }
        }
    }

    #[test]
    fn any_string_and_any_line_are_something(
        text in r#"(LogFormat |log_format x )?["']?([%$]\{?[a-zA-Z_]{0,12}\}?[a-z]?["' |\[\]:]{0,3}){0,8}["';]{0,2}"#,
        line in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(format) = format(&text, b"HEARTBEAT") {
            format.parse(&line, &Bump::new());
        }
    }

    #[test]
    fn any_change_of_a_line_is_read_as_the_careful_parser_reads_it(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 0..3, bytes()), 0..4),
        standard in 0..2usize,
    ) {
        let lines: Vec<&str> = traps().collect();
        let mut line = which.get(&lines).as_bytes().to_vec();
        for (at, how, byte) in changes {
            let at = at.index(line.len().max(1)).min(line.len());
            match how {
                0 => line.insert(at, byte),
                1 if at < line.len() => line[at] = byte,
                _ if at < line.len() => { line.remove(at); }
                _ => {}
            }
        }
        let (text, has_vhost, is_combined) = STANDARD_STRINGS[standard];
        same(text, has_vhost, is_combined, &line);
    }
}

/// Bytes that mean something in a line, and some that do not.
fn bytes() -> impl Strategy<Value = u8> {
    proptest::sample::select(&b"\" \\[],:/-0129az\0\xff"[..])
}

fn traps() -> impl Iterator<Item = &'static str> {
    include_str!("../../../tests/traps.log").lines().filter(|line| !line.starts_with("# "))
}

/// The compiled string and the careful parser say the same of a line; why it does not fit may be told by another field.
fn same(text: &str, has_vhost: bool, is_combined: bool, line: &[u8]) {
    let (program, clf) = (program(text, b"HEARTBEAT").unwrap(), Clf::new(has_vhost, is_combined, b"HEARTBEAT"));
    let scratch = Bump::new();
    let (found, expected) = (program.parse(line, &scratch), clf.parse(line, &scratch));
    let both = matches!((&found, &expected), (Parsed::Malformed(_), Parsed::Malformed(_)));
    assert!(both || found == expected, "{text}: {:?}: {found:?} is not {expected:?}", String::from_utf8_lossy(line));
}

#[test]
fn standard_strings_agree_with_the_careful_parser_on_the_traps() {
    for line in traps() {
        for (text, has_vhost, is_combined) in STANDARD_STRINGS {
            let name = if has_vhost { "www.example.org:443 " } else { "" };
            same(text, has_vhost, is_combined, format!("{name}{line}").as_bytes());
        }
    }
}
