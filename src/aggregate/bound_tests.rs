//! Bounded tallies against exact ones, on kind streams and on hostile ones, whole, merged and through a file.

use super::*;
use crate::aggregate::snapshot::{Bots, Bucket, Count, Input, Message, Row, Snapshot};
use crate::aggregate::tally::Settings;
use crate::aggregate::vtally::Origin;
use crate::format::record::{Access, ErrorEntry, Level, Time};
use std::collections::BTreeMap;

/// How many different clients, paths, agents, referrers and hours a stream has, and whether some of each are heavy.
#[derive(Clone, Copy, Debug)]
struct Stream {
    records: u32,
    clients: u32,
    paths: u32,
    agents: u32,
    referrers: u32,
    hours: u32,
    /// Every so many records one of the first of each.
    heavy: u32,
    seed: u32,
}

const MANY: u32 = u32::MAX;

/// What a stream is, and the stream.
fn streams() -> Vec<(&'static str, Stream)> {
    let plain = Stream {
        records: 30_000,
        clients: 3000,
        paths: 2000,
        agents: 50,
        referrers: 400,
        hours: 48,
        heavy: 3,
        seed: 1,
    };
    vec![
        ("plain", plain),
        ("all clients different", Stream { clients: MANY, ..plain }),
        ("all paths different", Stream { paths: MANY, ..plain }),
        ("all agents different", Stream { agents: MANY, records: 6000, ..plain }),
        ("all referrers different", Stream { referrers: MANY, ..plain }),
        ("all hours different", Stream { hours: MANY, ..plain }),
        (
            "all different",
            Stream {
                records: 6000,
                clients: MANY,
                paths: MANY,
                agents: MANY,
                referrers: MANY,
                hours: MANY,
                heavy: 7,
                seed: 2,
            },
        ),
        ("many clients with many agents", Stream { clients: 300, agents: 300, heavy: MANY, ..plain }),
    ]
}

/// The number of a key among `of`, for a draw.
fn pick(draw: u32, of: u32, record: u32, heavy: u32) -> u32 {
    if record.is_multiple_of(heavy) {
        record / heavy % 3
    } else if of == MANY {
        10 + record
    } else {
        draw % of
    }
}

/// Counts a stream, and has the tally tightened to `most` bytes where it holds more.
fn counted(stream: Stream, settings: &Settings, most: usize) -> Tally {
    let mut tally = Tally::new(settings);
    tally.hurry();
    let Stream { records, clients, paths, agents, referrers, hours, heavy, seed } = stream;
    for record in 0..records {
        let draw = |salt: u32| stable::hash(&[record, seed, salt].map(u32::to_le_bytes).concat()) as u32;
        let [client, path, agent, referrer, hour] = [(1, clients), (2, paths), (3, agents), (4, referrers), (5, hours)]
            .map(|(salt, of)| pick(draw(salt), of, record, heavy));
        let client = format!("10.{client}");
        let target = format!("/p{path}/{}.css", if path % 9 == 0 { "long".repeat(20) } else { String::new() });
        let agent = match agent % 4 {
            0 => format!("Mozilla/5.0 (Windows NT 10.0) Firefox/{agent}.0"),
            1 => format!("curl/8.{agent}"),
            2 => format!("Googlebot/2.{agent}"),
            _ => format!("Tool{agent}/1.0 (X11; Linux x86_64)"),
        };
        let referrer = if referrer % 5 == 0 {
            "-".to_string()
        } else {
            format!("https://site{}.example/{referrer}", referrer / 3)
        };
        let user = format!("user{}", draw(6) % 40);
        let time = Time { wall_seconds: 1_760_000_000 + i64::from(hour) * 3600, offset_seconds: 0, nanos: 0 };
        let access = Access {
            time,
            client: client.as_bytes(),
            user: user.as_bytes(),
            vhost: b"example.org",
            method: b"GET",
            target: target.as_bytes(),
            protocol: b"HTTP/1.1",
            referrer: referrer.as_bytes(),
            agent: agent.as_bytes(),
            status: [200, 200, 404, 503][draw(7) as usize % 4],
            bytes_sent: Some(u64::from(draw(8) % 1000)),
            bytes_read: None,
            latency_micros: Some(5),
        };
        tally.add(target.as_bytes(), &[access], &mut ());
        if record % 64 == 0 && tally.held_bytes() > most {
            tally.tighten(most / 4 * 3);
            // Parts that are too small to give way hold some 12 KiB each.
            assert!(tally.held_bytes() <= most.max(500 << 10), "{} of {most}", tally.held_bytes());
        }
    }
    tally.lines.lines = records.into();
    tally
}

