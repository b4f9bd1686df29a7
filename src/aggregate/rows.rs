//! A table of rows by text key: hits, bytes and visitors of each path, client, agent, ...
//!
//! An entry is one cache line. A key of up to 40 bytes lies in it; of a longer one the first 32 bytes do, and the whole
//! key is in an arena. Rows are numbered by their first sighting, and other tables speak of them by that number.
//!
//! Keys come from a log and may be chosen by an attacker, so the hash is seeded anew for each process.

use super::huge::Blocks;
use super::index::{Found, Index};
use super::prefetch::prefetch;
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

/// The process's seed. One for all tables, so that a hash is computed once where a key goes into two of them, and so
/// that merging walks both indexes in one order.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Longest key that lies in its entry.
const INLINE: usize = 40;
/// Of a longer key, the bytes that lie in its entry before the arena offset.
const PREFIX: usize = 32;

#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Entry {
    hits: u64,
    bytes: u64,
    visitors: u32,
    length: u32,
    key: [u8; INLINE],
}

/// Hits, bytes and visitors by key.
pub struct Rows {
    index: Index,
    entries: Blocks<Entry>,
    arena: Arena,
    seed: RandomState,
}

impl Default for Rows {
    fn default() -> Self {
        Rows { index: Index::default(), entries: Blocks::default(), arena: Arena::default(), seed: SEED.clone() }
    }
}

/// One row, as `iter` and `get` show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowView<'table> {
    /// The key.
    pub key: &'table [u8],
    /// Records.
    pub hits: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Visitors.
    pub visitors: u32,
}

impl Rows {
    /// The hash of a key, the same in every table of this process.
    #[inline(always)]
    pub fn hash(&self, key: &[u8]) -> u32 {
        let mut hasher = self.seed.build_hasher();
        hasher.write(key);
        (hasher.finish() >> 32) as u32
    }

    /// First step of a look-up in batches: bring the index slot near.
    #[inline(always)]
    pub fn prefetch_slot(&self, hash: u32) {
        self.index.prefetch(hash);
    }

    /// Second step: bring the entry near.
    #[inline(always)]
    pub fn prefetch_entry(&self, hash: u32) {
        if let Some(id) = self.index.guess(hash) {
            prefetch(self.entries.get(id as usize));
        }
    }

    /// The row of a key, made if it is new.
    #[inline]
    pub fn intern(&mut self, hash: u32, key: &[u8]) -> u32 {
        let found = self.index.find(hash, |id| self.holds(id, key));
        match found {
            Found::Id(id) => id,
            Found::Vacant(slot) => self.add_row(slot, hash, key),
        }
    }

    /// The row of a key, if there is one.
    pub fn lookup(&self, key: &[u8]) -> Option<u32> {
        match self.index.find(self.hash(key), |id| self.holds(id, key)) {
            Found::Id(id) => Some(id),
            Found::Vacant(_) => None,
        }
    }

    #[inline(always)]
    fn holds(&self, id: u32, key: &[u8]) -> bool {
        let entry = self.entries.get(id as usize);
        if entry.length as usize != key.len() {
            return false;
        }
        match entry.key.get(..key.len()) {
            Some(inline) => same(inline, key),
            None => same(&entry.key[..PREFIX], &key[..PREFIX]) && same(self.arena.get(entry), key),
        }
    }

    #[cold]
    fn add_row(&mut self, slot: usize, hash: u32, key: &[u8]) -> u32 {
        let length = u32::try_from(key.len()).expect("a key is part of a line, and lines are shorter than 4 GiB");
        let mut entry = Entry { hits: 0, bytes: 0, visitors: 0, length, key: [0; INLINE] };
        if key.len() <= INLINE {
            entry.key[..key.len()].copy_from_slice(key);
        } else {
            entry.key[..PREFIX].copy_from_slice(&key[..PREFIX]);
            entry.key[PREFIX..].copy_from_slice(&self.arena.store(key).to_le_bytes());
        }
        let id = self.entries.push(entry) as u32;
        self.index.insert(slot, hash, id);
        id
    }

    /// Adds hits and bytes to a row.
    #[inline(always)]
    pub fn add(&mut self, id: u32, hits: u64, bytes: u64) {
        let entry = self.entries.get_mut(id as usize);
        entry.hits += hits;
        entry.bytes = entry.bytes.saturating_add(bytes);
    }

    /// Adds a visitor to a row.
    #[inline(always)]
    pub fn add_visitor(&mut self, id: u32) {
        self.entries.get_mut(id as usize).visitors += 1;
    }

    /// Adds visitors whom no other row's count of this table holds: a merge knows which are the same.
    pub fn add_visitors(&mut self, id: u32, visitors: u32) {
        self.entries.get_mut(id as usize).visitors += visitors;
    }

    /// Takes back a visitor that was counted twice.
    pub fn remove_visitor(&mut self, id: u32) {
        self.entries.get_mut(id as usize).visitors -= 1;
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One row.
    pub fn get(&self, id: u32) -> RowView<'_> {
        self.view(self.entries.get(id as usize))
    }

