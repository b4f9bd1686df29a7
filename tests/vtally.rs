//! Counted in parts and merged, on one machine or many, it is the report of one run.

use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use visor_fast::aggregate::snapshot::Snapshot;
use visor_fast::aggregate::zone::Zone;
use visor_fast::engine::{Settings, analyze_bytes, count_bytes};
use visor_fast::scan::Kernel;

/// A line drawn by number, of an access log, an error log or JSON; few different clients and paths, so that visitors
/// of the parts are the same ones.
fn line(kind: Kind, draw: u32) -> String {
    let (client, path, day, hour) = (draw % 5, draw / 5 % 9, draw / 45 % 3, draw / 135 % 24);
    let status = [200, 404, 500, 304][(draw / 3240 % 4) as usize];
    let agent = ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "-", "Googlebot/2.1"][(draw / 12_960 % 4) as usize];
    let referrer =
        ["-", "https://a.example/x", "https://a.example/y", "https://b.example/"][(draw / 51_840 % 4) as usize];
    let offset = ["+0000", "+0000", "+0000", "-0330"][(draw / 7 % 4) as usize];
    match (kind, draw % 19) {
        (_, 0) => format!("rubbish \x1b number {}", draw % 100),
        (_, 1) => String::new(),
        (Kind::Access, 2) => format!("10.0.0.{client} - - [10/Oct/2025:{hour:02}:00:00 +0000] \"HEARTBEAT\" 200 1"),
        (Kind::Access, _) => format!(
            "10.0.0.{client} - u{path} [2{day}/Oct/2025:{hour:02}:59:01 {offset}] \"GET /p{path}?q={} HTTP/1.1\" {status} \
             {draw} \"{referrer}\" \"{agent}\"",
            draw % 2
        ),
        (Kind::Error, _) => format!(
            "[Mon Oct 2{day} {hour:02}:55:36.5 2025] [core:{}] [pid {draw}] [client 10.0.0.{client}:80] AH00128: no file /p{path} \
             for {}",
            ["error", "warn", "crit"][draw as usize % 3],
            ["you", "me", "all"][path as usize % 3]
        ),
        (Kind::Json, _) => format!(
            "{{\"time\":\"2025-10-2{day}T{hour:02}:55:36.25Z\",\"remote_addr\":\"10.0.0.{client}\",\"method\":\"GET\",\
             \"path\":\"/p{path}\",\"status\":{status},\"bytes\":{draw},\"duration\":0.0{draw},\"user_agent\":\"{agent}\"}}"
        ),
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Access,
    Error,
    Json,
}

/// A log that is known by its first line.
fn log(kind: Kind, draws: &[u32]) -> String {
    let known = std::iter::once(line(kind, 7));
    known.chain(draws.iter().map(|draw| line(kind, *draw))).map(|line| line + "\n").collect()
}

fn settings(bucket_seconds: u64, keep_query: bool, zone: &str) -> Settings {
    let mut settings = Settings::new(1, Kernel::choose(None).unwrap());
    settings.tally.bucket_seconds = bucket_seconds;
    settings.tally.keep_query = keep_query;
    // Without a time zone database there are fewer cases.
    settings.tally.zone = Zone::parse(zone).unwrap_or_default();
    settings
}

/// The tally of some logs, as a file.
fn written(logs: &[(&str, &[u8])], settings: &Settings) -> Vec<u8> {
    let settings = Settings { mergeable: true, threads: 3, piece_bytes: 700, ..settings.clone() };
    let mut file = Vec::new();
    count_bytes(logs, &settings).write_tally(&mut file).unwrap();
    file
}

