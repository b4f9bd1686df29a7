//! What stands in a line.

use super::{LINE, Run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Instant;

fn here() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// A line with one part changed.
fn line(part: &str, with: &str) -> String {
    assert!(LINE.contains(part), "{part}");
    LINE.replacen(part, with, 1)
}

const REQUEST: &str = "GET /a HTTP/1.1";
const AGENT: &str = "curl/8.5.0";
const TIME: &str = "10/Oct/2025:13:55:36 +0000";

#[test]
fn every_trap_has_its_counter_and_its_key() {
    let twice = LINE.trim_end().repeat(2);
    let cases: Vec<(&str, String, &str, Option<(&str, &str)>)> = vec![
        (
            "an escaped quote in the agent",
            line(AGENT, "Moz \\\"q\\\" 1"),
            "records",
            Some(("agents", "Moz \\\"q\\\" 1")),
        ),
        ("an escaped quote in the URL", line("/a ", "/a\\\"b "), "records", Some(("paths", "/a\\\"b"))),
        ("nginx's escape in the URL", line("/a ", "/a\\x22b "), "records", Some(("paths", "/a\\x22b"))),
        ("an unescaped quote in the agent", line(AGENT, "Moz \"q\" x"), "records", Some(("agents", "Moz "))),
        ("a space in the user", line("- -", "- John Smith"), "records", Some(("users", "John Smith"))),
        ("a bracket in the user", line("- -", "- [foo]"), "records", Some(("users", "[foo]"))),
        ("a time in the user", line("- -", "- [01/Jan/1999:00:00:00 +0000]"), "records", None),
        ("TLS on port 80", line(REQUEST, "\\x16\\x03\\x01\\x00\\xEE"), "records", Some(("paths", "-"))),
        ("raw TLS", line(REQUEST, "\x16\x03\x01"), "records", Some(("methods", "-"))),
        ("an empty request", line(REQUEST, ""), "records", Some(("paths", "-"))),
        ("a dash for a request", line(REQUEST, "-"), "records", Some(("paths", "-"))),
        ("HTTP/0.9", line(REQUEST, "GET /old"), "records", Some(("protocols", "HTTP/0.9"))),
        ("an unknown protocol", line("HTTP/1.1", "HTTP/1.2"), "records", Some(("protocols", "HTTP/1.2"))),
        ("an unknown method", line("GET", "FOO"), "records", Some(("methods", "FOO"))),
        ("HTTP/2's preface", line(REQUEST, "PRI * HTTP/2.0"), "records", Some(("paths", "*"))),
        ("spaces in the URL", line("/a ", "/a b c "), "records", Some(("paths", "/a b c"))),
        ("percent signs", line("/a ", "/%41%2F%00x?q=%22 "), "records", Some(("paths", "/%41%2F%00x"))),
        ("a size that is a dash", line("2326", "-"), "records", None),
        ("a size with a point", line("2326", "1.5"), "malformed", None),
        ("a size below zero", line("2326", "-5"), "malformed", None),
        ("a size of thirty digits", line("2326", &"9".repeat(30)), "malformed", None),
        ("IPv6", line("192.0.2.1", "2001:db8::1"), "records", Some(("clients", "2001:db8::1"))),
        (
            "IPv6 in brackets with a port",
            line("192.0.2.1", "[2001:db8::1]:80"),
            "records",
            Some(("clients", "2001:db8::1")),
        ),
        ("IPv6 with a zone", line("192.0.2.1", "fe80::1%eth0"), "records", Some(("clients", "fe80::1%eth0"))),
        ("an address with a port", line("192.0.2.1", "192.0.2.9:80"), "records", Some(("clients", "192.0.2.9"))),
        ("a host name", line("192.0.2.1", "host.example"), "records", Some(("clients", "host.example"))),
        ("a unix socket", line("192.0.2.1", "unix:"), "records", None),
        ("no client", line("192.0.2.1", "-"), "records", None),
        ("a list of clients", line("192.0.2.1", "192.0.2.8, 10.0.0.1"), "records", Some(("clients", "192.0.2.8"))),
        ("status 999", line(" 200 ", " 999 "), "records", Some(("status", "999"))),
        ("status 103", line(" 200 ", " 103 "), "records", Some(("status", "103"))),
        ("no status", line(" 200 ", " - "), "malformed", None),
        ("a date that is none", line("10/Oct", "31/Feb"), "malformed", None),
        ("a year of two digits", line("/2025", "/25"), "malformed", None),
        ("hour 25", line(":13:", ":25:"), "malformed", None),
        ("a month of another language", line("Oct", "Okt"), "malformed", None),
        ("milliseconds", line(":36 +", ":36.123 +"), "malformed", None),
        ("no zone", line(" +0000", ""), "malformed", None),
        ("second 60", line(":55:36", ":59:60"), "records", None),
        ("an offset of half an hour", line("+0000", "+0530"), "records", None),
        ("the year 1", line("/2025", "/0001"), "records", None),
        ("the year 9999", line("/2025", "/9999"), "records", None),
        ("CRLF", line("\n", "\r\n"), "records", Some(("agents", AGENT))),
        ("a blank line with CRLF", "\r\n".to_string(), "blank", None),
        ("spaces and tabs", " \t \n".to_string(), "blank", None),
        ("a NUL inside", line("/a ", "/a\0b "), "records", None),
        ("NULs before the line", "\0".repeat(5000) + LINE, "records", Some(("clients", "192.0.2.1"))),
        ("a byte-order mark", "\u{feff}".to_string() + LINE, "records", Some(("clients", "192.0.2.1"))),
        ("a space before the line", " ".to_string() + LINE, "malformed", None),
        ("tabs for spaces", LINE.replace(' ', "\t"), "malformed", None),
        ("a comment", "# a comment\n".to_string(), "malformed", None),
        ("cut in the agent", LINE[..LINE.len() - 5].to_string(), "malformed", None),
        ("cut in the request", LINE[..60].to_string(), "malformed", None),
        ("glued", twice, "records", Some(("agents", AGENT))),
        ("glued to half of one", LINE.trim_end().to_string() + &LINE[..50], "records", Some(("agents", AGENT))),
        ("a line of the common format", LINE.replace(" \"-\" \"curl/8.5.0\"", ""), "malformed", None),
        ("fields behind the agent", line("\n", " \"1.2.3.4\" 0.003\n"), "records", Some(("agents", AGENT))),
        ("wrapped in quotes", format!("\"{}\"\n", LINE.trim_end()), "records", Some(("agents", AGENT))),
        ("a sign of life", line(REQUEST, "HEARTBEAT"), "heartbeats", None),
    ];
    for (what, text, counter, key) in cases {
        for flags in [&["-j", "1"][..], &["--no-mmap"]] {
            let ran = Run::json(&here(), [&["--format", "combined", "-"], flags].concat())
                .fed(|out| out.write_all(text.as_bytes()).unwrap());
            let report = ran.exits(0).report();
            assert_eq!(report["totals"]["lines"], 1, "{what}");
            assert_eq!(report["totals"][counter], 1, "{what}: {}", report["totals"]);
            if let Some((list, key)) = key {
                assert_eq!(report[list][0]["key"], key, "{what}: {}", report[list]);
            }
        }
    }
}

#[test]
fn bytes_that_are_no_text_make_valid_reports() {
    let mut text = Vec::new();
    for byte in 0x80..=0xffu8 {
        let changed = |part: &str| {
            let at = LINE.find(part).unwrap();
            [&LINE.as_bytes()[..at], &[byte], &LINE.as_bytes()[at..]].concat()
        };
        ["a HTTP", "curl", "192", "- [", "-\" \""].iter().for_each(|part| text.extend(changed(part)));
    }
    for form in ["json", "csv", "text"] {
        let ran = Run::analyze(&here(), ["--format", "combined", "--output", form, "-"])
            .fed(|out| out.write_all(&text).unwrap());
        ran.exits(0);
        std::str::from_utf8(&ran.stdout).unwrap();
    }
    let ran = Run::json(&here(), ["--format", "combined", "-"]).fed(|out| out.write_all(&text).unwrap());
    assert_eq!(ran.totals()[..3], [640, 0, 640]);
}

/// The fields that an attacker writes, each with `text` in it.
fn everywhere(text: &str) -> Vec<(&'static str, String)> {
    let combined = |part, with: String| ("combined", line(part, &with));
    let json = |key: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        let fields = [
            ("time", "\"2025-10-10T13:55:36Z\""),
            ("remote_addr", "\"192.0.2.1\""),
            ("request", "\"GET / HTTP/1.1\""),
            ("status", "200"),
        ];
        let others = fields.iter().filter(|(name, _)| *name != key).map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{},\"{key}\":{quoted}}}\n", others.collect::<Vec<_>>().join(","))
    };
    let mut lines = vec![
        combined("192.0.2.1", text.replace(' ', "_")),
        combined("- -", format!("- {text}")),
        combined("GET", text.to_string()),
        combined("/a", text.to_string()),
        combined("HTTP/1.1", text.to_string()),
        combined("\"-\"", format!("\"{text}\"")),
        combined("\"-\"", format!("\"https://{text}/\"")),
        combined(AGENT, text.to_string()),
        combined(REQUEST, text.to_string()),
        combined(TIME, text.to_string()),
        ("combined", format!("{text}\n")),
        ("vhost_combined", format!("{}:80 {LINE}", text.replace(' ', "_"))),
        ("apache-error", format!("[Fri Oct 10 13:55:36 2025] [error] [client 192.0.2.1] {text}\n")),
        ("apache-error", format!("[Fri Oct 10 13:55:36 2025] [error] [client {text}] x\n")),
        ("apache-error", format!("[Fri Oct 10 13:55:36.123456 2025] [{text}:error] [pid 1:tid 2] x\n")),
        ("nginx-error", format!("2025/10/10 13:55:36 [error] 1#2: *3 {text}, client: 192.0.2.1\n")),
        ("visor-error", format!("[Fri Oct 10 13:55:36 2025] [ERROR] [pid 1:tid 2] [client 192.0.2.1] {text}\n")),
    ];
    for key in ["remote_addr", "request", "status", "http_user_agent", "http_referer", "remote_user", "host"] {
        lines.push(("json", json(key)));
    }
    lines
}

