//! `visor-fast monitor --store`, killed and started again: the totals are those of a run that was never interrupted.

use super::{ended, lines};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Trials; a hundred with `VISOR_TRIALS=100`.
fn trials() -> u32 {
    std::env::var("VISOR_TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    command.args(["monitor", "-q", "--follow", "a.log", "--store", "s.db", "--checkpoint", "10ms", "-o", "r.json"]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the file that is written now has a position in the store.
fn wait_until_known(folder: &Path) {
    let inode = fs::metadata(folder.join("a.log")).unwrap().ino();
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(20));
        let Ok(store) = Connection::open_with_flags(folder.join("s.db"), OpenFlags::SQLITE_OPEN_READ_ONLY) else {
            continue;
        };
        let known =
            store.query_row("SELECT count(*) FROM positions WHERE key LIKE '%:' || ?1", [inode.to_string()], |row| {
                row.get(0)
            });
        if known.is_ok_and(|known: i64| known > 0) {
            return;
        }
    }
    panic!("the file is not in the store within twelve seconds");
}

fn append(folder: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join("a.log")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The report of `analyze` on the same lines.
fn batch(folder: &Path, text: &str) -> Value {
    fs::write(folder.join("all.log"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    let output = command.args(["analyze", "--output", "json", "all.log"]).current_dir(folder).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_same(report: &Value, batch: &Value, what: &str) {
    for total in ["lines", "records", "malformed", "blank", "bytes_sent"] {
        assert_eq!(report["totals"][total], batch["totals"][total], "{total}, {what}");
    }
    for list in
        ["time", "status", "methods", "paths", "clients", "agents", "server_errors", "sizes", "distinct", "period"]
    {
        assert_eq!(report[list], batch[list], "{list}");
    }
    let totals = &report["totals"];
    let of = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!(of("records"), of("windowed") + of("late") + of("future"));
}

#[test]
fn killed_at_any_moment_it_goes_on_and_nothing_is_lost_or_counted_twice() {
    for trial in 0..trials() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut all = String::new();
        append(folder, "");
        for part in 0..6u32 {
            let child = &mut start(folder, &["--from-beginning"]);
            // A file that comes and goes before it is in the store is known to nobody: it is, before the next rotation.
            wait_until_known(folder);
            for piece in 0..5 {
                let from = part * 5_000 + piece * 1_000;
                let text = lines(from, from + 1_000);
                append(folder, &text);
                all += &text;
                if (part + piece) % 9 == 4 {
                    fs::rename(folder.join("a.log"), folder.join(format!("a.log.{part}"))).unwrap();
                    append(folder, "");
                }
                std::thread::sleep(Duration::from_millis(u64::from((trial * 7 + part * 13 + piece * 5) % 23)));
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        append(folder, "no line\n");
        all += "no line\n";
        let child = start(folder, &["--from-beginning"]);
        std::thread::sleep(Duration::from_millis(700));
        let report = ended(child, folder);
        assert_same(&report, &batch(folder, &all), &format!("trial {trial}"));
        assert_eq!(report["totals"]["late"], 0);
        assert_eq!(report["inputs"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_run_that_ended_well_goes_on_where_it_ended_and_a_reset_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, &lines(0, 100));
    let run = |arguments: &[&str]| {
        let child = start(folder, arguments);
        std::thread::sleep(Duration::from_millis(500));
        ended(child, folder)["totals"]["records"].as_u64().unwrap()
    };
    assert_eq!(run(&["--from-beginning"]), 100);
    append(folder, &lines(100, 150));
    assert_eq!(run(&[]), 150);
    assert_eq!(run(&["--from-beginning"]), 150, "a saved position wins");
    assert_eq!(run(&["--reset", "--from-beginning"]), 300);
    let history = Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["history", "windows", "--store", "s.db", "--output", "csv"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(history.status.success(), "{}", String::from_utf8_lossy(&history.stderr));
    assert!(String::from_utf8_lossy(&history.stdout).lines().count() >= 3, "{history:?}");
}

#[test]
fn a_store_of_other_counts_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, &lines(0, 100));
    let child = start(folder, &["--from-beginning"]);
    std::thread::sleep(Duration::from_millis(400));
    ended(child, folder);
    let output = start(folder, &["--bucket", "1m"]).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("s.db") && said.contains("move the file away"), "{said}");
}
