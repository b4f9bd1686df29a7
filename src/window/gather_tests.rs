//! Panes of a worker against a naive count of the same records.

use super::*;
use crate::aggregate::position::Position;
use crate::aggregate::tally::Settings;
use crate::window::panes::Pane;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A request: milliseconds, client, path, status, bytes, microseconds.
type Seen = (i64, u8, u8, u16, Option<u64>, Option<u64>);

fn add(tally: &mut Tally, gather: &mut Gather, seen: &[Seen]) {
    for &(at, client, path, status, bytes_sent, latency_micros) in seen {
        let (client, path) = (format!("192.0.2.{client}"), format!("/{path}"));
        let time = Time {
            wall_seconds: at.div_euclid(1000),
            offset_seconds: 0,
            nanos: (at.rem_euclid(1000) * 1_000_000) as u32,
        };
        let record = Access {
            time,
            client: client.as_bytes(),
            target: path.as_bytes(),
            status,
            bytes_sent,
            latency_micros,
            ..Access::default()
        };
        tally.add(path.as_bytes(), &[record], gather);
    }
}

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    let status = prop_oneof![Just(200u16), Just(404), Just(500), Just(503)];
    let one =
        (0..20_000i64, any::<u8>(), any::<u8>(), status, any::<Option<u64>>(), proptest::option::of(0..1_000_000u64));
    prop::collection::vec(one, 0..400)
}

/// Hits by key, from the greatest, as a naive count has them.
fn hits<'seen>(seen: impl Iterator<Item = &'seen Seen>, key: impl Fn(&Seen) -> String) -> BTreeMap<String, u64> {
    seen.fold(BTreeMap::new(), |mut hits, seen| {
        *hits.entry(key(seen)).or_default() += 1;
        hits
    })
}

fn holds(keys: &Keys, expected: &BTreeMap<String, u64>) {
    for (key, hits) in expected {
        let known = keys.top().get(key.as_bytes());
        assert!((known.hits..=known.most()).contains(hits), "{key}: {hits}, {known:?}");
    }
    if expected.len() <= crate::window::keys::KEYS {
        assert_eq!(keys.distinct(), (expected.len() as f64, true));
    }
}

proptest! {
    #[test]
    fn a_pane_holds_what_a_naive_count_of_its_requests_says(first in seen(), second in seen()) {
        let mut tally = Tally::new(&Settings::default());
        let mut gather = Gather::new(1000);
        // Handed over twice, so that panes come in parts.
        let mut panes = BTreeMap::<i64, Counts>::new();
        for part in [&first, &second] {
            add(&mut tally, &mut gather, part);
            prop_assert_eq!(gather.len(), part.len());
            let gathered = gather.hand_over(&tally);
            prop_assert_eq!(gather.take_newest(), part.iter().map(|(at, ..)| *at).max());
            prop_assert!(gather.is_empty());
            gathered.panes.iter().for_each(|(start, counts)| panes.entry(*start).or_default().merge(counts));
        }
        let all = [first, second].concat();
        prop_assert_eq!(panes.values().map(|counts| counts.records).sum::<u64>(), all.len() as u64);
        for (start, counts) in panes {
            let own: Vec<Seen> = all.iter().copied().filter(|(at, ..)| (start..start + 1000).contains(at)).collect();
            prop_assert_eq!(counts.records, own.len() as u64);
            for status in [200, 404, 500, 503] {
                prop_assert_eq!(counts.with_status(status, status), own.iter().filter(|seen| seen.3 == status).count() as u64);
            }
            let sizes: Vec<u64> = own.iter().filter_map(|seen| seen.4).collect();
            prop_assert_eq!(counts.bytes_sent, sizes.iter().fold(0u64, |sum, size| sum.saturating_add(*size)));
            prop_assert_eq!(counts.sizes.count(), sizes.len() as u64);
            prop_assert_eq!(counts.sizes.range(), sizes.iter().min().copied().zip(sizes.iter().max().copied()));
            let latencies: Vec<u64> = own.iter().filter_map(|seen| seen.5).collect();
            prop_assert_eq!(counts.latencies.sum(), latencies.iter().map(|micros| u128::from(*micros)).sum::<u128>());
            let client = |seen: &Seen| format!("192.0.2.{}", seen.1);
            let path = |seen: &Seen| format!("/{}", seen.2);
            let failed = |seen: &&Seen| seen.3 >= 500;
            holds(counts.list(List::Clients), &hits(own.iter(), client));
            holds(counts.list(List::ErrorClients), &hits(own.iter().filter(failed), client));
            holds(counts.list(List::Paths), &hits(own.iter(), path));
            holds(counts.list(List::ErrorPaths), &hits(own.iter().filter(failed), path));
            holds(counts.list(List::NotFound), &hits(own.iter().filter(|seen| seen.3 == 404), path));
        }
    }
}

