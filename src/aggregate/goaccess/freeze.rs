//! Tally -> report: visitors counted, rows sorted and cut, percentages made.
//!
//! Rows stand in GoAccess's order; where that leaves it open, as among rows of equal hits, by name, so that the report
//! does not depend on how the work was shared out.

use super::snapshot::{Average, Count, General, Item, Metadata, Panel, Report, Spread, Total, Value};
use super::table::{Figures, Table};
use super::{Tally, Visitor};
use crate::aggregate::agent::classify;
use crate::aggregate::tally::Lines;
use crate::format::goaccess::status;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

/// In which order a panel stands.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Hits,
    LastNameFirst,
    /// Cut by hits, then by name.
    Name,
}

/// A row of a panel.
struct Row<'tally> {
    name: Cow<'tally, [u8]>,
    /// Method and protocol, of a request.
    request: Option<[String; 2]>,
    figures: Figures,
    visitors: u64,
}

/// What the panels are shares of.
struct Whole {
    hits: u64,
    visitors: u64,
    bytes: u64,
    has_sizes: bool,
    has_latencies: bool,
    /// Rows of a panel, and of a class.
    top: usize,
}

impl Tally {
    /// The report of all that was counted, lists cut to `top` rows; `lines` are the lines by kind. When it was made and
    /// of which inputs is the caller's to fill in.
    pub fn report(&self, lines: &Lines, top: usize) -> Report {
        let whole = Whole {
            hits: self.all.hits,
            visitors: self.visitors.len() as u64,
            bytes: self.all.bytes,
            // Without a record nothing says that the log has no sizes.
            has_sizes: self.has_sizes || self.all.hits == 0,
            has_latencies: self.has_latencies,
            top,
        };
        let by_hits = |rows: Vec<Row<'_>>| whole.panel(rows, Order::Hits);
        let requests = |table: &Table| by_hits(request_rows(table));
        let clients = self.visitors_of(&self.clients, |visitor| visitor.client);
        let days = self.visitors_of(&self.days, |visitor| visitor.day);
        let failed = lines.malformed.iter().sum::<u64>() + self.odd_blanks;
        let (start_date, end_date) = self.period();
        Report {
            general: General {
                start_date,
                end_date,
                total_requests: self.all.hits + failed + lines.filtered,
                valid_requests: self.all.hits,
                failed_requests: failed,
                unique_visitors: whole.visitors,
                unique_files: self.requests.len() as u64,
                unique_referrers: self.referrers.len() as u64,
                unique_not_found: self.not_found.len() as u64,
                unique_static_files: self.static_requests.len() as u64,
                bandwidth: self.all.bytes,
                ..General::default()
            },
            visitors: whole.panel(rows(&self.days, &days), Order::LastNameFirst),
            requests: requests(&self.requests),
            static_requests: requests(&self.static_requests),
            not_found: requests(&self.not_found),
            hosts: by_hits(rows(&self.clients, &clients)),
            os: by_hits(self.family_rows(|agent| classify(agent).system)),
            browsers: by_hits(self.family_rows(|agent| classify(agent).browser)),
            visit_time: whole.panel(seen(&self.hours), Order::Name),
            vhosts: (self.vhosts.len() > 0).then(|| by_hits(seen(&self.vhosts))),
            referrers: by_hits(seen(&self.referrers)),
            referring_sites: by_hits(seen(&self.sites)),
            keyphrases: by_hits(seen(&self.keyphrases)),
            status_codes: whole.status_panel(&self.statuses),
            remote_user: by_hits(seen(&self.users)),
        }
    }

