//! bytes -> lines and delimiter positions.
//!
//! The structural scan finds every quote, backslash and newline of a chunk in one pass: 64 bytes become a 64-bit mask,
//! and the mask's bits become positions. A regular access-log line is then known by where its seven marks are, and its
//! fields are read at fixed distances from them; that is three times as fast as searching field by field.
//!
//! The kernels say the same; the best one that the CPU has is chosen once at run time. Newlines alone are found by the
//! `memchr` crate.
//!
//! Source of the mask technique: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28(6), 2019.

pub mod lanes;
mod scalar;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

/// A way to do the structural scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Which);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Which::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Which::Sse2 => "sse2",
            #[cfg(target_arch = "x86_64")]
            Which::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Which::Neon => "neon",
        })
    }
}

impl Kernel {
    /// The kernels that this CPU can run, slowest first.
    pub fn available() -> Vec<Kernel> {
        let mut kernels = vec![Kernel(Which::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            kernels.push(Kernel(Which::Sse2));
            kernels.extend(x86::Avx2::detect().map(|proof| Kernel(Which::Avx2(proof))));
        }
        #[cfg(target_arch = "aarch64")]
        kernels.push(Kernel(Which::Neon));
        kernels
    }

    /// The fastest kernel of this CPU, or the one called `forced` (the value of `VISOR_SCAN`).
    pub fn choose(forced: Option<&str>) -> Result<Kernel, String> {
        let available = Kernel::available();
        let Some(forced) = forced else { return Ok(available.last().copied().unwrap_or(Kernel(Which::Scalar))) };
        available.iter().copied().find(|kernel| kernel.to_string() == forced).ok_or_else(|| {
            let names: Vec<_> = available.iter().map(Kernel::to_string).collect();
            format!("VISOR_SCAN={forced}: this machine has no such kernel; it has {}", names.join(", "))
        })
    }

    /// Writes the position of every `"`, `\` and LF of `bytes`, in order, to `marks`, whose old content is dropped.
    ///
    /// # Panics
    /// When `bytes` is 4 GiB or longer; chunks are a few KiB.
    #[inline]
    pub fn structure(self, bytes: &[u8], marks: &mut Marks) {
        assert!(u32::try_from(bytes.len()).is_ok(), "a chunk is shorter than 4 GiB");
        // Every byte may be a mark, and a mask is written eight positions at a time.
        let room = bytes.len() + 64;
        if marks.positions.len() < room {
            marks.positions.resize(room, 0);
        }
        marks.length = match self.0 {
            Which::Scalar => scalar::structure(bytes, &mut marks.positions),
            #[cfg(target_arch = "x86_64")]
            Which::Sse2 => x86::structure_sse2(bytes, &mut marks.positions),
            #[cfg(target_arch = "x86_64")]
            Which::Avx2(proof) => proof.structure(bytes, &mut marks.positions),
            #[cfg(target_arch = "aarch64")]
            Which::Neon => neon::structure(bytes, &mut marks.positions),
        };
    }
}

/// Positions of the marks of a chunk, in memory that is used again.
#[derive(Debug, Default)]
pub struct Marks {
    positions: Vec<u32>,
    length: usize,
}

impl Marks {
    /// The positions, least first.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u32] {
        &self.positions[..self.length]
    }
}

/// Writes the positions of the bits of `mask`, `base` added, from `length` on; returns the new length.
///
/// Four, twelve or sixteen positions are written whether they are there or not: marks come about two to a mask in an
/// access log and nine in JSON, so a loop over the bits would guess its end wrong at nearly every mask.
#[inline(always)]
fn flatten(mut mask: u64, base: u32, positions: &mut [u32], length: usize) -> usize {
    let count = mask.count_ones() as usize;
    let Some(room) = positions.get_mut(length..length + 64) else { return length };
    macro_rules! four {
        ($from:expr) => {
            for slot in &mut room[$from..$from + 4] {
                *slot = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        };
    }
    four!(0);
    if count > 4 {
        four!(4);
        four!(8);
        if count > 12 {
            four!(12);
            for slot in room.iter_mut().take(count).skip(16) {
                *slot = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        }
    }
    length + count
}

/// `N` bytes from `at` on, if so many are there. (Asking for a range is two comparisons; asking for the rest and then for
/// its first bytes is twice the work.)
#[inline(always)]
pub fn chunk_at<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.first_chunk()
}

/// The last bytes of a chunk, fewer than 64, as a block of their own; padding is no mark.
#[inline(always)]
fn padded(tail: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    if let Some(start) = block.get_mut(..tail.len()) {
        start.copy_from_slice(tail);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bytes: &[u8]) -> Vec<u32> {
        (0..).zip(bytes).filter(|(_, byte)| matches!(byte, b'"' | b'\\' | b'\n')).map(|(at, _)| at).collect()
    }

    /// Bytes of every value, marks and their neighbours among them often.
    fn text(length: usize, mut seed: u64) -> Vec<u8> {
        let common = *b"\"\\\n!#[]\x0b\x09\xa2\xdc\x8a 2ab\0";
        std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let draw = (seed >> 33) as usize;
            if draw.is_multiple_of(3) { (draw >> 8) as u8 } else { common[(draw >> 8) % common.len()] }
        })
        .take(length)
        .collect()
    }

    #[test]
    fn every_kernel_agrees_with_naive_at_every_start_and_length() {
        let text = text(400, 1);
        let mut marks = Marks::default();
        for start in 0..130 {
            for end in start..text.len() {
                let piece = &text[start..end];
                let expected = naive(piece);
                for kernel in Kernel::available() {
                    kernel.structure(piece, &mut marks);
                    assert_eq!(marks.as_slice(), expected, "{kernel}: {piece:?}");
                }
            }
        }
    }

    #[test]
    fn every_byte_may_be_a_mark_and_none_may_be() {
        let mut marks = Marks::default();
        for byte in 0..=255 {
            let text = vec![byte; 1000];
            for kernel in Kernel::available() {
                kernel.structure(&text, &mut marks);
                assert_eq!(marks.as_slice(), naive(&text), "{kernel}: byte {byte}");
            }
        }
    }

    #[test]
    fn a_kernel_is_chosen_by_name_and_an_unknown_one_is_refused() {
        for kernel in Kernel::available() {
            assert_eq!(Kernel::choose(Some(&kernel.to_string())), Ok(kernel));
        }
        assert!(Kernel::choose(Some("mmx")).unwrap_err().contains("scalar"));
    }
}
