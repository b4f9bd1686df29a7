//! A table of rows by text key: hits and bytes of each path, client, agent, ...
//!
//! An entry is one cache line. A key of up to 40 bytes lies in it; of a longer one the first 32 bytes do, and the whole
//! key is in an arena. Rows are numbered by their first sighting, and other tables speak of them by that number. How many
//! visitors a row had is found at the end, see `visits`. Where memory is bounded a table keeps its greatest rows: see
//! [`bounds`].

pub mod bounds;

use super::huge::Growing;
use super::index::{Found, Index, NOBODY};
use super::key::{HEAD_BYTES, Key, Secrets};
use super::lookups::Lookups;
use arrayvec::ArrayVec;
use bounds::Bounds;

#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Entry {
    hits: u64,
    bytes: u64,
    length: u32,
    hash: u32,
    /// The key's words; of a key longer than its head the last word is its place in the arena.
    key: [u64; 5],
}

/// Hits and bytes by key.
pub struct Rows {
    index: Index,
    entries: Growing<Entry>,
    /// Keys too long for their entry, one behind the other.
    arena: Growing<u8>,
    secrets: &'static Secrets,
    /// What is known of rows that are not here, once there may be any.
    bounds: Option<Box<Bounds>>,
}

impl Default for Rows {
    fn default() -> Self {
        Rows {
            index: Index::default(),
            entries: Growing::default(),
            arena: Growing::default(),
            secrets: Secrets::of_process(),
            bounds: None,
        }
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
}

impl Rows {
    /// The hash of a key, the same in every table of this process.
    #[inline(always)]
    pub fn hash(&self, key: &Key<'_>) -> u32 {
        key.hash(self.secrets)
    }

    /// First stage of a batch, at most [`BATCH`](super::lookups::BATCH) texts, most of which lie in `around`: hash them as
    /// keys, and bring their slots of the index near.
    #[inline(always)]
    pub fn seek<'text>(&self, texts: impl Iterator<Item = &'text [u8]>, around: &[u8], lookups: &mut Lookups<'text>) {
        for text in texts {
            let key = Key::within(text, around);
            let hash = self.hash(&key);
            self.prefetch_slot(hash);
            lookups.keys.push(key);
            lookups.hashes.push(hash);
        }
    }

    /// Second stage: guess the rows, and bring their entries near.
    #[inline(always)]
    pub fn guess(&self, lookups: &mut Lookups<'_>) {
        lookups.rows.extend(lookups.hashes.iter().map(|hash| self.prefetch_entry(*hash)));
    }

    /// Third stage: the rows of the keys, made where they are new; each counts a record of so many bytes.
    #[inline(always)]
    pub fn count(&mut self, lookups: &mut Lookups<'_>, bytes: impl Iterator<Item = u64>) {
        for (((row, hash), key), bytes) in lookups.rows.iter_mut().zip(&lookups.hashes).zip(&lookups.keys).zip(bytes) {
            *row = self.intern_guessed(*row, *hash, key);
            self.add(*row, 1, bytes);
        }
    }

    /// The first stage for one hash.
    #[inline(always)]
    pub fn prefetch_slot(&self, hash: u32) {
        self.index.prefetch(hash);
    }

    /// The second.
    #[inline(always)]
    pub fn prefetch_entry(&self, hash: u32) -> u32 {
        let guess = self.index.guess(hash);
        self.entries.prefetch(guess);
        guess
    }

    /// The third. `guess` is the second's.
    #[inline(always)]
    pub fn intern_guessed(&mut self, guess: u32, hash: u32, key: &Key<'_>) -> u32 {
        if self.holds(guess, key) { guess } else { self.intern_hashed(hash, key) }
    }

    /// The row of a key, made if it is new.
    #[inline]
    pub fn intern(&mut self, key: &Key<'_>) -> u32 {
        let hash = self.hash(key);
        self.intern_guessed(self.index.guess(hash), hash, key)
    }

    #[inline(never)]
    fn intern_hashed(&mut self, hash: u32, key: &Key<'_>) -> u32 {
        match self.index.find(hash, |id| self.holds(id, key)) {
            Found::Id(id) => id,
            Found::Vacant(slot) => self.add_row(slot, hash, key),
        }
    }

    /// The row of a key, if there is one.
    pub fn lookup(&self, key: &[u8]) -> Option<u32> {
        let key = Key::new(key);
        match self.index.find(self.hash(&key), |id| self.holds(id, &key)) {
            Found::Id(id) => Some(id),
            Found::Vacant(_) => None,
        }
    }

    #[inline(always)]
    fn holds(&self, id: u32, key: &Key<'_>) -> bool {
        let Some(entry) = self.entries.get(id) else { return false };
        let ([a, b, c, d, e], [v, w, x, y, z]) = (entry.key, key.head);
        let head = (a ^ v) | (b ^ w) | (c ^ x) | (d ^ y) | (u64::from(entry.length) ^ key.text.len() as u64);
        if key.text.len() <= HEAD_BYTES { head | (e ^ z) == 0 } else { head == 0 && self.long(entry) == key.text }
    }

