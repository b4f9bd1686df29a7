//! The structural scan with NEON, which every aarch64 has.
#![allow(unsafe_code)]

use super::{flatten, padded};
use core::arch::aarch64::*;

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

/// One bit a byte. NEON has no mask of the high bits; each byte is masked to a bit of its own, and three rounds of
/// adding neighbours gather eight bytes' bits in one.
#[inline(always)]
fn mask(block: &[u8; 64]) -> u64 {
    // SAFETY: NEON is part of aarch64; each load takes 16 readable bytes of an array of 64 or 16.
    unsafe {
        let bits = vld1q_u8([1u8, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128].as_ptr());
        let marks = |at: usize| {
            let text = vld1q_u8(block.as_ptr().add(at));
            let equal = |byte: u8| vceqq_u8(text, vdupq_n_u8(byte));
            vandq_u8(vorrq_u8(vorrq_u8(equal(b'"'), equal(b'\\')), equal(b'\n')), bits)
        };
        let pairs = vpaddq_u8(vpaddq_u8(marks(0), marks(16)), vpaddq_u8(marks(32), marks(48)));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)))
    }
}
