//! Members come and go, and each line is counted once.

use super::*;
use std::collections::BTreeSet;

#[test]
fn whoever_comes_next_goes_on_where_the_last_one_left() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    writer.put_numbers(2, 0..2000);
    let mut first = Reader::new(settings(&cluster));
    first.until("some were read", |heard| heard.lines() >= 1000);
    first.leave();
    writer.put_numbers(2, 2000..3000);
    let mut second = Reader::new(settings(&cluster));
    let left = 3000 - first.heard.lines();
    second.until("the rest was read", |heard| heard.lines() >= left);
    assert_once([first.heard.counts(), second.heard.counts()], 0..3000);
    assert_eq!((first.heard.notices, second.heard.notices), (vec![], vec![]));
}

#[test]
fn a_partition_that_was_silent_is_resumed_too() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    let from_end = || Settings { begin: Begin::End, ..settings(&cluster) };
    let mut first = Reader::new(from_end());
    first.until("both are ours", |heard| heard.ours.len() == 2);
    first.leave();
    writer.put_numbers(2, 0..100);
    let mut second = Reader::new(from_end());
    second.until("what came meanwhile was read", |heard| heard.lines() == 100);
    assert_once([second.heard.counts()], 0..100);
}

#[test]
fn the_larger_of_what_was_saved_and_what_was_committed_counts() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    writer.put_numbers(2, 0..200);
    let mut first = Reader::new(settings(&cluster));
    first.until("all are read", |heard| heard.lines() == 200);
    first.kafka.commit(&[(0, 40), (1, 40)]);
    first.for_a_while(Duration::from_secs(1));
    assert_eq!(first.heard.notices, []);
    // As if it was killed: it leaves, and commits nothing more.
    drop(first.kafka);
    let mut second = Reader::new(settings(&cluster));
    second.kafka.start_at(0, 70);
    second.kafka.start_at(1, 10);
    second.until("both are ours", |heard| heard.ours.len() == 2);
    assert_eq!(second.heard.ours, BTreeMap::from([(0, 70), (1, 40)]));
    second.until("the rest was read", |heard| heard.lines() == 30 + 60);
}

#[test]
fn two_members_share_the_partitions_and_no_line_is_missed() {
    two_members("cooperative-sticky");
}

#[test]
fn so_it_is_where_a_rebalance_takes_all_partitions_from_all() {
    two_members("range");
}

/// The mock cluster takes no offsets while members come, as a broker does (rdkafka_mock_cgrp.c, state JOINING; Kafka's
/// `ClassicGroup.validateOffsetCommit` refuses them later, while assignments are handed out): so the other member reads again, and
/// that is told. That nothing is read twice is tested with a real broker, in tests/kafka.
fn two_members(strategy: &str) {
    let cluster = cluster(4);
    let brokers = cluster.bootstrap_servers();
    let settings = || {
        let mut settings = settings_at(&brokers);
        settings.set.push(("partition.assignment.strategy".to_string(), strategy.to_string()));
        settings
    };
    let (first, second) = std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            let writer = Writer::at(&brokers);
            for part in 0..100 {
                writer.put_numbers(4, part * 200..(part + 1) * 200);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let mut first = Reader::new(settings());
        first.until("all are its", |heard| heard.ours.len() == 4 && heard.lines() > 0);
        let second = scope.spawn(|| {
            let mut second = Reader::new(settings());
            second.until("half of them are its", |heard| heard.ours.len() == 2 && heard.lines() > 0);
            second.for_a_while(Duration::from_secs(2));
            second.leave();
            second
        });
        // Whoever is not polled answers nothing, and the group waits for it.
        while !second.is_finished() {
            first.poll();
        }
        let second = second.join().unwrap();
        first.until("all are its again", |heard| heard.ours.len() == 4);
        writes.join().unwrap();
        let all = |heard: &Heard| heard.counts().into_keys().collect::<BTreeSet<_>>();
        let others = all(&second.heard);
        first.until("all was read", |heard| all(heard).union(&others).count() == 20_000);
        first.leave();
        (first, second)
    });
    let counts = [first.heard.counts(), second.heard.counts()];
    assert!(counts.iter().flat_map(BTreeMap::values).all(|count| *count == 1), "nobody reads a line twice");
    assert_eq!((first.heard.lost.len(), second.heard.lost.len()), (0, 0));
    let refused = Notice::NotCommitted { reason: "Group rebalance in progress".to_string() };
    assert!(first.heard.notices.iter().all(|notice| *notice == refused), "{:?}", first.heard.notices);
    let doubled = counts[0].keys().filter(|line| counts[1].contains_key(*line)).count();
    assert!(doubled == 0 || first.heard.notices.contains(&refused), "{doubled}");
}

#[test]
fn who_was_not_heard_of_for_too_long_loses_its_partitions_and_joins_again() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    writer.put_numbers(2, 0..100);
    let mut settings = settings(&cluster);
    settings.set.push(("max.poll.interval.ms".to_string(), "10000".to_string()));
    let mut reader = Reader::new(settings);
    reader.until("all are read", |heard| heard.lines() == 100);
    std::thread::sleep(Duration::from_secs(14));
    reader.until("they were lost", |heard| heard.lost.len() == 2);
    reader.until("they are ours again", |heard| heard.ours.len() == 2);
    writer.put_numbers(2, 100..200);
    // Nothing was committed; but who has counted them knows.
    reader.until("all are read", |heard| heard.lines() >= 200);
    assert_once([reader.heard.counts()], 0..200);
    assert!(
        reader.heard.notices.iter().any(|notice| matches!(notice, Notice::Other { .. })),
        "{:?}",
        reader.heard.notices
    );
}
