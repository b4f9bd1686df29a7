//! The report in GoAccess's form against GoAccess's own.
//!
//! `tests/goaccess.json` is what GoAccess 1.11 says of `tests/goaccess.log`, made by running it:
//! `perf/goaccess_diff.py --save tests/goaccess.json tests/goaccess.log`. Where GoAccess is installed, it is run here too.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use visor_fast::aggregate::goaccess::{Report, STATIC_ENDINGS};
use visor_fast::engine::{Progress, Settings, analyze};
use visor_fast::format::catalogue::{FormatOptions, by_name};
use visor_fast::scan::Kernel;
use visor_fast::source::Named;

/// The report on a file, counted by so many threads in pieces of so many bytes.
fn report(path: &Path, threads: usize, piece_bytes: usize) -> Report {
    let settings = Settings {
        goaccess: true,
        format: Some(by_name("combined", &FormatOptions { heartbeat: Vec::new() }).unwrap()),
        piece_bytes,
        ..Settings::new(threads, Kernel::choose(None).unwrap())
    };
    let outcome = analyze(&[Named::Path(path.to_path_buf())], &settings, &Progress::default());
    assert!(outcome.troubles.is_empty(), "{:?}", outcome.troubles);
    outcome.goaccess.expect("the profile was asked for").report(&outcome.tally.lines, usize::MAX)
}

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What can be compared: not when the report was made and of which file, not the families of agents, and rows in the
/// order of their keys, since GoAccess leaves the order of rows with equal hits open.
fn comparable(mut report: Value) -> Value {
    for (name, panel) in report.as_object_mut().unwrap() {
        match name.as_str() {
            "general" => {
                let general = panel.as_object_mut().unwrap();
                for key in ["date_time", "generation_time", "log_path", "log_size"] {
                    general.remove(key);
                }
            }
            "os" | "browsers" => {
                let total = |figure: &str| json!({"total": panel["metadata"][figure]["total"]});
                let metadata = json!({"hits": total("hits"), "visitors": total("visitors"), "bytes": total("bytes")});
                *panel = json!({"metadata": metadata, "data": []});
            }
            "status_codes" => {
                for status in
                    panel["data"].as_array_mut().unwrap().iter_mut().flat_map(|class| class["items"].as_array_mut())
                {
                    status.iter_mut().for_each(number_alone);
                }
                sort_rows(&mut panel["data"]);
            }
            _ => sort_rows(&mut panel["data"]),
        }
    }
    report
}

/// GoAccess describes each status behind its number.
fn number_alone(status: &mut Value) {
    let label = status["data"].as_str().unwrap().to_string();
    status["data"] = json!(label.split(' ').next());
}

fn sort_rows(rows: &mut Value) {
    for row in rows.as_array_mut().into_iter().flatten() {
        if let Some(items) = row.get_mut("items") {
            sort_rows(items);
        }
    }
    let key = |row: &Value| ["data", "method", "protocol"].map(|part| row[part].as_str().unwrap_or("").to_string());
    rows.as_array_mut().unwrap().sort_by_key(key);
}

fn assert_same(ours: &Report, theirs: Value, what: &str) {
    let (ours, theirs) = (comparable(serde_json::to_value(ours).unwrap()), comparable(theirs));
    for (name, panel) in theirs.as_object().unwrap() {
        for part in ["metadata", "data"] {
            assert_eq!(ours[name].get(part), panel.get(part), "{what}: {part} of {name}");
        }
        assert_eq!(&ours[name], panel, "{what}: {name}");
    }
    let panels = |report: &Value| report.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(panels(&ours), panels(&theirs), "{what}");
}

#[test]
fn the_report_is_what_goaccess_says() {
    let theirs = fs::read_to_string(repository("tests/goaccess.json")).unwrap();
    let ours = report(&repository("tests/goaccess.log"), 1, 1 << 20);
    assert_same(&ours, serde_json::from_str(&theirs).unwrap(), "tests/goaccess.log");
}

#[test]
fn threads_and_pieces_change_nothing() {
    let path = repository("tests/goaccess.log");
    let expected = serde_json::to_string(&report(&path, 1, 1 << 20)).unwrap();
    for (threads, piece_bytes) in [(1, 100), (2, 1000), (3, 77), (4, 5000)] {
        let found = serde_json::to_string(&report(&path, threads, piece_bytes)).unwrap();
        assert_eq!(found, expected, "{threads} threads, pieces of {piece_bytes}");
    }
}

