//! What was counted for the groups of a table in a pane: flat arrays, a row for each group.
//!
//! Which figures a row has is the table's shape: a count of records, then of those that each ratio asks for, sums,
//! distributions and sets. Rows are sorted by the group's number; merging is adding row by row, in any order.

use super::set::Set;
use crate::window::panes::Pane;
use crate::window::sparse::Sparse;
use serde::{Deserialize, Serialize};

/// How many figures of each kind a row has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Counts; the first is of all records of the group.
    pub counts: usize,
    /// Sums.
    pub sums: usize,
    /// Distributions.
    pub values: usize,
    /// Sets.
    pub sets: usize,
}

/// The rows of a pane. Those of [`Cells::default`] have no shape yet and take that of the first they are merged with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    pub(super) shape: Shape,
    pub(super) ids: Vec<u32>,
    pub(super) counts: Vec<u64>,
    pub(super) sums: Vec<u128>,
    pub(super) values: Vec<Sparse>,
    pub(super) sets: Vec<Set>,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The group's number.
    pub id: u32,
    /// Its counts.
    pub counts: &'a [u64],
    /// Its sums.
    pub sums: &'a [u128],
    /// Its distributions.
    pub values: &'a [Sparse],
    /// Its sets.
    pub sets: &'a [Set],
}

impl Cells {
    /// No rows of a shape.
    pub fn new(shape: Shape) -> Cells {
        Cells { shape, ..Cells::default() }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All records.
    pub fn records(&self) -> u64 {
        self.rows().map(|row| row.counts.first().copied().unwrap_or(0)).sum()
    }

    fn row_at(&self, at: usize) -> Row<'_> {
        fn part<T>(all: &[T], at: usize, width: usize) -> &[T] {
            all.get(at * width..(at + 1) * width).unwrap_or(&[])
        }
        Row {
            id: self.ids.get(at).copied().unwrap_or(0),
            counts: part(&self.counts, at, self.shape.counts),
            sums: part(&self.sums, at, self.shape.sums),
            values: part(&self.values, at, self.shape.values),
            sets: part(&self.sets, at, self.shape.sets),
        }
    }

    /// The rows, by number.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|at| self.row_at(at))
    }

    /// The row of a group.
    pub fn row(&self, id: u32) -> Option<Row<'_>> {
        self.ids.binary_search(&id).ok().map(|at| self.row_at(at))
    }

    /// Adds a row behind all others.
    pub fn push(&mut self, row: Row<'_>) {
        self.ids.push(row.id);
        self.counts.extend(row.counts);
        self.sums.extend(row.sums);
        self.values.extend_from_slice(row.values);
        self.sets.extend_from_slice(row.sets);
    }

    /// Adds to the last row.
    fn add_to_last(&mut self, row: Row<'_>) {
        fn last<T>(all: &mut [T], width: usize) -> impl Iterator<Item = &mut T> {
            let from = all.len().saturating_sub(width);
            all.iter_mut().skip(from)
        }
        last(&mut self.counts, self.shape.counts).zip(row.counts).for_each(|(own, other)| *own += other);
        last(&mut self.sums, self.shape.sums).zip(row.sums).for_each(|(own, other)| *own += other);
        last(&mut self.values, self.shape.values).zip(row.values).for_each(|(own, other)| own.merge(other));
        last(&mut self.sets, self.shape.sets).zip(row.sets).for_each(|(own, other)| own.merge(other));
    }

    /// The same rows with other numbers; `id` is the new number of an old one. Rows that get the same number become one.
    pub fn renumbered(&self, id: impl Fn(u32) -> u32) -> Cells {
        let mut order: Vec<(u32, usize)> = self.ids.iter().enumerate().map(|(at, old)| (id(*old), at)).collect();
        order.sort_unstable();
        let mut cells = Cells::new(self.shape);
        for (id, at) in order {
            let row = Row { id, ..self.row_at(at) };
            if cells.ids.last() == Some(&id) { cells.add_to_last(row) } else { cells.push(row) }
        }
        cells
    }

    /// Drops the rows of groups that do not stay.
    pub fn retain(&mut self, stays: impl Fn(u32) -> bool) {
        if self.ids.iter().all(|id| stays(*id)) {
            return;
        }
        let mut cells = Cells::new(self.shape);
        self.rows().filter(|row| stays(row.id)).for_each(|row| cells.push(row));
        *self = cells;
    }

    /// Bytes that it takes, about.
    pub fn held_bytes(&self) -> usize {
        let values: usize = self.values.iter().map(|values| size_of::<Sparse>() + 16 * values.buckets().len()).sum();
        let sets: usize = self.sets.iter().map(Set::held_bytes).sum();
        size_of::<Cells>()
            + 4 * self.ids.capacity()
            + 8 * self.counts.capacity()
            + 16 * self.sums.capacity()
            + values
            + sets
    }
}

impl Pane for Cells {
    fn merge(&mut self, other: &Cells) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = other.clone();
            return;
        }
        let mut merged = Cells::new(self.shape);
        let (mut own, mut theirs) = (self.rows().peekable(), other.rows().peekable());
        loop {
            let row = match (own.peek(), theirs.peek()) {
                (Some(left), Some(right)) if left.id <= right.id => own.next(),
                (Some(_), None) => own.next(),
                (_, Some(_)) => theirs.next(),
                (None, None) => break,
            };
            let Some(row) = row else { break };
            if merged.ids.last() == Some(&row.id) { merged.add_to_last(row) } else { merged.push(row) }
        }
        drop((own, theirs));
        *self = merged;
    }
}
