//! Shortcuts for keys of which a log has few: methods and protocols, which are short; agents, which are long.
//!
//! Each has a number of places, found by some bytes of the key without a hash of the whole. They only remember what the
//! table answered, so a clash costs a look-up in the table and nothing else.

use super::index::NOBODY;
use super::key::{Key, folded};
use super::rows::Rows;
use crate::scan::chunk_at;

/// Remembers the rows of keys of up to eight bytes, and counts for them: the table is told the sums now and then.
#[derive(Default)]
pub struct Memo {
    places: [Place; 16],
}

/// An odd number that gives each usual method a place of its own, and each usual protocol: found by trying.
const APART: u64 = 0x65A4_FE7E_F81E_BCB9;

#[inline(always)]
fn place_of_word(word: u64) -> usize {
    (word.wrapping_mul(APART) >> 60) as usize
}

#[derive(Clone, Copy)]
struct Place {
    word: u64,
    length: usize,
    row: u32,
    hits: u64,
    bytes: u64,
}

impl Default for Place {
    fn default() -> Self {
        // No key has this length, so the place is vacant.
        Place { word: 0, length: usize::MAX, row: 0, hits: 0, bytes: 0 }
    }
}

impl Memo {
    /// Counts a record of `key`; `rows` know of it after [`settle`](Self::settle).
    #[inline(always)]
    pub fn add(&mut self, rows: &mut Rows, key: &[u8], bytes: u64) {
        let Some(word) = word(key) else {
            let row = rows.intern(&Key::new(key));
            return rows.add(row, 1, bytes);
        };
        let place = &mut self.places[place_of_word(word)];
        if (place.word, place.length) != (word, key.len()) {
            place.settle(rows);
            *place = Place { word, length: key.len(), row: rows.intern(&Key::new(key)), hits: 0, bytes: 0 };
        }
        place.hits += 1;
        place.bytes = place.bytes.saturating_add(bytes);
    }

    /// Adds what was counted to the rows.
    #[inline(always)]
    pub fn settle(&mut self, rows: &mut Rows) {
        self.places.iter_mut().filter(|place| place.hits > 0).for_each(|place| place.settle(rows));
    }
}

impl Place {
    #[inline(never)]
    fn settle(&mut self, rows: &mut Rows) {
        if self.hits > 0 {
            rows.add(self.row, std::mem::take(&mut self.hits), std::mem::take(&mut self.bytes));
        }
    }
}

/// The bytes of a key of one to eight bytes; keys of one length have different words.
#[inline(always)]
fn word(key: &[u8]) -> Option<u64> {
    match *key {
        [first, .., last] if key.len() < 4 => {
            Some(u64::from_le_bytes([first, key[key.len() / 2], last, 0, 0, 0, 0, 0]))
        }
        [only] => Some(u64::from(only)),
        _ if key.len() > 8 => None,
        _ => match (key.first_chunk(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                Some(u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32)
            }
            _ => None,
        },
    }
}

/// Places of a [`LongMemo`].
const LONG_PLACES: usize = 512;
/// Least length of a key that it remembers.
const LONG_LEAST: u32 = 32;

/// Remembers the rows of long keys.
pub struct LongMemo {
    /// The sample of the key that each place remembers, and its row.
    places: Vec<(u64, u32)>,
}

impl Default for LongMemo {
    fn default() -> Self {
        LongMemo { places: vec![(0, NOBODY); LONG_PLACES] }
    }
}

impl LongMemo {
    /// The row of `key` if it is remembered. `holds` tells whether a row is the key's.
    #[inline(always)]
    pub fn row(&self, key: &[u8], holds: impl FnOnce(u32) -> bool) -> Option<u32> {
        let sample = sample(key)?;
        let (known, row) = self.places[place_of(sample)];
        (known == sample && row != NOBODY && holds(row)).then_some(row)
    }

    /// Remembers the row of `key`.
    #[inline(never)]
    pub fn remember(&mut self, key: &[u8], row: u32) {
        if let Some(sample) = sample(key) {
            self.places[place_of(sample)] = (sample, row);
        }
    }
}

