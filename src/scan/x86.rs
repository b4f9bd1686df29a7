//! The structural scan with SSE2, which every x86-64 has, and with AVX2.
#![allow(unsafe_code)]

use super::{flatten, padded};
use core::arch::x86_64::*;

/// Bytes that the text is asked for ahead: the hardware's own prefetcher stops at each 4 KiB page.
const AHEAD: usize = 3072;

/// Proof that this CPU has AVX2 and what came with it or before, to count and find bits; only `detect` makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    /// Asks the CPU.
    pub fn detect() -> Option<Avx2> {
        let bits = is_x86_feature_detected!("popcnt") && is_x86_feature_detected!("bmi1");
        (bits && is_x86_feature_detected!("avx2")).then_some(Avx2(()))
    }

    /// Positions of quotes, backslashes and newlines; returns how many.
    pub fn structure(self, bytes: &[u8], positions: &mut [u32]) -> usize {
        // SAFETY: `self` exists, so `detect` saw AVX2, BMI1 and POPCNT on this CPU.
        unsafe { structure_avx2(bytes, positions) }
    }
}

/// Each mark has a low nibble of its own, so one shuffle of this table by the low nibbles puts each mark where it
/// stands and something else everywhere else: one comparison finds all three.
const MARK_BY_NIBBLE: [u8; 16] = [255, 255, b'"', 255, 255, 255, 255, 255, 255, 255, b'\n', 255, b'\\', 255, 255, 0];

#[target_feature(enable = "avx2,bmi1,popcnt")] // the whole loop is inside, so the call is paid once a chunk
fn structure_avx2(bytes: &[u8], positions: &mut [u32]) -> usize {
    // SAFETY: the table is the 16 readable bytes that the load takes.
    let half = unsafe { _mm_loadu_si128(MARK_BY_NIBBLE.as_ptr().cast()) };
    let table = _mm256_broadcastsi128_si256(half);
    let mask = |block: &[u8; 64]| {
        let (low, high) = block.split_at(32);
        let marks = |half: &[u8]| {
            // SAFETY: `half` is half of 64 bytes: the 32 readable bytes that the load takes; it needs no alignment.
            let text = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, text), text)) as u32
        };
        u64::from(marks(low)) | u64::from(marks(high)) << 32
    };
    let (blocks, tail) = bytes.as_chunks::<64>();
    let mut length = 0;
    let mut base = 0;
    for block in blocks {
        // A hint for any address, also one past the text.
        _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().wrapping_add(AHEAD).cast());
        length = flatten(mask(block), base, positions, length);
        base += 64;
    }
    flatten(mask(&padded(tail)), base, positions, length)
}

/// Positions of quotes, backslashes and newlines; returns how many.
pub fn structure_sse2(bytes: &[u8], positions: &mut [u32]) -> usize {
    let (blocks, tail) = bytes.as_chunks::<64>();
    let mut length = 0;
    let mut base = 0;
    for block in blocks {
        length = flatten(mask_sse2(block), base, positions, length);
        base += 64;
    }
    flatten(mask_sse2(&padded(tail)), base, positions, length)
}

#[inline(always)]
fn mask_sse2(block: &[u8; 64]) -> u64 {
    let (quarters, _) = block.as_chunks::<16>();
    quarters.iter().rev().fold(0, |mask, quarter| {
        // SAFETY: SSE2 is part of x86-64; `quarter` is the 16 readable bytes that the load takes.
        let marks = unsafe {
            let text = _mm_loadu_si128(quarter.as_ptr().cast());
            let equal = |byte: u8| _mm_cmpeq_epi8(text, _mm_set1_epi8(byte as i8));
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(equal(b'"'), equal(b'\\')), equal(b'\n')))
        };
        mask << 16 | u64::from(marks as u32)
    })
}
