//! What a rule finds at a tick: figures of windows, compared.

use super::groups::{Groups, Open};
use super::plan::{Compare, Figure, Planned, Table};
use super::rule::{NoData, Than};
use super::state::{Found, Key, States};
use std::collections::BTreeSet;

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The rule, and where its figures are.
    pub planned: &'a Planned,
    /// Likewise.
    pub compare: &'a Compare,
    /// The table.
    pub table: &'a Table,
    /// Its groups.
    pub groups: &'a Groups,
    /// The end of the window.
    pub tick: i64,
    /// The start of the first pane in which the table could have counted something.
    pub began: Option<i64>,
    /// A window holds all it could for the first time: what is found of a group may be something else though nothing of it
    /// changed.
    pub all: bool,
}

/// A figure, and the records that it is of.
type Told = (Option<f64>, u64);

impl<'a> Look<'a> {
    /// What is found of every active group, and of all others of which the rule is true, or that no data makes fire. Only groups whose figures may have
    /// changed are asked: of others that are not active it was not true, and still is not.
    pub fn found(&self, active: &'a [Key]) -> Vec<(&'a [u8], Found)> {
        let groups = self.groups;
        if self.table.by.is_empty() {
            return vec![(&[][..], self.of(groups.id(&[])))];
        }
        let mut found: Vec<(&[u8], Found)> = active.iter().map(|key| (&**key, self.of(groups.id(key)))).collect();
        let known: BTreeSet<&[u8]> = active.iter().map(|key| &**key).collect();
        let spans = || self.compare.spans.iter().flat_map(|(span, previous)| [Some(*span), *previous]).flatten();
        let mut ids: Vec<u32> = match self.all {
            true => groups.ids().collect(),
            false => spans().flat_map(|span| groups.touched(span)).copied().collect(),
        };
        if spans().nth(1).is_some() {
            ids.sort_unstable();
            ids.dedup();
        }
        for id in ids {
            let key = groups.key(id);
            let is_there = || {
                let first = self.compare.spans.first();
                first.is_some_and(|(span, _)| groups.counts(*span, id).first().is_some_and(|count| *count > 0))
            };
            if known.contains(key) {
                continue;
            }
            match self.of(Some(id)) {
                Found::False => {}
                Found::NoData if self.planned.rule.no_data != NoData::Fire || !is_there() => {}
                of => found.push((key, of)),
            }
        }
        found
    }

    /// What is found of a group. It has to be true of every window; the value is that of the first.
    fn of(&self, id: Option<u32>) -> Found {
        let mut first = None;
        let mut has_gap = false;
        for (span, previous) in &self.compare.spans {
            match self.of_window(*span, *previous, id) {
                Found::True(value) => {
                    first.get_or_insert(value);
                }
                Found::False => return Found::False,
                Found::NoData => has_gap = true,
            }
        }
        match first {
            Some(value) if !has_gap => Found::True(value),
            _ => Found::NoData,
        }
    }

    fn of_window(&self, span: usize, previous: Option<usize>, id: Option<u32>) -> Found {
        let min_records = self.planned.rule.min_records;
        let (Some(value), records) = self.figure(span, id) else { return Found::NoData };
        let grows = matches!(self.compare.figure, Figure::Count | Figure::Rate | Figure::Sum(..) | Figure::Distinct(_));
        let than = match (self.compare.than, previous) {
            (Than::Number(number), _) => {
                // A window that began before anything was seen holds too little to say that there is little.
                let is_short = grows && !self.compare.comparison.grows() && !self.is_whole(span);
                if records < min_records || is_short {
                    return Found::NoData;
                }
                number
            }
            (Than::Previous { times, .. }, Some(previous)) => {
                let (Some(than), before) = self.figure(previous, id) else { return Found::NoData };
                let enough = if grows { records.max(before) } else { records.min(before) };
                if enough < min_records || !self.is_whole(previous) {
                    return Found::NoData;
                }
                times * than
            }
            (Than::Previous { .. }, None) => return Found::NoData,
        };
        if self.compare.comparison.holds(value, than) { Found::True(value) } else { Found::False }
    }

