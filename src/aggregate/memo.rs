//! Shortcuts for keys of which a log has few: methods and protocols, which are short; agents, which are long.
//!
//! Each has a number of places, found by some bytes of the key without a hash of the whole. They only remember what the
//! table answered, so a clash costs a look-up in the table and nothing else.

use super::index::NOBODY;
use super::key::folded;

/// Remembers the rows of keys of up to eight bytes.
pub struct Memo {
    keys: [(u64, usize); 16],
    rows: [u32; 16],
}

impl Default for Memo {
    fn default() -> Self {
        // No key has this length, so every place is vacant.
        Memo { keys: [(0, usize::MAX); 16], rows: [0; 16] }
    }
}

impl Memo {
    /// The row of `key`: remembered, or asked from `table` and remembered.
    #[inline(always)]
    pub fn row(&mut self, key: &[u8], table: impl FnOnce(&[u8]) -> u32) -> u32 {
        let Some(word) = word(key) else { return table(key) };
        let place = (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize;
        if self.keys[place] != (word, key.len()) {
            self.rows[place] = table(key);
            self.keys[place] = (word, key.len());
        }
        self.rows[place]
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
const LONG_LEAST: usize = 32;

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

/// A hash of the length and of eight words evenly spaced over the key, by pairs, whose products do not wait for each other.
#[inline(always)]
fn sample(key: &[u8]) -> Option<u64> {
    let step = key.len().checked_sub(LONG_LEAST)? / 8 + 3;
    // Seven steps and a word are not longer than the key: 7 * ((length - 32) / 8 + 3) + 8 <= length.
    let word = |number: usize| Some(u64::from_le_bytes(*key.get(number * step..)?.first_chunk()?) ^ MIXED_IN[number]);
    let pair = |number: usize| Some(folded(word(number)?, word(number + 1)?));
    let pairs = [pair(0)?, pair(2)?, pair(4)?, pair(6)?];
    let length = (key.len() as u64).wrapping_mul(MIXED_IN[0]);
    Some(length ^ (pairs[0] ^ pairs[1].rotate_left(17)).wrapping_add(pairs[2] ^ pairs[3].rotate_left(31)))
}

/// Eight numbers without a pattern: the fractions of the square roots of the first primes.
const MIXED_IN: [u64; 8] = [
    0x6A09_E667_F3BC_C909,
    0xBB67_AE85_84CA_A73B,
    0x3C6E_F372_FE94_F82B,
    0xA54F_F53A_5F1D_36F1,
    0x510E_527F_ADE6_82D1,
    0x9B05_688C_2B3E_6C1F,
    0x1F83_D9AB_FB41_BD6B,
    0x5BE0_CD19_137E_2179,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn it_answers_what_the_table_would() {
        let mut memo = Memo::default();
        let keys =
            ["GET", "POST", "G", "GE", "HTTP/1.1", "HTTP/2.0", "PROPFIND", "VERSION-CONTROL", "", "GXT", "GET\0"];
        let table: HashMap<&[u8], u32> = keys.iter().zip(0..).map(|(key, row)| (key.as_bytes(), row)).collect();
        for step in 0..200 {
            let key = keys[step * 7 % keys.len()].as_bytes();
            assert_eq!(memo.row(key, |key| table[key]), table[key], "{key:?}");
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
            assert_eq!(sample(&vec![b'x'; length]).is_some(), length >= LONG_LEAST, "length {length}");
        }
    }
}
