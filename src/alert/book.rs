//! The groups of a table that one worker knows, and their rows in each pane.
//!
//! A key gives a number, the number a row in the record's pane. Counts and sums are added to the row; values and hashes go to
//! a log, which is sorted and counted when it is handed over. No memory is asked for once groups are known and logs have
//! their size.
//!
//! Groups are bounded: a pane that has come to twice the table's `max_groups` drops those with the fewest records, so that
//! what comes often stays, whoever came first. A figure of a group that was dropped and came back is a lower bound.

use super::cells::{Row, Shape};
use super::key::Keys;
use super::named::Named;
use super::plan::Table;
use super::rule::Amount;
use super::set::Set;
use crate::filter::Number;
use crate::filter::record::Record;
use crate::format::record::NONE;
use crate::window::sparse::{Sparse, bucket_of};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// The groups of a table, and their rows in each pane.
pub struct Book {
    shape: Shape,
    /// Numbers of groups; they hold until groups are forgotten at a hand-over.
    ids: HashMap<Arc<[u8]>, u32, RandomState>,
    keys: Vec<Arc<[u8]>>,
    panes: HashMap<i64, Pane, RandomState>,
    /// The pane of the last record.
    open: i64,
    open_pane: Pane,
    dropped: u64,
}

/// The rows of a pane, in the order in which their groups came.
#[derive(Default)]
struct Pane {
    places: HashMap<u32, usize, RandomState>,
    ids: Vec<u32>,
    counts: Vec<u64>,
    sums: Vec<u128>,
    /// For each distribution and each set: row, and value or hash.
    values: Vec<Vec<(u32, u64)>>,
    sets: Vec<Vec<(u32, u64)>>,
    /// The group of the last record, and its row: the next most often shares it.
    last: Option<(u32, usize)>,
}

impl Book {
    /// No groups.
    pub fn new(shape: Shape) -> Book {
        Book {
            shape,
            ids: HashMap::default(),
            keys: Vec::new(),
            panes: HashMap::default(),
            open: i64::MIN,
            open_pane: Pane::default(),
            dropped: 0,
        }
    }

    /// Counts a record of the table in the pane that starts at `start`.
    pub fn count(
        &mut self,
        table: &Table,
        start: i64,
        record: &impl Record,
        keys: &mut Keys,
        holds: &mut impl FnMut(Option<usize>) -> bool,
    ) {
        let shape = self.shape;
        let id = {
            let key = keys.of(&table.by, record);
            if table.needs_value && key == NONE {
                return;
            }
            // The next record is often of the same group, in a field of few values nearly always.
            let is_last = |(id, _): &(u32, usize)| self.keys.get(*id as usize).is_some_and(|last| **last == *key);
            match self.open_pane.last.filter(is_last) {
                Some((id, _)) => id,
                None => match self.ids.get(key) {
                    Some(id) => *id,
                    None => self.name(table, key),
                },
            }
        };
        if start != self.open {
            self.turn_to(start);
        }
        let pane = &mut self.open_pane;
        let row = match pane.last {
            Some((last, row)) if last == id => row,
            _ => pane.row(id, shape),
        };
        pane.last = Some((id, row));
        if let Some(counts) = pane.counts.get_mut(row * shape.counts..(row + 1) * shape.counts)
            && let [all, ratios @ ..] = counts
        {
            *all += 1;
            for (count, condition) in ratios.iter_mut().zip(&table.ratios) {
                *count += u64::from(holds(Some(*condition)));
            }
        }
        if let Some(sums) = pane.sums.get_mut(row * shape.sums..(row + 1) * shape.sums) {
            for (sum, amount) in sums.iter_mut().zip(&table.sums) {
                *sum += u128::from(amount_of(record, *amount).unwrap_or(0));
            }
        }
        for (log, amount) in pane.values.iter_mut().zip(&table.values) {
            log.extend(amount_of(record, *amount).map(|value| (row as u32, value)));
        }
        for (log, field) in pane.sets.iter_mut().zip(&table.sets) {
            log.extend(keys.hash(*field, record).map(|hash| (row as u32, hash)));
        }
        if pane.ids.len() >= 2 * table.max_groups.max(1) {
            self.dropped += pane.prune(shape, table.max_groups);
        }
    }

    #[inline(never)]
    fn name(&mut self, table: &Table, key: &[u8]) -> u32 {
        if self.keys.len() > 8 * table.max_groups + 1024 {
            self.forget();
        }
        let key: Arc<[u8]> = key.into();
        let id = self.keys.len() as u32;
        self.keys.push(key.clone());
        self.ids.insert(key, id);
        id
    }

    /// Forgets the groups that are in no pane, which gives the others new numbers.
    #[inline(never)]
    fn forget(&mut self) {
        let mut numbers: Vec<Option<u32>> = vec![None; self.keys.len()];
        let mut keys = Vec::new();
        for pane in self.panes.values_mut().chain([&mut self.open_pane]) {
            for id in &mut pane.ids {
                if let (Some(number), Some(key)) = (numbers.get_mut(*id as usize), self.keys.get(*id as usize)) {
                    *id = *number.get_or_insert_with(|| {
                        keys.push(key.clone());
                        keys.len() as u32 - 1
                    });
                }
            }
            pane.places = pane.ids.iter().enumerate().map(|(row, id)| (*id, row)).collect();
            pane.last = None;
        }
        self.ids = keys.iter().cloned().zip(0..).collect();
        self.keys = keys;
    }

    #[inline(never)]
    fn turn_to(&mut self, start: i64) {
        let next = self.panes.remove(&start).unwrap_or_else(|| Pane::new(self.shape));
        let pane = std::mem::replace(&mut self.open_pane, next);
        if !pane.ids.is_empty() {
            self.panes.insert(self.open, pane);
        }
        self.open = start;
    }

