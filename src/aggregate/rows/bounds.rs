//! The greatest rows of a table that may not grow, and how much they may be too low.
//!
//! A table that takes too much memory is pruned: it keeps the greater half of its rows. From then on it knows a *floor*,
//! the most hits that a key without a row can have had. A key that comes (again) begins with one hit and has *missed* up
//! to the floor of that moment. So of every row the true hits are at least its hits and at most its hits plus what it
//! missed, and of every other key they are at most the floor.
//!
//! What is pruned are the rows with the least upper bounds, hits and missed ones together, and the floor rises to the
//! greatest bound among them. That keeps it low whatever the log: call what a row's bound is above the floor its excess.
//! Each record adds one to one excess, and a new row begins with none. If a pruning raises the floor by d, half of the
//! rows, those that stay, lose d of excess each; so all rises together are at most the records divided by half the rows.
//! (Pruned by hits alone, a log could raise the floor without limit: a new row's hits are few, but its bound is not.)
//!
//! Merged, a row's hits and missed ones are the sums, where a table without the row says "none, and the floor missed";
//! floors add up. So the promise holds for any tree of merges.
//!
//! Sources: Misra and Gries, "Finding repeated elements", 1982; Manku and Motwani, "Approximate frequency counts over
//! data streams", 2002; Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data
//! streams", 2005 (Space-Saving, whose over-estimation is `missed` here); Agarwal et al., "Mergeable summaries", 2012.

use super::{HEAD_BYTES, RowView, Rows};
use crate::aggregate::distinct::Distinct;
use crate::aggregate::huge::Growing;
use crate::aggregate::index::NOBODY;
use crate::format::record::NONE;

/// What a table that was pruned knows of keys that it does not hold, or held before.
#[derive(Default)]
pub struct Bounds {
    /// The most hits that a key without a row can have had.
    floor: u64,
    /// By row: hits that it may have had before it got its row; at most the floor.
    missed: Growing<u64>,
    /// All keys that ever had a row.
    distinct: Distinct,
}

impl Bounds {
    /// Bounds that a file tells; `None` where they contradict themselves.
    pub fn new(floor: u64, missed: &[u64], distinct: Distinct) -> Option<Bounds> {
        let mut bounds = Bounds { floor, distinct, ..Bounds::default() };
        for missed in missed {
            bounds.missed.push(*missed);
        }
        missed.iter().all(|missed| *missed <= floor).then_some(bounds)
    }

    /// A key got a row, the next one.
    pub(super) fn admit(&mut self, key: &[u8]) {
        self.missed.push(self.floor);
        self.distinct.insert(key);
    }

    /// The most hits that a key without a row can have had.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// By row: hits that it may have had before it got its row.
    pub fn missed(&self) -> &[u64] {
        self.missed.as_slice()
    }

    /// All keys that ever had a row.
    pub fn distinct(&self) -> &Distinct {
        &self.distinct
    }
}

