//! The greatest buckets of a timeline that may not grow, and how much they may be too low.
//!
//! The rules are those of a table's rows (`rows::bounds`): a bucket's hits are at least those counted and at most those
//! and the missed ones together; a bucket that is not here has at most the floor.

use super::{Bucket, Counts, FILLED_MAX, Timeline};
use crate::aggregate::huge::Growing;
use crate::aggregate::index::NOBODY;
use crate::aggregate::rows::bounds::Cut;

/// What a timeline that was pruned knows of buckets that it does not hold, or held before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The most hits that a bucket without a row can have had.
    pub floor: u64,
    /// By row: hits that it may have had before it got its row; at most the floor.
    pub missed: Vec<u64>,
}

impl Bounds {
    /// A bucket got a row, the next one.
    pub(super) fn admit(&mut self) {
        self.missed.push(self.floor);
    }
}

impl Timeline {
    /// What is known of buckets that are not here; `None` while every one is.
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// Takes over bounds that fit its rows and do not contradict themselves; else they are not taken.
    pub fn set_bounds(&mut self, bounds: Bounds) -> bool {
        let fit = bounds.missed.len() == self.count() && bounds.missed.iter().all(|missed| *missed <= bounds.floor);
        if fit {
            self.bounds = Some(bounds);
        }
        fit
    }

    /// Hits that a row may have had and does not count; `None` while the timeline is exact.
    pub fn missed(&self, row: u32) -> Option<u64> {
        self.bounds().map(|bounds| bounds.missed.get(row as usize).copied().unwrap_or(bounds.floor))
    }

    /// Bytes of memory that it keeps from others, about; twice what is the allocator's, as `kinds` has it.
    pub fn held_bytes(&self) -> usize {
        // A node of the map has room for eleven pairs, and is filled to two thirds in the worst of orders.
        const PAIR_BYTES: usize = 16 * 3;
        let missed = self.bounds().map_or(0, |bounds| bounds.missed.capacity());
        let rows = self.rows.len() * PAIR_BYTES + self.counts.capacity() * size_of::<Counts>();
        2 * (rows + (self.numbers.capacity() + missed) * size_of::<u64>())
    }

    /// Bytes that the report's list takes, about.
    pub fn report_bytes(&self) -> usize {
        // The start of a bucket is a text of its own.
        const START_BYTES: usize = 32;
        let span =
            self.rows.keys().next().zip(self.rows.keys().next_back()).map_or(0, |(first, last)| last.abs_diff(*first));
        let filled = span.saturating_sub(self.count() as u64).min(FILLED_MAX) as usize;
        (self.count() + filled) * (size_of::<Bucket>() + START_BYTES)
    }

    /// Drops the lesser half of the buckets. Returns the new number of each row, `NOBODY` for those that are gone.
    pub fn prune(&mut self) -> Growing<u32> {
        let mut bounds = self.taken_bounds();
        let rows = self.counts.iter().zip(&bounds.missed);
        let upper: Growing<u64> = rows.map(|(counts, missed)| counts.hits.saturating_add(*missed)).collect();
        let Cut { least, mut ties } = Cut::of(upper.as_slice().iter().copied().collect());
        let (mut numbers, mut kept) = (Growing::default(), 0);
        for (row, upper) in upper.as_slice().iter().copied().enumerate() {
            if upper > least || (upper == least && ties > 0) {
                ties -= usize::from(upper == least);
                (self.counts[kept], self.numbers[kept]) = (self.counts[row], self.numbers[row]);
                bounds.missed[kept] = bounds.missed[row];
                numbers.push(kept as u32);
                kept += 1;
            } else {
                bounds.floor = bounds.floor.max(upper);
                numbers.push(NOBODY);
            }
        }
        self.counts.truncate(kept);
        self.counts.shrink_to_fit();
        self.numbers.truncate(kept);
        self.numbers.shrink_to_fit();
        bounds.missed.truncate(kept);
        bounds.missed.shrink_to_fit();
        self.rows = self.numbers.iter().copied().zip(0..).collect();
        self.bounds = Some(bounds);
        // The last answer may be of a row that is gone.
        self.last_seconds = 0;
        numbers
    }

    fn taken_bounds(&mut self) -> Bounds {
        self.bounds.take().unwrap_or_else(|| Bounds { floor: 0, missed: vec![0; self.counts.len()] })
    }

    /// Before rows of `other` come in.
    pub(super) fn begin_merge(&mut self, other: &Timeline) {
        if other.bounds.is_some() {
            self.bounds = Some(self.taken_bounds());
        }
    }

    /// Once the rows of `other` are in, under these numbers.
    pub(super) fn end_merge(&mut self, other: &Timeline, numbers: &[u32]) {
        let (Some(own), Some(others)) = (&mut self.bounds, &other.bounds) else { return };
        own.missed.iter_mut().for_each(|missed| *missed = missed.saturating_add(others.floor));
        for (number, other) in numbers.iter().zip(&others.missed) {
            let missed = &mut own.missed[*number as usize];
            *missed = missed.saturating_sub(others.floor).saturating_add(*other);
        }
        own.floor = own.floor.saturating_add(others.floor);
    }
}