fn place_of(sample: u64) -> usize {
    (sample >> 48) as usize % LONG_PLACES
}

/// A hash of the length and of eight words evenly spaced over the key. It needs no seed: a clash costs a look-up.
#[inline(always)]
fn sample(key: &[u8]) -> Option<u64> {
    // In 32 bits, so that the compiler knows that no place is behind the end of all memory.
    let length = u32::try_from(key.len()).ok()?;
    let step = (length.checked_sub(LONG_LEAST)? / 8 + 3) as usize;
    // Seven steps and a word are not longer than the key: 7 * ((length - 32) / 8 + 3) + 8 <= length.
    let word = |number: usize| Some(u64::from_le_bytes(*chunk_at(key, number * step)?));
    // Two of them, whose products do not wait for each other. A product's low bits know only of low bits, so it is turned.
    let mut mixed = [u64::from(length), 0];
    for pair in 0..4 {
        mixed[0] = (mixed[0] ^ word(2 * pair)?).wrapping_mul(ODD).rotate_left(23);
        mixed[1] = (mixed[1] ^ word(2 * pair + 1)?).wrapping_mul(ODD).rotate_left(23);
    }
    Some(folded(mixed[0], mixed[1]))
}

/// An odd number without a pattern: the fraction of the golden ratio.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_what_they_would_have_been_told_one_by_one() {
        let (mut memo, mut rows, mut expected) = (Memo::default(), Rows::default(), Rows::default());
        let keys =
            ["GET", "POST", "G", "GE", "HTTP/1.1", "HTTP/2.0", "PROPFIND", "VERSION-CONTROL", "", "GXT", "GET\0"];
        for step in 0..200 {
            let (key, bytes) = (keys[step * 7 % keys.len()].as_bytes(), [5, u64::MAX][usize::from(step % 90 == 89)]);
            memo.add(&mut rows, key, bytes);
            let row = expected.intern(&Key::new(key));
            expected.add(row, 1, bytes);
            if step % 30 == 29 {
                memo.settle(&mut rows);
            }
        }
        memo.settle(&mut rows);
        assert!(rows.iter().eq(expected.iter()));
    }

    #[test]
    fn usual_keys_do_not_clash() {
        let methods: &[&str] = &["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "-"];
        let protocols: &[&str] = &["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0", "HTTP/2", "HTTP/3", "HTTP/0.9", "-"];
        for keys in [methods, protocols] {
            let places = keys.iter().filter_map(|key| word(key.as_bytes())).map(place_of_word);
            assert_eq!(places.collect::<std::collections::HashSet<_>>().len(), keys.len(), "{keys:?}");
        }
    }

    #[test]
    fn keys_of_one_length_have_different_words() {
        for length in 1..=8 {
            let key = vec![b'a'; length];
            for at in 0..length {
                let mut other = key.clone();
                other[at] = b'b';
                assert_ne!(word(&key), word(&other), "length {length}, byte {at}");
            }
        }
    }

    #[test]
    fn long_keys_are_remembered_and_told_apart_by_their_table() {
        let mut memo = LongMemo::default();
        // Keys of all lengths that differ in one byte anywhere, so that most of them have a twin with the same sample.
        let keys: Vec<Vec<u8>> = (20..200usize)
            .flat_map(|length| [0, length / 3, length - 1].map(|at| (length, at)))
            .map(|(length, at)| (0..length).map(|byte| b'a' + u8::from(byte == at)).collect())
            .collect();
        for step in 0..5000 {
            let row = step * 7 % keys.len();
            match memo.row(&keys[row], |known| keys[known as usize] == keys[row]) {
                Some(found) => assert_eq!(found as usize, row),
                None => memo.remember(&keys[row], row as u32),
            }
        }
    }

    #[test]
    fn every_key_from_the_least_length_on_has_a_sample() {
        for length in 0..1000 {
            assert_eq!(sample(&vec![b'x'; length]).is_some(), length >= LONG_LEAST as usize, "length {length}");
        }
    }
}
