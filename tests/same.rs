//! However the work is shared out, the report is the same.

use proptest::prelude::*;
use std::sync::Arc;
use visor_fast::aggregate::snapshot::Snapshot;
use visor_fast::engine::{Settings, analyze_bytes};
use visor_fast::format::catalogue::{FormatOptions, by_name};
use visor_fast::scan::Kernel;

/// A line of one of many shapes, drawn by number: few different clients and paths, so that rows and visitors meet.
fn line(draw: u32) -> String {
    let (client, path, hour) = (draw % 7, draw / 7 % 11, draw / 77 % 24);
    let status = [200, 404, 500, 304, 999][(draw / 1848 % 5) as usize];
    let agent = ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "-", "Googlebot/2.1"][(draw / 9240 % 4) as usize];
    let referrer = ["-", "https://a.example/x", "https://b.example/"][(draw / 36_960 % 3) as usize];
    match draw % 23 {
        0 => "rubbish \"with\" quotes".to_string(),
        1 => String::new(),
        2 => format!("10.0.0.{client} - - [10/Oct/2025:{hour:02}:00:00 +0000] \"HEARTBEAT\" 200 1 \"-\" \"-\""),
        3 => format!(
            "10.0.0.{client} - a b [10/Oct/2025:{hour:02}:00:60 +0200] \"GET /a\\\"{path} HTTP/1.1\" {status} - \
             \"{referrer}\" \"{agent}\""
        ),
        4 => "\0\0\0".to_string(),
        _ => format!(
            "10.0.0.{client} - - [1{}/Oct/2025:{hour:02}:59:01 +0000] \"GET /p{path}?q={draw} HTTP/1.1\" {status} \
             {draw} \"{referrer}\" \"{agent}\"{}",
            draw % 3,
            if draw.is_multiple_of(5) { "\r" } else { "" }
        ),
    }
}

