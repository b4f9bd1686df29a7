//! hash -> id: the index of a table whose entries lie elsewhere, in the order of their first sighting.
//!
//! Open addressing with linear probing over 8-byte slots: the high half is a 32-bit hash, the low half the id plus one
//! (0: empty). A slot's place is given by the top bits of its hash, so slots lie sorted by hash but for the probing.
//! Growing is then one sequential pass, without reading an entry, and so is inserting one index into another.
//!
//! Invariant: at most 5 of 8 slots are taken, so a probe ends. Two keys with one 32-bit hash cost a comparison of keys,
//! never a wrong answer.

use super::huge::Huge;
use super::prefetch::prefetch;

/// The slots of an empty index, once something is inserted.
const FIRST_BITS: u32 = 10;

/// Ids by hash.
pub struct Index {
    slots: Huge<u64>,
    bits: u32,
    taken: usize,
}

impl Default for Index {
    fn default() -> Self {
        Index { slots: Huge::zeroed(1 << FIRST_BITS), bits: FIRST_BITS, taken: 0 }
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
    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        (hash >> (32 - self.bits)) as usize
    }

    /// Brings the slot of a hash near.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        if let Some(slot) = self.slots.as_slice().get(self.home(hash)) {
            prefetch(slot);
        }
    }

    /// The first id with this hash that stands at or after the hash's home, without comparing keys: a good guess of
    /// which entry to bring near.
    #[inline(always)]
    pub fn guess(&self, hash: u32) -> Option<u32> {
        let slots = self.slots.as_slice();
        let mask = slots.len() - 1;
        let home = self.home(hash);
        for at in home..home + 4 {
            let slot = slots[at & mask];
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == hash {
                return Some(slot as u32 - 1);
            }
        }
        None
    }

    /// Finds the id with this hash for which `same` holds.
    #[inline(always)]
    pub fn find(&self, hash: u32, mut same: impl FnMut(u32) -> bool) -> Found {
        let slots = self.slots.as_slice();
        let mask = slots.len() - 1;
        let mut at = self.home(hash);
        loop {
            let slot = slots[at & mask];
            if slot == 0 {
                return Found::Vacant(at & mask);
            }
            if (slot >> 32) as u32 == hash && same(slot as u32 - 1) {
                return Found::Id(slot as u32 - 1);
            }
            at += 1;
        }
    }

    /// Puts `id` into the vacant slot that `find` told for this hash.
    #[inline]
    pub fn insert(&mut self, vacant: usize, hash: u32, id: u32) {
        self.slots.as_mut_slice()[vacant] = u64::from(hash) << 32 | u64::from(id + 1);
        self.taken += 1;
        if self.taken * 8 > self.slots.as_slice().len() * 5 {
            self.resize(self.bits + 1);
        }
    }

    /// Makes room for `more` further ids, so that inserting them grows nothing.
    pub fn reserve(&mut self, more: usize) {
        let mut bits = self.bits;
        while (self.taken + more) * 8 > (1usize << bits) * 5 {
            bits += 1;
        }
        if bits > self.bits {
            self.resize(bits);
        }
    }

    #[cold]
    fn resize(&mut self, bits: u32) {
        assert!(bits <= 32, "an index holds at most 2.6 billion ids");
        let mut slots = Huge::zeroed(1 << bits);
        let target = slots.as_mut_slice();
        let mask = target.len() - 1;
        for &slot in self.slots.as_slice().iter().filter(|slot| **slot != 0) {
            let mut at = ((slot >> 32) as u32 >> (32 - bits)) as usize;
            while target[at & mask] != 0 {
                at += 1;
            }
            target[at & mask] = slot;
        }
        self.slots = slots;
        self.bits = bits;
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.slots.bytes()
    }
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
        for hash in [poor_hash as fn(u64) -> u32, |key| (key as u32).wrapping_mul(0x9E37_79B9), |_| u32::MAX] {
            let (mut index, mut keys, mut model) = (Index::default(), Vec::new(), HashMap::new());
            for step in 0..4000u64 {
                let key = step * step % 1999;
                let id = match index.find(hash(key), |id| keys[id as usize] == key) {
                    Found::Id(id) => id,
                    Found::Vacant(slot) => {
                        keys.push(key);
                        index.insert(slot, hash(key), keys.len() as u32 - 1);
                        keys.len() as u32 - 1
                    }
                };
                let next = model.len() as u32;
                assert_eq!(id, *model.entry(key).or_insert(next), "key {key}");
            }
        }
    }

    #[test]
    fn reserving_keeps_what_was_there() {
        let mut index = Index::default();
        for id in 0..500u32 {
            let hash = id.wrapping_mul(0x9E37_79B9);
            let Found::Vacant(slot) = index.find(hash, |found| found == id) else { panic!("{id} is new") };
            index.insert(slot, hash, id);
        }
        index.reserve(100_000);
        for id in 0..500u32 {
            assert_eq!(index.find(id.wrapping_mul(0x9E37_79B9), |found| found == id), Found::Id(id));
        }
    }
}