    fn add_row(&mut self, slot: usize, hash: u32, key: &Key<'_>) -> u32 {
        let length = u32::try_from(key.text.len()).expect("a key is part of a line, and lines are shorter than 4 GiB");
        let mut entry = Entry { hits: 0, bytes: 0, length, hash, key: key.head };
        if key.text.len() > HEAD_BYTES {
            let place = self.arena.extend_zeroed(key.text.len());
            self.arena.as_mut_slice()[place..].copy_from_slice(key.text);
            entry.key[4] = place as u64;
        }
        let id = u32::try_from(self.entries.push(entry)).ok().filter(|id| *id != NOBODY);
        let id = id.expect("a table holds at most 1.6 billion rows");
        self.index.insert(slot, hash, id, |id| self.entries.as_slice()[id as usize].hash);
        if let Some(bounds) = &mut self.bounds {
            bounds.admit(key.text);
        }
        id
    }

    /// Adds hits and bytes to a row.
    #[inline(always)]
    pub fn add(&mut self, id: u32, hits: u64, bytes: u64) {
        let entry = self.entries.get_mut(id).expect("a row has an entry");
        entry.hits += hits;
        entry.bytes = entry.bytes.saturating_add(bytes);
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The key of a row.
    #[inline(always)]
    pub fn key_of(&self, id: u32) -> &[u8] {
        self.view(&self.entries.as_slice()[id as usize]).key
    }

    /// One row.
    pub fn get(&self, id: u32) -> RowView<'_> {
        self.view(&self.entries.as_slice()[id as usize])
    }

    /// All rows in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = RowView<'_>> {
        self.entries.as_slice().iter().map(|entry| self.view(entry))
    }

    #[inline(always)]
    fn view<'table>(&'table self, entry: &'table Entry) -> RowView<'table> {
        let key = match bytemuck::bytes_of(&entry.key).get(..entry.length as usize) {
            Some(key) => key,
            None => self.long(entry),
        };
        RowView { key, hits: entry.hits, bytes: entry.bytes }
    }

    /// The key of an entry, where it is longer than its head.
    fn long(&self, entry: &Entry) -> &[u8] {
        let place = entry.key[4] as usize;
        &self.arena.as_slice()[place..place + entry.length as usize]
    }

    /// Adds all rows of `other`, and returns this table's number for each row of the other.
    pub fn merge(&mut self, other: &Rows) -> Vec<u32> {
        self.begin_merge(other);
        self.index.reserve(other.len(), |id| self.entries.as_slice()[id as usize].hash);
        let mut numbers = Vec::with_capacity(other.len());
        for some in other.entries.as_slice().chunks(AHEAD) {
            some.iter().for_each(|entry| self.prefetch_slot(entry.hash));
            let guesses: ArrayVec<u32, AHEAD> = some.iter().map(|entry| self.prefetch_entry(entry.hash)).collect();
            for (entry, guess) in some.iter().zip(guesses) {
                let id = self.intern_guessed(guess, entry.hash, &other.key(entry));
                self.add(id, entry.hits, entry.bytes);
                numbers.push(id);
            }
        }
        self.end_merge(other, &numbers);
        numbers
    }

    fn key<'table>(&'table self, entry: &'table Entry) -> Key<'table> {
        let text = self.view(entry).key;
        if text.len() > HEAD_BYTES { Key::new(text) } else { Key { text, head: entry.key } }
    }

    /// Bytes it takes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.entries.bytes() + self.arena.bytes()
    }
}

/// Rows merged together, so that memory is asked for ahead.
const AHEAD: usize = 32;

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
                    let id = rows.intern(&Key::new(&key));
                    assert_eq!(id as usize, (length - 1) * 2 + usize::from(last == b'b'), "length {length}");
                    rows.add(id, 1, length as u64);
                    assert_eq!(rows.get(id).key, key);
                    assert_eq!(rows.get(id).hits, round + 1);
                }
            }
        }
    }

    #[test]
    fn a_difference_anywhere_is_a_row_of_its_own() {
        let mut rows = Rows::default();
        for length in 0..100 {
            let text: Vec<u8> = (0..length as u8).collect();
            let id = rows.intern(&Key::new(&text));
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert_ne!(rows.intern(&Key::new(&other)), id, "length {length}, byte {at}");
            }
        }
    }

    #[test]
    fn merging_adds_hits_and_numbers_the_other_rows() {
        let (mut left, mut right) = (Rows::default(), Rows::default());
        let long = "c".repeat(100);
        for (rows, keys) in [(&mut left, ["a", "b"]), (&mut right, ["b", &long])] {
            for key in keys {
                let id = rows.intern(&Key::new(key.as_bytes()));
                rows.add(id, 1, 10);
            }
        }
        assert_eq!(left.merge(&right), [1, 2]);
        assert_eq!(left.get(1), RowView { key: b"b", hits: 2, bytes: 20 });
        assert_eq!(left.lookup(long.as_bytes()), Some(2));
        assert_eq!(left.lookup(b"d"), None);
    }
}