#[test]
fn nothing_of_a_line_drives_a_terminal_or_a_spreadsheet() {
    let evil = [
        "\x1b[2J\x1b]0;owned\x07",
        "\u{9b}31m\u{9d}0;x\u{9c}",
        "a\r\x08\x08b\x0b\x0c\x7f",
        "\u{202e}txt.exe\u{2066}\u{200b}",
        "=cmd|'/c calc'!A1",
        "@SUM(1)",
        "+1+1",
        "-1+1",
        "\t=1",
        "<script>alert(1)</script>",
    ];
    for text in evil {
        for (format, line) in everywhere(text) {
            let report = |form: &str| {
                let ran = Run::analyze(&here(), ["--format", format, "--output", form, "-"])
                    .fed(|out| out.write_all(line.as_bytes()).unwrap());
                ran.exits(0);
                String::from_utf8(ran.stdout).unwrap()
            };
            for form in ["text", "json", "csv"] {
                let shown = report(form);
                let moves = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
                assert!(!shown.contains(moves), "{format}, {form}: {line:?}: {shown:?}");
            }
            let table = report("csv");
            for row in csv::Reader::from_reader(table.as_bytes()).records() {
                for cell in &row.unwrap() {
                    assert!(!cell.starts_with(['=', '+', '-', '@']), "{format}: {line:?}: {cell:?}");
                }
            }
        }
    }
}

