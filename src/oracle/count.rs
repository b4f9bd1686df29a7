//! A report of access logs, counted with sets and maps of owned strings.

use super::Options;
use super::line::{Kind, Record, parse};
use crate::aggregate::agent::classify;
use crate::aggregate::snapshot::{Bots, Bucket, Count, Distinct, Quantiles, Row, Snapshot, Totals};
use crate::aggregate::static_files::ENDINGS;
use std::collections::{BTreeMap, BTreeSet};

/// Hits, bytes and visitors of a key.
#[derive(Default)]
struct Cell {
    hits: u64,
    bytes: u64,
    visitors: BTreeSet<Visitor>,
}

/// Client, agent, day.
type Visitor = (Vec<u8>, Vec<u8>, i64);
type Table = BTreeMap<Vec<u8>, Cell>;

/// The report on a text whose lines all are of one format; rows are not cut. What is left empty: inputs, elapsed time,
/// period, the reasons and samples of malformed lines.
pub fn report(text: &[u8], options: &Options) -> Snapshot {
    let (mut totals, mut records) = (Totals::default(), Vec::new());
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let unended = lines.pop().unwrap_or_default();
    let ended = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for line in ended.chain((!unended.is_empty()).then_some(unended)) {
        totals.lines += 1;
        match parse(line, options) {
            Kind::Blank => totals.blank += 1,
            Kind::Heartbeat => totals.heartbeats += 1,
            Kind::Malformed => totals.malformed += 1,
            Kind::Record(record, glued) => {
                totals.glued += glued;
                records.push(*record);
            }
        }
    }
    totals.records = records.len() as u64;
    totals.windowed = totals.records;
    totals.bytes_sent = records.iter().filter_map(|record| record.bytes).fold(0, u64::saturating_add);
    lists(&records, totals, options)
}

fn path(record: &Record, options: &Options) -> Vec<u8> {
    match record.target.iter().position(|byte| *byte == b'?') {
        Some(at) if at > 0 && !options.keep_query => record.target[..at].to_vec(),
        _ => record.target.clone(),
    }
}

fn visitor(record: &Record) -> Visitor {
    (record.client.clone(), record.agent.clone(), record.wall_seconds.div_euclid(86_400))
}

fn table(records: &[Record], key: impl Fn(&Record) -> Option<Vec<u8>>) -> Table {
    let mut table = Table::new();
    for record in records {
        let Some(key) = key(record) else { continue };
        let cell = table.entry(key).or_default();
        cell.hits += 1;
        cell.bytes = cell.bytes.saturating_add(record.bytes.unwrap_or(0));
        cell.visitors.insert(visitor(record));
    }
    table
}

fn rows(table: &Table, records: usize, with_visitors: bool) -> Vec<Row> {
    let mut cells: Vec<_> = table.iter().collect();
    cells.sort_by(|(left_key, left), (right_key, right)| (right.hits, *left_key).cmp(&(left.hits, *right_key)));
    let row = |(key, cell): (&Vec<u8>, &Cell)| Row {
        key: String::from_utf8_lossy(key).into_owned(),
        hits: cell.hits,
        bytes: Some(cell.bytes),
        share: cell.hits as f64 / records as f64,
        visitors: with_visitors.then_some(cell.visitors.len() as u64),
        ..Row::default()
    };
    cells.into_iter().map(row).collect()
}

fn lists(records: &[Record], totals: Totals, options: &Options) -> Snapshot {
    let present = |text: &Vec<u8>| (text != b"-").then(|| text.clone());
    let paths = table(records, |record| Some(path(record, options)));
    let answered = |class: fn(u16) -> bool| table(records, move |r| class(r.status).then(|| path(r, options)));
    let clients = table(records, |record| present(&record.client));
    let referrers = table(records, |record| present(&record.referrer));
    let agents = table(records, |record| present(&record.agent));
    let counted = |table: &Table| Count { value: table.len() as u64, exact: true, error: 0.0 };
    let everyone: BTreeSet<Visitor> = records.iter().map(visitor).collect();
    let is_bot = |record: &&Record| record.agent != b"-" && classify(&record.agent).bot;
    let bots: Vec<Record> = records.iter().filter(is_bot).cloned().collect();
    let statics = table(records, |record| {
        let path = path(record, options);
        is_static(&path).then_some(path)
    });
    let list = |table: &Table| rows(table, records.len(), true);
    let short = |table: &Table| rows(table, records.len(), false);
    Snapshot {
        schema: 1,
        version: env!("CARGO_PKG_VERSION").to_string(),
        distinct: Distinct {
            clients: counted(&clients),
            visitors: Count { value: everyone.len() as u64, exact: true, error: 0.0 },
            paths: counted(&paths),
            agents: counted(&agents),
            referrers: counted(&referrers),
        },
        bucket_seconds: options.bucket_seconds as u64,
        time: buckets(records, options),
        status: short(&table(records, |record| Some(format!("{:03}", record.status).into_bytes()))),
        methods: short(&table(records, |record| Some(record.method.clone()))),
        protocols: short(&table(records, |record| Some(record.protocol.clone()))),
        users: short(&table(records, |record| present(&record.user))),
        paths: list(&paths),
        static_files: list(&statics),
        not_found: list(&answered(|status| status == 404)),
        server_errors: list(&answered(|status| (500..600).contains(&status))),
        clients: list(&clients),
        referrers: list(&referrers),
        referring_sites: list(&table(records, |record| site(&record.referrer))),
        agents: list(&agents),
        browsers: list(&table(records, |r| {
            present(&r.agent).map(|agent| classify(&agent).browser.as_bytes().to_vec())
        })),
        systems: list(&table(records, |r| present(&r.agent).map(|agent| classify(&agent).system.as_bytes().to_vec()))),
        bots: Bots {
            hits: bots.len() as u64,
            bytes: bots.iter().filter_map(|record| record.bytes).fold(0, u64::saturating_add),
            visitors: bots.iter().map(visitor).collect::<BTreeSet<_>>().len() as u64,
            ..Bots::default()
        },
        sizes: quantiles(records.iter().filter_map(|record| record.bytes).collect()),
        totals,
        ..Snapshot::default()
    }
}