fn report(tally: &mut Tally) -> Snapshot {
    tally.snapshot(usize::MAX, &[])
}

/// Whether the report of a bounded tally keeps its promise, where `truth` is the exact one.
#[track_caller]
pub(crate) fn holds(found: &Snapshot, truth: &Snapshot, what: &str) {
    assert_eq!((&found.totals, &found.period, &found.status), (&truth.totals, &truth.period, &truth.status), "{what}");
    assert_eq!((&found.sizes, &found.latency, &found.levels), (&truth.sizes, &truth.latency, &truth.levels), "{what}");
    let bounded = found.bounded.clone().unwrap_or_default();
    let lists: [(&str, fn(&Snapshot) -> &Vec<Row>); 15] = [
        ("methods", |report| &report.methods),
        ("protocols", |report| &report.protocols),
        ("vhosts", |report| &report.vhosts),
        ("users", |report| &report.users),
        ("paths", |report| &report.paths),
        ("static_files", |report| &report.static_files),
        ("not_found", |report| &report.not_found),
        ("server_errors", |report| &report.server_errors),
        ("clients", |report| &report.clients),
        ("referrers", |report| &report.referrers),
        ("referring_sites", |report| &report.referring_sites),
        ("agents", |report| &report.agents),
        ("browsers", |report| &report.browsers),
        ("systems", |report| &report.systems),
        ("modules", |report| &report.modules),
    ];
    for (name, list) in lists {
        let what = format!("{what}: {name}");
        let truth: BTreeMap<&str, &Row> = list(truth).iter().map(|row| (row.key.as_str(), row)).collect();
        let found: BTreeMap<&str, &Row> = list(found).iter().map(|row| (row.key.as_str(), row)).collect();
        let kept = bounded.lists.get(name);
        for (key, row) in &found {
            let (true_row, missed) = (truth[key], row.hits_error.unwrap_or(0));
            assert!(row.hits <= true_row.hits, "{what}: {key}: {row:?}, {true_row:?}");
            assert!(true_row.hits <= row.hits + missed, "{what}: {key}: {row:?}, {true_row:?}");
            assert!(row.bytes <= true_row.bytes, "{what}: {key}");
            assert_eq!(kept.is_some(), row.hits_error.is_some(), "{what}: {key}");
            if let (Some(visitors), Some(expected)) = (row.visitors, true_row.visitors) {
                let error = row.visitors_error.unwrap_or(0);
                assert!(visitors.abs_diff(expected) <= error, "{what}: {key}: {row:?}, {true_row:?}");
            }
        }
        let floor = kept.map_or(0, |kept| kept.floor);
        for (key, row) in &truth {
            assert!(found.contains_key(key) || row.hits <= floor, "{what}: {key} has {} hits, floor {floor}", row.hits);
        }
    }
    buckets_hold(&found.time, &truth.time, bounded.lists.get("time").map_or(0, |kept| kept.floor), what);
    let (Bots { hits, bytes, .. }, bots) = (&found.bots, &truth.bots);
    assert_eq!((hits, bytes), (&bots.hits, &bots.bytes), "{what}: bots");
    assert!(found.bots.visitors.abs_diff(bots.visitors) <= found.bots.visitors_error.unwrap_or(0), "{what}: bots");
    let (distinct, expected) = (&found.distinct, &truth.distinct);
    for (name, found, expected) in [
        ("clients", &distinct.clients, &expected.clients),
        ("visitors", &distinct.visitors, &expected.visitors),
        ("paths", &distinct.paths, &expected.paths),
        ("agents", &distinct.agents, &expected.agents),
        ("referrers", &distinct.referrers, &expected.referrers),
    ] {
        let Count { value, exact, error } = *found;
        let most = 4.0 * error * value as f64;
        assert!(value.abs_diff(expected.value) as f64 <= most, "{what}: {name}: {found:?}, {expected:?}");
        assert_eq!(exact, error == 0.0, "{what}: {name}");
    }
}

fn buckets_hold(found: &[Bucket], truth: &[Bucket], floor: u64, what: &str) {
    let truth: BTreeMap<&str, &Bucket> = truth.iter().map(|bucket| (bucket.start.as_str(), bucket)).collect();
    let found: BTreeMap<&str, &Bucket> = found.iter().map(|bucket| (bucket.start.as_str(), bucket)).collect();
    for (start, bucket) in &found {
        // A gap may be filled in the one and not in the other.
        let expected = truth.get(start).copied().cloned().unwrap_or_default();
        let missed = bucket.hits_error.unwrap_or(0);
        assert!(
            bucket.hits <= expected.hits && expected.hits <= bucket.hits + missed,
            "{what}: {bucket:?}, {expected:?}"
        );
        let error = bucket.visitors_error.unwrap_or(0);
        assert!(bucket.visitors.abs_diff(expected.visitors) <= error, "{what}: {bucket:?}, {expected:?}");
    }
    for (start, bucket) in truth {
        assert!(found.contains_key(start) || bucket.hits <= floor, "{what}: {bucket:?}, floor {floor}");
    }
}

