//! The program against the slow truth: whole reports on random, mutated and real access logs.

use proptest::prelude::*;
use visor_fast::aggregate::snapshot::Snapshot;
use visor_fast::engine::{Settings, analyze_bytes};
use visor_fast::format::catalogue::{FormatOptions, by_name};
use visor_fast::oracle::{self, Options};
use visor_fast::scan::Kernel;

const ALL: usize = usize::MAX;

/// What both sides tell.
fn compared(snapshot: Snapshot) -> serde_json::Value {
    serde_json::to_value(Snapshot {
        inputs: Vec::new(),
        period: Default::default(),
        malformed_reasons: Vec::new(),
        malformed_samples: Vec::new(),
        ..snapshot
    })
    .unwrap()
}

/// Both reports on a text; panics with the first list in which they differ.
fn compare(text: &[u8], options: &Options, threads: usize, piece_bytes: usize) {
    let mut settings = Settings::new(threads, Kernel::choose(None).unwrap());
    let format = if options.combined { "combined" } else { "common" };
    settings.format = Some(by_name(format, &FormatOptions::default()).unwrap());
    settings.piece_bytes = piece_bytes;
    settings.max_line_bytes = options.max_line_bytes;
    settings.tally.keep_query = options.keep_query;
    settings.tally.bucket_seconds = options.bucket_seconds as u64;
    let found = compared(analyze_bytes(&[("a", text)], &settings, ALL));
    let truth = compared(oracle::report(text, options));
    for (key, expected) in truth.as_object().unwrap() {
        let text = String::from_utf8_lossy(&text[..text.len().min(5000)]);
        assert_eq!(&found[key], expected, "{key} of {format}\n{text}");
    }
}

/// One of a few texts, so that keys meet.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

fn client() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "192.0.2.1",
        "192.0.2.1:4711",
        "2001:db8::1",
        "[2001:db8::1]:443",
        "[::1]",
        "fe80::1%eth0",
        "host.example",
        "10.0.0.1, 10.0.0.2",
        "10.0.0.1,10.0.0.2",
        "255.255.255.255",
        "-",
        "unix:",
    ])
}

fn user() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "- -",
        "- -",
        "- -",
        "- frank",
        "- \"\"",
        "- John Smith",
        "- a[b]c",
        "x \\\"q\\\"",
        "- [10/Oct/2025:00:00:00 +0000]",
    ])
}

fn time() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "10/Oct/2025:13:55:36 +0000",
        "10/Oct/2025:13:55:60 +0000",
        "10/Oct/2025:23:59:60 +0000",
        "11/Oct/2025:00:00:00 +0000",
        "11/Oct/2025:01:00:00 +0530",
        "09/Oct/2025:23:00:00 -0730",
        "31/Feb/2025:13:55:36 +0000",
        "10/Oct/2025:24:00:00 +0000",
        "10/Okt/2025:13:55:36 +0000",
        "29/Feb/2024:13:55:36 +0000",
    ])
}

fn request() -> impl Strategy<Value = &'static str> {
    one_of(&[
        "GET /a HTTP/1.1",
        "GET /a?x=1 HTTP/1.1",
        "GET /a?x=2 HTTP/2.0",
        "POST /b.css HTTP/1.1",
        "HEAD /B.PNG?v=2 HTTP/1.0",
        "GET /with a space HTTP/1.1",
        "GET /quote\\\"d HTTP/1.1",
        "GET /back\\\\ HTTP/1.1",
        "GET /simple",
        "FOO /x HTTP/1.2",
        "PRI * HTTP/2.0",
        "GET ?q HTTP/1.1",
        "\\x16\\x03\\x01",
        "-",
        "",
        "HEARTBEAT",
        "GET  HTTP/1.1",
    ])
}

fn line() -> impl Strategy<Value = String> {
    let numbers = (
        one_of(&["200", "200", "200", "304", "404", "404", "500", "503", "999", "000", "20", "2000", "abc"]),
        one_of(&[
            "0",
            "1",
            "2326",
            "99999999",
            "123456789",
            "-",
            "18446744073709551615",
            "18446744073709551616",
            "x",
            "",
        ]),
    );
    let referrer =
        one_of(&["-", "", "https://a.example/x?y", "https://a.example:443/z", "//b.example", "no url", "\\\"q"]);
    let agent = one_of(&[
        "-",
        "curl/8.5.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "a \\\"b\\\" c",
        "",
    ]);
    let tail = one_of(&["", "", "", "\r", " 0.123 -", "glued", " "]);
    (client(), user(), time(), request(), numbers, referrer, agent, tail).prop_map(
        |(client, user, time, request, (status, bytes), referrer, agent, tail)| {
            format!("{client} {user} [{time}] \"{request}\" {status} {bytes} \"{referrer}\" \"{agent}\"{tail}")
        },
    )
}

/// A line, whole or changed in one place, glued to another, wrapped in quotes, or none at all.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => line().prop_map(String::into_bytes),
        1 => (line(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(line, at, byte)| {
            let mut line = line.into_bytes();
            let at = at.index(line.len());
            line[at] = byte;
            line
        }),
        1 => (line(), any::<prop::sample::Index>()).prop_map(|(line, at)| line.as_bytes()[..at.index(line.len())].to_vec()),
        1 => (line(), line()).prop_map(|(left, right)| (left + &right).into_bytes()),
        1 => line().prop_map(|line| format!("\"{line}\"").into_bytes()),
        1 => line().prop_map(|line| format!("\"{}\"", line.replace('"', "\"\"")).into_bytes()),
        1 => line().prop_map(|line| [&[0; 40], line.as_bytes()].concat()),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
        1 => Just(Vec::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_report_is_the_true_one(
        lines in proptest::collection::vec(any_line(), 0..60),
        combined: bool,
        keep_query: bool,
        bucket_seconds in prop_oneof![Just(3600i64), Just(86_400), Just(600), Just(7 * 3600)],
        threads in 1usize..3,
        piece_bytes in 1usize..2000,
    ) {
        let text = lines.join(&b'\n');
        compare(&text, &Options { combined, max_line_bytes: 400, bucket_seconds, keep_query }, threads, piece_bytes);
    }
}

#[test]
fn every_trap_has_its_true_report() {
    for trap in include_str!("traps.log").lines().filter(|line| !line.starts_with("# ")) {
        for combined in [false, true] {
            let options = Options { combined, max_line_bytes: 1 << 20, bucket_seconds: 3600, keep_query: false };
            compare(trap.as_bytes(), &options, 1, 1 << 20);
            compare(format!("{trap}\r\n").as_bytes(), &options, 1, 1 << 20);
        }
    }
}

#[test]
fn a_real_log_has_its_true_report() {
    let Some(folder) = std::env::var_os("VISOR_CORPUS").map(std::path::PathBuf::from) else {
        eprintln!("skipped: no real log is compared, since VISOR_CORPUS names no folder of them");
        return;
    };
    let text = std::fs::read(folder.join("apache_combined_elastic.log")).unwrap();
    let options = Options { combined: true, max_line_bytes: 1 << 20, bucket_seconds: 3600, keep_query: false };
    compare(&text, &options, 2, 100_000);
}
