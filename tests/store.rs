//! The store as its users meet it: killed, queried by `sqlite3`, listed by `visor-fast history`.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use visor_fast::store::{Checkpoint, ClosedWindow, Options, Range, SavedPosition, Split, Store};
use visor_fast::window::keys::Keys;
use visor_fast::window::pane::{Counts, List};
use visor_fast::window::sparse::{Sparse, bucket_of};

const KEEP_ALL: Options = Options { retention_age: None, retention_bytes: None };
const MINUTE: i64 = 60_000;
/// 2025-10-10T13:00:00Z.
const START: i64 = 1_760_101_200_000;

/// Counts of a minute: `records` requests, each tenth of which fails.
fn counts(records: u64) -> Counts {
    let failed = records / 10;
    let mut counts = Counts {
        records,
        status: vec![(200, records - failed), (503, failed)],
        bytes_sent: records * 1024,
        latencies: Sparse::new(vec![(bucket_of(250_000), records)], u128::from(records) * 250_000, 250_000, 250_000),
        ..Counts::default()
    };
    let keys: [&[u8]; 2] = [b"192.0.2.1", b"=1+1\x1b]0;\x07"];
    let list = |hits: Vec<(u32, u64)>| Keys::of(hits, |key| keys[key as usize]);
    counts.lists[List::Clients as usize] = list(vec![(0, records - 1), (1, 1)]);
    counts.lists[List::Paths as usize] = list(vec![(1, records)]);
    counts
}

/// The checkpoint of the n-th line, told in every part of it. Parts of all sizes, so that a kill falls into each.
fn line(n: u64) -> Checkpoint {
    let start = START + n as i64 * MINUTE;
    let position = |key: u64| SavedPosition {
        source: "file".into(),
        key: key.to_string(),
        state: n.to_string(),
        newest: Some(start),
    };
    Checkpoint {
        wall: start,
        watermark: Some(start),
        account: Split { windowed: 1, late: 0, future: 0 },
        tally: n.to_le_bytes().repeat(1 << (n % 14)),
        positions: (0..50).map(position).collect(),
        ranges: vec![Range { source: "kafka".into(), key: "logs/0".into(), from: n as i64 - 1, to: n as i64 }],
        panes: vec![(start, MINUTE, n.to_le_bytes().to_vec())],
        panes_gone_before: vec![(MINUTE, start)],
        windows: vec![ClosedWindow { start, width: MINUTE, counts: counts(100) }],
        ..Checkpoint::default()
    }
}

/// The program that is killed: it writes checkpoints as fast as it can and says which are acknowledged.
#[test]
#[ignore = "a part of the next test, which runs it as a process of its own"]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("VISOR_TEST_STORE") else { return };
    let mut store = Store::open(Path::new(&path), &KEEP_ALL).unwrap();
    let mut n = store.restored().unwrap().number;
    loop {
        n += 1;
        let number = store.save(&line(n)).unwrap();
        // On stderr, which the test's harness does not capture when it is told not to; in one piece, whenever the kill comes.
        std::io::stderr().write_all(format!("saved {number}\n").as_bytes()).unwrap();
        let (whole, since) = store.tally_bytes().unwrap();
        if since > whole {
            let all = store.restored().unwrap().tallies.concat();
            store.replace_tallies(&all).unwrap();
        }
    }
}

#[test]
fn a_kill_leaves_what_was_acknowledged_and_at_most_one_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visor.db");
    let mut before = 0;
    let mut round = 0;
    // Twenty kills or VISOR_TRIALS, and on a slow disk more, until there were enough checkpoints to be cut.
    let kills = std::env::var("VISOR_TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    while round < kills || before <= 50 {
        assert!(round < 200 + kills, "{before} checkpoints in {round} rounds");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env("VISOR_TEST_STORE", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let pid = Pid::from_child(&child);
        let reader = std::thread::spawn(move || {
            let acknowledged = |line: String| line.strip_prefix("saved ").map(|number| number.parse::<u64>().unwrap());
            BufReader::new(stderr).lines().map_while(Result::ok).filter_map(acknowledged).last()
        });
        // Different moments, some of them before it has begun.
        std::thread::sleep(Duration::from_millis(30 + 37 * (round % 20)));
        kill_process(pid, Signal::KILL).unwrap();
        child.wait().unwrap();
        round += 1;
        let acknowledged = reader.join().unwrap().unwrap_or(before);
        let store = Store::open(&path, &KEEP_ALL).unwrap();
        let restored = store.restored().unwrap();
        let number = restored.number;
        assert!((acknowledged..=acknowledged + 1).contains(&number), "{number} of {acknowledged}");
        assert!(number >= before);
        before = number;
        if number == 0 {
            continue;
        }
        // Every part is of the same cut.
        assert_eq!(restored.account, Split { windowed: number, late: 0, future: 0 });
        assert_eq!(restored.watermark, Some(START + number as i64 * MINUTE));
        let lines: Vec<u64> =
            restored.tallies.concat().chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())).collect();
        let expected: Vec<u64> = (1..=number).flat_map(|n| std::iter::repeat_n(n, 1 << (n % 14))).collect();
        assert!(lines == expected, "the tallies are those of {number} checkpoints");
        assert_eq!(restored.positions.len(), 50);
        assert!(restored.positions.iter().all(|position| position.state == number.to_string()));
        assert_eq!(restored.panes.iter().map(|pane| pane.0).collect::<Vec<_>>(), [START + number as i64 * MINUTE]);
        drop(store);
        let listed = history(&["--output", "csv", "--store", path.to_str().unwrap()]);
        assert_eq!(text(&listed.stdout).lines().count() as u64, number + 1);
    }
}