#[test]
fn a_detection_that_fails_shows_its_line_without_its_escapes() {
    let ran = Run::json(&here(), ["-"]).fed(|out| out.write_all(b"\x1b[2Jevil\x07\xff\n").unwrap());
    ran.exits(1).says("no known format");
    assert!(!ran.stderr.contains(|c: char| c.is_control() && c != '\n'), "{:?}", ran.stderr);
}

#[test]
fn a_key_of_any_length_is_told_from_its_neighbours() {
    // Around the words, cells and cache lines of the tables.
    let lengths: Vec<usize> = (1..=70).chain(125..=131).chain(253..=258).chain([1000, 4095, 4096, 4097]).collect();
    let mut text = String::new();
    for &length in &lengths {
        for last in ['x', 'y'] {
            let key = |first: char| format!("{first}{}{last}", "k".repeat(length.saturating_sub(2)));
            let key = |first| if length == 1 { last.to_string() } else { key(first) };
            text += &format!(
                "{} - {} [{TIME}] \"GET {} HTTP/1.1\" 200 1 \"{}\" \"{}\"\n",
                key('c'),
                key('u'),
                key('/'),
                key('r'),
                key('a')
            );
        }
    }
    let expected = lengths.len() * 2;
    for threads in ["1", "2"] {
        let ran = Run::json(&here(), ["-j", threads, "--format", "combined", "--top", "4294967295", "-"])
            .fed(|out| out.write_all(text.as_bytes()).unwrap());
        let report = ran.exits(0).report();
        for list in ["clients", "users", "paths", "referrers", "agents"] {
            let rows = report[list].as_array().unwrap();
            let keys: BTreeSet<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
            let found: BTreeSet<usize> = keys.iter().map(|key| key.len()).collect();
            assert_eq!((rows.len(), keys.len()), (expected, expected), "{list}, {threads} threads");
            assert_eq!(found, lengths.iter().copied().collect(), "{list}");
            assert!(rows.iter().all(|row| row["hits"] == 1), "{list}");
        }
        let distinct = |key: &str| report["distinct"][key]["value"].as_u64().unwrap() as usize;
        assert_eq!([distinct("clients"), distinct("paths"), distinct("visitors")], [expected; 3]);
    }
}

