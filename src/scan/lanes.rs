//! Several values compared at once, as masks: bit `i` tells of value `i`.
//!
//! Which of a few places holds what is sought cannot be foretold, so loops over them guess their end wrong. SSE2 is part
//! of x86-64 and compares four 32-bit values or sixteen bytes in one instruction; elsewhere the same is a plain loop.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod kernel {
    use core::arch::x86_64::*;

    #[inline(always)]
    pub fn equal_or_zero(values: [u32; 4], value: u32) -> u32 {
        let values = bytemuck::cast(values);
        // SAFETY: SSE2 is part of x86-64, and these instructions touch registers only.
        unsafe {
            let equal = _mm_cmpeq_epi32(values, _mm_set1_epi32(value as i32));
            let zero = _mm_cmpeq_epi32(values, _mm_setzero_si128());
            _mm_movemask_ps(_mm_castsi128_ps(_mm_or_si128(equal, zero))) as u32
        }
    }

    #[inline(always)]
    pub fn equal_above(values: &[u32; 16], value: u32, bits: u32) -> u32 {
        let quarters: [[u32; 4]; 4] = bytemuck::cast(*values);
        // SAFETY: SSE2 is part of x86-64, and these instructions touch registers only.
        unsafe {
            let above = _mm_set1_epi32((u32::MAX << bits) as i32);
            let value = _mm_and_si128(_mm_set1_epi32(value as i32), above);
            let [a, b, c, d] =
                quarters.map(|quarter| _mm_cmpeq_epi32(_mm_and_si128(bytemuck::cast(quarter), above), value));
            // All ones and zeros stay what they are in half the width.
            let bytes = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
            _mm_movemask_epi8(bytes) as u32
        }
    }

    #[inline(always)]
    pub fn equal_bytes(block: &[u8; 64], byte: u8) -> u64 {
        let (quarters, _) = block.as_chunks::<16>();
        quarters.iter().rev().fold(0, |all, quarter| {
            let quarter = bytemuck::cast(*quarter);
            // SAFETY: SSE2 is part of x86-64, and these instructions touch registers only.
            let equal = unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(quarter, _mm_set1_epi8(byte as i8))) };
            all << 16 | u64::from(equal as u32)
        })
    }
}

#[cfg(not(target_arch = "x86_64"))]
use naive as kernel;

/// Which values are `value` or 0.
#[inline(always)]
pub fn equal_or_zero(values: [u32; 4], value: u32) -> u32 {
    kernel::equal_or_zero(values, value)
}

/// Which values have the same bits as `value` from bit `bits` (at most 31) upwards.
#[inline(always)]
pub fn equal_above(values: &[u32; 16], value: u32, bits: u32) -> u32 {
    kernel::equal_above(values, value, bits)
}

/// Which bytes are `byte`.
#[inline(always)]
pub fn equal_bytes(block: &[u8; 64], byte: u8) -> u64 {
    kernel::equal_bytes(block, byte)
}

/// The same, one value at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod naive {
    fn mask(hits: impl DoubleEndedIterator<Item = bool>) -> u64 {
        hits.rev().fold(0, |mask, hit| mask << 1 | u64::from(hit))
    }

    pub fn equal_or_zero(values: [u32; 4], value: u32) -> u32 {
        mask(values.iter().map(|other| *other == value || *other == 0)) as u32
    }

    pub fn equal_above(values: &[u32; 16], value: u32, bits: u32) -> u32 {
        mask(values.iter().map(|other| (other ^ value) >> bits == 0)) as u32
    }

    pub fn equal_bytes(block: &[u8; 64], byte: u8) -> u64 {
        mask(block.iter().map(|other| *other == byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_plain_loops() {
        let mut state = 7u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        for _ in 0..20_000 {
            let value = (draw() % 4) << (draw() % 31);
            let four: [u32; 4] = std::array::from_fn(|_| if draw() % 2 == 0 { value } else { draw() % 3 });
            assert_eq!(equal_or_zero(four, value), naive::equal_or_zero(four, value), "{four:?} {value}");
            let bits = draw() % 32;
            let many: [u32; 16] = std::array::from_fn(|_| value ^ draw() >> (draw() % 32));
            assert_eq!(
                equal_above(&many, value, bits),
                naive::equal_above(&many, value, bits),
                "{many:?} {value} {bits}"
            );
            let block: [u8; 64] = std::array::from_fn(|_| if draw() % 5 == 0 { b'?' } else { draw() as u8 });
            assert_eq!(equal_bytes(&block, b'?'), naive::equal_bytes(&block, b'?'), "{block:?}");
        }
    }
}