fn json(report: &Snapshot) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn merged_parts_are_one_run(
        logs in proptest::collection::vec(
            (prop_oneof![3 => Just(Kind::Access), 1 => Just(Kind::Error), 1 => Just(Kind::Json)],
             proptest::collection::vec(any::<u32>(), 0..120)),
            1..7,
        ),
        cuts in proptest::collection::vec(any::<u8>(), 6),
        bucket_seconds in prop_oneof![Just(3600u64), Just(300), Just(86_400), Just(7000)],
        keep_query: bool,
        zone in prop_oneof![Just("log"), Just("utc"), Just("Europe/Berlin")],
        threads in 1usize..4,
    ) {
        let texts: Vec<(String, String)> =
            (0..).zip(&logs).map(|(number, (kind, draws))| (format!("{number}.log"), log(*kind, draws))).collect();
        let texts: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        let settings = settings(bucket_seconds, keep_query, zone);
        let expected = analyze_bytes(&texts, &settings, 1000);

        // Each log goes on by itself, or with its neighbours into one tally, or two tallies into a third.
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        let mut rest = &texts[..];
        for cut in &cuts {
            let (some, behind) = rest.split_at(rest.len().min(usize::from(cut % 3) + 1));
            rest = behind;
            match (some, cut / 3 % 2) {
                ([], _) => {}
                ([first, others @ ..], 1) if !others.is_empty() => {
                    let inner = written(&[*first], &settings);
                    inputs.push(written(&[&[("inner", &inner[..])], others].concat(), &settings));
                }
                (some, _) => inputs.push(written(some, &settings)),
            }
        }
        if !rest.is_empty() {
            inputs.push(written(rest, &settings));
        }
        let parts: Vec<(&str, &[u8])> = inputs.iter().map(|part| ("part", &part[..])).collect();
        let found = analyze_bytes(&parts, &Settings { threads, ..settings.clone() }, 1000);
        prop_assert!(!expected.partial, "every log is understood");
        prop_assert_eq!(json(&expected), json(&found));

        // Logs and tallies mixed, and the parts in another order: all but the order of inputs and of samples.
        if let [(name, text), others @ ..] = &texts[..] && !others.is_empty() {
            let part = written(others, &settings);
            let mixed = analyze_bytes(&[(name, text), ("part", &part)], &settings, 1000);
            prop_assert_eq!(json(&expected), json(&mixed));
            let turned = analyze_bytes(&[("part", &part), (name, text)], &settings, 1000);
            let direct = analyze_bytes(&[others, &[(*name, *text)]].concat(), &settings, 1000);
            prop_assert_eq!(json(&direct), json(&turned));
        }
    }
}

const LINE: &str = "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a?x=1 HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"\n";

