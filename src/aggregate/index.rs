//! hash -> id: the index of a table whose entries lie elsewhere, in the order of their first sighting.
//!
//! Open addressing over 4-byte slots, a cache line of 16 at a time: all of a group's slots are compared at once, so a
//! look-up reads one line, rarely two. Of a 32-bit hash the top `bits` bits say a slot, which stands for its group, and the
//! rest, the tag, stands in the slot's own top bits above the id plus one (0: empty); so a slot needs no more than 32
//! bits, and what is found is most often what was looked for. Small slots are what makes a look-up cheap: the index of a
//! million ids is 8 MiB, which the last cache holds.
//!
//! Source of the groups: Abseil's "Swiss tables" (Kulukundis, CppCon 2017), there with one byte a slot.
//!
//! Invariant: at most 3 of 4 slots are taken, so a probe ends and an id plus one fits below the tag. Two keys with one
//! tag cost a comparison of keys, never a wrong answer.

use super::huge::Huge;
use super::prefetch::prefetch;
use crate::scan::lanes;
use std::hint::select_unpredictable;

/// Slots compared at once: a cache line.
const GROUP: usize = 16;
/// The slots of an empty index, as a power of two.
const FIRST_BITS: u32 = 8;
/// Slots at most: beyond it no tag is left.
const BITS_MAX: u32 = 31;

/// Ids put into new slots together, so that memory is asked for ahead.
const AHEAD: usize = 32;

/// No id.
pub const NOBODY: u32 = u32::MAX;

/// Ids by hash.
pub struct Index {
    slots: Huge<u32>,
    bits: u32,
    taken: usize,
}

impl Default for Index {
    fn default() -> Self {
        Index { slots: Huge::zeroed_for_reading(1 << FIRST_BITS), bits: FIRST_BITS, taken: 0 }
    }
}

/// What [`Index::find`] found: the id, or the slot where it would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The id whose key is equal.
    Id(u32),
    /// No such key; it would go into this slot.
    Vacant(usize),
}

impl Index {
    /// The number of the group in which a hash belongs.
    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        home(hash, self.bits)
    }

    #[inline(always)]
    fn groups(&self) -> &[[u32; GROUP]] {
        self.slots.as_slice().as_chunks().0
    }

    /// Brings the group of a hash near.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        if let Some(group) = self.groups().get(self.home(hash)) {
            prefetch(group);
        }
    }

    /// The id in a slot if its tag is that of the hash, else [`NOBODY`].
    #[inline(always)]
    fn id_in(&self, slot: u32, hash: u32) -> u32 {
        // With equal tags only the id plus one is left; it is 0 in an empty slot.
        let left = (slot ^ (hash << self.bits)).wrapping_sub(1);
        select_unpredictable(left < (1 << self.bits) - 1, left, NOBODY)
    }

    /// The first id with this tag in the hash's own group, without comparing keys: a good guess of which entry will be
    /// found. [`NOBODY`] without one. No branch, since where a key stands cannot be foretold.
    #[inline(always)]
    pub fn guess(&self, hash: u32) -> u32 {
        let Some(group) = self.groups().get(self.home(hash)) else { return NOBODY };
        let mask = lanes::equal_above(group, hash << self.bits, self.bits);
        // Without any the first slot is asked again, to no effect.
        self.id_in(group[mask.trailing_zeros() as usize % GROUP], hash)
    }

    /// Finds the id with this hash for which `same` holds.
    #[inline(always)]
    pub fn find(&self, hash: u32, mut same: impl FnMut(u32) -> bool) -> Found {
        let groups = self.groups();
        let mut at = self.home(hash);
        loop {
            let group = &groups[at & (groups.len() - 1)];
            let mut mask = lanes::equal_above(group, hash << self.bits, self.bits);
            while mask != 0 {
                let id = self.id_in(group[mask.trailing_zeros() as usize % GROUP], hash);
                if id != NOBODY && same(id) {
                    return Found::Id(id);
                }
                mask &= mask - 1;
            }
            let vacant = lanes::equal_above(group, 0, 0);
            if vacant != 0 {
                return Found::Vacant((at & (groups.len() - 1)) * GROUP + vacant.trailing_zeros() as usize);
            }
            at += 1;
        }
    }

    /// Puts `id` into the vacant slot that `find` told for this hash. `hash_of` tells the hash of an id that is in it
    /// already, for when it has to grow.
    #[inline]
    pub fn insert(&mut self, vacant: usize, hash: u32, id: u32, hash_of: impl Fn(u32) -> u32) {
        self.slots.as_mut_slice()[vacant] = (hash << self.bits) | (id + 1);
        self.taken += 1;
        if self.taken * 4 > self.slots.as_slice().len() * 3 {
            self.resize(self.bits + 1, hash_of);
        }
    }

    /// Makes room for `more` further ids, so that inserting them grows nothing.
    pub fn reserve(&mut self, more: usize, hash_of: impl Fn(u32) -> u32) {
        let mut bits = self.bits;
        while (self.taken + more) * 4 > (1usize << bits) * 3 {
            bits += 1;
        }
        if bits > self.bits {
            self.resize(bits, hash_of);
        }
    }

    /// Makes it the index of the ids from 0 to `count`, whatever it held; with no more memory than they need.
    pub fn rebuild(&mut self, count: usize, hash_of: impl Fn(u32) -> u32) {
        let mut bits = FIRST_BITS;
        while count * 4 > (1usize << bits) * 3 {
            bits += 1;
        }
        self.taken = count;
        self.resize(bits, hash_of);
    }

    /// Ids are given in order from 0, so those taken are all below `taken`.
    #[cold]
    #[inline(never)]
    fn resize(&mut self, bits: u32, hash_of: impl Fn(u32) -> u32) {
        assert!(bits <= BITS_MAX, "an index holds at most 1.6 billion ids");
        // The old slots go first: the system can give their memory to the new ones.
        self.slots = Huge::default();
        let mut slots = Huge::zeroed_for_reading(1 << bits);
        let (groups, _) = slots.as_mut_slice().as_chunks_mut::<GROUP>();
        let mask = groups.len() - 1;
        for from in (0..self.taken as u32).step_by(AHEAD) {
            let some = from..(self.taken as u32).min(from + AHEAD as u32);
            let mut hashes = [0; AHEAD];
            for (hash, id) in hashes.iter_mut().zip(some.clone()) {
                *hash = hash_of(id);
                prefetch(&groups[home(*hash, bits)]);
            }
            for (hash, id) in hashes.into_iter().zip(some) {
                let mut at = home(hash, bits);
                loop {
                    let group = &mut groups[at & mask];
                    let vacant = lanes::equal_above(group, 0, 0);
                    if vacant != 0 {
                        group[vacant.trailing_zeros() as usize % GROUP] = (hash << bits) | (id + 1);
                        break;
                    }
                    at += 1;
                }
            }
        }
        self.slots = slots;
        self.bits = bits;
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.slots.as_slice())
    }

    /// Bytes of memory that it keeps from others, in whole pages.
    pub fn held_bytes(&self) -> usize {
        self.slots.held_bytes(self.slots.as_slice().len())
    }
}

