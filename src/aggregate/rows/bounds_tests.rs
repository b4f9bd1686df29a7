//! A table that was pruned against the true counts, on streams that are kind and on ones that are not.

use super::*;
use crate::aggregate::distinct::STANDARD_ERROR;
use crate::aggregate::key::Key;
use proptest::prelude::*;
use std::collections::HashMap;

/// Keys of a stream, by number.
type Stream = Vec<u32>;

/// Numbers that look random and are the same each time.
fn draws(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

/// Streams of about `records` records: what one is, and the stream.
fn streams(records: u32) -> Vec<(&'static str, Stream)> {
    let all_different = (0..records).collect();
    let sorted = (0..records).map(|record| record / 3).collect();
    let round_robin = (0..records).map(|record| record % 1000).collect();
    // Number n with a share of about 1/n.
    let skewed =
        draws(1).take(records as usize).map(|draw| (1.0 / (draw as f64 / (1u64 << 31) as f64 + 1e-5)) as u32).collect();
    let heavy_first = (0..records).map(|record| if record < records / 10 { 0 } else { record }).collect();
    let heavy_last = (0..records).map(|record| if record > records / 10 * 9 { 0 } else { record }).collect();
    // Just enough hits to be thrown out each time, and then a new key: what raises a floor that is set by hits alone.
    let wearing = (0..records).map(|record| if record % 2 == 0 { record / 80 * 80 } else { record }).collect();
    let now_and_then = (0..records).map(|record| if record % 100 == 0 { 0 } else { record }).collect();
    vec![
        ("all different", all_different),
        ("sorted", sorted),
        ("in turn", round_robin),
        ("skewed", skewed),
        ("a heavy one first", heavy_first),
        ("a heavy one last", heavy_last),
        ("wearing", wearing),
        ("one now and then among different ones", now_and_then),
    ]
}

/// The key of a number; some are long.
fn key_of(number: u32) -> String {
    format!("/{number}{}", if number.is_multiple_of(5) { "x".repeat(60) } else { String::new() })
}

/// Counts a stream in a table of at most `most` rows.
fn counted(stream: &[u32], most: usize) -> Rows {
    let mut rows = Rows::default();
    for number in stream {
        let id = rows.intern(&Key::new(key_of(*number).as_bytes()));
        rows.add(id, 1, 10);
        if rows.len() > most {
            let before = rows.len();
            let numbers = rows.prune(|_| false, |_, _| ());
            assert_eq!(numbers.len(), before);
            assert_eq!(numbers.as_slice().iter().filter(|number| **number != NOBODY).count(), rows.len());
            assert_eq!(rows.len(), before / 2, "half of the rows stay, whatever they are");
        }
    }
    rows
}

/// Whether a table keeps its promise about streams.
#[track_caller]
fn holds(rows: &Rows, streams: &[&[u32]], what: &str) {
    let mut truth = HashMap::<String, u64>::new();
    for number in streams.iter().copied().flatten() {
        *truth.entry(key_of(*number)).or_default() += 1;
    }
    let floor = rows.floor();
    for (id, row) in (0..).zip(rows.iter()) {
        let (key, missed) = (String::from_utf8(row.key.to_vec()).unwrap(), rows.missed(id).unwrap_or(0));
        let hits = truth[&key];
        assert!(row.hits <= hits && hits <= row.hits + missed, "{what}: {key}: {hits}, {} + {missed}", row.hits);
        assert!(missed <= floor, "{what}: {key}");
        assert_eq!((row.bytes, rows.lookup(row.key)), (row.hits * 10, Some(id)), "{what}: {key}");
    }
    for (key, hits) in &truth {
        let shown = rows.lookup(key.as_bytes()).is_some();
        assert!(shown || *hits <= floor, "{what}: {key} has {hits} hits and no row, the floor is {floor}");
    }
    let distinct = rows.bounds().map_or(rows.len() as f64, |bounds| bounds.distinct().estimate());
    let error = (distinct - truth.len() as f64).abs() / truth.len() as f64;
    assert!(error <= 4.0 * STANDARD_ERROR, "{what}: {distinct} different keys, truly {}", truth.len());
}

#[test]
fn hits_are_between_those_shown_and_their_error_on_every_stream() {
    for (what, stream) in streams(20_000) {
        for most in [20, 300, 5000] {
            let rows = counted(&stream, most);
            holds(&rows, &[&stream], what);
            // What the essay at the top promises of the floor.
            let records = stream.len() as u64;
            assert!(rows.floor() <= records / (most as u64 / 2), "{what}, {most} rows: {}", rows.floor());
        }
        assert_eq!(counted(&stream, usize::MAX).missed(0), None, "{what}: exact");
    }
}

#[test]
fn a_heavy_key_is_there_however_late_or_seldom_it_comes() {
    for (what, stream) in streams(20_000).into_iter().filter(|(what, _)| what.contains("one")) {
        let rows = counted(&stream, 1000);
        let heavy = rows.lookup(key_of(0).as_bytes());
        assert!(
            heavy.is_some(),
            "{what}: {} of {} records",
            stream.iter().filter(|key| **key == 0).count(),
            stream.len()
        );
    }
}

#[test]
fn merged_in_any_order_it_keeps_its_promise() {
    let all = streams(4000);
    for (what, stream) in &all {
        for (other_what, other) in &all {
            for most in [50, 1000, usize::MAX] {
                let what = format!("{what}, then {other_what}, {most} rows");
                let (mut left, right) = (counted(stream, most), counted(other, 400));
                let numbers = left.merge(&right);
                for (row, number) in right.iter().zip(numbers) {
                    assert_eq!(left.get(number).key, row.key, "{what}");
                }
                holds(&left, &[stream, other], &what);
                // And pruned again, and merged again.
                left.prune(|_| false, |_, _| ());
                holds(&left, &[stream, other], &what);
                let mut third = counted(stream, 70);
                third.merge(&left);
                holds(&third, &[stream, stream, other], &what);
            }
        }
    }
}

#[test]
fn the_absent_value_and_pinned_rows_stay_and_those_that_go_are_told() {
    let mut rows = Rows::default();
    for number in 0..100u64 {
        let key = if number == 7 { "-".to_string() } else { format!("{number}") };
        let id = rows.intern(&Key::new(key.as_bytes()));
        rows.add(id, number, number);
    }
    let (mut gone, mut sum) = (Vec::new(), 0);
    let numbers = rows.prune(
        |id| id == 3,
        |id, row| {
            gone.push(id);
            sum += row.hits;
        },
    );
    // Of the other 98 the lesser 49 went: 0 to 50 without 3 and 7.
    assert_eq!(gone, (0..51).filter(|id| *id != 3 && *id != 7).collect::<Vec<_>>());
    assert_eq!((rows.floor(), sum), (50, (0..51).sum::<u64>() - 10));
    assert_eq!([3, 7, 51, 50].map(|id| numbers.as_slice()[id]), [0, 1, 2, NOBODY]);
    assert_eq!((rows.get(0).key, rows.get(1).key, rows.get(2).key), (&b"3"[..], &b"-"[..], &b"51"[..]));
}

#[test]
fn bounds_that_do_not_fit_are_not_taken() {
    let mut rows = counted(&[1, 2, 3], usize::MAX);
    for (missed, fits) in [(&[0, 5, 5][..], true), (&[0, 5], false), (&[0, 5, 5, 0], false)] {
        let bounds = Bounds::new(5, missed, Distinct::default()).unwrap();
        assert_eq!(rows.set_bounds(bounds), fits, "{missed:?}");
    }
    assert!(Bounds::new(5, &[0, 6, 0], Distinct::default()).is_none(), "more missed than any key can have");
}

#[test]
fn a_cut_halves_whatever_the_values_are() {
    for values in [vec![], vec![1], vec![1, 1], vec![3, 1, 2], vec![5; 9], vec![0, 9, 0, 9], vec![u64::MAX; 4]] {
        let half = values.len() / 2;
        let Cut { least, ties } = Cut::of(values.iter().copied().collect());
        let (above, equal) = values.iter().fold((0, 0), |(above, equal), value| {
            (above + usize::from(*value > least), equal + usize::from(*value == least))
        });
        assert!(ties <= equal);
        assert_eq!(above + ties, half, "{values:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_holds_for_any_parts_merged_in_any_tree(
        parts in proptest::collection::vec((proptest::collection::vec(0u32..60, 0..300), 4usize..40), 1..6),
        picks in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<bool>()), 5),
    ) {
        let mut tables: Vec<Rows> = parts.iter().map(|(stream, most)| counted(stream, *most)).collect();
        for (left, right, prune) in picks {
            if tables.len() < 2 {
                break;
            }
            let right = tables.swap_remove(usize::from(right) % tables.len());
            let at = usize::from(left) % tables.len();
            tables[at].merge(&right);
            if prune {
                tables[at].prune(|_| false, |_, _| ());
            }
        }
        while tables.len() > 1 {
            let right = tables.swap_remove(1);
            tables[0].merge(&right);
        }
        let streams: Vec<&[u32]> = parts.iter().map(|(stream, _)| &stream[..]).collect();
        if streams.iter().any(|stream| !stream.is_empty()) {
            holds(&tables[0], &streams, "any tree");
        }
    }
}