    /// How many visitors each row of a table has that is a part of who they are.
    fn visitors_of(&self, table: &Table, row: impl Fn(&Visitor) -> u32) -> Vec<u64> {
        let mut counts = vec![0; table.rows()];
        for visitor in self.visitors.keys() {
            if let Some(count) = counts.get_mut(row(visitor) as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// Rows of the families that agents belong to. An agent that is not there has none.
    fn family_rows(&self, family: impl Fn(&[u8]) -> Cow<'static, str>) -> Vec<Row<'_>> {
        let mut visitors = vec![0; self.agents.rows()];
        for (visitor, number) in &self.visitors {
            if self.has_agent.get(*number as usize) == Some(&true)
                && let Some(count) = visitors.get_mut(visitor.agent as usize)
            {
                *count += 1;
            }
        }
        let mut families: HashMap<Cow<'static, str>, (Figures, u64)> = HashMap::new();
        for row in rows(&self.agents, &visitors) {
            let (figures, visitors) = families.entry(family(&row.name)).or_default();
            figures.add(&row.figures);
            *visitors += row.visitors;
        }
        let row = |(name, (figures, visitors)): (Cow<'static, str>, _)| {
            let name = Cow::Owned(name.into_owned().into_bytes());
            Row { name, request: None, figures, visitors }
        };
        families.into_iter().map(row).collect()
    }

    /// First and last day, `10/Oct/2025`.
    fn period(&self) -> (Option<String>, Option<String>) {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let number = |name: &[u8]| std::str::from_utf8(name).ok()?.parse::<i64>().ok();
        let days = || self.days.iter().filter_map(|day| number(day.name));
        let text = |day: i64| {
            let month = MONTHS.get((day / 100 % 100 - 1) as usize)?;
            Some(format!("{:02}/{month}/{:04}", day % 100, day / 10_000))
        };
        (days().min().and_then(text), days().max().and_then(text))
    }
}

/// The rows of a table that knows who was seen in them.
fn seen(table: &Table) -> Vec<Row<'_>> {
    rows(table, &table.visitors())
}

fn rows<'tally>(table: &'tally Table, visitors: &[u64]) -> Vec<Row<'tally>> {
    let visitors = |row: u32| visitors.get(row as usize).copied().unwrap_or(0);
    let row = |row: super::table::RowView<'tally>| Row {
        name: Cow::Borrowed(row.name),
        request: None,
        figures: row.figures,
        visitors: visitors(row.number),
    };
    table.iter().map(row).collect()
}

/// Rows whose key holds `|METHOD|PROTOCOL` behind the name, either or both.
fn request_rows(table: &Table) -> Vec<Row<'_>> {
    let visitors = table.visitors();
    let none = || "---".to_string();
    table
        .iter()
        .map(|row| {
            let (mut method, mut protocol) = (none(), none());
            for part in row.behind.split(|byte| *byte == b'|').filter(|part| !part.is_empty()) {
                let text = String::from_utf8_lossy(part).into_owned();
                *(if part.starts_with(b"HTTP/") { &mut protocol } else { &mut method }) = text;
            }
            let visitors = visitors.get(row.number as usize).copied().unwrap_or(0);
            Row { name: row.name.into(), request: Some([method, protocol]), figures: row.figures, visitors }
        })
        .collect()
}

impl Whole {
    fn panel(&self, mut rows: Vec<Row<'_>>, order: Order) -> Panel {
        let metadata = self.metadata(&rows);
        match order {
            Order::LastNameFirst => rows.sort_unstable_by(|a, b| b.name.cmp(&a.name)),
            Order::Hits | Order::Name => rows.sort_unstable_by(|a, b| {
                (Reverse(a.figures.hits), &a.name, &a.request).cmp(&(Reverse(b.figures.hits), &b.name, &b.request))
            }),
        }
        rows.truncate(self.top);
        if order == Order::Name {
            rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        }
        Panel { metadata, data: rows.iter().map(|row| self.item(row)).collect() }
    }