fn visor(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    command.arg("analyze").args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// As one reads it, and without the time that the run took.
fn report(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = visor(folder, &[&["--output", "json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report.as_object_mut().unwrap().remove("elapsed_seconds");
    report
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with three logs, and the tally of each.
fn folder_of_parts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("parts")).unwrap();
    for (name, kind) in [("a", Kind::Access), ("b", Kind::Error), ("c", Kind::Access)] {
        let draws: Vec<u32> =
            (0..3000u32).map(|draw| draw.wrapping_mul(2_654_435_761) ^ u32::from(name.as_bytes()[0])).collect();
        let log_name = format!("{name}.log");
        fs::write(folder.path().join(&log_name), log(kind, &draws)).unwrap();
        let output = visor(folder.path(), &["-o", &format!("parts/{name}.vtally"), &log_name]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        assert!(output.stdout.is_empty());
    }
    folder
}

#[test]
fn the_program_merges_parts_however_they_are_named() {
    let folder = folder_of_parts();
    let (path, whole) = (folder.path(), report(folder.path(), &["a.log", "b.log", "c.log"]));
    assert_eq!(fs::read_dir(path.join("parts")).unwrap().count(), 3, "no temporary file is left");
    for inputs in [
        &["parts/*.vtally"][..],
        &["parts"],
        &["a.log", "parts/b.vtally", "c.log"],
        &["-j", "1", "parts"],
        &["--no-mmap", "parts"],
        // The format of lines does not matter to it.
        &["--format", "json", "parts"],
    ] {
        assert_eq!(report(path, inputs), whole, "{inputs:?}");
    }
    // A tally of tallies, under another name, compressed, and from a pipe.
    assert_eq!(visor(path, &["-o", "all.vtally", "parts/a.vtally", "b.log", "parts/c.vtally"]).status.code(), Some(0));
    let bytes = fs::read(path.join("all.vtally")).unwrap();
    fs::write(path.join("all"), &bytes).unwrap();
    fs::write(path.join("all.gz"), gzipped(&bytes)).unwrap();
    for input in ["all.vtally", "all", "all.gz"] {
        assert_eq!(report(path, &[input]), whole, "{input}");
    }
    let piped = Command::new("sh")
        .args(["-c", "\"$0\" analyze --output tally a.log b.log c.log | \"$0\" analyze --output json -"])
        .arg(env!("CARGO_BIN_EXE_visor-fast"))
        .current_dir(path)
        .output()
        .unwrap();
    let mut piped: serde_json::Value = serde_json::from_slice(&piped.stdout).unwrap();
    piped.as_object_mut().unwrap().remove("elapsed_seconds");
    assert_eq!(piped, whole);
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_tally_that_cannot_be_taken_in_is_named_with_its_cure() {
    let folder = folder_of_parts();
    let path = folder.path();
    let bytes = fs::read(path.join("parts/a.vtally")).unwrap();
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    for (name, content) in [
        ("damaged.vtally", &damaged[..]),
        ("cut.vtally", &bytes[..bytes.len() - 1]),
        ("empty.vtally", b""),
        ("text.vtally", LINE.as_bytes()),
        ("longer.vtally", &[&bytes[..], b"\n"].concat()),
        ("newer.vtally", &[&bytes[..8], &[9], &bytes[9..]].concat()),
    ] {
        fs::write(path.join(name), content).unwrap();
    }
    for (arguments, status, expected) in [
        (&["damaged.vtally"][..], 1, "damaged.vtally: the tally is damaged in the block at byte "),
        (&["cut.vtally"], 1, "cut.vtally: the tally is cut short after byte "),
        (&["empty.vtally"], 1, "empty.vtally: is named .vtally but does not begin as a tally does; copy it again"),
        (&["text.vtally"], 1, "text.vtally: is named .vtally but does not"),
        (&["longer.vtally"], 1, "longer.vtally: something follows the tally at byte "),
        (&["newer.vtally"], 1, "newer.vtally: is a tally in format 9, and this version"),
        (
            &["--bucket", "5m", "parts"],
            1,
            "a.vtally: is a tally counted with --bucket 3600s, and this run counts with --bucket 300s; run with --bucket \
             3600s, or write it again with --bucket 300s",
        ),
        (&["--keep-query", "parts/a.vtally"], 1, "counted without --keep-query, and this run counts with --keep-query"),
        (&["--timezone", "utc", "c.log", "parts/a.vtally"], 1, "counted with --timezone log, and this run"),
        (
            &["--where", "status = 200", "parts/a.vtally"],
            1,
            "a.vtally: is a tally, whose records are counted already, so --where",
        ),
        (&["--since", "2025-01-01", "parts/a.vtally"], 1, "so --since or --until cannot be applied"),
        (&["--exclude-bots", "parts/a.vtally"], 1, "so --exclude-bots cannot be applied"),
        (&["--output", "goaccess-json", "parts/a.vtally"], 1, "so --output goaccess-json cannot be applied"),
        (&["-o", "parts/a.vtally", "parts"], 2, "-o parts/a.vtally: is an input of this run too"),
        (&["-o", "none/a.vtally", "a.log"], 1, "-o none/a.vtally: cannot be written"),
    ] {
        let output = visor(path, arguments);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(fs::read(path.join("parts/a.vtally")).unwrap(), bytes, "what was there stays");
}

#[test]
fn a_part_that_fails_leaves_the_others_and_a_partial_part_makes_the_whole_partial() {
    let folder = folder_of_parts();
    let path = folder.path();
    let bytes = fs::read(path.join("parts/b.vtally")).unwrap();
    fs::write(path.join("parts/b.vtally"), &bytes[..100]).unwrap();
    let output = visor(path, &["--keep-going", "-o", "rest.vtally", "parts"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let (found, expected) = (report(path, &["rest.vtally"]), report(path, &["a.log", "c.log"]));
    assert_eq!(found["partial"], true);
    assert_eq!(found["paths"], expected["paths"]);
    assert_eq!(found["malformed_samples"], expected["malformed_samples"]);
    let names: Vec<_> = found["inputs"].as_array().unwrap().iter().map(|input| input["name"].clone()).collect();
    assert_eq!(names, ["a.log", "parts/b.vtally", "c.log"]);
    assert!(found["inputs"][1]["error"].as_str().unwrap().starts_with("the tally is cut short"), "{found}");
}
