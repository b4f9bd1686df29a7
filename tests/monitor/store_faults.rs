//! Stores that cannot be used, and disks that cannot be written.

use super::{LIVE, ended, lines, moments, program, wait_for_lines, wait_until, with_input};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// A store of ten lines.
fn store(folder: &Path, name: &str) {
    let output = with_input(&["monitor", "--stdin", "-q", "--store", name], folder, &lines(0, 10));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_store_that_cannot_be_used_ends_it_before_it_begins_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["newer.db", "torn.db", "lost.db", "cut.db"] {
        store(folder, name);
    }
    let sql = |name: &str, sql: &str| Connection::open(folder.join(name)).unwrap().execute_batch(sql).unwrap();
    sql("newer.db", "PRAGMA user_version = 99");
    sql("foreign.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    sql("lost.db", "UPDATE tallies SET bytes = x'010203'");
    let bytes = fs::read(folder.join("torn.db")).unwrap();
    let mut torn = bytes.clone();
    torn[100..1000].fill(0xFF);
    fs::write(folder.join("torn.db"), torn).unwrap();
    fs::write(folder.join("cut.db"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(folder.join("access.log"), lines(0, 10)).unwrap();
    fs::create_dir(folder.join("folder.db")).unwrap();
    for (name, expected) in [
        ("newer.db", "tables are of version 99, this program knows"),
        ("foreign.db", "is something else than a store of visor-fast, and is left as it is"),
        ("access.log", "is something else than a store of visor-fast, and is left as it is"),
        ("folder.db", "is a folder; name a file in it"),
        ("torn.db", "is damaged"),
        ("cut.db", "is damaged"),
        ("lost.db", "lost.db"),
    ] {
        let before = fs::read(folder.join(name)).ok();
        let output = with_input(&["monitor", "--stdin", "--store", name, "-o", "r.json"], folder, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(expected) && said.trim_end().lines().count() == 1, "{name}: {said}");
        assert!(output.stdout.is_empty() && fs::read(folder.join(name)).ok() == before, "{name}: {said}");
    }
}

#[test]
fn a_second_monitor_on_a_store_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.log"), lines(0, 10)).unwrap();
    let arguments = ["monitor", "--follow", "a.log", "--from-beginning", "--store", "s.db"];
    let mut first = program(&[&arguments[..], &LIVE].concat(), folder).spawn().unwrap();
    let moments = moments(&mut first);
    wait_for_lines(&moments, 10);
    let second = with_input(&["monitor", "--stdin", "--store", "./s.db"], folder, &lines(0, 5));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    let by = format!("is in use by another monitor (process {}); stop that one", first.id());
    assert!(said.contains(&by), "{said}");
    OpenOptions::new().append(true).open(folder.join("a.log")).unwrap().write_all(lines(10, 20).as_bytes()).unwrap();
    wait_for_lines(&moments, 20);
    assert_eq!(ended(first, folder)["totals"]["records"], 20);
}

/// A small file system of its own, which is unmounted at the end.
struct Disk<'folder>(&'folder Path);

impl<'folder> Disk<'folder> {
    fn new(folder: &'folder Path) -> Option<Disk<'folder>> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder).output();
        if !mount.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: a file system cannot be mounted by this user");
            return None;
        }
        Some(Disk(folder))
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut filler = OpenOptions::new().append(true).create(true).open(self.0.join("filler")).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }

    fn clear(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Records in a store; none where it is not there yet.
pub fn kept(store: &Path) -> i64 {
    let all = "SELECT windowed + late + future FROM checkpoint";
    let store = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY);
    store.and_then(|store| store.query_row(all, [], |row| row.get(0))).unwrap_or(0)
}

#[test]
fn a_full_disk_under_the_store_stops_no_counting_and_once_there_is_room_all_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small = folder.join("small");
    fs::create_dir(&small).unwrap();
    let Some(disk) = Disk::new(&small) else { return };
    let generate = ["generate", "access", "--lines", "40000", "--seed", "3"];
    let text = program(&generate, folder).output().unwrap().stdout;
    let middle = text[..text.len() / 4].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let first = text[..middle].iter().filter(|byte| **byte == b'\n').count() as u64;
    fs::write(folder.join("a.log"), &text[..middle]).unwrap();
    let arguments = ["monitor", "--follow", "a.log", "--from-beginning", "--format", "combined"];
    let store = ["--store", "small/s.db", "--checkpoint", "50ms"];
    let start = || program(&[&arguments[..], &store, &LIVE].concat(), folder).spawn().unwrap();

    let mut child = start();
    let moments_of_first = moments(&mut child);
    wait_until("the first lines are kept", || kept(&small.join("s.db")) == first as i64);
    disk.fill();
    OpenOptions::new().append(true).open(folder.join("a.log")).unwrap().write_all(&text[middle..]).unwrap();
    wait_for_lines(&moments_of_first, 40_000);
    let had = kept(&small.join("s.db"));
    disk.clear();
    wait_until("all is kept", || kept(&small.join("s.db")) == 40_000);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(had < 40_000, "the disk was not full: {said}");
    let full = "because the disk is full; make room on it";
    assert_eq!((said.matches(full).count(), said.matches("the store is written again").count()), (1, 1), "{said}");

    let mut child = start();
    wait_for_lines(&moments(&mut child), 40_000);
    assert_eq!(ended(child, folder)["totals"]["records"], 40_000);

    // At the end there is no later: what is not kept is said.
    let mut child = start();
    let moments = moments(&mut child);
    wait_for_lines(&moments, 40_000);
    disk.fill();
    OpenOptions::new().append(true).open(folder.join("a.log")).unwrap().write_all(&text).unwrap();
    wait_for_lines(&moments, 80_000);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("what was counted since the last time it was written is not in it"), "{said}");
    disk.clear();
    let mut child = start();
    wait_for_lines(&super::moments(&mut child), 80_000);
    assert_eq!(ended(child, folder)["totals"]["records"], 80_000, "it was read again");
}