fn history(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visor-fast"));
    command.args(["history", "windows"]).args(arguments).env_remove("NO_COLOR").env("COLUMNS", "80");
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A store of three hours, a window a minute.
fn three_hours(folder: &Path) -> PathBuf {
    let path = folder.join("visor.db");
    let mut store = Store::open(&path, &KEEP_ALL).unwrap();
    let window = |minute: i64| ClosedWindow {
        start: START + minute * MINUTE,
        width: MINUTE,
        counts: counts(10 + minute as u64),
    };
    let windows = (0..180).map(window).collect();
    store.save(&Checkpoint { windows, ..line(180) }).unwrap();
    path
}

#[test]
fn windows_are_listed_as_a_table_json_and_csv() {
    let folder = tempfile::tempdir().unwrap();
    let path = three_hours(folder.path());
    let store = path.to_str().unwrap();
    let table = history(&["--store", store, "--since", "2025-10-10 13:00", "--until", "2025-10-10T13:10:00Z"]);
    let shown = text(&table.stdout);
    assert!(table.status.success() && shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.contains("\n2025-10-10 13:09:00       19    0       1"), "{shown}");
    assert!(shown.contains("10 windows, 2025-10-10T13:00:00Z to 2025-10-10T13:10:00Z"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains("13:10:00 "), "{shown}");

    let hours = history(&["--store", store, "--every", "1h", "--output", "json", "--top", "1"]);
    let shown = text(&hours.stdout);
    let hours: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sum = |from: u64| (from..from + 60).map(|minute| 10 + minute).sum::<u64>();
    let records: Vec<u64> = hours.iter().map(|hour| hour["records"].as_u64().unwrap()).collect();
    assert_eq!(records, [sum(0), sum(60), sum(120)]);
    let first = &hours[0];
    assert_eq!((first["windows"].as_u64(), first["distinct"].is_null()), (Some(60), true));
    assert_eq!(
        (first["start"].as_str(), first["end"].as_str()),
        (Some("2025-10-10T13:00:00Z"), Some("2025-10-10T14:00:00Z"))
    );
    assert_eq!(first["latency"]["count"].as_u64(), Some(sum(0)));
    assert_eq!(first["clients"].as_array().map(Vec::len), Some(1));
    assert!(!shown.contains('\u{1b}'));

    let rows = text(&history(&["--store", store, "--output", "csv"]).stdout);
    assert_eq!(rows.lines().count(), 181);
    assert!(rows.lines().nth(1).unwrap().ends_with(",192.0.2.1,9,'=1+1\\x1b]0;\\x07,10"), "{rows}");
}

#[test]
fn what_is_not_there_is_said_and_how_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = three_hours(folder.path());
    let store = path.to_str().unwrap();
    let absent = folder.path().join("absent.db");
    let log = folder.path().join("access.log");
    std::fs::write(&log, "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 5\n".repeat(99)).unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["--store", store, "--since", "2031-01-01"],
            0,
            "no window begins in that time; leave out --since and --until",
        ),
        (&["--store", store, "--since", "1h"], 0, "no window begins in that time"),
        (&["--store", absent.to_str().unwrap()], 1, "absent.db: is not there; name the file that"),
        (&["--store", log.to_str().unwrap()], 1, "access.log: is something else than a store of visor-fast"),
        (&["--store", store, "--since", "someday"], 2, "--since: \"someday\" is not a time; a time is written"),
        (&["--store", store, "--every", "0s"], 2, "--every: \"0s\" is no span of time to sum over"),
        (&[], 2, "--store <FILE>"),
    ];
    for (arguments, status, sentence) in cases {
        let output = history(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(sentence) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
}

/// Each `sqlite3` command of the documentation runs and finds something.
#[test]
fn the_queries_of_the_documentation_run() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        eprintln!("skipped: sqlite3 is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // A monitor has it open, as it has when somebody looks.
    let path = three_hours(folder.path());
    let _store = Store::open(&path, &KEEP_ALL).unwrap();
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/STORE.md")).unwrap();
    let mut queries = 0;
    for block in page.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()) {
        // A command goes on while its quotes are open.
        let mut command = String::new();
        for line in block.lines() {
            command += &format!("{line}\n");
            if command.matches('"').count() % 2 == 1 {
                continue;
            }
            let command = std::mem::take(&mut command);
            if !command.starts_with("sqlite3") {
                continue;
            }
            let output = Command::new("sh").arg("-c").arg(&command).current_dir(folder.path()).output().unwrap();
            let said = text(&output.stderr);
            assert!(output.status.success() && said.is_empty() && !output.stdout.is_empty(), "{command}\n{said}");
            queries += 1;
        }
    }
    assert!(queries >= 6, "{queries}");
}