#[test]
fn sums_beyond_64_bits_stay_at_their_top() {
    let big = line("2326", "18446744073709551615");
    let text = [&line("2326", "1"), &big, &big, &line("2326", "7")].map(String::as_str).concat();
    let ran = Run::json(&here(), ["--format", "combined", "-"]).fed(|out| out.write_all(text.as_bytes()).unwrap());
    let report = ran.exits(0).report();
    for (what, sum) in [
        ("totals", &report["totals"]["bytes_sent"]),
        ("a bucket", &report["time"][0]["bytes"]),
        ("a path", &report["paths"][0]["bytes"]),
        ("a status", &report["status"][0]["bytes"]),
        ("an agent", &report["agents"][0]["bytes"]),
        ("the largest", &Value::from(report["sizes"]["max"].as_f64().unwrap() as u64)),
    ] {
        assert_eq!(*sum, u64::MAX, "{what}");
    }
    for form in ["text", "csv"] {
        let arguments = ["--format", "combined", "--output", form, "-"];
        Run::analyze(&here(), arguments).fed(|out| out.write_all(text.as_bytes()).unwrap()).exits(0);
    }
}

#[test]
fn lists_are_as_long_as_they_are_asked_for() {
    let text: String = (0..3000).map(|n| line("/a ", &format!("/{n} "))).collect();
    for (top, expected) in [("1", 1), ("2999", 2999), ("4294967295", 3000)] {
        for form in ["json", "csv", "text"] {
            let ran = Run::analyze(&here(), ["--top", top, "--output", form, "-"])
                .fed(|out| out.write_all(text.as_bytes()).unwrap());
            ran.exits(0);
            let shown = String::from_utf8_lossy(&ran.stdout);
            let rows = match form {
                "json" => ran.report()["paths"].as_array().unwrap().len(),
                "csv" => shown.lines().filter(|line| line.starts_with("paths,")).count(),
                _ => shown.lines().filter(|line| line.contains("  /")).count(),
            };
            assert_eq!(rows, expected, "--top {top}, {form}");
        }
    }
}

