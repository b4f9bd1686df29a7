//! Sets of rows for the visitors that were seen in more rows than their card lists.
//!
//! Looking for each row in its set would miss the cache each time. So rows wait in a log, one behind the other; when the
//! log is long it is sorted, and each visitor's new rows are merged into its set, which is sorted too: all of that is
//! sequential work. A set is a power of two of 32-bit words, at least a cache line of 16: the first word counts its rows,
//! which follow. A set that gets full moves to a larger size, and its words are given to the next visitor that needs a
//! set of its old size.

use super::huge::Growing;
use super::prefetch::prefetch;

/// Words of the smallest set, as a power of two.
const LEAST: u32 = 4;
/// Bits of a handle that say which set of its size it is.
const NUMBER_BITS: u32 = 27;
/// Rows that wait before they are sorted: 4 MiB of them.
const WAITING_MAX: usize = 1 << 19;

/// The same where memory is bounded: 512 KiB.
const WAITING_MAX_BOUNDED: usize = 1 << 16;

/// Sets of non-zero 32-bit values.
pub struct RowSets {
    /// By size: 16 words, 32, 64, ...
    sizes: Vec<Size>,
    /// Owner in the high half, row in the low half.
    waiting: Growing<u64>,
    waiting_max: usize,
    /// Rows of one owner while they are merged.
    merged: Vec<u32>,
}

impl Default for RowSets {
    fn default() -> Self {
        RowSets { sizes: Vec::new(), waiting: Growing::default(), waiting_max: WAITING_MAX, merged: Vec::new() }
    }
}

/// All sets of one size.
#[derive(Default)]
struct Size {
    words: Growing<u32>,
    free: Vec<u32>,
}

/// Names a set; 0 is no set.
pub type Handle = u32;

fn bits_of(handle: Handle) -> u32 {
    (handle >> NUMBER_BITS) + LEAST - 1
}

impl RowSets {
    /// Notes a row of an owner if `wanted`.
    #[inline(always)]
    pub fn note_if(&mut self, wanted: bool, owner: u32, row: u32) {
        self.waiting.push_if(wanted, u64::from(owner) << 32 | u64::from(row));
    }

    /// Whether so many rows wait that it is time to [`settle`](Self::settle) them.
    #[inline(always)]
    pub fn are_many_waiting(&self) -> bool {
        self.waiting.len() >= self.waiting_max
    }