    /// Gives away the rows, pane by pane; groups dropped since the last time.
    pub fn hand_over(&mut self, table: &Table, mut give: impl FnMut(i64, Named)) -> u64 {
        let shape = self.shape;
        let named = |pane: &mut Pane, keys: &[Arc<[u8]>]| {
            let mut named = Named::new(shape);
            let (values, sets) = pane.counted(shape);
            for (row, id) in pane.ids.iter().enumerate() {
                let Some(key) = keys.get(*id as usize) else { continue };
                let part = |width: usize| row * width..(row + 1) * width;
                let of = Row {
                    id: 0,
                    counts: pane.counts.get(part(shape.counts)).unwrap_or(&[]),
                    sums: pane.sums.get(part(shape.sums)).unwrap_or(&[]),
                    values: values.get(part(shape.values)).unwrap_or(&[]),
                    sets: sets.get(part(shape.sets)).unwrap_or(&[]),
                };
                named.push(key, of);
            }
            named
        };
        if !self.open_pane.ids.is_empty() {
            give(self.open, named(&mut self.open_pane, &self.keys));
            self.open_pane.clear();
        }
        let mut panes: Vec<(i64, Pane)> = self.panes.drain().collect();
        panes.sort_unstable_by_key(|(start, _)| *start);
        for (start, pane) in &mut panes {
            give(*start, named(pane, &self.keys));
        }
        if self.keys.len() > 4 * table.max_groups {
            self.forget();
        }
        std::mem::take(&mut self.dropped)
    }
}

impl Pane {
    fn new(shape: Shape) -> Pane {
        Pane { values: vec![Vec::new(); shape.values], sets: vec![Vec::new(); shape.sets], ..Pane::default() }
    }

    fn clear(&mut self) {
        self.places.clear();
        self.ids.clear();
        self.counts.clear();
        self.sums.clear();
        self.values.iter_mut().chain(&mut self.sets).for_each(Vec::clear);
        self.last = None;
    }

    fn row(&mut self, id: u32, shape: Shape) -> usize {
        if let Some(row) = self.places.get(&id) {
            return *row;
        }
        let row = self.ids.len();
        self.places.insert(id, row);
        self.ids.push(id);
        self.counts.resize(self.counts.len() + shape.counts, 0);
        self.sums.resize(self.sums.len() + shape.sums, 0);
        row
    }

    /// Keeps the `most` groups with most records; how many went.
    #[inline(never)]
    fn prune(&mut self, shape: Shape, most: usize) -> u64 {
        let count = |row: usize| self.counts.get(row * shape.counts).copied().unwrap_or(0);
        let mut rows: Vec<usize> = (0..self.ids.len()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(count(*row)));
        let gone = rows.len().saturating_sub(most) as u64;
        rows.truncate(most);
        rows.sort_unstable();
        let mut next = Pane::new(shape);
        let mut places = vec![None; self.ids.len()];
        for row in rows {
            let part = |width: usize| row * width..(row + 1) * width;
            places[row] = Some(next.ids.len() as u32);
            next.places.insert(self.ids[row], next.ids.len());
            next.ids.push(self.ids[row]);
            next.counts.extend(self.counts.get(part(shape.counts)).unwrap_or(&[]));
            next.sums.extend(self.sums.get(part(shape.sums)).unwrap_or(&[]));
        }
        let logs = next.values.iter_mut().chain(&mut next.sets).zip(self.values.iter().chain(&self.sets));
        for (into, log) in logs {
            into.extend(log.iter().filter_map(|(row, value)| Some((places.get(*row as usize).copied()??, *value))));
        }
        *self = next;
        gone
    }

    /// The logs, counted: distributions and sets row by row.
    fn counted(&mut self, shape: Shape) -> (Vec<Sparse>, Vec<Set>) {
        let mut values = vec![Sparse::default(); self.ids.len() * shape.values];
        for (column, log) in self.values.iter_mut().enumerate() {
            log.sort_unstable();
            for run in log.chunk_by(|left, right| left.0 == right.0) {
                let Some((row, least)) = run.first() else { continue };
                // Values ascend, and so do buckets.
                let buckets = run.chunk_by(|left, right| bucket_of(left.1) == bucket_of(right.1));
                let buckets = buckets.map(|same| (bucket_of(same[0].1), same.len() as u64)).collect();
                let sum = run.iter().map(|(_, value)| u128::from(*value)).sum();
                let greatest = run.last().map_or(0, |(_, value)| *value);
                if let Some(place) = values.get_mut(*row as usize * shape.values + column) {
                    *place = Sparse::new(buckets, sum, *least, greatest);
                }
            }
        }
        let mut sets = vec![Set::default(); self.ids.len() * shape.sets];
        for (column, log) in self.sets.iter_mut().enumerate() {
            log.sort_unstable();
            for run in log.chunk_by(|left, right| left.0 == right.0) {
                let Some((row, _)) = run.first() else { continue };
                if let Some(place) = sets.get_mut(*row as usize * shape.sets + column) {
                    *place = Set::of(run.iter().map(|(_, hash)| *hash).collect());
                }
            }
        }
        (values, sets)
    }
}

/// A value in whole units: bytes, microseconds.
fn amount_of(record: &impl Record, amount: Amount) -> Option<u64> {
    let (field, unit) = match amount {
        Amount::Bytes => (Number::Bytes, 1),
        Amount::BytesRead => (Number::BytesRead, 1),
        Amount::Latency => (Number::Latency, 1000),
    };
    record.number(field).and_then(|value| u64::try_from(value / unit).ok())
}
