//! A sample of visitors, and what it says of all of them.

use super::super::{List, RowOf};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Notes a visitor by number, in a bucket and in some rows; its rank is that of its number. Agents and days vary.
fn note(visitors: &mut Visitors, number: u32, rows: impl Iterator<Item = u32>) {
    let kind = visitors.kinds.number(Kind { agent: number % 7, day: (number % 3) as i32 });
    let visitor = Visitor { client: number, kind };
    let id = visitors.intern_guessed(NOBODY, visitor.hash(), visitor, |_| rank(number));
    for row in rows {
        visitors.note(id, 1 << (number % 24), [RowOf::new(List::Path, row), RowOf::new(List::Referrer, row % 10)]);
    }
    visitors.settle();
}

fn rank(number: u32) -> u32 {
    crate::aggregate::stable::hash(&number.to_le_bytes()).leading_zeros()
}

fn rows_of(visitors: &Visitors, id: u32) -> BTreeSet<(u32, u32)> {
    let mut rows = BTreeSet::new();
    visitors.for_each_row(id, |row| {
        let (list, row) = row.parts();
        assert!(rows.insert((list as u32, row)), "no row twice");
    });
    rows
}

/// Client, agent, day, buckets and rows of everyone.
fn everyone(visitors: &Visitors) -> BTreeMap<u32, (u32, i32, u32, BTreeSet<(u32, u32)>)> {
    let of = |id: u32| {
        let Visitor { client, kind } = visitors.get(id);
        let kind = visitors.kinds.as_slice()[kind as usize];
        (client, (kind.agent, kind.day, visitors.buckets(id), rows_of(visitors, id)))
    };
    (0..visitors.len() as u32).map(of).collect()
}

/// The rows of a visitor by number: few for most, many for some.
fn rows(number: u32) -> impl Iterator<Item = u32> {
    (0..1 + number % 5 + if number.is_multiple_of(50) { 100 } else { 0 }).map(move |row| row * 3 + number % 2)
}

#[test]
fn whoever_is_in_the_sample_is_there_with_all_it_did_whenever_the_level_rose() {
    let mut all = Visitors::default();
    (0..5000).for_each(|number| note(&mut all, number, rows(number)));
    all.settle_all();
    for raised_at in [0, 1, 2500, 5000] {
        let mut sample = Visitors::default();
        for number in 0..5000 {
            if number == raised_at {
                sample.raise(2, |visitor, _| rank(visitor.client));
            }
            note(&mut sample, number, rows(number));
        }
        sample.raise(2, |visitor, _| rank(visitor.client));
        // Those who come again are found, or are still not in the sample.
        (0..5000).for_each(|number| note(&mut sample, number, rows(number)));
        sample.settle_all();
        let mut expected = everyone(&all);
        expected.retain(|client, _| rank(*client) >= 2);
        assert!(expected.len() > 1000 && expected.len() < 1500);
        assert_eq!(everyone(&sample), expected, "raised at {raised_at}");
        for id in 0..sample.len() as u32 {
            assert_eq!(sample.lookup(sample.get(id)), Some(id));
        }
        assert!(sample.held_bytes() < all.held_bytes());
        // What no card speaks of is swept up.
        assert!(sample.kinds.as_slice().len() <= 21);
    }
}

#[test]
fn rows_that_went_are_forgotten_and_others_have_their_new_numbers() {
    let mut visitors = Visitors::default();
    (0..3000).for_each(|number| note(&mut visitors, number, rows(number)));
    visitors.settle_all();
    let mut expected = everyone(&visitors);
    let row = |old: RowOf| match old.parts() {
        (List::Path, row) if row % 3 == 1 => RowOf::NONE,
        (List::Path, row) => RowOf::new(List::Path, row / 2),
        (List::Referrer, row) => RowOf::new(List::Site, row % 4),
        _ => old,
    };
    let clients: Vec<u32> = (0..3000).map(|client| client + 7).collect();
    let agents: Vec<u32> = (0..7).map(|agent| 6 - agent).collect();
    visitors.renumber(&Renumbered { clients: Some(&clients), agents: Some(&agents), row: Some(&row) });
    expected = expected
        .into_iter()
        .map(|(client, (agent, day, buckets, rows))| {
            let rows = rows.into_iter().filter_map(|(list, row)| match list {
                1 if row % 3 == 1 => None,
                1 => Some((1, row / 2)),
                _ => Some((List::Site as u32, row % 4)),
            });
            (client + 7, (6 - agent, day, buckets, rows.collect()))
        })
        .collect();
    assert_eq!(everyone(&visitors), expected);
    // And it goes on from there: someone who was seen before, and someone new.
    note(&mut visitors, 0, [5, 500, 501, 502, 503].into_iter());
    visitors.settle_all();
    let (before, after) = (expected.len(), everyone(&visitors));
    assert_eq!((after.len(), after[&0].3.len()), (before + 1, 10));
}

#[test]
fn an_estimate_is_within_its_error_at_every_level() {
    for size in [0u64, 1, 10, 100, 3000, 100_000] {
        for level in 0..12 {
            let seen =
                (0..size as u32).filter(|number| rank(number.wrapping_mul(2_654_435_761)) >= level).count() as u64;
            let (value, error) = estimate(seen, level);
            assert!(value.abs_diff(size) <= error, "{size} visitors at level {level}: {value} +- {error}");
            // It is no error that holds whatever happens.
            assert!(level == 0 || size < 10_000 || level > 5 || error < size / 5, "{size}, level {level}: {error}");
        }
    }
    assert_eq!(estimate(7, 0), (7, 0));
    assert_eq!(standard_error(7, 0), 0.0);
    assert_eq!(standard_error(0, 3), 0.875f64.sqrt());
}
