//! Seeded chance: the same numbers on every machine, at every thread count and in every version.
//!
//! Why xoshiro256++ by name and not `rand`'s own small generator: that one may change between versions, and a seed is a
//! promise. A stream is named by the run's seed, what it is for, and a number (a block's), so that no two parts share
//! numbers and any part can be made alone. Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators",
//! ACM TOMS 47(4), 2021; seeding by SplitMix64, as they advise.

use rand::{Rng, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// What numbers are drawn for. Each purpose has a stream of its own, so that a new one changes none of the others.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(super) enum Purpose {
    /// The lines of a block.
    Lines = 1,
    /// Lines of a block that are not regular.
    Odd,
    /// Who is there: addresses, agents, users.
    Clients,
    /// What is there: pages, files, sizes.
    Site,
    /// Messages of error logs.
    Messages,
    /// Intervals of a schedule of several streams.
    Streams,
    /// Tables of sizes and latencies.
    Spread,
    /// The size of each file and page.
    Sizes,
}

/// A seeded stream of numbers.
#[derive(Clone, Debug)]
pub(super) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream of a purpose, and of a block where the purpose has one a block.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Chance {
        // Each part goes through SplitMix64, so that neighbouring seeds and numbers have nothing in common.
        let mixed = [purpose as u64, number].into_iter().fold(mix(seed), |mixed, part| mix(mixed ^ mix(part)));
        Chance(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end` (0 where that is 0). Not exactly even: the error is below `end / 2^32`.
    #[inline]
    pub fn below(&mut self, end: u32) -> u32 {
        scaled((self.bits() >> 32) as u32, end)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// One of these; the default of the type where there are none.
    pub fn one_of<T: Copy + Default>(&mut self, these: &[T]) -> T {
        these.get(self.below(these.len() as u32) as usize).copied().unwrap_or_default()
    }

    /// The generator itself, for distributions.
    pub fn generator(&mut self) -> &mut impl Rng {
        &mut self.0
    }
}

/// 32 random bits as a number below `end`.
#[inline]
pub(super) fn scaled(bits: u32, end: u32) -> u32 {
    ((u64::from(bits) * u64::from(end)) >> 32) as u32
}

fn mix(number: u64) -> u64 {
    SplitMix64::seed_from_u64(number).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_for_ever() {
        // A changed number here means that no seed of an earlier version gives its bytes any more.
        let mut chance = Chance::new(42, Purpose::Lines, 7);
        assert_eq!([chance.bits(), chance.bits()], [8_012_078_477_156_709_522, 2_793_787_718_508_622_580]);
    }

    #[test]
    fn streams_differ_by_each_of_their_names() {
        let first = |seed, purpose, number| Chance::new(seed, purpose, number).bits();
        let all = [
            first(0, Purpose::Lines, 0),
            first(1, Purpose::Lines, 0),
            first(0, Purpose::Odd, 0),
            first(0, Purpose::Lines, 1),
        ];
        for (at, number) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(number), "{all:?}");
        }
    }
}