const LINE: &str = "9.9.9.9 - - [10/Oct/2023:13:55:36 +0000] \"GET /x HTTP/1.1\" 200 100 \"-\" \"UA\"";

/// The lines on which we chose not to follow GoAccess, each alone in a file: valid and failed lines and bandwidth, ours
/// and those of GoAccess 1.11.
fn deviations() -> Vec<(&'static str, Vec<u8>, [u64; 3], [u64; 3])> {
    let changed = |from: &str, to: &str| format!("{}\n", LINE.replacen(from, to, 1)).into_bytes();
    vec![
        ("NULs of a copytruncate before it", [b"\0\0\0", &*changed("", "")].concat(), [1, 0, 100], [0, 0, 0]),
        ("a date that there is not", changed("10/Oct", "31/Feb"), [0, 1, 0], [1, 0, 100]),
        ("no status, nothing behind the request", changed(" 200 100 \"-\" \"UA\"", ""), [0, 1, 0], [1, 0, 0]),
        ("a negative size", changed("100", "-5"), [1, 0, 0], [1, 0, u64::MAX - 4]),
        ("a byte-order mark", [b"\xef\xbb\xbf", &*changed("", "")].concat(), [1, 0, 100], [0, 1, 0]),
        ("a last line without newline, cut behind the referrer", LINE[..LINE.len() - 5].into(), [1, 0, 100], [0, 1, 0]),
        ("a line of 5000 bytes", changed("/x", &"l".repeat(5000)), [1, 0, 100], [0, 2, 0]),
    ]
}

#[test]
fn where_we_do_not_follow_goaccess_it_is_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    for (what, text, expected, _) in deviations() {
        let path = folder.path().join("a.log");
        fs::write(&path, text).unwrap();
        let general = report(&path, 1, 1 << 20).general;
        let found = [general.valid_requests, general.failed_requests, general.bandwidth];
        assert_eq!(found, expected, "{what}");
    }
}

/// GoAccess's version, if it is there.
fn installed() -> Option<(u32, u32)> {
    let output = Command::new("goaccess").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = version.split('.').filter_map(|part| part.parse().ok());
    Some((parts.next()?, parts.next()?))
}

fn run_goaccess(path: &Path, folder: &Path, format: &[&str]) -> Value {
    let out = folder.join("goaccess.json");
    let status = Command::new("goaccess")
        .arg(path)
        .args(["--no-global-config", "--num-tests=0", "--max-items=100000000", "--no-progress", "-o"])
        .arg(&out)
        .args(format)
        .args(STATIC_ENDINGS.map(|ending| format!("--static-file={ending}")))
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .status;
    assert!(status.success(), "goaccess: {status}");
    // It copies bytes of the log as they are.
    serde_json::from_str(&String::from_utf8_lossy(&fs::read(out).unwrap())).unwrap()
}

#[test]
fn the_goaccess_that_is_installed_says_the_same() {
    let Some(version) = installed() else {
        eprintln!("skipped: goaccess is not installed, so that only its recorded report is compared");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut logs = vec!["tests/traps.log"];
    if version >= (1, 11) {
        logs.extend(["tests/goaccess.log", "config/sample/access.log"]);
    } else {
        eprintln!(
            "skipped: GoAccess {version:?} counts some visitors and statuses otherwise than 1.11; the larger logs"
        );
    }
    for name in logs {
        let mut theirs = run_goaccess(&repository(name), folder.path(), &["--log-format=COMBINED"]);
        let with_user = run_goaccess(
            &repository(name),
            folder.path(),
            &[
                "--log-format=%h %^ %e[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\"",
                "--date-format=%d/%b/%Y",
                "--time-format=%H:%M:%S",
            ],
        );
        theirs["remote_user"] = with_user["remote_user"].clone();
        assert_same(&report(&repository(name), 2, 1000), theirs, name);
    }
    if version >= (1, 11) {
        for (what, text, _, expected) in deviations() {
            let path = folder.path().join("a.log");
            fs::write(&path, text).unwrap();
            let general = &run_goaccess(&path, folder.path(), &["--log-format=COMBINED"])["general"];
            let found = ["valid_requests", "failed_requests", "bandwidth"].map(|key| general[key].as_u64().unwrap());
            assert_eq!(found, expected, "GoAccess on {what}");
        }
    }
}