    /// Puts all rows that wait into their owners' sets. `handle_of` is where an owner, by its number, keeps its handle.
    pub fn settle<Owner>(&mut self, owners: &mut [Owner], handle_of: impl Fn(&mut Owner) -> &mut Handle) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.as_mut_slice().sort_unstable();
        let waiting_rows = without_repeats(waiting.as_mut_slice());
        for rows in waiting_rows.chunk_by(|left, right| left >> 32 == right >> 32) {
            self.add(handle_of(&mut owners[(rows[0] >> 32) as usize]), rows);
        }
        waiting.clear();
        self.waiting = waiting;
    }

    /// Adds the rows in the low halves of `rows`, sorted and different, to a set.
    fn add(&mut self, handle: &mut Handle, rows: &[u64]) {
        let mut merged = std::mem::take(&mut self.merged);
        merge(self.rows(*handle), rows, &mut merged);
        let count = self.rows(*handle).len();
        if merged.len() > count {
            if *handle == 0 || merged.len() >= 1 << bits_of(*handle) {
                let old = std::mem::replace(handle, self.make(merged.len()));
                self.free(old);
            }
            let words = self.words_mut(*handle);
            words[0] = merged.len() as u32;
            words[1..=merged.len()].copy_from_slice(&merged);
        }
        self.merged = merged;
    }

    /// Whether a row is in a set.
    pub fn contains(&self, handle: Handle, row: u32) -> bool {
        self.rows(handle).binary_search(&row).is_ok()
    }

    /// The rows of a set, sorted.
    #[inline(always)]
    pub fn rows(&self, handle: Handle) -> &[u32] {
        if handle == 0 {
            return &[];
        }
        let (bits, number) = (bits_of(handle), handle as usize & ((1 << NUMBER_BITS) - 1));
        let words = &self.sizes[(bits - LEAST) as usize].words.as_slice()[number << bits..];
        &words[1..=words[0] as usize]
    }

    /// Brings the start of a set near.
    #[inline(always)]
    pub fn prefetch(&self, handle: Handle) {
        if handle != 0 {
            let (bits, number) = (bits_of(handle), handle as usize & ((1 << NUMBER_BITS) - 1));
            let size = self.sizes.get((bits - LEAST) as usize);
            size.and_then(|size| size.words.as_slice().get(number << bits)).into_iter().for_each(prefetch);
        }
    }

    fn words_mut(&mut self, handle: Handle) -> &mut [u32] {
        let (bits, number) = (bits_of(handle), handle as usize & ((1 << NUMBER_BITS) - 1));
        &mut self.sizes[(bits - LEAST) as usize].words.as_mut_slice()[number << bits..(number + 1) << bits]
    }

    /// An empty set with room for so many rows.
    fn make(&mut self, rows: usize) -> Handle {
        let bits = (rows + 1).next_power_of_two().trailing_zeros().max(LEAST);
        let at = (bits - LEAST) as usize;
        if self.sizes.len() <= at {
            self.sizes.resize_with(at + 1, Size::default);
        }
        let size = &mut self.sizes[at];
        size.free.pop().unwrap_or_else(|| {
            let number = size.words.extend_zeroed(1 << bits) >> bits;
            assert!(number < 1 << NUMBER_BITS, "at most 134 million visitors have many rows");
            ((bits - LEAST + 1) << NUMBER_BITS) | number as u32
        })
    }

    /// Lets fewer rows wait, to save memory.
    pub fn hurry(&mut self) {
        self.waiting_max = WAITING_MAX_BOUNDED;
    }

    /// Puts these rows, sorted and different, in the place of a set, which held as many or more; without any the set is
    /// gone.
    pub fn replace(&mut self, handle: &mut Handle, rows: &[u32]) {
        let bits = (rows.len() + 1).next_power_of_two().trailing_zeros().max(LEAST);
        if rows.is_empty() || *handle == 0 || bits != bits_of(*handle) {
            let old = std::mem::replace(handle, if rows.is_empty() { 0 } else { self.make(rows.len()) });
            self.free(old);
        }
        if !rows.is_empty() {
            let words = self.words_mut(*handle);
            words[0] = rows.len() as u32;
            words[1..=rows.len()].copy_from_slice(rows);
        }
    }

    /// Moves all sets together and gives the rest of the memory back. `handle_of` is where an owner keeps its handle.
    pub fn compact<Owner>(&mut self, owners: &mut [Owner], handle_of: impl Fn(&mut Owner) -> &mut Handle) {
        for at in 0..self.sizes.len() {
            let bits = at as u32 + LEAST;
            let is_of_size = |handle: Handle| handle != 0 && bits_of(handle) == bits;
            // Handle in the high half, owner in the low half.
            let mut sets: Growing<u64> = (0..)
                .zip(owners.iter_mut())
                .map(|(owner, of)| (*handle_of(of), owner))
                .filter_map(|(handle, owner)| is_of_size(handle).then_some(u64::from(handle) << 32 | owner))
                .collect();
            sets.as_mut_slice().sort_unstable();
            let Size { words, free } = &mut self.sizes[at];
            for (to, set) in (0..).zip(sets.as_slice()) {
                let (from, owner) = ((set >> 32) as usize & ((1 << NUMBER_BITS) - 1), *set as u32);
                words.as_mut_slice().copy_within(from << bits..(from + 1) << bits, (to as usize) << bits);
                *handle_of(&mut owners[owner as usize]) = ((bits - LEAST + 1) << NUMBER_BITS) | to;
            }
            words.truncate(sets.len() << bits);
            words.shrink_to_fit();
            *free = Vec::new();
        }
        self.waiting.shrink_to_fit();
    }

    fn free(&mut self, handle: Handle) {
        if handle != 0 {
            self.sizes[(bits_of(handle) - LEAST) as usize].free.push(handle);
        }
    }

    /// Bytes of memory that it keeps from others.
    pub fn held_bytes(&self) -> usize {
        let of_size = |size: &Size| size.words.held_bytes() + size.free.capacity() * size_of::<u32>();
        self.waiting.held_bytes() + self.sizes.iter().map(of_size).sum::<usize>()
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.waiting.bytes() + self.sizes.iter().map(|size| size.words.bytes()).sum::<usize>()
    }
}

/// The different ones of sorted values, moved to the front.
fn without_repeats(values: &mut [u64]) -> &[u64] {
    let mut count = 0;
    let mut last = None;
    for at in 0..values.len() {
        let value = values[at];
        values[count] = value;
        count += usize::from(last != Some(value));
        last = Some(value);
    }
    &values[..count]
}

/// The union of a sorted set and the low halves of sorted words, neither with repeats.
fn merge(set: &[u32], words: &[u64], merged: &mut Vec<u32>) {
    merged.clear();
    if set.len() / 8 > words.len() {
        merge_few(set, words, merged);
        return;
    }
    merged.resize(set.len() + words.len(), 0);
    let (mut at, mut at_word, mut count) = (0, 0, 0);
    // Which of the two is less cannot be foretold, so there is no branch on it.
    while let (Some(&old), Some(&word), Some(place)) = (set.get(at), words.get(at_word), merged.get_mut(count)) {
        let new = word as u32;
        *place = old.min(new);
        at += usize::from(old <= new);
        at_word += usize::from(new <= old);
        count += 1;
    }
    merged.truncate(count);
    merged.extend_from_slice(&set[at..]);
    merged.extend(words[at_word..].iter().map(|word| *word as u32));
}

