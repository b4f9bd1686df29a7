//! The structural scan for any CPU, eight bytes in a word at a time.

use super::{flatten, padded};

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Positions of quotes, backslashes and newlines; returns how many.
pub fn structure(bytes: &[u8], positions: &mut [u32]) -> usize {
    let (blocks, tail) = bytes.as_chunks::<64>();
    let mut length = 0;
    let mut base = 0;
    for block in blocks {
        length = flatten(mask(block), base, positions, length);
        base += 64;
    }
    flatten(mask(&padded(tail)), base, positions, length)
}

/// One bit a byte: whether it is a mark.
fn mask(block: &[u8; 64]) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |mask, word| mask << 8 | mask_of_word(u64::from_le_bytes(*word)))
}

/// The mask of eight bytes.
fn mask_of_word(word: u64) -> u64 {
    let equal = |byte: u8| {
        let difference = word ^ (ONES * u64::from(byte));
        // The high bit of each byte that is zero, without a carry from one byte into the next.
        !(((difference & !HIGHS) + !HIGHS) | difference) & HIGHS
    };
    let marks = (equal(b'"') | equal(b'\\') | equal(b'\n')) >> 7;
    // Gathers the lowest bit of each byte in the top byte: each pair of factors meets in a place of its own.
    marks.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