/// A scanner: one client, as many paths as lines; and the opposite, a path that as many clients ask for.
pub fn many(lines: u64, most_mib: u64) {
    for (what, of) in [
        (
            "one client, many paths",
            Box::new(|n| line("/a ", &format!("/scan/{n:x}/index.php "))) as Box<dyn Fn(u64) -> String + Sync>,
        ),
        (
            "many clients, one path",
            Box::new(|n: u64| line("192.0.2.1", &format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255))),
        ),
        (
            "many of all",
            Box::new(|n| {
                LINE.replace("192.0.2.1", &format!("2001:db8::{n:x}"))
                    .replace("/a ", &format!("/{n} "))
                    .replace(AGENT, &format!("a{n}"))
            }),
        ),
    ] {
        let ran = Run::json(&here(), ["--format", "combined", "-"]).fed(|out| {
            for from in (0..lines).step_by(1000) {
                let block: String = (from..lines.min(from + 1000)).map(&of).collect();
                out.write_all(block.as_bytes()).unwrap();
            }
        });
        let report = ran.exits(0).within_mib(most_mib).report();
        let distinct = ["clients", "paths", "visitors"].map(|key| report["distinct"][key]["value"].as_u64().unwrap());
        let expected = match what {
            "one client, many paths" => [1, lines, 1],
            "many clients, one path" => [lines, 1, lines],
            _ => [lines; 3],
        };
        assert_eq!((report["totals"]["records"].as_u64(), distinct), (Some(lines), expected), "{what}");
        let visitors: u64 =
            report["paths"].as_array().unwrap().iter().map(|row| row["visitors"].as_u64().unwrap()).sum();
        assert_eq!(visitors, if what == "many clients, one path" { lines } else { 1000.min(lines) }, "{what}");
        eprintln!("{what}, {lines} lines: {:.2} s, {} MiB", ran.seconds, ran.peak >> 20);
    }
}

#[test]
fn fifty_thousand_paths_and_clients_are_all_told_apart() {
    many(50_000, 256);
}

#[test]
fn no_line_takes_longer_than_its_length() {
    // What is read again and again in a naive parser: one megabyte of each, as one line.
    let head = &LINE[..LINE.find('"').unwrap()];
    let pieces = [
        "\"",
        "\\",
        "\\\"",
        "[",
        "]",
        " ",
        "- ",
        "\" \"",
        ",",
        "10.0.0.1, ",
        "{",
        "{\"a\":",
        "[{\"a\":[",
        "\"a\":1,",
        "=",
        ":",
        "/",
        "%41",
        "\0",
        "?",
        "\"\"",
        "a",
        "9",
        "<1>",
        head,
        LINE.trim_end(),
        "[10/Oct/2025:13:55:36 +0000] \"",
        ", client: ",
        "*",
    ];
    let start = Instant::now();
    for format in visor_fast::format::catalogue::ENTRIES.iter().map(|entry| entry.name) {
        for prefix in
            ["", head, "{\"time\":\"2025-10-10T13:55:36Z\",\"request\":\"", "2025/10/10 13:55:36 [error] 1#2: "]
        {
            let lines = pieces.map(|piece| format!("{prefix}{}\n", piece.repeat((1 << 20) / piece.len() - 200)));
            let ran = Run::json(&here(), ["--format", format, "-"]).fed(|out| {
                for line in &lines {
                    out.write_all(line.as_bytes()).unwrap();
                }
            });
            assert_eq!(ran.exits(0).within_mib(256).totals()[0], lines.len() as u64, "{format}");
            assert!(ran.seconds < 30.0, "{format}, behind {prefix:?}: {} s for {} megabytes", ran.seconds, lines.len());
        }
    }
    eprintln!("lines of a megabyte, of all formats: {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn no_pattern_takes_longer_than_its_line() {
    let line = LINE.replace("/a", &format!("/{}", "x".repeat(1_000_000)));
    let text = line.repeat(8) + &LINE.replace("/a", "/xxy");
    for pattern in ["(x+x+)+y$", "(x*)*y$", "(x|x|xx)*y$", "^/(x?){200}y$"] {
        let ran =
            Run::json(&here(), ["--format", "combined", "--where", &format!("path ~ \"{pattern}\""), "-"]).fed(|out| {
                let _ = out.write_all(text.as_bytes());
            });
        assert_eq!(
            (ran.exits(0).within_mib(256).totals()[2], ran.seconds < 60.0),
            (1, true),
            "{pattern}: {}",
            ran.seconds
        );
    }
}