impl Rows {
    /// What is known of keys that are not here; `None` while every key is.
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_deref()
    }

    /// Takes over bounds, with as many missed hits as there are rows; else they are not taken.
    pub fn set_bounds(&mut self, bounds: Bounds) -> bool {
        let fit = bounds.missed.len() == self.len();
        if fit {
            self.bounds = Some(Box::new(bounds));
        }
        fit
    }

    /// The most hits that a key without a row can have had.
    pub fn floor(&self) -> u64 {
        self.bounds().map_or(0, Bounds::floor)
    }

    /// Hits that a row may have had and does not count; `None` while the table is exact.
    pub fn missed(&self, id: u32) -> Option<u64> {
        self.bounds().map(|bounds| bounds.missed.as_slice().get(id as usize).copied().unwrap_or(bounds.floor))
    }

    /// Bytes of memory that it keeps from others.
    pub fn held_bytes(&self) -> usize {
        let bounds = self.bounds().map_or(0, |bounds| bounds.missed.held_bytes() + bounds.distinct.registers().len());
        self.index.held_bytes() + self.entries.held_bytes() + self.arena.held_bytes() + bounds
    }

    /// Bytes of the keys of `top` rows as text, about: no UTF-8 takes more room than three bytes for each of theirs.
    pub fn text_bytes(&self, top: usize) -> usize {
        let (shown, all) = (top.min(self.len()), self.len().max(1));
        let long = (self.arena.bytes() as u128 * 3 * shown as u128 / all as u128) as usize;
        shown * 2 * HEAD_BYTES + long
    }

    /// Drops the lesser half of the rows, but none that is pinned or the row of the absent value. `dropped` sees each
    /// before it goes. Returns the new number of each row, `NOBODY` for those that are gone.
    pub fn prune(
        &mut self,
        is_pinned: impl Fn(u32) -> bool,
        mut dropped: impl FnMut(u32, RowView<'_>),
    ) -> Growing<u32> {
        let mut bounds = self.taken_bounds();
        let missed = bounds.missed.as_slice();
        let upper =
            |id: u32| self.get(id).hits.saturating_add(missed.get(id as usize).copied().unwrap_or(bounds.floor));
        let is_fast = |id: u32| is_pinned(id) || self.get(id).key == NONE;
        let Cut { least, mut ties } = Cut::of((0..self.len() as u32).filter(|id| !is_fast(*id)).map(upper).collect());
        let (mut numbers, mut kept, mut floor) = (Growing::default(), 0, bounds.floor);
        for id in 0..self.len() as u32 {
            let upper = upper(id);
            let is_kept = is_fast(id) || upper > least || (upper == least && ties > 0);
            if is_kept {
                ties -= usize::from(upper == least && !is_fast(id));
                numbers.push(kept);
                kept += 1;
            } else {
                floor = floor.max(upper);
                dropped(id, self.get(id));
                numbers.push(NOBODY);
            }
        }
        bounds.floor = floor;
        keep(&mut bounds.missed, numbers.as_slice());
        self.keep(numbers.as_slice());
        self.bounds = Some(bounds);
        numbers
    }

    /// Its bounds; of a table that was exact, those of what is in it.
    fn taken_bounds(&mut self) -> Box<Bounds> {
        self.bounds.take().unwrap_or_else(|| {
            let mut bounds = Box::<Bounds>::default();
            self.iter().for_each(|row| bounds.admit(row.key));
            bounds
        })
    }

    /// Keeps the rows that have a number, which ascend, in place.
    fn keep(&mut self, numbers: &[u32]) {
        let mut end = 0;
        let (entries, arena) = (self.entries.as_mut_slice(), self.arena.as_mut_slice());
        for (id, number) in numbers.iter().enumerate().filter(|(_, number)| **number != NOBODY) {
            let mut entry = entries[id];
            let length = entry.length as usize;
            if length > HEAD_BYTES {
                // Keys lie in the order of rows, so none is overwritten before it was moved.
                let place = entry.key[4] as usize;
                arena.copy_within(place..place + length, end);
                entry.key[4] = end as u64;
                end += length;
            }
            entries[*number as usize] = entry;
        }
        let kept = numbers.iter().filter(|number| **number != NOBODY).count();
        self.entries.truncate(kept);
        self.entries.shrink_to_fit();
        self.arena.truncate(end);
        self.arena.shrink_to_fit();
        self.index.rebuild(kept, |id| self.entries.as_slice()[id as usize].hash);
    }

    /// Before rows of `other` come in: from now on keys that were not here may have had hits there that nobody knows.
    pub(super) fn begin_merge(&mut self, other: &Rows) {
        if other.bounds.is_some() && self.bounds.is_none() {
            self.bounds = Some(self.taken_bounds());
        }
    }

    /// Once the rows of `other` are in, under these numbers.
    pub(super) fn end_merge(&mut self, other: &Rows, numbers: &[u32]) {
        let (Some(own), Some(others)) = (&mut self.bounds, &other.bounds) else { return };
        let missed = own.missed.as_mut_slice();
        if others.floor > 0 {
            missed.iter_mut().for_each(|missed| *missed = missed.saturating_add(others.floor));
            for (number, other) in numbers.iter().zip(others.missed.as_slice()) {
                missed[*number as usize] = missed[*number as usize].saturating_sub(others.floor).saturating_add(*other);
            }
        }
        own.floor = own.floor.saturating_add(others.floor);
        own.distinct.merge(&others.distinct);
    }
}

/// Where the greater half of some values begins.
pub struct Cut {
    /// All greater values belong to it.
    pub least: u64,
    /// And so many of those that are equal.
    pub ties: usize,
}

impl Cut {
    /// The cut through the middle of some values; of an odd number the lesser part is greater by one.
    pub fn of(mut values: Growing<u64>) -> Cut {
        let half = values.len() / 2;
        if half == 0 {
            return Cut { least: u64::MAX, ties: 0 };
        }
        let (greater, least, _) = values.as_mut_slice().select_nth_unstable_by(half - 1, |left, right| right.cmp(left));
        let least = *least;
        Cut { least, ties: half - greater.iter().filter(|value| **value > least).count() }
    }
}

/// Keeps the values that have a number, which ascend, in place.
fn keep<T: bytemuck::Pod>(values: &mut Growing<T>, numbers: &[u32]) {
    let kept = numbers.iter().filter(|number| **number != NOBODY).count();
    let slice = values.as_mut_slice();
    for (from, number) in numbers.iter().enumerate().filter(|(_, number)| **number != NOBODY) {
        slice[*number as usize] = slice[from];
    }
    values.truncate(kept);
    values.shrink_to_fit();
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
