//! The store against its promises, and against files that are none.

use super::*;
use crate::window::keys::Keys;
use crate::window::pane::{Counts, List};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const KEEP_ALL: Options = Options { retention_age: None, retention_bytes: None };
const MINUTE: i64 = 60_000;

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("visor.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.file(), &KEEP_ALL).unwrap()
    }
}

fn window(start: i64, records: u64) -> ClosedWindow {
    let mut counts = Counts { records, status: vec![(200, records)], bytes_sent: 10 * records, ..Counts::default() };
    counts.lists[List::Clients as usize] = Keys::of(vec![(0, records)], |_| b"192.0.2.1");
    ClosedWindow { start, width: MINUTE, counts }
}

/// The checkpoint of the n-th line of a log: it is in the tally, the position, a pane and a window.
fn line(n: u64) -> Checkpoint {
    let start = n as i64 * MINUTE;
    Checkpoint {
        wall: 1_000 * n as i64,
        watermark: Some(start),
        account: Split { windowed: 1, late: 2, future: 3 },
        tally: n.to_le_bytes().to_vec(),
        positions: vec![SavedPosition {
            source: "file".into(),
            key: "a.log".into(),
            state: n.to_string(),
            newest: Some(start),
        }],
        ranges: vec![Range { source: "kafka".into(), key: "logs/0".into(), from: n as i64 - 1, to: n as i64 }],
        panes: vec![(start, MINUTE, n.to_le_bytes().to_vec())],
        panes_gone_before: vec![(MINUTE, start - 2 * MINUTE)],
        windows: vec![window(start, n)],
        ..Checkpoint::default()
    }
}

/// The lines whose numbers are in tallies.
fn lines_of(tallies: &[Vec<u8>]) -> Vec<u64> {
    tallies.concat().chunks(8).map(|number| u64::from_le_bytes(number.try_into().unwrap())).collect()
}

fn listed(home: &Home, every: Option<i64>) -> Vec<(i64, i64, u64, u64)> {
    let mut listed = Vec::new();
    let read = Reader::open(&home.file()).unwrap().windows(i64::MIN, i64::MAX, every, |window| {
        listed.push((window.from, window.to, window.windows, window.counts.records));
        true
    });
    read.unwrap();
    listed
}

#[test]
fn a_thousand_checkpoints_are_read_back_as_their_sum() {
    let home = Home::new();
    let mut store = home.open();
    assert_eq!((store.restored().unwrap().number, store.restored().unwrap().watermark), (0, None));
    for n in 1..=1000 {
        assert_eq!(store.save(&line(n)).unwrap(), n);
        let (whole, since) = store.tally_bytes().unwrap();
        if since > whole {
            let all = store.restored().unwrap().tallies.concat();
            store.replace_tallies(&all).unwrap();
            assert_eq!(store.tally_bytes().unwrap(), (8 * n, 0));
        }
        if n % 300 == 0 {
            drop(store);
            store = home.open();
        }
    }
    let restored = store.restored().unwrap();
    assert_eq!((restored.number, restored.wall, restored.watermark), (1000, Some(1_000_000), Some(1000 * MINUTE)));
    assert_eq!(restored.account, Split { windowed: 1000, late: 2000, future: 3000 });
    assert_eq!(lines_of(&restored.tallies), (1..=1000).collect::<Vec<u64>>(), "in the order of time");
    assert_eq!(restored.tallies[0].len(), 8 * 511, "one was the whole, and the rest came since");
    assert_eq!(restored.positions, line(1000).positions);
    assert_eq!(ranges(&store), [(0, 1000)]);
    let panes: Vec<i64> = restored.panes.iter().map(|(start, ..)| start / MINUTE).collect();
    assert_eq!(panes, [998, 999, 1000]);
    assert_eq!(listed(&home, None).len(), 1000);
}

