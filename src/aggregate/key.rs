//! A key as the tables take it: its text, its first 40 bytes as words, and its hash.
//!
//! The keys of logs are short and of every length, so code that asks for the length guesses its next step wrong on most
//! lines. A key is therefore loaded as five words whatever its length, bytes behind its end masked to zero: hash and
//! comparison of keys up to 40 bytes are straight lines of code. A key that lies in the middle of a text can be loaded
//! with the bytes that follow it; at the very end of a text it is copied.
//!
//! Keys come from a log and may be chosen by an attacker, so the hash is seeded anew for each process.
//! Source of the hash: multiplying and folding pairs of words that a secret was mixed into, as wyhash (Wang Yi) and
//! foldhash do; the bytes from the 41st on are hashed by the `foldhash` crate.

use crate::scan::chunk_at;
use foldhash::fast::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

/// Bytes of a key that are compared as words.
pub const HEAD_BYTES: usize = 40;
const WORDS: usize = HEAD_BYTES / 8;

/// The process's secrets. One set for all tables, so that a hash is computed once where a key goes into two of them.
static SECRETS: LazyLock<Secrets> = LazyLock::new(Secrets::new);

/// What the hash of a key is seeded with.
#[derive(Clone)]
pub struct Secrets {
    words: [u64; WORDS + 1],
    rest: RandomState,
}

impl Secrets {
    fn new() -> Secrets {
        let random = std::collections::hash_map::RandomState::new();
        Secrets { words: std::array::from_fn(|word| random.hash_one(word)), rest: RandomState::default() }
    }

    /// The secrets of this process.
    pub fn of_process() -> &'static Secrets {
        &SECRETS
    }
}

/// A text to look for in a table.
#[derive(Clone, Copy, Debug)]
pub struct Key<'text> {
    /// The whole text.
    pub text: &'text [u8],
    /// Its first 40 bytes, zeros behind its end.
    pub head: [u64; WORDS],
}

/// Forty bytes that are kept, then forty that are not: a mask for each length is a window of it.
static MASKS: [u8; 2 * HEAD_BYTES] = {
    let mut masks = [0; 2 * HEAD_BYTES];
    let mut at = 0;
    while at < HEAD_BYTES {
        masks[at] = 255;
        at += 1;
    }
    masks
};

impl<'text> Key<'text> {
    /// The key `text`, which most often lies in `around`; that makes it quicker and changes nothing else.
    #[inline(always)]
    pub fn within(text: &'text [u8], around: &[u8]) -> Key<'text> {
        let offset = text.as_ptr().addr().wrapping_sub(around.as_ptr().addr());
        let head = match chunk_at(around, offset) {
            // `text` begins there, so these are its bytes as far as it goes; the mask drops what follows it.
            Some(bytes) => masked(bytes, text.len()),
            None => copied(text),
        };
        Key { text, head }
    }

    /// The key `text`.
    pub fn new(text: &'text [u8]) -> Key<'text> {
        Key { text, head: copied(text) }
    }

    /// Its hash.
    #[inline(always)]
    pub fn hash(&self, secrets: &Secrets) -> u32 {
        let ([a, b, c, d, e], [s, t, u, v, w, x]) = (&self.head, &secrets.words);
        let mixed = folded(a ^ s, b ^ t) ^ folded(c ^ u, d ^ v).rotate_left(23);
        let hash = folded(mixed ^ e ^ w, self.text.len() as u64 ^ x);
        let hash = if self.text.len() > HEAD_BYTES { hash ^ hash_of_rest(self.text, secrets) } else { hash };
        (hash >> 32) as u32
    }
}

#[inline(always)]
fn masked(bytes: &[u8; HEAD_BYTES], length: usize) -> [u64; WORDS] {
    let from = HEAD_BYTES - length.min(HEAD_BYTES);
    let mask = MASKS.get(from..).and_then(<[u8]>::first_chunk::<HEAD_BYTES>).unwrap_or(&[0; HEAD_BYTES]);
    // Written out, since a call of `array::from_fn` is not always inlined.
    let word = |word| word_of(bytes, word) & word_of(mask, word);
    [word(0), word(1), word(2), word(3), word(4)]
}

#[inline(always)]
fn word_of(bytes: &[u8; HEAD_BYTES], word: usize) -> u64 {
    let mut own = [0; 8];
    own.copy_from_slice(&bytes[word * 8..word * 8 + 8]);
    u64::from_ne_bytes(own)
}

#[inline(never)]
fn copied(text: &[u8]) -> [u64; WORDS] {
    let mut bytes = [0; HEAD_BYTES];
    let length = text.len().min(HEAD_BYTES);
    bytes[..length].copy_from_slice(&text[..length]);
    masked(&bytes, length)
}

/// The halves of a product, folded into one word that depends on every bit of both factors.
#[inline(always)]
pub fn folded(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product >> 64) as u64 ^ product as u64
}

/// Whether two texts are equal, without a branch on where they differ: for long ones that most often are.
#[inline(always)]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    const BLOCK: usize = 32;
    if left.len() != right.len() {
        return false;
    }
    let (Some(left_end), Some(right_end)) = (left.last_chunk::<BLOCK>(), right.last_chunk::<BLOCK>()) else {
        return left == right;
    };
    let differences = |block: &[u8; BLOCK], other: &[u8; BLOCK]| {
        let ([a, b, c, d], [v, w, x, y]): ([u64; 4], [u64; 4]) = (bytemuck::cast(*block), bytemuck::cast(*other));
        (a ^ v) | (b ^ w) | (c ^ x) | (d ^ y)
    };
    let (blocks, _) = left.as_chunks::<BLOCK>();
    let (others, _) = right.as_chunks::<BLOCK>();
    // The last block overlaps the one before it.
    let mut different = differences(left_end, right_end);
    for (block, other) in blocks.iter().zip(others) {
        different |= differences(block, other);
    }
    different == 0
}

