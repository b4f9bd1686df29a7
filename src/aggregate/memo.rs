//! A shortcut for short keys of which a log has a handful: methods, protocols.
//!
//! Sixteen places, each found by the bytes of the key without a hash of the whole. It only remembers what the table
//! answered, so a clash costs a look-up in the table and nothing else.

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
}