/// The number of the group in which a hash belongs, of an index of `1 << bits` slots.
#[inline(always)]
fn home(hash: u32, bits: u32) -> usize {
    // The top `bits` bits, without those that say the slot in its group: one shift.
    (hash >> (u32::BITS + GROUP.ilog2() - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// A poor hash on purpose: many collisions, many wraps past the end.
    fn poor_hash(key: u64) -> u32 {
        (key as u32).wrapping_mul(0x9E37_79B9) | 0xFFF0_0000
    }

    #[test]
    fn it_agrees_with_a_map_whatever_the_hash() {
        let hashes = [poor_hash as fn(u64) -> u32, |key| (key as u32).wrapping_mul(0x9E37_79B9), |_| u32::MAX, |_| 0];
        for hash in hashes {
            let (mut index, mut keys, mut model) = (Index::default(), Vec::new(), HashMap::new());
            for step in 0..4000u64 {
                let key = step * step % 1999;
                let id = match index.find(hash(key), |id| keys[id as usize] == key) {
                    Found::Id(id) => id,
                    Found::Vacant(slot) => {
                        keys.push(key);
                        index.insert(slot, hash(key), keys.len() as u32 - 1, |id| hash(keys[id as usize]));
                        keys.len() as u32 - 1
                    }
                };
                let next = model.len() as u32;
                assert_eq!(id, *model.entry(key).or_insert(next), "key {key}");
            }
        }
    }

    #[test]
    fn a_guess_is_an_id_with_the_tag_or_nobody() {
        let hash = |id: u32| id.wrapping_mul(0x9E37_79B9);
        let mut index = Index::default();
        for id in 0..10_000 {
            if let Found::Vacant(slot) = index.find(hash(id), |found| found == id) {
                index.insert(slot, hash(id), id, hash);
            }
        }
        let found = (0..10_000).filter(|id| index.guess(hash(*id)) == *id).count();
        assert!(found > 9000, "most are in their own group: {found}");
        assert_eq!(Index::default().guess(0), NOBODY);
        assert_eq!(Index::default().guess(u32::MAX), NOBODY);
    }

    #[test]
    fn rebuilt_it_holds_the_ids_from_zero_and_no_others() {
        let hash = |id: u32| id.wrapping_mul(0x9E37_79B9);
        let mut index = Index::default();
        index.reserve(100_000, hash);
        let large = index.bytes();
        for count in [0, 1, 192, 193, 5000] {
            index.rebuild(count, hash);
            assert!(index.bytes() < large);
            for id in 0..6000 {
                let found = index.find(hash(id), |found| found == id);
                assert_eq!(found == Found::Id(id), (id as usize) < count, "{id} of {count}");
            }
        }
    }

    #[test]
    fn reserving_keeps_what_was_there() {
        let hash = |id: u32| id.wrapping_mul(0x9E37_79B9);
        let mut index = Index::default();
        for id in 0..500u32 {
            let Found::Vacant(slot) = index.find(hash(id), |found| found == id) else { panic!("{id} is new") };
            index.insert(slot, hash(id), id, hash);
        }
        index.reserve(100_000, hash);
        for id in 0..500u32 {
            assert_eq!(index.find(hash(id), |found| found == id), Found::Id(id));
        }
    }
}
