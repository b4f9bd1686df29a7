//! `visor-fast monitor --kafka --store`, killed in mid-stream: what is in the store is what was counted, and where it goes on.

use crate::monitor::{Monitor, assert_true, field, generate};
use crate::topic;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Kills in one trial; a hundred with `VISOR_TRIALS=100`.
fn kills() -> u64 {
    std::env::var("VISOR_TRIALS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// What a store says was counted: by partition, from an offset to another.
fn ranges(store: &Path) -> BTreeMap<String, Vec<(i64, i64)>> {
    let store = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = store.prepare("SELECT key, from_offset, to_offset FROM ranges").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)));
    let mut ranges: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for (key, range) in rows.query_map([], row).unwrap().map(Result::unwrap) {
        ranges.entry(key).or_default().push(range);
    }
    ranges
}

/// How many offsets ranges have, and how many different ones.
fn offsets(ranges: &BTreeMap<String, Vec<(i64, i64)>>) -> (i64, i64) {
    let (mut all, mut different) = (0, 0);
    for ranges in ranges.values() {
        let mut ranges = ranges.clone();
        ranges.sort_unstable();
        let mut covered = 0;
        for (from, to) in ranges {
            all += to - from;
            different += (to - from.max(covered)).max(0);
            covered = covered.max(to);
        }
    }
    (all, different)
}

fn lines(truth: &Value) -> u64 {
    field(truth, "lines")
}

#[test]
fn killed_at_any_moment_it_goes_on_and_nothing_is_lost_or_counted_twice() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    generate(&folder, &kafka, "--lines 10 --kafka-partitions 3");
    // A member with a name of its own takes its place again at once, instead of being waited for.
    let flags = format!(
        "--from-beginning --kafka-group {topic} --store s.db --checkpoint 50ms --kafka-set group.instance.id=one"
    );
    let truth = std::thread::scope(|scope| {
        let writer = scope.spawn(|| generate(&folder, &kafka, &format!("--rate 5000 --lines {}", 5000 * kills())));
        for kill in 0..kills() {
            let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
            monitor.wait_for_partitions(3);
            std::thread::sleep(Duration::from_millis(kill * 37 % 400));
            monitor.kill();
        }
        writer.join().unwrap()
    });
    let total = lines(&truth) + 10;
    let mut monitor = Monitor::start(&folder, &kafka, &flags, "r.json");
    monitor.wait_for_lines(total);
    // Were there more, they would come.
    std::thread::sleep(Duration::from_secs(1));
    let (report, said) = monitor.end(&folder);
    assert_eq!((said.as_str(), lines(&report)), ("", total));
    let ranges = ranges(&folder.path().join("s.db"));
    assert_eq!(offsets(&ranges), (total as i64, total as i64), "each message once: {ranges:?}");
    assert!(ranges.values().all(|ranges| ranges.len() == 1), "and without a gap: {ranges:?}");
}

#[test]
fn the_store_knows_more_than_the_group_and_the_report_is_that_of_an_uninterrupted_run() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    let truth = generate(&folder, &kafka, "--lines 100000 --kafka-partitions 3");
    // A group that has heard of nothing is as one whose offsets were not committed before the kill.
    let flags = |run: u64| {
        format!(
            "--from-beginning --kafka-group {topic}-{run} --store s.db --checkpoint 50ms --kafka-set group.instance.id=one"
        )
    };
    for (run, at) in [(0, 1), (1, 40_000), (2, 70_000)] {
        let mut monitor = Monitor::start(&folder, &kafka, &flags(run), "r.json");
        monitor.wait_for_lines(at);
        monitor.kill();
    }
    let mut monitor = Monitor::start(&folder, &kafka, &flags(3), "r.json");
    monitor.wait_for_lines(100_000);
    let (report, _) = monitor.end(&folder);
    assert_true(&report, &truth);
}

#[test]
fn one_of_three_that_is_killed_loses_nothing_and_what_is_counted_twice_is_seen() {
    let Some((brokers, topic)) = topic() else { return };
    let kafka = format!("{brokers}/{topic}");
    let folder = tempfile::tempdir().unwrap();
    generate(&folder, &kafka, "--lines 600 --kafka-partitions 6");
    let stores = ["a.db", "b.db", "c.db"];
    let mut members: Vec<Monitor> = stores
        .iter()
        .map(|store| {
            // A long checkpoint, so that much of what was counted is not committed.
            let flags = format!(
                "--from-beginning --kafka-group {topic} --store {store} --checkpoint 700ms --kafka-set session.timeout.ms=6000"
            );
            Monitor::start(&folder, &kafka, &flags, &format!("{store}.json"))
        })
        .collect();
    members.iter_mut().for_each(|member| member.wait_for_partitions(2));
    let truth = std::thread::scope(|scope| {
        let writer = scope.spawn(|| generate(&folder, &kafka, "--rate 10000 --lines 100000"));
        std::thread::sleep(Duration::from_secs(3));
        members.remove(1).kill();
        writer.join().unwrap()
    });
    let total = lines(&truth) + 600;
    members.iter_mut().for_each(|member| member.wait_for_partitions(3));
    members.iter_mut().for_each(|member| {
        let has_read_all = |moment: &Value| {
            let inputs = moment["inputs"].as_array().unwrap();
            inputs.iter().all(|input| input["backlog_messages"] == 0 && !input["lag_seconds"].is_null())
        };
        member.wait("all is read", has_read_all);
    });
    std::thread::sleep(Duration::from_secs(2));
    members.into_iter().for_each(|member| _ = member.end(&folder));
    let mut all: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for store in stores {
        for (key, ranges) in ranges(&folder.path().join(store)) {
            all.entry(key).or_default().extend(ranges);
        }
    }
    let (counted, different) = offsets(&all);
    assert_eq!(different, total as i64, "nothing is lost: {all:?}");
    assert!(counted >= different);
    // What the stores counted is what their ranges say, so that what was counted twice can be told.
    let counts = |store: &str| {
        let store = Connection::open(folder.path().join(store)).unwrap();
        let split = "SELECT windowed + late + future FROM checkpoint";
        store.query_row(split, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(stores.iter().map(|store| counts(store)).sum::<i64>(), counted);
}