/// The same for few words: what lies between them is copied as a whole.
fn merge_few(set: &[u32], words: &[u64], merged: &mut Vec<u32>) {
    merged.reserve(set.len() + words.len());
    let mut rest = set;
    for row in words.iter().map(|word| *word as u32) {
        let (before, behind) = rest.split_at(rest.partition_point(|other| *other < row));
        merged.extend_from_slice(before);
        merged.push(row);
        rest = behind.strip_prefix(&[row]).unwrap_or(behind);
    }
    merged.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sets_of_all_sizes_do_what_a_set_does() {
        let mut sets = RowSets::default();
        let mut handles = [0; 7];
        let mut models = vec![BTreeSet::new(); handles.len()];
        let mut state = 1u32;
        for step in 0..60_000u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // The first sets get most of the rows; many rows come again.
            let which = (state >> 8).leading_zeros() as usize % handles.len();
            let row = (1 << 29) | ((state >> 5) % (step / 3 + 10));
            sets.note_if(true, which as u32, row);
            sets.note_if(false, which as u32, row + 1);
            models[which].insert(row);
            if step % 997 == 0 || step == 59_999 {
                sets.settle(&mut handles, |handle| handle);
                assert!(sets.contains(handles[which], row) && !sets.contains(handles[which], 7));
            }
        }
        for (handle, model) in handles.into_iter().zip(models) {
            assert_eq!(sets.rows(handle), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn words_of_a_set_that_moved_are_used_again() {
        let (mut sets, mut handles) = (RowSets::default(), vec![0; 100]);
        for owner in 0..100 {
            for row in 0..40 {
                sets.note_if(true, owner, 1 + row);
                sets.settle(&mut handles, |handle| handle);
            }
        }
        // A hundred sets of 64 words, and one each of 16 and 32 for all of them in turn.
        assert_eq!(sets.bytes(), 4 * (100 * 64 + 32 + 16));
        assert_eq!(sets.rows(0), [0; 0]);
    }

    #[test]
    fn sets_that_were_replaced_and_moved_hold_what_they_held() {
        let (mut sets, mut handles) = (RowSets::default(), vec![0; 300]);
        let mut models: Vec<Vec<u32>> = (0..300).map(|owner| (1..=owner * 7 % 90).collect()).collect();
        for (owner, model) in (0..).zip(&models) {
            model.iter().for_each(|row| sets.note_if(true, owner, *row));
        }
        sets.settle(&mut handles, |handle| handle);
        let before = sets.held_bytes();
        for (owner, model) in models.iter_mut().enumerate() {
            model.retain(|row| !row.is_multiple_of(owner as u32 % 4 + 1));
            sets.replace(&mut handles[owner], model);
        }
        sets.compact(&mut handles, |handle| handle);
        let hold = |sets: &RowSets, handles: &[Handle], models: &[Vec<u32>]| {
            handles.iter().zip(models).for_each(|(handle, model)| assert_eq!(sets.rows(*handle), model));
        };
        hold(&sets, &handles, &models);
        assert!(sets.held_bytes() < before);
        // And they go on.
        for (owner, model) in models.iter_mut().enumerate() {
            sets.note_if(true, owner as u32, 1000);
            model.push(1000);
        }
        sets.settle(&mut handles, |handle| handle);
        hold(&sets, &handles, &models);
    }

    #[test]
    fn both_ways_of_merging_give_the_union() {
        let word = |row: u32| 7 << 32 | u64::from(row);
        for size in [0, 1, 5, 100] {
            for step in 1..30 {
                let set: Vec<u32> = (0..size).map(|row| row * 3).collect();
                let rows: Vec<u32> = (0..size * 3 + 5).filter(|row| row % step == 0).collect();
                let words: Vec<u64> = rows.iter().copied().map(word).collect();
                let expected: Vec<u32> = set.iter().copied().chain(rows).collect::<BTreeSet<_>>().into_iter().collect();
                let (mut merged, mut few) = (vec![9], Vec::new());
                merge(&set, &words, &mut merged);
                merge_few(&set, &words, &mut few);
                assert_eq!((&merged, &few), (&expected, &expected), "{size} rows, every {step}th");
            }
        }
    }

    #[test]
    fn repeats_are_dropped() {
        for (mut values, expected) in [
            (vec![], &[][..]),
            (vec![0, 0, 0], &[0]),
            (vec![1, 2, 2, 3, 3, 3, 4], &[1, 2, 3, 4]),
            (vec![5, 6], &[5, 6]),
        ] {
            assert_eq!(without_repeats(&mut values), expected);
        }
    }
}