/// What was counted: from an offset to another.
fn ranges(store: &Store) -> Vec<(i64, i64)> {
    let mut rows = store.connection.prepare("SELECT from_offset, to_offset FROM ranges ORDER BY rowid").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    rows.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[test]
fn positions_ranges_and_panes_come_and_go() {
    let home = Home::new();
    let mut store = home.open();
    let position = |key: &str, state: &str| SavedPosition {
        source: "file".into(),
        key: key.into(),
        state: state.into(),
        newest: None,
    };
    let range = |from: i64, to: i64| Range { source: "kafka".into(), key: "t/1".into(), from, to };
    let first = Checkpoint {
        watermark: Some(5_000),
        positions: vec![position("a", "1"), position("b\u{0}\u{1b}", "2")],
        ranges: vec![range(0, 10), range(10, 25), range(40, 50)],
        panes: vec![(0, 1_000, vec![1]), (0, 10_000, vec![2]), (1_000, 1_000, vec![3])],
        ..Checkpoint::default()
    };
    store.save(&first).unwrap();
    let second = Checkpoint {
        watermark: None,
        positions_gone: vec![("file".into(), "a".into()), ("file".into(), "b\u{0}\u{1b}".into())],
        positions: vec![position("a", "7")],
        // Another instance was killed after it had counted: the part is counted twice, and that can be seen.
        ranges: vec![range(20, 25), range(25, 30)],
        panes: vec![(0, 10_000, vec![4])],
        panes_gone_before: vec![(1_000, 1_000)],
        ..Checkpoint::default()
    };
    store.save(&second).unwrap();
    let restored = store.restored().unwrap();
    assert_eq!(restored.watermark, Some(5_000), "it never goes back");
    assert_eq!(restored.positions, [position("a", "7")]);
    assert_eq!(restored.panes, [(1_000, 1_000, vec![3]), (0, 10_000, vec![4])]);
    assert_eq!(ranges(&store), [(0, 25), (40, 50), (20, 30)]);
    assert_eq!(store.reset_positions().unwrap(), 1);
    let after = store.restored().unwrap();
    assert_eq!((after.positions.len(), after.panes.len(), after.watermark), (0, 2, Some(5_000)));
}

#[test]
fn windows_are_revised_and_summed() {
    let home = Home::new();
    let mut store = home.open();
    let windows = (0..5).map(|minute| window(minute * MINUTE, 1)).collect();
    store.save(&Checkpoint { windows, ..Checkpoint::default() }).unwrap();
    store.save(&Checkpoint { windows: vec![window(MINUTE, 7)], ..Checkpoint::default() }).unwrap();
    assert_eq!(listed(&home, None)[..2], [(0, MINUTE, 1, 1), (MINUTE, 2 * MINUTE, 1, 7)]);
    let sums = listed(&home, Some(2 * MINUTE));
    assert_eq!(sums, [(0, 2 * MINUTE, 2, 8), (2 * MINUTE, 4 * MINUTE, 2, 2), (4 * MINUTE, 6 * MINUTE, 1, 1)]);
    let revisions: Vec<i64> = store
        .connection
        .prepare("SELECT revision FROM windows ORDER BY start_ms")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(revisions, [0, 1, 0, 0, 0]);
    // A part of them, and no more than was asked for.
    let mut seen = Vec::new();
    let reader = Reader::open(&home.file()).unwrap();
    reader.windows(MINUTE, 4 * MINUTE, None, |window| (seen.push(window.from), seen.len() < 2).1).unwrap();
    assert_eq!(seen, [MINUTE, 2 * MINUTE]);
}

#[test]
fn old_windows_go_and_the_file_shrinks() {
    let home = Home::new();
    let options = Options { retention_age: Some(10 * MINUTE), retention_bytes: None };
    let mut store = Store::open(&home.file(), &options).unwrap();
    let windows = (0..100).map(|minute| window(minute * MINUTE, 1)).collect();
    store.save(&Checkpoint { windows, tally: vec![1; 100], ..Checkpoint::default() }).unwrap();
    assert_eq!(store.tidy().unwrap().windows_old, 89);
    assert_eq!(listed(&home, None).first().map(|window| window.0), Some(89 * MINUTE));
    assert_eq!(store.tidy().unwrap(), Tidied::default(), "once is enough");
    drop(store);

    let most = 8 << 20;
    let options = Options { retention_age: None, retention_bytes: Some(most) };
    let mut store = Store::open(&home.file(), &options).unwrap();
    let pane = |minute: i64| (minute, 1, vec![7; 100_000]);
    store.save(&Checkpoint { panes: (0..300).map(pane).collect(), ..Checkpoint::default() }).unwrap();
    let size = |store: &Store| -> u64 {
        store.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        fs::metadata(home.file()).unwrap().len()
    };
    assert!(size(&store) > 30_000_000);
    let first = store.tidy().unwrap();
    assert!(first.windows_large == 11 && first.panes > 200, "windows go first, all of them: {first:?}");
    for _ in 0..20 {
        store.tidy().unwrap();
    }
    assert!(size(&store) < most + (5 << 20), "{}", size(&store));
    let restored = store.restored().unwrap();
    assert_eq!((restored.tallies, restored.panes.last().map(|pane| pane.0)), (vec![vec![1; 100]], Some(299)));

    store.save(&Checkpoint { tally: vec![3; 10 << 20], ..Checkpoint::default() }).unwrap();
    let last = (0..5).map(|_| store.tidy().unwrap()).last().unwrap();
    assert!(last.is_over, "totals are never dropped");
    assert_eq!(store.restored().unwrap().tallies.len(), 2);
}

/// The sentence with which a file is refused.
fn refused(path: &Path) -> String {
    Store::open(path, &KEEP_ALL).expect_err("it is refused").to_string()
}

fn unreadable(path: &Path) -> String {
    Reader::open(path).expect_err("it is refused").to_string()
}

#[test]
fn a_second_monitor_is_refused_by_whatever_name() {
    let home = Home::new();
    let first = home.open();
    let link = home.folder.path().join("link.db");
    symlink(home.file(), &link).unwrap();
    for name in [home.file(), link, home.folder.path().join("./visor.db")] {
        let sentence = refused(&name);
        let process = format!("is in use by another monitor (process {}); stop that one", std::process::id());
        assert!(sentence.contains(&process), "{sentence}");
    }
    drop(first);
    drop(home.open());
}

#[test]
fn what_is_no_store_is_refused_in_a_sentence_and_left_as_it_is() {
    let home = Home::new();
    let file = |name: &str, bytes: &[u8]| {
        let path = home.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let database = |name: &str, sql: &str| {
        let path = home.folder.path().join(name);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    };
    let other = database("other.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let newer =
        database("newer.db", "PRAGMA application_id = 1448298068; PRAGMA user_version = 99; CREATE TABLE t (a)");
    let stripped =
        database("stripped.db", "PRAGMA application_id = 1448298068; PRAGMA user_version = 1; CREATE TABLE t (a)");
    let log = file("access.log", b"192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 5\n");
    let garbage = file("garbage.db", &[0xA7; 50_000]);
    fs::create_dir(home.folder.path().join("folder")).unwrap();
    let cases = [
        (home.folder.path().join("folder"), "is a folder; name a file in it"),
        (home.folder.path().join("none/visor.db"), "its folder is not there; make the folder first"),
        (PathBuf::from("/dev/null"), "is no regular file"),
        (log.clone(), "is something else than a store of visor-fast, and is left as it is"),
        (file("short.db", b"x"), "is something else than a store"),
        (garbage, "is something else than a store"),
        (other.clone(), "is something else than a store"),
        (newer, "tables are of version 99, this program knows 2"),
        (home.folder.path().join("log/visor.db"), "its folder is not there"),
    ];
    let before = (fs::read(&log).unwrap(), fs::read(&other).unwrap());
    for (path, expected) in &cases {
        let sentence = refused(path);
        assert!(sentence.contains(expected), "{sentence}\n{expected}");
        if path.exists() {
            let sentence = unreadable(path);
            assert!(sentence.contains(expected), "to read: {sentence}\n{expected}");
        }
    }
    assert_eq!((fs::read(&log).unwrap(), fs::read(&other).unwrap()), before);
    assert!(unreadable(&home.folder.path().join("absent.db")).contains("is not there; name the file"));
    assert!(unreadable(&file("empty.db", b"")).contains("is something else"));
    let store = Store::open(&stripped, &KEEP_ALL).unwrap();
    assert!(store.restored().unwrap_err().to_string().contains("is damaged (no such table: checkpoint"));
}

#[test]
fn a_file_that_is_empty_becomes_a_store_that_only_its_owner_reads() {
    let home = Home::new();
    fs::write(home.file(), b"").unwrap();
    drop(home.open());
    let made = home.folder.path().join("made.db");
    drop(Store::open(&made, &KEEP_ALL).unwrap());
    assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn damage_is_told_wherever_it_is_and_never_a_panic() {
    let home = Home::new();
    let mut store = home.open();
    for n in 1..=300 {
        store.save(&line(n)).unwrap();
    }
    drop(store);
    let whole = fs::read(home.file()).unwrap();
    let mut told = 0;
    for (at, length) in [(0, 16), (100, 3), (100, 500), (8192, 8192), (20_000, 100_000), (whole.len() / 2, 9000)] {
        let mut bytes = whole.clone();
        bytes[at..at + length].fill(0xFF);
        fs::write(home.file(), &bytes).unwrap();
        let read = Store::open(&home.file(), &KEEP_ALL).and_then(|store| store.restored());
        let listed = Reader::open(&home.file()).and_then(|reader| reader.windows(i64::MIN, i64::MAX, None, |_| true));
        for problem in [read.err(), listed.err()].into_iter().flatten().map(|error| error.problem) {
            told += 1;
            assert!(matches!(problem, Problem::Damaged(_) | Problem::Foreign), "{at}: {problem:?}");
        }
    }
    assert!(told >= 6, "{told}");
    for cut in [whole.len() / 2, 8192, 8191, 100, 1] {
        fs::write(home.file(), &whole[..cut]).unwrap();
        let read = Store::open(&home.file(), &KEEP_ALL).and_then(|store| store.restored());
        let problem = read.expect_err("it is cut").problem;
        assert!(matches!(problem, Problem::Damaged(_) | Problem::Foreign), "cut at {cut}: {problem:?}");
    }
    // A row that cannot be: its type is right, what it says is not.
    fs::write(home.file(), &whole).unwrap();
    let store = home.open();
    store.connection.execute("UPDATE windows SET counts = x'010203' WHERE start_ms = 60000", []).unwrap();
    store.connection.execute("UPDATE checkpoint SET late = -5", []).unwrap();
    assert!(matches!(store.restored().unwrap_err().problem, Problem::Damaged(_)));
    let read = Reader::open(&home.file()).unwrap().windows(0, i64::MAX, None, |_| true);
    assert!(read.unwrap_err().to_string().contains("is damaged (a pane is damaged)"));
}

#[test]
fn readers_and_a_writer_do_not_wait_for_each_other() {
    let home = Home::new();
    let mut store = home.open();
    store.save(&line(1)).unwrap();
    let reader = Reader::open(&home.file()).unwrap();
    let mut n = 1;
    let mut seen = 0;
    // Checkpoints are written while a reader is in the middle of its query, which sees none of them.
    reader
        .windows(i64::MIN, i64::MAX, None, |_| {
            for _ in 0..50 {
                n += 1;
                store.save(&line(n)).unwrap();
            }
            store.tidy().unwrap();
            seen += 1;
            true
        })
        .unwrap();
    assert_eq!((seen, listed(&home, None).len()), (1, 51));
}

#[test]
fn a_full_disk_refuses_a_checkpoint_and_loses_none() {
    let home = Home::new();
    let mut store = home.open();
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    // SQLite's own limit stands for the disk's.
    store.connection.execute_batch(&format!("PRAGMA max_page_count = {}", pages + 4)).unwrap();
    assert_eq!(store.save(&line(1)), Ok(1));
    let large = Checkpoint { tally: vec![7; 1 << 20], ..line(2) };
    let error = store.save(&large).unwrap_err();
    assert_eq!(error.problem, Problem::Full);
    assert!(error.to_string().contains("because the disk is full; make room on it"), "{error}");
    let restored = store.restored().unwrap();
    assert_eq!((restored.number, restored.account.windowed), (1, 1), "nothing of it was written");
    store.connection.execute_batch(&format!("PRAGMA max_page_count = {}", pages + 4000)).unwrap();
    assert_eq!(store.save(&large), Ok(2));
}

#[test]
fn a_store_that_is_busy_says_who_must_end() {
    let home = Home::new();
    let mut store = home.open();
    let mut other = rusqlite::Connection::open(home.file()).unwrap();
    let transaction = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let sentence = store.save(&line(1)).unwrap_err().to_string();
    assert!(sentence.contains("because another program is writing to it; end that one's transaction"), "{sentence}");
    drop(transaction);
    assert_eq!(store.save(&line(1)), Ok(1));
}

/// A folder on a file system of its own, which is unmounted at the end; `None` where this user may not make one.
struct Mount(TempDir);

impl Mount {
    fn new(size: &str) -> Option<Mount> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        if !is_mounted {
            eprintln!("skipped: a file system cannot be mounted by this user");
        }
        is_mounted.then_some(Mount(folder))
    }

    fn read_only(&self) {
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", "remount,ro"]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_and_is_cleared_again() {
    let Some(mount) = Mount::new("4m") else { return };
    let path = mount.0.path().join("visor.db");
    let mut store = Store::open(&path, &KEEP_ALL).unwrap();
    assert_eq!(store.save(&line(1)), Ok(1));
    let filler = mount.0.path().join("filler");
    let mut size = 4 << 20;
    while size > 64 && fs::write(&filler, vec![0; size]).is_err() {
        size -= 4096;
    }
    let large = Checkpoint { tally: vec![7; 400_000], ..line(2) };
    let sentence = store.save(&large).unwrap_err().to_string();
    assert!(sentence.contains("because the disk is full"), "{sentence}");
    fs::remove_file(filler).unwrap();
    assert_eq!(store.save(&large), Ok(2));
    drop(store);
    let restored = Store::open(&path, &KEEP_ALL).unwrap().restored().unwrap();
    assert_eq!((restored.number, restored.tallies.len()), (2, 2));
}

#[test]
fn media_that_cannot_be_written_are_read() {
    let Some(mount) = Mount::new("8m") else { return };
    let path = mount.0.path().join("a 100% real?#store.db");
    let mut store = Store::open(&path, &KEEP_ALL).unwrap();
    store.save(&line(1)).unwrap();
    drop(store);
    mount.read_only();
    assert!(refused(&path).contains("lies where nothing can be written"), "{}", refused(&path));
    assert!(refused(&mount.0.path().join("new.db")).contains("lies where nothing can be written"));
    let mut seen = 0;
    let reader = Reader::open(&path).unwrap();
    reader.windows(i64::MIN, i64::MAX, None, |_| (seen += 1, true).1).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn a_file_that_may_not_be_opened() {
    let home = Home::new();
    drop(home.open());
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o0)).unwrap();
    if fs::File::open(home.file()).is_ok() {
        eprintln!("skipped: this user may open every file");
        return;
    }
    assert!(refused(&home.file()).contains("may not be opened; give this user the right"));
    assert!(unreadable(&home.file()).contains("may not be opened"));
}
