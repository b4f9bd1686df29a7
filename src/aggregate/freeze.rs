//! Tally -> Snapshot: the lists are sorted and cut, shares computed, agents told apart by family.

use super::position::shown;
use super::rows::{RowView, Rows};
use super::show_bounds::different;
use super::snapshot::{Distinct, Message, Period, Row, Sample, Snapshot, Totals};
use super::static_files::is_static;
use super::tally::{Offsets, Tally};
use super::top::top_rows;
use super::visits::Visits;
use super::zone::rfc3339;
use crate::format::record::{Level, NONE, Reason, Time};

/// Which figures of a row a list shows beside its hits.
#[derive(Clone, Copy)]
enum Columns<'visits> {
    Hits,
    Bytes,
    /// Bytes, and the visitors of each row.
    Visitors(&'visits [u32]),
}

/// Whether a list has a row for values that are not there.
#[derive(Clone, Copy, PartialEq)]
enum Absent {
    Row,
    NoRow,
}

impl Tally {
    /// The report's figures, lists cut to `top` rows. Inputs and elapsed time are the caller's to fill in;
    /// `input_names` are the names that samples are shown with, by number.
    pub fn snapshot(&mut self, top: usize, input_names: &[String]) -> Snapshot {
        let records = self.lines.records;
        let list = |rows: &Rows, columns, absent| list(rows, top, records, columns, absent);
        self.visitors.settle_all();
        // What the last merge has counted stays; without one it is counted anew each time.
        let merged = self.visits.take();
        let counted = if merged.is_none() { Visits::of(self) } else { Visits::default() };
        let visits = merged.as_ref().unwrap_or(&counted);
        let plain = |time: &Time| rfc3339(time);
        let offset = match self.offsets {
            Offsets::None => Some(0),
            Offsets::One(offset) => Some(offset),
            Offsets::Many => None,
        };
        let family = self.families(top, &visits.agents);
        let (first, last) = match self.period {
            Some((first, last)) => (Some(plain(&self.clock.at(&first))), Some(plain(&self.clock.at(&last)))),
            None => (None, None),
        };
        let mut snapshot = Snapshot {
            schema: 1,
            version: env!("CARGO_PKG_VERSION").to_string(),
            totals: self.totals(),
            period: Period { first, last },
            distinct: self.distinct(visits.visitors),
            bucket_seconds: self.timeline.seconds().unsigned_abs(),
            time: self.timeline.freeze(offset, &visits.buckets),
            status: self.status_rows(),
            methods: list(&self.methods, Columns::Bytes, Absent::Row),
            protocols: list(&self.protocols, Columns::Bytes, Absent::Row),
            vhosts: list(&self.vhosts, Columns::Bytes, Absent::NoRow),
            users: list(&self.users, Columns::Bytes, Absent::NoRow),
            paths: list(&self.paths, Columns::Visitors(&visits.paths), Absent::Row),
            static_files: rows_of(
                &self.paths,
                &top_rows(&self.paths, top, |row| is_static(row.key)),
                records,
                Columns::Visitors(&visits.paths),
            ),
            not_found: list(&self.not_found, Columns::Visitors(&visits.not_found), Absent::Row),
            server_errors: list(&self.server_errors, Columns::Visitors(&visits.server_errors), Absent::Row),
            clients: list(&self.clients, Columns::Visitors(&visits.clients), Absent::NoRow),
            referrers: list(&self.referrers, Columns::Visitors(&visits.referrers), Absent::NoRow),
            referring_sites: self.site_rows(top, &visits.sites),
            agents: list(&self.agents, Columns::Visitors(&visits.agents), Absent::NoRow),
            browsers: family.browsers,
            systems: family.systems,
            bots: family.bots,
            sizes: self.sizes.quantiles(1.0),
            latency: self.latency.quantiles(1e6),
            levels: self.level_rows(),
            modules: list(&self.modules, Columns::Hits, Absent::NoRow),
            messages: self.message_rows(top),
            malformed_reasons: self.reason_rows(),
            malformed_samples: self.sample_rows(input_names),
            ..Snapshot::default()
        };
        self.visits = merged;
        self.show_bounds(&mut snapshot);
        snapshot
    }

    fn totals(&self) -> Totals {
        let lines = &self.lines;
        Totals {
            lines: lines.lines,
            blank: lines.blank,
            records: lines.records,
            malformed: lines.malformed.iter().sum(),
            heartbeats: lines.heartbeats,
            filtered: lines.filtered,
            windowed: lines.records,
            late: 0,
            future: 0,
            glued: lines.glued,
            bytes_sent: self.bytes_sent,
            bytes_read: self.bytes_read,
        }
    }

    fn distinct(&self, visitors: u64) -> Distinct {
        let present = |rows: &Rows| different(rows, u64::from(rows.lookup(NONE).is_some()));
        Distinct {
            clients: present(&self.clients),
            visitors: self.all_visitors(visitors),
            paths: different(&self.paths, 0),
            agents: present(&self.agents),
            referrers: present(&self.referrers),
        }
    }