#[test]
fn late_lines_and_those_of_the_future_are_in_no_pane() {
    let (mut tally, mut gather) = (Tally::new(&Settings::default()), Gather::new(1000));
    gather.set_clock(Time::default(), 1_000, 5_000);
    let at = |at| (at, 1, 1, 200, None, None);
    add(&mut tally, &mut gather, &[at(999), at(4_000), at(5_000), at(5_001), at(i64::from(u32::MAX) * 1000)]);
    let gathered = gather.hand_over(&tally);
    assert_eq!((gathered.late, gathered.future, gather.take_newest()), (1, 2, Some(5_000)));
    assert_eq!(
        gathered.panes.iter().map(|(start, counts)| (*start, counts.records)).collect::<Vec<_>>(),
        [(4_000, 1), (5_000, 1)]
    );
    assert_eq!(tally.lines.records, 5, "the total has them");
}

#[test]
fn entries_of_error_logs_count_by_level_client_and_message() {
    let (mut tally, mut gather) = (Tally::new(&Settings::default()), Gather::new(1000));
    let arrival = Time { wall_seconds: 9, ..Time::default() };
    gather.set_clock(arrival, i64::MIN, i64::MAX);
    let entry = |level, client: &'static [u8], message: &'static [u8], time| ErrorEntry {
        time,
        level,
        client,
        message,
        module: b"-",
    };
    for entry in [
        entry(Level::Error, b"192.0.2.1", b"File 17 does not exist", Some(Time::default())),
        entry(Level::Error, b"192.0.2.2", b"File 18 does not exist", Some(Time::default())),
        entry(Level::Info, b"192.0.2.1", b"started", None),
    ] {
        tally.add_error(&entry, Position::default(), &mut gather);
    }
    let panes = gather.hand_over(&tally).panes;
    let [(0, first), (9_000, second)] = &panes[..] else { panic!("{panes:?}") };
    assert_eq!((first.levels[Level::Error as usize], second.levels[Level::Info as usize]), (2, 1));
    assert_eq!(first.list(List::Messages).top().top(9).len(), 1);
    assert_eq!(first.list(List::ErrorClients).distinct().0, 2.0);
    assert_eq!(second.list(List::ErrorClients).distinct().0, 0.0, "an entry of level info is no error");
}

#[test]
fn what_was_counted_stays_when_rows_go() {
    let (mut tally, mut gather) = (Tally::new(&Settings::default()), Gather::new(1000));
    add(&mut tally, &mut gather, &[(0, 1, 1, 200, None, None), (0, 2, 2, 200, None, None)]);
    gather.before_rows_go(&tally);
    let mut other = Tally::new(&Settings::default());
    add(&mut other, &mut gather, &[(0, 3, 3, 200, None, None)]);
    let panes = gather.hand_over(&other).panes;
    assert_eq!(panes.iter().map(|(start, counts)| (*start, counts.records)).collect::<Vec<_>>(), [(0, 2), (0, 1)]);
    assert_eq!(panes[0].1.list(List::Clients).top().get(b"192.0.2.1").hits, 1);
}
