//! A window as a report: the same figures, by the same names, as those of a whole run, as far as panes hold them.

use super::keys::Keys;
use super::pane::{Counts, List};
use super::panes::Window;
use super::sparse::Sparse;
use crate::aggregate::distinct::STANDARD_ERROR;
use crate::aggregate::position::shown;
use crate::aggregate::snapshot::{Bounded, Count, Distinct, Kept, Message, Period, Quantiles, Row, Snapshot, Totals};
use crate::aggregate::zone::rfc3339;
use crate::format::record::{Level, Time};

/// An instant, in milliseconds since the Unix epoch, as RFC 3339 in UTC; its second is shown.
pub fn instant(milliseconds: i64) -> String {
    rfc3339(&Time { wall_seconds: milliseconds.div_euclid(1000), offset_seconds: 0, nanos: 0 })
}

impl Window<Counts> {
    /// The report of the window, lists cut to `top` rows. `period` is what it covers, the last instant not included.
    pub fn snapshot(&self, top: usize) -> Snapshot {
        let counts = &self.sum;
        let row = |key: String, hits, hits_error| Row {
            key,
            hits,
            share: share(hits, counts.records),
            hits_error,
            ..Row::default()
        };
        let list = |list| self.rows(list, top, counts.records);
        let messages = counts.list(List::Messages).top().top(top);
        let message = |(key, hits): (&[u8], super::top_list::Hits)| Message {
            key: shown(key),
            hits: hits.hits,
            hits_error: some(hits.error),
            ..Message::default()
        };
        let levels = Level::ALL.into_iter().zip(counts.levels).filter(|(_, hits)| *hits > 0);
        let statuses = counts.status.iter().filter(|(status, _)| *status > 0);
        Snapshot {
            schema: 1,
            version: env!("CARGO_PKG_VERSION").to_string(),
            period: Period { first: Some(instant(self.from)), last: Some(instant(self.to)) },
            totals: Totals {
                lines: counts.records,
                records: counts.records,
                windowed: counts.records,
                bytes_sent: counts.bytes_sent,
                bytes_read: counts.bytes_read,
                ..Totals::default()
            },
            bounded: bounded(counts),
            distinct: Distinct {
                clients: count(counts.list(List::Clients)),
                paths: count(counts.list(List::Paths)),
                ..Distinct::default()
            },
            status: sorted(statuses.map(|(status, hits)| row(format!("{status:03}"), *hits, None)).collect()),
            levels: sorted(levels.map(|(level, hits)| row(level.name().to_string(), hits, None)).collect()),
            clients: list(List::Clients),
            paths: list(List::Paths),
            server_errors: list(List::ErrorPaths),
            not_found: list(List::NotFound),
            messages: messages.into_iter().map(message).collect(),
            sizes: quantiles(&counts.sizes, 1.0),
            latency: quantiles(&counts.latencies, 1e6),
            ..Snapshot::default()
        }
    }
}

impl Window<Counts> {
    /// The greatest rows of a list, at most `top`; shares are of `whole`.
    pub fn rows(&self, list: List, top: usize, whole: u64) -> Vec<Row> {
        let rows = self.sum.list(list).top().top(top);
        let row = |(key, hits): (&[u8], super::top_list::Hits)| Row {
            key: String::from_utf8_lossy(key).into_owned(),
            hits: hits.hits,
            share: share(hits.hits, whole),
            hits_error: some(hits.error),
            ..Row::default()
        };
        rows.into_iter().map(row).collect()
    }
}

fn share(hits: u64, records: u64) -> f64 {
    if records == 0 { 0.0 } else { hits as f64 / records as f64 }
}

fn some(error: u64) -> Option<u64> {
    (error > 0).then_some(error)
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|left, right| right.hits.cmp(&left.hits).then_with(|| left.key.cmp(&right.key)));
    rows
}

fn count(keys: &Keys) -> Count {
    let (value, exact) = keys.distinct();
    Count { value: value.round() as u64, exact, error: if exact { 0.0 } else { STANDARD_ERROR } }
}

/// The lists that dropped keys.
fn bounded(counts: &Counts) -> Option<Bounded> {
    let names = [
        (List::Clients, "clients"),
        (List::Paths, "paths"),
        (List::ErrorPaths, "server_errors"),
        (List::NotFound, "not_found"),
        (List::Messages, "messages"),
    ];
    let kept = names.into_iter().filter_map(|(list, name)| {
        let top = counts.list(list).top();
        (top.floor() > 0).then(|| (name.to_string(), Kept { rows: top.len() as u64, floor: top.floor() }))
    });
    let lists: std::collections::BTreeMap<String, Kept> = kept.collect();
    (!lists.is_empty()).then_some(Bounded { visitors_sampled: 1.0, lists })
}

fn quantiles(values: &Sparse, unit: f64) -> Option<Quantiles> {
    let (least, greatest) = values.range()?;
    let at = |q| values.quantile(q).unwrap_or(greatest) as f64 / unit;
    Some(Quantiles {
        count: values.count(),
        mean: values.sum() as f64 / values.count() as f64 / unit,
        min: least as f64 / unit,
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: greatest as f64 / unit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::sparse::bucket_of;

    #[test]
    fn a_window_is_shown_by_the_names_of_the_report() {
        let mut counts = Counts {
            records: 4,
            status: vec![(0, 1), (200, 1), (500, 2)],
            bytes_sent: 9,
            latencies: Sparse::new(vec![(bucket_of(2_000_000), 3)], 6_000_000, 2_000_000, 2_000_000),
            ..Counts::default()
        };
        counts.levels[Level::Error as usize] = 1;
        counts.lists[List::Clients as usize] = Keys::of(vec![(1, 3), (2, 1)], |row| if row == 1 { b"b" } else { b"a" });
        let shown = Window { sum: counts, from: 1_000, to: 61_000 }.snapshot(1);
        assert_eq!(shown.period.first.as_deref(), Some("1970-01-01T00:00:01Z"));
        assert_eq!(shown.period.last.as_deref(), Some("1970-01-01T00:01:01Z"));
        let keys = |rows: &[Row]| rows.iter().map(|row| (row.key.clone(), row.hits)).collect::<Vec<_>>();
        assert_eq!(keys(&shown.status), [("500".to_string(), 2), ("200".to_string(), 1)]);
        assert_eq!(keys(&shown.clients), [("b".to_string(), 3)]);
        assert_eq!((shown.clients[0].share, shown.distinct.clients.value), (0.75, 2));
        assert_eq!((keys(&shown.levels), shown.bounded), (vec![("error".to_string(), 1)], None));
        assert_eq!(shown.latency.map(|latency| (latency.p50, latency.count)), Some((2.0, 3)));
    }

    #[test]
    fn a_list_that_dropped_keys_says_so() {
        let names: Vec<[u8; 4]> = (0..1000u32).map(u32::to_le_bytes).collect();
        let mut counts = Counts { records: 1000, ..Counts::default() };
        counts.lists[List::Paths as usize] =
            Keys::of((0..1000).map(|row| (row, 1)).collect::<Vec<_>>(), |row| &names[row as usize]);
        let shown = Window { sum: counts, from: 0, to: 1000 }.snapshot(10);
        assert_eq!(shown.bounded.unwrap().lists["paths"].floor, 1);
        let paths = shown.distinct.paths;
        assert!(!paths.exact && (950..1050).contains(&paths.value), "{paths:?}");
    }
}