#[inline(never)]
fn hash_of_rest(text: &[u8], secrets: &Secrets) -> u64 {
    secrets.rest.hash_one(&text[HEAD_BYTES..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn where_a_key_lies_does_not_matter() {
        let text: Vec<u8> = (0..200).map(|byte| byte ^ 0x55).collect();
        for start in 0..text.len() {
            for end in start..text.len() {
                let key = &text[start..end];
                let alone = key.to_vec();
                let expected = Key::new(&alone);
                for (what, around) in [("inside", &text[..]), ("from it on", &text[start..]), ("nothing", &[])] {
                    let found = Key::within(key, around);
                    assert_eq!(found.head, expected.head, "{what}: {start}..{end}");
                    assert_eq!(found.hash(Secrets::of_process()), expected.hash(Secrets::of_process()), "{what}");
                }
                assert_eq!(Key::within(&alone, &text).head, expected.head, "elsewhere: {start}..{end}");
            }
        }
    }

    #[test]
    fn the_head_is_the_text_with_zeros_behind() {
        for length in 0..100 {
            let text = vec![0xAB; length];
            let head: Vec<u8> = Key::new(&text).head.iter().flat_map(|word| word.to_ne_bytes()).collect();
            let (kept, padding) = head.split_at(length.min(HEAD_BYTES));
            assert!(kept.iter().all(|byte| *byte == 0xAB) && padding.iter().all(|byte| *byte == 0), "{length}");
        }
    }

    #[test]
    fn texts_are_the_same_only_if_every_byte_is() {
        for length in 0..150 {
            let text: Vec<u8> = (0..length as u8).collect();
            assert!(same(&text, &text.clone()), "length {length}");
            assert!(!same(&text, &[&text[..], b"x"].concat()), "length {length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 1;
                assert!(!same(&text, &other), "length {length}, byte {at}");
            }
        }
    }

    #[test]
    fn keys_that_look_alike_have_different_hashes() {
        let mut hashes = HashSet::new();
        let mut count = 0;
        for length in 0..100 {
            for at in 0..length {
                for byte in [0, 1, 0x80] {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    count += usize::from(hashes.insert(Key::new(&text).hash(Secrets::of_process())));
                }
            }
        }
        // 32 bits of 14,850 keys collide 0.03 times; the secrets differ in each run.
        assert!(count >= 14_848, "{count}");
        let zeros: HashSet<_> = (0..100).map(|n| Key::new(&vec![0; n]).hash(Secrets::of_process())).collect();
        assert!(zeros.len() >= 99, "texts of NULs differ by their lengths");
    }
}