    fn status_rows(&self) -> Vec<Row> {
        let rows = (0..).zip(&self.status).filter(|(_, (hits, _))| *hits > 0).map(|(status, (hits, bytes))| Row {
            key: format!("{status:03}"),
            hits: *hits,
            bytes: Some(*bytes),
            ..Row::default()
        });
        sorted(rows.collect(), usize::MAX, self.lines.records)
    }

    fn level_rows(&self) -> Vec<Row> {
        let row = |(level, hits): (Level, u64)| Row { key: level.name().to_string(), hits, ..Row::default() };
        let rows = Level::ALL.into_iter().zip(self.levels).filter(|(_, hits)| *hits > 0).map(row);
        sorted(rows.collect(), usize::MAX, self.lines.records)
    }

    fn reason_rows(&self) -> Vec<Row> {
        let row = |(reason, &hits): (Reason, &u64)| Row { key: reason.text().to_string(), hits, ..Row::default() };
        let rows = Reason::ALL.into_iter().zip(&self.lines.malformed).filter(|(_, hits)| **hits > 0).map(row);
        sorted(rows.collect(), usize::MAX, self.lines.lines)
    }

    /// Hits and bytes of a site are those of its referrers.
    fn site_rows(&self, top: usize, visitors: &[u32]) -> Vec<Row> {
        let ids: Vec<u32> = (0..self.sites.len() as u32).collect();
        let mut rows = rows_of(&self.sites, &ids, self.lines.records, Columns::Visitors(visitors));
        for (referrer, site) in self.referrers.iter().zip(&self.site_of) {
            if let Some(row) = site.and_then(|site| rows.get_mut(site as usize)) {
                row.hits += referrer.hits;
                row.bytes = row.bytes.map(|bytes| bytes.saturating_add(referrer.bytes));
            }
        }
        sorted(rows, top, self.lines.records)
    }

    fn message_rows(&mut self, top: usize) -> Vec<Message> {
        let rows = self.messages.rows();
        let mut messages = Vec::new();
        for id in top_rows(rows, top, |_| true) {
            let (row, group) = (rows.get(id), self.messages.group(id));
            let times = group.times().map(|times| times.map(|time| rfc3339(&self.clock.at(&time))));
            let (first, last) = times.map_or((None, None), |[first, last]| (Some(first), Some(last)));
            messages.push(Message {
                key: shown(row.key),
                hits: row.hits,
                level: group.level().name().to_string(),
                first,
                last,
                example: group.example.clone(),
                hits_error: rows.missed(id),
            });
        }
        messages
    }

    fn sample_rows(&self, input_names: &[String]) -> Vec<Sample> {
        let sample = |sample: &super::position::Malformed| Sample {
            input: input_names.get(sample.at.input as usize).cloned().unwrap_or_default(),
            line: sample.at.line,
            reason: sample.reason.text().to_string(),
            text: sample.text.clone(),
        };
        self.samples.as_slice().iter().map(sample).collect()
    }
}

fn list(rows: &Rows, top: usize, records: u64, columns: Columns<'_>, absent: Absent) -> Vec<Row> {
    let wanted = |row: &RowView<'_>| absent == Absent::Row || row.key != NONE;
    rows_of(rows, &top_rows(rows, top, wanted), records, columns)
}

fn rows_of(rows: &Rows, ids: &[u32], records: u64, columns: Columns<'_>) -> Vec<Row> {
    let row = |id: u32| Row { hits_error: rows.missed(id), ..row(id, &rows.get(id), records, columns) };
    ids.iter().map(|id| row(*id)).collect()
}

fn row(id: u32, view: &RowView<'_>, records: u64, columns: Columns<'_>) -> Row {
    let (has_bytes, visitors) = match columns {
        Columns::Hits => (false, None),
        Columns::Bytes => (true, None),
        Columns::Visitors(visitors) => (true, Some(visitors.get(id as usize).copied().unwrap_or(0).into())),
    };
    Row {
        key: String::from_utf8_lossy(view.key).into_owned(),
        hits: view.hits,
        bytes: has_bytes.then_some(view.bytes),
        share: share(view.hits, records),
        visitors,
        ..Row::default()
    }
}

fn sorted(mut rows: Vec<Row>, top: usize, records: u64) -> Vec<Row> {
    rows.sort_unstable_by(|left, right| right.hits.cmp(&left.hits).then_with(|| left.key.cmp(&right.key)));
    rows.truncate(top);
    rows.iter_mut().for_each(|row| row.share = share(row.hits, records));
    rows
}

/// The share that `hits` are of all records.
pub fn share(hits: u64, records: u64) -> f64 {
    if records == 0 { 0.0 } else { hits as f64 / records as f64 }
}