/// Empty buckets that a report shows at most: a gap that is longer than what is left of them is not filled.
const EMPTY_MAX: i64 = 100_000;

/// Buckets from the first to the last, gaps filled with zeros.
fn buckets(records: &[Record], options: &Options) -> Vec<Bucket> {
    let bucket_of = |record: &Record| record.wall_seconds.div_euclid(options.bucket_seconds);
    let mut buckets: BTreeMap<i64, (Bucket, BTreeSet<Visitor>)> = BTreeMap::new();
    for record in records {
        let (bucket, visitors) = buckets.entry(bucket_of(record)).or_default();
        bucket.hits += 1;
        bucket.bytes = bucket.bytes.saturating_add(record.bytes.unwrap_or(0));
        bucket.errors += u64::from(record.status / 100 == 5);
        bucket.client_errors += u64::from(record.status / 100 == 4);
        visitors.insert(visitor(record));
    }
    let offsets: BTreeSet<i64> = records.iter().map(|record| record.offset_seconds).collect();
    let (mut list, mut empty_left) = (Vec::new(), EMPTY_MAX);
    let mut last: Option<i64> = None;
    for (number, (bucket, visitors)) in buckets {
        let gap = last.map_or(0, |last| number - last - 1);
        if gap <= empty_left {
            empty_left -= gap;
            for empty in number - gap..number {
                list.push(Bucket { start: start(empty * options.bucket_seconds, &offsets), ..Bucket::default() });
            }
        }
        let start = start(number * options.bucket_seconds, &offsets);
        list.push(Bucket { start, visitors: visitors.len() as u64, ..bucket });
        last = Some(number);
    }
    list
}

fn start(wall_seconds: i64, offsets: &BTreeSet<i64>) -> String {
    let wall = jiff::Timestamp::from_second(wall_seconds).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    let offset = match offsets.iter().copied().collect::<Vec<_>>()[..] {
        [0] => "Z".to_string(),
        [offset] => {
            let minutes = offset.abs() / 60;
            format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
        }
        _ => String::new(),
    };
    wall.unwrap_or_default() + &offset
}

/// The host of a referrer that is a URL: what stands between `//` and the next `/`, `?` or `#`, without user and port.
fn site(referrer: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(referrer).into_owned();
    let (_, rest) = text.split_once("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.find(']') {
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.as_bytes().to_vec())
}

/// Whether a path ends like a file that a server sends as it is.
fn is_static(path: &[u8]) -> bool {
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default().to_ascii_lowercase();
    ENDINGS
        .iter()
        .map(|ending| format!(".{ending}"))
        .any(|ending| path.len() > ending.len() && path.ends_with(ending.as_bytes()))
}

/// Quantiles of sorted values: the top of the bucket that holds the ceil(q*n)-th, where a bucket holds the values that
/// agree in their first eleven binary digits.
fn quantiles(mut values: Vec<u64>) -> Option<Quantiles> {
    values.sort_unstable();
    let (min, max) = (*values.first()?, *values.last()?);
    // The histogram tells values apart up to 2^62; above, all are in its last bucket.
    let last = (1u64 << 62) - (1 << 51);
    let top = |value: u64| {
        if value >= last {
            return max as f64;
        }
        let step = 1u64 << (64 - value.leading_zeros()).saturating_sub(11);
        (value / step * step).saturating_add(step - 1).min(max) as f64
    };
    let at = |per_mille: u64| {
        let rank = (per_mille * values.len() as u64).div_ceil(1000).max(1);
        top(values[rank as usize - 1])
    };
    Some(Quantiles {
        count: values.len() as u64,
        mean: values.iter().map(|value| u128::from(*value)).sum::<u128>() as f64 / values.len() as f64,
        min: min as f64,
        p50: at(500),
        p90: at(900),
        p95: at(950),
        p99: at(990),
        p999: at(999),
        max: max as f64,
    })
}