fn settings(bucket_seconds: u64) -> Settings {
    Settings { bucket_seconds, ..Settings::default() }
}

/// Bytes that bounded tallies may hold here: less than any of the streams needs.
const MOST: usize = 900 << 10;

#[test]
fn every_figure_is_within_its_error_on_every_stream() {
    for (what, stream) in streams() {
        for bucket_seconds in [3600, 86_400, 7000] {
            let settings = settings(bucket_seconds);
            let mut exact = counted(stream, &settings, usize::MAX);
            let mut bounded = counted(stream, &settings, MOST);
            assert!(exact.held_bytes() > MOST, "{what}: {}", exact.held_bytes());
            let found = report(&mut bounded);
            assert!(found.bounded.is_some(), "{what}");
            holds(&found, &report(&mut exact), &format!("{what}, buckets of {bucket_seconds} s"));
            // A second report says the same.
            assert_eq!(report(&mut bounded), found);
        }
    }
}

#[test]
fn what_is_small_stays_exact() {
    let (what, stream) = streams()[2];
    let found = report(&mut counted(stream, &settings(3600), MOST));
    let bounded = found.bounded.unwrap();
    assert!(bounded.lists.contains_key("paths"), "{what}: {bounded:?}");
    for name in ["users", "vhosts", "methods", "protocols", "browsers", "systems", "time"] {
        assert!(!bounded.lists.contains_key(name), "{what}: {name}: {bounded:?}");
    }
}

#[test]
fn below_its_bound_it_is_the_exact_one() {
    for (what, stream) in streams() {
        let mut exact = counted(stream, &settings(3600), usize::MAX);
        let held = exact.held_bytes();
        let mut bounded = counted(stream, &settings(3600), held);
        bounded.tighten(held);
        let (found, expected) = (report(&mut bounded), report(&mut exact));
        assert_eq!(found, expected, "{what}");
        assert_eq!(found.bounded, None, "{what}");
    }
}

/// Through a file and back.
fn through_a_file(mut tally: Tally, settings: &Settings) -> Tally {
    let mut file = Vec::new();
    tally.write_to(&Origin::default(), &mut file).unwrap();
    let (mut read, _) = Tally::read_from(&file[..], settings, 0).unwrap();
    let mut again = Vec::new();
    read.write_to(&Origin::default(), &mut again).unwrap();
    assert!(file == again, "written again it is the same");
    assert_eq!(report(&mut read), report(&mut tally));
    read
}

#[test]
fn merged_in_any_order_and_through_files_every_figure_is_within_its_error() {
    for (what, stream) in streams() {
        for bucket_seconds in [3600, 7000] {
            let settings = settings(bucket_seconds);
            let part = |seed: u32, records: u32, most: usize| {
                counted(Stream { seed, records: stream.records / records, ..stream }, &settings, most)
            };
            let parts = |most: [usize; 3]| [part(1, 3, most[0]), part(2, 4, most[1]), part(1, 5, most[2])];
            let [mut exact, second, third] = parts([usize::MAX; 3]);
            exact.merge(second);
            exact.merge(third);
            let truth = report(&mut exact);
            for (order, most) in [
                ([0, 1, 2], [MOST / 2, MOST * 2 / 3, MOST / 2]),
                ([2, 0, 1], [MOST / 2, usize::MAX, MOST * 2 / 3]),
                ([1, 2, 0], [usize::MAX, MOST * 2 / 3, MOST]),
            ] {
                let what = format!("{what}, buckets of {bucket_seconds} s, order {order:?}, at most {most:?}");
                let [first, second, last] = {
                    let mut parts = parts(most).map(Some);
                    order.map(|at| parts[at].take().unwrap())
                };
                let mut merged = through_a_file(first, &settings);
                merged.merge(second);
                merged = through_a_file(merged, &settings);
                let mut last = through_a_file(last, &settings);
                // The last merge counts visitors without keeping them, and says the same.
                let mut other = duplicate(&mut merged, &settings);
                other.merge_last(duplicate(&mut last, &settings));
                merged.merge(last);
                let found = report(&mut merged);
                holds(&found, &truth, &what);
                assert_eq!(report(&mut other), found, "{what}");
                // Tightened once more, and once more.
                merged.tighten(MOST * 2 / 3);
                holds(&report(&mut merged), &truth, &what);
                merged.tighten(MOST / 2);
                holds(&report(&mut merged), &truth, &what);
            }
        }
    }
}