    /// Whether something could have been counted all through a window.
    fn is_whole(&self, span: usize) -> bool {
        let Some(span) = self.table.spans.get(span) else { return false };
        self.began.is_some_and(|began| began <= span.start(self.tick))
    }

    /// The figure of a group in a window. Without `by`, what counts over nothing is 0.
    fn figure(&self, span: usize, id: Option<u32>) -> Told {
        let groups = self.groups;
        let counts = id.map_or(&[][..], |id| groups.counts(span, id));
        let sums = id.map_or(&[][..], |id| groups.sums(span, id));
        let seconds = self.table.spans.get(span).map_or(1.0, |span| span.length as f64 / 1000.0);
        let records = counts.first().copied().unwrap_or(0);
        match (self.compare.figure, id) {
            (Figure::Quantile(q, column, unit), Some(id)) if records > 0 => {
                let value = groups.values(span, id, column).quantile(q);
                (value.map(|value| value as f64 / unit), records)
            }
            (Figure::Quantile(..), _) => (None, records),
            (Figure::Distinct(column), Some(id)) if records > 0 => (Some(groups.distinct(span, id, column)), records),
            (figure, _) => (self.of_counts(figure, counts, sums, seconds), records),
        }
    }

    fn of_counts(&self, figure: Figure, counts: &[u64], sums: &[u128], seconds: f64) -> Option<f64> {
        let records = counts.first().copied().unwrap_or(0);
        if records == 0 && !self.table.by.is_empty() {
            return None;
        }
        match figure {
            Figure::Count => Some(records as f64),
            Figure::Rate => Some(records as f64 / seconds),
            Figure::Ratio(column) => {
                let part = counts.get(column).copied().unwrap_or(0);
                (records > 0).then(|| part as f64 / records as f64)
            }
            Figure::Sum(column, unit) => Some(sums.get(column).copied().unwrap_or(0) as f64 / unit),
            // Without a record there is none.
            Figure::Distinct(_) => Some(0.0),
            Figure::Quantile(..) => None,
        }
    }

    /// Groups of which the rule is true in the windows that end at `at`, while these are open, and their values. `open` are
    /// the figures of a window as far as it has come.
    pub fn early<'open>(
        &self,
        at: i64,
        states: &States,
        open: &dyn Fn(usize) -> &'open std::collections::HashMap<u32, Open>,
    ) -> Vec<(&'a [u8], f64)> {
        let Some((first, _)) = self.compare.spans.first() else { return Vec::new() };
        let mut found = Vec::new();
        for id in open(*first).keys() {
            let key = self.groups.key(*id);
            if states.is_active(key) {
                continue;
            }
            let value_in = |span: usize| {
                let figures = open(span).get(id)?;
                let records = figures.counts.first().copied().unwrap_or(0);
                let seconds = self.table.spans.get(span)?.length as f64 / 1000.0;
                let value = match self.compare.figure {
                    Figure::Distinct(column) => Some(self.groups.open_distinct(span, at, *id, column)),
                    figure => self.of_counts(figure, &figures.counts, &figures.sums, seconds),
                };
                let than = match self.compare.than {
                    Than::Number(number) => number,
                    Than::Previous { .. } => return None,
                };
                let is_true = |value: &f64| self.compare.comparison.holds(*value, than);
                value.filter(|value| records >= self.planned.rule.min_records && is_true(value))
            };
            let values: Option<Vec<f64>> = self.compare.spans.iter().map(|(span, _)| value_in(*span)).collect();
            if let Some(value) = values.and_then(|values| values.first().copied()) {
                found.push((key, value));
            }
        }
        found.sort_unstable_by(|left, right| left.0.cmp(right.0));
        found
    }
}