fn report(text: &[u8], change: impl FnOnce(&mut Settings)) -> Snapshot {
    let mut settings = Settings::new(1, Kernel::choose(Some("scalar")).unwrap());
    settings.format = Some(by_name("combined", &FormatOptions::default()).unwrap());
    change(&mut settings);
    analyze_bytes(&[("a", text)], &settings, 1000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn threads_pieces_and_kernels_change_nothing(
        draws in proptest::collection::vec(any::<u32>(), 0..400),
        threads in 1usize..5,
        piece_bytes in 1usize..3000,
        ended: bool,
    ) {
        let mut text = draws.iter().map(|draw| line(*draw)).collect::<Vec<_>>().join("\n");
        if ended {
            text.push('\n');
        }
        let expected = report(text.as_bytes(), |_| ());
        for kernel in Kernel::available() {
            let found = report(text.as_bytes(), |settings| {
                settings.kernel = kernel;
                settings.threads = threads;
                settings.piece_bytes = piece_bytes;
            });
            prop_assert_eq!(&found, &expected, "{} threads, pieces of {}, {}", threads, piece_bytes, kernel);
        }
        let totals = &expected.totals;
        prop_assert_eq!(
            totals.lines,
            totals.blank + totals.records + totals.malformed + totals.heartbeats + totals.filtered
        );
    }

    #[test]
    fn no_bytes_make_a_panic_or_lose_a_line(bytes: Vec<u8>, quoted in "[\\[\\]\" 0-9A-Z/:+\\\\\n-]{0,400}") {
        for text in [bytes.as_slice(), quoted.as_bytes()] {
            for name in visor_fast::format::catalogue::ENTRIES.iter().map(|entry| entry.name) {
                let format = by_name(name, &FormatOptions::default()).unwrap();
                let found = report(text, |settings| {
                    settings.format = Some(Arc::clone(&format));
                    settings.threads = 2;
                    settings.piece_bytes = 64;
                });
                let newlines = text.iter().filter(|byte| **byte == b'\n').count();
                let lines = newlines + usize::from(!text.is_empty() && !text.ends_with(b"\n"));
                prop_assert_eq!(found.totals.lines, lines as u64, "{}", name);
            }
        }
    }
}

#[test]
fn an_order_of_inputs_changes_nothing_but_their_order() {
    let texts: Vec<String> = (0..3).map(|part| (0..200).map(|n| line(n * 977 + part) + "\n").collect()).collect();
    let settings = Settings::new(2, Kernel::choose(None).unwrap());
    let report = |order: [usize; 3]| {
        let inputs: Vec<(&str, &[u8])> = order.iter().map(|at| ("x", texts[*at].as_bytes())).collect();
        let found = analyze_bytes(&inputs, &settings, 1000);
        Snapshot { inputs: Vec::new(), malformed_samples: Vec::new(), ..found }
    };
    assert_eq!(report([0, 1, 2]), report([2, 0, 1]));
}

#[test]
fn columns_that_change_in_the_middle_hold_from_there_on_however_the_text_is_cut() {
    let text: String = (0..40)
        .map(|part| {
            let (fields, line) = match part % 3 {
                0 => ("date time c-ip cs-method cs-uri-stem sc-status", "2025-10-10 13:00:00 192.0.2.1 GET /a 200\n"),
                1 => ("c-ip date time sc-status cs-uri-stem cs-method", "192.0.2.2 2025-10-10 14:00:00 404 /b GET\n"),
                _ => ("sc-status date time c-ip cs-method cs-uri-stem", "500 2025-10-10 15:00:00 192.0.2.3 GET /c\n"),
            };
            format!("#Software: x\n#Fields: {fields}\n{}", line.repeat(part % 5))
        })
        .collect();
    let report = |threads, piece_bytes| {
        let mut settings = Settings::new(threads, Kernel::choose(None).unwrap());
        settings.piece_bytes = piece_bytes;
        analyze_bytes(&[("a", text.as_bytes())], &settings, 10)
    };
    let expected = report(1, 1 << 20);
    assert_eq!((expected.totals.records, expected.totals.malformed, expected.totals.blank), (80, 0, 80));
    assert_eq!(expected.status.len(), 3);
    for piece_bytes in [1, 7, 50, 300, 1000] {
        assert_eq!(report(2, piece_bytes), expected, "pieces of {piece_bytes}");
    }
}

/// A JSON line drawn by number: regular, with escapes, cut, glued, an entry, nothing.
fn json_line(draw: u32) -> String {
    let (client, path, status) = (draw % 7, draw / 7 % 11, [200, 404, 500, 304][(draw / 77 % 4) as usize]);
    let line = format!(
        r#"{{"ts":176005{:04}.5,"request":{{"client_ip":"10.0.0.{client}","method":"GET","uri":"/p{path}\u0026{draw}","headers":{{"User-Agent":["curl/{path}"],"Etag":["\"x\""]}}}},"size":{draw},"status":{status},"msg":"handled request"}}"#,
        draw % 10_000
    );
    match draw % 13 {
        0 => line[..line.len() / 2].to_string(),
        1 => format!("{line}{line}"),
        2 => r#"{"level":"error","ts":1760050000,"msg":"it failed"}"#.to_string(),
        3 => String::new(),
        4 => line + "\r",
        5 => format!("caddy  | {line}"),
        _ => line,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_is_counted_the_same_by_its_marks_and_line_by_line(
        draws in proptest::collection::vec(any::<u32>(), 0..200),
        piece_bytes in 1usize..3000,
    ) {
        let text = draws.iter().map(|draw| json_line(*draw) + "\n").collect::<String>();
        let report = |format: &str, piece_bytes| {
            let found = report(text.as_bytes(), |settings| {
                settings.format = Some(by_name(format, &FormatOptions::default()).unwrap());
                settings.piece_bytes = piece_bytes;
            });
            // Why a line is malformed is for the first of several formats to say.
            Snapshot { inputs: Vec::new(), malformed_reasons: Vec::new(), malformed_samples: Vec::new(), ..found }
        };
        // Of several formats only the first one's regular lines are read by their marks.
        let careful = report("haproxy,json", 1 << 20);
        prop_assert_eq!(&report("json", 1 << 20), &careful);
        prop_assert_eq!(&report("json", piece_bytes), &careful);
    }
}

#[test]
fn texts_that_need_more_scratch_memory_than_a_batch_should_are_counted() {
    let long = "\\u0041".repeat(2 << 20);
    let text = format!("{{\"ts\":1,\"status\":200,\"user\":\"{long}\"}}\n").repeat(2) + &json_line(6) + "\n";
    for format in ["json", "haproxy,json"] {
        let found = report(text.as_bytes(), |settings| {
            settings.format = Some(by_name(format, &FormatOptions::default()).unwrap());
            settings.max_line_bytes = 64 << 20;
        });
        assert_eq!((found.totals.lines, found.totals.records), (3, 3), "{format}");
    }
}

#[test]
fn a_line_of_any_length_is_read_whole_and_so_are_its_neighbours() {
    let line = |length: usize| {
        let head = "10.0.0.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /";
        let tail = " HTTP/1.1\" 200 1 \"-\" \"-\"";
        format!("{head}{}{tail}", "x".repeat(length.saturating_sub(head.len() + tail.len())))
    };
    // Marks are looked for in chunks of 16 KiB.
    for length in (16_370..16_390).chain([8192, 32_767, 32_768, 100_000, 1 << 20]) {
        for end in ["\n", ""] {
            let text = [line(100), line(length), line(100), line(length)].join("\n") + end;
            let report = report(text.as_bytes(), |_| {});
            assert_eq!((report.totals.lines, report.totals.records), (4, 4), "{length} bytes, then {end:?}");
            assert_eq!((report.paths.len(), report.paths[1].hits), (2, 2), "{length} bytes, then {end:?}");
        }
    }
}