    /// All rows in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = RowView<'_>> {
        self.entries.iter().map(|entry| self.view(entry))
    }

    fn view<'table>(&'table self, entry: &'table Entry) -> RowView<'table> {
        let key = match entry.key.get(..entry.length as usize) {
            Some(inline) => inline,
            None => self.arena.get(entry),
        };
        RowView { key, hits: entry.hits, bytes: entry.bytes, visitors: entry.visitors }
    }

    /// Adds all rows of `other`, hits and bytes, and returns this table's number for each row of the other. Visitors
    /// are left to whoever knows which of them both tables have seen.
    pub fn merge(&mut self, other: &Rows) -> Vec<u32> {
        self.index.reserve(other.len());
        let mut numbers = Vec::with_capacity(other.len());
        for row in other.iter() {
            let id = self.intern(self.hash(row.key), row.key);
            self.add(id, row.hits, row.bytes);
            numbers.push(id);
        }
        numbers
    }

    /// Bytes it takes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.entries.bytes() + self.arena.bytes()
    }
}

/// Keys too long for their entry, one behind the other in blocks of 1 MiB or of one larger key.
#[derive(Default)]
struct Arena {
    blocks: Vec<Vec<u8>>,
}

const ARENA_BLOCK: usize = 1 << 20;

impl Arena {
    /// Stores a key; the block's number is in the high half of what it returns, the offset in the low half.
    fn store(&mut self, key: &[u8]) -> u64 {
        let fits = self.blocks.last().is_some_and(|block| block.capacity() - block.len() >= key.len());
        if !fits {
            // The first block is small: most logs have few long keys.
            let size = if self.blocks.is_empty() { ARENA_BLOCK / 16 } else { ARENA_BLOCK };
            self.blocks.push(Vec::with_capacity(size.max(key.len())));
        }
        let number = self.blocks.len() - 1;
        let block = &mut self.blocks[number];
        let offset = block.len();
        block.extend_from_slice(key);
        (number as u64) << 32 | offset as u64
    }

    /// The key of an entry longer than `INLINE`.
    #[inline]
    fn get(&self, entry: &Entry) -> &[u8] {
        let mut place = [0; 8];
        place.copy_from_slice(&entry.key[PREFIX..]);
        let place = u64::from_le_bytes(place);
        let offset = place as u32 as usize;
        &self.blocks[(place >> 32) as usize][offset..offset + entry.length as usize]
    }

    fn bytes(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum()
    }
}

/// Whether two texts of one length are equal. Straight-line for the short keys of logs, where a call of `memcmp` costs
/// more than the comparison.
#[inline(always)]
fn same(left: &[u8], right: &[u8]) -> bool {
    macro_rules! ends_equal {
        ($word:ty) => {{
            const SIZE: usize = size_of::<$word>();
            match (
                left.first_chunk::<SIZE>(),
                right.first_chunk::<SIZE>(),
                left.last_chunk::<SIZE>(),
                right.last_chunk::<SIZE>(),
            ) {
                (Some(a), Some(b), Some(y), Some(z)) => {
                    (<$word>::from_le_bytes(*a) ^ <$word>::from_le_bytes(*b))
                        | (<$word>::from_le_bytes(*y) ^ <$word>::from_le_bytes(*z))
                        == 0
                }
                _ => false,
            }
        }};
    }
    match left.len() {
        16..=32 => ends_equal!(u128),
        8..=15 => ends_equal!(u64),
        4..=7 => ends_equal!(u32),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_length_are_told_apart() {
        let mut rows = Rows::default();
        let key = |length: usize, last: u8| {
            let mut key = vec![b'k'; length];
            if let Some(end) = key.last_mut() {
                *end = last;
            }
            key
        };
        for round in 0..2 {
            for length in 1..200 {
                for last in [b'a', b'b'] {
                    let key = key(length, last);
                    let id = rows.intern(rows.hash(&key), &key);
                    assert_eq!(id as usize, (length - 1) * 2 + usize::from(last == b'b'), "length {length}");
                    rows.add(id, 1, length as u64);
                    assert_eq!(rows.get(id).key, key);
                    assert_eq!(rows.get(id).hits, round + 1);
                }
            }
        }
    }

    #[test]
    fn a_difference_anywhere_is_seen() {
        for length in 0..100 {
            let text: Vec<u8> = (0..length as u8).collect();
            assert!(same(&text, &text), "length {length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!same(&text, &other), "length {length}, byte {at}");
            }
        }
    }

    #[test]
    fn merging_adds_hits_and_numbers_the_other_rows() {
        let (mut left, mut right) = (Rows::default(), Rows::default());
        for (rows, keys) in [(&mut left, ["a", "b"]), (&mut right, ["b", "c"])] {
            for key in keys {
                let id = rows.intern(rows.hash(key.as_bytes()), key.as_bytes());
                rows.add(id, 1, 10);
            }
        }
        assert_eq!(left.merge(&right), [1, 2]);
        assert_eq!(left.get(1), RowView { key: b"b", hits: 2, bytes: 20, visitors: 0 });
        assert_eq!(left.lookup(b"c"), Some(2));
        assert_eq!(left.lookup(b"d"), None);
    }
}
