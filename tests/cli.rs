//! The program as its user runs it: flags, exit status, messages.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const LINE: &str = "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a?x=1 HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"\n";
const ERROR: &str = "192.0.2.2 - - [10/Oct/2025:14:55:36 +0000] \"GET /b HTTP/1.1\" 503 10 \"-\" \"Googlebot/2.1 (+http://www.google.com/bot.html)\"\n";

fn visor(folder: &Path, arguments: &[&str]) -> Output {
    visor_fed(folder, arguments, b"")
}

fn visor_fed(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("VISOR_SCAN")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends without reading is not this test's failure.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn records_are_counted_from_files_folders_patterns_compressed_files_and_stdin() {
    let text = LINE.repeat(3);
    let folder = folder_with(&[("a.log", text.as_bytes()), ("b", &gzipped(text.as_bytes()))]);
    for (arguments, expected) in [
        (&["a.log"][..], 3),
        (&["b"], 3),
        (&["a.log", "b"], 6),
        (&["."], 6),
        (&["*.log"], 3),
        (&["-"], 3),
        (&[], 3),
        (&["a.log", "a.log"], 3),
        (&["--no-mmap", "a.log"], 3),
        (&["-j", "1", "a.log"], 3),
    ] {
        let arguments = [&["analyze", "--output", "json"], arguments].concat();
        let output = visor_fed(folder.path(), &arguments, text.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(json(&output)["totals"]["records"], expected, "{arguments:?}");
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}

#[test]
fn every_filter_takes_and_leaves_what_it_says() {
    let folder = folder_with(&[("a.log", format!("{LINE}{ERROR}").as_bytes())]);
    for (flags, kept) in [
        (&["--where", "status >= 500"][..], 1),
        (&["--where", "status=5xx or path=/a"], 2),
        (&["--where", "client in 192.0.2.0/31"], 1),
        (&["--where", "path~^/b", "--where", "status=200"], 0),
        (&["--exclude-bots"], 1),
        (&["--since", "2025-10-10 14:00"], 1),
        (&["--until", "2025-10-10T14:00:00Z"], 1),
        (&["--since", "2025-10-10", "--until", "2025-10-11"], 2),
    ] {
        let output = visor(folder.path(), &[&["analyze", "--output", "json", "a.log"], flags].concat());
        let totals = json(&output)["totals"].clone();
        assert_eq!((&totals["records"], &totals["filtered"]), (&kept.into(), &(2 - kept).into()), "{flags:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_its_cure() {
    let folder = folder_with(&[
        ("a.log", LINE.as_bytes()),
        ("odd.log", b"nothing known\n"),
        ("cut.gz", &gzipped(LINE.repeat(1000).as_bytes())[..60]),
    ]);
    for (arguments, status, expected) in [
        (&["analyze", "missing.log"][..], 1, "missing.log: "),
        (
            &["analyze", "odd.log"],
            1,
            "odd.log: no known format fits its first lines, of which the first is \"nothing known\"",
        ),
        (&["analyze", "cut.gz"], 1, "cut.gz: "),
        (&["analyze", "*.none"], 1, "*.none: "),
        (&["analyze", "a.log", "--where", "status >> 5"], 2, "^"),
        (&["analyze", "a.log", "--where", "stat = 5"], 2, "status"),
        (&["analyze", "a.log", "--since", "gestern"], 2, "--since: "),
        (&["analyze", "a.log", "--timezone", "Mars/Olympus"], 2, "Mars/Olympus"),
        (&["analyze", "a.log", "--bucket", "0s"], 2, "--bucket: "),
        (&["analyze", "a.log", "--bucket", "1.5s"], 2, "--bucket: "),
        (&["analyze", "a.log", "--max-line-bytes", "0"], 2, "--max-line-bytes: "),
        (&["analyze", "a.log", "--max-malformed", "half"], 2, "--max-malformed: "),
        (&["analyze", "a.log", "--max-memory", "much"], 2, "--max-memory: \"much\" is not a size"),
        (
            &["analyze", "a.log", "-j", "2", "--max-memory", "5MiB"],
            2,
            "--max-memory: \"5MiB\" is too little; 2 threads with lines of up to 1MiB must have at least 20MiB, or take fewer \
             threads with -j",
        ),
        (
            &["analyze", "a.log", "-j", "1", "--max-memory", "5MiB"],
            2,
            "is too little; a thread with lines of up to 1MiB must have at least 14MiB",
        ),
        (
            &["analyze", "a.log", "--output", "goaccess-json", "--max-memory", "1GiB"],
            2,
            "GoAccess counts exactly, so its report cannot be had within --max-memory",
        ),
        (&["analyze", "a.log", "--format", "combind"], 2, "combined"),
        (&["analyze", "a.log", "--format", "%h %{Referer i"], 2, "\n  %h %{Referer i\n     ^^^^^^^^^^^\n"),
        (&["analyze", "a.log", "--format", "$a, $b"], 2, "no field is known"),
        (&["analyze", "a.log", "-o", "report.xml"], 2, ".json, .csv, .txt or .vtally"),
        (&["analyze", "a.log", "--output", "goaccess-json", "-o", "a.json"], 2, "leave out -o, or run twice"),
        (&["analyze", "a.log", "--output", "goaccess-json", "--timezone", "utc"], 2, "--timezone has no meaning"),
        (&["analyze", "a.log", "--output", "goaccess-json", "--keep-query"], 2, "--keep-query has no meaning"),
        (&["analyze", "a.log", "-o", "no/such/folder.json"], 1, "no/such/folder.json"),
        (&["analyze", "a.log", "--threads", "0"], 2, "--threads"),
        (&["analyze", "--nonsense"], 2, "--nonsense"),
        (&["nonsense"], 2, "nonsense"),
    ] {
        let output = visor(folder.path(), arguments);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_format_string_of_the_server_is_a_format() {
    let folder = folder_with(&[("timeless.log", b"192.0.2.1, 200, 0.250\n192.0.2.2, 503, -\n")]);
    let arguments = ["analyze", "--output", "json", "--format", "$remote_addr, $status, $request_time", "timeless.log"];
    let output = visor(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!((&report["totals"]["records"], &report["latency"]["max"]), (&2.into(), &0.25.into()));
    assert_eq!(report["status"][1]["key"], "503");
    assert_eq!(report["inputs"][0]["format"], "$remote_addr, $status, $request_time");
    // Lines without a time are of the run's beginning, all of the same moment.
    let (first, last) = (report["period"]["first"].as_str().unwrap(), report["period"]["last"].as_str().unwrap());
    assert_eq!(first, last);
    assert!(first > "2025", "{first}");
}

#[test]
fn a_failed_input_ends_the_run_or_is_told_in_the_report() {
    let cut = &gzipped(LINE.repeat(10_000).as_bytes())[..400];
    let folder = folder_with(&[("a.log", LINE.as_bytes()), ("b.gz", cut)]);
    let output = visor(folder.path(), &["analyze", "--output", "json", "--keep-going", "a.log", "b.gz", "missing"]);
    let report = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["partial"], true);
    assert_eq!(report["inputs"][0]["lines"], 1);
    assert!(report["inputs"][1]["error"].is_string(), "{report}");
    assert!(stderr(&output).contains("b.gz: ") && stderr(&output).contains("missing: "), "{}", stderr(&output));
    assert!(report["totals"]["records"].as_u64().unwrap() >= 1);
}

#[test]
fn malformed_lines_are_counted_kept_and_judged() {
    let text = format!("{LINE}not a line\n{LINE}\n{LINE}also none");
    let folder = folder_with(&[("a.log", text.as_bytes())]);
    let judged = |share: &str| {
        let arguments = ["analyze", "--output", "json", "--invalid", "bad.txt", "--max-malformed", share, "a.log"];
        visor(folder.path(), &arguments)
    };
    let output = judged("10%");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("40.000 % of the lines are malformed (2 of 5)"), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["malformed_samples"][0]["line"], 2);
    assert_eq!(report["malformed_samples"][1]["text"], "also none");
    assert_eq!(fs::read_to_string(folder.path().join("bad.txt")).unwrap(), "not a line\nalso none\n");
    assert_eq!(judged("0.4").status.code(), Some(0));
}

#[test]
fn the_ending_of_a_file_chooses_the_form_and_the_rows() {
    let text: String = (0..50).map(|n| LINE.replace("/a?x=1", &format!("/{n}"))).collect();
    let folder = folder_with(&[("a.log", text.as_bytes())]);
    let output = visor(folder.path(), &["analyze", "a.log", "-o", "r.json", "-o", "r.csv", "-o", "r.txt"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{}", stderr(&output));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&read("r.json")).unwrap()["paths"].as_array().unwrap().len(),
        50
    );
    assert!(read("r.csv").starts_with("list,key,hits,"));
    assert!(read("r.txt").contains("Paths, 10 of 50"), "{}", read("r.txt"));
    // A shorter report over a longer one leaves nothing of it.
    visor(folder.path(), &["analyze", "a.log", "--top", "3", "-o", "r.json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&read("r.json")).unwrap()["paths"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn the_report_in_goaccess_s_form_names_its_inputs_and_all_lines() {
    let text = format!("{LINE}{LINE}# comment\n\n \nrubbish\n");
    let folder = folder_with(&[("a.log", text.as_bytes())]);
    let arguments = ["analyze", "--output", "goaccess-json", "--format", "combined", "a.log", "-"];
    let output = visor_fed(folder.path(), &arguments, LINE.replace("/a?x=1", "/b").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    for (key, expected) in [
        ("total_requests", serde_json::json!(5)),
        ("valid_requests", 3.into()),
        ("failed_requests", 2.into()),
        ("unique_visitors", 1.into()),
        ("unique_files", 2.into()),
        ("log_size", text.len().into()),
        ("log_path", serde_json::json!(["a.log", "STDIN"])),
    ] {
        assert_eq!(report["general"][key], expected, "{key}");
    }
    assert_eq!(report["requests"]["data"][0]["data"], "/a?x=1");
    let rows = |top: &str| {
        let output = visor(folder.path(), &["analyze", "--output", "goaccess-json", "a.log", "--top", top]);
        json(&output)["visitors"]["data"].as_array().unwrap().len()
    };
    assert_eq!((rows("1"), rows("5")), (1, 1));
    let left_out = [&arguments[..6], &["--where", "path = /b"]].concat();
    let general = json(&visor(folder.path(), &left_out))["general"].clone();
    assert_eq!((&general["total_requests"], &general["valid_requests"]), (&4.into(), &0.into()));
}

#[test]
fn colours_come_only_when_asked_for_or_on_a_terminal() {
    let folder = folder_with(&[("a.log", ERROR.as_bytes())]);
    let has_escape =
        |flags: &[&str]| visor(folder.path(), &[&["analyze", "a.log"], flags].concat()).stdout.contains(&0x1b);
    assert!(!has_escape(&[]) && !has_escape(&["--color", "never"]) && has_escape(&["--color", "always"]));
}

#[test]
fn hostile_inputs_are_counted_or_refused() {
    let long = [vec![b'x'; 3 << 20], b"\n".to_vec(), LINE.as_bytes().to_vec()].concat();
    let hole = [LINE.as_bytes(), &vec![0; 3 << 20], LINE.as_bytes()].concat();
    let marked = [b"\xef\xbb\xbf", LINE.as_bytes()].concat();
    for (what, bytes, expected) in [
        ("an empty file", &b""[..], Some([0, 0, 0, 0])),
        ("one newline", b"\n", Some([1, 1, 0, 0])),
        ("one byte", b"x", None),
        ("a line of three megabytes", &long, Some([2, 0, 1, 1])),
        ("a hole of NULs before a line", &hole, Some([2, 0, 2, 0])),
        ("a byte-order mark", &marked, Some([1, 0, 1, 0])),
        ("no newline at the end", LINE.trim_end().as_bytes(), Some([1, 0, 1, 0])),
    ] {
        let folder = folder_with(&[("a.log", bytes)]);
        for flags in [&["a.log"][..], &["--no-mmap", "a.log"], &["-"]] {
            let mut arguments = vec!["analyze", "--output", "json"];
            if what.starts_with("a line of") {
                arguments.extend(["--format", "combined"]);
            }
            arguments.extend(flags);
            let output = visor_fed(folder.path(), &arguments, bytes);
            let Some([lines, blank, records, malformed]) = expected else {
                assert_eq!(output.status.code(), Some(1), "{what}");
                continue;
            };
            assert_eq!(output.status.code(), Some(0), "{what}: {}", stderr(&output));
            let totals = json(&output)["totals"].clone();
            for (key, value) in [("lines", lines), ("blank", blank), ("records", records), ("malformed", malformed)] {
                assert_eq!(totals[key], value, "{what}, {flags:?}: {key}");
            }
        }
    }
}

#[test]
fn every_kernel_of_this_machine_can_be_forced_and_an_unknown_one_is_refused() {
    let folder = folder_with(&[("a.log", LINE.repeat(100).as_bytes())]);
    let run = |kernel: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
        command.args(["analyze", "-v", "--output", "json", "a.log"]).current_dir(folder.path());
        command.env("VISOR_SCAN", kernel).output().unwrap()
    };
    for kernel in visor_fast::scan::Kernel::available() {
        let output = run(&kernel.to_string());
        assert_eq!(json(&output)["totals"]["records"], 100);
        assert!(stderr(&output).contains(&format!("{kernel} kernel")), "{}", stderr(&output));
    }
    assert_eq!(run("abacus").status.code(), Some(2));
}

#[test]
fn an_interrupt_prints_what_there_is() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["analyze", "--output", "json", "--format", "combined", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The pipe stays open: the writer is there, and silent.
    let mut pipe = child.stdin.take().unwrap();
    // More than the first look takes, so that the program is known to have begun once all is written.
    let text = LINE.repeat((1 << 20) / LINE.len());
    pipe.write_all(text.as_bytes()).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report = json(&output);
    assert_eq!(report["partial"], true);
    assert!(report["totals"]["records"].as_u64().unwrap() > 0);
    drop(pipe);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let text: String = (0..2000).map(|n| LINE.replace("/a?x=1", &format!("/{n}"))).collect();
    let folder = folder_with(&[("a.log", text.as_bytes())]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["analyze", "--output", "json", "a.log"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn help_formats_completions_and_manual_are_there() {
    let folder = folder_with(&[]);
    for (arguments, expected) in [
        (&["--help"][..], "Usage"),
        (&["analyze", "--help"], "Examples:"),
        (&["check", "--help"], "Examples:"),
        (&["formats"], "combined"),
        (&["completions", "bash"], "visor-fast"),
        (&["completions", "zsh"], "visor-fast"),
        (&["man"], ".TH"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = visor(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected), "{arguments:?}");
    }
}

#[test]
fn a_bound_that_is_not_reached_changes_no_byte_of_a_report() {
    let lines: String = (0..2000)
        .map(|line| {
            LINE.replace("/a", &format!("/p{}", line % 300)).replace("192.0.2.1", &format!("10.0.{}.1", line % 200))
        })
        .collect();
    let folder = folder_with(&[("a.log", lines.as_bytes())]);
    for form in ["json", "csv", "text", "tally"] {
        let report = |flags: &[&str]| {
            let output = visor(folder.path(), &[&["analyze", "--output", form, "-j", "2", "a.log"], flags].concat());
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{form}");
            // All but the time that it took.
            let lines = output.stdout.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
            let timed = |line: &Vec<u8>| {
                ["elapsed_seconds", " read in "]
                    .iter()
                    .any(|word| memchr::memmem::find(line, word.as_bytes()).is_some())
            };
            lines.filter(|line| !timed(line)).collect::<Vec<_>>()
        };
        assert!(report(&["--max-memory", "64MiB"]) == report(&[]), "{form}");
    }
}

#[test]
fn bounded_reports_of_every_form_say_so() {
    let lines: String = (0..60_000)
        .map(|line| LINE.replace("/a", &format!("/p{line}")).replace("192.0.2.1", &format!("h{line}.example")))
        .collect();
    let folder = folder_with(&[("a.log", lines.as_bytes())]);
    for (form, expected) in [
        ("json", "\"bounded\": {\n    \"visitors_sampled\": 0."),
        ("csv", "\nbounded,paths,"),
        ("text", "\nWithin the bound of memory\nVisitors are estimated from 1 in "),
    ] {
        let flags = ["analyze", "--output", form, "-j", "1", "--max-memory", "14MiB", "a.log"];
        let output = visor(folder.path(), &flags);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{form}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(expected), "{form}: {}", &text[..1500]);
    }
    // Parts that were counted within a bound are merged within it.
    for part in ["1", "2"] {
        let name = format!("{part}.vtally");
        let output = visor(folder.path(), &["analyze", "-j", "1", "--max-memory", "14MiB", "-o", &name, "a.log"]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    }
    let flags = ["analyze", "--output", "json", "-j", "1", "--max-memory", "14MiB", "1.vtally", "2.vtally"];
    let merged = visor(folder.path(), &flags);
    assert_eq!((merged.status.code(), stderr(&merged).as_str()), (Some(0), ""));
    let merged = json(&merged);
    assert_eq!(merged["totals"]["records"], 120_000);
    assert_eq!(merged["status"][0]["hits"], 120_000);
    let clients = merged["distinct"]["clients"]["value"].as_f64().unwrap();
    assert!((clients / 60_000.0 - 1.0).abs() < 0.033, "the same clients in both: {clients}");
}