fn duplicate(tally: &mut Tally, settings: &Settings) -> Tally {
    let mut file = Vec::new();
    let inputs = vec![Input { lines: tally.lines.lines, ..Input::default() }];
    tally.write_to(&Origin { inputs, partial: false }, &mut file).unwrap();
    Tally::read_from(&file[..], settings, 0).unwrap().0
}

#[test]
fn an_error_log_of_many_messages_keeps_the_frequent_ones() {
    let count = |most: usize| {
        let mut tally = Tally::new(&Settings::default());
        for record in 0..20_000u32 {
            let word = |number: u32| {
                number.to_string().chars().map(|digit| (b'a' + digit as u8 - b'0') as char).collect::<String>()
            };
            let message = format!("cannot find {}", word(if record % 5 == 0 { record / 5 % 3 } else { record }));
            let module = format!("mod_{}", word(record % 7000));
            let client = format!("10.0.0.{record}");
            let entry = ErrorEntry {
                time: Some(Time { wall_seconds: record.into(), offset_seconds: 0, nanos: 0 }),
                level: Level::Error,
                module: module.as_bytes(),
                client: client.as_bytes(),
                message: message.as_bytes(),
            };
            tally.add_error(
                &entry,
                crate::aggregate::position::Position { input: 0, piece: 0, line: record.into() },
                &mut (),
            );
            if record % 64 == 0 && tally.held_bytes() > most {
                tally.tighten(most / 4 * 3);
            }
        }
        tally.lines.lines = 20_000;
        let mut read = duplicate(&mut tally, &Settings::default());
        assert_eq!(report(&mut read), report(&mut tally));
        report(&mut tally)
    };
    let (truth, found) = (count(usize::MAX), count(MOST));
    holds(&found, &truth, "error log");
    let floor = found.bounded.as_ref().unwrap().lists["messages"].floor;
    assert!(
        found.messages.len() < truth.messages.len() / 4 && floor < 100,
        "{} of {}, floor {floor}",
        found.messages.len(),
        truth.messages.len()
    );
    for row in &truth.messages {
        match found.messages.iter().find(|found| found.key == row.key) {
            None => assert!(row.hits <= floor, "{row:?}"),
            Some(found) => {
                let missed = found.hits_error.unwrap();
                assert!(found.hits <= row.hits && row.hits <= found.hits + missed, "{found:?}, {row:?}");
            }
        }
    }
    // A message that was there all the time has lost nothing.
    assert_eq!(
        (found.messages[0].hits, &found.messages[0]),
        (4000 / 3 + 1, &Message { hits_error: Some(0), ..truth.messages[0].clone() })
    );
}

#[test]
fn what_referrers_and_agents_leave_behind_is_counted_where_it_belongs() {
    let mut tally = Tally::new(&Settings::default());
    for round in 0..2 {
        for client in 0..300u32 {
            let (key, referrer) = (format!("10.0.0.{client}"), format!("https://a.example/{client}"));
            let agent = format!("Mozilla/5.0 (X11; Linux x86_64) Firefox/{client}.0");
            let access = Access {
                client: key.as_bytes(),
                referrer: referrer.as_bytes(),
                agent: agent.as_bytes(),
                status: 200,
                bytes_sent: Some(7),
                ..Access::default()
            };
            tally.add(b"", &[access], &mut ());
        }
        let found = |tally: &mut Tally| {
            let report = report(tally);
            let site = &report.referring_sites[0];
            (
                (site.hits, site.bytes, site.visitors, site.visitors_error),
                report.browsers[0].hits,
                report.browsers[0].key.clone(),
            )
        };
        let hits = 300 * (round + 1);
        let expected = ((hits, Some(hits * 7), Some(300), None), hits, "Firefox".to_string());
        // Each round half of the referrers go, and come again, while all visitors have their cards.
        assert_eq!(found(&mut tally), expected, "round {round}");
        assert!(tally.halve(Part::Referrers));
        assert_eq!(found(&mut tally), expected, "round {round}, referrers went");
    }
    // Agents whose visitors are in the sample no more go too; their hits stay with their family.
    tally.sample(3);
    assert!(tally.halve(Part::Agents));
    let after = report(&mut tally);
    assert!(after.agents.len() < 300 && after.bounded.unwrap().lists.contains_key("agents"));
    assert_eq!((after.browsers[0].hits, after.browsers[0].hits_error), (600, None));
}