    /// Statuses under their classes: a class sums up all its statuses, also those that are cut.
    fn status_panel(&self, table: &Table) -> Panel {
        let visitors = table.visitors();
        let mut statuses = rows(table, &visitors);
        let metadata = self.metadata(&statuses);
        statuses.sort_unstable_by(|a, b| (Reverse(a.figures.hits), &a.name).cmp(&(Reverse(b.figures.hits), &b.name)));
        let mut classes: Vec<(Row<'_>, Vec<Item>)> = Vec::new();
        for mut row in statuses {
            let code = status::parse(&row.name).unwrap_or(0);
            row.name = status::number(code).unwrap_or(code).to_string().into_bytes().into();
            let name = status::class(code).as_bytes();
            let known = classes.iter().position(|(class, _)| *class.name == *name);
            if known.is_none() && classes.len() == self.top {
                continue;
            }
            let at = known.unwrap_or_else(|| {
                let class = Row { name: name.into(), request: None, figures: Figures::default(), visitors: 0 };
                classes.push((class, Vec::new()));
                classes.len() - 1
            });
            let Some((class, items)) = classes.get_mut(at) else { continue };
            class.figures.add(&row.figures);
            class.visitors += row.visitors;
            if items.len() < self.top {
                items.push(self.item(&row));
            }
        }
        classes.sort_by(|(a, _), (b, _)| (Reverse(a.figures.hits), &a.name).cmp(&(Reverse(b.figures.hits), &b.name)));
        let item = |(class, items): (Row<'_>, Vec<Item>)| Item { items: Some(items), ..self.item(&class) };
        Panel { metadata, data: classes.into_iter().map(item).collect() }
    }

    fn item(&self, row: &Row<'_>) -> Item {
        let Figures { hits, bytes, micros, micros_max } = row.figures;
        let time = |micros: u64| self.has_latencies.then_some(micros);
        let [method, protocol] = match &row.request {
            Some(request) => request.clone().map(Some),
            None => [None, None],
        };
        Item {
            hits: count(hits, self.hits),
            visitors: count(row.visitors, self.visitors),
            bytes: self.has_sizes.then(|| count(bytes, self.bytes)),
            avgts: time(micros / hits.max(1)),
            cumts: time(micros),
            maxts: time(micros_max),
            method,
            protocol,
            data: String::from_utf8_lossy(&row.name).into_owned(),
            items: None,
        }
    }

    fn metadata(&self, rows: &[Row<'_>]) -> Metadata {
        let figure = |figure: fn(&Row<'_>) -> u64| rows.iter().map(figure).collect::<Vec<_>>();
        let (hits, times) = (figure(|row| row.figures.hits), figure(|row| row.figures.micros));
        let total = sum(&times);
        let longest = figure(|row| row.figures.micros_max);
        let average = Average { avg: Value { value: total / sum(&hits).max(1), percent: None } };
        Metadata {
            avgts: self.has_latencies.then_some(average),
            cumts: self.has_latencies.then(|| spread(total, &times, Zeros::Count, Percent::None)),
            maxts: self.has_latencies.then(|| spread(total, &longest, Zeros::Skip, Percent::None)),
            bytes: self.has_sizes.then(|| {
                let bytes = figure(|row| row.figures.bytes);
                spread(sum(&bytes), &bytes, Zeros::Count, Percent::OfSum)
            }),
            visitors: {
                let visitors = figure(|row| row.visitors);
                spread(sum(&visitors), &visitors, Zeros::Skip, Percent::OfSum)
            },
            hits: spread(sum(&hits), &hits, Zeros::Skip, Percent::OfSum),
            data: Total { total: Value { value: rows.len() as u64, percent: None } },
        }
    }
}

/// Whether zeros count for the least.
#[derive(Clone, Copy, PartialEq)]
enum Zeros {
    Count,
    Skip,
}

#[derive(Clone, Copy, PartialEq)]
enum Percent {
    OfSum,
    None,
}

fn sum(values: &[u64]) -> u64 {
    values.iter().fold(0, |sum, value| sum.saturating_add(*value))
}

fn spread(total: u64, values: &[u64], zeros: Zeros, percent: Percent) -> Spread {
    let least = values.iter().copied().filter(|value| zeros == Zeros::Count || *value > 0).min().unwrap_or(0);
    let mean = if total == 0 { 0.0 } else { total as f32 / values.len() as f32 };
    let value = |value: u64| Value { value, percent: (percent == Percent::OfSum).then(|| share(value, total)) };
    Spread {
        total: Value { value: total, percent: None },
        avg: value(mean as u64),
        max: value(values.iter().copied().max().unwrap_or(0)),
        min: value(least),
    }
}

fn count(count: u64, whole: u64) -> Count {
    Count { count, percent: share(count, whole) }
}

/// A percentage with two digits before the point, or three, and two behind it.
fn share(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { part as f32 / whole as f32 * 100.0 };
    format!("{share:05.2}")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
